//! Single points of failure: what the cluster shows of them, and the play that shows that users feel it.

use crate::harden::{has_budget, is_autoscaled};
use crate::pairs::{ZONE, ZONE_LOSS};
use crate::reach::{Reach, on_node};
use crate::rehearsal::{Finding, SinglePoint, Sole};
use aegis_kube::Document;
use aegis_model::objects::Workload;
use aegis_model::{NodeId, Objects, WorkloadId};
use aegis_scenario::load::Loaded;
use std::collections::BTreeSet;

/// Share of users' requests that must pass a workload for it to count.
const FELT: f64 = 0.01;

/// The single points of failure of a settled cluster; findings say what their loss costs.
#[must_use]
pub fn single_points(loaded: &Loaded, objects: &Objects, findings: &[Finding]) -> Vec<SinglePoint> {
    let reach = Reach::of(loaded, objects);
    let seen = Seen {
        loaded,
        objects,
        findings,
    };
    let rows = objects.workloads.enumerate();
    let mut points: Vec<SinglePoint> = rows
        .filter(|(_, row)| row.header.exists())
        .filter_map(|(id, row)| seen.workload(row, reach.workload(id.into())))
        .collect();
    points.extend(seen.places(&reach));
    points.sort_by(|a, b| {
        let cost =
            |point: &SinglePoint| point.shown_by.as_ref().map_or(0.0, |(_, minutes)| *minutes);
        let by_cost = cost(b).total_cmp(&cost(a));
        by_cost.then(b.reach.total_cmp(&a.reach))
    });
    points
}

struct Seen<'a> {
    loaded: &'a Loaded,
    objects: &'a Objects,
    findings: &'a [Finding],
}

impl Seen<'_> {
    fn workload(&self, row: &Workload, reach: f64) -> Option<SinglePoint> {
        let replicas = row.spec.replicas()?;
        let (sole, words) = self.sole(row, replicas)?;
        let object = row.header.reference.to_string();
        let lost = ["pod_kill", "node_drain", "node_crash"];
        let shown_by = self.costliest(&object, &lost);
        (reach >= FELT && replicas > 0).then(|| SinglePoint {
            sole,
            place: place(self.loaded.manifests.iter(), &object),
            object,
            reach,
            words,
            shown_by,
        })
    }

    fn sole(&self, row: &Workload, replicas: u32) -> Option<(Sole, String)> {
        let nodes = nodes_of(self.objects, row);
        let zones: BTreeSet<&str> = nodes.iter().filter_map(|node| self.zone(*node)).collect();
        let all = self
            .objects
            .nodes
            .iter()
            .filter(|node| node.header.exists());
        let all_zones: BTreeSet<&str> = all
            .filter_map(|node| node.header.labels.get(ZONE))
            .map(smol_str::SmolStr::as_str)
            .collect();
        if replicas == 1 && !is_autoscaled(self.objects, row) {
            return Some((Sole::OneReplica, "one replica".to_owned()));
        }
        if replicas > 1 && nodes.len() == 1 {
            let node = self.node_name(*nodes.first()?);
            return Some((Sole::SameNode, format!("all {replicas} replicas on {node}")));
        }
        if replicas > 1 && zones.len() == 1 && all_zones.len() > 1 {
            let zone = zones.first()?;
            return Some((
                Sole::SameZone,
                format!("all {replicas} replicas in zone {zone}"),
            ));
        }
        (replicas > 1 && !has_budget(self.objects, row)).then(|| {
            let words = format!("{replicas} replicas and no PodDisruptionBudget");
            (Sole::NoBudget, words)
        })
    }

    fn zone(&self, node: NodeId) -> Option<&str> {
        let row = self.objects.nodes.get(node.index())?;
        row.header.labels.get(ZONE).map(smol_str::SmolStr::as_str)
    }

    fn node_name(&self, node: NodeId) -> &str {
        let row = self.objects.nodes.get(node.index());
        row.map_or("", |row| row.header.reference.name.as_str())
    }

    /// The dearest of these faults at an object.
    fn costliest(&self, object: &str, faults: &[&str]) -> Option<(String, f64)> {
        let here = self
            .findings
            .iter()
            .filter(|finding| finding.target == object && faults.contains(&finding.fault.as_str()));
        let dearest =
            here.max_by(|a, b| a.untreated_slo_minutes.total_cmp(&b.untreated_slo_minutes))?;
        Some((dearest.fault.clone(), dearest.untreated_slo_minutes))
    }

    /// Nodes and zones whose loss users feel.
    fn places(&self, reach: &Reach) -> Vec<SinglePoint> {
        let lost = self
            .findings
            .iter()
            .filter(|finding| finding.fault == "node_crash" || finding.fault == ZONE_LOSS);
        let point = |finding: &Finding| {
            let sole = if finding.fault == ZONE_LOSS {
                Sole::Zone
            } else {
                Sole::Node
            };
            SinglePoint {
                sole,
                object: finding.target.clone(),
                place: None,
                reach: finding.reach,
                words: format!("carries {}", self.carried(finding, reach)),
                shown_by: Some((finding.fault.clone(), finding.untreated_slo_minutes)),
            }
        };
        lost.map(point).collect()
    }

    /// Workloads that have all their pods on the nodes of a finding.
    fn carried(&self, finding: &Finding, reach: &Reach) -> String {
        let nodes = self.objects.nodes.enumerate().filter(|(id, node)| {
            let zone = self.zone(NodeId::from(*id));
            node.header.reference.to_string() == finding.target
                || zone.is_some_and(|zone| finding.target == format!("Zone/{zone}"))
        });
        let nodes: BTreeSet<NodeId> = nodes.map(|(id, _)| id.into()).collect();
        let here: BTreeSet<WorkloadId> = nodes
            .iter()
            .flat_map(|node| on_node(self.objects, *node))
            .collect();
        let alone = here.into_iter().filter(|id| {
            let row = &self.objects.workloads[id.index()];
            reach.workload(*id) >= FELT && nodes_of(self.objects, row).is_subset(&nodes)
        });
        let names: Vec<&str> = alone
            .map(|id| {
                let row = &self.objects.workloads[id.index()];
                row.header.reference.name.as_str()
            })
            .collect();
        if names.is_empty() {
            "no workload alone".to_owned()
        } else {
            format!("all of {}", names.join(", "))
        }
    }
}

/// Nodes of a workload's living pods.
fn nodes_of(objects: &Objects, row: &Workload) -> BTreeSet<NodeId> {
    let pods = row
        .pods
        .iter()
        .filter_map(|id| objects.pods.get(id.index()));
    let living = pods.filter(|pod| pod.is_active());
    living.filter_map(|pod| pod.node).collect()
}

/// Where the manifest of an object stands.
#[must_use]
pub fn place<'a>(
    mut manifests: impl Iterator<Item = &'a Document>,
    object: &str,
) -> Option<crate::rehearsal::Place> {
    let document = manifests.find(|document| document.reference().to_string() == object)?;
    Some(crate::rehearsal::Place {
        file: document.place.file.to_string(),
        line: document.place.line,
    })
}

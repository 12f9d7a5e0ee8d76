//! How much of what users send passes an object: what rehearsals are ranked by before anything is played.

use aegis_model::{NodeId, Objects, PlainId, ServiceId, Target, WorkloadId};
use aegis_scenario::capacity::visits;
use aegis_scenario::load::Loaded;
use aegis_scenario::resolve::Named;
use aegis_sim::infer::{Directory, infer};

/// Share of users' requests that pass each workload, 0..=1, by id.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach(Vec<f64>);

impl Reach {
    /// The reach of all workloads, by the call graph as it is inferred.
    #[must_use]
    pub fn of(loaded: &Loaded, objects: &Objects) -> Self {
        let behaviours = infer(objects).median();
        let directory = Directory::new(objects);
        let mut shares = vec![0.0; objects.workloads.len()];
        let entries = entries_of(loaded, objects);
        for entry in &entries {
            let visits = visits(&directory, &behaviours, *entry);
            for (share, visits) in shares.iter_mut().zip(&visits) {
                *share += visits.min(1.0) / entries.len() as f64;
            }
        }
        Self(shares)
    }

    /// Of a workload.
    #[must_use]
    pub fn workload(&self, id: WorkloadId) -> f64 {
        self.0.get(id.index()).copied().unwrap_or_default()
    }

    /// Of any target: of a node or Service the most that its pods' workloads have, of a ConfigMap or Secret the most
    /// that a workload has that names it.
    #[must_use]
    pub fn target(&self, objects: &Objects, target: Target) -> f64 {
        let most = |ids: Vec<WorkloadId>| {
            let shares = ids.into_iter().map(|id| self.workload(id));
            shares.fold(0.0, f64::max)
        };
        match target {
            Target::Workload(id) => self.workload(id),
            Target::Service(id) => most(behind(objects, id)),
            Target::Node(id) => most(on_node(objects, id)),
            Target::Plain(id) => most(naming(objects, id)),
            Target::Policy(_) | Target::Cluster => 1.0,
        }
    }
}

fn entries_of(loaded: &Loaded, objects: &Objects) -> Vec<ServiceId> {
    let traffic = loaded.scenario.spec.traffic.iter();
    let named = traffic.filter_map(|traffic| Named(objects).service(&traffic.to));
    named.collect()
}

fn behind(objects: &Objects, service: ServiceId) -> Vec<WorkloadId> {
    Directory::new(objects).behind(service).to_vec()
}

/// Workloads that have a pod on a node, in order, once each.
#[must_use]
pub fn on_node(objects: &Objects, node: NodeId) -> Vec<WorkloadId> {
    let pods = objects.pods.iter();
    let here = pods.filter(|pod| pod.is_active() && pod.node == Some(node));
    let mut ids: Vec<WorkloadId> = here.map(|pod| pod.workload).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Workloads whose manifest names a ConfigMap or Secret.
fn naming(objects: &Objects, plain: PlainId) -> Vec<WorkloadId> {
    let Some(row) = objects.plain.get(plain.index()) else {
        return Vec::new();
    };
    let name = format!("\"{}\"", row.header.reference.name);
    let rows = objects.workloads.enumerate().filter(|(_, workload)| {
        let same = workload.header.reference.namespace == row.header.reference.namespace;
        same && workload.header.exists() && workload.header.doc.to_string().contains(&name)
    });
    rows.map(|(id, _)| id.into()).collect()
}

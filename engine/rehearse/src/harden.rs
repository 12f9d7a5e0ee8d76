//! Patches of manifests that might have cut the damage of a fault.
//!
//! A proposal is only that: it is shown if the same fault on the same seed costs less with it, and not otherwise.

use crate::pairs::ZONE;
use aegis_kube::{Diagnostic, Document, kubectl, patch};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Workload;
use aegis_model::{ObjectChange, Objects, Quantity, ServiceId, WorkloadId};
use aegis_scenario::build::Tuning;
use aegis_scenario::load::Loaded;
use aegis_sim::infer::{Directory, infer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a proposal changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// One replica more, kept apart from the others.
    Replicas,
    /// Replicas kept on nodes and in zones of their own.
    Spread,
    /// A PodDisruptionBudget, with a second replica where there is but one.
    Budget,
    /// A readiness probe.
    Readiness,
    /// A liveness probe.
    Liveness,
    /// A memory limit, or a higher one.
    MemoryLimit,
    /// A higher CPU limit.
    CpuLimit,
    /// A time-out and a retry budget of its callers: a setting of applications or of a mesh, not of a manifest.
    TimeOut,
}

/// All measures, those that help against most faults first.
const MEASURES: [Measure; 8] = [
    Measure::Replicas,
    Measure::Spread,
    Measure::Budget,
    Measure::CpuLimit,
    Measure::MemoryLimit,
    Measure::Readiness,
    Measure::Liveness,
    Measure::TimeOut,
];
/// What callers are proposed to be set to: seconds that an attempt may take, and the share of requests that may be
/// tried again (what Envoy's retry budgets have by default).
const PATIENCE: (f64, f64) = (1.0, 0.2);

/// A patch that might help.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What it changes.
    pub measure: Measure,
    /// The workloads that it hardens.
    pub objects: Vec<ObjectRef>,
    /// What it does, in words.
    pub words: String,
    edits: Vec<Edit>,
}

/// A document as it becomes.
#[derive(Debug, Clone, PartialEq)]
enum Edit {
    /// One of the manifests.
    Changed {
        object: ObjectRef,
        before: Arc<Value>,
        after: Value,
    },
    /// A further one.
    Added(Value),
    /// No document: calls as they are made.
    Tuned(Tuning),
    /// A further node, like one that is there.
    Node(Value),
}

impl Proposal {
    /// What tells proposals apart: their edits as commands.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.edits.iter().flat_map(Edit::commands).collect()
    }

    /// What it changes beside the manifests.
    #[must_use]
    pub fn tunings(&self) -> Vec<Tuning> {
        let tuned = self.edits.iter().filter_map(|edit| match edit {
            Edit::Tuned(tuning) => Some(tuning.clone()),
            _ => None,
        });
        tuned.collect()
    }

    /// The manifests with the patch in them.
    ///
    /// # Errors
    /// What is wrong with a document that it adds.
    pub fn applied(&self, loaded: &Loaded) -> Result<Loaded, Vec<Diagnostic>> {
        let mut patched = loaded.clone();
        for edit in &self.edits {
            match edit {
                Edit::Node(node) => patched.nodes.push(node.clone()),
                other => other.apply(&mut patched.manifests)?,
            }
        }
        Ok(patched)
    }

    /// The same with a further node beside each of the cluster's, for where there is no room: what the loss of a
    /// zone takes must fit into the others. Nothing where the manifests bring their nodes themselves.
    #[must_use]
    pub fn with_room(mut self, loaded: &Loaded) -> Option<Self> {
        let own = loaded.manifests.iter().any(|one| one.kind() == "Node");
        if own || loaded.nodes.is_empty() {
            return None;
        }
        let further = loaded.nodes.iter().map(|node| {
            let mut node = node.clone();
            let name = format!(
                "{}-more",
                node["metadata"]["name"].as_str().unwrap_or("node")
            );
            node["metadata"]["labels"]["kubernetes.io/hostname"] = json!(name);
            node["metadata"]["name"] = json!(name);
            Edit::Node(node)
        });
        self.edits.extend(further);
        self.words = format!(
            "{}; and {} more nodes, one beside each",
            self.words,
            loaded.nodes.len()
        );
        Some(self)
    }
}

/// A word of a document.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

impl Edit {
    fn commands(&self) -> Vec<String> {
        match self {
            Self::Added(document) => vec![kubectl::apply(document)],
            Self::Node(node) => vec![format!(
                "# a node more, in the cluster's own way: {} with {} CPU and {} in zone {}",
                text(&node["metadata"]["name"]),
                text(&node["status"]["allocatable"]["cpu"]),
                text(&node["status"]["allocatable"]["memory"]),
                text(&node["metadata"]["labels"][ZONE]),
            )],
            Self::Tuned(tuning) => vec![format!(
                "# in {} or its mesh: calls to {} time out after {} s, retries are at most {:.0} % of them",
                tuning.from,
                tuning.to,
                tuning.timeout,
                tuning.retry_budget * 100.0
            )],
            Self::Changed {
                object,
                before,
                after,
            } => {
                let change = ObjectChange::Update {
                    object: object.clone(),
                    fields: patch::diff(before, after),
                };
                kubectl::change(&change, before)
            }
        }
    }

    fn apply(&self, manifests: &mut Vec<Document>) -> Result<(), Vec<Diagnostic>> {
        match self {
            Self::Tuned(_) | Self::Node(_) => {}
            Self::Added(document) => {
                let text = aegis_kube::yaml::to_string(document);
                let read = aegis_kube::read("hardening.yaml", &text);
                let read = read.map_err(|errors| aegis_scenario::load::shown(&errors))?;
                manifests.extend(read);
            }
            Self::Changed { object, after, .. } => {
                let mut same = manifests.iter_mut();
                if let Some(document) = same.find(|one| one.reference() == *object) {
                    document.value = Arc::new(after.clone());
                }
            }
        }
        Ok(())
    }
}

/// What might harden these workloads, which fail together.
#[must_use]
pub fn proposals(loaded: &Loaded, objects: &Objects, workloads: &[WorkloadId]) -> Vec<Proposal> {
    let proposal = |measure: &Measure| {
        let rows = workloads.iter().filter_map(|id| {
            let row = objects.workloads.get(id.index())?;
            let edits = edits(*measure, loaded, objects, row)?;
            Some((row.header.reference.clone(), edits))
        });
        let (hardened, edits): (Vec<ObjectRef>, Vec<Vec<Edit>>) = rows.unzip();
        (!hardened.is_empty()).then(|| Proposal {
            measure: *measure,
            words: words(*measure, &hardened),
            objects: hardened,
            edits: edits.concat(),
        })
    };
    MEASURES.iter().filter_map(proposal).collect()
}

fn words(measure: Measure, hardened: &[ObjectRef]) -> String {
    let what = match measure {
        Measure::Replicas => "one replica more, spread over nodes and zones",
        Measure::Spread => "replicas spread over nodes and zones",
        Measure::Budget => "a second replica, spread, and a PodDisruptionBudget",
        Measure::Readiness => "a readiness probe",
        Measure::Liveness => "a liveness probe",
        Measure::MemoryLimit => "twice the memory limit",
        Measure::CpuLimit => "twice the CPU limit",
        Measure::TimeOut => "a time-out of 1 s and a retry budget of 20 % at the callers",
    };
    let names: Vec<&str> = hardened.iter().map(|one| one.name.as_str()).collect();
    format!("{what}: {}", names.join(", "))
}

fn edits(
    measure: Measure,
    loaded: &Loaded,
    objects: &Objects,
    row: &Workload,
) -> Option<Vec<Edit>> {
    if measure == Measure::TimeOut {
        return tuned(objects, row);
    }
    let object = &row.header.reference;
    let mut manifests = loaded.manifests.iter();
    let before = manifests
        .find(|document| document.reference() == *object)?
        .value
        .clone();
    let mut after = (*before).clone();
    let added = match measure {
        Measure::Replicas => more_replicas(&mut after, row).map(|()| None),
        Measure::Spread => spread_alone(&mut after, row).map(|()| None),
        Measure::Budget => budgeted(&mut after, objects, row).map(Some),
        Measure::Readiness => probe(&mut after, row, "readinessProbe").map(|()| None),
        Measure::Liveness => probe(&mut after, row, "livenessProbe").map(|()| None),
        Measure::MemoryLimit => doubled(&mut after, row, "memory").map(|()| None),
        Measure::CpuLimit => doubled(&mut after, row, "cpu").map(|()| None),
        Measure::TimeOut => None,
    }?;
    let changed = (after != *before).then_some(Edit::Changed {
        object: object.clone(),
        before,
        after,
    });
    Some(changed.into_iter().chain(added.map(Edit::Added)).collect())
}

/// Every inferred call to a Service in front of a workload, made with less patience.
fn tuned(objects: &Objects, row: &Workload) -> Option<Vec<Edit>> {
    let directory = Directory::new(objects);
    let fronts: Vec<ServiceId> = objects
        .services
        .enumerate()
        .map(|(id, _)| ServiceId::from(id))
        .filter(|id| {
            let behind = directory.behind(*id).iter();
            let mut rows = behind.filter_map(|id| objects.workloads.get(id.index()));
            rows.any(|other| other.header.reference == row.header.reference)
        })
        .collect();
    let inferred = infer(objects);
    let mut edits = Vec::new();
    for caller in &inferred.workloads {
        let from = &objects.workloads[caller.workload.index()].header.reference;
        let called = caller.calls.iter().filter_map(|call| call.to);
        for to in called.filter(|to| fronts.contains(to)) {
            edits.push(Edit::Tuned(Tuning {
                from: from.clone(),
                to: objects.services[to.index()].header.reference.clone(),
                timeout: PATIENCE.0,
                retry_budget: PATIENCE.1,
            }));
        }
    }
    (!edits.is_empty()).then_some(edits)
}

/// Whether more replicas are a matter of a number: not of pods, daemons and jobs.
fn scales(row: &Workload) -> Option<u32> {
    let kind = &row.header.reference.kind;
    let fits = matches!(kind, Kind::Deployment | Kind::StatefulSet);
    row.spec.replicas().filter(|_| fits)
}

/// Whether an autoscaler writes its replicas.
#[must_use]
pub fn is_autoscaled(objects: &Objects, row: &Workload) -> bool {
    objects.autoscalers.iter().any(|scaler| {
        let reference = &row.header.reference;
        let same = scaler.header.reference.namespace == reference.namespace;
        scaler.header.exists() && same && scaler.spec.scale_target_ref.name == reference.name
    })
}

fn more_replicas(document: &mut Value, row: &Workload) -> Option<()> {
    let replicas = scales(row)?;
    document["spec"]["replicas"] = (replicas + 1).into();
    spread(document, row);
    Some(())
}

fn spread_alone(document: &mut Value, row: &Workload) -> Option<()> {
    let replicas = scales(row)?;
    let spec = &document["spec"]["template"]["spec"];
    let spread_already = spec["topologySpreadConstraints"].is_array()
        || spec["affinity"]["podAntiAffinity"].is_object();
    if replicas < 2 || spread_already {
        return None;
    }
    spread(document, row);
    Some(())
}

/// Keeps pods apart: over nodes, then over zones, as far as there is room.
fn spread(document: &mut Value, row: &Workload) {
    let labels = &row.spec.template().metadata.labels;
    let over = |key: &str| {
        json!({
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        })
    };
    let spec = &mut document["spec"]["template"]["spec"];
    if !spec["topologySpreadConstraints"].is_array() {
        spec["topologySpreadConstraints"] = json!([over("kubernetes.io/hostname"), over(ZONE)]);
    }
}

/// A budget for a workload without one; it needs two replicas, or nobody could ever drain its node.
fn budgeted(document: &mut Value, objects: &Objects, row: &Workload) -> Option<Value> {
    let replicas = scales(row)?;
    if has_budget(objects, row) {
        return None;
    }
    if replicas < 2 {
        more_replicas(document, row)?;
    }
    let reference = &row.header.reference;
    Some(json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": reference.name, "namespace": reference.namespace},
        "spec": {
            "minAvailable": 1,
            "selector": {"matchLabels": row.spec.template().metadata.labels},
        },
    }))
}

/// Whether a PodDisruptionBudget selects its pods.
#[must_use]
pub fn has_budget(objects: &Objects, row: &Workload) -> bool {
    let labels = &row.spec.template().metadata.labels;
    objects.budgets.iter().any(|budget| {
        let same = budget.header.reference.namespace == row.header.reference.namespace;
        let selector = &budget.header.doc["spec"]["selector"]["matchLabels"];
        let wanted = selector.as_object();
        let selects = wanted.is_none_or(|wanted| {
            let mut pairs = wanted.iter();
            pairs.all(|(key, value)| {
                labels.get(key.as_str()).map(smol_str::SmolStr::as_str) == value.as_str()
            })
        });
        budget.header.exists() && same && selects
    })
}

/// The first container, to be written to.
fn container<'a>(document: &'a mut Value, row: &Workload) -> Option<&'a mut Value> {
    let spec = match row.header.reference.kind {
        Kind::Pod => &mut document["spec"],
        _ => &mut document["spec"]["template"]["spec"],
    };
    spec["containers"].as_array_mut()?.first_mut()
}

/// A probe at the first port; for a container that has ports and no such probe.
fn probe(document: &mut Value, row: &Workload, name: &str) -> Option<()> {
    let container = container(document, row)?;
    if container[name].is_object() {
        return None;
    }
    let port = container["ports"][0]["containerPort"].as_u64()?;
    let patience = if name == "livenessProbe" { 30 } else { 5 };
    container[name] = json!({
        "tcpSocket": {"port": port},
        "initialDelaySeconds": patience,
        "periodSeconds": 10,
    });
    Some(())
}

/// Twice the limit of a resource; where there is none, twice the request.
fn doubled(document: &mut Value, row: &Workload, resource: &str) -> Option<()> {
    let container = container(document, row)?;
    let resources = &container["resources"];
    let limit = &resources["limits"][resource];
    let base = if limit.is_null() {
        // Without a limit CPU is not held back.
        (resource == "memory").then_some(&resources["requests"][resource])?
    } else {
        limit
    };
    let text = base
        .as_str()
        .map_or_else(|| base.to_string(), str::to_owned);
    let quantity: Quantity = text.parse().ok()?;
    let twice = Quantity {
        milli: quantity.milli * 2,
    };
    container["resources"]["limits"][resource] = twice.to_string().into();
    Some(())
}

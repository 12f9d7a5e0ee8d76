//! Names of objects, gathered from the rows of a run's observations.
//!
//! The engine reasons over ids; people read names. They come from the log itself, so
//! that a report needs nothing beside it.

use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{
    NodeId, ObservationDelta, PodId, RowDelta, ServiceId, Subject, Target, WorkloadId,
};
use serde_json::Value;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Names by table and row.
#[derive(Debug, Default, Clone)]
pub struct Names(BTreeMap<(SmolStr, u32), ObjectRef>);

/// The name in a row: of its header, or a pod's own.
fn reference(row: &RowDelta) -> Option<ObjectRef> {
    if row.table == "pods" {
        let text = |key| row.value.get(key).and_then(Value::as_str);
        return Some(ObjectRef::new(Kind::Pod, text("namespace")?, text("name")?));
    }
    let header = row.value.get("header")?;
    header.get("reference")?.as_str()?.parse().ok()
}

/// Kind and name of a thing that the log never named.
fn unnamed(kind: &str, id: u32) -> ObjectRef {
    ObjectRef::new(kind.into(), "", &format!("#{id}"))
}

impl Names {
    /// Takes the names out of an observation.
    pub fn read(&mut self, delta: &ObservationDelta) {
        for row in &delta.rows {
            let key = (row.table.clone(), row.row);
            if self.0.contains_key(&key) {
                continue;
            }
            if let Some(name) = reference(row) {
                self.0.insert(key, name);
            }
        }
    }

    fn get(&self, table: &str, kind: &str, id: u32) -> ObjectRef {
        self.0
            .get(&(table.into(), id))
            .cloned()
            .unwrap_or_else(|| unnamed(kind, id))
    }

    /// A workload's name.
    #[must_use]
    pub fn workload(&self, id: WorkloadId) -> ObjectRef {
        self.get("workloads", "Workload", id.0)
    }

    /// A Service's name.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> ObjectRef {
        self.get("services", "Service", id.0)
    }

    /// A pod's name.
    #[must_use]
    pub fn pod(&self, id: PodId) -> ObjectRef {
        self.get("pods", "Pod", id.0)
    }

    /// A node's name.
    #[must_use]
    pub fn node(&self, id: NodeId) -> ObjectRef {
        self.get("nodes", "Node", id.0)
    }

    /// The name of what a hypothesis or symptom points at.
    #[must_use]
    pub fn target(&self, target: Target) -> ObjectRef {
        match target {
            Target::Workload(id) => self.workload(id),
            Target::Service(id) => self.service(id),
            Target::Node(id) => self.node(id),
            Target::Policy(id) => self.get("policies", "NetworkPolicy", id.0),
            Target::Plain(id) => self.get("plain", "Object", id.0),
            Target::Cluster => ObjectRef::new(Kind::Cluster, "", "cluster"),
        }
    }

    /// What a mechanism acts on, for people.
    #[must_use]
    pub fn subject(&self, subject: Subject) -> String {
        match subject {
            Subject::Workload(id) => self.workload(id).to_string(),
            Subject::Pod(id) => self.pod(id).to_string(),
            Subject::Node(id) => self.node(id).to_string(),
            Subject::Service(id) => self.service(id).to_string(),
            Subject::Edge(from, to) => {
                format!("{} → {}", self.workload(from).name, self.service(to).name)
            }
            Subject::Cluster => "the cluster".into(),
        }
    }

    /// A target in one word: its name alone.
    #[must_use]
    pub fn short(&self, target: Target) -> SmolStr {
        self.target(target).name
    }
}

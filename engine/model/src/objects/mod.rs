//! What the API server shows: every object with its status, and nothing else.
//!
//! Documents are kept as they came; typed specs are read from them, so that
//! what is not typed is not lost. Rows are never removed: an object that is gone
//! has [`Header::removed`] set, and its id is not given again.

mod batch;
mod pod;
mod rows;
mod status;
mod storage;

pub use batch::*;
pub use pod::*;
pub use rows::*;
pub use status::*;
pub use storage::*;

use crate::change::ChangeRecord;
use crate::diagnosis::Target;
use crate::ids::{NodeId, TemplateId};
use crate::kubernetes::{Kind, ObjectRef};
use crate::table::Table;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// All objects of a cluster, its Events, and its record of changes.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objects {
    /// Nodes.
    pub nodes: Table<Node>,
    /// Top-level workloads.
    pub workloads: Table<Workload>,
    /// Pod templates, one per revision of a workload; never written after.
    pub templates: Table<Template>,
    /// ReplicaSets of Deployments.
    pub replica_sets: Table<ReplicaSet>,
    /// Pods, alive and gone.
    pub pods: Table<Pod>,
    /// Services.
    pub services: Table<Service>,
    /// HorizontalPodAutoscalers.
    pub autoscalers: Table<Autoscaler>,
    /// NetworkPolicies.
    pub policies: Table<NetworkPolicy>,
    /// PodDisruptionBudgets.
    pub budgets: Table<DisruptionBudget>,
    /// PersistentVolumes.
    #[serde(default)]
    pub volumes: Table<PersistentVolume>,
    /// PersistentVolumeClaims.
    #[serde(default)]
    pub claims: Table<PersistentVolumeClaim>,
    /// StorageClasses.
    #[serde(default)]
    pub classes: Table<StorageClass>,
    /// All other objects.
    pub plain: Table<Plain>,
    /// Events, aggregated as the API server's clients do.
    pub events: Table<EventRow>,
    /// The record of changes, oldest first.
    pub changes: Table<ChangeRecord>,
}

impl Objects {
    /// The template of the revision to which a pod's template belongs: itself, unless admission wrote
    /// something into it.
    #[must_use]
    pub fn revision(&self, template: TemplateId) -> TemplateId {
        let row = self.templates.get(template.index());
        row.and_then(|row| row.admitted_from).unwrap_or(template)
    }

    /// The zone of a node, where a label says one.
    #[must_use]
    pub fn zone(&self, node: NodeId) -> Option<&SmolStr> {
        let row = self.nodes.get(node.index())?;
        row.header.labels.get("topology.kubernetes.io/zone")
    }

    /// The nodes of a node's zone, itself among them; itself alone where no label names a zone.
    #[must_use]
    pub fn zone_of(&self, node: NodeId) -> Vec<NodeId> {
        let wanted = self.zone(node);
        let all = (0..self.nodes.len()).map(NodeId::from);
        let near =
            |other: &NodeId| *other == node || (wanted.is_some() && self.zone(*other) == wanted);
        let there = |other: &NodeId| self.nodes[other.index()].header.exists();
        all.filter(|other| near(other) && there(other)).collect()
    }

    /// The header of what a target is, whether it still exists or not; none of the cluster, and of what never was.
    #[must_use]
    pub fn header(&self, target: Target) -> Option<&Header> {
        match target {
            Target::Workload(id) => Some(&self.workloads.get(id.index())?.header),
            Target::Service(id) => Some(&self.services.get(id.index())?.header),
            Target::Node(id) => Some(&self.nodes.get(id.index())?.header),
            Target::Policy(id) => Some(&self.policies.get(id.index())?.header),
            Target::Plain(id) => Some(&self.plain.get(id.index())?.header),
            Target::Cluster => None,
        }
    }

    /// The object that a target is, whether it still exists or not; none of what never was.
    #[must_use]
    pub fn reference(&self, target: Target) -> Option<ObjectRef> {
        match target {
            Target::Cluster => Some(ObjectRef::new(Kind::Cluster, "", "cluster")),
            _ => Some(self.header(target)?.reference.clone()),
        }
    }
}

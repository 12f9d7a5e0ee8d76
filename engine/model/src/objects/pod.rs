//! The pod's row.

use super::status::{ConditionStatus, ContainerStatus, PodPhase};
use crate::ids::{NodeId, ReplicaSetId, TemplateId, WorkloadId};
use crate::kubernetes::Labels;
use crate::units::Tick;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A Pod: what the API server shows of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    /// Name.
    pub name: SmolStr,
    /// Namespace.
    pub namespace: SmolStr,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Canonical number of the object (see `Header::number`).
    pub number: u32,
    /// Its workload.
    pub workload: WorkloadId,
    /// Its key within the workload: ordinal of creation (of a StatefulSet, its ordinal).
    pub ordinal: u32,
    /// Its ReplicaSet, where a Deployment made it.
    pub replica_set: Option<ReplicaSetId>,
    /// Its revision's template.
    pub template: TemplateId,
    /// `spec.nodeName`.
    pub node: Option<NodeId>,
    /// `status.nominatedNodeName`.
    pub nominated: Option<NodeId>,
    /// `spec.schedulingGates` where some were removed since; else those of the template.
    #[serde(default)]
    pub gates: Option<Arc<Vec<SmolStr>>>,
    /// `metadata.finalizers` where they were written since; else those that it came with.
    #[serde(default)]
    pub finalizers: Option<Arc<Vec<SmolStr>>>,
    /// The node for which a DaemonSet made it: its affinity names that one alone.
    #[serde(default)]
    pub made_for: Option<NodeId>,
    /// Changes of the spec since it came, a wish for its deletion among them: `metadata.generation` less one.
    #[serde(default)]
    pub edits: u32,
    /// `spec.priority`.
    pub priority: i32,
    /// `metadata.creationTimestamp`.
    pub created: Tick,
    /// `status.startTime`.
    pub started: Option<Tick>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.reason` (`Evicted`, …).
    pub reason: Option<SmolStr>,
    /// `status.message`.
    pub message: Option<Arc<str>>,
    /// `status.conditions`.
    pub conditions: PodConditions,
    /// Init containers first, then containers, in the order of the spec.
    pub containers: Vec<ContainerStatus>,
    /// Deletion under way.
    pub deletion: Option<Deletion>,
    /// When it was deleted for good.
    pub removed: Option<Tick>,
}

/// The conditions that every pod has, and the one that says why it was taken away.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodConditions {
    /// `PodScheduled`.
    pub scheduled: PodCondition,
    /// `PodReadyToStartContainers`.
    pub sandbox: PodCondition,
    /// `Initialized`.
    pub initialized: PodCondition,
    /// `ContainersReady`.
    pub containers_ready: PodCondition,
    /// `Ready`.
    pub ready: PodCondition,
    /// `DisruptionTarget`, where there is one: its reason.
    pub disruption: Option<PodCondition>,
    /// Those that somebody else writes, by type.
    #[serde(default)]
    pub others: Vec<(SmolStr, PodCondition)>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodCondition {
    /// `status`.
    pub status: ConditionStatus,
    /// `lastTransitionTime`.
    pub since: Tick,
    /// `reason`; empty where Kubernetes gives none.
    pub reason: SmolStr,
    /// `message`.
    pub message: Option<Arc<str>>,
}

impl Default for PodCondition {
    fn default() -> Self {
        Self {
            status: ConditionStatus::False,
            since: Tick(0),
            reason: SmolStr::default(),
            message: None,
        }
    }
}

/// A deletion under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When it was asked for.
    pub asked: Tick,
    /// `metadata.deletionTimestamp`: SIGKILL comes then.
    pub deadline: Tick,
}

impl Pod {
    /// Whether the object exists.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.removed.is_none()
    }

    /// Whether its `Ready` condition holds.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.conditions.ready.status == ConditionStatus::True
    }

    /// Exists, is not terminating and not over.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.exists() && self.deletion.is_none() && !self.phase.is_terminal()
    }
}

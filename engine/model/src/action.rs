//! Actions and plans.

use crate::diagnosis::Target;
use crate::ids::{AutoscalerId, NodeId, PodId, PolicyId, ServiceId, WorkloadId};
use crate::kubernetes::NetworkPolicySpec;
use crate::overlay::ProbeKind;
use crate::path::FieldPath;
use crate::procedure::{Procedure, SideEffect};
use crate::units::{Bytes, Millicores, Seconds};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

/// One thing that an operator can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `kubectl scale`.
    Scale {
        /// Deployment, StatefulSet or ReplicaSet.
        workload: WorkloadId,
        /// Wanted pods.
        replicas: u32,
    },
    /// `kubectl rollout restart`.
    RestartRollout(WorkloadId),
    /// `kubectl rollout undo`.
    RollBack {
        /// Deployment, StatefulSet or DaemonSet.
        workload: WorkloadId,
        /// Revision to go to; `None` is the previous one.
        revision: Option<u32>,
    },
    /// `kubectl rollout pause`.
    PauseRollout(WorkloadId),
    /// `kubectl rollout resume`.
    ResumeRollout(WorkloadId),
    /// `kubectl set resources`.
    SetResources {
        /// Workload.
        workload: WorkloadId,
        /// Container.
        container: SmolStr,
        /// New CPU limit and request.
        cpu: Option<(Millicores, Millicores)>,
        /// New memory limit and request.
        memory: Option<(Bytes, Bytes)>,
    },
    /// `kubectl set image`.
    SetImage {
        /// Workload.
        workload: WorkloadId,
        /// Container.
        container: SmolStr,
        /// Image.
        image: SmolStr,
    },
    /// `kubectl set env`.
    SetEnv {
        /// Workload.
        workload: WorkloadId,
        /// Container.
        container: SmolStr,
        /// Variable.
        name: SmolStr,
        /// Value; `None` removes it.
        value: Option<SmolStr>,
    },
    /// `kubectl patch hpa`.
    PatchAutoscaler {
        /// Autoscaler.
        autoscaler: AutoscalerId,
        /// Fewest pods.
        min: Option<u32>,
        /// Most pods.
        max: Option<u32>,
    },
    /// `kubectl cordon`.
    Cordon(NodeId),
    /// `kubectl uncordon`.
    Uncordon(NodeId),
    /// `kubectl drain`.
    Drain(NodeId),
    /// `kubectl delete pod`.
    DeletePod(PodId),
    /// `kubectl patch networkpolicy`.
    PatchPolicy {
        /// Policy.
        policy: PolicyId,
        /// Its new spec.
        spec: Arc<NetworkPolicySpec>,
    },
    /// `kubectl delete networkpolicy`.
    DeletePolicy(PolicyId),
    /// `kubectl patch`: one field of a probe.
    PatchProbe {
        /// Workload.
        workload: WorkloadId,
        /// Container.
        container: SmolStr,
        /// Which probe.
        probe: ProbeKind,
        /// The whole new probe; `None` removes it.
        value: Option<Value>,
    },
    /// `kubectl patch service`: one field.
    PatchService {
        /// Service.
        service: ServiceId,
        /// Field below the object.
        field: FieldPath,
        /// Value; `None` removes it.
        value: Option<Value>,
    },
    /// Takes an entry of the record of changes back, field by field.
    RevertChange(u32),
    /// Bounds requests worked on at once, or waiting, in each pod.
    LimitConcurrency {
        /// Workload.
        workload: WorkloadId,
        /// Workers per pod.
        workers: Option<u32>,
        /// Queue per pod.
        queue: Option<u32>,
    },
    /// Changes how often and how long callers of a Service try.
    SetRetries {
        /// Caller.
        workload: WorkloadId,
        /// Called Service.
        service: ServiceId,
        /// Retries.
        retries: Option<u32>,
        /// Time-out of an attempt, s.
        timeout: Option<Seconds>,
    },
    /// Turns a share of requests away at the entry.
    ShedTraffic {
        /// Entry.
        service: ServiceId,
        /// Share, 0..=1; 0 ends it.
        share: f64,
    },
    /// `kubectl exec`, `kubectl debug`: a repair that is no write to an object.
    Exec {
        /// What it is done to: a workload's container, a node, a Service, the cluster.
        on: Target,
        /// What is done.
        procedure: Procedure,
    },
    /// Looks at something that separates two hypotheses.
    Observe {
        /// What is looked at.
        target: Target,
        /// How, as a kubectl command.
        check: String,
    },
    /// Does nothing for a while.
    Wait(u32),
}

impl Action {
    /// The node whose pods go, if the action empties one.
    #[must_use]
    pub fn emptied(&self) -> Option<NodeId> {
        match self {
            Self::Drain(node) => Some(*node),
            Self::Exec {
                on: Target::Node(node),
                procedure,
            } => (procedure.facts().hurts == SideEffect::EmptiesNode).then_some(*node),
            _ => None,
        }
    }

    /// Whether there is one node more by it.
    #[must_use]
    pub fn adds_node(&self) -> bool {
        match self {
            Self::Exec { procedure, .. } => procedure.facts().hurts == SideEffect::AddsNode,
            _ => false,
        }
    }
}

/// What must hold before a step starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// The object exists.
    Exists(Target),
    /// The pod exists.
    PodExists(PodId),
    /// The Deployment has an earlier revision.
    HasPreviousRevision(WorkloadId),
    /// At least so many other nodes are ready and schedulable.
    OtherNodes(NodeId, u32),
}

/// What a step waits for before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// The rollout is complete: all pods of the wanted revision are available.
    RolledOut(WorkloadId),
    /// At least so many pods are ready.
    Ready(WorkloadId, u32),
    /// No evictable pod is left on the node.
    Drained(NodeId),
    /// So many seconds have passed.
    Seconds(u32),
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// What is done.
    pub action: Action,
    /// What must hold before.
    pub preconditions: Vec<Precondition>,
    /// What is waited for after.
    pub wait: Option<WaitFor>,
    /// Seconds after which the wait counts as failed.
    pub deadline: u32,
}

/// A plan: complete and readable before it is applied. An empty one is *wait*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Hash of its content over canonical numbers, in hexadecimal.
    pub id: SmolStr,
    /// Steps, in order.
    pub steps: Vec<PlanStep>,
    /// The hypothesis that it answers: fault and target.
    pub answers: Option<(SmolStr, Target)>,
    /// Where it comes from.
    pub source: PlanSource,
    /// In one line, for people.
    pub summary: String,
}

impl Plan {
    /// Whether it does nothing.
    #[must_use]
    pub fn is_wait(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Where a plan comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// The control: do nothing.
    Control,
    /// Ends the cause.
    Undo,
    /// Keeps it small.
    Contain,
    /// Makes room for it.
    Outgrow,
    /// A variation of another plan.
    Variation,
    /// What mended incidents like this before.
    Rule,
    /// Takes an applied plan back.
    Rollback,
    /// A language model proposed it.
    Advised,
    /// Another plan, changed in answer to a critic.
    Amended,
}

//! One row per object.

use super::batch::BatchStatus;
use super::status::{Condition, ConditionStatus};
use crate::ids::{Doc, NodeId, PodId, TemplateId, WorkloadId};
use crate::kubernetes::{
    CronJobSpec, DaemonSetSpec, DeploymentSpec, HorizontalPodAutoscalerSpec, JobSpec,
    LabelSelector, Labels, NetworkPolicySpec, NodeCapacity, NodeSpec, ObjectRef,
    PodDisruptionBudgetSpec, PodTemplateSpec, ReplicaSetSpec, ServiceSpec, StatefulSetSpec,
    VolumeClaimTemplate,
};
use crate::units::Tick;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What every object has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Kind, namespace, name.
    pub reference: ObjectRef,
    /// Labels.
    pub labels: Arc<Labels>,
    /// Annotations.
    pub annotations: Arc<Labels>,
    /// Canonical number of the object, in order of first appearance over all kinds.
    pub number: u32,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: u32,
    /// `metadata.creationTimestamp`.
    pub created: Tick,
    /// `metadata.deletionTimestamp` of what finalizers still hold.
    #[serde(default)]
    pub deletion: Option<Tick>,
    /// When it was deleted for good.
    pub removed: Option<Tick>,
    /// The document as it came, with later changes; status excluded.
    pub doc: Doc,
}

impl Header {
    /// Whether the object exists.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.removed.is_none()
    }
}

/// A Node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<NodeSpec>,
    /// Capacity and allocatable.
    pub capacity: Arc<NodeCapacity>,
    /// `status.conditions`.
    pub conditions: Vec<Condition>,
}

impl Node {
    /// Status of the condition of that type; `Unknown` where there is none.
    #[must_use]
    pub fn condition(&self, kind: &str) -> ConditionStatus {
        self.conditions
            .iter()
            .find(|c| c.kind == kind)
            .map_or(ConditionStatus::Unknown, |c| c.status)
    }
}

/// A pod template, shared by the pods of a revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Typed.
    pub spec: Arc<PodTemplateSpec>,
    /// The `template:` part of the document.
    pub doc: Doc,
    /// `pod-template-hash` or `controller-revision-hash`.
    pub hash: SmolStr,
    /// The revision's own template, where admission wrote something into this one for its pods.
    #[serde(default)]
    pub admitted_from: Option<TemplateId>,
}

/// Typed spec of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "always behind an Arc")]
pub enum WorkloadSpec {
    /// A Deployment.
    Deployment(DeploymentSpec),
    /// A StatefulSet.
    StatefulSet(StatefulSetSpec),
    /// A DaemonSet.
    DaemonSet(DaemonSetSpec),
    /// A ReplicaSet that no Deployment owns.
    ReplicaSet(ReplicaSetSpec),
    /// A Job.
    Job(JobSpec),
    /// A CronJob; its Jobs are workloads of their own, and it has no pods.
    CronJob(CronJobSpec),
    /// A bare Pod.
    Pod(PodTemplateSpec),
}

impl WorkloadSpec {
    /// The pod template.
    #[must_use]
    pub fn template(&self) -> &PodTemplateSpec {
        match self {
            Self::Deployment(spec) => &spec.template,
            Self::StatefulSet(spec) => &spec.template,
            Self::DaemonSet(spec) => &spec.template,
            Self::ReplicaSet(spec) => &spec.template,
            Self::Job(spec) => &spec.template,
            Self::CronJob(spec) => &spec.job_template.spec.template,
            Self::Pod(template) => template,
        }
    }

    /// `spec.replicas` with its default of 1; `None` of a DaemonSet, whose number follows the nodes, and of
    /// Jobs and CronJobs.
    #[must_use]
    pub fn replicas(&self) -> Option<u32> {
        match self {
            Self::Deployment(spec) => Some(spec.replicas.unwrap_or(1)),
            Self::StatefulSet(spec) => Some(spec.replicas.unwrap_or(1)),
            Self::ReplicaSet(spec) => Some(spec.replicas.unwrap_or(1)),
            Self::Pod(_) => Some(1),
            Self::DaemonSet(_) | Self::Job(_) | Self::CronJob(_) => None,
        }
    }

    /// Claims that each pod of a StatefulSet gets.
    #[must_use]
    pub fn claim_templates(&self) -> &[VolumeClaimTemplate] {
        match self {
            Self::StatefulSet(spec) => &spec.volume_claim_templates,
            _ => &[],
        }
    }

    /// The selector; a bare pod has none, and a Job's is its pods' owner.
    #[must_use]
    pub fn selector(&self) -> Option<&LabelSelector> {
        match self {
            Self::Deployment(spec) => Some(&spec.selector),
            Self::StatefulSet(spec) => Some(&spec.selector),
            Self::DaemonSet(spec) => Some(&spec.selector),
            Self::ReplicaSet(spec) => Some(&spec.selector),
            Self::Job(_) | Self::CronJob(_) | Self::Pod(_) => None,
        }
    }
}

/// A top-level workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<WorkloadSpec>,
    /// Revision that is wanted.
    pub template: TemplateId,
    /// Number of that revision, from 1; as `deployment.kubernetes.io/revision`.
    pub revision: u32,
    /// Pods that exist, in order of creation.
    pub pods: Arc<Vec<PodId>>,
    /// ControllerRevisions of a StatefulSet or DaemonSet, oldest first, and their numbers.
    #[serde(default)]
    pub history: Arc<Vec<(TemplateId, u32)>>,
    /// Pods made so far; the next pod's key.
    pub next_ordinal: u32,
    /// Counts and conditions.
    pub status: WorkloadStatus,
}

/// `status:` of a workload.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadStatus {
    /// `observedGeneration`.
    pub observed_generation: u32,
    /// Pods that exist and are not terminating.
    pub replicas: u32,
    /// Of the wanted revision.
    pub updated: u32,
    /// Ready.
    pub ready: u32,
    /// Ready for `minReadySeconds`.
    pub available: u32,
    /// Wanted and not available.
    pub unavailable: u32,
    /// `desiredNumberScheduled` of a DaemonSet.
    pub desired: u32,
    /// `numberMisscheduled` of a DaemonSet.
    #[serde(default)]
    pub misscheduled: u32,
    /// `collisionCount`, and so on, are not simulated; conditions are.
    pub conditions: Vec<Condition>,
    /// What a Job or CronJob has beside.
    #[serde(default)]
    pub batch: BatchStatus,
}

/// A ReplicaSet that a Deployment owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicaSet {
    /// Name, labels, document.
    pub header: Header,
    /// The Deployment.
    pub owner: WorkloadId,
    /// Its pods' template.
    pub template: TemplateId,
    /// Revision of the Deployment that it is.
    pub revision: u32,
    /// `spec.replicas`.
    pub replicas: u32,
    /// Counts and conditions.
    pub status: WorkloadStatus,
}

/// A Service with its endpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<ServiceSpec>,
    /// Its EndpointSlices, flattened: pods in order of id.
    pub endpoints: Arc<Vec<Endpoint>>,
}

/// One endpoint of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The pod.
    pub pod: PodId,
    /// Whether traffic is sent to it.
    pub ready: bool,
    /// Whether it is terminating.
    pub terminating: bool,
}

/// A HorizontalPodAutoscaler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Autoscaler {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<HorizontalPodAutoscalerSpec>,
    /// `status.currentReplicas`.
    pub current: u32,
    /// `status.desiredReplicas`.
    pub desired: u32,
    /// What was measured last, per metric.
    pub metrics: Vec<Option<Measured>>,
    /// `status.lastScaleTime`.
    pub last_scale: Option<Tick>,
    /// `status.conditions`.
    pub conditions: Vec<Condition>,
}

/// What a resource metric came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// As the target counts: percent of the requests, or the mean amount.
    pub value: u64,
    /// Mean per pod, millicores or bytes.
    pub mean: u64,
}

/// A NetworkPolicy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkPolicy {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<NetworkPolicySpec>,
}

/// A PodDisruptionBudget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisruptionBudget {
    /// Name, labels, document.
    pub header: Header,
    /// Typed spec.
    pub spec: Arc<PodDisruptionBudgetSpec>,
    /// `status.expectedPods`.
    pub expected: u32,
    /// `status.currentHealthy`.
    pub healthy: u32,
    /// `status.desiredHealthy`.
    pub desired: u32,
    /// `status.disruptionsAllowed`.
    pub allowed: u32,
    /// `status.conditions`.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// An object that is kept and not typed further: ConfigMap, Secret, Namespace, PriorityClass, and kinds that are not simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plain {
    /// Name, labels, document.
    pub header: Header,
    /// `status:`, as given or as a controller keeps it; null where there is none.
    #[serde(default)]
    pub status: Doc,
}

/// An Event, aggregated: equal ones are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// `Normal` or `Warning`.
    pub severity: Severity,
    /// As Kubernetes spells it.
    pub reason: SmolStr,
    /// Message.
    pub message: Arc<str>,
    /// `involvedObject`.
    pub object: ObjectRef,
    /// `source.component`.
    pub component: SmolStr,
    /// Node it was reported from, for kubelets.
    pub host: Option<NodeId>,
    /// First time.
    pub first: Tick,
    /// Last time.
    pub last: Tick,
    /// How often.
    pub count: u32,
    /// `involvedObject.fieldPath`; empty where the whole object is meant.
    #[serde(default)]
    pub field: SmolStr,
}

/// `type` of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    /// For information.
    Normal,
    /// Something is off.
    Warning,
}

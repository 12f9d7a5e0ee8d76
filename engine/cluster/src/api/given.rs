//! Statuses that a document brings along: believed, as of now.
//!
//! Their times are those of another clock and all in the past; they count from
//! the moment of creation.

use super::document::read_value;
use super::error::ApiError;
use super::nodes::HEALTHY;
use crate::cluster::Cluster;
use crate::workings::Slot;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{
    BatchStatus, Condition, ConditionStatus, ContainerState, ContainerStatus, CronJobStatus,
    Indexes, JobStatus, PodCondition, PodPhase, Termination, WorkloadStatus,
};
use aegis_model::{PodId, Tick};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::Deserialize;
use serde_json::Value;
use smol_str::SmolStr;

/// The node for which a DaemonSet made a pod that waits: its affinity names that alone.
/// Source: pkg/controller/daemon/util `ReplaceDaemonSetPodNodeNameNodeAffinity`.
pub(super) fn meant_for<P>(cluster: &mut Cluster<P>, pod: PodId, document: &Value) {
    let row = &cluster.objects.pods[pod.index()];
    let owner = &cluster.objects.workloads[row.workload.index()];
    if row.node.is_some() || owner.header.reference.kind != Kind::DaemonSet {
        return;
    }
    let affinity = &document["spec"]["affinity"]["nodeAffinity"];
    let required = &affinity["requiredDuringSchedulingIgnoredDuringExecution"];
    let field = &required["nodeSelectorTerms"][0]["matchFields"][0];
    let (Some("metadata.name"), Some(name)) = (field["key"].as_str(), field["values"][0].as_str())
    else {
        return;
    };
    if let Some(Slot::Node(node)) = super::find(cluster, &ObjectRef::new(Kind::Node, "", name)) {
        Arc::make_mut(&mut cluster.workings.control.daemon_nodes).insert(pod, node);
        cluster.objects.pods[pod.index()].made_for = Some(node);
    }
}

/// `status:` of a pod, as far as it is believed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GivenPod {
    phase: SmolStr,
    reason: Option<SmolStr>,
    message: Option<Arc<str>>,
    start_time: Option<SmolStr>,
    conditions: Vec<GivenCondition>,
    init_container_statuses: Vec<GivenContainer>,
    container_statuses: Vec<GivenContainer>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GivenCondition {
    #[serde(rename = "type")]
    kind: SmolStr,
    status: SmolStr,
    reason: SmolStr,
    message: Option<Arc<str>>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GivenContainer {
    name: SmolStr,
    ready: bool,
    started: Option<bool>,
    restart_count: u32,
    state: GivenState,
    last_state: GivenState,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GivenState {
    waiting: Option<GivenWaiting>,
    running: Option<Value>,
    terminated: Option<GivenTermination>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GivenWaiting {
    reason: SmolStr,
    message: Option<Arc<str>>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GivenTermination {
    exit_code: i32,
    reason: SmolStr,
    message: Option<Arc<str>>,
}

/// Reads a pod's status.
pub(super) fn pod(object: &ObjectRef, status: &Value) -> Result<GivenPod, ApiError> {
    read_value(object, status, "status")
}

/// Writes it into the pod's row.
pub(super) fn believe<P>(cluster: &mut Cluster<P>, pod: PodId, given: &GivenPod) {
    let now = cluster.clock;
    let template = cluster.objects.pods[pod.index()].template;
    let spec = cluster.objects.templates[template.index()].spec.clone();
    let row = &mut cluster.objects.pods[pod.index()];
    row.phase = phase(&given.phase).unwrap_or(row.phase);
    row.reason = given.reason.clone().or(row.reason.take());
    row.message = given.message.clone().or(row.message.take());
    row.started = given.start_time.as_ref().map(|_| now).or(row.started);
    let statuses = (given.init_container_statuses.iter()).chain(&given.container_statuses);
    let named = (spec.spec.init_containers.iter()).chain(&spec.spec.containers);
    for (container, status) in named.zip(row.containers.iter_mut()) {
        if let Some(given) = statuses.clone().find(|s| s.name == container.name) {
            *status = container_status(given, status, now);
        }
    }
    for condition in &given.conditions {
        let conditions = &mut row.conditions;
        let place = match condition.kind.as_str() {
            "PodScheduled" => &mut conditions.scheduled,
            "PodReadyToStartContainers" => &mut conditions.sandbox,
            "Initialized" => &mut conditions.initialized,
            "ContainersReady" => &mut conditions.containers_ready,
            "Ready" => &mut conditions.ready,
            "DisruptionTarget" => conditions.disruption.get_or_insert_default(),
            _ => continue,
        };
        *place = PodCondition {
            status: condition_status(&condition.status),
            since: now,
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        };
    }
}

fn phase(text: &str) -> Option<PodPhase> {
    [
        PodPhase::Pending,
        PodPhase::Running,
        PodPhase::Succeeded,
        PodPhase::Failed,
        PodPhase::Unknown,
    ]
    .into_iter()
    .find(|phase| phase.as_str() == text)
}

pub(super) fn condition_status(text: &str) -> ConditionStatus {
    match text {
        "True" => ConditionStatus::True,
        "False" => ConditionStatus::False,
        _ => ConditionStatus::Unknown,
    }
}

fn container_status(
    given: &GivenContainer,
    present: &ContainerStatus,
    now: Tick,
) -> ContainerStatus {
    ContainerStatus {
        state: state(&given.state, now).unwrap_or_else(|| present.state.clone()),
        last: given.last_state.terminated.as_ref().map(|t| ended(t, now)),
        ready: given.ready,
        started: given.started.unwrap_or(given.ready),
        restarts: given.restart_count,
    }
}

fn state(given: &GivenState, now: Tick) -> Option<ContainerState> {
    if given.running.is_some() {
        return Some(ContainerState::Running { since: now });
    }
    if let Some(waiting) = &given.waiting {
        return Some(ContainerState::Waiting {
            reason: waiting.reason.clone(),
            message: waiting.message.clone(),
        });
    }
    let terminated = given.terminated.as_ref()?;
    Some(ContainerState::Terminated(ended(terminated, now)))
}

fn ended(given: &GivenTermination, now: Tick) -> Termination {
    Termination {
        exit_code: given.exit_code,
        reason: given.reason.clone(),
        started: now,
        finished: now,
        message: given.message.clone(),
    }
}

/// Conditions of a node: as given, or those of a healthy one.
pub(super) fn node_conditions(status: &Value, now: Tick) -> Vec<Condition> {
    let given = Vec::<GivenCondition>::deserialize(&status["conditions"]).unwrap_or_default();
    let stated = given.iter().map(|one| node_condition(one, now));
    let mut conditions: Vec<Condition> = stated.collect();
    // A kubelet posts all of them: those that the document leaves out are well.
    for (kind, status, reason, message) in &HEALTHY {
        if conditions.iter().all(|known| known.kind != *kind) {
            conditions.push(Condition {
                kind: (*kind).into(),
                status: *status,
                reason: (*reason).into(),
                message: (*message).into(),
                since: now,
                updated: now,
            });
        }
    }
    conditions
}

fn node_condition(given: &GivenCondition, now: Tick) -> Condition {
    Condition {
        kind: given.kind.clone(),
        status: condition_status(&given.status),
        reason: given.reason.clone(),
        message: given.message.clone().unwrap_or_else(|| "".into()),
        since: now,
        updated: now,
    }
}

/// `status:` of a Job or CronJob; other workloads' are computed anew.
pub(super) fn batch(kind: &Kind, status: &Value, now: Tick) -> WorkloadStatus {
    let batch = match kind {
        Kind::Job => BatchStatus::Job(job(status, now)),
        Kind::CronJob => BatchStatus::CronJob(CronJobStatus::default()),
        _ => return WorkloadStatus::default(),
    };
    let given = Vec::<GivenCondition>::deserialize(&status["conditions"]).unwrap_or_default();
    WorkloadStatus {
        batch,
        conditions: given.iter().map(|one| node_condition(one, now)).collect(),
        ..WorkloadStatus::default()
    }
}

fn job(status: &Value, now: Tick) -> JobStatus {
    let count = |key: &str| {
        let number = status[key].as_u64();
        number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
    };
    let time = |key: &str| status[key].as_str().map(|_| now);
    let indexes = |key: &str| Indexes::parse(status[key].as_str()?, u32::MAX);
    JobStatus {
        active: count("active"),
        terminating: count("terminating"),
        succeeded: count("succeeded"),
        failed: count("failed"),
        started: time("startTime"),
        completed: time("completionTime"),
        completed_indexes: indexes("completedIndexes").unwrap_or_default(),
        failed_indexes: indexes("failedIndexes"),
    }
}

/// The hash of the wanted revision, where the status of a StatefulSet names it.
pub(super) fn revision_hash(object: &ObjectRef, status: &Value) -> Option<SmolStr> {
    let revision = status["updateRevision"].as_str()?;
    (object.kind == Kind::StatefulSet).then(|| bare_hash(&object.name, revision))
}

/// A revision's hash without the name of its set.
pub(super) fn bare_hash(set: &str, revision: &str) -> SmolStr {
    let bare = revision.strip_prefix(set).unwrap_or(revision);
    bare.trim_start_matches('-').into()
}

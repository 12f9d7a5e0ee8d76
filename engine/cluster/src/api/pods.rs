//! Pods: made, bound, their conditions, deleted.
//!
//! All writes to a pod on which controllers, endpoints or traffic depend go
//! through here, so that whoever must look again is told.

use super::admission::{self, Applicant};
use super::error::ApiError;
use super::{find, mirror, templates};
use crate::cluster::Cluster;
use crate::draws::{Draws, Purpose};
use aegis_model::kubernetes::{Kind, Labels, ObjectRef, PodSpec, RestartPolicy};
use aegis_model::objects::{
    ConditionStatus, ContainerState, ContainerStatus, Deletion, Pod, PodCondition, PodConditions,
    PodPhase,
};
use aegis_model::{
    FieldChange, NodeId, Objects, PodId, ReplicaSetId, TemplateId, Tick, WorkloadId,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::{SmolStr, format_smolstr};

/// Seconds between SIGTERM and SIGKILL where a pod says nothing.
pub const DEFAULT_GRACE: u32 = 30;
/// Longest base of a generated name: 63 characters less the suffix.
const LONGEST_BASE: usize = 58;

/// One of the conditions that every pod has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the field of that name")]
pub enum PodConditionKind {
    Scheduled,
    Sandbox,
    Initialized,
    ContainersReady,
    Ready,
}

/// A pod that is to be made.
pub(crate) struct NewPod {
    /// Its workload.
    pub(crate) workload: WorkloadId,
    /// Its ReplicaSet, where a Deployment makes it.
    pub(crate) replica_set: Option<ReplicaSetId>,
    /// Its template.
    pub(crate) template: TemplateId,
    /// Its key within the workload.
    pub(crate) ordinal: u32,
    /// Its name.
    pub(crate) name: SmolStr,
}

/// Makes a pod of a workload. `ordinal` is its key within the workload; a StatefulSet's pod is named by it.
/// Its containers wait (`PodInitializing` behind init containers, else `ContainerCreating`).
///
/// # Errors
/// Where admission refuses it, in its words.
pub fn create<P>(
    cluster: &mut Cluster<P>,
    workload: WorkloadId,
    replica_set: Option<ReplicaSetId>,
    template: TemplateId,
    ordinal: u32,
) -> Result<PodId, ApiError> {
    let (name, called) = names_of(cluster, workload, replica_set, ordinal);
    let namespace = &cluster.objects.workloads[workload.index()].header.reference;
    let taken = ObjectRef::new(Kind::Pod, &namespace.namespace, &name);
    if find(cluster, &taken).is_some() {
        return Err(ApiError::AlreadyExists(taken));
    }
    let new = NewPod {
        workload,
        replica_set,
        template,
        ordinal,
        name,
    };
    let pod = admit(cluster, new, called)?;
    bind_as_told(cluster, pod);
    Ok(pod)
}

/// A template that names a node binds its pods there, unseen by the scheduler.
fn bind_as_told<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let Some(node) = spec.node_name.clone() else {
        return;
    };
    super::create::bind_to(cluster, pod, Some(&node));
}

/// Makes a pod for an index of an Indexed Job: named by it, and labelled with it.
///
/// # Errors
/// As [`create`].
pub fn create_for_index<P>(
    cluster: &mut Cluster<P>,
    job: WorkloadId,
    template: TemplateId,
    ordinal: u32,
    (label, index): (&str, u32),
) -> Result<PodId, ApiError> {
    let owner = &cluster.objects.workloads[job.index()].header;
    let suffix = format_smolstr!("-{index}");
    let room = LONGEST_BASE - suffix.len();
    let base = format_smolstr!("{}{suffix}", shortened(&owner.reference.name, room));
    let called = format_smolstr!("{base}-");
    let name = free_name(cluster, job, &base, ordinal);
    let new = NewPod {
        workload: job,
        replica_set: None,
        template,
        ordinal,
        name,
    };
    let pod = admit(cluster, new, called)?;
    let labels = &mut cluster.objects.pods[pod.index()].labels;
    Arc::make_mut(labels).insert(label.into(), format_smolstr!("{index}"));
    bind_as_told(cluster, pod);
    Ok(pod)
}

/// The same under a given name; `called` is what it is called before it has one.
///
/// # Errors
/// Where admission refuses it, in its words.
pub(crate) fn admit<P>(
    cluster: &mut Cluster<P>,
    new: NewPod,
    called: SmolStr,
) -> Result<PodId, ApiError> {
    let owner = &cluster.objects.workloads[new.workload.index()]
        .header
        .reference;
    let namespace = owner.namespace.clone();
    let kind = owner.kind.clone();
    let labels = labels_of(cluster, &kind, new.template, &new.name, new.ordinal);
    let applicant = Applicant {
        workload: new.workload,
        template: new.template,
        namespace: &namespace,
        name: &new.name,
        called,
        labels: &labels,
    };
    let template = admission::pod(cluster, &applicant)?;
    let pod = place(cluster, NewPod { template, ..new });
    if kind == Kind::Pod {
        super::bare::keep_written(cluster, pod);
    }
    Ok(pod)
}

/// Makes a pod without asking anybody: one that has been there.
pub(crate) fn place<P>(cluster: &mut Cluster<P>, new: NewPod) -> PodId {
    let spec = cluster.objects.templates[new.template.index()].spec.clone();
    // A class that is not among the objects was there when the pod came.
    let given = spec.spec.priority.unwrap_or(0);
    let priority = priority_of(cluster, &new.name, new.template).unwrap_or(given);
    let owner = &cluster.objects.workloads[new.workload.index()]
        .header
        .reference;
    let labels = labels_of(cluster, &owner.kind, new.template, &new.name, new.ordinal);
    let pod = Pod {
        name: new.name,
        namespace: owner.namespace.clone(),
        labels,
        number: 0,
        workload: new.workload,
        ordinal: new.ordinal,
        replica_set: new.replica_set,
        template: new.template,
        node: None,
        nominated: None,
        gates: None,
        finalizers: None,
        made_for: None,
        edits: 0,
        priority,
        created: cluster.clock,
        started: None,
        phase: PodPhase::Pending,
        reason: None,
        message: None,
        conditions: PodConditions::default(),
        containers: waiting(&spec.spec),
        deletion: None,
        removed: None,
    };
    insert(cluster, pod)
}

fn insert<P>(cluster: &mut Cluster<P>, mut pod: Pod) -> PodId {
    pod.number = cluster.workings.index.number();
    let reference = super::events::pod_ref(&pod);
    let (workload, ordinal) = (pod.workload, pod.ordinal);
    let id = PodId::from(cluster.objects.pods.push(pod));
    let slot = crate::workings::Slot::Pod(id);
    cluster.workings.index.insert(&reference, slot);
    cluster.workings.index.await_binding(id);
    cluster.workings.pods.admit(id);
    let owner = &mut cluster.objects.workloads[workload.index()];
    Arc::make_mut(&mut owner.pods).push(id);
    owner.next_ordinal = owner.next_ordinal.max(ordinal + 1);
    if !super::storage::ephemeral_volumes(&cluster.objects, id).is_empty() {
        cluster.workings.storage.mark_pod(id);
    }
    touch(cluster, id);
    admission::charge(cluster, id);
    id
}

fn waiting(spec: &PodSpec) -> Vec<ContainerStatus> {
    let behind_init = !spec.init_containers.is_empty();
    let containers = spec.init_containers.iter().chain(&spec.containers);
    let status = |_: &_| ContainerStatus {
        state: ContainerState::Waiting {
            reason: if behind_init {
                "PodInitializing".into()
            } else {
                "ContainerCreating".into()
            },
            message: None,
        },
        last: None,
        ready: false,
        started: false,
        restarts: 0,
    };
    containers.map(status).collect()
}

/// The name of a new pod, and what it is called before it has one. Each refused try draws another name.
fn names_of<P>(
    cluster: &Cluster<P>,
    workload: WorkloadId,
    replica_set: Option<ReplicaSetId>,
    ordinal: u32,
) -> (SmolStr, SmolStr) {
    let owner = &cluster.objects.workloads[workload.index()].header;
    let exactly = |name: SmolStr| (name.clone(), name);
    let base = match (&owner.reference.kind, replica_set) {
        (Kind::Pod, _) => return exactly(owner.reference.name.clone()),
        (Kind::StatefulSet, _) => {
            return exactly(format_smolstr!("{}-{ordinal}", owner.reference.name));
        }
        (_, Some(set)) => {
            &cluster.objects.replica_sets[set.index()]
                .header
                .reference
                .name
        }
        _ => &owner.reference.name,
    };
    let called = format_smolstr!("{base}-");
    let base = shortened(base, LONGEST_BASE);
    (free_name(cluster, workload, base, ordinal), called)
}

/// A name that begins with `base` and is not taken.
fn free_name<P>(cluster: &Cluster<P>, workload: WorkloadId, base: &str, ordinal: u32) -> SmolStr {
    let owner = &cluster.objects.workloads[workload.index()].header;
    let key = (u64::from(owner.number) << 32) | u64::from(ordinal);
    let tries = cluster.workings.control.refused_tries(workload);
    let names = (tries..).map(|attempt| {
        let bits = Draws::new(key).bits(Purpose::Name, key, Tick(attempt));
        format_smolstr!("{base}-{}", templates::suffix(bits))
    });
    let mut free = names.filter(|name| {
        let reference = ObjectRef::new(Kind::Pod, &owner.reference.namespace, name);
        find(cluster, &reference).is_none()
    });
    free.next().unwrap_or_default()
}

fn shortened(base: &str, longest: usize) -> &str {
    let end = base.char_indices().nth(longest).map(|(at, _)| at);
    &base[..end.unwrap_or(base.len())]
}

fn labels_of<P>(
    cluster: &Cluster<P>,
    kind: &Kind,
    template: TemplateId,
    name: &SmolStr,
    ordinal: u32,
) -> Arc<Labels> {
    let shared = cluster.workings.control.pod_labels[template.index()].clone();
    if *kind != Kind::StatefulSet {
        return shared;
    }
    let mut labels = Arc::unwrap_or_clone(shared);
    labels.insert("statefulset.kubernetes.io/pod-name".into(), name.clone());
    labels.insert(
        "apps.kubernetes.io/pod-index".into(),
        format_smolstr!("{ordinal}"),
    );
    Arc::new(labels)
}

/// `spec.priority` that admission gives: that of the class, or of the class for pods without one.
/// Source: plugin/pkg/admission/priority.
///
/// # Errors
/// [`ApiError::Forbidden`] where there is no such class.
pub(super) fn priority_of<P>(
    cluster: &Cluster<P>,
    name: &SmolStr,
    template: TemplateId,
) -> Result<i32, ApiError> {
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let forbidden = |reason| ApiError::Forbidden {
        kind: Kind::Pod,
        name: name.clone(),
        reason,
    };
    let computed = match spec.priority_class_name.as_deref().unwrap_or_default() {
        "" => cluster.workings.index.default_priority,
        class => priority_of_class(cluster, class).ok_or_else(|| {
            forbidden(alloc::format!(
                "no PriorityClass with name {class} was found"
            ))
        })?,
    };
    match spec.priority {
        Some(given) if given != computed => Err(forbidden(alloc::format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority \
             admission controller computed {computed} from the given PriorityClass name"
        ))),
        _ => Ok(computed),
    }
}

fn priority_of_class<P>(cluster: &Cluster<P>, class: &str) -> Option<i32> {
    match class {
        "system-node-critical" => Some(2_000_001_000),
        "system-cluster-critical" => Some(2_000_000_000),
        _ => {
            let value = admission::priority_class(cluster, class)?.doc["value"].as_i64()?;
            Some(i32::try_from(value).unwrap_or(i32::MAX))
        }
    }
}

/// `spec.schedulingGates` that still hold a pod.
#[must_use]
pub fn gates(objects: &Objects, pod: PodId) -> Vec<SmolStr> {
    let row = &objects.pods[pod.index()];
    if let Some(left) = &row.gates {
        return left.to_vec();
    }
    let spec = &objects.templates[row.template.index()].spec.spec;
    let gates = spec.scheduling_gates.iter();
    gates.map(|gate| gate.name.clone()).collect()
}

/// `spec.preemptionPolicy` of a pod: its own, or that of its PriorityClass.
#[must_use]
pub fn preemption_policy<P>(cluster: &Cluster<P>, pod: PodId) -> Option<SmolStr> {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    if spec.preemption_policy.is_some() {
        return spec.preemption_policy.clone();
    }
    let class = spec.priority_class_name.as_ref()?;
    let slot = find(cluster, &ObjectRef::new(Kind::PriorityClass, "", class))?;
    let header = crate::workings::header(&cluster.objects, slot)?;
    header.doc["preemptionPolicy"].as_str().map(SmolStr::from)
}

/// Admission of ServiceAccounts (plugin/pkg/admission/serviceaccount): every namespace has `default`.
///
/// # Errors
/// [`ApiError::Forbidden`] where there is no such account.
pub(super) fn account_of<P>(
    cluster: &Cluster<P>,
    applicant: &Applicant<'_>,
) -> Result<(), ApiError> {
    let spec = &cluster.objects.templates[applicant.template.index()]
        .spec
        .spec;
    let named = spec.service_account_name.as_deref().unwrap_or_default();
    if matches!(named, "" | "default") {
        return Ok(());
    }
    let namespace = applicant.namespace;
    let account = ObjectRef::new(Kind::ServiceAccount, namespace, named);
    let assumed = &cluster.workings.kubelet.assumed;
    if find(cluster, &account).is_some() || assumed.contains(&account) {
        return Ok(());
    }
    let reason = alloc::format!(
        "error looking up service account {namespace}/{named}: serviceaccount \"{named}\" not found"
    );
    Err(ApiError::Forbidden {
        kind: Kind::Pod,
        name: applicant.called.clone(),
        reason,
    })
}

/// Tells the pod's workload, endpoints, budgets and traffic to look again.
pub fn touch<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let workload = cluster.objects.pods[pod.index()].workload;
    cluster.workings.control.enqueue(workload);
    cluster.workings.control.mark_pod(pod);
    cluster.workings.policies.mark(pod);
}

/// Binds a pod to a node: what the scheduler's binding does.
pub fn bind<P>(cluster: &mut Cluster<P>, pod: PodId, node: NodeId) {
    debug_assert!(cluster.objects.pods[pod.index()].node.is_none());
    // Its nomination stays in the status: ClearingNominatedNodeNameAfterBinding is off until 1.35.
    cluster.objects.pods[pod.index()].node = Some(node);
    cluster.workings.index.bind(pod, node);
    let scheduler = &mut cluster.workings.scheduler;
    scheduler.charge(&cluster.objects, pod, node);
    super::storage::use_claims(cluster, pod);
    let now = cluster.clock;
    cluster.workings.pods.set_due(pod, now);
    set_condition(
        cluster,
        pod,
        PodConditionKind::Scheduled,
        ConditionStatus::True,
        "",
        None,
    );
    touch(cluster, pod);
}

/// Sets a condition; its transition time moves only with its status.
pub fn set_condition<P>(
    cluster: &mut Cluster<P>,
    pod: PodId,
    kind: PodConditionKind,
    status: ConditionStatus,
    reason: &str,
    message: Option<Arc<str>>,
) {
    let now = cluster.clock;
    let present = condition_of(&cluster.objects.pods[pod.index()].conditions, kind);
    if present.status == status && present.reason == reason && present.message == message {
        return;
    }
    let turned = present.status != status;
    let new = PodCondition {
        status,
        since: if turned { now } else { present.since },
        reason: reason.into(),
        message,
    };
    *condition_of_mut(&mut cluster.objects.pods[pod.index()].conditions, kind) = new;
    if turned && kind == PodConditionKind::Ready {
        cluster.workings.index.topology_dirty = true;
        touch(cluster, pod);
    }
}

/// Takes over conditions of other types than a kubelet's that somebody writes into a pod's status.
pub(super) fn report<P>(cluster: &mut Cluster<P>, pod: PodId, fields: &[FieldChange]) {
    let mut document = serde_json::json!({});
    let below = |field: &&FieldChange| super::update::is_below(field, "status");
    for field in fields.iter().filter(below) {
        field.path.set(&mut document, field.after.clone());
    }
    let Some(written) = document["status"]["conditions"].as_array() else {
        return;
    };
    let now = cluster.clock;
    for condition in written {
        let (Some(kind), Some(status)) = (condition["type"].as_str(), condition["status"].as_str())
        else {
            continue;
        };
        if !KUBELET_S.contains(&kind) {
            put_other(cluster, pod, kind, status, condition, now);
        }
    }
    cluster.workings.pods.set_due(pod, now);
}

/// Conditions that a kubelet or the scheduler keeps.
const KUBELET_S: [&str; 6] = [
    "ContainersReady",
    "DisruptionTarget",
    "Initialized",
    "PodReadyToStartContainers",
    "PodScheduled",
    "Ready",
];

fn put_other<P>(
    cluster: &mut Cluster<P>,
    pod: PodId,
    kind: &str,
    status: &str,
    written: &serde_json::Value,
    now: Tick,
) {
    let text = |key: &str| written[key].as_str().unwrap_or_default();
    let message = (!text("message").is_empty()).then(|| text("message").into());
    let others = &mut cluster.objects.pods[pod.index()].conditions.others;
    let status = super::given::condition_status(status);
    let known = others.iter_mut().find(|(name, _)| name == kind);
    let since = known
        .as_ref()
        .filter(|(_, row)| row.status == status)
        .map_or(now, |(_, row)| row.since);
    let row = PodCondition {
        status,
        since,
        reason: text("reason").into(),
        message,
    };
    match known {
        Some((_, present)) => *present = row,
        None => others.push((kind.into(), row)),
    }
}

fn condition_of(conditions: &PodConditions, kind: PodConditionKind) -> &PodCondition {
    match kind {
        PodConditionKind::Scheduled => &conditions.scheduled,
        PodConditionKind::Sandbox => &conditions.sandbox,
        PodConditionKind::Initialized => &conditions.initialized,
        PodConditionKind::ContainersReady => &conditions.containers_ready,
        PodConditionKind::Ready => &conditions.ready,
    }
}

fn condition_of_mut(conditions: &mut PodConditions, kind: PodConditionKind) -> &mut PodCondition {
    match kind {
        PodConditionKind::Scheduled => &mut conditions.scheduled,
        PodConditionKind::Sandbox => &mut conditions.sandbox,
        PodConditionKind::Initialized => &mut conditions.initialized,
        PodConditionKind::ContainersReady => &mut conditions.containers_ready,
        PodConditionKind::Ready => &mut conditions.ready,
    }
}

/// Sets the phase.
pub fn set_phase<P>(cluster: &mut Cluster<P>, pod: PodId, phase: PodPhase) {
    if cluster.objects.pods[pod.index()].phase == phase {
        return;
    }
    cluster.objects.pods[pod.index()].phase = phase;
    if phase.is_terminal() {
        super::storage::end_claims(cluster, pod);
    }
    touch(cluster, pod);
}

/// Says why a pod is about to be taken away: `DisruptionTarget`, with Kubernetes' reason.
pub fn set_disruption_target<P>(cluster: &mut Cluster<P>, pod: PodId, reason: &str, message: &str) {
    let since = cluster.clock;
    cluster.objects.pods[pod.index()].conditions.disruption = Some(PodCondition {
        status: ConditionStatus::True,
        since,
        reason: reason.into(),
        message: Some(message.into()),
    });
}

/// `terminationGracePeriodSeconds` of a pod.
#[must_use]
pub fn grace_of<P>(cluster: &Cluster<P>, pod: PodId) -> u32 {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    spec.termination_grace_period_seconds
        .unwrap_or(DEFAULT_GRACE)
}

/// Whether a pod's containers are started again when they end well.
#[must_use]
pub fn restart_policy<P>(cluster: &Cluster<P>, pod: PodId) -> RestartPolicy {
    let template = cluster.objects.pods[pod.index()].template;
    cluster.objects.templates[template.index()]
        .spec
        .spec
        .restart_policy
}

/// Asks for a deletion. A pod that no kubelet runs, or that is over, and one with `grace` 0 goes at once;
/// any other terminates, and its kubelet removes it. A second call may only shorten the time.
pub fn begin_deletion<P>(cluster: &mut Cluster<P>, pod: PodId, grace: u32) {
    let now = cluster.clock;
    if !cluster.objects.pods[pod.index()].exists()
        || mirror::show_again(cluster, pod) == mirror::Deleted::Again
    {
        return;
    }
    let row = &mut cluster.objects.pods[pod.index()];
    if row.node.is_none() || row.phase.is_terminal() || grace == 0 {
        remove(cluster, pod);
        return;
    }
    let asked = Deletion {
        asked: now,
        deadline: now.after(grace),
    };
    match &mut row.deletion {
        Some(under_way) => under_way.deadline = under_way.deadline.min(asked.deadline),
        None => {
            row.deletion = Some(asked);
            row.edits += 1;
        }
    }
    cluster.workings.pods.set_due(pod, now);
    cluster.workings.index.topology_dirty = true;
    touch(cluster, pod);
}

/// Gives a pod that nothing controls to a controller; the workload that stood for the bare pod is gone.
pub fn adopt<P>(
    cluster: &mut Cluster<P>,
    pod: PodId,
    workload: WorkloadId,
    replica_set: Option<ReplicaSetId>,
) {
    let now = cluster.clock;
    let before = hand_over(cluster, pod, workload, replica_set);
    cluster.objects.workloads[before.index()].header.removed = Some(now);
    Arc::make_mut(&mut cluster.workings.control.orphans).remove(&pod);
    keep_pin(cluster, pod, before);
}

/// Gives a pod from one workload to another; returns the one before.
pub(super) fn hand_over<P>(
    cluster: &mut Cluster<P>,
    pod: PodId,
    workload: WorkloadId,
    replica_set: Option<ReplicaSetId>,
) -> WorkloadId {
    let row = &mut cluster.objects.pods[pod.index()];
    let before = core::mem::replace(&mut row.workload, workload);
    row.replica_set = replica_set;
    let old = &mut cluster.objects.workloads[before.index()];
    Arc::make_mut(&mut old.pods).retain(|other| *other != pod);
    let owner = &mut cluster.objects.workloads[workload.index()];
    cluster.objects.pods[pod.index()].ordinal = owner.next_ordinal;
    owner.next_ordinal += 1;
    Arc::make_mut(&mut owner.pods).push(pod);
    cluster.workings.index.topology_dirty = true;
    touch(cluster, pod);
    before
}

/// Use that was pinned for the bare pod stays the pod's.
fn keep_pin<P>(cluster: &mut Cluster<P>, pod: PodId, before: WorkloadId) {
    let pins = &mut cluster.workings.pins;
    if pins.iter().any(|pin| pin.workload == before) {
        let own = Arc::make_mut(pins).iter_mut();
        for pin in own.filter(|pin| pin.workload == before) {
            pin.adopted = Some(pod);
        }
    }
}

/// Keeps a pod that a finalizer holds: it is over, and its deletion under way.
fn is_kept<P>(cluster: &mut Cluster<P>, pod: PodId) -> bool {
    if !super::finalizers::keep_pod(cluster, pod) {
        return false;
    }
    let now = cluster.clock;
    let row = &mut cluster.objects.pods[pod.index()];
    // Its kubelet has deleted it with no grace left: the time of the wish stays.
    let asked = row.deletion.map_or(now, |deletion| deletion.asked);
    row.deletion = Some(Deletion {
        asked,
        deadline: asked,
    });
    if row.node.is_some() && !row.phase.is_terminal() {
        let failed = |status: &ContainerStatus| matches!(&status.state, ContainerState::Terminated(end) if end.exit_code != 0);
        let phase = match row.containers.iter().any(failed) {
            true => PodPhase::Failed,
            false => PodPhase::Succeeded,
        };
        set_phase(cluster, pod, phase);
    }
    cluster.workings.pods.set_due(pod, Tick::NEVER);
    true
}

/// Removes a pod for good, unless a finalizer holds it. A bare pod's workload goes with it.
pub fn remove<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let now = cluster.clock;
    let row = &cluster.objects.pods[pod.index()];
    if !row.exists() || is_kept(cluster, pod) {
        return;
    }
    let row = &mut cluster.objects.pods[pod.index()];
    row.removed = Some(now);
    let (workload, node) = (row.workload, row.node);
    let owner = &mut cluster.objects.workloads[workload.index()];
    Arc::make_mut(&mut owner.pods).retain(|other| *other != pod);
    if owner.header.reference.kind == Kind::Pod {
        owner.header.removed = Some(now);
        Arc::make_mut(&mut cluster.workings.control.orphans).remove(&pod);
    }
    cluster.workings.scheduler.release(&cluster.objects, pod);
    super::storage::leave_claims(cluster, pod);
    super::storage::drop_ephemeral(cluster, pod);
    cluster.workings.index.forget(pod, node);
    cluster.workings.pods.set_due(pod, Tick::NEVER);
    if cluster.workings.control.daemon_nodes.contains_key(&pod) {
        Arc::make_mut(&mut cluster.workings.control.daemon_nodes).remove(&pod);
    }
    super::owners::note_gone(cluster);
    touch(cluster, pod);
}

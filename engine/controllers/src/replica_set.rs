//! The ReplicaSet controller (pkg/controller/replicaset): as many pods as wanted, and their count.

use super::conditions::{self, Saying};
use super::owned::{await_availability, count, is_selected};
use super::refusals::{self, Next, WAITS};
use crate::batch_of;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, pods};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{
    ConditionStatus, Pod, PodPhase, Severity, WorkloadSpec, WorkloadStatus,
};
use aegis_model::{NodeId, Overlay, PodId, ReplicaSetId, TemplateId, Tick, WorkloadId};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use libm::log2;

const SOURCE: Source = Source::of("replicaset-controller");
/// What came before ReplicaSets: the same controller under another name.
const REPLICATION_CONTROLLER: &str = "ReplicationController";
const OLDER_SOURCE: Source = Source::of("replication-controller");
/// Pods made or deleted in one sync at most. Source: replica_set.go `BurstReplicas`.
const BURST: usize = 500;

/// A ReplicaSet, a Deployment's or one of its own.
struct Set {
    workload: WorkloadId,
    id: Option<ReplicaSetId>,
    template: TemplateId,
    replicas: u32,
    min_ready: u32,
    object: ObjectRef,
}

/// Syncs the ReplicaSets of this round; bare pods are counted too.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    for id in batch_of(cluster, &Kind::Deployment) {
        for set in sets_of(cluster, id) {
            manage(cluster, &set, journal);
            observe(cluster, &set);
        }
    }
    let older = Kind::from(REPLICATION_CONTROLLER);
    for kind in [Kind::ReplicaSet, older, Kind::Pod] {
        for id in batch_of(cluster, &kind) {
            let set = bare(cluster, id);
            if kind != Kind::Pod {
                manage(cluster, &set, journal);
            }
            observe(cluster, &set);
            await_availability(cluster, id, set.min_ready);
        }
    }
}

/// Counts the pods of all ReplicaSets of a Deployment.
pub(super) fn observe_all<P>(cluster: &mut Cluster<P>, deployment: WorkloadId) {
    let sets = sets_of(cluster, deployment);
    for set in &sets {
        observe(cluster, set);
    }
    if let Some(set) = sets.first() {
        await_availability(cluster, deployment, set.min_ready);
    }
}

fn sets_of<P>(cluster: &Cluster<P>, deployment: WorkloadId) -> Vec<Set> {
    let row = &cluster.objects.workloads[deployment.index()];
    let WorkloadSpec::Deployment(spec) = &*row.spec else {
        return Vec::new();
    };
    let sets = &cluster.workings.control.workloads[deployment.index()].replica_sets;
    let set = |id: &ReplicaSetId| {
        let row = &cluster.objects.replica_sets[id.index()];
        Set {
            workload: deployment,
            id: Some(*id),
            template: row.template,
            replicas: row.replicas,
            min_ready: spec.min_ready_seconds,
            object: row.header.reference.clone(),
        }
    };
    sets.iter().map(set).collect()
}

fn bare<P>(cluster: &Cluster<P>, id: WorkloadId) -> Set {
    let row = &cluster.objects.workloads[id.index()];
    let min_ready = match &*row.spec {
        WorkloadSpec::ReplicaSet(spec) => spec.min_ready_seconds,
        _ => 0,
    };
    Set {
        workload: id,
        id: None,
        template: row.template,
        replicas: row.spec.replicas().unwrap_or(0),
        min_ready,
        object: row.header.reference.clone(),
    }
}

/// Pods of the set that are neither over nor terminating, and still carry its labels.
fn active<P>(cluster: &Cluster<P>, set: &Set) -> Vec<PodId> {
    let row = &cluster.objects.workloads[set.workload.index()];
    let is_own = |pod: &PodId| {
        let pod_row = &cluster.objects.pods[pod.index()];
        let selector = row.spec.selector();
        pod_row.replica_set == set.id
            && pod_row.is_active()
            && selector.is_none_or(|selector| is_selected(cluster, *pod, selector))
    };
    row.pods.iter().copied().filter(is_own).collect()
}

fn observe<P>(cluster: &mut Cluster<P>, set: &Set) {
    let now = cluster.clock;
    let mut status = WorkloadStatus::default();
    for pod in active(cluster, set) {
        count(
            &mut status,
            &cluster.objects.pods[pod.index()],
            set.min_ready,
            now,
        );
    }
    status.updated = status.replicas;
    status.unavailable = set.replicas.saturating_sub(status.available);
    let (place, generation) = status_of(cluster, set);
    status.observed_generation = generation;
    status.conditions = core::mem::take(&mut place.conditions);
    *place = status;
}

fn status_of<'a, P>(cluster: &'a mut Cluster<P>, set: &Set) -> (&'a mut WorkloadStatus, u32) {
    match set.id {
        Some(id) => {
            let row = &mut cluster.objects.replica_sets[id.index()];
            (&mut row.status, row.header.generation)
        }
        None => {
            let row = &mut cluster.objects.workloads[set.workload.index()];
            (&mut row.status, row.header.generation)
        }
    }
}

/// Takes over the pods that nothing controls and that the set selects.
/// Source: controller_ref_manager.go `ClaimPods`.
fn adopt<P>(cluster: &mut Cluster<P>, set: &Set) {
    if cluster.workings.control.orphans.is_empty() {
        return;
    }
    let orphans = cluster.workings.control.orphans.clone();
    for pod in orphans.iter().copied() {
        if claims(cluster, set, pod) {
            pods::adopt(cluster, pod, set.workload, set.id);
        }
    }
}

fn claims<P>(cluster: &Cluster<P>, set: &Set, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let owner = &cluster.objects.workloads[set.workload.index()];
    let template = &cluster.objects.templates[set.template.index()];
    let is_revision =
        set.id.is_none() || row.labels.get(api::POD_TEMPLATE_HASH) == Some(&template.hash);
    row.is_active()
        && is_revision
        && row.namespace == set.object.namespace
        && owner
            .spec
            .selector()
            .is_some_and(|selector| selector.matches(&row.labels))
}

/// Whether the set waits for its own pods to go: it makes no new ones.
fn is_going<P>(cluster: &Cluster<P>, set: &Set) -> bool {
    let row = set.id.map(|id| &cluster.objects.replica_sets[id.index()]);
    row.is_some_and(|row| row.header.deletion.is_some())
}

/// Makes or deletes pods until there are as many as wanted.
fn manage<P>(cluster: &mut Cluster<P>, set: &Set, journal: &mut Journal) {
    if is_going(cluster, set) {
        return;
    }
    adopt(cluster, set);
    let pods = active(cluster, set);
    let wanted = set.replicas as usize;
    let failure = if pods.len() < wanted {
        create(cluster, set, (wanted - pods.len()).min(BURST), journal).err()
    } else {
        delete(
            cluster,
            set,
            &pods,
            (pods.len() - wanted).min(BURST),
            journal,
        );
        None
    };
    note_failure(cluster, set, failure);
}

fn create<P>(
    cluster: &mut Cluster<P>,
    set: &Set,
    missing: usize,
    journal: &mut Journal,
) -> Result<(), String> {
    let mut made = 0;
    while made < missing {
        let ordinal = cluster.objects.workloads[set.workload.index()].next_ordinal;
        match pods::create(cluster, set.workload, set.id, set.template, ordinal) {
            Ok(pod) => {
                made += 1;
                refusals::let_in(cluster, set.workload);
                let name = &cluster.objects.pods[pod.index()].name;
                let message = format!("Created pod: {name}");
                let reason = "SuccessfulCreate";
                report(cluster, set, Severity::Normal, reason, &message, journal);
            }
            Err(refusal) => {
                let message = format!("Error creating: {refusal}");
                let reason = "FailedCreate";
                report(cluster, set, Severity::Warning, reason, &message, journal);
                if refusals::refused(cluster, set.workload, WAITS) == Next::Later {
                    return Err(refusal.to_string());
                }
            }
        }
    }
    Ok(())
}

fn report<P>(
    cluster: &mut Cluster<P>,
    set: &Set,
    severity: Severity,
    reason: &str,
    message: &str,
    journal: &mut Journal,
) {
    record(
        cluster,
        journal,
        severity,
        reason,
        message,
        &set.object,
        match set.object.kind.as_str() {
            REPLICATION_CONTROLLER => OLDER_SOURCE,
            _ => SOURCE,
        },
    );
}

fn note_failure<P>(cluster: &mut Cluster<P>, set: &Set, failure: Option<String>) {
    let now = cluster.clock;
    let (status, _) = status_of(cluster, set);
    let Some(message) = failure else {
        conditions::remove(&mut status.conditions, "ReplicaFailure");
        return;
    };
    let saying = Saying {
        kind: "ReplicaFailure",
        status: ConditionStatus::True,
        reason: "FailedCreate",
        message: &message,
    };
    conditions::set(&mut status.conditions, &saying, now);
}

fn delete<P>(
    cluster: &mut Cluster<P>,
    set: &Set,
    pods: &[PodId],
    surplus: usize,
    journal: &mut Journal,
) {
    if surplus == 0 {
        return;
    }
    let order = deletion_order(cluster, set.workload, pods);
    for pod in order.into_iter().take(surplus) {
        let grace = pods::grace_of(cluster, pod);
        let message = format!("Deleted pod: {}", cluster.objects.pods[pod.index()].name);
        pods::begin_deletion(cluster, pod, grace);
        let reason = "SuccessfulDelete";
        report(cluster, set, Severity::Normal, reason, &message, journal);
    }
}

/// What decides which pod goes first; the smallest does.
struct Rank {
    pod: PodId,
    assigned: bool,
    phase: u8,
    ready: bool,
    cost: i32,
    /// Pods of the same workload on the same node.
    crowd: u32,
    ready_since: Tick,
    restarts: u32,
    created: Tick,
}

/// Pods in the order in which they are deleted.
pub(super) fn deletion_order<P>(
    cluster: &Cluster<P>,
    workload: WorkloadId,
    pods: &[PodId],
) -> Vec<PodId> {
    let crowds = crowds(cluster, workload);
    let mut ranks: Vec<Rank> = pods
        .iter()
        .map(|pod| rank(cluster, &crowds, *pod))
        .collect();
    let now = cluster.clock;
    ranks.sort_by(|a, b| order(a, b, now));
    ranks.into_iter().map(|rank| rank.pod).collect()
}

/// Active pods of a workload per node.
fn crowds<P>(cluster: &Cluster<P>, workload: WorkloadId) -> BTreeMap<NodeId, u32> {
    let mut crowds = BTreeMap::new();
    for pod in cluster.objects.workloads[workload.index()].pods.iter() {
        let row = &cluster.objects.pods[pod.index()];
        if let Some(node) = row.node.filter(|_| row.is_active()) {
            *crowds.entry(node).or_default() += 1;
        }
    }
    crowds
}

fn rank<P>(cluster: &Cluster<P>, crowds: &BTreeMap<NodeId, u32>, pod: PodId) -> Rank {
    let row = &cluster.objects.pods[pod.index()];
    let crowd = row.node.and_then(|node| crowds.get(&node)).copied();
    Rank {
        pod,
        assigned: row.node.is_some(),
        phase: match row.phase {
            PodPhase::Pending => 0,
            PodPhase::Unknown => 1,
            _ => 2,
        },
        ready: row.is_ready(),
        cost: api::pod_deletion_cost(cluster, pod),
        crowd: crowd.unwrap_or(0),
        ready_since: row.conditions.ready.since,
        restarts: most_restarts(row),
        created: row.created,
    }
}

fn most_restarts(pod: &Pod) -> u32 {
    let restarts = pod.containers.iter().map(|status| status.restarts);
    restarts.max().unwrap_or(0)
}

/// Source: controller_utils.go `ActivePodsWithRanks.Less`, with logarithmic scale-down; where upstream
/// decides by the random uid, the newer row goes first.
fn order(a: &Rank, b: &Rank, now: Tick) -> Ordering {
    let key = |rank: &Rank| {
        (
            rank.assigned,
            rank.phase,
            rank.ready,
            rank.cost,
            Reverse(rank.crowd),
        )
    };
    key(a)
        .cmp(&key(b))
        .then_with(|| {
            if a.ready && b.ready {
                age(a.ready_since, now).cmp(&age(b.ready_since, now))
            } else {
                Ordering::Equal
            }
        })
        .then_with(|| b.restarts.cmp(&a.restarts))
        .then_with(|| age(a.created, now).cmp(&age(b.created, now)))
        .then_with(|| b.pod.cmp(&a.pod))
}

/// Power of two of an age in nanoseconds, -1 for none: ages of one power count as equal.
fn age(since: Tick, now: Tick) -> i64 {
    match now.elapsed(since) {
        0 => -1,
        seconds => log2(f64::from(seconds) * 1e9) as i64,
    }
}

//! The StatefulSet controller (pkg/controller/statefulset): pods with ordinals, in order.

use super::owned::{await_availability, count, is_available, is_selected};
use super::refusals::{self, Next, WAITS};
use super::revisions::{track, truncate};
use crate::{batch_of, claims, orphans};
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::pods;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::kubernetes::{Kind, StatefulSetSpec};
use aegis_model::objects::{PodPhase, Severity, WorkloadSpec, WorkloadStatus};
use aegis_model::{Overlay, PodId, TemplateId, WorkloadId};
use alloc::format;
use alloc::vec::Vec;

const SOURCE: Source = Source::of("statefulset-controller");

/// Syncs the StatefulSets of this round.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    for id in batch_of(cluster, &Kind::StatefulSet) {
        let Some(desk) = Desk::open(cluster, id) else {
            continue;
        };
        let _ = sync(cluster, &desk, journal);
        observe(cluster, &desk);
        truncate(cluster, id);
        await_availability(cluster, id, desk.min_ready);
    }
}

/// A StatefulSet on the controller's desk.
struct Desk {
    id: WorkloadId,
    /// Wanted revision.
    update: TemplateId,
    /// Revision of ordinals below the partition.
    current: TemplateId,
    start: u32,
    replicas: u32,
    order: Order,
    strategy: Strategy,
    min_ready: u32,
    /// Existing pods with their ordinals, lowest first.
    pods: Vec<(u32, PodId)>,
}

/// `podManagementPolicy`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// One after the other, each after the one before is available.
    Ordered,
    /// All at once.
    Parallel,
}

/// `updateStrategy`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strategy {
    OnDelete,
    /// From the highest ordinal down to the partition.
    Rolling {
        partition: u32,
    },
}

/// The controller waits for a pod, or has done what may be done in one sync.
struct Wait;

impl Desk {
    fn open<P>(cluster: &mut Cluster<P>, id: WorkloadId) -> Option<Self> {
        let spec = cluster.objects.workloads[id.index()].spec.clone();
        let WorkloadSpec::StatefulSet(spec) = &*spec else {
            return None;
        };
        let update = track(cluster, id);
        let (start, replicas) = (spec.ordinals.start, spec.replicas.unwrap_or(1));
        orphans::numbered(cluster, id, start..start.saturating_add(replicas));
        let control = &cluster.workings.control.workloads[id.index()];
        Some(Self {
            id,
            update,
            current: control.current.unwrap_or(update),
            start,
            replicas,
            order: match spec.pod_management_policy.as_deref() {
                Some("Parallel") => Order::Parallel,
                _ => Order::Ordered,
            },
            strategy: Strategy::of(spec),
            min_ready: spec.min_ready_seconds,
            pods: by_ordinal(cluster, id),
        })
    }

    /// The pod of an ordinal, as it was when the sync began.
    fn pod_at(&self, ordinal: u32) -> Option<PodId> {
        let place = self
            .pods
            .binary_search_by_key(&ordinal, |(ordinal, _)| *ordinal);
        place.ok().map(|place| self.pods[place].1)
    }

    fn is_wanted(&self, ordinal: u32) -> bool {
        (self.start..self.start + self.replicas).contains(&ordinal)
    }

    /// The revision of a pod that is made now.
    fn revision_of(&self, ordinal: u32) -> TemplateId {
        match self.strategy {
            Strategy::Rolling { partition } if ordinal < self.start + partition => self.current,
            _ => self.update,
        }
    }

    /// Ends the sync where pods are handled in order.
    fn pause(&self) -> Result<(), Wait> {
        match self.order {
            Order::Ordered => Err(Wait),
            Order::Parallel => Ok(()),
        }
    }
}

impl Strategy {
    fn of(spec: &StatefulSetSpec) -> Self {
        if spec.update_strategy.kind == "OnDelete" {
            return Self::OnDelete;
        }
        let bounds = spec.update_strategy.rolling_update.as_ref();
        Self::Rolling {
            partition: bounds.and_then(|b| b.partition).unwrap_or(0),
        }
    }
}

fn by_ordinal<P>(cluster: &Cluster<P>, id: WorkloadId) -> Vec<(u32, PodId)> {
    let ordinal = |pod: &PodId| cluster.objects.pods[pod.index()].ordinal;
    let own = own(cluster, id);
    let mut pods: Vec<_> = own.iter().map(|pod| (ordinal(pod), *pod)).collect();
    pods.sort_unstable();
    pods
}

/// Pods of the set that still carry its labels: another is released.
fn own<P>(cluster: &Cluster<P>, id: WorkloadId) -> Vec<PodId> {
    let row = &cluster.objects.workloads[id.index()];
    let selector = row.spec.selector();
    let is_own = |pod: &PodId| selector.is_none_or(|s| is_selected(cluster, *pod, s));
    row.pods.iter().copied().filter(is_own).collect()
}

fn is_terminating<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    cluster.objects.pods[pod.index()].deletion.is_some()
}

fn is_pending<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    row.phase == PodPhase::Pending && row.deletion.is_none()
}

/// Running, ready for long enough, and not terminating.
fn is_healthy<P>(cluster: &Cluster<P>, desk: &Desk, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    row.phase == PodPhase::Running
        && row.deletion.is_none()
        && is_available(row, desk.min_ready, cluster.clock)
}

/// Wanted pods first, then surplus ones, then updates; each stage only behind the one before.
fn sync<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) -> Result<(), Wait> {
    let surplus = surplus(desk);
    let first_unhealthy = first_unhealthy(cluster, desk, &surplus);
    for ordinal in desk.start..desk.start + desk.replicas {
        keep(cluster, desk, ordinal, journal)?;
    }
    for pod in surplus.into_iter().rev() {
        condemn(cluster, desk, pod, first_unhealthy, journal)?;
    }
    update(cluster, desk, journal)
}

/// Pods whose ordinals are not wanted, lowest first.
fn surplus(desk: &Desk) -> Vec<PodId> {
    let pods = desk.pods.iter();
    pods.filter(|(ordinal, _)| !desk.is_wanted(*ordinal))
        .map(|(_, pod)| *pod)
        .collect()
}

fn first_unhealthy<P>(cluster: &Cluster<P>, desk: &Desk, surplus: &[PodId]) -> Option<PodId> {
    let wanted = desk.start..desk.start + desk.replicas;
    let pods = wanted.filter_map(|ordinal| desk.pod_at(ordinal));
    pods.chain(surplus.iter().copied())
        .find(|pod| !is_healthy(cluster, desk, *pod))
}

/// Makes the pod of an ordinal, makes it anew where it failed, or waits for it.
fn keep<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    ordinal: u32,
    journal: &mut Journal,
) -> Result<(), Wait> {
    let Some(pod) = desk.pod_at(ordinal) else {
        create(cluster, desk, ordinal, journal)?;
        return desk.pause();
    };
    if cluster.objects.pods[pod.index()].phase.is_terminal() {
        replace_failed(cluster, desk, pod, journal);
        return Err(Wait);
    }
    if is_pending(cluster, pod) && claims::make(cluster, journal, desk.id, ordinal).is_err() {
        return Err(Wait);
    }
    if is_healthy(cluster, desk, pod) {
        return Ok(());
    }
    desk.pause()
}

fn create<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    ordinal: u32,
    journal: &mut Journal,
) -> Result<(), Wait> {
    let set = &cluster.objects.workloads[desk.id.index()].header.reference;
    let name = format!("{}-{ordinal}", set.name);
    let set = set.name.clone();
    let template = desk.revision_of(ordinal);
    if claims::make(cluster, journal, desk.id, ordinal).is_err() {
        return match refusals::refused(cluster, desk.id, WAITS) {
            Next::Now => create(cluster, desk, ordinal, journal),
            Next::Later => Err(Wait),
        };
    }
    match pods::create(cluster, desk.id, None, template, ordinal) {
        Ok(_) => {
            refusals::let_in(cluster, desk.id);
            let message = format!("create Pod {name} in StatefulSet {set} successful");
            let reason = "SuccessfulCreate";
            report(cluster, desk, Severity::Normal, reason, &message, journal);
            Ok(())
        }
        Err(refusal) => {
            let message = format!("create Pod {name} in StatefulSet {set} failed error: {refusal}");
            let reason = "FailedCreate";
            report(cluster, desk, Severity::Warning, reason, &message, journal);
            match refusals::refused(cluster, desk.id, WAITS) {
                Next::Now => create(cluster, desk, ordinal, journal),
                Next::Later => Err(Wait),
            }
        }
    }
}

/// Removes a pod that is over; the next sync makes a new one.
fn replace_failed<P>(cluster: &mut Cluster<P>, desk: &Desk, pod: PodId, journal: &mut Journal) {
    let row = &cluster.objects.pods[pod.index()];
    let set = &cluster.objects.workloads[desk.id.index()].header.reference;
    let (reason, kind) = match row.phase {
        PodPhase::Failed => ("RecreatingFailedPod", "failed"),
        _ => ("RecreatingTerminatedPod", "terminated"),
    };
    let message = format!(
        "StatefulSet {}/{} is recreating {kind} Pod {}",
        set.namespace, set.name, row.name
    );
    report(cluster, desk, Severity::Warning, reason, &message, journal);
    let grace = pods::grace_of(cluster, pod);
    pods::begin_deletion(cluster, pod, grace);
}

fn report<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    severity: Severity,
    reason: &str,
    message: &str,
    journal: &mut Journal,
) {
    let row = &cluster.objects.workloads[desk.id.index()];
    let object = row.header.reference.clone();
    record(cluster, journal, severity, reason, message, &object, SOURCE);
}

fn delete<P>(cluster: &mut Cluster<P>, desk: &Desk, pod: PodId, journal: &mut Journal) {
    let set = &cluster.objects.workloads[desk.id.index()].header.reference;
    let name = &cluster.objects.pods[pod.index()].name;
    let message = format!("delete Pod {name} in StatefulSet {} successful", set.name);
    let reason = "SuccessfulDelete";
    report(cluster, desk, Severity::Normal, reason, &message, journal);
    let grace = pods::grace_of(cluster, pod);
    pods::begin_deletion(cluster, pod, grace);
}

/// Takes a surplus pod away; in order, not before all others are healthy.
fn condemn<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    pod: PodId,
    first_unhealthy: Option<PodId>,
    journal: &mut Journal,
) -> Result<(), Wait> {
    if is_terminating(cluster, pod) {
        return desk.pause();
    }
    if !is_healthy(cluster, desk, pod) && first_unhealthy != Some(pod) {
        desk.pause()?;
    }
    delete(cluster, desk, pod, journal);
    let ordinal = cluster.objects.pods[pod.index()].ordinal;
    claims::let_go(cluster, desk.id, ordinal);
    desk.pause()
}

/// Replaces one pod of an old revision, from the highest ordinal, behind healthy ones.
fn update<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) -> Result<(), Wait> {
    let Strategy::Rolling { partition } = desk.strategy else {
        return Ok(());
    };
    for ordinal in (desk.start + partition..desk.start + desk.replicas).rev() {
        let pod = desk.pod_at(ordinal).ok_or(Wait)?;
        let template = cluster.objects.pods[pod.index()].template;
        let is_old = cluster.objects.revision(template) != desk.update;
        if is_old && !is_terminating(cluster, pod) {
            delete(cluster, desk, pod, journal);
            return Err(Wait);
        }
        if !is_healthy(cluster, desk, pod) {
            return Err(Wait);
        }
    }
    Ok(())
}

fn observe<P>(cluster: &mut Cluster<P>, desk: &Desk) {
    let now = cluster.clock;
    let row = &cluster.objects.workloads[desk.id.index()];
    let mut status = WorkloadStatus {
        observed_generation: row.header.generation,
        ..WorkloadStatus::default()
    };
    let own = own(cluster, desk.id);
    for pod in own.iter().map(|pod| &cluster.objects.pods[pod.index()]) {
        count(&mut status, pod, desk.min_ready, now);
        let is_current = cluster.objects.revision(pod.template) == desk.update;
        let is_updated = is_current && pod.deletion.is_none();
        status.updated += u32::from(is_updated);
    }
    status.unavailable = desk.replicas.saturating_sub(status.available);
    let all = status.replicas;
    if status.updated == all && status.ready == all {
        cluster.workings.control.workloads[desk.id.index()].current = Some(desk.update);
    }
    cluster.objects.workloads[desk.id.index()].status = status;
}

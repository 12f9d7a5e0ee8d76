//! The Job controller (pkg/controller/job): pods until enough of them have succeeded.
//!
//! Upstream counts a finished pod while a finalizer holds it; here the pods that are not counted yet
//! are remembered ([`JobControl`]), so a pod that vanishes between two syncs still counts. A pod
//! that is deleted while it runs counts as failed, unless only failed pods are replaced.

mod end;
mod failures;
mod manage;
mod policy;

use crate::batch_of;
use crate::conditions;
use aegis_cluster::api;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::JobControl;
use aegis_model::kubernetes::{JobSpec, Kind};
use aegis_model::objects::{
    BatchStatus, ConditionStatus, JobStatus, PodPhase, Severity, WorkloadSpec, WorkloadStatus,
};
use aegis_model::{Overlay, PodId, Tick, WorkloadId};
use alloc::vec::Vec;

const SOURCE: Source = Source::of("job-controller");
/// `spec.managedBy` of Jobs that this controller looks after.
const JOB_CONTROLLER: &str = "kubernetes.io/job-controller";
/// Label with the index that a pod of an Indexed Job stands for.
pub(crate) const COMPLETION_INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Syncs the Jobs of this round.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    for id in batch_of(cluster, &Kind::Job) {
        let spec = cluster.objects.workloads[id.index()].spec.clone();
        if let WorkloadSpec::Job(spec) = &*spec
            && spec.managed_by.as_deref().unwrap_or(JOB_CONTROLLER) == JOB_CONTROLLER
        {
            sync(cluster, id, spec, journal);
        }
    }
}

/// A Job on the controller's desk.
struct Desk<'a> {
    id: WorkloadId,
    spec: &'a JobSpec,
    /// The status that this sync writes.
    status: JobStatus,
    /// What is remembered, as this sync leaves it.
    control: JobControl,
    /// Pods that are neither over nor terminating.
    active: Vec<PodId>,
    /// Pods that have succeeded and are not counted yet.
    succeeded: Vec<PodId>,
    /// Pods that have failed and are not counted yet.
    failed: Vec<PodId>,
}

/// What has become of a pod.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Succeeded,
    Failed,
}

fn sync<P>(cluster: &mut Cluster<P>, id: WorkloadId, spec: &JobSpec, journal: &mut Journal) {
    if let Some(end) = finished(&cluster.objects.workloads[id.index()].status) {
        await_removal(cluster, id, spec, end);
        return;
    }
    let mut desk = Desk::open(cluster, id, spec);
    if desk.status.started.is_none() && !spec.suspend {
        desk.status.started = Some(cluster.clock);
    }
    failures::note(cluster, &mut desk);
    let verdict = end::verdict(cluster, &desk).or_else(|| {
        manage::keep(cluster, &mut desk, journal);
        end::completion(cluster, &desk)
    });
    match &verdict {
        Some(end) => end::close(cluster, &mut desk, end, journal),
        None => end::count(cluster, &mut desk),
    }
    if verdict.is_none() {
        manage::note_suspension(cluster, &mut desk, journal);
    }
    desk.write(cluster);
    if let Some(end) = &verdict {
        end::enact(cluster, id, end, journal);
    }
}

/// When a Job came to its end; `None` while it has not.
pub(crate) fn finished(status: &WorkloadStatus) -> Option<Tick> {
    ["Complete", "Failed"].into_iter().find_map(|kind| {
        let end = conditions::get(&status.conditions, kind)?;
        (end.status == ConditionStatus::True).then_some(end.since)
    })
}

/// Deletes a finished Job when its time has come (pkg/controller/ttlafterfinished).
fn await_removal<P>(cluster: &mut Cluster<P>, id: WorkloadId, spec: &JobSpec, end: Tick) {
    let Some(ttl) = spec.ttl_seconds_after_finished else {
        return;
    };
    let due = end.after(ttl);
    if due <= cluster.clock {
        api::delete_workload(cluster, id);
    } else {
        cluster.workings.control.enqueue_at(due, id);
    }
}

impl<'a> Desk<'a> {
    fn open<P>(cluster: &Cluster<P>, id: WorkloadId, spec: &'a JobSpec) -> Self {
        let row = &cluster.objects.workloads[id.index()];
        let status = match &row.status.batch {
            BatchStatus::Job(status) => status.clone(),
            _ => JobStatus::default(),
        };
        let mut control = cluster.workings.control.workloads[id.index()].job.clone();
        let pods = row.pods.iter().copied();
        control.track(pods.filter(|pod| has_valid_index(cluster, spec, *pod)));
        let mut desk = Self {
            id,
            spec,
            status,
            control,
            active: Vec::new(),
            succeeded: Vec::new(),
            failed: Vec::new(),
        };
        desk.sort_pods(cluster);
        desk
    }

    fn sort_pods<P>(&mut self, cluster: &Cluster<P>) {
        let row = &cluster.objects.workloads[self.id.index()];
        let is_active = |pod: &PodId| cluster.objects.pods[pod.index()].is_active();
        self.active = row.pods.iter().copied().filter(is_active).collect();
        for pod in &self.control.uncounted {
            match fate(cluster, self.spec, *pod) {
                Fate::Open => {}
                Fate::Succeeded => self.succeeded.push(*pod),
                Fate::Failed => self.failed.push(*pod),
            }
        }
    }

    /// Pods that have succeeded so far, counted or not.
    fn successes<P>(&self, cluster: &Cluster<P>) -> u32 {
        match self.spec.is_indexed() {
            true => self.succeeded_indexes(cluster).total(),
            false => self.status.succeeded + self.succeeded.len() as u32,
        }
    }

    /// Indexes that have succeeded so far, counted or not.
    fn succeeded_indexes<P>(&self, cluster: &Cluster<P>) -> aegis_model::objects::Indexes {
        let mut indexes = self.status.completed_indexes.clone();
        let new = self.succeeded.iter();
        new.filter_map(|pod| index_of(cluster, *pod))
            .for_each(|index| indexes.insert(index));
        indexes
    }

    /// Has the pods counted, or says that they shall not be.
    fn settle(&mut self, pods: &[PodId]) {
        for pod in pods {
            self.control.settle(*pod);
        }
    }

    fn write<P>(self, cluster: &mut Cluster<P>) {
        let (active, ready) = counts(cluster, self.id);
        let terminating = terminating(cluster, self.id);
        let status = JobStatus {
            active,
            terminating,
            ..self.status
        };
        let row = &mut cluster.objects.workloads[self.id.index()];
        row.status.ready = ready;
        row.status.replicas = active;
        row.status.batch = BatchStatus::Job(status);
        cluster.workings.control.workloads[self.id.index()].job = self.control;
    }
}

/// Active pods, and those of them that are ready.
fn counts<P>(cluster: &Cluster<P>, id: WorkloadId) -> (u32, u32) {
    let pods = cluster.objects.workloads[id.index()].pods.iter();
    let active = pods
        .map(|pod| &cluster.objects.pods[pod.index()])
        .filter(|pod| pod.is_active());
    active.fold((0, 0), |(active, ready), pod| {
        (active + 1, ready + u32::from(pod.is_ready()))
    })
}

fn terminating<P>(cluster: &Cluster<P>, id: WorkloadId) -> u32 {
    let pods = cluster.objects.workloads[id.index()].pods.iter();
    let pods = pods.map(|pod| &cluster.objects.pods[pod.index()]);
    pods.filter(|pod| pod.exists() && pod.deletion.is_some() && !pod.phase.is_terminal())
        .count() as u32
}

fn fate<P>(cluster: &Cluster<P>, spec: &JobSpec, pod: PodId) -> Fate {
    let row = &cluster.objects.pods[pod.index()];
    let gone = !row.exists() || (row.deletion.is_some() && !spec.replaces_failed_only());
    match row.phase {
        PodPhase::Succeeded => Fate::Succeeded,
        PodPhase::Failed => Fate::Failed,
        _ if gone => Fate::Failed,
        _ => Fate::Open,
    }
}

/// The index for which a pod of an Indexed Job was made.
fn index_of<P>(cluster: &Cluster<P>, pod: PodId) -> Option<u32> {
    let labels = &cluster.objects.pods[pod.index()].labels;
    labels.get(COMPLETION_INDEX)?.parse().ok()
}

fn has_valid_index<P>(cluster: &Cluster<P>, spec: &JobSpec, pod: PodId) -> bool {
    !spec.is_indexed()
        || index_of(cluster, pod)
            .is_some_and(|index| spec.completions().is_none_or(|all| index < all))
}

fn report<P>(
    cluster: &mut Cluster<P>,
    id: WorkloadId,
    severity: Severity,
    reason: &str,
    message: &str,
    journal: &mut Journal,
) {
    let row = &cluster.objects.workloads[id.index()];
    let object = row.header.reference.clone();
    record(cluster, journal, severity, reason, message, &object, SOURCE);
}

//! When a Job is over, and what it has come to.
//!
//! Source: job_controller.go `syncJob`, `trackJobStatusAndRemoveFinalizers`, `enactJobFinished`. The
//! verdict is a condition of its own (`SuccessCriteriaMet`, `FailureTarget`) from the moment it is
//! known; `Complete` or `Failed` follow when no pod is left.

use super::policy::{self, Action};
use super::{Desk, index_of, manage, report, terminating};
use crate::conditions::{self, Saying};
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_model::kubernetes::RestartPolicy;
use aegis_model::objects::{BatchStatus, Condition, ConditionStatus, Indexes, PodPhase, Severity};
use aegis_model::{PodId, WorkloadId};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use smol_str::SmolStr;

/// How a Job ends.
pub(super) struct End {
    outcome: Outcome,
    reason: SmolStr,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
}

impl Outcome {
    /// The condition that says so before all pods are gone.
    const fn interim(self) -> &'static str {
        match self {
            Self::Success => "SuccessCriteriaMet",
            Self::Failure => "FailureTarget",
        }
    }

    const fn last(self) -> &'static str {
        match self {
            Self::Success => "Complete",
            Self::Failure => "Failed",
        }
    }
}

impl End {
    fn failure(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Failure,
            reason: SmolStr::new_static(reason),
            message: message.into(),
        }
    }

    fn success(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Success,
            reason: SmolStr::new_static(reason),
            message: message.into(),
        }
    }

    fn told(outcome: Outcome, conditions: &[Condition]) -> Option<Self> {
        let condition = conditions::get(conditions, outcome.interim())?;
        (condition.status == ConditionStatus::True).then(|| Self {
            outcome,
            reason: condition.reason.clone(),
            message: condition.message.to_string(),
        })
    }
}

/// The end that is known already, or that failures, time or indexes bring about.
pub(super) fn verdict<P>(cluster: &mut Cluster<P>, desk: &Desk<'_>) -> Option<End> {
    let conditions = &cluster.objects.workloads[desk.id.index()].status.conditions;
    End::told(Outcome::Success, conditions)
        .or_else(|| End::told(Outcome::Failure, conditions))
        .or_else(|| by_policy(cluster, desk))
        .or_else(|| by_limit(cluster, desk))
        .or_else(|| by_deadline(cluster, desk))
        .or_else(|| by_indexes(cluster, desk))
}

fn by_policy<P>(cluster: &Cluster<P>, desk: &Desk<'_>) -> Option<End> {
    desk.spec.pod_failure_policy.as_ref()?;
    desk.failed
        .iter()
        .find_map(|pod| match policy::action(cluster, desk.spec, *pod) {
            Action::FailJob(message) => Some(End::failure("PodFailurePolicy", message)),
            _ => None,
        })
}

fn by_limit<P>(cluster: &Cluster<P>, desk: &Desk<'_>) -> Option<End> {
    let new = desk.failed.iter();
    let counted = new.filter(|pod| policy::counts(cluster, desk.spec, **pod));
    let failed = desk.status.failed + counted.count() as u32;
    let limit = desk.spec.backoff_limit();
    let message = "Job has reached the specified backoff limit";
    (failed > limit || has_restarted_too_often(cluster, desk, limit))
        .then(|| End::failure("BackoffLimitExceeded", message))
}

/// Restarts in place count where pods are restarted on failure.
fn has_restarted_too_often<P>(cluster: &Cluster<P>, desk: &Desk<'_>, limit: u32) -> bool {
    if desk.spec.template.spec.restart_policy != RestartPolicy::OnFailure {
        return false;
    }
    let pods = cluster.objects.workloads[desk.id.index()].pods.iter();
    let pods = pods.map(|pod| &cluster.objects.pods[pod.index()]);
    let open = pods.filter(|pod| matches!(pod.phase, PodPhase::Running | PodPhase::Pending));
    let restarts: u32 = open
        .flat_map(|pod| pod.containers.iter().map(|status| status.restarts))
        .sum();
    restarts > 0 && restarts >= limit
}

/// Has the Job looked at again when its time is over.
fn by_deadline<P>(cluster: &mut Cluster<P>, desk: &Desk<'_>) -> Option<End> {
    let (seconds, started) = (desk.spec.active_deadline_seconds?, desk.status.started?);
    if desk.spec.suspend {
        return None;
    }
    let deadline = started.after(seconds);
    if deadline > cluster.clock {
        cluster.workings.control.enqueue_at(deadline, desk.id);
        return None;
    }
    let message = "Job was active longer than specified deadline";
    Some(End::failure("DeadlineExceeded", message))
}

fn by_indexes<P>(cluster: &Cluster<P>, desk: &Desk<'_>) -> Option<End> {
    let spec = desk.spec;
    if !spec.is_indexed() {
        return None;
    }
    let succeeded = desk.succeeded_indexes(cluster);
    let failed = desk.status.failed_indexes.as_ref();
    let failed = failed.map_or(0, Indexes::total);
    if spec.max_failed_indexes.is_some_and(|most| failed > most) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(End::failure("MaxFailedIndexesExceeded", message));
    }
    let all = spec.completions().unwrap_or(0);
    if failed > 0 && failed + succeeded.total() >= all {
        return Some(End::failure("FailedIndexes", "Job has failed indexes"));
    }
    let rule = policy::success(spec, &succeeded)?;
    Some(End::success(
        "SuccessPolicy",
        format!("Matched rules at index {rule}"),
    ))
}

/// The end that enough successes bring about.
pub(super) fn completion<P>(cluster: &Cluster<P>, desk: &Desk<'_>) -> Option<End> {
    let succeeded = desk.successes(cluster);
    let enough = match desk.spec.completions() {
        None => succeeded > 0,
        Some(completions) => succeeded >= completions,
    };
    let message = "Reached expected number of succeeded pods";
    (enough && desk.active.is_empty()).then(|| End::success("CompletionsReached", message))
}

/// Counts the pods that are over.
pub(super) fn count<P>(cluster: &Cluster<P>, desk: &mut Desk<'_>) {
    let (succeeded, failed) = (
        core::mem::take(&mut desk.succeeded),
        core::mem::take(&mut desk.failed),
    );
    count_successes(cluster, desk, &succeeded);
    for pod in failed {
        if !is_held(cluster, desk, pod) {
            count_failure(cluster, desk, pod);
        }
    }
}

fn count_successes<P>(cluster: &Cluster<P>, desk: &mut Desk<'_>, pods: &[PodId]) {
    if desk.spec.is_indexed() {
        for index in pods.iter().filter_map(|pod| index_of(cluster, *pod)) {
            desk.status.completed_indexes.insert(index);
        }
        desk.status.succeeded = desk.status.completed_indexes.total();
    } else {
        desk.status.succeeded += pods.len() as u32;
    }
    desk.settle(pods);
}

fn count_failure<P>(cluster: &Cluster<P>, desk: &mut Desk<'_>, pod: PodId) {
    desk.status.failed += u32::from(policy::counts(cluster, desk.spec, pod));
    desk.settle(&[pod]);
}

/// Whether a failed pod of an index is kept uncounted until the next of its index is made.
/// Source: indexed_job_utils.go `getPodsWithDelayedDeletionPerIndex`.
fn is_held<P>(cluster: &Cluster<P>, desk: &Desk<'_>, pod: PodId) -> bool {
    let (Some(failed), Some(index)) = (&desk.status.failed_indexes, index_of(cluster, pod)) else {
        return false;
    };
    let replaced = desk
        .active
        .iter()
        .any(|other| index_of(cluster, *other) == Some(index));
    let over = failed.contains(index) || desk.status.completed_indexes.contains(index);
    !replaced && !over
}

/// Deletes what still runs, counts all pods, and notes the verdict.
pub(super) fn close<P>(
    cluster: &mut Cluster<P>,
    desk: &mut Desk<'_>,
    end: &End,
    journal: &mut Journal,
) {
    for pod in desk.active.clone() {
        manage::delete(cluster, desk, pod, journal);
    }
    let succeeded = core::mem::take(&mut desk.succeeded);
    count_successes(cluster, desk, &succeeded);
    for pod in core::mem::take(&mut desk.failed) {
        count_failure(cluster, desk, pod);
    }
    let left: Vec<PodId> = desk.control.uncounted.iter().copied().collect();
    for pod in left {
        match end.outcome {
            Outcome::Failure => count_failure(cluster, desk, pod),
            Outcome::Success => desk.settle(&[pod]),
        }
    }
    say(cluster, desk.id, end.outcome.interim(), end);
}

fn say<P>(cluster: &mut Cluster<P>, id: WorkloadId, kind: &'static str, end: &End) {
    let now = cluster.clock;
    let row = &mut cluster.objects.workloads[id.index()];
    let saying = Saying {
        kind,
        status: ConditionStatus::True,
        reason: &end.reason,
        message: &end.message,
    };
    conditions::set(&mut row.status.conditions, &saying, now);
}

/// Says that the Job is over once no pod terminates any more, and has its CronJob look.
pub(super) fn enact<P>(cluster: &mut Cluster<P>, id: WorkloadId, end: &End, journal: &mut Journal) {
    if terminating(cluster, id) > 0 {
        return;
    }
    say(cluster, id, end.outcome.last(), end);
    match end.outcome {
        Outcome::Success => complete(cluster, id, journal),
        Outcome::Failure => {
            let warning = Severity::Warning;
            report(cluster, id, warning, &end.reason, &end.message, journal);
        }
    }
    cluster.workings.control.enqueue(id);
    if let Some(owner) = api::cron_job_of(cluster, id) {
        cluster.workings.control.enqueue(owner);
    }
}

fn complete<P>(cluster: &mut Cluster<P>, id: WorkloadId, journal: &mut Journal) {
    let now = cluster.clock;
    let row = &mut cluster.objects.workloads[id.index()];
    let wanted = match &*row.spec {
        aegis_model::objects::WorkloadSpec::Job(spec) => spec.completions(),
        _ => None,
    };
    let mut succeeded = 0;
    if let BatchStatus::Job(status) = &mut row.status.batch {
        status.completed = Some(now);
        succeeded = status.succeeded;
    }
    if wanted.is_some_and(|wanted| succeeded > wanted) {
        let message = "Too many succeeded pods running after completion count reached";
        report(
            cluster,
            id,
            Severity::Warning,
            "TooManySucceededPods",
            message,
            journal,
        );
    }
    report(
        cluster,
        id,
        Severity::Normal,
        "Completed",
        "Job completed",
        journal,
    );
}

//! As many pods as wanted. Source: job_controller.go `manageJob`.

use super::failures::retry_at;
use super::{COMPLETION_INDEX, Desk, index_of, report, terminating};
use crate::conditions::{self, Saying};
use crate::refusals::{self, Next, WAITS_OF_JOBS};
use crate::replica_set::deletion_order;
use aegis_cluster::api::pods;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_model::objects::{ConditionStatus, Severity};
use aegis_model::{PodId, Tick};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

/// Pods made or deleted in one sync at most. Source: `MaxPodCreateDeletePerSync`.
const BURST: usize = 500;

/// Makes or deletes pods until there are as many as wanted.
pub(super) fn keep<P>(cluster: &mut Cluster<P>, desk: &mut Desk<'_>, journal: &mut Journal) {
    let wanted = wanted(cluster, desk) as usize;
    let surplus = surplus(cluster, desk, wanted);
    if !surplus.is_empty() {
        for pod in surplus.into_iter().take(BURST) {
            desk.settle(&[pod]);
            delete(cluster, desk, pod, journal);
        }
        return;
    }
    let leaving = match desk.spec.replaces_failed_only() {
        true => terminating(cluster, desk.id) as usize,
        false => 0,
    };
    let missing = wanted.saturating_sub(desk.active.len() + leaving);
    if missing > 0 && !desk.spec.suspend {
        add(cluster, desk, missing.min(BURST), journal);
    }
}

/// Active pods that are wanted.
fn wanted<P>(cluster: &Cluster<P>, desk: &Desk<'_>) -> u32 {
    let parallelism = desk.spec.parallelism();
    let succeeded = desk.successes(cluster);
    match desk.spec.completions() {
        _ if desk.spec.suspend => 0,
        None if succeeded > 0 => desk.active.len() as u32,
        None => parallelism,
        Some(completions) => completions.saturating_sub(succeeded).min(parallelism),
    }
}

/// Pods that are to go: doubles and strays of an Indexed Job, then as many as are too many.
fn surplus<P>(cluster: &Cluster<P>, desk: &Desk<'_>, wanted: usize) -> Vec<PodId> {
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    let mut indexes = BTreeSet::new();
    let ordered = deletion_order(cluster, desk.id, &desk.active);
    for pod in ordered.into_iter().rev() {
        let index = index_of(cluster, pod);
        let in_range =
            index.is_some_and(|index| desk.spec.completions().is_none_or(|all| index < all));
        let fits = !desk.spec.is_indexed() || (in_range && indexes.insert(index));
        if fits { &mut kept } else { &mut gone }.push(pod);
    }
    let too_many = desk.active.len().saturating_sub(wanted + gone.len());
    gone.extend(kept.into_iter().rev().take(too_many));
    gone
}

/// Deletes a pod and says so.
pub(super) fn delete<P>(
    cluster: &mut Cluster<P>,
    desk: &mut Desk<'_>,
    pod: PodId,
    journal: &mut Journal,
) {
    let message = format!("Deleted pod: {}", cluster.objects.pods[pod.index()].name);
    let grace = pods::grace_of(cluster, pod);
    pods::begin_deletion(cluster, pod, grace);
    desk.active.retain(|other| *other != pod);
    let reason = "SuccessfulDelete";
    report(
        cluster,
        desk.id,
        Severity::Normal,
        reason,
        &message,
        journal,
    );
}

fn add<P>(cluster: &mut Cluster<P>, desk: &mut Desk<'_>, missing: usize, journal: &mut Journal) {
    let now = cluster.clock;
    if desk.spec.is_indexed() {
        let open = open_indexes(cluster, desk, missing);
        let retry = |index: &u32| {
            let failures = desk.control.indexes.get(index);
            failures.map_or(Tick(0), |f| retry_at(f.all, Some(f.last)))
        };
        let per_index = desk.spec.backoff_limit_per_index.is_some();
        let common = retry_at(desk.control.failures, desk.control.last_failure);
        let due = |index: &u32| if per_index { retry(index) } else { common };
        let (ready, waiting): (Vec<u32>, Vec<u32>) =
            open.into_iter().partition(|index| due(index) <= now);
        if let Some(next) = waiting.iter().map(due).min() {
            cluster.workings.control.enqueue_at(next, desk.id);
        }
        for index in ready {
            create(cluster, desk, Some(index), journal);
        }
        return;
    }
    let retry = retry_at(desk.control.failures, desk.control.last_failure);
    if retry > now {
        cluster.workings.control.enqueue_at(retry, desk.id);
        return;
    }
    for _ in 0..missing {
        create(cluster, desk, None, journal);
    }
}

/// The lowest indexes that have neither succeeded nor failed, and have no pod.
fn open_indexes<P>(cluster: &Cluster<P>, desk: &Desk<'_>, count: usize) -> Vec<u32> {
    let row = &cluster.objects.workloads[desk.id.index()];
    let holds = |pod: &&PodId| {
        let pod = &cluster.objects.pods[pod.index()];
        let leaving = desk.spec.replaces_failed_only() && pod.exists() && !pod.phase.is_terminal();
        pod.is_active() || leaving
    };
    let taken: BTreeSet<u32> = row
        .pods
        .iter()
        .filter(holds)
        .filter_map(|pod| index_of(cluster, *pod))
        .collect();
    let succeeded = desk.succeeded_indexes(cluster);
    let failed = desk.status.failed_indexes.clone().unwrap_or_default();
    let is_open = |index: &u32| {
        !taken.contains(index) && !succeeded.contains(*index) && !failed.contains(*index)
    };
    let all = 0..desk.spec.completions().unwrap_or(0);
    all.filter(is_open).take(count).collect()
}

fn create<P>(
    cluster: &mut Cluster<P>,
    desk: &mut Desk<'_>,
    index: Option<u32>,
    journal: &mut Journal,
) {
    let row = &cluster.objects.workloads[desk.id.index()];
    let (template, ordinal) = (row.template, row.next_ordinal);
    let made = match index {
        Some(index) => pods::create_for_index(
            cluster,
            desk.id,
            template,
            ordinal,
            (COMPLETION_INDEX, index),
        ),
        None => pods::create(cluster, desk.id, None, template, ordinal),
    };
    match made {
        Ok(pod) => {
            refusals::let_in(cluster, desk.id);
            desk.control.track([pod].into_iter());
            desk.active.push(pod);
            let name = &cluster.objects.pods[pod.index()].name;
            let message = format!("Created pod: {name}");
            let reason = "SuccessfulCreate";
            report(
                cluster,
                desk.id,
                Severity::Normal,
                reason,
                &message,
                journal,
            );
        }
        Err(refusal) => {
            let message = format!("Error creating: {refusal}");
            let reason = "FailedCreate";
            report(
                cluster,
                desk.id,
                Severity::Warning,
                reason,
                &message,
                journal,
            );
            // The shortest wait is a second: never within this one.
            let _: Next = refusals::refused(cluster, desk.id, WAITS_OF_JOBS);
        }
    }
}

/// Says that the Job was suspended or resumed; a resumed one starts anew.
pub(super) fn note_suspension<P>(
    cluster: &mut Cluster<P>,
    desk: &mut Desk<'_>,
    journal: &mut Journal,
) {
    let now = cluster.clock;
    let conditions = &mut cluster.objects.workloads[desk.id.index()].status.conditions;
    let present = conditions::get(conditions, "Suspended").map(|condition| condition.status);
    let (status, reason, event, message) = match (desk.spec.suspend, present) {
        (true, Some(ConditionStatus::True)) | (false, None | Some(ConditionStatus::False)) => {
            return;
        }
        (true, _) => (
            ConditionStatus::True,
            "JobSuspended",
            "Suspended",
            "Job suspended",
        ),
        (false, _) => (
            ConditionStatus::False,
            "JobResumed",
            "Resumed",
            "Job resumed",
        ),
    };
    let saying = Saying {
        kind: "Suspended",
        status,
        reason,
        message,
    };
    conditions::set_in_place(conditions, &saying, now);
    if !desk.spec.suspend {
        desk.status.started = Some(now);
    }
    report(cluster, desk.id, Severity::Normal, event, message, journal);
}

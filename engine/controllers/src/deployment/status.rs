//! Status and conditions of a Deployment, and the clean-up of old revisions.
//!
//! Source: pkg/controller/deployment/{progress,sync}.go.

use super::Desk;
use crate::conditions::{self, Saying};
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_model::objects::{ConditionStatus, WorkloadStatus};
use aegis_model::{ReplicaSetId, Tick, WorkloadId};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Sets a condition of a Deployment.
pub(super) fn say<P>(
    cluster: &mut Cluster<P>,
    id: WorkloadId,
    kind: &'static str,
    status: ConditionStatus,
    reason: &'static str,
    message: &str,
) {
    let now = cluster.clock;
    let saying = Saying {
        kind,
        status,
        reason,
        message,
    };
    let row = &mut cluster.objects.workloads[id.index()];
    conditions::set(&mut row.status.conditions, &saying, now);
}

/// Says that a rollout was paused or resumed.
pub(super) fn note_pause<P>(cluster: &mut Cluster<P>, desk: &Desk) {
    let present = &cluster.objects.workloads[desk.id.index()].status.conditions;
    let reason = conditions::get(present, "Progressing").map_or("", |c| c.reason.as_str());
    if desk.deadline.is_none() || reason == "ProgressDeadlineExceeded" {
        return;
    }
    let (reason, message) = match (desk.paused, reason == "DeploymentPaused") {
        (true, false) => ("DeploymentPaused", "Deployment is paused"),
        (false, true) => ("DeploymentResumed", "Deployment is resumed"),
        _ => return,
    };
    let status = ConditionStatus::Unknown;
    say(cluster, desk.id, "Progressing", status, reason, message);
}

/// Counts and the `Available` condition.
fn calculate<P>(cluster: &Cluster<P>, desk: &Desk) -> WorkloadStatus {
    let row = &cluster.objects.workloads[desk.id.index()];
    let mut status = WorkloadStatus {
        observed_generation: row.header.generation,
        conditions: row.status.conditions.clone(),
        ..WorkloadStatus::default()
    };
    let mut wanted = 0;
    for set in desk
        .sets()
        .map(|set| &cluster.objects.replica_sets[set.index()])
    {
        wanted += set.replicas;
        status.replicas += set.status.replicas;
        status.ready += set.status.ready;
        status.available += set.status.available;
    }
    status.unavailable = wanted.saturating_sub(status.available);
    status.updated = desk.new.map_or(0, |set| {
        cluster.objects.replica_sets[set.index()].status.replicas
    });
    let enough = status.available >= desk.replicas - desk.max_unavailable();
    let (reason, message) = if enough {
        (
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    let saying = Saying {
        kind: "Available",
        status: enough.into(),
        reason,
        message,
    };
    conditions::set(&mut status.conditions, &saying, cluster.clock);
    status
}

/// Writes the status of a Deployment whose rollout stands still.
pub(super) fn keep<P>(cluster: &mut Cluster<P>, desk: &Desk) {
    let status = calculate(cluster, desk);
    cluster.objects.workloads[desk.id.index()].status = status;
}

/// Writes the status of a Deployment, with what its rollout has come to.
pub(super) fn roll_out<P>(cluster: &mut Cluster<P>, desk: &Desk) {
    let mut status = calculate(cluster, desk);
    match desk.deadline {
        None => conditions::remove(&mut status.conditions, "Progressing"),
        Some(deadline) => {
            note_progress(cluster, desk, &mut status, deadline);
            await_deadline(cluster, desk, &status, deadline);
        }
    }
    note_failures(cluster, desk, &mut status);
    cluster.objects.workloads[desk.id.index()].status = status;
}

fn is_complete(desk: &Desk, status: &WorkloadStatus) -> bool {
    status.updated == desk.replicas
        && status.replicas == desk.replicas
        && status.available == desk.replicas
}

/// Whether pods were updated, removed, or became ready or available since the last status.
fn has_moved(before: &WorkloadStatus, after: &WorkloadStatus) -> bool {
    let old_pods = |status: &WorkloadStatus| status.replicas.saturating_sub(status.updated);
    after.updated > before.updated
        || old_pods(after) < old_pods(before)
        || after.ready > before.ready
        || after.available > before.available
}

/// What a rollout has come to since the last look.
enum Progress {
    Complete,
    Moving,
    TimedOut,
}

impl Progress {
    fn of(
        desk: &Desk,
        before: &WorkloadStatus,
        status: &WorkloadStatus,
        deadline: u32,
        now: Tick,
    ) -> Option<Self> {
        let present = conditions::get(&status.conditions, "Progressing");
        let reason = present.map_or("", |c| c.reason.as_str());
        let was_complete = reason == "NewReplicaSetAvailable";
        if was_complete && status.replicas == status.updated {
            return None;
        }
        if is_complete(desk, status) {
            return Some(Self::Complete);
        }
        if has_moved(before, status) {
            return Some(Self::Moving);
        }
        let overdue = present.is_some_and(|c| c.updated.after(deadline) < now);
        (overdue && !was_complete).then_some(Self::TimedOut)
    }

    const fn status(&self) -> ConditionStatus {
        match self {
            Self::Complete | Self::Moving => ConditionStatus::True,
            Self::TimedOut => ConditionStatus::False,
        }
    }

    const fn reason(&self) -> &'static str {
        match self {
            Self::Complete => "NewReplicaSetAvailable",
            Self::Moving => "ReplicaSetUpdated",
            Self::TimedOut => "ProgressDeadlineExceeded",
        }
    }

    const fn words(&self) -> &'static str {
        match self {
            Self::Complete => "has successfully progressed.",
            Self::Moving => "is progressing.",
            Self::TimedOut => "has timed out progressing.",
        }
    }
}

fn note_progress<P>(cluster: &Cluster<P>, desk: &Desk, status: &mut WorkloadStatus, deadline: u32) {
    let now = cluster.clock;
    let before = &cluster.objects.workloads[desk.id.index()].status;
    let Some(progress) = Progress::of(desk, before, status, deadline, now) else {
        return;
    };
    let message = format!("{} {}", subject(cluster, desk), progress.words());
    let saying = Saying {
        kind: "Progressing",
        status: progress.status(),
        reason: progress.reason(),
        message: &message,
    };
    if matches!(progress, Progress::Moving) {
        conditions::renew(&mut status.conditions, &saying, now);
    } else {
        conditions::set(&mut status.conditions, &saying, now);
    }
}

/// How conditions name what progresses.
fn subject<P>(cluster: &Cluster<P>, desk: &Desk) -> String {
    match desk.new {
        Some(set) => {
            let header = &cluster.objects.replica_sets[set.index()].header;
            format!("ReplicaSet \"{}\"", header.reference.name)
        }
        None => {
            let header = &cluster.objects.workloads[desk.id.index()].header;
            format!("Deployment \"{}\"", header.reference.name)
        }
    }
}

/// Has the Deployment looked at again when its deadline runs out.
fn await_deadline<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    status: &WorkloadStatus,
    deadline: u32,
) {
    let Some(present) = conditions::get(&status.conditions, "Progressing") else {
        return;
    };
    let over = ["NewReplicaSetAvailable", "ProgressDeadlineExceeded"];
    let at = present.updated.after(deadline).after(1);
    if !over.contains(&present.reason.as_str()) && at > cluster.clock {
        cluster.workings.control.enqueue_at(at, desk.id);
    }
}

/// Shows the failure of a ReplicaSet to make pods.
fn note_failures<P>(cluster: &Cluster<P>, desk: &Desk, status: &mut WorkloadStatus) {
    let sets = desk.new.into_iter().chain(desk.old.iter().copied());
    let failure = sets
        .filter_map(|set| {
            let row = &cluster.objects.replica_sets[set.index()];
            conditions::get(&row.status.conditions, "ReplicaFailure").cloned()
        })
        .next();
    conditions::remove(&mut status.conditions, "ReplicaFailure");
    status.conditions.extend(failure);
}

/// Removes the oldest revisions beyond the limit once the rollout is complete.
pub(super) fn clean_up<P>(cluster: &mut Cluster<P>, desk: &Desk) {
    if !is_complete(desk, &cluster.objects.workloads[desk.id.index()].status) {
        return;
    }
    let mut old = desk.old.clone();
    old.sort_by_key(|set| cluster.objects.replica_sets[set.index()].revision);
    let surplus = old.len().saturating_sub(desk.history);
    let is_empty = |set: &ReplicaSetId| {
        let row = &cluster.objects.replica_sets[set.index()];
        row.replicas == 0 && row.status.replicas == 0
    };
    let gone: Vec<ReplicaSetId> = old.into_iter().take(surplus).filter(is_empty).collect();
    for set in gone {
        api::forget_replica_set(cluster, set);
    }
}

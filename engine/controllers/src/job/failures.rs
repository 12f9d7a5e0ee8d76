//! Failures and the time to wait after them. Source: pkg/controller/job/backoff_utils.go.

use super::policy::{self, Action};
use super::{Desk, index_of};
use aegis_cluster::cluster::Cluster;
use aegis_model::objects::{ContainerState, Pod};
use aegis_model::{PodId, Tick};

/// Seconds after the first failure; doubled with each further one.
const FIRST: u32 = 10;
/// The most of them. Source: job_controller.go `MaxJobPodFailureBackOff`.
const MOST: u32 = 600;

/// Takes new ends into account for the time to wait, and for the failures of each index.
pub(super) fn note<P>(cluster: &Cluster<P>, desk: &mut Desk<'_>) {
    if desk.spec.backoff_limit_per_index.is_some() {
        note_indexes(cluster, desk);
        return;
    }
    let time = |pod: &PodId| finish_of(&cluster.objects.pods[pod.index()]);
    let success = desk.succeeded.iter().map(time).max();
    let control = &mut desk.control;
    if success.is_some() {
        (control.failures, control.last_failure) = (0, None);
    }
    for pod in &desk.failed {
        let new = control.seen.insert(*pod);
        if new && success.is_none_or(|success| time(pod) > success) {
            control.failures += 1;
            control.last_failure = control.last_failure.max(Some(time(pod)));
        }
    }
}

fn note_indexes<P>(cluster: &Cluster<P>, desk: &mut Desk<'_>) {
    for pod in &desk.failed {
        let Some(index) = index_of(cluster, *pod) else {
            continue;
        };
        if !desk.control.seen.insert(*pod) {
            continue;
        }
        let action = policy::action(cluster, desk.spec, *pod);
        let failures = desk.control.indexes.entry(index).or_default();
        failures.all += 1;
        failures.counted += u32::from(!matches!(action, Action::Ignore));
        failures.last = finish_of(&cluster.objects.pods[pod.index()]);
        let limit = desk.spec.backoff_limit_per_index.unwrap_or(0);
        if matches!(action, Action::FailIndex) || failures.counted > limit {
            let failed = desk.status.failed_indexes.get_or_insert_default();
            failed.insert(index);
        }
    }
    desk.status.failed_indexes.get_or_insert_default();
}

/// When pods may be made again; now or earlier where nothing failed.
pub(super) fn retry_at(failures: u32, last: Option<Tick>) -> Tick {
    let (Some(last), 1..) = (last, failures) else {
        return Tick(0);
    };
    let doublings = (failures - 1).min(10);
    last.after((FIRST << doublings).min(MOST))
}

/// When a pod was over: its last container's end, else when it ceased to be ready, else when it was deleted.
fn finish_of(pod: &Pod) -> Tick {
    let ends = pod.containers.iter().map(|status| match &status.state {
        ContainerState::Terminated(end) => Some(end.finished),
        _ => None,
    });
    let containers: Option<alloc::vec::Vec<Tick>> = ends.collect();
    let containers = containers.and_then(|ends| ends.into_iter().max());
    let deleted = pod.deletion.map(|deletion| deletion.asked);
    containers
        .or(deleted)
        .or(pod.removed)
        .unwrap_or(pod.conditions.ready.since.max(pod.created))
}

//! The queue of pods that wait for a node.
//!
//! Three parts as in pkg/scheduler/backend/queue: active, backing off (1 s
//! doubled up to 10 s from the last attempt), unschedulable (woken by news that
//! may help, or after 5 min).

use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::{Attempts, News, Parked, Queue, SeenNode};
use aegis_model::{Objects, PodId, Tick};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// Seconds after which an unschedulable pod is tried again without news.
const FLUSH_AFTER: u32 = 300;
/// Longest back-off, s.
const LONGEST_BACKOFF: u32 = 10;

/// Back-off after `failed` attempts, s.
pub(super) fn backoff(failed: u32) -> u32 {
    match failed {
        0 => 0,
        1..=4 => 1 << (failed - 1),
        _ => LONGEST_BACKOFF,
    }
}

/// Takes in new pods and wakes those whose time or news has come. Returns whether any is to be tried.
pub(super) fn refresh<P>(cluster: &mut Cluster<P>) -> Ready {
    let mut news = core::mem::take(&mut cluster.workings.scheduler.news);
    take_in(cluster);
    let queue = &cluster.workings.scheduler.queue;
    if queue.attempts.is_empty() {
        return Ready::No;
    }
    if !queue.parked.is_empty() && !same_nodes(&cluster.workings.scheduler.seen, &cluster.objects) {
        news.node = true;
    }
    wake(cluster, news);
    end_backoffs(cluster);
    if cluster.workings.scheduler.queue.active.is_empty() {
        Ready::No
    } else {
        Ready::Yes
    }
}

/// Whether there is a pod to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    Yes,
    No,
}

/// New pods become active; pods that are gone or bound are forgotten.
fn take_in<P>(cluster: &mut Cluster<P>) {
    let unbound = cluster.workings.index.unbound();
    let known = &cluster.workings.scheduler.queue.attempts;
    let last = known.last_key_value().map(|(pod, _)| *pod);
    let next = last.map_or(PodId(0), |pod| PodId(pod.0 + 1));
    let new: Vec<PodId> = unbound.range(next..).copied().collect();
    let gone: Vec<PodId> = match known.len() + new.len() == unbound.len() {
        true => Vec::new(),
        false => known
            .keys()
            .filter(|pod| !unbound.contains(pod))
            .copied()
            .collect(),
    };
    for pod in gone {
        forget(cluster, pod);
    }
    for pod in new {
        let entry = entry_of(cluster, pod);
        let queue = Arc::make_mut(&mut cluster.workings.scheduler.queue);
        queue.attempts.insert(pod, Attempts::default());
        queue.active.insert(entry);
    }
}

/// Where a pod stands among the active ones.
fn entry_of<P>(cluster: &Cluster<P>, pod: PodId) -> (Reverse<i32>, Tick, PodId) {
    let row = &cluster.objects.pods[pod.index()];
    (Reverse(row.priority), row.created, pod)
}

/// When the back-off after these attempts ends.
fn end_of_backoff(attempts: Attempts) -> Tick {
    attempts.last.after(backoff(attempts.failed))
}

/// Takes a pod out of the queue for good.
pub(super) fn forget<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let entry = entry_of(cluster, pod);
    let scheduler = &mut cluster.workings.scheduler;
    let queue = Arc::make_mut(&mut scheduler.queue);
    let attempts = queue.attempts.remove(&pod).unwrap_or_default();
    queue.parked.remove(&pod);
    queue.active.remove(&entry);
    queue.backing_off.remove(&(end_of_backoff(attempts), pod));
    if scheduler.nominated.contains_key(&pod) {
        Arc::make_mut(&mut scheduler.nominated).remove(&pod);
    }
}

fn wake<P>(cluster: &mut Cluster<P>, news: News) {
    let now = cluster.clock;
    let queue = &cluster.workings.scheduler.queue;
    let helped =
        |parked: &Parked| parked.helped_by.meets(news) || now.elapsed(parked.since) >= FLUSH_AFTER;
    let woken: Vec<PodId> = queue
        .parked
        .iter()
        .filter(|(_, parked)| helped(parked))
        .map(|(pod, _)| *pod)
        .collect();
    if woken.is_empty() {
        return;
    }
    let queue = Arc::make_mut(&mut cluster.workings.scheduler.queue);
    for pod in woken {
        queue.parked.remove(&pod);
        let attempts = queue.attempts.get(&pod).copied().unwrap_or_default();
        queue.backing_off.insert((end_of_backoff(attempts), pod));
    }
}

fn end_backoffs<P>(cluster: &mut Cluster<P>) {
    let now = cluster.clock;
    let due = |queue: &Queue| {
        queue
            .backing_off
            .first()
            .copied()
            .filter(|(at, _)| *at <= now)
    };
    while let Some((at, pod)) = due(&cluster.workings.scheduler.queue) {
        let entry = entry_of(cluster, pod);
        let queue = Arc::make_mut(&mut cluster.workings.scheduler.queue);
        queue.backing_off.remove(&(at, pod));
        queue.active.insert(entry);
    }
}

/// The next pod to try.
pub(super) fn pop<P>(cluster: &mut Cluster<P>) -> Option<PodId> {
    if cluster.workings.scheduler.queue.active.is_empty() {
        return None;
    }
    let queue = Arc::make_mut(&mut cluster.workings.scheduler.queue);
    queue.active.pop_first().map(|(_, _, pod)| pod)
}

/// Puts a pod aside that fits nowhere.
pub(super) fn park<P>(cluster: &mut Cluster<P>, pod: PodId, helped_by: News) {
    let now = cluster.clock;
    let scheduler = &mut cluster.workings.scheduler;
    if !same_nodes(&scheduler.seen, &cluster.objects) {
        scheduler.seen = Arc::new(seen(&cluster.objects).collect());
    }
    let queue = Arc::make_mut(&mut scheduler.queue);
    let attempts = queue.attempts.entry(pod).or_default();
    attempts.failed += 1;
    attempts.last = now;
    queue.parked.insert(
        pod,
        Parked {
            since: now,
            helped_by,
        },
    );
}

fn seen(objects: &Objects) -> impl Iterator<Item = SeenNode> + '_ {
    let nodes = objects.nodes.iter().filter(|node| node.header.exists());
    nodes.map(|node| SeenNode {
        spec: node.spec.clone(),
        capacity: node.capacity.clone(),
        labels: node.header.labels.clone(),
    })
}

/// Whether the nodes are the documents that were seen. The documents are held, so
/// that an address stands for its content.
fn same_nodes(known: &[SeenNode], objects: &Objects) -> bool {
    let mut nodes = objects.nodes.iter().filter(|node| node.header.exists());
    let same = known.iter().all(|seen| {
        nodes.next().is_some_and(|node| {
            Arc::ptr_eq(&seen.spec, &node.spec)
                && Arc::ptr_eq(&seen.capacity, &node.capacity)
                && Arc::ptr_eq(&seen.labels, &node.header.labels)
        })
    });
    same && nodes.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::backoff;

    #[test]
    fn backoff_doubles_up_to_ten_seconds() {
        let series: [u32; 7] = core::array::from_fn(|failed| backoff(failed as u32));
        assert_eq!(series, [0, 1, 2, 4, 8, 10, 10]);
    }
}

//! Pods that admission refuses: tried again, at first at once, then ever later.
//!
//! Source: client-go util/workqueue, `DefaultTypedControllerRateLimiter`: 5 ms, doubled with every try,
//! up to 1000 s.

use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::Refused;
use aegis_model::{Tick, WorkloadId};
use alloc::sync::Arc;

/// How long a controller waits between tries, ms: the first time, doubled each time, and at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    first: u64,
    longest: u64,
}

/// Of most controllers.
pub(crate) const WAITS: Waits = Waits {
    first: 5,
    longest: 1_000_000,
};

/// Of the Job controller.
/// Source: job_controller.go `DefaultJobApiBackOff`, `MaxJobApiBackOff`.
pub(crate) const WAITS_OF_JOBS: Waits = Waits {
    first: 1_000,
    longest: 60_000,
};

/// When the next try is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Within this second.
    Now,
    /// Later; the workload is in the queue for it.
    Later,
}

/// Counts a refused try.
pub(crate) fn refused<P>(cluster: &mut Cluster<P>, workload: WorkloadId, waits: Waits) -> Next {
    let now = cluster.clock;
    let control = &mut cluster.workings.control;
    let known = control.refused.get(&workload).copied();
    let mut count = known.unwrap_or(Refused {
        since: now,
        tries: 0,
    });
    count.tries += 1;
    Arc::make_mut(&mut control.refused).insert(workload, count);
    let due = due(count, now, waits);
    if due <= now {
        return Next::Now;
    }
    control.enqueue_at(due, workload);
    Next::Later
}

/// Forgets refused tries once one succeeded.
pub(crate) fn let_in<P>(cluster: &mut Cluster<P>, workload: WorkloadId) {
    let control = &mut cluster.workings.control;
    if control.refused.contains_key(&workload) {
        Arc::make_mut(&mut control.refused).remove(&workload);
    }
}

/// The second of the next try. A try that came early counts like any other.
fn due(count: Refused, now: Tick, waits: Waits) -> Tick {
    let wait = |tries: u32| (waits.first << tries.min(20)).min(waits.longest);
    let waited: u64 = (0..count.tries).map(wait).sum();
    let due = count.since.after((waited / 1000) as u32);
    let soonest = now.after((wait(count.tries - 1) / 1000) as u32);
    due.max(soonest)
}

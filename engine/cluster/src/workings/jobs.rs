//! What the Job controller remembers of a Job.

use aegis_model::{PodId, Tick};
use alloc::collections::{BTreeMap, BTreeSet};

/// Pods that are not counted yet, and failures. Without it (in a twin that has just begun) waiting
/// times after failures start anew, and nothing else is lost.
#[derive(Debug, Default, Clone)]
pub struct JobControl {
    /// Pods that the status does not count yet; upstream, those with the tracking finalizer.
    pub uncounted: BTreeSet<PodId>,
    /// Pods that it does, or that shall not count.
    pub settled: BTreeSet<PodId>,
    /// Failed pods that are in `failures` or `indexes` already.
    pub seen: BTreeSet<PodId>,
    /// Failures since the last success.
    pub failures: u32,
    /// When the last of them was.
    pub last_failure: Option<Tick>,
    /// Failures per index, where they have a limit of their own.
    pub indexes: BTreeMap<u32, IndexFailures>,
}

/// Failures of one index.
#[derive(Debug, Default, Clone, Copy)]
pub struct IndexFailures {
    /// All of them.
    pub all: u32,
    /// Those that count towards the limit.
    pub counted: u32,
    /// When the last was.
    pub last: Tick,
}

impl JobControl {
    /// Remembers pods that exist, but for those that are settled.
    pub fn track(&mut self, pods: impl Iterator<Item = PodId>) {
        let settled = &self.settled;
        self.uncounted
            .extend(pods.filter(|pod| !settled.contains(pod)));
    }

    /// Notes that a pod is counted, or never will be.
    pub fn settle(&mut self, pod: PodId) {
        self.uncounted.remove(&pod);
        self.settled.insert(pod);
    }
}

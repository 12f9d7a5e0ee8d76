//! What counters have come to over the scrapes that were read.

use crate::scrape::{Scrape, main_status};
use aegis_model::objects::{ContainerState, ContainerStatus, Termination};
use aegis_model::observation::{BUCKET_COUNT, PodSample, RequestStats};
use aegis_model::units::Seconds;
use aegis_model::{NodeId, PodId, ServiceId, Tick, WorkloadId};
use std::collections::BTreeMap;

/// Length of a CFS period, s: the kernel's default of 100 ms.
const CFS_PERIOD: f64 = 0.1;

/// All counters.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Totals {
    pub pods: BTreeMap<PodId, PodTotal>,
    pub nodes: BTreeMap<NodeId, f64>,
    pub served: BTreeMap<WorkloadId, Requests>,
    pub calls: BTreeMap<(Option<WorkloadId>, ServiceId), Requests>,
}

/// What a pod has used: in its life, and in that of its container that runs.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct PodTotal {
    /// Restarts of the container when it was last read.
    restarts: u32,
    /// CPU of the pod, core-seconds.
    pub pod_cpu: f64,
    /// CPU of the container, core-seconds.
    pub cpu: f64,
    /// CFS periods of the container.
    pub periods: f64,
    /// Of them throttled.
    pub throttled: f64,
    /// Scrapes in which the kernel had killed it for its memory since the one before.
    pub killed: f64,
    /// When that was last seen to have happened.
    last_killed: Option<Tick>,
}

/// Requests with the time at which counting began.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Requests {
    /// Unix seconds.
    pub since: Seconds,
    /// Ended without an error.
    pub good: f64,
    /// Failed.
    pub failed: f64,
    /// By latency bucket.
    pub buckets: [f64; BUCKET_COUNT],
    /// Sum of their times, s.
    pub sum: f64,
}

impl Totals {
    /// Adds a scrape.
    pub fn add(&mut self, scrape: &Scrape<'_>) {
        let interval = scrape.counted.interval.max(0.0);
        for sample in &scrape.counted.pods {
            let restarts = main_status(scrape, sample.pod).map_or(0, |status| status.restarts);
            let total = self.pods.entry(sample.pod).or_default();
            total.add(sample, interval, restarts);
        }
        for sample in &scrape.counted.nodes {
            *self.nodes.entry(sample.node).or_default() += sample.cpu * interval;
        }
        self.add_served(scrape);
        self.add_calls(scrape);
        self.note_killed(scrape);
    }

    fn add_served(&mut self, scrape: &Scrape<'_>) {
        for sample in &scrape.counted.services {
            let mut means = scrape.timing.services.iter();
            let mean = means.find(|(id, _)| *id == sample.workload);
            let sum = mean.map_or(0.0, |(_, mean)| mean * sample.requests.total);
            began(&mut self.served, sample.workload, scrape).add(&sample.requests, sum);
        }
    }

    fn add_calls(&mut self, scrape: &Scrape<'_>) {
        for sample in &scrape.counted.entries {
            let mut means = scrape.timing.entries.iter();
            let mean = means.find(|(id, _)| *id == sample.service);
            let sum = mean.map_or(0.0, |(_, mean)| mean * sample.requests.total);
            began(&mut self.calls, (None, sample.service), scrape).add(&sample.requests, sum);
        }
        for sample in &scrape.counted.edges {
            let mut times = scrape.timing.edges.iter();
            let time = times.find(|row| (row.from, row.to) == (sample.from, sample.to));
            let share = |bucket: usize| time.map_or(0.0, |time| time.shares[bucket]);
            let requests = RequestStats {
                total: sample.attempts,
                errors: sample.failures,
                buckets: std::array::from_fn(|bucket| sample.attempts * share(bucket)),
            };
            let sum = time.map_or(0.0, |time| time.mean * sample.attempts);
            let key = (Some(sample.from), sample.to);
            began(&mut self.calls, key, scrape).add(&requests, sum);
        }
    }

    fn note_killed(&mut self, scrape: &Scrape<'_>) {
        for (id, total) in &mut self.pods {
            let at = main_status(scrape, *id).and_then(killed_at);
            if at.is_some() && at != total.last_killed {
                total.killed += 1.0;
                total.last_killed = at;
            }
        }
    }
}

impl PodTotal {
    /// A container that was started anew counts from 0: it is another cgroup.
    fn add(&mut self, sample: &PodSample, interval: f64, restarts: u32) {
        if restarts != self.restarts {
            (self.cpu, self.periods, self.throttled) = (0.0, 0.0, 0.0);
            self.restarts = restarts;
        }
        let periods = interval / CFS_PERIOD;
        self.pod_cpu += sample.cpu * interval;
        self.cpu += sample.cpu * interval;
        self.periods += periods;
        self.throttled += periods * sample.throttled;
    }
}

/// When the kernel last killed a container for its memory.
fn killed_at(status: &ContainerStatus) -> Option<Tick> {
    let by_memory = |ended: &Termination| (ended.reason == "OOMKilled").then_some(ended.finished);
    let now = match &status.state {
        ContainerState::Terminated(ended) => by_memory(ended),
        _ => None,
    };
    now.or_else(|| status.last.as_ref().and_then(by_memory))
}

fn began<'a, K: Ord>(
    of: &'a mut BTreeMap<K, Requests>,
    key: K,
    scrape: &Scrape<'_>,
) -> &'a mut Requests {
    of.entry(key).or_insert_with(|| Requests {
        since: scrape.at - scrape.counted.interval,
        ..Requests::default()
    })
}

impl Requests {
    fn add(&mut self, requests: &RequestStats, sum: f64) {
        self.good += (requests.total - requests.errors).max(0.0);
        self.failed += requests.errors;
        self.sum += sum;
        for (mine, theirs) in self.buckets.iter_mut().zip(&requests.buckets) {
            *mine += theirs;
        }
    }
}

//! What an operator sees: objects, metrics, log lines, at one scrape.
//!
//! Nothing hidden fits in here: there is no field for a queue's true length, a
//! request's true cost, a fault or a schedule.

use crate::ids::{NodeId, PodId, ServiceId, WorkloadId};
use crate::objects::Objects;
use crate::units::Tick;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Upper bounds of the latency buckets, s: those of Prometheus' client libraries, stretched to 30 s.
/// A last bucket without bound follows.
pub const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0,
];

/// Number of buckets, the unbounded one included.
pub const BUCKET_COUNT: usize = BUCKETS.len() + 1;

/// One look at the cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When.
    pub at: Tick,
    /// Objects with their statuses, Events and the record of changes.
    pub objects: Objects,
    /// Metrics of the interval that ends at `at`.
    pub samples: Samples,
    /// Log templates with counts in the interval.
    pub logs: Vec<LogCount>,
}

/// Metrics of one scrape interval. What is missing is absent, never 0.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Length of the interval, s.
    pub interval: f64,
    /// What users of each entry got.
    pub entries: Vec<EntrySample>,
    /// What each workload served.
    pub services: Vec<ServiceSample>,
    /// What callers got, by edge.
    pub edges: Vec<EdgeSample>,
    /// Containers, summed per pod.
    pub pods: Vec<PodSample>,
    /// Nodes.
    pub nodes: Vec<NodeSample>,
}

/// Requests with their outcome and latency.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RequestStats {
    /// Requests that ended in the interval.
    pub total: f64,
    /// Of them failed.
    pub errors: f64,
    /// Count by latency bucket (see [`BUCKETS`]), of all that ended.
    pub buckets: [f64; BUCKET_COUNT],
}

/// What users of an entry got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntrySample {
    /// The entry.
    pub service: ServiceId,
    /// Requests.
    pub requests: RequestStats,
}

/// What the pods of a workload served (`http_requests_total` and its histogram, summed over pods).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceSample {
    /// The workload.
    pub workload: WorkloadId,
    /// Requests.
    pub requests: RequestStats,
    /// Mean requests in flight over all pods.
    pub in_flight: f64,
}

/// What callers of an edge got (client-side counters and spans).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeSample {
    /// Caller.
    pub from: WorkloadId,
    /// Called Service.
    pub to: ServiceId,
    /// Attempts, retries included.
    pub attempts: f64,
    /// Attempts that failed.
    pub failures: f64,
    /// Mean seconds until an attempt ended at the caller; `None` without a sampled span.
    pub latency: Option<f64>,
}

/// A pod's containers (cAdvisor).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodSample {
    /// The pod.
    pub pod: PodId,
    /// Mean CPU in the interval, cores.
    pub cpu: f64,
    /// Working set at its end, bytes.
    pub memory: f64,
    /// Share of CFS periods that were throttled, 0..=1.
    pub throttled: f64,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeSample {
    /// The node.
    pub node: NodeId,
    /// CPU in use, cores.
    pub cpu: f64,
    /// Working set, bytes.
    pub memory: f64,
}

/// How long requests took in a scrape interval, for histograms: no observation holds it.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Timing {
    /// Mean seconds in the pods of each workload.
    pub services: Vec<(WorkloadId, f64)>,
    /// Mean seconds that users of each entry waited.
    pub entries: Vec<(ServiceId, f64)>,
    /// Attempts of each edge.
    pub edges: Vec<EdgeTiming>,
}

/// How long the attempts of an edge took.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeTiming {
    /// Caller.
    pub from: WorkloadId,
    /// Called Service.
    pub to: ServiceId,
    /// Mean, s.
    pub mean: f64,
    /// Share by latency bucket.
    pub shares: [f64; BUCKET_COUNT],
}

/// How often a log template was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCount {
    /// Whose log.
    pub workload: WorkloadId,
    /// The template, variables as `<*>`.
    pub template: SmolStr,
    /// Lines in the interval.
    pub count: u32,
}

impl RequestStats {
    /// Share of requests that failed; 0 where there were none.
    #[must_use]
    pub fn error_share(&self) -> f64 {
        if self.total > 0.0 {
            self.errors / self.total
        } else {
            0.0
        }
    }

    /// Adds other requests.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.errors += other.errors;
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
    }
}

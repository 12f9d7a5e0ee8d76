//! Counters of what passed since the last scrape: what metrics are made from.

use aegis_model::observation::{BUCKET_COUNT, RequestStats};
use aegis_model::{ServiceId, Tick, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// All counters; forks share them until they count.
#[derive(Debug, Default, Clone)]
pub struct Meters {
    /// First tick that is counted.
    pub since: Tick,
    /// Ticks counted.
    pub ticks: u32,
    /// By entry of `Workings::load`.
    pub entries: Arc<Vec<EntryMeter>>,
    /// By workload.
    pub services: Arc<Vec<ServiceMeter>>,
    /// By edge between workload and Service.
    pub edges: Arc<Vec<EdgeMeter>>,
}

/// An entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryMeter {
    /// The Service.
    pub service: ServiceId,
    /// Requests.
    pub requests: RequestStats,
    /// Shares of its last tick, exact: for objectives.
    pub last: LastSecond,
    /// Its latency distribution as last worked out.
    pub spread: Spread,
}

/// One second at an entry.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct LastSecond {
    /// Requests that arrived.
    pub requests: f64,
    /// Share that failed, 0..=1.
    pub failed: f64,
    /// Mean time, s.
    pub time: f64,
    /// Squared coefficient of variation of the time.
    pub cv2: f64,
}

/// What a workload served.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct ServiceMeter {
    /// Requests.
    pub requests: RequestStats,
    /// Sum over ticks of requests in flight.
    pub in_flight: f64,
    /// CPU used, core-seconds.
    pub cpu: f64,
    /// Its latency distribution as last worked out.
    pub spread: Spread,
}

/// What an edge carried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeMeter {
    /// Caller.
    pub from: WorkloadId,
    /// Called Service.
    pub to: ServiceId,
    /// Attempts.
    pub attempts: f64,
    /// Of them failed.
    pub failures: f64,
    /// Sum of their times, s.
    pub time: f64,
}

/// Shares of requests by latency bucket for a mean and variability; worked out anew only when these move.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Mean time that it holds for, s.
    pub mean: f64,
    /// Variability that it holds for.
    pub cv2: f64,
    /// Share by bucket.
    pub shares: [f64; BUCKET_COUNT],
}

impl Meters {
    /// Sets all counters to 0; what they count stays known.
    pub fn restart(&mut self, now: Tick) {
        self.since = now;
        self.ticks = 0;
        for entry in Arc::make_mut(&mut self.entries) {
            entry.requests = RequestStats::default();
        }
        for service in Arc::make_mut(&mut self.services) {
            (service.requests, service.in_flight, service.cpu) =
                (RequestStats::default(), 0.0, 0.0);
        }
        for edge in Arc::make_mut(&mut self.edges) {
            (edge.attempts, edge.failures, edge.time) = (0.0, 0.0, 0.0);
        }
    }
}

//! What happened in a tick: for tests, for the world's story, for conservation.

use aegis_model::kubernetes::ObjectRef;
use aegis_model::objects::Severity;
use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// What a tick reports. Whoever ticks may keep it, read it, or clear it.
#[derive(Debug, Default, Clone)]
pub struct Journal {
    /// Events as they were recorded, unaggregated, in order.
    pub events: Vec<JournalEvent>,
    /// What became of requests.
    pub requests: RequestCounts,
    /// Work done, counted in service-ticks (one service, one simulated second).
    pub service_ticks: u64,
}

/// One Event as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEvent {
    /// `Normal` or `Warning`.
    pub severity: Severity,
    /// Reason.
    pub reason: SmolStr,
    /// Message.
    pub message: String,
    /// Object.
    pub object: ObjectRef,
}

/// Requests of a tick over all classes: `offered = done + failed + shed + cancelled + lost + loop + Δ in flight`.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct RequestCounts {
    /// Offered to pods.
    pub offered: f64,
    /// Completed.
    pub done: f64,
    /// Failed on the way.
    pub failed: f64,
    /// Turned away by a full queue.
    pub shed: f64,
    /// Given up by a caller that cancels.
    pub cancelled: f64,
    /// Gone with a pod.
    pub lost: f64,
    /// Given up after 32 hops.
    pub looped: f64,
    /// In flight at the end less at the start.
    pub in_flight_change: f64,
}

impl Journal {
    /// Empties it; keeps its memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.requests = RequestCounts::default();
    }
}

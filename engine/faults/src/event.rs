//! The five chaos events: names for faults of the catalogue.

use crate::fault::Fault;

/// A chaos event: what it lays, and which diagnoses of it are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Name, as in a scenario.
    pub id: &'static str,
    /// In one sentence.
    pub summary: &'static str,
    /// Id of the fault that it lays.
    pub lays: &'static str,
    /// Ids of faults that count as the right diagnosis.
    pub counts: &'static [&'static str],
}

/// The events.
pub const EVENTS: &[Event] = &[
    Event {
        id: "node_drain",
        summary: "A node is cordoned and its pods are evicted, and nobody lets them back.",
        lays: "node_drain",
        counts: &["node_drain"],
    },
    Event {
        id: "oom_storm",
        summary: "The pods of a workload leak memory and are killed for it, one after the other.",
        lays: "memory_leak",
        counts: &["memory_leak"],
    },
    Event {
        id: "burst_traffic",
        summary: "Users of an entry send several times what they did.",
        lays: "load_burst",
        counts: &["load_burst"],
    },
    Event {
        id: "probe_failure",
        summary: "The health endpoint of a workload fails, and its pods drop out of their Services.",
        lays: "readiness_probe_fails",
        counts: &["readiness_probe_fails", "readiness_probe_misconfigured"],
    },
    Event {
        id: "netpol_lockout",
        summary: "A NetworkPolicy shuts a workload off from its callers.",
        lays: "network_policy_block",
        counts: &["network_policy_block"],
    },
];

/// The event of that name.
#[must_use]
pub fn event(id: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.id == id)
}

impl Event {
    /// The fault that it lays.
    #[must_use]
    pub fn fault(&self) -> Option<&'static Fault> {
        crate::by_id(self.lays)
    }
}

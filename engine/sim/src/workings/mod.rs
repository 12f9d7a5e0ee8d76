//! What an operator cannot read: behaviour, queues, timers, memory.

mod pods;

pub use pods::{HotChunk, HotPods, POD_CHUNK};

use aegis_model::{Behaviour, ServiceId, Table};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The hidden half of a cluster.
#[derive(Debug, Default, Clone)]
pub struct Workings {
    /// How each workload serves requests, by `WorkloadId`; `None` serves none.
    pub behaviours: Table<Option<Arc<Behaviour>>>,
    /// What each tick writes per pod.
    pub pods: HotPods,
    /// Load that comes from outside, per entry; set by whoever owns the cluster.
    pub load: Vec<EntryLoad>,
}

/// Load at an entry from outside the cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryLoad {
    /// The Service that users reach.
    pub to: ServiceId,
    /// Its port; 0 is its first.
    pub port: u16,
    /// Requests per second.
    pub rate: f64,
}

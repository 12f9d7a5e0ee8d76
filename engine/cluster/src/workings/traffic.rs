//! The traffic's side of a cluster: the network as it was last laid out, and its state.

use crate::reach::ReachCache;
use aegis_model::{PodId, ServiceId, TemplateId, Tick, WorkloadId};
use aegis_solver::{Flows, Inputs, Network, State};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What the traffic step carries from tick to tick.
#[derive(Debug, Default, Clone)]
pub struct TrafficWorkings {
    /// The network and what flows in it, shared between forks until one ticks; `None` before the
    /// first tick.
    pub solved: Option<Arc<Solved>>,
    /// Tick at which classes change without anybody's doing: a pod begins to serve or is warm.
    pub rebuild_at: Tick,
    /// How the connections of an edge are spread over pods, where connections live long.
    pub connections: Arc<Vec<Connections>>,
    /// Who may talk to whom.
    pub reach: ReachCache,
    /// The Service of the cluster's DNS, as of the last layout.
    pub dns: Option<ServiceId>,
    /// Mechanisms that act on pods, as of the last layout: positions in the overlay.
    pub laid: Vec<u32>,
}

/// A network with its state.
#[derive(Debug, Clone)]
pub struct Solved {
    /// What its classes and edges stand for.
    pub layout: Arc<Layout>,
    /// Classes and edges.
    pub network: Arc<Network>,
    /// Queues and edges.
    pub state: State,
    /// What enters the tick.
    pub inputs: Inputs,
    /// What came out of the last tick.
    pub flows: Flows,
}

/// What classes and edges stand for.
#[derive(Debug, Default, Clone)]
pub struct Layout {
    /// By class.
    pub sites: Vec<Site>,
    /// By edge, entries first.
    pub edges: Vec<EdgeSite>,
}

/// A class of equal replicas.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Their workload.
    pub workload: WorkloadId,
    /// Their revision.
    pub template: TemplateId,
    /// Whether they have warmed up.
    pub warmth: Warmth,
    /// How crowded their nodes are, by eighths of the CPU that is missing; 0 is not at all.
    pub crowding: u8,
    /// Mechanisms that act on them: bit by position in `TrafficWorkings::laid`.
    pub afflicted: u64,
    /// The pods.
    pub pods: Vec<PodId>,
    /// CPU limit of a pod, cores; infinite without one.
    pub quota: f64,
}

/// Whether a pod has warmed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warmth {
    /// Requests cost more.
    Cold,
    /// It has.
    Warm,
}

/// What an edge stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeSite {
    /// Who calls; `None` is users.
    pub from: Option<WorkloadId>,
    /// Which Service; `None` is an address that none has.
    pub to: Option<ServiceId>,
    /// Its meter.
    pub meter: u32,
}

/// Connections of one edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Connections {
    /// Caller.
    pub from: WorkloadId,
    /// Service.
    pub to: ServiceId,
    /// Share by pod, summing to 1.
    pub shares: Vec<(PodId, f64)>,
}

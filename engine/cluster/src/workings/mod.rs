//! What an operator cannot read: behaviour, queues, timers, memory.

mod control;
mod index;
mod jobs;
mod kubelet;
mod lifecycle;
mod meters;
mod node_autoscaler;
mod of_nodes;
mod pods;
mod policies;
mod scheduler;
mod storage;
mod traffic;

pub(crate) use control::BareTemplate;
pub use control::{Arrived, Drain, Owned, PodSamples, Refused};
pub use control::{Control, PodMetrics, WorkloadControl};
pub use index::header_mut;
pub use index::{Fnv, Index, Slot, fnv1a, header};
pub use jobs::{IndexFailures, JobControl};
pub use kubelet::*;
pub use lifecycle::Lifecycle;
pub use meters::{EdgeMeter, EntryMeter, LastSecond, Meters, ServiceMeter, Spread};
pub use node_autoscaler::{NodeAutoscaler, NodeGroup};
pub use of_nodes::OfNodes;
pub use pods::{ClassUse, HotChunk, HotPods, POD_CHUNK};
pub use policies::Policies;
pub(crate) use policies::{Ledger, Rules};
pub use scheduler::SpeaksOfPods;
pub use scheduler::{Attempts, Parked, SeenNode, is_sidecar};
pub use scheduler::{Demand, Ground, HostPort, News, NodeSums, Queue, Room, Scheduler};
pub use storage::{Reservation, Storage, StorageJob, StorageRound, Told};
pub use traffic::{Connections, EdgeSite, Layout, Site, Solved, TrafficWorkings, Warmth};

use aegis_model::{Behaviour, PodId, ServiceId, Table, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The hidden half of a cluster.
#[derive(Debug, Default, Clone)]
pub struct Workings {
    /// How each workload serves requests, by `WorkloadId`; `None` serves none.
    pub behaviours: Table<Option<Arc<Behaviour>>>,
    /// What each tick writes per pod.
    pub pods: HotPods,
    /// Where things are.
    pub index: Index,
    /// What the controllers remember.
    pub control: Control,
    /// Rules that objects set for others, and the books of quotas.
    pub policies: Policies,
    /// What the scheduler remembers.
    pub scheduler: Scheduler,
    /// What the volume controllers remember.
    pub storage: Storage,
    /// What kubelets know, and what containers do.
    pub kubelet: Kubelet,
    /// What the node lifecycle controller remembers.
    pub lifecycle: Lifecycle,
    /// Load that comes from outside, per entry; set by whoever owns the cluster.
    pub load: Vec<EntryLoad>,
    /// The network of classes and what flows in it.
    pub traffic: TrafficWorkings,
    /// Counters since the last scrape.
    pub meters: Meters,
    /// How crowded each node's CPU is, in eighths of what is missing; 0 is not at all.
    pub crowding: Arc<Vec<u8>>,
    /// CPU demand of each class when CPU was last shared out, cores per pod.
    pub shared_demand: Arc<Vec<f64>>,
    /// Spread (σ of the logarithm) of pods' own factors on memory; 0 in a twin.
    pub pod_spread: f64,
    /// What the cluster autoscaler remembers.
    pub node_autoscaler: NodeAutoscaler,
    /// Use that is pinned, for tests of controllers.
    pub pins: Arc<Vec<Pin>>,
}

/// Use that is pinned for the pods of a workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pin {
    /// The workload.
    pub workload: WorkloadId,
    /// Cores per pod.
    pub cpu: f64,
    /// Bytes per pod.
    pub memory: f64,
    /// The pod that was the workload before a controller adopted it: the use stays its own.
    pub adopted: Option<PodId>,
}

impl Workings {
    /// How a workload serves requests; `None` serves none.
    #[must_use]
    pub fn behaviour(&self, workload: WorkloadId) -> Option<&Behaviour> {
        self.behaviours
            .get(workload.index())
            .and_then(Option::as_deref)
    }

    /// The same, shared.
    #[must_use]
    pub fn behaviour_shared(&self, workload: WorkloadId) -> Option<Arc<Behaviour>> {
        self.behaviours.get(workload.index()).cloned().flatten()
    }
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

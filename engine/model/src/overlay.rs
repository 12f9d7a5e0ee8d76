//! Mechanisms: the few ways in which the simulated world can be bent.
//!
//! A fault is a composition of these, as data (crate `aegis-faults`); the
//! simulator knows mechanisms and no fault.

use crate::ailment::Ailment;
use crate::change::ObjectChange;
use crate::ids::{NodeId, PodId, ServiceId, WorkloadId};
use crate::kubernetes::ObjectRef;
use crate::path::FieldPath;
use crate::procedure::Procedure;
use crate::units::Tick;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

/// One way to bend the world. Sizes are in the unit that each variant names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// Requests that the subject serves (or that pass the edge) fail: share, 0..=1.
    EdgeError(f64),
    /// Requests take longer: seconds added.
    EdgeDelay(f64),
    /// Packets are lost on the subject's connections: share, 0..=1.
    PacketLoss(f64),
    /// CPU per request is multiplied: factor, > 0.
    CpuFactor(f64),
    /// CPU is burnt beside the requests: cores per pod.
    CpuBurn(f64),
    /// Workers per pod are multiplied: factor, 0..=1.
    CapacityFactor(f64),
    /// Working set of each pod grows from its start: bytes per second.
    MemoryGrowth(f64),
    /// Working set of each pod is raised at once: bytes.
    MemoryStep(f64),
    /// Load at an entry Service is multiplied: factor, ≥ 0.
    LoadFactor(f64),
    /// Probes of the named kind fail, whatever the container does.
    ProbeFails(ProbeKind),
    /// Containers exit right after their start with this code.
    ExitsAtStart(i32),
    /// The image cannot be pulled.
    ImageMissing,
    /// The node's kubelet stops; its containers run on unseen.
    KubeletStops,
    /// The node is gone with all that runs on it.
    NodeDown,
    /// The pods are killed at the start of the mechanism.
    PodKill,
    /// The clock of the node is off: seconds.
    ClockSkew(f64),
    /// The writable disk of each pod grows: bytes per second.
    DiskFill(f64),
    /// Metrics of the subject are missing.
    TelemetryGap,
    /// A component is in a state that its clients feel; the size is in the state's own unit.
    Ailing(Ailment, f64),
    /// Part of the control plane does not run.
    ControllerStops(Controller),
    /// The network has no address left for a new pod.
    NoAddress,
    /// The kubelet of the node evicts below so much free memory: bytes.
    EvictionThreshold(f64),
    /// The subject's node is drained: cordoned, and its pods evicted through the budgets.
    Drain,
    /// An object changes without an entry in the record.
    Change(Arc<ObjectChange>),
    /// An actor makes a change again and again.
    Actor {
        /// Who, as the record of changes will name it.
        actor: SmolStr,
        /// Seconds between its acts, ≥ 1.
        every: u32,
        /// What it does.
        change: Arc<ObjectChange>,
    },
}

/// A part of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    /// kube-scheduler.
    Scheduler,
    /// kube-controller-manager.
    ControllerManager,
}

/// Which probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// Start-up probe.
    Startup,
    /// Liveness probe.
    Liveness,
    /// Readiness probe.
    Readiness,
}

/// What a mechanism acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// All pods of a workload.
    Workload(WorkloadId),
    /// One pod.
    Pod(PodId),
    /// A node.
    Node(NodeId),
    /// A Service, for load.
    Service(ServiceId),
    /// Calls of a workload to a Service.
    Edge(WorkloadId, ServiceId),
    /// Everything.
    Cluster,
}

/// A mechanism laid over a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Laid {
    /// What happens.
    pub mechanism: Mechanism,
    /// To what.
    pub subject: Subject,
    /// First tick of its effect.
    pub from: Tick,
    /// First tick without it; [`Tick::NEVER`] stays.
    pub until: Tick,
    /// What ends it besides time.
    pub ends: Ends,
    /// The repair that ends it, where one does.
    #[serde(default)]
    pub repair: Option<Procedure>,
}

/// What ends a mechanism besides its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// Nothing.
    WithTime,
    /// A pod of a revision other than the ones that ran when it began is free of it:
    /// a defect of the code or configuration that was rolled out.
    WithRevision(u32),
    /// A pod that was made after it began is free of it.
    WithPod,
    /// Another value of a field: it lasts as long as what was written stands.
    WithField(Arc<Held>),
}

/// A field and the value for which something lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The object.
    pub object: ObjectRef,
    /// The field; the empty path is the object as a whole.
    pub path: FieldPath,
    /// Its value; `None` where it is gone.
    pub value: Option<Value>,
}

/// All that is laid over a cluster, in the order in which it was laid.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overlay(pub Vec<Laid>);

impl Overlay {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// What acts at `now`.
    pub fn active(&self, now: Tick) -> impl Iterator<Item = &Laid> {
        self.0
            .iter()
            .filter(move |laid| laid.from <= now && now < laid.until)
    }
}

//! What a row of the catalogue holds.

use crate::betrayal::Betrayal;
use crate::change::Maker;
use crate::parameter::Parameter;
use aegis_model::{Mechanism, SymptomKind};

/// A fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Stable id.
    pub id: &'static str,
    /// In one sentence.
    pub summary: &'static str,
    /// What it acts on.
    pub targets: &'static [TargetKind],
    /// Its sizes, in the order in which they are passed on.
    pub parameters: &'static [Parameter],
    /// What is laid over the cluster, unseen.
    pub parts: &'static [Part],
    /// The change of an object by which it comes, where it comes by one.
    pub change: Option<Maker>,
    /// Changes of objects that betray it; empty for a fault that no object shows.
    pub betrayed_by_change: &'static [Betrayal],
    /// What is observed, most telling first.
    pub signs: &'static [Sign],
    /// Whom else it hurts.
    pub spreads: Spread,
    /// What helps, best first.
    pub remedies: &'static [Remedy],
    /// Seconds from its onset to its first sign, at its default size.
    pub delay: u32,
    /// How often it happens.
    pub frequency: Frequency,
    /// Public benchmarks and tools that have it.
    pub source: &'static str,
}

/// What a fault acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A workload.
    Workload,
    /// A Service.
    Service,
    /// A node.
    Node,
    /// A ConfigMap or Secret.
    Plain,
}

/// One mechanism of a fault.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The mechanism at given sizes (all of the fault's, in order).
    pub mechanism: fn(&[f64]) -> Mechanism,
    /// What ends it.
    pub lasting: Lasting,
}

/// What ends a mechanism of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// Whoever laid it.
    Time,
    /// Another revision: it is a defect of what was rolled out.
    Revision,
    /// A new pod: it is in the state of a process.
    Pod,
    /// So many seconds, given by the parameter at this position: a trigger that goes by itself.
    Parameter(usize),
}

/// Something that is observed when the fault is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// What.
    pub kind: SymptomKind,
    /// Which way.
    pub direction: Direction,
    /// Where.
    pub on: On,
}

/// Which way a series goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Up, or from absent to present.
    Rises,
    /// Down.
    Falls,
}

/// Where a sign shows, seen from the fault's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The subject; for a node its pods' workloads.
    Subject,
    /// Whoever calls it.
    Callers,
    /// Whom it calls.
    Callees,
    /// Nodes: the subject, or those under it.
    Node,
    /// The entries.
    Entry,
    /// The Services in front of it.
    Services,
}

/// Whom else a fault hurts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Nobody.
    Stays,
    /// Callers, who wait for it or fail with it.
    ToCallers,
    /// Callees, who get more than they can serve.
    ToCallees,
    /// Whoever shares the node.
    ToNeighbours,
    /// Callers and callees.
    BothWays,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    /// How far.
    pub aim: Aim,
    /// What is done.
    pub act: Act,
}

/// How far a remedy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// Ends the cause.
    Undo,
    /// Keeps its damage small while it lasts.
    Contain,
    /// Makes room for it.
    Outgrow,
}

/// What a remedy does; the reasoning turns it into actions on the objects at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Goes back to the revision before.
    RollBack,
    /// Takes the recorded change back, field by field.
    RevertChange,
    /// Makes new pods of the same revision.
    RestartRollout,
    /// Deletes the pods that are hurt.
    DeletePods,
    /// Raises the memory limit and request.
    RaiseMemoryLimit,
    /// Raises the CPU limit and request.
    RaiseCpuLimit,
    /// Lowers requests to what nodes have.
    LowerRequests,
    /// More replicas.
    ScaleOut,
    /// Replicas as they were.
    RestoreReplicas,
    /// A higher bound for the autoscaler.
    RaiseAutoscalerMax,
    /// Lets pods onto the node again.
    Uncordon,
    /// Keeps new pods off the node.
    Cordon,
    /// Moves pods off the node.
    Drain,
    /// Removes the NetworkPolicy.
    DeletePolicy,
    /// Lets the callers through the NetworkPolicy.
    PatchPolicy,
    /// Sets the probe right, or removes it.
    PatchProbe,
    /// Sets the Service right.
    PatchService,
    /// Sets an image that exists.
    SetImage,
    /// Sets the variable right.
    SetEnv,
    /// Turns a share of requests away at the entry.
    ShedTraffic,
    /// Bounds what each pod works on at once.
    LimitConcurrency,
    /// Fewer retries, or other time-outs, at the callers.
    SetRetries,
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frequency {
    /// Per cluster of a dozen services, in a month.
    pub per_cluster_month: f64,
    /// Where that is from.
    pub source: &'static str,
}

impl Fault {
    /// Whether some change of an object betrays it: it has then an entry in the record.
    #[must_use]
    pub const fn is_visible(&self) -> bool {
        !self.betrayed_by_change.is_empty()
    }

    /// Whether it acts on targets of this kind.
    #[must_use]
    pub fn acts_on(&self, kind: TargetKind) -> bool {
        self.targets.contains(&kind)
    }

    /// The default of each parameter.
    #[must_use]
    pub fn defaults(&self) -> Vec<f64> {
        self.parameters
            .iter()
            .map(|parameter| parameter.default)
            .collect()
    }
}

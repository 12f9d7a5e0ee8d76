//! Symptoms, signatures, hypotheses.

use crate::ids::{NodeId, PlainId, PolicyId, ServiceId, WorkloadId};
use crate::overlay::Subject;
use crate::path::FieldPath;
use crate::units::Tick;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// An object by its id: what the engine reasons over. Names come in at the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A workload.
    Workload(WorkloadId),
    /// A Service.
    Service(ServiceId),
    /// A node.
    Node(NodeId),
    /// A NetworkPolicy.
    Policy(PolicyId),
    /// A ConfigMap, Secret, or another plain object.
    Plain(PlainId),
    /// The whole cluster.
    Cluster,
}

/// What is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SymptomKind {
    /// The error budget burns too fast.
    BurnRate,
    /// Errors of a service above its healthy level.
    Errors,
    /// Latency above its healthy level.
    Latency,
    /// Rate far from its healthy level.
    Rate,
    /// CPU above its healthy level, or throttled.
    Cpu,
    /// Memory growing, or near its limit.
    Memory,
    /// Containers restart.
    Restarts,
    /// Killed for memory.
    OomKilled,
    /// Pods are not ready.
    NotReady,
    /// Pods cannot be placed or created.
    Unschedulable,
    /// Images cannot be pulled, or references are missing.
    CannotStart,
    /// A Service has no ready endpoint.
    NoEndpoints,
    /// A node is not ready.
    NodeNotReady,
    /// Data of the subject are missing.
    TelemetryMissing,
}

/// One thing that is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Symptom {
    /// What.
    pub kind: SymptomKind,
    /// Where.
    pub subject: Target,
    /// 0..=1; 1 pages, 0.5 opens a ticket.
    pub severity: f64,
    /// Since when.
    pub since: Tick,
    /// The figures that say so.
    pub evidence: String,
}

/// Place of a subject in the call graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Users reach it.
    Entry,
    /// Called, and calls others.
    Middle,
    /// Called, and calls nobody.
    Leaf,
    /// Keeps data.
    Store,
    /// Keeps copies of data.
    Cache,
    /// Keeps messages.
    Queue,
    /// A node.
    Node,
    /// None of these.
    Other,
}

/// What an incident looks like, apart from names: one part per symptom.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signature(pub Vec<SignaturePart>);

/// One part of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SignaturePart {
    /// What.
    pub kind: SymptomKind,
    /// Where in the call graph.
    pub role: Role,
    /// Order of onset, 1..=3.
    pub rank: u8,
}

/// A possible cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    /// Id in the catalogue, or `misconfiguration`, `unknown`, `no_fault`.
    pub fault: SmolStr,
    /// The object at fault.
    pub target: Target,
    /// The field, for a visible cause.
    pub field: Option<FieldPath>,
    /// The entry of the record of changes that made it, by position.
    pub change: Option<u32>,
    /// Who re-applies it.
    pub actor: Option<SmolStr>,
    /// What the fault's mechanisms act on.
    pub subject: Subject,
    /// When it began.
    pub onset: Tick,
    /// Sizes of its parameters, in the order of the catalogue.
    pub parameters: Vec<f64>,
    /// Before looking, 0..=1.
    pub prior: f64,
    /// Log marginal likelihood of the window, nats, relative to `no_fault`; `None` before it was rolled.
    pub evidence: Option<f64>,
    /// After looking, 0..=0.99.
    pub confidence: f64,
    /// What speaks for it.
    pub supporting: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
    /// Number of its equivalence class: hypotheses that the window cannot tell apart.
    pub class: u32,
    /// Refuted in this incident: its confidence is 0 until the incident closes.
    pub refuted: bool,
}

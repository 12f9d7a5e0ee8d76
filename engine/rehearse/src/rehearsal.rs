//! What a rehearsal came to, as programs read it.

use crate::harden::Measure;
use serde::{Deserialize, Serialize};

/// Version of the shape of [`Rehearsal`].
pub const REHEARSAL_SCHEMA: &str = "aegis.dev/rehearsal/v1";

/// A rehearsal. Minutes and seconds are simulated; objects are `Kind/namespace/name`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// Version of the shape.
    pub schema: String,
    /// Name of what was rehearsed.
    pub name: String,
    /// Root of all draws.
    pub seed: u64,
    /// Length of each play, s; faults begin at second 60.
    pub length_s: u32,
    /// Plays.
    pub trials: Trials,
    /// What users are promised.
    pub objectives: Vec<Promise>,
    /// SLO minutes that are lost with nothing laid.
    pub control_slo_minutes_lost: f64,
    /// Faults that cost something, the dearest first.
    pub findings: Vec<Finding>,
    /// What alone carries what users need, the dearest first.
    pub single_points: Vec<SinglePoint>,
    /// Fault and target of what was laid and cost nothing.
    pub harmless: Vec<(String, String)>,
    /// Fault and target of what fits and was not played: the budget was used up.
    pub not_tried: Vec<(String, String)>,
    /// Fault, target, and why it could not happen.
    pub skipped: Vec<(String, String, String)>,
}

/// How many worlds were played.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trials {
    /// At most so many.
    pub budget: usize,
    /// With nobody acting.
    pub untreated: usize,
    /// With the engine at work.
    pub treated: usize,
    /// With a patch of the manifests.
    pub hardened: usize,
}

/// An objective, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// The entry.
    pub service: String,
    /// Share of requests that must succeed.
    pub availability: f64,
    /// 99th percentile that must not be passed, s.
    pub p99_s: Option<f64>,
}

/// Where something stands in a file; lines from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Path as it was given.
    pub file: String,
    /// Line.
    pub line: usize,
}

/// A fault at a target that costs something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// From 1.
    pub rank: usize,
    /// Id in the catalogue, or `zone_loss`.
    pub fault: String,
    /// What it does.
    pub summary: String,
    /// The object that it acts on.
    pub target: String,
    /// Where that object stands; `null` for a node or zone.
    pub place: Option<Place>,
    /// Share of users' requests that pass the object.
    pub reach: f64,
    /// Entries whose objective was missed.
    pub entries: Vec<String>,
    /// Workloads that failed or were gone, the first first.
    pub breaks: Vec<String>,
    /// SLO minutes lost with nobody acting.
    pub untreated_slo_minutes: f64,
    /// Whether it was over by itself at the end.
    pub passes: bool,
    /// What the engine made of it; `null` where the budget was used up.
    pub sentinel: Option<Treatment>,
    /// Patches that cut the damage, the best first.
    pub hardenings: Vec<Hardening>,
}

/// What the engine made of a fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Treatment {
    /// SLO minutes lost.
    pub slo_minutes: f64,
    /// Seconds from onset to the start of the calm that lasts to the end.
    pub mended_after_s: Option<i64>,
    /// Whether no objective was missed over the last 120 s.
    pub mended: bool,
    /// Whether an objective lost more than with nobody acting.
    pub harm: bool,
    /// The leading cause of the last diagnosis: fault and object.
    pub diagnosis: Option<(String, String)>,
    /// Whether it is the true one.
    pub diagnosis_right: Option<bool>,
    /// What was applied, as kubectl.
    pub plan: Vec<String>,
    /// Plans taken back.
    pub undone: u32,
}

/// A patch that cut the damage on the same seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hardening {
    /// What it changes.
    pub measure: Measure,
    /// In words.
    pub summary: String,
    /// The workloads that it hardens.
    pub objects: Vec<String>,
    /// The patch.
    pub kubectl: Vec<String>,
    /// SLO minutes lost without it, nobody acting.
    pub before: f64,
    /// The same with it.
    pub after: f64,
}

/// Why something is a single point of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sole {
    /// One replica.
    OneReplica,
    /// All replicas on one node.
    SameNode,
    /// All replicas in one zone, of several.
    SameZone,
    /// Several replicas that a drain may take at once.
    NoBudget,
    /// A node whose loss users feel.
    Node,
    /// A zone whose loss users feel.
    Zone,
}

/// Something that alone carries what users need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SinglePoint {
    /// Why.
    pub sole: Sole,
    /// The object.
    pub object: String,
    /// Where it stands.
    pub place: Option<Place>,
    /// Share of users' requests that pass it.
    pub reach: f64,
    /// In words.
    pub words: String,
    /// The fault that shows it, and the SLO minutes that it costs untreated; `null` where none was played
    /// that would.
    pub shown_by: Option<(String, f64)>,
}

impl Rehearsal {
    /// The worst that a fault costs with the engine at work, or untreated where it was not; SLO minutes.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.findings.iter().map(Finding::cost).fold(0.0, f64::max)
    }

    /// Findings that the engine did not mend.
    #[must_use]
    pub fn unmended(&self) -> usize {
        let treated = self.findings.iter().filter_map(|one| one.sentinel.as_ref());
        treated.filter(|treatment| !treatment.mended).count()
    }

    /// Findings that the engine made worse.
    #[must_use]
    pub fn harmed(&self) -> usize {
        let treated = self.findings.iter().filter_map(|one| one.sentinel.as_ref());
        treated.filter(|treatment| treatment.harm).count()
    }
}

impl Finding {
    /// SLO minutes lost with the engine at work; untreated where it was not.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.sentinel
            .as_ref()
            .map_or(self.untreated_slo_minutes, |treatment| {
                treatment.slo_minutes
            })
    }
}

//! What critics say of plans, how plans are amended, and what becomes of it.
//!
//! An objection carries what it rests on: outcomes of trials, or something that was observed. What rests on
//! neither has no weight.

use crate::action::Plan;
use crate::diagnosis::Target;
use crate::ids::WorkloadId;
use crate::units::Tick;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Who argues. Each has one brief and looks at nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Critic {
    /// What else the plan can hurt, and whether it can be taken back.
    Safety,
    /// Whether there is room for users while it is carried out, and after.
    Capacity,
    /// Whether the same can be had for less.
    Cost,
    /// What else would explain this, and what the plan does then.
    Diagnosis,
    /// Which fault, when and where, takes most of what the plan is worth.
    Adversary,
}

/// All critics, in the order in which they speak.
pub const CRITICS: [Critic; 5] = [
    Critic::Safety,
    Critic::Capacity,
    Critic::Cost,
    Critic::Diagnosis,
    Critic::Adversary,
];

/// What is held against a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A step is not possible, or is not over in time.
    StepFails {
        /// Position of the step.
        step: u32,
    },
    /// A step touches more of what users pass than the cause does.
    ReachesFar {
        /// Position of the step.
        step: u32,
    },
    /// What a step ends cannot be had back.
    Irreversible {
        /// Position of the step.
        step: u32,
    },
    /// While it is carried out users lose more than by waiting.
    DipsWhileRolling {
        /// Whose pods are made anew.
        workload: WorkloadId,
    },
    /// More load than now undoes what it gains.
    ShortOfRoom {
        /// What runs short.
        workload: WorkloadId,
    },
    /// It pays for what it does not need.
    Dear,
    /// If this is the cause, it helps little or harms.
    FailsIf {
        /// Fault of the rival hypothesis.
        fault: SmolStr,
        /// Its target.
        target: Target,
    },
    /// It loses its worth in the adversary's future.
    FallsTo {
        /// Fault that the adversary adds.
        fault: SmolStr,
        /// Where.
        target: Target,
    },
    /// Something that no critic of ours has a word for.
    Other,
}

/// What an objection rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Outcomes of trials.
    Simulated {
        /// How many.
        trials: u32,
        /// What the plan gave, a share 0..=1; what of is in `text`.
        plan: f64,
        /// What it is compared with gave.
        other: f64,
        /// In words.
        text: String,
    },
    /// Something that was observed.
    Observed {
        /// In words.
        text: String,
    },
    /// Nothing but the word of whoever says it.
    Word,
}

/// Something held against a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objection {
    /// Round of the debate, from 1.
    pub round: u32,
    /// Who says it.
    pub critic: Critic,
    /// Of which plan.
    pub plan: SmolStr,
    /// What.
    pub claim: Claim,
    /// In one line, for people.
    pub text: String,
    /// What it rests on.
    pub evidence: Evidence,
    /// How much of the plan's worth is at stake, 0..=1.
    pub severity: f64,
}

impl Objection {
    /// What it counts, 0..=1: nothing where it rests on nothing.
    #[must_use]
    pub fn weight(&self) -> f64 {
        match self.evidence {
            Evidence::Simulated { .. } | Evidence::Observed { .. } => self.severity,
            Evidence::Word => 0.0,
        }
    }
}

/// A plan changed in answer to an objection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    /// Round of the debate, from 1.
    pub round: u32,
    /// The plan that was objected to.
    pub from: SmolStr,
    /// The plan that stands beside it from now on.
    pub to: Plan,
    /// Whose objection it answers.
    pub answers: Critic,
}

/// What became of an amended plan after it was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hearing {
    /// Round of the debate, from 1.
    pub round: u32,
    /// The amended plan.
    pub plan: SmolStr,
    /// Whether it goes on.
    pub result: HearingResult,
    /// The figures that decided.
    pub why: String,
}

/// Whether an amended plan goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HearingResult {
    /// It answers the objection, and passes in the adversary's future.
    Passed,
    /// It does not: it is withdrawn.
    Withdrawn,
}

/// The future that the adversary found: a fault, where, when, how large, and what it takes from the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attack {
    /// Round of the debate, from 1.
    pub round: u32,
    /// The plan that it was searched against.
    pub plan: SmolStr,
    /// The fault.
    pub fault: SmolStr,
    /// What it acts on.
    pub target: Target,
    /// From when on.
    pub from: Tick,
    /// Quantile of its size, 0..=1.
    pub size: f64,
    /// Mean stability of the plan and of waiting under it, 0..=1.
    pub stability: [f64; 2],
    /// Gain over waiting that the plan has without it and does not have under it, mean stability.
    pub taken: f64,
    /// Faults, times and sizes that were tried.
    pub tried: u32,
}

/// What a critic prefers at the end of a debate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub critic: Critic,
    /// The plan; `wait` is the control.
    pub plan: SmolStr,
    /// The figure that decided, in words.
    pub why: String,
}

/// Why a debate was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Nobody had anything new to say.
    NothingNew,
    /// All rounds were held.
    Rounds,
    /// The budget of trials was used up.
    Budget,
}

/// The end of a debate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Debated {
    /// Rounds that were held.
    pub rounds: u32,
    /// Trials that were played for it.
    pub trials: u64,
    /// Work done, service-ticks.
    pub service_ticks: u64,
    /// Why it was over.
    pub closing: Closing,
    /// What each critic prefers.
    pub votes: Vec<Vote>,
}

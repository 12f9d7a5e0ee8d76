//! What a plan did in simulated futures, and what was chosen.

use crate::diagnosis::Target;
use crate::units::Seconds;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// One future of the twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Future {
    /// The hypothesis, nothing else.
    Main,
    /// Plus the fault that most likely follows.
    LikelyNext,
    /// Plus the past fault that cost most.
    WorstHistorical,
}

/// The three futures, in the order in which they are shown.
pub const FUTURES: [Future; 3] = [Future::Main, Future::LikelyNext, Future::WorstHistorical];

/// What one trial gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// 0..=1; 1 is every objective met throughout.
    pub stability: f64,
    /// Mean of the loss in each 15 s bin, 0..=1.
    pub loss: Vec<f64>,
    /// 0..=1.
    pub cost: f64,
    /// How the plan's steps ended.
    pub conduct: Conduct,
    /// Log likelihood of the observed window, nats, where one was given.
    pub log_likelihood: Option<f64>,
    /// Bins of 15 s by which the prediction was put off to fit the window, where that was allowed.
    #[serde(default)]
    pub put_off: u32,
    /// Digest of the simulated series.
    pub digest: u64,
    /// Work done, service-ticks.
    pub service_ticks: u64,
}

/// How a plan's steps ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// All steps done, or none to do.
    Done,
    /// Still under way.
    Running,
    /// A precondition did not hold at this step.
    Refused {
        /// Position of the step.
        step: u32,
        /// Why.
        why: String,
    },
    /// A wait passed its deadline.
    TimedOut {
        /// Position of the step.
        step: u32,
    },
}

/// How a plan fared over all draws of all futures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanScore {
    /// The plan.
    pub plan: SmolStr,
    /// Mean stability in the main future, 0..=1.
    pub stability: f64,
    /// Mean stability per future, in the order of [`FUTURES`].
    pub futures: [f64; 3],
    /// 0..=1.
    pub cost: f64,
    /// 0..=1.
    pub resilience: f64,
    /// Accumulated propagation risk, 0..=1.
    pub risk: f64,
    /// Weighted sum.
    pub score: f64,
    /// Loss of each draw, 0..=1, the same draws for every plan.
    pub losses: Vec<f64>,
    /// Whether it lasts: the trigger comes again, a pod is recreated.
    pub durable: bool,
    /// Plan that dominates it, if one does.
    pub dominated_by: Option<SmolStr>,
    /// Why it was not chosen.
    pub rejected: Option<String>,
}

/// What is predicted of the chosen plan: per 15 s bin after the decision.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Median loss, 0..=1.
    pub median: Vec<f64>,
    /// Bounds of the 80 % band.
    pub band80: Vec<(f64, f64)>,
    /// Bounds of the 95 % band.
    pub band95: Vec<(f64, f64)>,
    /// Median loss of the control.
    pub control: Vec<f64>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The plan; `None` is to wait.
    pub choice: Option<SmolStr>,
    /// Why.
    pub why: String,
    /// Every plan with its figures, the control last.
    pub table: Vec<PlanScore>,
    /// What is predicted.
    pub prediction: Prediction,
}

/// How an incident, or a run, ended; the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Stopped by hand.
    Cancelled,
    /// The last plan was refused by policy or approval and none stands.
    Refused,
    /// A plan stands and all objectives are met at the end.
    Mended,
    /// The last plan was taken back, objectives are missed.
    Undone,
    /// Objectives are missed otherwise.
    Unresolved,
    /// Symptoms came, no plan stands, objectives are met.
    Waited,
    /// No page.
    Healthy,
}

/// What became of a hypothesis after its plan was applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reflection {
    /// Fault and target.
    pub hypothesis: (SmolStr, Target),
    /// Verdict on it.
    pub finding: Finding,
    /// The figures that decided.
    pub why: String,
}

/// What the world says of a hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It predicted what came.
    Confirmed,
    /// It did not, and a rival did.
    Refuted,
    /// Neither.
    Undecided,
}

/// Length of a bin of a loss series, s.
pub const BIN: Seconds = 15.0;

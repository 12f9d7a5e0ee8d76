//! What happens in a run. Everything that anyone sees of a run is a projection of these.

use crate::action::{Action, Plan};
use crate::ask::Advice;
use crate::change::ChangeRecord;
use crate::debate::{Amendment, Attack, Debated, Hearing, Objection};
use crate::diagnosis::{Hypothesis, Signature, Symptom};
use crate::objective::RunContext;
use crate::observation::{LogCount, Samples};
use crate::outcome::{Conduct, Ending, PlanScore, Reflection, Verdict};
use crate::recall::{Cue, Precursor, Recalled, Withheld};
use crate::units::Tick;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

/// Version of the shape of [`RunEvent`].
pub const EVENT_SCHEMA: &str = "aegis.dev/event/v1";

/// One event with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Position in the run, from 0.
    pub n: u64,
    /// Simulated seconds since the run's start; negative in the observed past.
    pub t: i64,
    /// The event.
    #[serde(flatten)]
    pub event: RunEvent,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run begins.
    Started {
        /// Version of the shape.
        schema: SmolStr,
        /// What the engine is told.
        context: RunContext,
        /// Tick that is the run's zero.
        origin: Tick,
    },
    /// A scrape.
    Observed(ObservationDelta),
    /// Something is off, newly or more severely.
    SymptomSeen(Symptom),
    /// A symptom is over.
    SymptomGone(Symptom),
    /// An incident is open: its signature.
    IncidentOpened {
        /// Its signature.
        signature: Signature,
        /// When the change point is put.
        onset: Tick,
    },
    /// Nothing is missed yet, and onsets like this became incidents before: the case is put at once.
    Forewarned {
        /// What is off.
        signature: Signature,
        /// What it forebodes.
        precursor: Precursor,
    },
    /// The memory was asked about an incident, or about an onset.
    Remembered {
        /// What was asked.
        cue: Cue,
        /// What came back.
        recalled: Recalled,
    },
    /// Hypotheses that the memory forbids, as they would have been.
    Withheld {
        /// The hypotheses.
        hypotheses: Vec<Withheld>,
    },
    /// The twin was calibrated.
    Calibrated {
        /// Seconds of healthy past used; 0 means priors alone.
        healthy: u32,
        /// Mean error of the twin on the healthy window, as a share of what was seen.
        error: f64,
        /// In words.
        notes: Vec<String>,
    },
    /// Hypotheses, most likely first.
    Diagnosed {
        /// All that were rolled.
        hypotheses: Vec<Hypothesis>,
        /// Candidates that the first screen dropped.
        screened: u32,
        /// Work done, service-ticks.
        service_ticks: u64,
        /// What an operator could look at next to tell the leading ones apart.
        next_checks: Vec<String>,
    },
    /// Plans were drafted.
    Planned {
        /// The plans, the control last.
        plans: Vec<Plan>,
    },
    /// Their propagation risk.
    RiskAssessed {
        /// By plan.
        risks: Vec<(SmolStr, f64)>,
    },
    /// They were played in the futures.
    Shadowed {
        /// By plan.
        scores: Vec<PlanScore>,
        /// Names of what the two further futures add.
        added: [SmolStr; 2],
        /// Work done, service-ticks.
        service_ticks: u64,
    },
    /// A critic holds something against a plan.
    Objected(Objection),
    /// A plan was changed in answer.
    Amended(Amendment),
    /// What became of the changed plan after it was played.
    Heard(Hearing),
    /// The adversary found the future that hurts a plan most.
    Attacked(Attack),
    /// The debate is over: what each critic prefers.
    Debated(Debated),
    /// One was chosen, or none.
    Selected(Verdict),
    /// The chosen plan was undone on a twin and left something behind, or does what nothing takes back.
    CannotUndo {
        /// The plan.
        plan: SmolStr,
        /// What would stay.
        why: Vec<String>,
    },
    /// A person is asked.
    ApprovalAsked {
        /// The plan.
        plan: SmolStr,
    },
    /// The person's answer.
    ApprovalGiven {
        /// The plan.
        plan: SmolStr,
        /// Whether it may be applied.
        granted: bool,
        /// Why, in the person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A plan begins to be applied.
    ApplyStarted {
        /// The plan.
        plan: SmolStr,
    },
    /// A step was taken.
    StepApplied {
        /// The plan.
        plan: SmolStr,
        /// Position of the step.
        step: u32,
        /// What was done.
        action: Action,
        /// The changes that it made, by position in the record.
        changes: Vec<u32>,
        /// As kubectl.
        kubectl: String,
    },
    /// All steps were taken, or they stopped.
    ApplyEnded {
        /// The plan.
        plan: SmolStr,
        /// How.
        conduct: Conduct,
    },
    /// A bin of the watch: what came beside what was predicted.
    Watched {
        /// The plan.
        plan: SmolStr,
        /// Bins since the decision.
        bin: u32,
        /// Observed loss, 0..=1.
        loss: f64,
        /// Upper bound of the 95 % band.
        bound: f64,
        /// Median of the control.
        control: f64,
    },
    /// A plan was taken back.
    Undone {
        /// The plan.
        plan: SmolStr,
        /// Why.
        why: String,
        /// As kubectl.
        kubectl: Vec<String>,
    },
    /// A plan was kept after its undo was tried on a twin and found worse, or because undo failed.
    UndoDeclined {
        /// The plan.
        plan: SmolStr,
        /// Why.
        why: String,
    },
    /// What the incident says of its diagnosis.
    Reflected(Reflection),
    /// An incident is closed.
    IncidentClosed {
        /// How.
        ending: Ending,
    },
    /// A language model was asked, and this became of it.
    Advised(Advice),
    /// A budget was used up, or a part gave up; the run goes on.
    Noted {
        /// In words.
        note: String,
    },
    /// The run is over.
    Ended {
        /// How.
        ending: Ending,
        /// Whether each objective was met over its last window.
        met: Vec<bool>,
    },
}

/// What changed since the last observation; a keyframe carries every row of the objects that
/// keep changing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservationDelta {
    /// When.
    pub at: Tick,
    /// Whether rows are complete.
    pub keyframe: bool,
    /// Rows that changed: table, position, row.
    pub rows: Vec<RowDelta>,
    /// New entries of the record of changes.
    pub changes: Vec<ChangeRecord>,
    /// Metrics of the interval.
    pub samples: Samples,
    /// Log templates with counts.
    pub logs: Vec<LogCount>,
}

/// One changed row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowDelta {
    /// Name of the table, as a field of `Objects`.
    pub table: SmolStr,
    /// Position in it.
    pub row: u32,
    /// The row.
    pub value: Value,
}

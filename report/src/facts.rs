//! What the runner knows of a run and the log does not say.

use aegis_model::kubernetes::ObjectRef;
use aegis_model::{FieldPath, Mode};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Facts beside the events; none of them was known to the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Name of the scenario.
    pub scenario: String,
    /// Which graph thought.
    pub mode: Mode,
    /// The world's seed.
    pub seed: u64,
    /// Seconds from the run's start at which the first cause began to act; `None` without one.
    pub onset: Option<i64>,
    /// Whether an objective lost more than under the no-op; `None` where that was not run.
    pub harm: Option<bool>,
    /// What was really wrong; for practice runs alone.
    pub truth: Option<Truth>,
    /// `paused` or `charged`.
    pub clock: SmolStr,
    /// The language model, if one was asked.
    pub model: Option<String>,
    /// The memory, if one was used.
    pub memory: Option<String>,
    /// The run that this one goes on from.
    pub resumed_from: Option<String>,
    /// Versions.
    pub versions: Versions,
    /// BLAKE3 of the event log, hexadecimal.
    pub events_blake3: String,
    /// What the fault ids mean: id and sentence.
    pub faults: Vec<(SmolStr, String)>,
}

/// Versions of what made the run.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of the program.
    pub aegis: String,
    /// Of the engine's numeric parameters.
    pub genome: String,
    /// Of the prompts.
    pub prompts: Option<String>,
}

/// What was really wrong.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// The causes.
    pub causes: Vec<Cause>,
    /// Further answers that are right too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_right: Vec<Cause>,
    /// Whether users were affected.
    pub users_affected: Option<bool>,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Id in the catalogue.
    pub fault: SmolStr,
    /// The object at fault.
    pub object: ObjectRef,
    /// The field at fault, for a visible cause; `None` asks for none.
    pub field: Option<FieldPath>,
}

impl Truth {
    /// Whether fault, object and field are in this set.
    #[must_use]
    pub fn holds(&self, fault: &str, object: &ObjectRef, field: Option<&FieldPath>) -> bool {
        self.causes.iter().chain(&self.also_right).any(|cause| {
            cause.fault == fault
                && cause.object == *object
                && (cause.field.is_none() || cause.field.as_ref() == field)
        })
    }
}

impl Facts {
    /// What a fault id means, if the catalogue says so.
    #[must_use]
    pub fn meaning(&self, fault: &str) -> Option<&str> {
        let found = self.faults.iter().find(|(id, _)| id == fault);
        found.map(|(_, meaning)| meaning.as_str())
    }
}

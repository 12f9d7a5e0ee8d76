//! What is wrong in a scenario: what a diagnosis is judged by, once the run is over.

use crate::faults;
use crate::format::{Act, Cause, ChaosEntry, Spec};
use crate::names;
use aegis_model::kubernetes::ObjectRef;
use aegis_world::Revelation;

/// One answer that is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Ids of faults, any of which counts.
    pub faults: Vec<String>,
    /// The object at fault.
    pub object: ObjectRef,
    /// The field, for a visible cause; without one any field, or none, counts.
    pub field: Option<String>,
}

/// The truth of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Causes.
    pub causes: Vec<Right>,
    /// What counts as right too.
    pub also_right: Vec<Right>,
    /// Whether users notice.
    pub users_affected: bool,
}

/// The truth: as stated, else what the world's faults were.
#[must_use]
pub fn truth(spec: &Spec, revelation: &Revelation) -> Truth {
    let (causes, also_right) = match &spec.truth {
        Some(words) => (stated(&words.causes), stated(&words.also_right)),
        None => (derived(revelation), Vec::new()),
    };
    let said = spec.truth.as_ref().and_then(|words| words.users_affected);
    Truth {
        users_affected: said.unwrap_or(!causes.is_empty()),
        causes,
        also_right,
    }
}

fn stated(causes: &[Cause]) -> Vec<Right> {
    let right = |cause: &Cause| {
        let ids = faults::counts(&cause.fault);
        let faults = if ids.is_empty() {
            vec![cause.fault.clone()]
        } else {
            ids.into_iter().map(Into::into).collect()
        };
        Some(Right {
            faults,
            object: names::object(&cause.object)?,
            field: cause.field.clone(),
        })
    };
    causes.iter().filter_map(right).collect()
}

fn derived(revelation: &Revelation) -> Vec<Right> {
    let right = |cause: &aegis_world::Cause| Right {
        faults: faults::counts_over(cause.fault, cause.breadth)
            .into_iter()
            .map(Into::into)
            .collect(),
        object: cause.object.clone(),
        field: cause
            .fields
            .first()
            .map(ToString::to_string)
            .filter(|field| !field.is_empty()),
    };
    revelation.causes.iter().map(right).collect()
}

impl Truth {
    /// Whether a diagnosis is right: fault and object, and the field where both have one. A cause without a name of
    /// its own is right where it says the very field.
    #[must_use]
    pub fn is_right(&self, fault: &str, object: &ObjectRef, field: Option<&str>) -> bool {
        let fits = |right: &Right| {
            let same_field = match (&right.field, field) {
                (Some(wanted), Some(found)) => wanted == found,
                _ => true,
            };
            let is_field = right.field.is_some() && right.field.as_deref() == field;
            let same_fault = right.faults.iter().any(|id| id == fault)
                || fault == aegis_faults::MISCONFIGURATION && is_field;
            same_fault && right.object == *object && same_field
        };
        self.causes.iter().chain(&self.also_right).any(fits)
    }
}

/// Whether an entry is a cause: a fault or a load, or a change of an object that the truth names.
#[must_use]
pub fn is_cause(spec: &Spec, entry: &ChaosEntry) -> bool {
    let object = match &entry.act {
        Act::Fault { .. } | Act::Load(_) => return true,
        Act::Patch(patch) => names::object(&patch.object),
        Act::Delete {
            what: crate::format::Deleted::Object(object),
            ..
        } => names::object(object),
        Act::Apply(document) => Some(names::of_value(document)),
        Act::Delete { .. } | Act::Stage { .. } => None,
    };
    let causes = spec.truth.iter().flat_map(|truth| &truth.causes);
    object.is_some()
        && causes
            .into_iter()
            .any(|cause| names::object(&cause.object) == object)
}

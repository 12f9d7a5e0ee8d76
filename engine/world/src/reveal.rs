//! The truth, once the run is over.

use aegis_faults::Breadth;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{FieldPath, Target, Tick};
use smol_str::SmolStr;

/// One true cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Its id in the catalogue.
    pub fault: &'static str,
    /// How much it takes in: a zone of one node is that node.
    pub breadth: Breadth,
    /// What it acts on.
    pub target: Target,
    /// The object at fault: the target, or what was created.
    pub object: ObjectRef,
    /// Fields that were set wrong.
    pub fields: Vec<FieldPath>,
    /// Who made the change, for a fault that came by one.
    pub actor: Option<SmolStr>,
    /// First tick of its effect.
    pub from: Tick,
}

/// What was hidden.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Revelation {
    /// Causes, in the order in which they began.
    pub causes: Vec<Cause>,
    /// When the first cause began to act, seconds after time 0.
    pub onset: Option<i64>,
    /// What was to happen and could not, with the reason.
    pub skipped: Vec<String>,
}

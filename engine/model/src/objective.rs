//! Service level objectives, in the SRE workbook's terms.

use crate::ids::ServiceId;
use crate::recall::Remembers;
use crate::units::Seconds;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What users of an entry are promised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The entry.
    pub service: ServiceId,
    /// Share of requests that must succeed, 0..1.
    pub availability: f64,
    /// Share of requests that must be faster than a time.
    pub latency: Option<LatencyTarget>,
    /// Window over which it is judged, s (Ω).
    pub window: u32,
}

/// `p99: 800ms` is share 0.99 below 0.8 s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencyTarget {
    /// Share of requests, 0..1.
    pub share: f64,
    /// Faster than this, s.
    pub below: Seconds,
}

/// What the engine is told of a run: nothing that names, labels or foretells it.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunContext {
    /// Objectives.
    pub objectives: Vec<Objective>,
    /// Which graph thinks.
    pub mode: Mode,
    /// Every numeric parameter of the engine, by name.
    pub genome: Vec<(SmolStr, f64)>,
    /// Whether plans are applied at once or asked about first.
    pub approval: Approval,
    /// Whether a language model is asked for ideas.
    #[serde(default, skip_serializing_if = "Advisor::is_none")]
    pub advisor: Advisor,
    /// Whether a memory is looked into.
    #[serde(default, skip_serializing_if = "Remembers::is_nothing")]
    pub memory: Remembers,
    /// Whether a plan that cannot be taken back may go the way of the others.
    #[serde(default, skip_serializing_if = "Irreversible::is_default")]
    pub irreversible: Irreversible,
}

/// Which graph thinks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Three plans, the full logic.
    #[default]
    Sentinel,
    /// Nine plans, argued over by critics.
    Legion,
    /// Watches, decides nothing: the control.
    Noop,
}

/// Whether plans are applied at once or asked about first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// At once.
    #[default]
    Auto,
    /// After a person's approval.
    Ask,
}

/// Whether a language model is asked for ideas.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advisor {
    /// The engine is on its own.
    #[default]
    None,
    /// A model may name further causes and plans; simulation judges them like all others.
    Model,
}

impl Advisor {
    /// Whether the engine is on its own.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Whether a plan that cannot be taken back may go the way of the others.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Irreversible {
    /// A person is asked first, whatever is said of approval.
    #[default]
    AskFirst,
    /// It may.
    Allowed,
}

impl Irreversible {
    /// Whether it is what holds where nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A person's answer to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Ruling {
    /// Whether it may be applied.
    pub granted: bool,
    /// Why, in the person's words.
    pub reason: Option<String>,
}

/// A ruling as JSON: a plain yes or no where no reason is given.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(bool),
    Reasoned {
        granted: bool,
        reason: Option<String>,
    },
}

impl From<Written> for Ruling {
    fn from(written: Written) -> Self {
        match written {
            Written::Plain(granted) => Self::plain(granted),
            Written::Reasoned { granted, reason } => Self { granted, reason },
        }
    }
}

impl From<Ruling> for Written {
    fn from(ruling: Ruling) -> Self {
        match ruling {
            Ruling {
                granted,
                reason: None,
            } => Self::Plain(granted),
            Ruling { granted, reason } => Self::Reasoned { granted, reason },
        }
    }
}

impl Ruling {
    /// Without a reason.
    #[must_use]
    pub const fn plain(granted: bool) -> Self {
        Self {
            granted,
            reason: None,
        }
    }
}

//! What `diagnose` says of a cluster that it did not run: findings with their evidence.
//!
//! Fields are those of `aegis.dev/diagnosis/v1`.

use crate::bundle::Unread;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// `aegis.dev/diagnosis/v1`.
    pub schema: String,
    /// In one word.
    pub verdict: InspectionVerdict,
    /// Whether something that users reach fails; null where nothing tells.
    pub users_affected: Option<bool>,
    /// Causes, most probable first.
    pub findings: Vec<CauseFound>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// What no simulation stands behind.
    pub not_simulated: Vec<String>,
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InspectionVerdict {
    /// A cause was found.
    Found,
    /// Nothing is wrong.
    Healthy,
    /// Something is wrong, and nothing that was read says why.
    Unknown,
}

/// A cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseFound {
    /// From 1.
    pub rank: u32,
    /// Id of the cause, or `misconfiguration`.
    pub fault: String,
    /// `Kind/namespace/name`; without the middle for a cluster-scoped object.
    pub object: String,
    /// The field at fault, where there is one.
    pub field: Option<String>,
    /// How it does its damage.
    pub mechanism: String,
    /// Who sets the field again, where somebody does.
    pub actor: Option<String>,
    /// In one sentence.
    pub summary: String,
    /// Posterior, 0..=0.99.
    pub confidence: f64,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
    /// What speaks against it.
    pub against: Vec<Evidence>,
    /// What to look at next, and what it would show.
    pub next_checks: Vec<NextCheck>,
    /// What ends it.
    pub fix: Fix,
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where: `object`, `event`, `log`, `metric`, `alert`, `node_service`, `connectivity`.
    pub source: String,
    /// Which object, file or series.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What it says.
    pub text: String,
}

/// A check that would tell causes apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextCheck {
    /// The command.
    pub kubectl: String,
    /// What it would show if the cause is right.
    pub would_show: String,
}

/// What ends a cause.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// The commands.
    pub kubectl: Vec<String>,
    /// How to take them back.
    pub undo: Vec<String>,
    /// What trying it in a simulation showed.
    pub tried: Tried,
}

/// The result of trying a fix in a simulation; empty where it was not tried.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tried {
    /// Seconds that were played, without the fix and with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// What was wrong without it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What was wrong with it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether it ended the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<bool>,
    /// Why it was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

//! Noise and gaps of what is observed.

use crate::amount::{Length, Share};
use serde::Deserialize;

/// Noise of what is observed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "NoiseWords")]
pub enum Noise {
    /// What is seen is what is there.
    None,
    /// The default noise, and over it these entries where they hold, in their order.
    Entries(Vec<NoiseEntry>),
}

/// Noise for a while, or for good.
#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseEntry {
    /// Coefficient of variation of metrics, log-normal.
    pub metrics: Option<f64>,
    /// Share of samples that are missing.
    pub missing: Option<Share>,
    /// From when.
    pub from: Option<Length>,
    /// Until when.
    pub until: Option<Length>,
}

impl Default for Noise {
    fn default() -> Self {
        Self::Entries(Vec::new())
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NoiseWords {
    None(#[allow(dead_code, reason = "the only word")] String),
    One(NoiseEntry),
    List(Vec<NoiseEntry>),
}

impl From<NoiseWords> for Noise {
    fn from(words: NoiseWords) -> Self {
        match words {
            NoiseWords::None(_) => Self::None,
            NoiseWords::One(entry) => Self::Entries(vec![entry]),
            NoiseWords::List(entries) => Self::Entries(entries),
        }
    }
}

/// A component that data pass.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// `kind/name` of the workload.
    pub through: String,
    /// What passes it.
    pub carries: Vec<Signal>,
}

/// What is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Signal {
    /// Metrics.
    Metrics,
    /// Log lines.
    Logs,
    /// Spans.
    Spans,
}

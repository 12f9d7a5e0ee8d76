//! `traffic`: what users send.

use crate::amount::{Length, Share};
use serde::Deserialize;

/// Load at an entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// Name of a Service, or `namespace/name`.
    pub to: String,
    /// Requests per second.
    pub rps: Rate,
    /// Coefficient of variation of a slow random factor.
    #[serde(default)]
    pub cv: f64,
}

/// Requests per second over time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "RateWords")]
pub enum Rate {
    /// The same all the time.
    Constant(f64),
    /// A sine wave.
    Diurnal(Diurnal),
    /// A higher rate for a while.
    Burst(Burst),
    /// A rate from each time on.
    Steps(Vec<RateStep>),
    /// A file of seconds and rates.
    Trace(String),
}

/// The two ways to write a rate: a number, or a mapping with one word.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum RateWords {
    /// `rps: 120`.
    Number(f64),
    /// `rps: {constant: 120}`.
    Word(RateWord),
}

/// A rate by its word.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RateWord {
    /// The same all the time.
    Constant(f64),
    /// A sine wave.
    Diurnal(Diurnal),
    /// A higher rate for a while.
    Burst(Burst),
    /// A rate from each time on.
    Steps(Vec<RateStep>),
    /// A file of seconds and rates.
    Trace(String),
}

impl From<RateWords> for Rate {
    fn from(words: RateWords) -> Self {
        match words {
            RateWords::Number(rate) | RateWords::Word(RateWord::Constant(rate)) => {
                Self::Constant(rate)
            }
            RateWords::Word(RateWord::Diurnal(wave)) => Self::Diurnal(wave),
            RateWords::Word(RateWord::Burst(burst)) => Self::Burst(burst),
            RateWords::Word(RateWord::Steps(steps)) => Self::Steps(steps),
            RateWords::Word(RateWord::Trace(file)) => Self::Trace(file),
        }
    }
}

/// A sine wave.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diurnal {
    /// Mean rate, requests per second.
    pub mean: f64,
    /// Height of the wave as a share of the mean.
    pub amplitude: Share,
    /// Length of the wave.
    #[serde(default = "day")]
    pub period: Length,
    /// How far into the wave time 0 is.
    #[serde(default)]
    pub phase: Length,
}

const fn day() -> Length {
    Length(86_400.0)
}

/// A higher rate for a while.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// Rate outside, requests per second.
    pub base: f64,
    /// Rate inside, requests per second.
    pub peak: f64,
    /// When it begins.
    pub at: Length,
    /// How long it is.
    #[serde(rename = "for")]
    pub lasts: Length,
    /// After which time it comes again.
    #[serde(default)]
    pub every: Option<Length>,
}

/// A rate from a time on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateStep {
    /// From when.
    pub at: Length,
    /// Requests per second.
    pub rps: f64,
}

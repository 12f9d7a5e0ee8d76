//! What users send at each second.

use crate::format::{Burst, Diurnal, Rate, RateStep};
use std::collections::BTreeMap;

/// Requests per second over time, with nothing left to look up.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// The same all the time.
    Constant(f64),
    /// A sine wave.
    Diurnal(Diurnal),
    /// A higher rate for a while.
    Burst(Burst),
    /// A rate from each time on, s and requests per second, in order; before the first the first.
    Steps(Vec<(f64, f64)>),
}

impl Curve {
    /// The curve of a rate; traces by file.
    #[must_use]
    pub fn of(rate: &Rate, traces: &BTreeMap<String, Vec<(f64, f64)>>) -> Self {
        match rate {
            Rate::Constant(rate) => Self::Constant(*rate),
            Rate::Diurnal(wave) => Self::Diurnal(wave.clone()),
            Rate::Burst(burst) => Self::Burst(burst.clone()),
            Rate::Steps(steps) => Self::Steps(in_order(steps)),
            Rate::Trace(file) => Self::Steps(traces.get(file).cloned().unwrap_or_default()),
        }
    }

    /// Requests per second at `t` seconds after time 0; what lies before it is as at time 0.
    #[must_use]
    pub fn at(&self, t: f64) -> f64 {
        let t = t.max(0.0);
        match self {
            Self::Constant(rate) => *rate,
            Self::Diurnal(wave) => diurnal(wave, t),
            Self::Burst(burst) => in_burst(burst, t),
            Self::Steps(steps) => {
                let passed = steps.partition_point(|(at, _)| *at <= t);
                steps
                    .get(passed.saturating_sub(1))
                    .map_or(0.0, |(_, rate)| *rate)
            }
        }
    }
}

fn in_order(steps: &[RateStep]) -> Vec<(f64, f64)> {
    let mut rows: Vec<(f64, f64)> = steps.iter().map(|step| (step.at.0, step.rps)).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows
}

fn diurnal(wave: &Diurnal, t: f64) -> f64 {
    let turn = (t + wave.phase.0) / wave.period.0.max(1.0);
    let height = wave.amplitude.0 * libm::sin(2.0 * std::f64::consts::PI * turn);
    wave.mean * (1.0 + height)
}

fn in_burst(burst: &Burst, t: f64) -> f64 {
    let since = t - burst.at.0;
    let every = burst
        .every
        .map(|length| length.0)
        .filter(|every| *every > 0.0);
    let place = match every {
        Some(every) if since >= 0.0 => since - every * libm::floor(since / every),
        _ => since,
    };
    if (0.0..burst.lasts.0).contains(&place) {
        burst.peak
    } else {
        burst.base
    }
}

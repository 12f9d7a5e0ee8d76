//! How likely a window of observations is under a prediction.
//!
//! Amounts: Student-t with 4 degrees of freedom on the difference in the space
//! in which series are read (log rates and times, log odds of shares), so that
//! one odd sample does not decide. Differences repeat from bin to bin (a twin that is
//! 5 % off stays so): each counts by what is new in it, an AR(1) innovation. Conditions: seen where predicted 0.97, where
//! not predicted 0.01 per five minutes, one bin of slack on both sides.

use crate::series::{Measure, Row, SeriesSet};

/// Degrees of freedom of the error distribution.
pub const NU: f64 = 4.0;
/// P(a condition is seen | it was predicted).
const SEEN_IF_PREDICTED: f64 = 0.97;
/// P(a condition is seen in a 15 s bin | it was not predicted): 0.01 per 5 min.
const SEEN_IF_NOT: f64 = 0.01 / 20.0;
/// Part for which a condition counts that goes on being other than predicted.
const REPEATED: f64 = 0.2;
/// Bins that evidence may count for in all.
pub const EFFECTIVE_BINS: f64 = 200.0;

/// Spread of one series and how much its neighbours repeat each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Variance: instrument² + model gap².
    pub variance: f64,
    /// Autocorrelation φ of the differences from bin to bin, 0..=0.9.
    pub phi: f64,
}

impl Spread {
    /// Independent bins that one bin is worth: (1 − φ)/(1 + φ), 0.05..=1.
    #[must_use]
    pub fn worth(self) -> f64 {
        ((1.0 - self.phi) / (1.0 + self.phi)).clamp(0.05, 1.0)
    }

    /// Log likelihood of differences, bin by bin: the first after a gap by the variance, the others by
    /// their innovations `eₜ − φ·eₜ₋₁`, whose variance is (1 − φ²) of it (Box, Jenkins, Reinsel and Ljung,
    /// Time Series Analysis, 5th ed., 3.2.3). A constant difference counts as (1 − φ)/(1 + φ) of
    /// independent ones would, a jump in full.
    #[must_use]
    pub fn of_errors(self, errors: impl Iterator<Item = Option<f64>>) -> f64 {
        let innovation = self.variance * (1.0 - self.phi * self.phi);
        let (mut sum, mut before) = (0.0, None);
        for error in errors {
            sum += match (error, before) {
                (Some(error), Some(before)) => student_t(error - self.phi * before, innovation),
                (Some(error), None) => student_t(error, self.variance),
                (None, _) => 0.0,
            };
            before = error;
        }
        sum
    }
}

/// What was observed, bin by bin, with the spread of each series.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The series.
    pub set: SeriesSet,
    /// Bins, oldest first.
    pub bins: Vec<Row>,
    /// Spread of each series.
    pub spreads: Vec<Spread>,
}

/// Log density of Student's t with [`NU`] degrees of freedom and the given variance scale, at `error`.
#[must_use]
pub fn student_t(error: f64, variance: f64) -> f64 {
    // ln Γ(5/2) − ln Γ(2) − ½ ln(4π)
    const NORMALISER: f64 = 0.284_682_870_472_919_2 - 1.265_512_123_484_645_4;
    NORMALISER
        - 0.5 * libm::log(variance)
        - 0.5 * (NU + 1.0) * libm::log1p(error * error / (NU * variance))
}

/// Log probability of a condition, given whether it was predicted around that time.
#[must_use]
pub fn condition(seen: bool, predicted_here: bool, predicted_near: bool) -> f64 {
    match (seen, predicted_here) {
        (true, true) => libm::log(SEEN_IF_PREDICTED),
        (false, false) => libm::log1p(-SEEN_IF_NOT),
        // A bin of slack: an edge of a condition may fall to either side of a scrape.
        (true, false) => libm::log(if predicted_near { 0.5 } else { SEEN_IF_NOT }),
        (false, true) => libm::log(if predicted_near {
            0.2
        } else {
            1.0 - SEEN_IF_PREDICTED
        }),
    }
}

impl Window {
    /// Log likelihood of each series under predicted bins, nats.
    #[must_use]
    pub fn by_series(&self, predicted: &[Row]) -> Vec<f64> {
        (0..self.set.keys.len())
            .map(|series| self.of_series(series, predicted))
            .collect()
    }

    /// Log likelihood of the window, nats, tempered to [`EFFECTIVE_BINS`].
    #[must_use]
    pub fn log_likelihood(&self, predicted: &[Row]) -> f64 {
        let sum: f64 = self.by_series(predicted).iter().sum();
        sum * self.temper()
    }

    /// Factor that keeps the whole window from counting for more than [`EFFECTIVE_BINS`].
    #[must_use]
    pub fn temper(&self) -> f64 {
        let worth: f64 = self.spreads.iter().map(|spread| spread.worth()).sum();
        let effective = worth * self.bins.len() as f64;
        if effective > EFFECTIVE_BINS {
            EFFECTIVE_BINS / effective
        } else {
            1.0
        }
    }

    fn of_series(&self, series: usize, predicted: &[Row]) -> f64 {
        if self.set.keys[series].measure.is_condition() {
            return self.of_condition(series, predicted);
        }
        let error = |(bin, row): (usize, &Row)| {
            let (low, high) = self.reach(predicted, series, bin)?;
            let seen = row[series]?;
            Some(seen - seen.clamp(low, high))
        };
        self.spreads[series].of_errors(self.bins.iter().enumerate().map(error))
    }

    /// What a prediction says of a bin, with the slack of timing that conditions have: where it moves
    /// from bin to bin, a second earlier or later may show part of the next value. What a pod holds is
    /// read at one instant, so that a saw-tooth may be anywhere between its neighbours.
    fn reach(&self, predicted: &[Row], series: usize, bin: usize) -> Option<(f64, f64)> {
        let part = if self.set.keys[series].measure == Measure::Memory {
            1.0
        } else {
            0.5
        };
        let here = predicted.get(bin)?[series]?;
        let beside =
            |at: Option<usize>| at.and_then(|at| predicted.get(at)?[series]).unwrap_or(here);
        let towards = |other: f64| here + part * (other - here);
        let (before, after) = (
            towards(beside(bin.checked_sub(1))),
            towards(beside(Some(bin + 1))),
        );
        Some((here.min(before).min(after), here.max(before).max(after)))
    }

    /// A condition lasts: the first bin that is not as predicted counts whole, those that follow it a part.
    fn of_condition(&self, series: usize, predicted: &[Row]) -> f64 {
        let (mut sum, mut differed) = (0.0, false);
        for (bin, row) in self.bins.iter().enumerate() {
            let Some(seen) = row[series] else { continue };
            let Some(expected) = predicted.get(bin).and_then(|row| row[series]) else {
                continue;
            };
            let near = self.changes_near(predicted, series, bin, expected);
            let log = condition(seen > 0.5, expected > 0.5, near);
            let differs = (seen > 0.5) != (expected > 0.5);
            sum += if differs && differed {
                REPEATED * log
            } else {
                log
            };
            differed = differs;
        }
        sum
    }

    fn changes_near(&self, predicted: &[Row], series: usize, bin: usize, here: f64) -> bool {
        let other = |at: Option<usize>| {
            let value = at
                .and_then(|at| predicted.get(at))
                .and_then(|row| row[series]);
            value.is_some_and(|value| (value > 0.5) != (here > 0.5))
        };
        other(bin.checked_sub(1)) || other(Some(bin + 1))
    }
}

/// Log likelihood under *unknown*: each series takes an independent step of unknown size at the
/// onset, the bin `from`, on top of the undisturbed prediction. Closed form of a Gaussian with a
/// common mean of variance [`STEP`]² (log units), and of a Beta(½, ½) share for conditions.
#[must_use]
pub fn unknown(window: &Window, undisturbed: &[Row], from: usize) -> f64 {
    let of = |series: usize| {
        let spread = window.spreads[series];
        let pairs = || window.bins.iter().zip(undisturbed);
        if window.set.keys[series].measure.is_condition() {
            let both = |(seen, expected): (&Row, &Row)| Some((seen[series]?, expected[series]?));
            return any_share(pairs().filter_map(both)) * spread.worth();
        }
        let error = |(seen, expected): (&Row, &Row)| Some(seen[series]? - expected[series]?);
        any_step(&pairs().map(error).collect::<Vec<_>>(), from, spread)
    };
    (0..window.set.keys.len()).map(of).sum::<f64>() * window.temper()
}

/// Standard deviation of an unknown step, in log units.
const STEP: f64 = 2.0;

fn any_step(errors: &[Option<f64>], from: usize, spread: Spread) -> f64 {
    let after = || errors.iter().skip(from).flatten();
    let count = after().count() as f64;
    if count == 0.0 {
        return spread.of_errors(errors.iter().copied());
    }
    let mean = after().sum::<f64>() / count;
    // Around the step, each bin is as likely as under a prediction that has it right.
    let level = |bin: usize| if bin < from { 0.0 } else { mean };
    let left = |(bin, error): (usize, &Option<f64>)| error.map(|error| error - level(bin));
    let around = spread.of_errors(errors.iter().enumerate().map(left));
    // Occam's factor: the step's posterior width over its prior width, and its distance from 0.
    let width = spread.variance / (count * spread.worth()).max(1.0);
    around + 0.5 * libm::log(width / (width + STEP * STEP))
        - 0.5 * mean * mean / (width + STEP * STEP)
}

fn any_share(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut different, mut same) = (0.0, 0.0);
    for (seen, expected) in pairs {
        if (seen > 0.5) == (expected > 0.5) {
            same += 1.0;
        } else {
            different += 1.0;
        }
    }
    let beta = |a: f64, b: f64| libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let free = beta(0.5 + different, 0.5 + same) - beta(0.5, 0.5);
    // A condition that never differs is as well explained without a step.
    free.max(if different == 0.0 {
        same * libm::log1p(-SEEN_IF_NOT)
    } else {
        f64::NEG_INFINITY
    })
}

/// ln of the mean of exponentials; −∞ for none.
#[must_use]
pub fn log_mean_exp(values: &[f64]) -> f64 {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return f64::NEG_INFINITY;
    }
    let sum: f64 = values.iter().map(|value| libm::exp(value - top)).sum();
    top + libm::log(sum / values.len() as f64)
}

/// Shares of `exp(value)`; all 0 where every value is −∞.
#[must_use]
pub fn softmax(values: &[f64]) -> Vec<f64> {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return vec![0.0; values.len()];
    }
    let shares: Vec<f64> = values.iter().map(|value| libm::exp(value - top)).collect();
    let sum: f64 = shares.iter().sum();
    shares.iter().map(|share| share / sum).collect()
}

//! How likely a window of observations is under a prediction.
//!
//! Amounts: Student-t with 4 degrees of freedom on the difference in the space
//! in which series are read (log rates and times, log odds of shares), so that
//! one odd sample does not decide. Bins are compared in stretches ([`Window::stretches`]): what a twin has a
//! little earlier or later than the world is no evidence. Conditions: seen where predicted 0.97, where
//! not predicted 0.01 per five minutes, one stretch of slack on both sides.

use crate::series::{Measure, Row, SeriesSet};
use core::ops::Range;

/// Degrees of freedom of the error distribution.
pub const NU: f64 = 4.0;
/// P(a condition is seen | it was predicted).
const SEEN_IF_PREDICTED: f64 = 0.97;
/// P(a condition is seen in a 15 s bin | it was not predicted): 0.01 per 5 min.
const SEEN_IF_NOT: f64 = 0.01 / 20.0;
/// Part of a bin's variance that is the twin's own and that no mean makes smaller.
const GAP: f64 = 0.5;
/// Part for which a condition counts that goes on being other than predicted.
const REPEATED: f64 = 0.2;
/// Bins that evidence may count for in all.
pub const EFFECTIVE_BINS: f64 = 20.0;
/// Least part for which a condition counts, however many series there are: that a container was killed for its memory is
/// no noise, and of a hundred amounts none says as much.
const FIRM: f64 = 0.25;

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

    /// Variance of the mean of `count` bins that follow each other: 1/count of one bin's, times (1 + φ)/(1 − φ) as
    /// neighbours repeat each other (Box, Jenkins, Reinsel and Ljung, Time Series Analysis, 5th ed., 2.1.4), and never
    /// below [`GAP`] of it, as a twin that is off stays so.
    #[must_use]
    pub fn of_mean(self, count: usize) -> f64 {
        let repeats = (1.0 + self.phi) / (1.0 - self.phi);
        self.variance * (repeats / count.max(1) as f64).clamp(GAP, 1.0)
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
    /// The bin in which the case began.
    pub onset: usize,
    /// By series, the rates that it follows: of a rate the attempts of its callers, of CPU, errors and calls its own rate.
    pub drivers: Vec<Vec<usize>>,
}

/// What is predicted of a window, given the rates that were seen: two bounds, between which each value may be.
struct Given {
    rows: Vec<Row>,
    others: Vec<Row>,
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
        let stretches = self.stretches();
        let given = self.given(predicted);
        (0..self.set.keys.len())
            .map(|series| self.of_series(series, &stretches, &given))
            .collect()
    }

    /// The prediction, given what was seen of the rates that each series follows: where an entry lets less through
    /// than was predicted, everything behind it gets less, and that is one finding and not one of each. What CPU does
    /// beside requests is not known: it may be anywhere between what was predicted and what follows.
    fn given(&self, predicted: &[Row]) -> Given {
        let mut given = Given {
            rows: predicted.to_vec(),
            others: predicted.to_vec(),
        };
        for (bin, row) in predicted.iter().enumerate().take(self.bins.len()) {
            for (series, drivers) in self.drivers.iter().enumerate() {
                let (Some(value), Some(shift)) = (row[series], self.shift(bin, row, drivers))
                else {
                    continue;
                };
                let measure = self.set.keys[series].measure;
                let follows = match measure {
                    Measure::Errors | Measure::CallErrors(_) => {
                        of_fewer(value, self.rate(row, drivers), shift)
                    }
                    _ => libm::log1p(libm::expm1(value) * libm::exp(shift)),
                };
                given.rows[bin][series] = Some(follows);
                if measure != Measure::Cpu {
                    given.others[bin][series] = Some(follows);
                }
            }
        }
        given
    }

    /// The first of the rates that a series follows, as it is predicted, 1/s.
    fn rate(&self, predicted: &Row, drivers: &[usize]) -> f64 {
        let first = drivers.first().and_then(|driver| predicted[*driver]);
        first.map_or(0.0, |rate| libm::expm1(rate).max(0.0))
    }

    /// ln(seen/predicted) of the rates that a series follows, each by what was predicted of it.
    fn shift(&self, bin: usize, predicted: &Row, drivers: &[usize]) -> Option<f64> {
        /// Requests per second that are as good as none.
        const FEW: f64 = 0.1;
        let of = |driver: &usize| {
            let rate = libm::expm1(predicted[*driver]?).max(0.0) + FEW;
            let seen = libm::expm1(self.bins[bin][*driver]?).max(0.0) + FEW;
            Some((rate, rate * libm::log(seen / rate)))
        };
        let (weight, sum) = { drivers.iter().filter_map(of) }
            .fold((0.0, 0.0), |(weight, sum), (rate, part)| {
                (weight + rate, sum + part)
            });
        (weight > 0.0).then(|| sum / weight)
    }

    /// The same window with nothing in it but what tells of harm, each series for as much as before.
    #[must_use]
    pub fn harm(&self) -> Self {
        let keys = &self.set.keys;
        let kept = |row: &Row| -> Row {
            let values = row.iter().zip(keys);
            values
                .map(|(value, key)| value.filter(|_| key.measure.is_harm()))
                .collect()
        };
        Self {
            bins: self.bins.iter().map(kept).collect(),
            ..self.clone()
        }
    }

    /// Log likelihood of the window, nats: amounts tempered to [`EFFECTIVE_BINS`], conditions at least a quarter.
    #[must_use]
    pub fn log_likelihood(&self, predicted: &[Row]) -> f64 {
        let temper = self.temper();
        let by_series = self.by_series(predicted);
        let weighed = by_series.iter().enumerate();
        weighed
            .map(|(series, log)| log * self.weight(series, temper))
            .sum()
    }

    /// The log likelihood of the window under predicted bins that are put off by as many bins, up to `slack`, as fit it
    /// best, and their number. What is put off begins with the first bin, which no slack may reach into.
    #[must_use]
    pub fn fit(&self, predicted: &[Row], slack: u32) -> (f64, u32) {
        let put_off = |bins: u32| {
            let first = predicted.first().cloned().into_iter();
            let late = first.cycle().take(bins as usize);
            let rows: Vec<Row> = { late.chain(predicted.iter().cloned()) }
                .take(predicted.len())
                .collect();
            (self.log_likelihood(&rows), bins)
        };
        let begin = (self.log_likelihood(predicted), 0);
        (1..=slack).fold(begin, |best, bins| {
            let next = put_off(bins);
            if next.0 > best.0 { next } else { best }
        })
    }

    /// The part for which a series counts.
    fn weight(&self, series: usize, temper: f64) -> f64 {
        if self.set.keys[series].measure.is_condition() {
            temper.max(FIRM)
        } else {
            temper
        }
    }

    /// Factor that keeps the whole window from counting for more than [`EFFECTIVE_BINS`].
    #[must_use]
    pub fn temper(&self) -> f64 {
        let worth: f64 = self.spreads.iter().map(|spread| spread.worth()).sum();
        let effective = worth * self.stretches().len() as f64;
        if effective > EFFECTIVE_BINS {
            EFFECTIVE_BINS / effective
        } else {
            1.0
        }
    }

    /// Stretches of bins that are compared as one: health, then twice as long each time from the onset on. What a
    /// fault does first is told to the second; what it leads to comes a little earlier or later in every twin.
    #[must_use]
    pub fn stretches(&self) -> Vec<Range<usize>> {
        let (end, onset) = (self.bins.len(), self.onset.min(self.bins.len()));
        let mut all = Vec::new();
        if onset > 0 {
            all.push(0..onset);
        }
        let mut from = onset;
        while from < end {
            let length = (from - onset).max(1);
            all.push(from..(from + length).min(end));
            from += length;
        }
        all
    }

    fn of_series(&self, series: usize, stretches: &[Range<usize>], given: &Given) -> f64 {
        if self.set.keys[series].measure.is_condition() {
            return self.of_condition(series, stretches, &given.rows);
        }
        let error = |bin: usize| {
            let (low, high) = self.reach(&given.rows, series, bin)?;
            let other = given.others[bin][series]?;
            let (low, high) = (low.min(other), high.max(other));
            let seen = self.bins[bin][series]?;
            Some(seen - seen.clamp(low, high))
        };
        let of = |stretch: &Range<usize>| {
            let mean = mean(stretch.clone().filter_map(error));
            mean.map(|(mean, count)| student_t(mean, self.spreads[series].of_mean(count)))
        };
        stretches.iter().filter_map(of).sum()
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

    /// A condition lasts: the first stretch that is not as predicted counts whole, those that follow it a part.
    fn of_condition(&self, series: usize, stretches: &[Range<usize>], predicted: &[Row]) -> f64 {
        let measure = self.set.keys[series].measure;
        let seen: Vec<Option<bool>> = held(measure, stretches, series, &self.bins);
        let expected: Vec<Option<bool>> = held(measure, stretches, series, predicted);
        let (mut sum, mut differed) = (0.0, false);
        for (index, pair) in seen.iter().zip(&expected).enumerate() {
            let (Some(seen), Some(here)) = (*pair.0, *pair.1) else {
                continue;
            };
            let other = |at: Option<usize>| at.and_then(|at| *expected.get(at)?) == Some(!here);
            let near = other(index.checked_sub(1)) || other(Some(index + 1));
            let log = condition(seen, here, near);
            let differs = seen != here;
            sum += if differs && differed {
                REPEATED * log
            } else {
                log
            };
            differed = differs;
        }
        sum
    }
}

/// Log odds of a share of errors among as many requests as were seen, `ln` of these to the predicted ones being `shift`:
/// with half a request on each side (see [`crate::series`]) the odds of few are nearer to even.
fn of_fewer(odds: f64, rate: f64, shift: f64) -> f64 {
    let bin = f64::from(crate::case::BIN);
    let (total, ratio) = (rate * bin, libm::exp(odds));
    let bad = ((ratio * (total + 0.5) - 0.5) / (1.0 + ratio)).clamp(0.0, total);
    let seen = libm::exp(shift);
    libm::log((bad * seen + 0.5) / ((total - bad) * seen + 0.5))
}

/// Whether a condition held in each stretch: what happens, at any time of it; a state, for half of it.
fn held(
    measure: Measure,
    stretches: &[Range<usize>],
    series: usize,
    rows: &[Row],
) -> Vec<Option<bool>> {
    let least = if measure.is_event() {
        f64::MIN_POSITIVE
    } else {
        0.5
    };
    let of = |stretch: &Range<usize>| {
        let values = stretch.clone().filter_map(|bin| rows.get(bin)?[series]);
        mean(values).map(|(share, _)| share >= least)
    };
    stretches.iter().map(of).collect()
}

/// The mean and how many there are; `None` of none.
fn mean(values: impl Iterator<Item = f64>) -> Option<(f64, usize)> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| (sum / count as f64, count))
}

/// Log likelihood under *unknown*: each series takes an independent step of unknown size at the
/// onset, on top of the undisturbed prediction. Closed form of a Gaussian with a
/// common mean of variance [`STEP`]² (log units), and of a Beta(½, ½) share for conditions.
#[must_use]
pub fn unknown(window: &Window, undisturbed: &[Row]) -> f64 {
    let stretches = window.stretches();
    let before = usize::from(window.onset > 0);
    let undisturbed = &window.given(undisturbed).rows[..];
    let of = |series: usize| {
        let spread = window.spreads[series];
        let measure = window.set.keys[series].measure;
        if measure.is_condition() {
            let seen = held(measure, &stretches, series, &window.bins);
            let expected = held(measure, &stretches, series, undisturbed);
            let pairs = seen.into_iter().zip(expected);
            return any_share(pairs.filter_map(|(a, b)| Some((a?, b?)))) * spread.worth();
        }
        let error = |bin: usize| Some(window.bins[bin][series]? - undisturbed.get(bin)?[series]?);
        let of = |stretch: &Range<usize>| {
            let mean = mean(stretch.clone().filter_map(error));
            mean.map(|(mean, count)| (mean, spread.of_mean(count)))
        };
        let errors: Vec<Option<(f64, f64)>> = stretches.iter().map(of).collect();
        any_step(&errors, before)
    };
    let temper = window.temper();
    let series = 0..window.set.keys.len();
    series
        .map(|series| of(series) * window.weight(series, temper))
        .sum()
}

/// Standard deviation of an unknown step, in log units.
const STEP: f64 = 2.0;

/// Mean errors of stretches with their variances, of which those from `from` on share a step.
fn any_step(errors: &[Option<(f64, f64)>], from: usize) -> f64 {
    let precise = errors.iter().skip(from).flatten();
    let (weight, sum) = precise.fold((0.0, 0.0), |(weight, sum), (error, variance)| {
        (weight + 1.0 / variance, sum + error / variance)
    });
    let step = if weight > 0.0 { sum / weight } else { 0.0 };
    // Around the step, each stretch is as likely as under a prediction that has it right.
    let around: f64 = { errors.iter().enumerate() }
        .filter_map(|(index, error)| error.map(|(error, variance)| (index, error, variance)))
        .map(|(index, error, variance)| {
            let level = if index < from { 0.0 } else { step };
            student_t(error - level, variance)
        })
        .sum();
    if weight == 0.0 {
        return around;
    }
    // Occam's factor: the step's posterior width over its prior width, and its distance from 0.
    let width = 1.0 / weight;
    around + 0.5 * libm::log(width / (width + STEP * STEP))
        - 0.5 * step * step / (width + STEP * STEP)
}

fn any_share(pairs: impl Iterator<Item = (bool, bool)>) -> f64 {
    let (mut different, mut same) = (0.0, 0.0);
    for (seen, expected) in pairs {
        if seen == expected {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::SeriesKey;
    use aegis_model::{Target, WorkloadId};

    fn window(measure: Measure, bins: &[f64], onset: usize) -> Window {
        let subject = Target::Workload(WorkloadId::from(0));
        Window {
            set: SeriesSet {
                keys: vec![SeriesKey { measure, subject }],
                objectives: Vec::new(),
            },
            bins: rows(bins),
            spreads: vec![Spread {
                variance: 0.02,
                phi: 0.2,
            }],
            onset,
            drivers: vec![Vec::new()],
        }
    }

    fn rows(values: &[f64]) -> Vec<Row> {
        values.iter().map(|value| vec![Some(*value)]).collect()
    }

    #[test]
    fn stretches_double_from_the_onset_on() {
        let of = |bins: usize, onset: usize| {
            window(Measure::Rate, &vec![1.0; bins], onset)
                .stretches()
                .iter()
                .map(ExactSizeIterator::len)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(16, 4), [4, 1, 1, 2, 4, 4]);
        assert_eq!(of(4, 4), [4]);
        assert_eq!(of(3, 0), [1, 1, 1]);
        assert_eq!(of(0, 0), [0; 0]);
    }

    #[test]
    fn what_comes_a_bin_later_late_in_the_window_costs_little_and_at_the_onset_much() {
        let seen = [1.0, 1.0, 3.0, 3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0];
        let window = window(Measure::Rate, &seen, 2);
        let right = window.log_likelihood(&rows(&seen));
        let late_end = [1.0, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 1.0, 1.0, 1.0];
        let late_onset = [1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0];
        let lost = |bins: &[f64]| right - window.log_likelihood(&rows(bins));
        assert!(lost(&late_end) > 0.0);
        assert!(lost(&late_end) < 0.5 * lost(&late_onset));
    }

    #[test]
    fn a_prediction_is_put_off_to_where_it_fits_and_no_further() {
        let window = window(Measure::Rate, &[1.0, 1.0, 1.0, 3.0, 3.0, 3.0], 3);
        let early = rows(&[1.0, 3.0, 3.0, 3.0, 3.0, 3.0]);
        assert_eq!(window.fit(&early, 3).1, 2);
        assert_eq!(window.fit(&early, 1).1, 1);
        assert_eq!(window.fit(&early, 0).1, 0);
        assert_eq!(window.fit(&window.bins, 3).1, 0);
    }

    #[test]
    fn an_event_counts_wherever_it_is_in_its_stretch() {
        let seen = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let restarts = window(Measure::Restarts, &seen, 2);
        let moved = restarts.log_likelihood(&rows(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]));
        let none = restarts.log_likelihood(&rows(&[0.0; 6]));
        let same = restarts.log_likelihood(&rows(&seen));
        assert!((moved - same).abs() < 1e-12 && none < same - 1.0);
    }

    #[test]
    fn what_gets_less_as_its_caller_lets_less_through_is_no_finding_of_its_own() {
        let rate = |workload: usize| SeriesKey {
            measure: Measure::Rate,
            subject: Target::Workload(WorkloadId::from(workload)),
        };
        let keys: Vec<SeriesKey> = (0..4).map(rate).collect();
        let row = |entry: f64, behind: f64| -> Row {
            let rates = [entry, behind, behind, behind];
            rates.map(|rate| Some(libm::log1p(rate))).to_vec()
        };
        let window = |drivers: Vec<Vec<usize>>| Window {
            set: SeriesSet {
                keys: keys.clone(),
                objectives: Vec::new(),
            },
            bins: vec![row(100.0, 50.0), row(10.0, 5.0)],
            spreads: vec![
                Spread {
                    variance: 0.02,
                    phi: 0.2,
                };
                4
            ],
            onset: 1,
            drivers,
        };
        let follows = window(vec![vec![], vec![0], vec![0], vec![0]]);
        let alone = window(vec![vec![]; 4]);
        let lost = |window: &Window, rows: &[Row]| {
            window.log_likelihood(&window.bins) - window.log_likelihood(rows)
        };
        let steady = [row(100.0, 50.0), row(100.0, 50.0)];
        let (once, four_times) = (lost(&follows, &steady), lost(&alone, &steady));
        assert!(once > 1.0 && once < 0.3 * four_times, "{once} {four_times}");
        // What falls though its caller sends as much is a finding.
        let behind = [row(100.0, 50.0), row(10.0, 50.0)];
        assert!(lost(&follows, &behind) > 2.0 * once);
    }
}

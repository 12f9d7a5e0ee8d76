//! A leak can be read off before it is tried: how fast memory rises is its size, where the rise
//! meets the level of health is its onset. Both only say where to look; the likelihood decides.

use super::candidate::Candidate;
use crate::case::{BIN, Case};
use crate::series::{Measure, SeriesKey, memory_limit};
use aegis_faults::Parameter;
use aegis_model::{Mechanism, Target};

/// What a rise of memory says of a leak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Quantile of the rate, 0..=1.
    pub size: f64,
    /// From its onset to the first sign of the case, s.
    pub delay: f64,
    /// From the level of health to the limit, bytes.
    pub room: f64,
}

/// Least rise within a bin that is one, as a share of the limit: above the noise of a gauge.
const RISE: f64 = 0.05;
/// Bins that rise at least so much of the steepest are of the same growth; others hold a restart.
const STEADY: f64 = 0.7;

impl Growth {
    /// Reads it off the window; `None` for a fault that is no leak, or where nothing rises.
    #[must_use]
    pub fn of(case: &Case, candidate: &Candidate) -> Option<Self> {
        let rate = rate_of(candidate)?;
        let Target::Workload(workload) = candidate.target else {
            return None;
        };
        let key = SeriesKey {
            measure: Measure::Memory,
            subject: candidate.target,
        };
        let series = case.window.set.keys.binary_search(&key).ok()?;
        let values: Vec<Option<f64>> = case.window.bins.iter().map(|row| row[series]).collect();
        let objects = &case.history.latest()?.objects;
        let limit = memory_limit(objects.workloads.get(workload.index())?);
        let rises = || {
            let pairs = values.windows(2).enumerate();
            pairs.filter_map(|(bin, pair)| Some((bin + 1, pair[1]? - pair[0]?)))
        };
        let steepest = rises().map(|(_, rise)| rise).fold(0.0, f64::max);
        if steepest < RISE {
            return None;
        }
        let steady = || rises().filter(|(_, rise)| *rise >= STEADY * steepest);
        let per_bin = steady().map(|(_, rise)| rise).sum::<f64>() / steady().count() as f64;
        let (first, _) = steady().next()?;
        let before: Vec<f64> = values[..first].iter().flatten().copied().collect();
        let level = before.iter().copied().fold(f64::INFINITY, f64::min);
        let risen = (values[first]? - level) / per_bin;
        let end = case.window_from.after((first as u32 + 1) * BIN);
        let onset = f64::from(end.0) - risen * f64::from(BIN);
        Some(Self {
            size: rate.share(per_bin * limit / f64::from(BIN)),
            delay: (f64::from(case.onset[1].0) - onset).max(0.0),
            room: (1.0 - level).max(0.0) * limit,
        })
    }

    /// Delay at another size for which the limit is met at the same time, s.
    #[must_use]
    pub fn delay_at(&self, candidate: &Candidate, (size, delay): (f64, f64), other: f64) -> f64 {
        let Some(rate) = rate_of(candidate) else {
            return delay;
        };
        (delay + self.room / rate.at(other) - self.room / rate.at(size)).max(0.0)
    }
}

/// The rate of a leak, where the candidate is one.
fn rate_of(candidate: &Candidate) -> Option<&'static Parameter> {
    let fault = candidate.fault.filter(|_| candidate.is_laid())?;
    let rate = fault.parameters.first()?;
    let sizes: Vec<f64> = fault.parameters.iter().map(|one| one.default).collect();
    let grows =
        |part: &aegis_faults::Part| matches!((part.mechanism)(&sizes), Mechanism::MemoryGrowth(_));
    fault.parts.iter().any(grows).then_some(rate)
}

//! Load: as it was observed, and as it is expected to go on.
//!
//! Level and spread of the last minutes; never anything of a schedule.

use crate::history::History;
use aegis_model::{Observation, ServiceId, Tick};
use aegis_sim::workings::EntryLoad;

/// Load at each entry over time, piecewise constant.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPath {
    /// Entries.
    pub entries: Vec<ServiceId>,
    /// Rates per entry from each tick on, by time; 1/s.
    pub steps: Vec<(Tick, Vec<f64>)>,
}

/// A newest bin this far (in log units) from those before it is a new level.
const JUMP: f64 = 0.15;
/// Bins that a level is taken from.
const LEVEL_BINS: usize = 4;

impl LoadPath {
    /// As observed up to the newest observation, then the level of the last bins.
    #[must_use]
    pub fn observed(history: &History) -> Self {
        let seen_at = |seen: &Observation| -> Vec<ServiceId> {
            let entries = &seen.samples.entries;
            entries.iter().map(|entry| entry.service).collect()
        };
        let mut entries: Vec<ServiceId> = history
            .all()
            .iter()
            .flat_map(|seen| seen_at(seen))
            .collect();
        entries.sort_unstable();
        entries.dedup();
        // A sample that is missing says nothing: the rate before it holds.
        let mut rates = vec![0.0; entries.len()];
        let mut steps: Vec<(Tick, Vec<f64>)> = Vec::with_capacity(history.all().len() + 1);
        for seen in history.all() {
            for (rate, service) in rates.iter_mut().zip(&entries) {
                *rate = rate_of(seen, *service).unwrap_or(*rate);
            }
            let from = seen.at.0.saturating_sub(seen.samples.interval as u32);
            steps.push((Tick(from), rates.clone()));
        }
        if let Some(latest) = history.latest() {
            let level = level(&steps, entries.len());
            steps.push((latest.at, level));
        }
        Self { entries, steps }
    }

    /// The same with the load of one entry at `rate` from `since` on.
    #[must_use]
    pub fn held(&self, entry: ServiceId, rate: f64, since: Tick) -> Self {
        let mut path = self.clone();
        let Some(position) = self.entries.iter().position(|service| *service == entry) else {
            return path;
        };
        for (at, rates) in &mut path.steps {
            if *at >= since {
                rates[position] = rate;
            }
        }
        path
    }

    /// The same with all load after `since` times a factor: a draw of what comes.
    #[must_use]
    pub fn scaled_after(&self, since: Tick, factor: f64) -> Self {
        let mut path = self.clone();
        for (at, rates) in &mut path.steps {
            if *at >= since {
                rates.iter_mut().for_each(|rate| *rate *= factor);
            }
        }
        path
    }

    /// Rates at `now`, into the loads of a cluster.
    pub fn write(&self, now: Tick, loads: &mut [EntryLoad]) {
        let position = self.steps.partition_point(|(at, _)| *at <= now);
        let Some((_, rates)) = self.steps.get(position.saturating_sub(1)) else {
            return;
        };
        for load in loads {
            if let Some(entry) = self.entries.iter().position(|service| *service == load.to) {
                load.rate = rates[entry];
            }
        }
    }

    /// Mean rate of an entry between two ticks, 1/s.
    #[must_use]
    pub fn mean(&self, entry: ServiceId, from: Tick, until: Tick) -> Option<f64> {
        let position = self.entries.iter().position(|service| *service == entry)?;
        let inside = self
            .steps
            .iter()
            .filter(|(at, _)| from <= *at && *at < until);
        let rates: Vec<f64> = inside.map(|(_, rates)| rates[position]).collect();
        (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64)
    }

    /// Spread (σ of the logarithm) of the last bins, all entries together; at least 0.02.
    #[must_use]
    pub fn spread(&self) -> f64 {
        let sums: Vec<f64> = self
            .steps
            .iter()
            .rev()
            .take(2 * LEVEL_BINS)
            .map(|(_, rates)| rates.iter().sum())
            .collect();
        let logs: Vec<f64> = sums
            .iter()
            .map(|sum: &f64| libm::log(sum.max(1e-3)))
            .collect();
        crate::baseline::level(&logs).map_or(0.05, |level| level.deviation.clamp(0.02, 0.5))
    }
}

/// Rate at an entry over an observation's interval, 1/s; `None` where its sample is missing.
fn rate_of(seen: &Observation, service: ServiceId) -> Option<f64> {
    let mut entries = seen.samples.entries.iter();
    let entry = entries.find(|entry| entry.service == service)?;
    Some(entry.requests.total / seen.samples.interval)
}

/// The mean of the last bins; of the newest alone where load has just changed.
fn level(steps: &[(Tick, Vec<f64>)], entries: usize) -> Vec<f64> {
    let last = &steps[steps.len().saturating_sub(LEVEL_BINS)..];
    let mean = |bins: &[(Tick, Vec<f64>)], entry: usize| {
        bins.iter().map(|(_, rates)| rates[entry]).sum::<f64>() / bins.len().max(1) as f64
    };
    let of = |entry: usize| {
        let Some((newest, before)) = last.split_last() else {
            return 0.0;
        };
        let (now, then) = (newest.1[entry], mean(before, entry));
        let jumped = libm::fabs(libm::log((now + 1e-3) / (then + 1e-3))) > JUMP;
        if jumped { now } else { mean(last, entry) }
    };
    (0..entries).map(of).collect()
}

//! The healthy level of each series, and when it was left.

use crate::history::History;
use crate::series::{Row, SeriesSet};
use aegis_model::{Observation, Tick};
use std::sync::Arc;

/// Healthy level of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, at least [`FLOOR`].
    pub deviation: f64,
    /// Autocorrelation at one bin, 0..=0.9.
    pub autocorrelation: f64,
    /// Samples behind it.
    pub count: usize,
}

/// Least standard deviation of an amount, in log units: what a scrape's own noise leaves.
pub const FLOOR: f64 = 0.05;

/// Healthy level of each series of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// The series.
    pub set: SeriesSet,
    /// Level of each; `None` where there were fewer than three samples.
    pub levels: Vec<Option<Level>>,
    /// Last tick that was read.
    pub until: Tick,
}

/// The bins of a series set over consecutive observations; the first has no objects before it and is skipped.
#[must_use]
pub fn bins(set: &SeriesSet, observations: &[Arc<Observation>]) -> Vec<Row> {
    observations
        .windows(2)
        .map(|pair| set.read(&pair[1].samples, &pair[1].objects, &pair[0].objects))
        .collect()
}

/// Mean, deviation and autocorrelation of a series.
#[must_use]
pub fn level(values: &[f64]) -> Option<Level> {
    if values.len() < 3 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    let next: f64 = values
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    let deviation = libm::sqrt(square / (count - 1.0)).max(FLOOR);
    let autocorrelation = if square > 0.0 {
        (next / square).clamp(0.0, 0.9)
    } else {
        0.0
    };
    Some(Level {
        mean,
        deviation,
        autocorrelation,
        count: values.len(),
    })
}

impl Baseline {
    /// Learns the levels from observations up to `until`.
    #[must_use]
    pub fn learn(set: SeriesSet, history: &History, until: Tick) -> Self {
        let rows = bins(&set, history.between(Tick(0), until));
        let levels = (0..set.keys.len())
            .map(|series| {
                let values: Vec<f64> = rows.iter().filter_map(|row| row[series]).collect();
                level(&values)
            })
            .collect();
        Self { set, levels, until }
    }

    /// How many healthy standard deviations each value of a bin is away; conditions count 0 or 10.
    #[must_use]
    pub fn deviations(&self, row: &Row) -> Row {
        let of = |(series, value): (usize, &Option<f64>)| {
            let (value, level) = ((*value)?, self.levels[series]?);
            let away = value - level.mean;
            let is_condition = self.set.keys[series].measure.is_condition();
            Some(if is_condition {
                10.0 * away
            } else {
                away / level.deviation
            })
        };
        row.iter().enumerate().map(of).collect()
    }
}

//! When it began: a Bayesian single change point.
//!
//! Each series of healthy-standardised residuals has mean 0 before the change
//! and an unknown mean of variance [`STEP2`] after it. The posterior over the
//! change point is exact; its quantiles are the onsets that hypotheses draw.

use crate::baseline::Baseline;
use crate::series::Row;

/// Variance of a step, in squared healthy standard deviations.
const STEP2: f64 = 64.0;
/// Residuals are cut here: one wild bin must not decide.
const CUT: f64 = 8.0;

/// Posterior over which bin is the first changed one.
#[derive(Debug, Clone, PartialEq)]
pub struct Onset {
    /// Share of each bin, summing to 1; empty without bins.
    pub posterior: Vec<f64>,
}

impl Onset {
    /// The posterior over the bins of a window, under a flat prior.
    #[must_use]
    pub fn of(baseline: &Baseline, rows: &[Row]) -> Self {
        let residuals: Vec<Row> = rows.iter().map(|row| baseline.deviations(row)).collect();
        let series = baseline.set.keys.len();
        let logs: Vec<f64> = (0..rows.len())
            .map(|first| (0..series).map(|s| gain(&residuals[first..], s)).sum())
            .collect();
        Self {
            posterior: crate::likelihood::softmax(&logs),
        }
    }

    /// The first bin by which the posterior has reached `share`.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<usize> {
        let mut sum = 0.0;
        for (bin, part) in self.posterior.iter().enumerate() {
            sum += part;
            if sum >= share {
                return Some(bin);
            }
        }
        self.posterior.len().checked_sub(1)
    }
}

/// Log likelihood gained by letting a series have a mean of its own in these bins.
fn gain(residuals: &[Row], series: usize) -> f64 {
    let values = residuals
        .iter()
        .filter_map(|row| row[series])
        .map(|z| z.clamp(-CUT, CUT));
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), z| (count + 1.0, sum + z));
    if count == 0.0 {
        return 0.0;
    }
    let shrunk = STEP2 * sum * sum / (1.0 + STEP2 * count);
    0.5 * (shrunk - libm::log1p(STEP2 * count))
}

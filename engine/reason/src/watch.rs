//! Watching an applied plan: what came, beside what was predicted.

use aegis_model::Prediction;

/// Slack above a band: scrapes are noisy, and a band from a dozen draws is narrow.
const SLACK: f64 = 0.05;
/// Bins in a row that are judged together.
const TOGETHER: usize = 4;
/// Bins among them that must be out of the band.
const OUT: usize = 3;

/// One bin of a watch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Observed loss, 0..=1.
    pub loss: f64,
    /// Upper bound of the 95 % band.
    pub bound: f64,
    /// Median of the control.
    pub control: f64,
}

/// The bin of a watch: predictions past their end stay as they ended.
#[must_use]
pub fn bin(prediction: &Prediction, index: usize, loss: f64) -> Bin {
    let at = |series: &[f64]| series.get(index).or(series.last()).copied().unwrap_or(0.0);
    let bound = prediction
        .band95
        .get(index)
        .or(prediction.band95.last())
        .map_or(1.0, |(_, high)| *high);
    Bin {
        loss,
        bound,
        control: at(&prediction.control),
    }
}

/// Whether the plan should be taken back: three of four bins above its band and above the control.
#[must_use]
pub fn has_failed(bins: &[Bin]) -> bool {
    let last = &bins[bins.len().saturating_sub(TOGETHER)..];
    let out = last
        .iter()
        .filter(|bin| bin.loss > bin.bound + SLACK && bin.loss > bin.control - SLACK)
        .count();
    out >= OUT
}

//! Whether answers are as sure as they say: of those given at 90 %, nine of ten should be right.

use crate::share::{Hit, Share, thousandths};
use serde::Serialize;

/// Answers of about the same confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Lowest confidence, 0..=1.
    pub from: f64,
    /// Mean of what was said, 0..=1.
    pub said: f64,
    /// Those that were right.
    pub right: Share,
}

/// A reliability table with its two usual sums.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reliability {
    /// The bins that hold answers, least sure first.
    pub bins: Vec<Bin>,
    /// Mean square of what was said less what was so, 0..=1 (Brier 1950).
    pub brier: f64,
    /// Expected calibration error over the bins, 0..=1.
    pub ece: f64,
}

/// Where bins begin: answers are mostly sure, so the top is parted more finely.
const EDGES: &[f64] = &[0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95];

/// The table of answers, each with its confidence and whether it was right.
#[must_use]
pub fn reliability(answers: &[(f64, Hit)]) -> Reliability {
    let value = |hit: Hit| if hit == Hit::Yes { 1.0 } else { 0.0 };
    let squares: f64 = answers
        .iter()
        .map(|(said, hit)| (said - value(*hit)).powi(2))
        .sum();
    let of = answers.len().max(1) as f64;
    let bins: Vec<Bin> = (0..EDGES.len()).filter_map(|at| bin(at, answers)).collect();
    let gaps = bins
        .iter()
        .map(|bin| (bin.said - bin.right.share()).abs() * bin.right.of as f64);
    Reliability {
        ece: thousandths(gaps.sum::<f64>() / of),
        brier: thousandths(squares / of),
        bins,
    }
}

fn bin(at: usize, answers: &[(f64, Hit)]) -> Option<Bin> {
    let from = EDGES[at];
    let to = EDGES.get(at + 1).copied().unwrap_or(f64::INFINITY);
    let inside = answers
        .iter()
        .filter(|(said, _)| *said >= from && *said < to);
    let (mut right, mut sum) = (Share::default(), 0.0);
    for (said, hit) in inside {
        right.count(*hit);
        sum += said;
    }
    (right.of > 0).then(|| Bin {
        from,
        said: thousandths(sum / right.of as f64),
        right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_as_sure_as_they_say_have_no_error() {
        let well: Vec<(f64, Hit)> = (0..10).map(|at| (0.9, Hit::from(at > 0))).collect();
        let table = reliability(&well);
        assert!(table.ece < 0.001 && (table.brier - 0.09).abs() < 0.001);
        let boast = reliability(&[(0.99, Hit::No), (0.99, Hit::No)]);
        assert!(boast.ece > 0.9 && boast.bins.len() == 1);
        assert!(reliability(&[]).bins.is_empty());
    }
}

//! Differences of pairs that share a seed, with the interval that they leave.

use serde::Serialize;

/// Quantile 0.975 of Student's t with 1 to 30 degrees of freedom; 1.96 beyond.
/// Source: tables of Student's distribution, e.g. NIST/SEMATECH e-Handbook 1.3.6.7.2.
const T975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// The mean of paired differences and its two-sided 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Pairs.
    pub n: usize,
    /// Mean of first less second.
    pub mean: f64,
    /// Half the width of the interval; `None` of fewer than two pairs.
    pub half: Option<f64>,
}

impl Difference {
    /// Of the pairs' differences.
    #[must_use]
    pub fn of(differences: &[f64]) -> Self {
        let n = differences.len();
        let mean = differences.iter().sum::<f64>() / n.max(1) as f64;
        let square: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
        let half = (n > 1).then(|| {
            let deviation = (square / (n as f64 - 1.0) / n as f64).sqrt();
            T975.get(n - 2).copied().unwrap_or(1.96) * deviation
        });
        Self { n, mean, half }
    }

    /// Which side of zero the whole interval lies on.
    #[must_use]
    pub fn side(&self) -> Side {
        match self.half {
            Some(half) if self.mean + half < 0.0 => Side::Below,
            Some(half) if self.mean - half > 0.0 => Side::Above,
            _ => Side::Undecided,
        }
    }
}

/// Where an interval lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Below zero.
    Below,
    /// Above it.
    Above,
    /// Around it.
    Undecided,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_tables() {
        // Student 1908, the hours of sleep gained: mean 1.58, s = 1.23, n = 10.
        let gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        let difference = Difference::of(&gained);
        assert!((difference.mean - 1.58).abs() < 1e-9);
        let half = difference.half.expect("ten pairs");
        assert!((half - 0.880).abs() < 1e-3, "{half}");
        assert_eq!(difference.side(), Side::Above);
        assert_eq!(Difference::of(&[1.0]).side(), Side::Undecided);
    }
}

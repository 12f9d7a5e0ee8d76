//! A tail fitted to a mean and a squared coefficient of variation.
//!
//! At most 1: a shifted exponential. Above: a hyperexponential of two phases with
//! balanced means (each phase carries half of the mean). Both match the two
//! moments exactly. Source: the usual two-moment fits of phase-type theory.

use libm::{exp, log, sqrt};

/// A time beyond which nothing is cut off, in means or deviations.
const FAR: f64 = 40.0;

/// What a limit cuts off a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// Probability that the time is longer than the limit, 0..=1.
    pub late: f64,
    /// Mean of the shorter of the time and the limit, s.
    pub mean: f64,
}

/// A time given by its mean (s, ≥ 0) and squared coefficient of variation (≥ 0).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// Mean, s.
    pub mean: f64,
    /// Squared coefficient of variation.
    pub cv2: f64,
}

impl Fitted {
    /// The time with this mean and variance (s²).
    #[must_use]
    pub fn of(mean: f64, variance: f64) -> Self {
        let square = mean * mean;
        Self {
            mean,
            cv2: if square > 0.0 { variance / square } else { 0.0 },
        }
    }

    /// The time cut off at `limit` seconds, > 0.
    #[must_use]
    pub fn cut(self, limit: f64) -> Cut {
        cut(self.mean, self.cv2 * self.mean * self.mean, limit)
    }

    /// The probability that the time is longer than `limit` seconds.
    #[must_use]
    pub fn exceeds(self, limit: f64) -> f64 {
        if limit <= 0.0 {
            1.0
        } else {
            self.cut(limit).late
        }
    }

    /// The time that a share `at` (0..1) of requests stay below, s.
    #[must_use]
    pub fn quantile(self, at: f64) -> f64 {
        let above = (1.0 - at).max(1e-12);
        if self.cv2 > 1.0 {
            return self.quantile_phases(above);
        }
        let deviation = self.mean * sqrt(self.cv2.max(0.0));
        self.mean - deviation - deviation * log(above)
    }

    /// Share of the slower phase, 0..0.5; the quicker one has the rest.
    fn slow_share(self) -> f64 {
        slow_share(self.mean * self.mean, self.cv2 * self.mean * self.mean)
    }

    /// Newton on the logarithm of the survival from below, where it converges from one side.
    fn quantile_phases(self, above: f64) -> f64 {
        let slow = self.slow_share();
        let quick = 1.0 - slow;
        let (a, b) = (2.0 * quick / self.mean, 2.0 * slow / self.mean);
        let mut time = (log(quick / above) / a).max(log(slow / above) / b).max(0.0);
        for _ in 0..6 {
            let (first, second) = (quick * exp(-a * time), slow * exp(-b * time));
            let left = first + second;
            time += left * log(left / above) / (a * first + b * second);
        }
        time
    }
}

/// A time with this mean (s) and variance (s²), cut off at `limit` seconds.
pub(crate) fn cut(mean: f64, variance: f64, limit: f64) -> Cut {
    if limit > FAR * mean && limit * limit > FAR * FAR * variance {
        return Cut { late: 0.0, mean };
    }
    let square = mean * mean;
    if variance > square {
        cut_phases(mean, slow_share(square, variance), limit)
    } else {
        cut_shifted(mean, sqrt(variance.max(0.0)), limit)
    }
}

fn cut_shifted(mean: f64, deviation: f64, limit: f64) -> Cut {
    let shift = mean - deviation;
    if limit <= shift {
        return Cut {
            late: 1.0,
            mean: limit,
        };
    }
    if limit - shift > FAR * deviation {
        return Cut { late: 0.0, mean };
    }
    let late = exp((shift - limit) / deviation);
    Cut {
        late,
        mean: shift + deviation * (1.0 - late),
    }
}

fn cut_phases(mean: f64, slow: f64, limit: f64) -> Cut {
    let reach = 2.0 * limit / mean;
    let quick_left = exp(-(1.0 - slow) * reach);
    let slow_left = exp(-slow * reach);
    Cut {
        late: (1.0 - slow) * quick_left + slow * slow_left,
        mean: 0.5 * mean * (2.0 - quick_left - slow_left),
    }
}

/// Share of the slower of two phases with balanced means, by the squared mean and the variance.
fn slow_share(square: f64, variance: f64) -> f64 {
    0.5 * (1.0 - sqrt((variance - square) / (variance + square)))
}

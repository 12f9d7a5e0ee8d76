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
    let late = decay((shift - limit) / deviation);
    Cut {
        late,
        mean: shift + deviation * (1.0 - late),
    }
}

fn cut_phases(mean: f64, slow: f64, limit: f64) -> Cut {
    let reach = 2.0 * limit / mean;
    let quick_left = decay(-(1.0 - slow) * reach);
    let slow_left = decay(-slow * reach);
    Cut {
        late: (1.0 - slow) * quick_left + slow * slow_left,
        mean: 0.5 * mean * (2.0 - quick_left - slow_left),
    }
}

/// `e^x` for `x` ≤ 0, the bits of [`libm::exp`], where most of a tick's exponents lie without its
/// special cases: `x = k·ln 2 + r`, `e^r` by the rational approximation of FreeBSD's `e_exp.c`, whose
/// constants these are, and `2^k` by its bits.
fn decay(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const HALF_LN2: f64 = 0.346_574;
    const P: [f64; 5] = [
        1.666_666_666_666_660_2e-1,
        -2.777_777_777_701_559_3e-3,
        6.613_756_321_437_934e-5,
        -1.653_390_220_546_525_2e-6,
        4.138_136_797_057_238_5e-8,
    ];
    if !(-700.0..-HALF_LN2).contains(&x) {
        return exp(x);
    }
    let k = (core::f64::consts::LOG2_E * x - 0.5) as i32;
    let (high, low) = (x - f64::from(k) * LN2_HIGH, f64::from(k) * LN2_LOW);
    let r = high - low;
    let square = r * r;
    let c =
        r - square * (P[0] + square * (P[1] + square * (P[2] + square * (P[3] + square * P[4]))));
    let power = 1.0 + (r * c / (2.0 - c) - low + high);
    power * f64::from_bits(((1023 + k) as u64) << 52)
}

/// Share of the slower of two phases with balanced means, by the squared mean and the variance.
fn slow_share(square: f64, variance: f64) -> f64 {
    0.5 * (1.0 - sqrt((variance - square) / (variance + square)))
}

#[cfg(test)]
mod tests {
    use super::decay;

    #[test]
    fn decay_has_the_bits_of_the_exponential() {
        let mut state = 7_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let spread = (0..400_000).map(|_| -next() * libm::exp(8.0 * next() - 3.0));
        // Where a case ends and another begins, and its neighbours.
        let ln2 = core::f64::consts::LN_2;
        let edges = [
            0.0,
            0.5 * ln2,
            0.346_574,
            ln2,
            1.5 * ln2,
            2.5 * ln2,
            700.0,
            708.4,
            745.2,
        ];
        let around = edges.into_iter().flat_map(|edge: f64| {
            (-3..=3_i64).map(move |step| -f64::from_bits(edge.to_bits().wrapping_add_signed(step)))
        });
        for x in spread.chain(around).filter(|x| *x <= 0.0) {
            assert_eq!(decay(x).to_bits(), libm::exp(x).to_bits(), "{x:e}");
        }
    }
}

//! A parameter that is not known but guessed: a median and a spread.

use aegis_cluster::draws::{Draws, Purpose};
use aegis_model::Tick;

/// A log-normal guess, cut to what is possible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Half of the guesses lie below; in the parameter's own unit.
    pub median: f64,
    /// Standard deviation of the natural logarithm, ≥ 0; 0 is a known value.
    pub sigma: f64,
    /// No guess lies below.
    pub low: f64,
    /// No guess lies above.
    pub high: f64,
}

impl Prior {
    /// A guess that may be any positive number.
    #[must_use]
    pub const fn new(median: f64, sigma: f64) -> Self {
        Self {
            median,
            sigma,
            low: 0.0,
            high: f64::INFINITY,
        }
    }

    /// A value that is known.
    #[must_use]
    pub const fn known(value: f64) -> Self {
        Self::new(value, 0.0)
    }

    /// The same guess cut to `low..=high`; the median is cut too.
    #[must_use]
    pub const fn within(self, low: f64, high: f64) -> Self {
        Self {
            median: self.median.clamp(low, high),
            sigma: self.sigma,
            low,
            high,
        }
    }

    /// The guess `z` standard deviations above the median.
    #[must_use]
    pub fn at(&self, z: f64) -> f64 {
        (self.median * libm::exp(self.sigma * z)).clamp(self.low, self.high)
    }
}

/// One of a few whole numbers, each with a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The numbers with their shares, which sum to 1, in rising order.
    pub shares: &'static [(u32, f64)],
}

impl Choice {
    /// The number below which a share `u` (0..1) of the guesses lies.
    #[must_use]
    pub fn at(&self, u: f64) -> u32 {
        let mut sum = 0.0;
        for (number, share) in self.shares {
            sum += share;
            if u < sum {
                return *number;
            }
        }
        self.shares.last().map_or(0, |(number, _)| *number)
    }
}

/// Where a guess is taken from its prior: at the median, or at a draw of its own.
#[derive(Debug, Clone, Copy)]
pub enum Pick {
    /// The median of each.
    Median,
    /// A draw per parameter, for the given purpose.
    Drawn(Draws, Purpose),
}

impl Pick {
    /// A guess for the parameter that `key` numbers.
    #[must_use]
    pub fn value(self, prior: &Prior, key: u64) -> f64 {
        match self {
            Self::Median => prior.at(0.0),
            Self::Drawn(draws, purpose) => prior.at(draws.normal(purpose, key, Tick(0))),
        }
    }

    /// The same for a whole number.
    #[must_use]
    pub fn choice(self, choice: &Choice, key: u64) -> u32 {
        match self {
            Self::Median => choice.at(0.5),
            Self::Drawn(draws, purpose) => choice.at(draws.uniform(purpose, key, Tick(0))),
        }
    }
}

//! Sizes of faults: unit, range, default, and the prior over them.

/// Unit of a parameter, as a person writes it and as a mechanism takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 0..=1.
    Share,
    /// A multiple, > 0.
    Factor,
    /// Seconds.
    Seconds,
    /// CPU cores.
    Cores,
    /// Bytes per second.
    BytesPerSecond,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// How amounts of it are written.
    #[must_use]
    pub const fn spelling(self) -> &'static str {
        match self {
            Self::Share => "a share, as 0.3 or 30%",
            Self::Factor => "a factor, as 4",
            Self::Seconds => "a length of time, as 300ms",
            Self::Cores => "CPU, as 500m",
            Self::BytesPerSecond => "bytes per second, as 4Mi/s",
            Self::Bytes => "bytes, as 64Mi",
        }
    }
}

/// One size of a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Name, as in a scenario.
    pub name: &'static str,
    /// Unit of the figures below.
    pub unit: Unit,
    /// Least, > 0.
    pub low: f64,
    /// Most.
    pub high: f64,
    /// Where nothing is said.
    pub default: f64,
}

impl Parameter {
    /// The size below which a share `u` (0..=1) of such faults lies: log-uniform over the range,
    /// as sizes are unknown to an order of magnitude.
    #[must_use]
    pub fn at(&self, u: f64) -> f64 {
        let ratio = libm::log(self.high / self.low);
        (self.low * libm::exp(u.clamp(0.0, 1.0) * ratio)).clamp(self.low, self.high)
    }

    /// The share of such faults that is smaller than `value`, 0..=1: the inverse of [`Self::at`].
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        (libm::log(value / self.low) / libm::log(self.high / self.low)).clamp(0.0, 1.0)
    }

    /// Whether a size is in the range.
    #[must_use]
    pub fn admits(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }
}

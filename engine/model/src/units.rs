//! Units as types: a sum of two of a kind compiles, a sum of two kinds does not.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};
use serde::{Deserialize, Serialize};

/// A length of simulated time, in seconds; may be fractional.
pub type Seconds = f64;

/// CPU in thousandths of a core (`250m` is 250).
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millicores(pub u64);

/// Memory or storage in bytes.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Bytes(pub u64);

/// A whole second on the cluster's clock; 0 is when the cluster was made.
///
/// A run's own zero lies later where the cluster was settled first; see
/// [`Tick::since`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Tick(pub u32);

impl Millicores {
    /// As cores.
    #[must_use]
    pub fn cores(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Bytes {
    /// `n` mebibytes.
    #[must_use]
    pub const fn mebi(n: u64) -> Self {
        Self(n * 1024 * 1024)
    }
}

impl Tick {
    /// A tick that never comes.
    pub const NEVER: Self = Self(u32::MAX);

    /// This tick plus `seconds`; stays [`Tick::NEVER`] once there.
    #[must_use]
    pub const fn after(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Whole seconds from `earlier` to here; 0 when `earlier` is later.
    #[must_use]
    pub const fn elapsed(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    /// Seconds relative to `origin`, negative before it.
    #[must_use]
    pub const fn since(self, origin: Self) -> i64 {
        self.0 as i64 - origin.0 as i64
    }
}

macro_rules! sums {
    ($($unit:ident),*) => {$(
        impl Add for $unit {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }
        impl AddAssign for $unit {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }
        impl Sub for $unit {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
        impl core::iter::Sum for $unit {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::default(), Add::add)
            }
        }
    )*};
}
sums!(Millicores, Bytes);

impl fmt::Display for Tick {
    /// `mm:ss`, minutes unbounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

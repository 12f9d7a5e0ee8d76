//! Quantities in the form in which they were written: `1500m`, `1536Mi`, `1G`.
//!
//! What Kubernetes says of an amount it says in the suffixes of whoever wrote it. Source:
//! k8s.io/apimachinery/pkg/api/resource, `Quantity.CanonicalizeBytes`, `Quantity.Add`.

use crate::quantity::{Quantity, QuantityError};
use core::cmp::Ordering;
use core::fmt;

/// The family of suffixes of an amount.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `m`, none, `k`, `M`, `G`, …
    #[default]
    Decimal,
    /// `Ki`, `Mi`, `Gi`, …
    Binary,
    /// `e3`, `e6`, …
    Exponent,
}

/// An amount with its form. Amounts compare by size alone.
#[derive(Debug, Default, Clone, Copy)]
pub struct Amount {
    /// How much.
    pub quantity: Quantity,
    /// In which suffixes.
    pub form: Form,
}

impl Amount {
    /// So many whole units, in decimal form.
    #[must_use]
    pub fn whole(units: u64) -> Self {
        Self::decimal(Quantity::whole(units))
    }

    /// The quantity in decimal form.
    #[must_use]
    pub const fn decimal(quantity: Quantity) -> Self {
        Self {
            quantity,
            form: Form::Decimal,
        }
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.quantity.milli == 0
    }

    /// The sum, in the form of this one; of nothing and something, in the form of what there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            quantity: Quantity {
                milli: self.quantity.milli.saturating_add(other.quantity.milli),
            },
            form: if self.is_zero() {
                other.form
            } else {
                self.form
            },
        }
    }

    /// What is left, in the form of this one.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            quantity: Quantity {
                milli: self.quantity.milli.saturating_sub(other.quantity.milli),
            },
            form: self.form,
        }
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.quantity == other.quantity
    }
}

impl Eq for Amount {}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        self.quantity.cmp(&other.quantity)
    }
}

impl core::str::FromStr for Amount {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let quantity = text.parse()?;
        let form = if text.ends_with('i') {
            Form::Binary
        } else if text.trim_end_matches(|c: char| c.is_ascii_digit()) != text
            && text.contains(['e', 'E'])
        {
            Form::Exponent
        } else {
            Form::Decimal
        };
        Ok(Self { quantity, form })
    }
}

const BINARY: [&str; 6] = ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"];
const DECIMAL: [&str; 6] = ["E", "P", "T", "G", "M", "k"];
const EXPONENT: [&str; 6] = ["e18", "e15", "e12", "e9", "e6", "e3"];

impl fmt::Display for Amount {
    /// As Kubernetes prints it: with the largest suffix of its form that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = self.quantity.milli;
        if self.form == Form::Binary && milli.abs() >= 1_024_000 {
            let units = (milli + 999).div_euclid(1000);
            return written(f, units, 1024, BINARY);
        }
        if milli % 1000 != 0 {
            return match self.form {
                Form::Exponent => write!(f, "{milli}e-3"),
                _ => write!(f, "{milli}m"),
            };
        }
        let suffixes = match self.form {
            Form::Exponent => EXPONENT,
            _ => DECIMAL,
        };
        written(f, milli / 1000, 1000, suffixes)
    }
}

fn written(
    f: &mut fmt::Formatter<'_>,
    units: i128,
    step: i128,
    suffixes: [&str; 6],
) -> fmt::Result {
    for (power, suffix) in (0..6_u32).map(|at| 6 - at).zip(suffixes) {
        let size = step.pow(power);
        if units != 0 && units % size == 0 {
            return write!(f, "{}{suffix}", units / size);
        }
    }
    write!(f, "{units}")
}

//! Kubernetes quantities: `250m`, `64Mi`, `1e3`.
//!
//! Grammar: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

use crate::units::{Bytes, Millicores};
use alloc::string::{String, ToString};
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// An amount in thousandths of its unit, exact; parts below are rounded up, as Kubernetes does.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    /// Thousandths of the unit.
    pub milli: i128,
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuantityError {
    /// There is no number at the start.
    NoNumber,
    /// The suffix is none of Kubernetes'.
    UnknownSuffix(String),
    /// It has too many digits behind the point.
    TooLong,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => write!(f, "a quantity starts with a number, as in 250m or 64Mi"),
            Self::UnknownSuffix(suffix) => {
                write!(
                    f,
                    "unknown suffix `{suffix}`; Kubernetes knows n u m k M G T P E Ki Mi Gi Ti Pi Ei"
                )
            }
            Self::TooLong => write!(f, "the amount has too many digits"),
        }
    }
}

impl core::error::Error for QuantityError {}

/// The largest amount, 2⁶³ − 1: what is more counts as that (apimachinery, quantity.go `maxAllowed`).
const LARGEST: i128 = i64::MAX as i128 * 1000;

/// Multiplier of a suffix, as (factor in thousandths, divisor).
fn scale(suffix: &str) -> Option<(i128, i128)> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    if let Some(power) = BINARY.iter().position(|s| *s == suffix) {
        return Some((1000_i128 << (10 * (power + 1)), 1));
    }
    if let Some(power) = DECIMAL.iter().position(|s| *s == suffix) {
        return Some((1000 * 1000_i128.pow(power as u32 + 1), 1));
    }
    match suffix {
        "" => Some((1000, 1)),
        "m" => Some((1, 1)),
        "u" => Some((1, 1000)),
        "n" => Some((1, 1_000_000)),
        _ => exponent(suffix),
    }
}

/// `e3`, `E-2` as (factor in thousandths, divisor).
fn exponent(suffix: &str) -> Option<(i128, i128)> {
    let digits = suffix.strip_prefix(['e', 'E'])?;
    let power: i64 = digits.parse().ok()?;
    // Beyond that any number is more than the largest amount, or less than the smallest part.
    let places = power.unsigned_abs().min(24) as u32;
    match power {
        0.. => Some((1000 * 10_i128.pow(places), 1)),
        _ => Some((1000, 10_i128.pow(places))),
    }
}

/// Digits without a point, how many of them stood behind it, and whether the number is negative.
fn number(text: &str) -> Option<(i128, u32, bool)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let digits: String = [whole.strip_prefix(['+', '-']).unwrap_or(whole), fraction].concat();
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // 38 digits fit; what does not is told apart from what is no number.
    plain.then(|| {
        (
            digits.parse().unwrap_or(i128::MAX),
            fraction.len() as u32,
            negative,
        )
    })
}

/// `digits × factor ÷ divisor ÷ 10^places`, rounded up, the largest amount at most; `None` where there are more
/// digits behind the point than are counted.
fn scaled(digits: i128, factor: i128, divisor: i128, places: u32) -> Option<i128> {
    let divisor = 10_i128.checked_pow(places)?.checked_mul(divisor)?;
    let Some(amount) = digits.checked_mul(factor) else {
        return Some(LARGEST);
    };
    let rounded = amount / divisor + i128::from(amount % divisor != 0);
    Some(rounded.min(LARGEST))
}

impl core::str::FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let split = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-'));
        let (digits, suffix) = text.split_at(split.unwrap_or(text.len()));
        let (digits, places, negative) = number(digits).ok_or(QuantityError::NoNumber)?;
        let (factor, divisor) =
            scale(suffix).ok_or_else(|| QuantityError::UnknownSuffix(suffix.to_string()))?;
        let milli = scaled(digits, factor, divisor, places).ok_or(QuantityError::TooLong)?;
        Ok(Self {
            milli: if negative { -milli } else { milli },
        })
    }
}

impl Quantity {
    /// A whole number of units.
    #[must_use]
    pub fn whole(units: u64) -> Self {
        Self {
            milli: i128::from(units) * 1000,
        }
    }

    /// As thousandths; negative amounts count as 0.
    #[must_use]
    pub fn millicores(self) -> Millicores {
        Millicores(u64::try_from(self.milli.max(0)).unwrap_or(u64::MAX))
    }

    /// As whole units, rounded up; negative amounts count as 0.
    #[must_use]
    pub fn bytes(self) -> Bytes {
        Bytes(u64::try_from((self.milli.max(0) + 999) / 1000).unwrap_or(u64::MAX))
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = match &value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            other => {
                return Err(D::Error::custom(alloc::format!(
                    "a quantity is a text or a number, not {other}"
                )));
            }
        };
        text.trim()
            .parse()
            .map_err(|error| D::Error::custom(alloc::format!("`{text}`: {error}")))
    }
}

impl fmt::Display for Quantity {
    /// In the shortest of plain, milli and binary suffixes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milli % 1000 != 0 {
            return write!(f, "{}m", self.milli);
        }
        let units = self.milli / 1000;
        for (power, suffix) in ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"].iter().enumerate() {
            let size = 1_i128 << (10 * (6 - power));
            if units != 0 && units % size == 0 {
                return write!(f, "{}{suffix}", units / size);
            }
        }
        write!(f, "{units}")
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Quantity;
    use alloc::string::ToString;

    #[test]
    fn absurd_amounts_are_the_largest_and_the_smallest() {
        let largest = i128::from(i64::MAX) * 1000;
        for (text, milli) in [
            ("1e300", largest),
            ("1e+300", largest),
            ("99999999999Ei", largest),
            ("9223372036854775808", largest),
            ("1e-300", 1),
            ("0e300", 0),
            ("-1", -1000),
        ] {
            assert_eq!(text.parse(), Ok(Quantity { milli }), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_no_amount() {
        let digits = "1.".to_string() + &"0".repeat(60);
        let texts = "NaN . 1e 1e3.5 1.5.5 inf 0x10 \u{663}";
        for text in texts.split(' ').chain(["", digits.as_str()]) {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }
}

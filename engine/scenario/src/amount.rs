//! Amounts as people write them in a scenario: `1h30m`, `800ms`, `99.5%`.
//!
//! Lengths of time follow Go's notation, as Kubernetes' own files do; amounts of
//! CPU and memory are Kubernetes quantities.

use aegis_model::Seconds;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::str::FromStr;

/// Why a text is not an amount: what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AmountError(pub &'static str);

const LENGTH: AmountError =
    AmountError("a length of time has a unit, as in 800ms, 90s, 10m or 1h30m");
const SHARE: AmountError =
    AmountError("a share is a number from 0 to 1 or a percentage, as in 99.5%");

/// A length of simulated time, in seconds, ≥ 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, PartialOrd)]
pub struct Length(pub Seconds);

impl Length {
    /// Rounded to whole seconds; what does not fit is the longest that does.
    #[must_use]
    pub fn whole(self) -> u32 {
        (self.0 + 0.5) as u32
    }
}

/// Units with their length in seconds, longest name first.
const UNITS: [(&str, f64); 6] = [
    ("ms", 1e-3),
    ("us", 1e-6),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

/// The first number and unit of `text`: its seconds, and what is left.
fn first_part(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.'))?;
    let number: f64 = text[..end].parse().ok()?;
    let rest = &text[end..];
    UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((number * seconds, rest.strip_prefix(unit)?)))
}

impl FromStr for Length {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        if text == "0" {
            return Ok(Self(0.0));
        }
        let mut rest = text.trim();
        let mut sum = None;
        while !rest.is_empty() {
            let (part, left) = first_part(rest).ok_or(LENGTH)?;
            sum = Some(sum.unwrap_or(0.0) + part);
            rest = left;
        }
        sum.map(Self).ok_or(LENGTH)
    }
}

impl std::fmt::Display for Length {
    /// The largest units that divide it; below a second in milliseconds.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = self.whole();
        if (self.0 - f64::from(whole)).abs() > 1e-9 || whole == 0 {
            return write!(f, "{}ms", self.0 * 1000.0);
        }
        let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
        for (amount, unit) in [(hours, 'h'), (minutes, 'm'), (seconds, 's')] {
            if amount > 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        Ok(())
    }
}

/// A share of a whole, 0..=1.
#[derive(Debug, Default, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(pub f64);

impl FromStr for Share {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let text = text.trim();
        let value = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map(|p| p / 100.0),
            None => text.parse(),
        };
        match value {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            _ => Err(SHARE),
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", (self.0 * 1e8).round() / 1e6)
    }
}

/// The text of a scalar of a document.
fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        other => Err(serde::de::Error::custom(format!("{other} is no amount"))),
    }
}

macro_rules! as_text {
    ($($amount:ident),*) => {$(
        impl<'de> Deserialize<'de> for $amount {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                scalar(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
as_text!(Length, Share);

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

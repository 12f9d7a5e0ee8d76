//! One field of a schedule. Source: github.com/robfig/cron/v3, parser.go.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Numbers that a field may have, and names of some.
pub struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

pub const MINUTES: Bounds = Bounds {
    min: 0,
    max: 59,
    names: &[],
};
pub const HOURS: Bounds = Bounds {
    min: 0,
    max: 23,
    names: &[],
};
pub const DAYS: Bounds = Bounds {
    min: 1,
    max: 31,
    names: &[],
};
pub const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
pub const WEEKDAYS: Bounds = Bounds {
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// The numbers of a field, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    bits: u64,
    extent: Extent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// `*` or `?`.
    Any,
    /// Some of them.
    Some,
}

impl Field {
    /// Whether a number is among them.
    pub const fn has(self, number: i64) -> bool {
        self.bits >> number & 1 == 1
    }

    /// Whether the field was left open.
    pub fn is_any(self) -> bool {
        self.extent == Extent::Any
    }

    /// Reads a field: ranges, behind commas.
    pub fn parse(text: &str, bounds: &Bounds) -> Result<Self, String> {
        let mut field = Self {
            bits: 0,
            extent: Extent::Some,
        };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let range = range(part, bounds)?;
            field.bits |= range.bits;
            if range.is_any() {
                field.extent = Extent::Any;
            }
        }
        Ok(field)
    }
}

/// Reads `number`, `number-number`, `*` or `?`, with or without a step.
fn range(text: &str, bounds: &Bounds) -> Result<Field, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (span, step) = match parts[..] {
        [span] => (span, None),
        [span, step] => (span, Some(number(step)?)),
        _ => return Err(format!("too many slashes: {text}")),
    };
    let ends: Vec<&str> = span.split('-').collect();
    let (start, end, open) = match ends[..] {
        ["*" | "?", ..] => (bounds.min, bounds.max, true),
        [one] => {
            let one = named(one, bounds)?;
            (one, if step.is_some() { bounds.max } else { one }, false)
        }
        [first, last] => (named(first, bounds)?, named(last, bounds)?, false),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    check(start, end, step, bounds, text)?;
    let step = step.unwrap_or(1);
    let numbers = (start..=end).step_by(step as usize);
    Ok(Field {
        bits: numbers.fold(0, |bits, number| bits | 1 << number),
        extent: if open && step == 1 {
            Extent::Any
        } else {
            Extent::Some
        },
    })
}

fn check(
    start: u32,
    end: u32,
    step: Option<u32>,
    bounds: &Bounds,
    text: &str,
) -> Result<(), String> {
    let Bounds { min, max, .. } = bounds;
    if start < *min {
        return Err(format!(
            "beginning of range ({start}) below minimum ({min}): {text}"
        ));
    }
    if end > *max {
        return Err(format!(
            "end of range ({end}) above maximum ({max}): {text}"
        ));
    }
    if start > end {
        return Err(format!(
            "beginning of range ({start}) beyond end of range ({end}): {text}"
        ));
    }
    if step == Some(0) {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    Ok(())
}

fn named(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let lower = text.to_lowercase();
    let place = bounds.names.iter().position(|name| *name == lower);
    place.map_or_else(|| number(text), |place| Ok(place as u32 + bounds.min))
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| {
        format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")
    })
}

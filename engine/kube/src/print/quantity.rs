//! Quantities in the form in which the API server gives them back.
//!
//! Source: apimachinery pkg/api/resource/quantity.go, `CanonicalizeBytes`: no fraction, the largest
//! suffix that keeps it whole, in the family of the suffix that was given; always a string.

use serde_json::Value;

/// Kinds with quantities in fields of the names below.
const KINDS: [&str; 15] = [
    "Node",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ResourceQuota",
    "LimitRange",
    "HorizontalPodAutoscaler",
    "RuntimeClass",
    "ReplicationController",
];

/// Fields that hold quantities by name of a resource.
const LISTS: [&str; 13] = [
    "allocatable",
    "allocatedResources",
    "capacity",
    "default",
    "defaultRequest",
    "hard",
    "limits",
    "max",
    "maxLimitRequestRatio",
    "min",
    "podFixed",
    "requests",
    "used",
];

/// Fields that hold one quantity.
const SINGLE: [&str; 3] = ["averageValue", "divisor", "sizeLimit"];

/// Puts all quantities of an object in canonical form.
pub fn canonicalize(item: &mut Value) {
    if KINDS.iter().any(|kind| item["kind"] == *kind) {
        walk(item);
    }
}

fn walk(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut() {
                let key = key.as_str();
                if LISTS.contains(&key) || key == "overhead" {
                    list(inner);
                } else if SINGLE.contains(&key) {
                    put(inner);
                }
                // A metric's target and what it is now have `value` beside `averageValue`.
                if ["target", "current"].contains(&key) {
                    inner.get_mut("value").into_iter().for_each(put);
                }
                walk(inner);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(walk),
        _ => {}
    }
}

fn list(value: &mut Value) {
    for amount in value.as_object_mut().into_iter().flatten() {
        put(amount.1);
    }
}

fn put(value: &mut Value) {
    let given = match &*value {
        Value::String(text) => canonical(text),
        Value::Number(number) => canonical(&number.to_string()),
        _ => None,
    };
    if let Some(given) = given {
        *value = given.into();
    }
}

/// The forms of a suffix.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Decimal,
    Exponent,
    Binary,
}

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
/// Digits behind the point that are kept.
const NANO: i32 = 9;

/// A quantity as the API server writes it; `None` where the text is none.
pub fn canonical(text: &str) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let (nanos, form) = amount(number, suffix)?;
    let whole = nanos % 10_i128.pow(NANO as u32) == 0;
    let units = nanos / 10_i128.pow(NANO as u32);
    let written = match form {
        Form::Binary if whole && units >= 1024 => binary(units),
        Form::Binary | Form::Decimal => decimal(nanos, false),
        Form::Exponent => decimal(nanos, true),
    };
    Some(format!("{negative}{written}"))
}

/// Billionths of the unit, rounded up.
fn amount(number: &str, suffix: &str) -> Option<(i128, Form)> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let mantissa: i128 = format!("{whole}{part}").parse().ok()?;
    let point = i32::try_from(part.len()).ok()?;
    let (factor, power, form) = scale(suffix)?;
    let raised = mantissa.checked_mul(factor)?;
    let exponent = power - point + NANO;
    let size = 10_i128.checked_pow(exponent.unsigned_abs())?;
    let nanos = match exponent {
        0.. => raised.checked_mul(size)?,
        _ => (raised + size - 1) / size,
    };
    Some((nanos, form))
}

/// What a suffix multiplies by: a factor and a power of ten.
fn scale(suffix: &str) -> Option<(i128, i32, Form)> {
    if let Some(power) = BINARY.iter().skip(1).position(|known| *known == suffix) {
        return Some((1_i128 << (10 * (power + 1)), 0, Form::Binary));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((1, *power, Form::Decimal));
    }
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-24..=24)
        .contains(&power)
        .then_some((1, power, Form::Exponent))
}

fn binary(mut units: i128) -> String {
    let mut power = 0;
    while units % 1024 == 0 && power + 1 < BINARY.len() {
        units /= 1024;
        power += 1;
    }
    format!("{units}{}", BINARY[power])
}

fn decimal(mut nanos: i128, as_exponent: bool) -> String {
    let mut place = 0;
    while nanos % 1000 == 0 && nanos != 0 && place + 1 < DECIMAL.len() {
        nanos /= 1000;
        place += 1;
    }
    let (suffix, power) = DECIMAL[place];
    match (nanos, power) {
        (0, _) => "0".into(),
        (_, 0) => nanos.to_string(),
        _ if as_exponent => format!("{nanos}e{power}"),
        _ => format!("{nanos}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    // Cases of quantity_test.go, TestQuantityString and TestQuantityParseEmit, and of the
    // documentation of resource quantities.
    #[test]
    fn quantities_are_written_as_the_api_server_writes_them() {
        for (given, wanted) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.1Gi", "107374182400m"),
            ("128974848", "128974848"),
            ("1000", "1k"),
            ("1500", "1500"),
            ("1e3", "1e3"),
            ("12e6", "12e6"),
            ("1.5e3", "1500"),
            ("129M", "129M"),
            ("123Mi", "123Mi"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("0", "0"),
            ("0Mi", "0"),
            ("100m", "100m"),
            ("1.2", "1200m"),
            ("-1000m", "-1"),
            ("0.0001", "100u"),
            ("0.0000000001", "1n"),
            ("2048E", "2048E"),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(wanted), "{given}");
        }
        for none in ["", "a", "1x", "1Kib", "1e300", "Mi"] {
            assert_eq!(canonical(none), None, "{none}");
        }
    }
}

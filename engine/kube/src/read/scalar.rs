//! What a plain YAML scalar means to kubectl.
//!
//! kubectl reads YAML 1.1 (sigs.k8s.io/yaml on goyaml.v2, `resolve.go`): `y`, `on`
//! and `Yes` are booleans, `0777` is octal, `1_000` a number; a date stays text.

use serde_json::{Number, Value};

const TRUE: [&str; 11] = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
];
const FALSE: [&str; 11] = [
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
];
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];
const NOT_FINITE: [&str; 12] = [
    ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf",
    "-.INF",
];

/// The value of an unquoted scalar; `None` for one that JSON cannot hold (`.nan`, `.inf`).
pub fn plain(text: &str) -> Option<Value> {
    if NOT_FINITE.contains(&text) {
        return None;
    }
    if NULL.contains(&text) {
        return Some(Value::Null);
    }
    if TRUE.contains(&text) || FALSE.contains(&text) {
        return Some(Value::Bool(TRUE.contains(&text)));
    }
    Some(number(text).map_or_else(|| Value::String(text.into()), Value::Number))
}

fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if first == b'.' {
        return float(text);
    }
    if !first.is_ascii_digit() && !matches!(first, b'+' | b'-') {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

/// An integer with an optional sign, in the base that its prefix says, as Go's `ParseInt(s, 0, 64)`.
fn integer(text: &str) -> Option<Number> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (radix, digits) = base(rest);
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let signed = i64::from_str_radix(&[sign, digits].concat(), radix).ok();
    let unsigned = || u64::from_str_radix(digits, radix).ok();
    match signed {
        Some(value) => Some(value.into()),
        None if sign.is_empty() => unsigned().map(Into::into),
        None => None,
    }
}

fn base(digits: &str) -> (u32, &str) {
    let prefixes = [
        ("0x", 16),
        ("0X", 16),
        ("0b", 2),
        ("0B", 2),
        ("0o", 8),
        ("0O", 8),
    ];
    for (prefix, radix) in prefixes {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return (radix, rest);
        }
    }
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

/// A decimal fraction. A whole one counts as an integer, as it does once it has passed through JSON.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let shaped = unsigned
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let starts = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !shaped || !starts || !unsigned.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    // 2^53: up to here every whole f64 is exact.
    let exact = 9_007_199_254_740_992.0;
    if value == value.trunc() && value.abs() <= exact {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

#[cfg(test)]
mod tests {
    use super::plain;
    use serde_json::{Value, json};

    #[test]
    fn scalars_mean_what_they_mean_to_kubectl() {
        let cases = [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("n", json!(false)),
            ("~", json!(null)),
            ("", json!(null)),
            ("8080", json!(8080)),
            ("-1", json!(-1)),
            ("0644", json!(420)),
            ("08", json!(8)),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            ("1e3", json!(1000)),
            ("0.5", json!(0.5)),
            (".5", json!(0.5)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.2.3", json!("1.2.3")),
            ("10.0.0.1", json!("10.0.0.1")),
            ("2024-01-31", json!("2024-01-31")),
            ("250m", json!("250m")),
            ("-", json!("-")),
            ("+-1", json!("+-1")),
            ("1e", json!("1e")),
            ("infinity", json!("infinity")),
            ("nan", json!("nan")),
            ("yEs", json!("yEs")),
        ];
        for (text, value) in cases {
            assert_eq!(plain(text), Some(value), "{text}");
        }
        assert_eq!(plain(".inf"), None::<Value>);
    }
}

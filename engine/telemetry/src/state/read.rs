//! Reading a document by JSON pointer (RFC 6901).

use crate::family::Labels;
use aegis_model::Quantity;
use serde_json::Value;

/// The items of a list; none where there is no list.
pub(crate) fn items<'a>(of: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of.pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The fields of a mapping.
pub(crate) fn fields<'a>(
    of: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    of.pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// A text; empty where there is none.
pub(crate) fn text<'a>(of: &'a Value, pointer: &str) -> &'a str {
    of.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A number, or a quantity in its base unit.
pub(crate) fn number(of: &Value, pointer: &str) -> Option<f64> {
    quantity(of.pointer(pointer)?)
}

/// A number or a text that is a quantity, in its base unit.
pub(crate) fn quantity(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let quantity: Quantity = text.parse().ok()?;
            Some(quantity.milli as f64 / 1000.0)
        }
        _ => None,
    }
}

/// Whether a flag is set.
pub(crate) fn flag(of: &Value, pointer: &str) -> bool {
    of.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

/// 1 where it holds, else 0, as kube-state-metrics spells a state.
pub(crate) fn one(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// `true` or `false`, as a label.
pub(crate) fn word(holds: bool) -> String {
    holds.to_string()
}

/// Unix seconds of an RFC 3339 time in UTC without parts of a second.
pub(crate) fn time(of: &Value, pointer: &str) -> Option<f64> {
    seconds(of.pointer(pointer)?.as_str()?)
}

/// Unix seconds of `2025-01-01T00:03:20Z`.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let days = days(part(0..4)?, part(5..7)?, part(8..10)?);
    let second = part(11..13)? * 3600 + part(14..16)? * 60 + part(17..19)?;
    Some((days * 86_400 + second) as f64)
}

/// Days from 1970-01-01 in the Gregorian calendar.
/// Algorithm: <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `namespace` and the name under the label of the kind.
pub(crate) fn named(object: &Value, label: &'static str) -> Labels {
    vec![
        ("namespace", text(object, "/metadata/namespace").to_owned()),
        (label, text(object, "/metadata/name").to_owned()),
    ]
}

/// The same labels and more.
pub(crate) fn with(labels: &Labels, more: &[(&'static str, &str)]) -> Labels {
    let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
    labels.iter().cloned().chain(more).collect()
}

/// A resource's name as a label, and its unit (kube-state-metrics, `SanitizeLabelName`).
pub(crate) fn resource(name: &str) -> (String, &'static str) {
    let label = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let unit = match name {
        "cpu" => "core",
        "memory" | "storage" | "ephemeral-storage" => "byte",
        huge if huge.starts_with("hugepages-") || huge.starts_with("attachable-volumes-") => "byte",
        _ => "integer",
    };
    (label, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_unix_seconds() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0.0));
        assert_eq!(seconds("2025-01-01T00:03:20Z"), Some(1_735_689_800.0));
        assert_eq!(seconds("2024-02-29T23:59:59Z"), Some(1_709_251_199.0));
        assert_eq!(seconds("soon"), None);
    }

    #[test]
    fn resources_have_the_units_of_kube_state_metrics() {
        assert_eq!(resource("cpu"), ("cpu".into(), "core"));
        assert_eq!(
            resource("ephemeral-storage"),
            ("ephemeral_storage".into(), "byte")
        );
        assert_eq!(
            resource("nvidia.com/gpu"),
            ("nvidia_com_gpu".into(), "integer")
        );
    }
}

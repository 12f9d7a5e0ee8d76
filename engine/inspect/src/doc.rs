//! Reading documents that may be partial, or wrong: what is not as it should be is not there.

use aegis_model::quantity::Quantity;
use serde_json::Value;

/// The items of a list; none where there is no list.
pub fn items<'a>(of: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of.pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The fields of a mapping whose values are texts.
pub fn texts<'a>(
    of: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    of.pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// A text; empty where there is none.
pub fn text<'a>(of: &'a Value, pointer: &str) -> &'a str {
    of.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A whole number.
pub fn number(of: &Value, pointer: &str) -> Option<i64> {
    let value = of.pointer(pointer)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A quantity in thousandths of its base unit.
pub fn quantity(of: &Value, pointer: &str) -> Option<i128> {
    let value = of.pointer(pointer)?;
    let given = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    given.parse::<Quantity>().ok().map(|parsed| parsed.milli)
}

/// Whether something is set at all.
pub fn has(of: &Value, pointer: &str) -> bool {
    of.pointer(pointer).is_some_and(|value| !value.is_null())
}

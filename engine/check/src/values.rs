//! Fields of documents that no type reads.

use super::findings::Findings;
use super::item;
use aegis_model::{Amount, FieldPath};
use serde_json::Value;

/// Whole numbers that must not be negative.
pub fn not_negative(of: &Value, path: &FieldPath, keys: &[&str], findings: &mut Findings) {
    for key in keys {
        if let Some(number) = of[key].as_i64().filter(|number| *number < 0) {
            let detail = "must be greater than or equal to 0";
            findings.invalid(&path.key(key), number, detail);
        }
    }
}

/// A text of a closed list, where there is one.
pub fn one_of(
    of: &Value,
    path: &FieldPath,
    key: &str,
    supported: &[&'static str],
    findings: &mut Findings,
) {
    if let Some(text) = of[key].as_str() {
        findings.one_of(&path.key(key), text, supported);
    }
}

/// The items of a list with their paths.
pub fn items<'a>(
    of: &'a Value,
    path: &FieldPath,
    key: &str,
) -> impl Iterator<Item = (&'a Value, FieldPath)> {
    let path = path.key(key);
    let list = of[key].as_array().into_iter().flatten().enumerate();
    list.map(move |(index, found)| (found, item(&path, index)))
}

/// Amounts of a resource list that can be read, with their paths; the others are findings.
pub fn amounts(
    of: &Value,
    path: &FieldPath,
    key: &str,
    findings: &mut Findings,
) -> Vec<(String, Amount, FieldPath)> {
    let path = path.key(key);
    let mut read = Vec::new();
    for (name, value) in of[key].as_object().into_iter().flatten() {
        let at = path.key(name);
        match amount(value) {
            Ok(amount) => read.push((name.clone(), amount, at)),
            Err(why) => findings.invalid(&at, value.clone(), &why),
        }
    }
    read
}

/// One amount.
pub fn amount(value: &Value) -> Result<Amount, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err("a quantity is a text or a number".into()),
    };
    text.parse()
        .map_err(|error: aegis_model::quantity::QuantityError| error.to_string())
}

//! JSON patch, RFC 6902, over JSON pointers, RFC 6901.

use serde_json::Value;
use thiserror::Error;

/// Why an operation does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("operation {} of the patch: {reason}", operation + 1)]
pub struct PatchError {
    /// Which operation, from 0.
    pub operation: usize,
    /// Why.
    pub reason: String,
}

/// The document after the patch.
///
/// # Errors
/// The first operation that does not apply.
pub fn patched(before: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Some(operations) = patch.as_array() else {
        return Err(PatchError {
            operation: 0,
            reason: "a JSON patch is a list of operations".into(),
        });
    };
    let mut document = before.clone();
    for (operation, step) in operations.iter().enumerate() {
        perform(&mut document, step).map_err(|reason| PatchError { operation, reason })?;
    }
    Ok(document)
}

fn perform(document: &mut Value, step: &Value) -> Result<(), String> {
    let path = pointer(step, "path")?;
    match step["op"].as_str() {
        Some("add") => add(document, &path, content(step)?),
        Some("remove") => remove(document, &path).map(drop),
        Some("replace") => replace(document, &path, content(step)?),
        Some("test") => test(document, &path, &content(step)?),
        Some("copy") => {
            let value = get(document, &pointer(step, "from")?)?.clone();
            add(document, &path, value)
        }
        Some("move") => {
            let from = pointer(step, "from")?;
            if path.len() > from.len() && path.starts_with(&from) {
                return Err("a value cannot be moved into itself".into());
            }
            let value = remove(document, &from)?;
            add(document, &path, value)
        }
        _ => Err(format!(
            "unknown `op` {}; one of add, remove, replace, move, copy, test",
            step["op"]
        )),
    }
}

fn content(step: &Value) -> Result<Value, String> {
    let value = step.get("value").cloned();
    value.ok_or_else(|| "it has no `value`".into())
}

fn pointer(step: &Value, key: &str) -> Result<Vec<String>, String> {
    let Some(text) = step[key].as_str() else {
        return Err(format!("it has no `{key}`"));
    };
    let mut parts = text.split('/');
    if parts.next() != Some("") {
        return Err(format!("`{text}` does not start with `/`"));
    }
    Ok(parts
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect())
}

fn shown(path: &[String]) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|p| p.replace('~', "~0").replace('/', "~1"))
        .collect();
    format!("/{}", parts.join("/"))
}

fn missing(path: &[String]) -> String {
    format!("there is nothing at {}", shown(path))
}

/// The position in a list; `len` for `-`.
fn position(part: &str, len: usize) -> Option<usize> {
    if part == "-" {
        return Some(len);
    }
    let plain = part == "0" || !part.starts_with('0');
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    part.parse().ok().filter(|_| plain && digits)
}

fn get<'a>(document: &'a Value, path: &[String]) -> Result<&'a Value, String> {
    let found = path.iter().try_fold(document, |at, part| match at {
        Value::Array(items) => items.get(position(part, items.len())?),
        other => other.get(part),
    });
    found.ok_or_else(|| missing(path))
}

fn get_mut<'a>(document: &'a mut Value, path: &[String]) -> Result<&'a mut Value, String> {
    let found = path.iter().try_fold(document, |at, part| match at {
        Value::Array(items) => {
            let at = position(part, items.len())?;
            items.get_mut(at)
        }
        other => other.get_mut(part),
    });
    found.ok_or_else(|| missing(path))
}

fn add(document: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((last, way)) = path.split_last() else {
        *document = value;
        return Ok(());
    };
    match get_mut(document, way)? {
        Value::Object(fields) => drop(fields.insert(last.clone(), value)),
        Value::Array(items) => {
            let at = position(last, items.len()).filter(|at| *at <= items.len());
            items.insert(at.ok_or_else(|| missing(path))?, value);
        }
        _ => return Err(missing(way)),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &[String]) -> Result<Value, String> {
    let Some((last, way)) = path.split_last() else {
        return Err("the whole document cannot be removed".into());
    };
    let removed = match get_mut(document, way)? {
        Value::Object(fields) => fields.remove(last),
        Value::Array(items) => position(last, items.len())
            .filter(|at| *at < items.len())
            .map(|at| items.remove(at)),
        _ => None,
    };
    removed.ok_or_else(|| missing(path))
}

fn replace(document: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    *get_mut(document, path)? = value;
    Ok(())
}

fn test(document: &Value, path: &[String], value: &Value) -> Result<(), String> {
    let found = get(document, path)?;
    if found == value {
        return Ok(());
    }
    Err(format!("{} is {found}, not {value}", shown(path)))
}

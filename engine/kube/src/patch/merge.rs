//! JSON merge patch, RFC 7386.

use serde_json::{Map, Value};

/// The document after the patch.
#[must_use]
pub fn merged(before: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut fields = before.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            let old = fields.get(key).unwrap_or(&Value::Null);
            let new = merged(old, value);
            fields.insert(key.clone(), new);
        }
    }
    Value::Object(fields)
}

/// The merge patch that turns `before` into `after`: smallest in its fields, lists whole.
#[must_use]
pub fn between(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return after.clone();
    };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match old.get(key) {
            Some(same) if same == value => {}
            Some(other) => drop(patch.insert(key.clone(), between(other, value))),
            None => drop(patch.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(patch)
}

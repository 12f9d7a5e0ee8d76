//! Strategic merge patch: a merge patch that knows which lists have keys.
//!
//! Rules: Kubernetes' `contributors/devel/sig-api-machinery/strategic-merge-patch.md`.
//! Directives understood: `$patch: delete | replace | merge`, `$retainKeys`,
//! `$deleteFromPrimitiveList/…`, `$setElementOrder/…`. Order: items of the patch stand in
//! the order of the patch, the others keep theirs around them.

use super::keys::{key_of, merge_key};
use serde_json::{Map, Value};

const PATCH: &str = "$patch";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// The document after the patch.
#[must_use]
pub fn strategically_merged(before: &Value, patch: &Value) -> Value {
    value(before, patch, "", "").unwrap_or(Value::Null)
}

/// A field after its patch; `None` where it is removed. `parent` is the list or mapping around `field`.
fn value(before: &Value, patch: &Value, parent: &str, field: &str) -> Option<Value> {
    match patch {
        Value::Null => None,
        Value::Object(fields) => map(before, fields, field),
        Value::Array(items) => Some(list(before, items, parent, field)),
        other => Some(other.clone()),
    }
}

fn map(before: &Value, patch: &Map<String, Value>, field: &str) -> Option<Value> {
    let directive = patch.get(PATCH).and_then(Value::as_str);
    if directive == Some("delete") {
        return None;
    }
    let mut fields = match directive {
        Some("replace") => Map::new(),
        _ => before.as_object().cloned().unwrap_or_default(),
    };
    if let Some(Value::Array(kept)) = patch.get("$retainKeys") {
        fields.retain(|key, _| kept.iter().any(|name| name == key));
    }
    for (key, content) in patch {
        if let Some(list) = key.strip_prefix(DELETE_FROM) {
            delete_from(&mut fields, list, content);
        }
        if key.starts_with('$') {
            continue;
        }
        let old = fields.get(key).unwrap_or(&Value::Null);
        match value(old, content, field, key) {
            Some(new) => drop(fields.insert(key.clone(), new)),
            None => drop(fields.remove(key)),
        }
    }
    for (key, order) in patch {
        if let (Some(list), Value::Array(order)) = (key.strip_prefix(ORDER), order) {
            put_in_order(&mut fields, before, (field, list), order);
        }
    }
    Some(Value::Object(fields))
}

/// Brings a list into the order that the patch asks for.
fn put_in_order(
    fields: &mut Map<String, Value>,
    before: &Value,
    (parent, list): (&str, &str),
    order: &[Value],
) {
    let server = before
        .get(list)
        .and_then(Value::as_array)
        .map(Vec::as_slice);
    if let Some(Value::Array(items)) = fields.get_mut(list) {
        let name = |item: &Value| name_of(item, merge_key(parent, list));
        *items = ordered(items, order, server.unwrap_or_default(), name);
    }
}

/// What tells an item apart: the value of its key, or itself.
fn name_of(item: &Value, key: Option<&str>) -> Option<String> {
    match key {
        Some(key) => key_of(item, key),
        None => Some(item.to_string()),
    }
}

/// `normalizeElementOrder` of apimachinery's strategicpatch: items of the patch in its order, items
/// of the server alone before the first of those that stood behind them.
fn ordered(
    items: &[Value],
    patch: &[Value],
    server: &[Value],
    name: impl Fn(&Value) -> Option<String>,
) -> Vec<Value> {
    let position = |list: &[Value], item: &Value| {
        let wanted = name(item);
        list.iter().position(|other| name(other) == wanted)
    };
    let place = |list: &[Value], item: &Value| position(list, item).unwrap_or(list.len());
    let in_patch = |item: &&Value| position(patch, item).is_some();
    let (mut right, mut left): (Vec<&Value>, Vec<&Value>) = items.iter().partition(in_patch);
    right.sort_by_key(|item| place(patch, item));
    left.sort_by_key(|item| place(server, item));
    let mut left = left.into_iter().peekable();
    let mut out = Vec::new();
    for item in right {
        let at = position(server, item);
        while let (Some(at), Some(other)) = (at, left.peek()) {
            if place(server, other) > at {
                break;
            }
            out.extend(left.next().cloned());
        }
        out.push(item.clone());
    }
    out.extend(left.cloned());
    out
}

fn delete_from(fields: &mut Map<String, Value>, list: &str, gone: &Value) {
    let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(Value::Array(items)) = fields.get_mut(list) {
        items.retain(|item| !gone.contains(item));
    }
}

fn list(before: &Value, patch: &[Value], parent: &str, field: &str) -> Value {
    let old = before.as_array().map(Vec::as_slice).unwrap_or_default();
    if field == "finalizers" {
        let added = patch.iter().filter(|item| !old.contains(item));
        let all: Vec<Value> = old.iter().chain(added).cloned().collect();
        return ordered(&all, patch, old, |item| name_of(item, None)).into();
    }
    let replaces = |item: &Value| item[PATCH] == "replace" && is_bare(item);
    match merge_key(parent, field) {
        Some(key) if !patch.iter().any(replaces) => by_key(old, patch, key, field),
        _ => patch
            .iter()
            .filter(|item| !replaces(item))
            .cloned()
            .collect(),
    }
}

/// Whether an item holds a directive and nothing else: then it is about the whole list.
fn is_bare(item: &Value) -> bool {
    item.as_object().is_some_and(|fields| fields.len() == 1)
}

fn by_key(old: &[Value], patch: &[Value], key: &str, field: &str) -> Value {
    let mut items = old.to_vec();
    for change in patch {
        let name = key_of(change, key);
        let position = items
            .iter()
            .position(|item| name.is_some() && key_of(item, key) == name);
        let before = position.map_or(Value::Null, |at| items[at].clone());
        match (position, value(&before, change, "", field)) {
            (Some(at), Some(new)) => items[at] = new,
            (Some(at), None) => drop(items.remove(at)),
            (None, Some(new)) => items.push(new),
            (None, None) => {}
        }
    }
    ordered(&items, patch, old, |item| key_of(item, key)).into()
}

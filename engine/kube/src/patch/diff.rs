//! What differs between two documents.

use super::keys::{key_of, shared_key};
use aegis_model::path::Segment;
use aegis_model::{FieldChange, FieldPath};
use serde_json::{Map, Value};

/// The changes that turn `before` into `after`, both mappings, in order of their paths.
/// A list whose items have a key is compared item by item where their order allows it,
/// another as a whole.
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    Walk {
        changes: &mut changes,
        names: Vec::new(),
    }
    .values(&FieldPath::default(), before, after);
    changes
}

struct Walk<'a, 'b> {
    changes: &'a mut Vec<FieldChange>,
    /// Names of the fields on the way here.
    names: Vec<&'b str>,
}

impl<'b> Walk<'_, 'b> {
    fn values(&mut self, path: &FieldPath, before: &'b Value, after: &'b Value) {
        if before == after {
            return;
        }
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => self.maps(path, old, new),
            (Value::Array(old), Value::Array(new)) => self.lists(path, old, new),
            _ => self.change(path.clone(), Some(before), Some(after)),
        }
    }

    fn change(&mut self, path: FieldPath, before: Option<&Value>, after: Option<&Value>) {
        self.changes.push(FieldChange {
            path,
            before: before.cloned(),
            after: after.cloned(),
        });
    }

    fn maps(&mut self, path: &FieldPath, old: &'b Map<String, Value>, new: &'b Map<String, Value>) {
        let added = new.keys().filter(|key| !old.contains_key(*key));
        let mut keys: Vec<&'b String> = old.keys().chain(added).collect();
        keys.sort();
        for key in keys {
            self.names.push(key);
            match (old.get(key), new.get(key)) {
                (Some(before), Some(after)) => self.values(&path.key(key), before, after),
                (None, Some(Value::Object(after))) if self.others_write_here(after) => {
                    let path = path.key(key);
                    for (key, value) in after {
                        self.change(path.key(key), None, Some(value));
                    }
                }
                (before, after) => self.change(path.key(key), before, after),
            }
            self.names.pop();
        }
    }

    /// Whether the field is a map of an object's metadata, to which controllers add keys of their
    /// own: keys are then put there one by one, so that theirs stay.
    fn others_write_here(&self, after: &Map<String, Value>) -> bool {
        let of_metadata = matches!(
            self.names.as_slice(),
            [.., "metadata", "annotations" | "labels"]
        );
        of_metadata && !after.is_empty()
    }

    fn lists(&mut self, path: &FieldPath, old: &'b [Value], new: &'b [Value]) {
        let field = self.names.last().copied().unwrap_or_default();
        let parent = self.names.iter().rev().nth(1).copied().unwrap_or_default();
        let key = shared_key(parent, field, [old, new]).filter(|key| keeps_order(old, new, key));
        let is_plain = path
            .0
            .last()
            .is_some_and(|last| !matches!(last, Segment::Index(_)));
        let Some(key) = key.filter(|_| is_plain && !old.is_empty() && !new.is_empty()) else {
            return self.change(path.clone(), Some(&old.into()), Some(&new.into()));
        };
        for item in old {
            let Some(value) = key_of(item, key) else {
                continue;
            };
            let place = path.item(key, &value);
            match find(new, key, &value) {
                Some(after) => self.values(&place, item, after),
                None => self.change(place, Some(item), None),
            }
        }
        for item in new {
            let Some(value) = key_of(item, key) else {
                continue;
            };
            if find(old, key, &value).is_none() {
                self.change(path.item(key, &value), None, Some(item));
            }
        }
    }
}

fn find<'a>(list: &'a [Value], key: &str, value: &str) -> Option<&'a Value> {
    list.iter()
        .find(|item| key_of(item, key).as_deref() == Some(value))
}

/// Whether removing what is gone and appending what is new gives the new order.
fn keeps_order(old: &[Value], new: &[Value], key: &str) -> bool {
    let names = |list: &[Value]| -> Vec<Option<String>> {
        list.iter().map(|item| key_of(item, key)).collect()
    };
    let (old, new) = (names(old), names(new));
    let kept = old.iter().filter(|name| new.contains(name));
    let added = new.iter().filter(|name| !old.contains(name));
    kept.chain(added).eq(new.iter())
}

//! Changes of objects as an operator sees them: the record, and what changed without an entry in it.

use crate::history::History;
use aegis_model::objects::Header;
use aegis_model::{FieldChange, FieldPath, ObjectChange, Objects, Tick};
use serde_json::Value;
use smol_str::SmolStr;
use std::sync::Arc;

/// A change of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenChange {
    /// When: exact from the record, else the scrape at which it was first seen.
    pub at: Tick,
    /// Who; `None` where the record has no entry.
    pub actor: Option<SmolStr>,
    /// Position in the record.
    pub record: Option<u32>,
    /// What.
    pub change: Arc<ObjectChange>,
}

/// Seconds within which what one actor writes was written together: several documents of one `kubectl apply`.
const TOGETHER: u32 = 5;

impl SeenChange {
    /// Whether the same hand wrote both in one breath.
    #[must_use]
    pub fn is_with(&self, other: &Self) -> bool {
        self.actor == other.actor && self.at.0.abs_diff(other.at.0) <= TOGETHER
    }
}

/// Changes with `from < at ≤ until`, oldest first.
#[must_use]
pub fn changes(history: &History, from: Tick, until: Tick) -> Vec<SeenChange> {
    let mut all = recorded(history, from, until);
    let known = all.len();
    let seen = history.between(from, until);
    let before = history.at_or_before(from).into_iter().chain(seen);
    for (old, new) in before.zip(seen) {
        for change in unrecorded(&old.objects, &new.objects) {
            let object = aegis_faults::betrayal::object(&change);
            let explained = all[..known].iter().any(|record| {
                // What is recorded in the second of a look may show at the next one.
                record.at >= old.at
                    && record.at <= new.at
                    && aegis_faults::betrayal::object(&record.change) == object
            });
            if !explained {
                all.push(SeenChange {
                    at: new.at,
                    actor: None,
                    record: None,
                    change: Arc::new(change),
                });
            }
        }
    }
    all.sort_by_key(|change| change.at);
    all
}

fn recorded(history: &History, from: Tick, until: Tick) -> Vec<SeenChange> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let seen = |(position, record): (usize, &aegis_model::ChangeRecord)| {
        (from < record.at && record.at <= until).then(|| SeenChange {
            at: record.at,
            actor: Some(record.actor.clone()),
            record: Some(position as u32),
            change: Arc::clone(&record.change),
        })
    };
    latest
        .objects
        .changes
        .enumerate()
        .filter_map(seen)
        .collect()
}

/// Differences between two looks at the objects that users write. What controllers write by
/// themselves (replicas under an autoscaler, taints) is not a change of this kind.
fn unrecorded(old: &Objects, new: &Objects) -> Vec<ObjectChange> {
    let mut changes = Vec::new();
    let scaled = |name: &str| {
        new.autoscalers
            .iter()
            .any(|scaler| scaler.spec.scale_target_ref.name == name)
    };
    compare(
        old.workloads.iter().map(|r| &r.header),
        new.workloads.iter().map(|r| &r.header),
        &mut changes,
    );
    compare(
        old.services.iter().map(|r| &r.header),
        new.services.iter().map(|r| &r.header),
        &mut changes,
    );
    compare(
        old.policies.iter().map(|r| &r.header),
        new.policies.iter().map(|r| &r.header),
        &mut changes,
    );
    compare(
        old.budgets.iter().map(|r| &r.header),
        new.budgets.iter().map(|r| &r.header),
        &mut changes,
    );
    compare(
        old.nodes.iter().map(|r| &r.header),
        new.nodes.iter().map(|r| &r.header),
        &mut changes,
    );
    compare(
        old.plain.iter().map(|r| &r.header),
        new.plain.iter().map(|r| &r.header),
        &mut changes,
    );
    changes.retain_mut(|change| match change {
        ObjectChange::Update { object, fields } => {
            fields.retain(|field| {
                let path = field.path.to_string();
                !(path.starts_with("spec.taints")
                    || path == "spec.replicas" && scaled(&object.name))
            });
            !fields.is_empty()
        }
        _ => true,
    });
    changes
}

fn compare<'a>(
    old: impl Iterator<Item = &'a Header>,
    new: impl Iterator<Item = &'a Header>,
    changes: &mut Vec<ObjectChange>,
) {
    let mut old = old.fuse();
    for after in new {
        match old.next() {
            None if after.exists() => changes.push(ObjectChange::Create {
                document: Arc::clone(&after.doc),
            }),
            Some(before) if before.exists() && !after.exists() => {
                changes.push(ObjectChange::Delete {
                    object: after.reference.clone(),
                    document: Arc::clone(&before.doc),
                });
            }
            Some(before) if !Arc::ptr_eq(&before.doc, &after.doc) && before.doc != after.doc => {
                let mut fields = Vec::new();
                differences(
                    &FieldPath::default(),
                    Some(&before.doc),
                    Some(&after.doc),
                    &mut fields,
                );
                changes.push(ObjectChange::Update {
                    object: after.reference.clone(),
                    fields,
                });
            }
            _ => {}
        }
    }
}

/// Fields in which two documents differ, the status apart; items of lists are told apart by `name`.
fn differences(
    path: &FieldPath,
    before: Option<&Value>,
    after: Option<&Value>,
    fields: &mut Vec<FieldChange>,
) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys
                .into_iter()
                .filter(|key| !(path.0.is_empty() && *key == "status"))
            {
                differences(&path.key(key), old.get(key), new.get(key), fields);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if named(old) && named(new) => {
            let names: std::collections::BTreeSet<&str> = old
                .iter()
                .chain(new)
                .filter_map(|item| item["name"].as_str())
                .collect();
            let find =
                |list: &'_ [Value], name: &str| list.iter().position(|item| item["name"] == *name);
            for name in names {
                let (b, a) = (find(old, name), find(new, name));
                differences(
                    &path.item("name", name),
                    b.map(|i| &old[i]),
                    a.map(|i| &new[i]),
                    fields,
                );
            }
        }
        _ => fields.push(FieldChange {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

fn named(list: &[Value]) -> bool {
    !list.is_empty() && list.iter().all(|item| item["name"].is_string())
}

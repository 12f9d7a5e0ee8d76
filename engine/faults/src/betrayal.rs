//! Changes of objects that betray a fault: patterns over paths of fields.

use crate::fault::{Candidacy, Fault};
use crate::step::{Place, Step};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::overlay::Held;
use aegis_model::path::Segment;
use aegis_model::{FieldChange, FieldPath, ObjectChange, Quantity};
use serde_json::Value;

/// A pattern over changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Betrayal {
    /// A field changes.
    Field {
        /// Kinds of object; empty is any.
        kinds: &'static [&'static str],
        /// End of its path, with `[]` for any item of a list; what lies below counts too.
        path: &'static str,
        /// Which way.
        turn: Turn,
    },
    /// An object of this kind arrives.
    Created(&'static str),
    /// An object of this kind is deleted.
    Deleted(&'static str),
}

/// Which way a field changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Any.
    Any,
    /// To a smaller amount, or from none to some (a limit that was not there).
    Falls,
    /// To a smaller amount; where nothing stood, this did, the API's default.
    FallsFrom(i64),
    /// To a larger amount, or from none to some.
    Rises,
    /// To 0.
    ToZero,
    /// It is there no more.
    Gone,
}

impl Turn {
    fn fits(self, before: Option<&Value>, after: Option<&Value>) -> bool {
        let amounts = (before.and_then(amount), after.and_then(amount));
        match (self, amounts) {
            (Self::Gone, _) => before.is_some() && after.is_none(),
            (Self::Any, _) => before != after,
            (Self::Falls, (Some(old), Some(new))) => new < old,
            (Self::Rises, (Some(old), Some(new))) => new > old,
            (Self::FallsFrom(default), (old, Some(new))) => {
                new < old.unwrap_or(i128::from(default) * 1000)
            }
            (Self::Falls | Self::Rises, (None, Some(_))) => true,
            (Self::ToZero, (old, Some(new))) => new == 0 && old != Some(0),
            _ => false,
        }
    }
}

/// A number or quantity in thousandths.
fn amount(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    text.parse::<Quantity>().ok().map(|quantity| quantity.milli)
}

/// A path with `[]` for every item: `spec.template.spec.containers[].image`.
fn shape(path: &FieldPath) -> String {
    let mut text = String::new();
    for segment in &path.0 {
        match segment {
            Segment::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Segment::Item { .. } | Segment::Index(_) => text.push_str("[]"),
        }
    }
    text
}

/// Whether `pattern` stands in the path at borders of its parts.
fn stands_in(pattern: &str, shape: &str) -> bool {
    shape.match_indices(pattern).any(|(start, _)| {
        let before = shape[..start].chars().next_back();
        let after = shape[start + pattern.len()..].chars().next();
        matches!(before, None | Some('.')) && matches!(after, None | Some('.' | '['))
    })
}

/// The object that a change is of; `None` where a new document lacks a kind or name.
#[must_use]
pub fn object(change: &ObjectChange) -> Option<ObjectRef> {
    match change {
        ObjectChange::Update { object, .. }
        | ObjectChange::Delete { object, .. }
        | ObjectChange::Exec { object, .. } => Some(object.clone()),
        ObjectChange::Create { document } => {
            let metadata = &document["metadata"];
            let namespace = metadata["namespace"].as_str().unwrap_or("default");
            let kind = Kind::from(document["kind"].as_str()?);
            Some(ObjectRef::new(kind, namespace, metadata["name"].as_str()?))
        }
    }
}

/// What stands as long as nobody takes a change back: its first field with the value that was written, or the
/// object as a whole.
#[must_use]
pub fn held(change: &ObjectChange) -> Option<Held> {
    let (path, value) = match change {
        ObjectChange::Update { fields, .. } => {
            let field = fields.first()?;
            (field.path.clone(), field.after.clone())
        }
        ObjectChange::Create { .. } => (FieldPath::default(), Some(Value::Bool(true))),
        ObjectChange::Delete { .. } => (FieldPath::default(), None),
        ObjectChange::Exec { .. } => return None,
    };
    Some(Held {
        object: object(change)?,
        path,
        value,
    })
}

/// A field that was written, and what is in it: limits come as one mapping where there were none.
fn with_parts(field: &FieldChange) -> Vec<FieldChange> {
    let mut all = vec![field.clone()];
    if let Some(Value::Object(parts)) = &field.after {
        let before = |key: &str| field.before.as_ref().and_then(|value| value.get(key));
        let part = |(key, after): (&String, &Value)| FieldChange {
            path: field.path.clone().key(key),
            before: before(key).cloned(),
            after: Some(after.clone()),
        };
        all.extend(parts.iter().flat_map(|pair| with_parts(&part(pair))));
    }
    all
}

impl Betrayal {
    /// The fields of a change that fit; a change of a whole object that fits gives one empty path.
    #[must_use]
    pub fn fields(&self, change: &ObjectChange) -> Vec<FieldPath> {
        match (self, change) {
            (Self::Created(kind), ObjectChange::Create { document })
                if document["kind"] == *kind =>
            {
                vec![FieldPath::default()]
            }
            (Self::Deleted(kind), ObjectChange::Delete { object, .. })
                if object.kind.as_str() == *kind =>
            {
                vec![FieldPath::default()]
            }
            (Self::Field { kinds, path, turn }, ObjectChange::Update { object, fields })
                if kinds.is_empty() || kinds.contains(&object.kind.as_str()) =>
            {
                let fits = |field: &&FieldChange| {
                    stands_in(path, &shape(&field.path))
                        && turn.fits(field.before.as_ref(), field.after.as_ref())
                };
                let all = fields.iter().flat_map(with_parts);
                all.filter(|field| fits(&field))
                    .map(|field| field.path)
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Fault {
    /// The fields of a change that betray this fault, in the order of the change; an empty path is
    /// the whole object.
    #[must_use]
    pub fn traces(&self, change: &ObjectChange) -> Vec<FieldPath> {
        let patterns = self.betrayed_by_change.iter();
        let mut found: Vec<FieldPath> = patterns
            .flat_map(|pattern| pattern.fields(change))
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The fields that a patch writes under its place, as patterns: down to where it branches or ends.
fn written(patch: &str) -> Option<String> {
    let mut value: Value = serde_json::from_str(patch).ok()?;
    let mut path: Vec<String> = Vec::new();
    while let Value::Object(fields) = &mut value {
        if fields.len() != 1 {
            break;
        }
        let (key, below) = std::mem::take(fields).into_iter().next()?;
        path.push(key);
        value = below;
    }
    (!path.is_empty()).then(|| path.join("."))
}

impl Fault {
    /// Whether it accounts for a field of a change: the field betrays it, or its own patches write it.
    #[must_use]
    pub fn accounts_for(&self, object: &ObjectRef, field: &FieldChange) -> bool {
        let change = ObjectChange::Update {
            object: object.clone(),
            fields: vec![field.clone()],
        };
        let path = shape(&field.path);
        let patches = self.steps.iter().filter_map(|step| match step {
            Step::Patch(Place::Itself | Place::PodSpec | Place::Container, patch) => written(patch),
            _ => None,
        });
        let mut own = patches.filter(|own| stands_in(own, &path) || stands_in(&path, own));
        own.next().is_some() || !self.traces(&change).is_empty()
    }

    /// Whether a field that fell to 0 betrays it, by a pattern that asks for that.
    fn says_zero(&self, change: &ObjectChange) -> bool {
        let mut patterns = self.betrayed_by_change.iter();
        patterns.any(|pattern| {
            let to_zero = matches!(
                pattern,
                Betrayal::Field {
                    turn: Turn::ToZero,
                    ..
                }
            );
            to_zero && !pattern.fields(change).is_empty()
        })
    }
}

/// Faults that a change betrays, in the order of the catalogue, each with its fields. Of two that are nothing but a
/// change of the same field, the one that says more of it stands: scaled to nothing is not only scaled too low.
#[must_use]
pub fn suspects(change: &ObjectChange) -> Vec<(&'static Fault, Vec<FieldPath>)> {
    let all: Vec<(&'static Fault, Vec<FieldPath>)> = crate::all()
        .filter(|fault| fault.candidacy != Candidacy::InDumps)
        .map(|fault| (fault, fault.traces(change)))
        .filter(|(_, fields)| !fields.is_empty())
        .collect();
    let said_better = |(fault, fields): &(&'static Fault, Vec<FieldPath>)| {
        all.iter().any(|(other, others)| {
            fault.parts.is_empty()
                && other.parts.is_empty()
                && fields == others
                && other.says_zero(change)
                && !fault.says_zero(change)
        })
    };
    all.iter()
        .filter(|one| !said_better(one))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(path: &str, before: Option<Value>, after: Value) -> ObjectChange {
        ObjectChange::Update {
            object: ObjectRef::new(Kind::from("Deployment"), "shop", "cart"),
            fields: vec![FieldChange {
                path: path.parse().expect("a path"),
                before,
                after: Some(after),
            }],
        }
    }

    fn ids(change: &ObjectChange) -> Vec<&'static str> {
        suspects(change).iter().map(|(fault, _)| fault.id).collect()
    }

    #[test]
    fn a_second_replica_where_none_was_written_is_no_fall_and_none_at_all_is() {
        let more = written("spec.replicas", None, json!(2));
        let none = written("spec.replicas", None, json!(0));
        assert!(!ids(&more).contains(&"replicas_too_few"));
        assert!(!ids(&none).is_empty());
        let fewer = written("spec.replicas", Some(json!(3)), json!(1));
        assert!(ids(&fewer).contains(&"replicas_too_few"));
    }

    #[test]
    fn limits_that_go_betray_what_eats_without_them_and_lower_ones_do_not() {
        let path = "spec.template.spec.containers[name=server].resources";
        let before = json!({"limits": {"memory": "128Mi"}});
        let mut gone = written(path, Some(before.clone()), Value::Null);
        if let ObjectChange::Update { fields, .. } = &mut gone {
            fields[0].after = None;
        }
        let lower = written(path, Some(before), json!({"limits": {"memory": "64Mi"}}));
        assert!(ids(&gone).contains(&"unlimited_memory_stress"));
        assert!(!ids(&lower).contains(&"unlimited_memory_stress"));
    }

    #[test]
    fn a_row_accounts_for_what_its_own_patches_write_and_no_other_does() {
        let object = ObjectRef::new(Kind::from("Deployment"), "shop", "cart");
        let field = |path: &str| FieldChange {
            path: path.parse().expect("a path"),
            before: None,
            after: Some(json!([])),
        };
        let row = |id: &str| crate::by_id(id).expect("a row");
        let [unsafe_rollout, stuck] = ["rolling_update_unsafe", "init_container_stuck"].map(row);
        let init = field("spec.template.spec.initContainers");
        let strategy = field("spec.strategy.rollingUpdate.maxUnavailable");
        assert!(unsafe_rollout.accounts_for(&object, &init));
        assert!(unsafe_rollout.accounts_for(&object, &strategy));
        assert!(stuck.accounts_for(&object, &init));
        assert!(!stuck.accounts_for(&object, &strategy));
        assert!(!unsafe_rollout.accounts_for(&object, &field("spec.replicas")));
    }
}

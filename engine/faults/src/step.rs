//! What is done to objects so that a fault is there: documents and patches with places in them.
//!
//! A text is JSON in which `$name`, `$ns`, … stand for what the target has ([`Words`]) and `$0`, `$1`
//! for the fault's sizes. Where a word has no meaning for a target, the fault cannot act on it.

use crate::change::{self, Maker};
use crate::words::Words;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::objects::Header;
use aegis_model::{FieldChange, FieldPath, ObjectChange, Objects, Target};
use serde_json::Value;
use smol_str::SmolStr;
use std::sync::Arc;

/// One thing that is done.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// What a function makes of the target as it is.
    Make(Maker),
    /// A document is applied.
    Apply(&'static str),
    /// A merge patch of an object.
    Patch(Place, &'static str),
    /// An object is deleted.
    Delete(Place),
    /// The pods of the target are deleted: what comes next is made under the fault.
    Recreate,
    /// An actor of the cluster does it, now and again.
    Again {
        /// As the record of changes names it.
        actor: &'static str,
        /// Seconds between its acts.
        every: u32,
        /// The CronJob or workload through which it acts, as `Kind/name` in the target's namespace: without it, or
        /// suspended, it does nothing.
        through: &'static str,
        /// What it does.
        step: &'static Step,
    },
}

/// Where a patch applies.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// The target.
    Itself,
    /// The pod template's spec of the target.
    PodSpec,
    /// The first container of the target.
    Container,
    /// The Service that selects the target's pods.
    Service,
    /// The object of this kind and name; a namespaced one in the target's namespace.
    Named(&'static str, &'static str),
}

/// What a step comes to for a target.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// A write.
    Write(ObjectChange),
    /// The target's pods are deleted.
    DeletePods,
    /// A write that comes again.
    Again {
        /// Who.
        actor: SmolStr,
        /// Seconds between its acts.
        every: u32,
        /// Through what.
        through: ObjectRef,
        /// What.
        change: ObjectChange,
    },
}

impl Step {
    /// What is done to the objects as they are; `None` where the target has nothing to get wrong so.
    #[must_use]
    pub fn deed(&self, objects: &Objects, target: Target, sizes: &[f64]) -> Option<Deed> {
        match self {
            Self::Recreate => Some(Deed::DeletePods),
            Self::Again {
                actor,
                every,
                through,
                step,
            } => {
                let (kind, name) = through.split_once('/')?;
                let words = Words::of(objects, target, sizes)?;
                Some(Deed::Again {
                    actor: words.fill(actor)?.into(),
                    every: *every,
                    through: words.object(kind, name)?,
                    change: step.change(objects, target, sizes)?,
                })
            }
            _ => self.change(objects, target, sizes).map(Deed::Write),
        }
    }

    fn change(&self, objects: &Objects, target: Target, sizes: &[f64]) -> Option<ObjectChange> {
        if let Self::Make(make) = self {
            return make(objects, target, sizes);
        }
        let words = Words::of(objects, target, sizes)?;
        match self {
            Self::Apply(text) => Some(ObjectChange::Create {
                document: Arc::new(words.document(text)?),
            }),
            Self::Patch(place, text) => patch(objects, target, &words, *place, text),
            Self::Delete(place) => {
                let header = header(objects, target, &words, *place)?;
                Some(ObjectChange::Delete {
                    object: header.reference.clone(),
                    document: header.doc.clone(),
                })
            }
            Self::Make(_) | Self::Recreate | Self::Again { .. } => None,
        }
    }
}

fn patch(
    objects: &Objects,
    target: Target,
    words: &Words<'_>,
    place: Place,
    text: &str,
) -> Option<ObjectChange> {
    let merge = words.document(text)?;
    let root = root(objects, target, place)?;
    let Some(header) = header(objects, target, words, place) else {
        return absent(words, place, &merge, &root);
    };
    let mut fields = Vec::new();
    leaves(&merge, &root, &header.doc, &mut fields);
    Some(ObjectChange::Update {
        object: header.reference.clone(),
        fields,
    })
}

/// A patch of what an earlier step makes: values before it are read when it is made.
fn absent(
    words: &Words<'_>,
    place: Place,
    merge: &Value,
    root: &FieldPath,
) -> Option<ObjectChange> {
    let Place::Named(kind, name) = place else {
        return None;
    };
    let mut fields = Vec::new();
    leaves(merge, root, merge, &mut fields);
    Some(ObjectChange::Update {
        object: words.object(kind, name)?,
        fields,
    })
}

/// Where in its document a patch begins.
fn root(objects: &Objects, target: Target, place: Place) -> Option<FieldPath> {
    match place {
        Place::PodSpec => Some(change::pod_spec(change::workload(objects, target)?)),
        Place::Container => Some(change::container(change::workload(objects, target)?)?.0),
        Place::Itself | Place::Service | Place::Named(..) => Some(FieldPath::default()),
    }
}

/// The object of a place.
fn header<'a>(
    objects: &'a Objects,
    target: Target,
    words: &Words<'_>,
    place: Place,
) -> Option<&'a Header> {
    match place {
        Place::Itself | Place::PodSpec | Place::Container => of_target(objects, target),
        Place::Service => words.service().map(|row| &row.header).and_then(|found| {
            let rows = objects.services.iter();
            rows.map(|row| &row.header)
                .find(|header| header.reference == found.reference && header.exists())
        }),
        Place::Named(kind, name) => find(objects, &words.object(kind, name)?),
    }
}

/// The object that a target is, where it exists.
#[must_use]
pub fn of_target(objects: &Objects, target: Target) -> Option<&Header> {
    objects.header(target).filter(|header| header.exists())
}

/// The existing object of that name.
#[must_use]
pub fn find<'a>(objects: &'a Objects, object: &ObjectRef) -> Option<&'a Header> {
    let headers = (objects.workloads.iter().map(|row| &row.header))
        .chain(objects.services.iter().map(|row| &row.header))
        .chain(objects.nodes.iter().map(|row| &row.header))
        .chain(objects.autoscalers.iter().map(|row| &row.header))
        .chain(objects.policies.iter().map(|row| &row.header))
        .chain(objects.budgets.iter().map(|row| &row.header))
        .chain(objects.volumes.iter().map(|row| &row.header))
        .chain(objects.claims.iter().map(|row| &row.header))
        .chain(objects.classes.iter().map(|row| &row.header))
        .chain(objects.plain.iter().map(|row| &row.header));
    let mut headers = headers;
    headers.find(|header| header.exists() && header.reference == *object)
}

/// The fields that a merge patch sets; `null` takes one away.
fn leaves(merge: &Value, path: &FieldPath, document: &Value, fields: &mut Vec<FieldChange>) {
    match merge {
        Value::Object(map)
            if !map.is_empty() && path.get(document).is_some_and(Value::is_object) =>
        {
            for (key, value) in map {
                leaves(value, &path.key(key), document, fields);
            }
        }
        value => fields.push(FieldChange {
            path: path.clone(),
            before: path.get(document).cloned(),
            after: (!value.is_null()).then(|| without_nulls(value)),
        }),
    }
}

/// What a merge makes of nothing (RFC 7386): its `null`s are not there.
fn without_nulls(value: &Value) -> Value {
    let Value::Object(map) = value else {
        return value.clone();
    };
    let kept = map.iter().filter(|(_, value)| !value.is_null());
    kept.map(|(key, value)| (key.clone(), without_nulls(value)))
        .collect()
}

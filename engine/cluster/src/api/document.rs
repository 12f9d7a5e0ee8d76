//! Documents: their kind and name, and typed values read from them.

use super::error::{ApiError, Complaint, Invalid};
use aegis_model::Doc;
use aegis_model::kubernetes::{Kind, Metadata, ObjectRef};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// API groups of the kinds that the simulator types; another group's kind of that name is kept as it is.
const GROUPS: [(Kind, &[&str]); 17] = [
    (Kind::Node, &[""]),
    (Kind::Pod, &[""]),
    (Kind::Service, &[""]),
    (Kind::Namespace, &[""]),
    (Kind::ConfigMap, &[""]),
    (Kind::Secret, &[""]),
    (Kind::ServiceAccount, &[""]),
    (Kind::PersistentVolume, &[""]),
    (Kind::PersistentVolumeClaim, &[""]),
    (Kind::StorageClass, &["storage.k8s.io"]),
    (Kind::Deployment, &["apps", "extensions"]),
    (Kind::ReplicaSet, &["apps", "extensions"]),
    (Kind::DaemonSet, &["apps", "extensions"]),
    (Kind::StatefulSet, &["apps"]),
    (Kind::HorizontalPodAutoscaler, &["autoscaling"]),
    (Kind::NetworkPolicy, &["networking.k8s.io", "extensions"]),
    (Kind::PodDisruptionBudget, &["policy"]),
];

/// What a document is called, and its metadata.
///
/// # Errors
/// [`ApiError::Shape`] without kind or name; [`ApiError::Invalid`] where the metadata is malformed.
pub fn identify(document: &Value) -> Result<(ObjectRef, Metadata), ApiError> {
    let Some(kind) = document["kind"].as_str() else {
        return Err(ApiError::Shape("an object needs a `kind`"));
    };
    let kind = qualify(kind, document["apiVersion"].as_str().unwrap_or_default());
    let nameless = ObjectRef::new(kind.clone(), "", "");
    let metadata: Metadata = read(&nameless, document, "metadata")?;
    if metadata.name.is_empty() {
        return Err(ApiError::Shape("an object needs a `metadata.name`"));
    }
    let namespace = match metadata.namespace.as_str() {
        "" => "default",
        given => given,
    };
    let reference = ObjectRef::new(kind, namespace, &metadata.name);
    Ok((reference, metadata))
}

/// The kind, with its group where another group has a kind of that name.
fn qualify(kind: &str, api_version: &str) -> Kind {
    let known = Kind::from(kind);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let fits = GROUPS
        .iter()
        .find(|(typed, _)| *typed == known)
        .is_none_or(|(_, groups)| api_version.is_empty() || groups.contains(&group));
    if fits {
        known
    } else {
        Kind::Other(smol_str::format_smolstr!("{kind}.{group}"))
    }
}

/// The document without fields that are `null`: to the API server they are absent.
#[must_use]
pub fn without_nulls(document: Doc) -> Doc {
    if !has_null(&document) {
        return document;
    }
    let mut value = Arc::unwrap_or_clone(document);
    strip_nulls(&mut value);
    Arc::new(value)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

fn strip_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(strip_nulls);
        }
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(strip_nulls);
        }
        _ => {}
    }
}

/// Reads the part of a document at `key` as a typed value; an absent part is the default one.
///
/// # Errors
/// [`ApiError::Invalid`] with the path and value of the field that does not fit.
pub fn read<T: DeserializeOwned>(
    object: &ObjectRef,
    document: &Value,
    key: &str,
) -> Result<T, ApiError> {
    let empty = Value::Object(serde_json::Map::new());
    read_value(object, document.get(key).unwrap_or(&empty), key)
}

/// Reads a value that stands at `path`.
///
/// # Errors
/// [`ApiError::Invalid`] with the path and value of the field that does not fit.
pub fn read_value<T: DeserializeOwned>(
    object: &ObjectRef,
    value: &Value,
    path: &str,
) -> Result<T, ApiError> {
    T::deserialize(value).map_err(|error| {
        let culprit = locate::<T>(value);
        let at = culprit.get(value).unwrap_or(value);
        let invalid = Invalid {
            object: object.clone(),
            path: culprit.below(path),
            complaint: Complaint::Invalid,
            value: at.to_string(),
            detail: explain(at, &error.to_string()),
        };
        invalid.into()
    })
}

/// Kubernetes' words for the common case, serde's for the others.
fn explain(value: &Value, error: &str) -> String {
    if value.as_i64().is_some_and(|number| number < 0) {
        return "must be greater than or equal to 0".into();
    }
    error.into()
}

/// A way into a document: keys and positions.
#[derive(Default)]
struct Way(Vec<Turn>);

enum Turn {
    Key(String),
    At(usize),
}

impl Way {
    fn get<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |at, turn| match turn {
            Turn::Key(key) => at.get(key.as_str()),
            Turn::At(position) => at.get(position),
        })
    }

    fn below(&self, root: &str) -> String {
        self.0
            .iter()
            .fold(root.to_string(), |path, turn| match turn {
                Turn::Key(key) => format!("{path}.{key}"),
                Turn::At(position) => format!("{path}[{position}]"),
            })
    }
}

/// The smallest part of a value without which it would read: found by leaving parts out.
fn locate<T: DeserializeOwned>(value: &Value) -> Way {
    let mut way = Way::default();
    while let Some(turn) = turn_of::<T>(value, &way) {
        way.0.push(turn);
        if way.0.len() > 64 {
            break;
        }
    }
    way
}

fn turn_of<T: DeserializeOwned>(value: &Value, way: &Way) -> Option<Turn> {
    let complaint = T::deserialize(value).err()?.to_string();
    let turns: Vec<Turn> = match way.get(value)? {
        Value::Object(fields) => fields.keys().cloned().map(Turn::Key).collect(),
        Value::Array(items) => (0..items.len()).map(Turn::At).collect(),
        _ => return None,
    };
    turns.into_iter().find(|turn| {
        let mut without = value.clone();
        remove(&mut without, way, turn);
        T::deserialize(&without).map_err(|e| e.to_string()).err() != Some(complaint.clone())
    })
}

fn remove(value: &mut Value, way: &Way, turn: &Turn) {
    let parent = way.0.iter().try_fold(value, |at, turn| match turn {
        Turn::Key(key) => at.get_mut(key.as_str()),
        Turn::At(position) => at.get_mut(position),
    });
    match (parent, turn) {
        (Some(Value::Object(fields)), Turn::Key(key)) => drop(fields.remove(key)),
        (Some(Value::Array(items)), Turn::At(position)) => drop(items.remove(*position)),
        _ => {}
    }
}

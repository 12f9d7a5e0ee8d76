//! `metadata:` and owners.

use super::{Context, ident};
use aegis_model::kubernetes::{Kind, Labels, ObjectRef};
use aegis_model::objects::{Header, Plain};
use serde_json::{Map, Value, json};

/// Whether the API server counts generations of a kind.
fn has_generation(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::NetworkPolicy
            | Kind::PodDisruptionBudget
            | Kind::EndpointSlice
    )
}

/// The group and version under which a kind is printed; empty for a kind that is not built in.
pub fn api_version(kind: &Kind) -> &'static str {
    match kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => "apps/v1",
        Kind::HorizontalPodAutoscaler => "autoscaling/v2",
        Kind::NetworkPolicy => "networking.k8s.io/v1",
        Kind::PodDisruptionBudget => "policy/v1",
        Kind::EndpointSlice => "discovery.k8s.io/v1",
        Kind::PriorityClass => "scheduling.k8s.io/v1",
        Kind::StorageClass => "storage.k8s.io/v1",
        Kind::Job | Kind::CronJob => "batch/v1",
        Kind::Other(name) if name == "Endpoints" => "v1",
        Kind::Other(_) | Kind::Cluster => "",
        _ => "v1",
    }
}

/// A part of a document that is a mapping; an empty one where it is not.
pub fn part(document: &Value, key: &str) -> Value {
    let found = document.get(key).filter(|part| part.is_object());
    found.cloned().unwrap_or_else(|| json!({}))
}

/// The uid of an object: that of its document, or one made from its number.
pub fn uid(header: &Header) -> String {
    let given = header.doc["metadata"]["uid"].as_str();
    given.map_or_else(|| ident::uid(header.number), str::to_owned)
}

/// `metadata:` of an object with a header.
pub fn metadata(cx: &Context<'_>, header: &Header) -> Value {
    let mut meta = part(&header.doc, "metadata");
    let reference = &header.reference;
    set_names(&mut meta, reference);
    put_labels(&mut meta, "labels", &header.labels);
    put_labels(&mut meta, "annotations", &header.annotations);
    meta["creationTimestamp"] = cx.epoch.rfc3339(header.created).into();
    meta["uid"] = uid(header).into();
    meta["resourceVersion"] = resource_version(header).into();
    if has_generation(&reference.kind) {
        meta["generation"] = header.generation.max(1).into();
    }
    meta
}

/// Grows with the object's generation; opaque to clients.
fn resource_version(header: &Header) -> String {
    (u64::from(header.number) * 1000 + u64::from(header.generation) + 1).to_string()
}

fn set_names(meta: &mut Value, reference: &ObjectRef) {
    meta["name"] = reference.name.as_str().into();
    if !reference.namespace.is_empty() {
        meta["namespace"] = reference.namespace.as_str().into();
    }
}

fn put_labels(meta: &mut Value, key: &str, labels: &Labels) {
    if !labels.is_empty() {
        meta[key] = labels_value(labels);
    } else if let Some(fields) = meta.as_object_mut() {
        fields.remove(key);
    }
}

/// Labels or annotations as a mapping.
pub fn labels_value(labels: &Labels) -> Value {
    let fields = labels
        .iter()
        .map(|(k, v)| (k.to_string(), json!(v.as_str())));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// An entry of `ownerReferences` of a controlled object.
pub fn owner(header: &Header) -> Value {
    json!([{
        "apiVersion": api_version(&header.reference.kind),
        "blockOwnerDeletion": true,
        "controller": true,
        "kind": header.reference.kind.as_str(),
        "name": header.reference.name.as_str(),
        "uid": uid(header),
    }])
}

/// An object that is kept and not simulated: as it came, with its metadata.
pub fn plain(cx: &Context<'_>, row: &Plain) -> Value {
    let header = &row.header;
    let mut object = (*header.doc).clone();
    if !object.is_object() {
        object = json!({});
    }
    object["metadata"] = metadata(cx, header);
    if object["kind"].is_null() {
        object["kind"] = header.reference.kind.as_str().into();
        object["apiVersion"] = api_version(&header.reference.kind).into();
    }
    if row.status.is_object() {
        object["status"] = (*row.status).clone();
    }
    if header.reference.kind.as_str() == "Ingress" {
        super::ingress::complete(&mut object);
    }
    if header.reference.kind == Kind::Namespace {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] =
            header.reference.name.as_str().into();
        object["spec"] = json!({"finalizers": ["kubernetes"]});
        object["status"] = json!({"phase": "Active"});
    }
    object
}

//! `metadata:` and owners.

use super::{Context, ident};
use aegis_model::kubernetes::{Kind, LabelSelector, Labels, ObjectRef};
use aegis_model::objects::{Header, Plain};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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
    ) || kind.as_str() == "ReplicationController"
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
        Kind::Other(name) if name == "Endpoints" || name == "ReplicationController" => "v1",
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
    if let Some(asked) = header.deletion {
        meta["deletionTimestamp"] = cx.epoch.rfc3339(asked).into();
        meta["deletionGracePeriodSeconds"] = 0.into();
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

/// Rules of the ClusterRoles that an aggregating one gathers, by name, each once; they take the place of
/// its own (pkg/controller/clusterroleaggregation).
fn aggregated(cx: &Context<'_>, rule: &Value) -> Value {
    let selectors = rule["clusterRoleSelectors"]
        .as_array()
        .into_iter()
        .flatten();
    let selectors: Vec<LabelSelector> = selectors
        .filter_map(|selector| LabelSelector::deserialize(selector).ok())
        .collect();
    let headers = cx.objects.plain.iter().map(|row| &row.header);
    let mut roles: Vec<&Header> = headers
        .filter(|header| {
            header.exists()
                && header.reference.kind.as_str() == "ClusterRole"
                && !header.doc["aggregationRule"].is_object()
                && selectors
                    .iter()
                    .any(|selector| selector.matches(&header.labels))
        })
        .collect();
    roles.sort_by(|a, b| a.reference.name.cmp(&b.reference.name));
    let mut rules: Vec<Value> = Vec::new();
    for one in roles
        .iter()
        .filter_map(|role| role.doc["rules"].as_array())
        .flatten()
    {
        if !rules.contains(one) {
            rules.push(one.clone());
        }
    }
    rules.into()
}

/// Conditions of a Namespace that is going and about which nothing is wrong.
const GOING: [(&str, &str, &str); 3] = [
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
];

/// `status:` of a Namespace: while it is going, with what keeps it
/// (pkg/controller/namespace/deletion/status_condition_utils.go).
fn namespace_status(cx: &Context<'_>, header: &Header) -> Value {
    let Some(asked) = header.deletion else {
        return json!({"phase": "Active"});
    };
    let since = cx.epoch.rfc3339(asked);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": status,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        })
    };
    let fine = GOING.into_iter();
    let mut conditions: Vec<Value> = fine
        .map(|(kind, reason, message)| condition(kind, "False", reason, message))
        .collect();
    let (remaining, holding) = left_in(cx, &header.reference.name);
    conditions.push(match remaining.as_str() {
        "" => {
            let message = "All content successfully removed";
            condition(
                "NamespaceContentRemaining",
                "False",
                "ContentRemoved",
                message,
            )
        }
        left => {
            let message = format!("Some resources are remaining: {left}");
            let reason = "SomeResourcesRemain";
            condition("NamespaceContentRemaining", "True", reason, &message)
        }
    });
    conditions.push(match holding.as_str() {
        "" => {
            let message = "All content-preserving finalizers finished";
            let reason = "ContentHasNoFinalizers";
            condition("NamespaceFinalizersRemaining", "False", reason, message)
        }
        held => {
            let message = format!("Some content in the namespace has finalizers remaining: {held}");
            let reason = "SomeFinalizersRemain";
            condition("NamespaceFinalizersRemaining", "True", reason, &message)
        }
    });
    json!({"phase": "Terminating", "conditions": conditions})
}

/// Whether what keeps a Namespace is known from the conditions that it came with alone: nothing lies in it here.
fn is_held_by_strangers(cx: &Context<'_>, header: &Header, given: &Value) -> bool {
    let mut conditions = given["conditions"].as_array().into_iter().flatten();
    header.deletion.is_some()
        && conditions.any(|row| row["status"] == "True")
        && left_in(cx, &header.reference.name).0.is_empty()
}

/// What is left in a Namespace, by resource, and what holds it, by finalizer.
fn left_in(cx: &Context<'_>, namespace: &str) -> (String, String) {
    let pods = cx.objects.pods.iter();
    let pods = pods.filter(|pod| pod.exists() && pod.namespace == namespace);
    let mut remaining = BTreeMap::from([("pods.".to_owned(), pods.count())]);
    let mut holding: BTreeMap<String, usize> = BTreeMap::new();
    for held in held_in(cx, namespace) {
        *remaining.entry(group_resource(held)).or_default() += 1;
        let names = held.doc["metadata"]["finalizers"].as_array();
        for finalizer in names.into_iter().flatten().filter_map(Value::as_str) {
            *holding.entry(finalizer.to_owned()).or_default() += 1;
        }
    }
    let counted = |counts: &BTreeMap<String, usize>, word: &str| {
        let each = counts.iter().filter(|(_, count)| **count > 0);
        let texts = each.map(|(what, count)| format!("{what} {word} {count} resource instances"));
        texts.collect::<Vec<_>>().join(", ")
    };
    (counted(&remaining, "has"), counted(&holding, "in"))
}

/// Objects of a namespace that are no pods and that finalizers keep.
fn held_in<'a>(cx: &Context<'a>, namespace: &str) -> impl Iterator<Item = &'a Header> {
    let objects = cx.objects;
    let workloads = objects.workloads.iter().map(|row| &row.header);
    let claims = objects.claims.iter().filter(|row| row.deletion.is_some());
    let claims = claims.map(|row| (&row.header, true));
    let others = workloads
        .chain(objects.services.iter().map(|row| &row.header))
        .chain(objects.plain.iter().map(|row| &row.header))
        .map(|header| (header, header.deletion.is_some()));
    let all = others.chain(claims);
    all.filter(move |(header, going)| {
        *going && header.exists() && header.reference.namespace == namespace
    })
    .map(|(header, _)| header)
}

/// `deployments.apps`; `pods.` of the core group.
fn group_resource(header: &Header) -> String {
    let kind = header.reference.kind.as_str().to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    };
    let version = header.doc["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    format!("{plural}.{group}")
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
    match header.reference.kind.as_str() {
        "Ingress" => super::ingress::complete(&mut object),
        "ClusterRole" if object["aggregationRule"].is_object() => {
            object["rules"] = aggregated(cx, &object["aggregationRule"]);
        }
        "PriorityClass" => {
            super::defaults::default(&mut object, "preemptionPolicy", "PreemptLowerPriority");
        }
        "Secret" => super::defaults::default(&mut object, "type", "Opaque"),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            super::defaults::webhooks(&mut object);
        }
        _ => {}
    }
    if header.reference.kind == Kind::Namespace {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] =
            header.reference.name.as_str().into();
        object["spec"] = json!({"finalizers": ["kubernetes"]});
        if !is_held_by_strangers(cx, header, &object["status"]) {
            object["status"] = namespace_status(cx, header);
        }
    }
    object
}

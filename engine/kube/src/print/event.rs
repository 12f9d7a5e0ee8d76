//! Events.

use super::ident::Derived;
use super::{Context, ident, meta};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{EventRow, Header, Severity};
use serde_json::{Value, json};

/// An Event as `kubectl get events -o yaml` shows it.
pub fn print(cx: &Context<'_>, index: usize, row: &EventRow) -> Value {
    let number = index as u32;
    let object = &row.object;
    let namespace = match object.namespace.as_str() {
        "" => "default",
        given => given,
    };
    let mut out = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": format!("{}.{:016x}", object.name, ident::derived(number, Derived::Event, 0)),
            "namespace": namespace,
            "creationTimestamp": cx.epoch.rfc3339(row.first),
            "resourceVersion": (index + 1).to_string(),
            "uid": ident::derived_uid(number, Derived::Event, 0),
        },
        "involvedObject": involved(cx, object, &row.field),
        "type": severity(row.severity),
        "reason": row.reason.as_str(),
        "message": &*row.message,
        "count": row.count,
        "firstTimestamp": cx.epoch.rfc3339(row.first),
        "lastTimestamp": cx.epoch.rfc3339(row.last),
        "source": {"component": row.component.as_str()},
        "reportingComponent": row.component.as_str(),
        "reportingInstance": "",
    });
    let host = row.host.and_then(|id| cx.objects.nodes.get(id.index()));
    if let Some(node) = host {
        let name = node.header.reference.name.as_str();
        out["source"]["host"] = name.into();
        out["reportingInstance"] = name.into();
    }
    out
}

/// `type` of an Event.
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Normal => "Normal",
        Severity::Warning => "Warning",
    }
}

fn involved(cx: &Context<'_>, object: &ObjectRef, field: &str) -> Value {
    let mut out = json!({"kind": object.kind.as_str(), "name": object.name.as_str()});
    let version = meta::api_version(&object.kind);
    if !version.is_empty() {
        out["apiVersion"] = version.into();
    }
    if !object.namespace.is_empty() {
        out["namespace"] = object.namespace.as_str().into();
    }
    if let Some(uid) = uid_of(cx, object) {
        out["uid"] = uid.into();
    }
    if !field.is_empty() {
        out["fieldPath"] = field.into();
    }
    out
}

/// The uid of the latest object of that name.
fn uid_of(cx: &Context<'_>, object: &ObjectRef) -> Option<String> {
    let objects = cx.objects;
    let of = |header: &Header| (header.reference == *object).then(|| meta::uid(header));
    match object.kind {
        Kind::Pod => {
            let pods = objects.pods.iter();
            let same = pods.filter(|p| p.name == object.name && p.namespace == object.namespace);
            same.last().map(|pod| ident::uid(pod.number))
        }
        Kind::Node => objects.nodes.iter().filter_map(|r| of(&r.header)).last(),
        Kind::ReplicaSet => {
            let owned = objects
                .replica_sets
                .iter()
                .filter_map(|r| of(&r.header))
                .last();
            owned.or_else(|| {
                objects
                    .workloads
                    .iter()
                    .filter_map(|r| of(&r.header))
                    .last()
            })
        }
        Kind::HorizontalPodAutoscaler => objects
            .autoscalers
            .iter()
            .filter_map(|r| of(&r.header))
            .last(),
        Kind::PersistentVolumeClaim => objects.claims.iter().filter_map(|r| of(&r.header)).last(),
        Kind::PersistentVolume => objects.volumes.iter().filter_map(|r| of(&r.header)).last(),
        Kind::Service => objects.services.iter().filter_map(|r| of(&r.header)).last(),
        _ => objects
            .workloads
            .iter()
            .filter_map(|r| of(&r.header))
            .last(),
    }
}

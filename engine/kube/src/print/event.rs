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
    if let Some(action) = action(row) {
        of_new_kind(cx, row, action, &mut out);
    }
    out
}

/// What the scheduler was about; it alone records through `events.k8s.io`.
/// Source: pkg/scheduler/schedule_one.go and framework/preemption.
fn action(row: &EventRow) -> Option<&'static str> {
    let action = match row.reason.as_str() {
        "Scheduled" => "Binding",
        "Preempted" => "Preempting",
        _ => "Scheduling",
    };
    (row.component == "default-scheduler").then_some(action)
}

/// The fields of an `events.k8s.io/v1` Event as `v1` shows them: a time and a series, and neither
/// source nor count.
fn of_new_kind(cx: &Context<'_>, row: &EventRow, action: &str, out: &mut Value) {
    out["action"] = action.into();
    out["eventTime"] = cx.epoch.micros(row.first).into();
    out["source"] = json!({});
    out["reportingInstance"] = format!("{}-control-plane", row.component).into();
    if let Some(fields) = out.as_object_mut() {
        fields
            .retain(|key, _| !["count", "firstTimestamp", "lastTimestamp"].contains(&key.as_str()));
    }
    if row.count > 1 {
        let last = cx.epoch.micros(row.last);
        out["series"] = json!({"count": row.count, "lastObservedTime": last});
    }
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

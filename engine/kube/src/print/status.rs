//! Conditions and counts, shared by kinds.

use super::Context;
use aegis_model::kubernetes::Labels;
use aegis_model::objects::{Condition, Pod, WorkloadStatus};
use serde_json::{Map, Value, json};

/// Which further time a kind's conditions carry.
#[derive(Clone, Copy)]
pub enum Extra {
    /// None.
    None,
    /// `lastUpdateTime`, as Deployments.
    Update,
    /// `lastHeartbeatTime`, as Nodes.
    Heartbeat,
}

/// `status.conditions`.
pub fn conditions(cx: &Context<'_>, rows: &[Condition], extra: Extra) -> Value {
    rows.iter().map(|row| condition(cx, row, extra)).collect()
}

fn condition(cx: &Context<'_>, row: &Condition, extra: Extra) -> Value {
    let mut out = json!({
        "type": row.kind.as_str(),
        "status": row.status.as_str(),
        "lastTransitionTime": cx.epoch.rfc3339(row.since),
    });
    let updated = || Value::from(cx.epoch.rfc3339(row.updated));
    match extra {
        Extra::None => {}
        Extra::Update => out["lastUpdateTime"] = updated(),
        Extra::Heartbeat => out["lastHeartbeatTime"] = updated(),
    }
    if !row.reason.is_empty() {
        out["reason"] = row.reason.as_str().into();
    }
    if !row.message.is_empty() {
        out["message"] = (*row.message).into();
    }
    out
}

/// Counts by name, without those that are 0, which the API server leaves out.
pub fn counts<const N: usize>(counts: [(&str, u32); N]) -> Value {
    let positive = counts.into_iter().filter(|(_, count)| *count > 0);
    let fields = positive.map(|(name, count)| (name.to_owned(), count.into()));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// How many of some pods carry all labels of a template.
/// Source: pkg/controller/replicaset/replica_set_utils.go `calculateStatus`.
pub fn fully_labelled<'a>(pods: impl Iterator<Item = &'a Pod>, template: &Labels) -> u32 {
    let has_all = |pod: &Pod| {
        let mut labels = template.iter();
        labels.all(|(key, value)| pod.labels.get(key) == Some(value))
    };
    pods.filter(|pod| pod.is_active() && has_all(pod)).count() as u32
}

/// `status:` of a ReplicaSet, of which so many pods carry all labels of its template.
pub fn replica_set(cx: &Context<'_>, status: &WorkloadStatus, fully: u32) -> Value {
    let mut out = counts([
        ("availableReplicas", status.available),
        ("fullyLabeledReplicas", fully),
        ("observedGeneration", status.observed_generation),
        ("readyReplicas", status.ready),
    ]);
    out["replicas"] = status.replicas.into();
    put_conditions(cx, &mut out, &status.conditions, Extra::None);
    out
}

/// Adds `conditions` where there are any.
pub fn put_conditions(cx: &Context<'_>, out: &mut Value, rows: &[Condition], extra: Extra) {
    if !rows.is_empty() {
        out["conditions"] = conditions(cx, rows, extra);
    }
}

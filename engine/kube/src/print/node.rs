//! Nodes.

use super::status::{Extra, conditions};
use super::{Context, ident, meta};
use aegis_model::kubernetes::{ResourceList, Taint};
use aegis_model::objects::Node;
use serde_json::{Map, Value, json};

/// A Node as `kubectl get node -o yaml` shows it.
pub fn print(cx: &Context<'_>, index: usize, node: &Node) -> Value {
    let mut spec = meta::part(&node.header.doc, "spec");
    scheduling(&mut spec, node);
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta::metadata(cx, &node.header),
        "spec": spec,
        "status": status(cx, index, node),
    })
}

fn scheduling(spec: &mut Value, node: &Node) {
    let Some(fields) = spec.as_object_mut() else {
        return;
    };
    fields.remove("unschedulable");
    if node.spec.unschedulable {
        fields.insert("unschedulable".into(), true.into());
    }
    let known = fields.remove("taints").unwrap_or_default();
    let taints: Vec<Value> = node.spec.taints.iter().map(|t| taint(t, &known)).collect();
    if !taints.is_empty() {
        fields.insert("taints".into(), taints.into());
    }
}

/// A taint as its document has it (with the time it was added), or from its parts.
fn taint(taint: &Taint, known: &Value) -> Value {
    let mut out = json!({"key": taint.key.as_str(), "effect": taint.effect.as_str()});
    if !taint.value.is_empty() {
        out["value"] = taint.value.as_str().into();
    }
    let same = |other: &&Value| other["key"] == out["key"] && other["effect"] == out["effect"];
    let found = known.as_array().and_then(|list| list.iter().find(same));
    found.cloned().unwrap_or(out)
}

fn amounts(list: &ResourceList) -> Value {
    let fields = list
        .0
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string().into()));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn status(cx: &Context<'_>, index: usize, node: &Node) -> Value {
    let capacity = &node.capacity;
    let allocatable = if capacity.allocatable.0.is_empty() {
        &capacity.capacity
    } else {
        &capacity.allocatable
    };
    let id = ident::derived_uid(node.header.number, ident::Derived::Machine, 0);
    let mut out = json!({
        "addresses": [
            {"type": "InternalIP", "address": ident::node_ip(index)},
            {"type": "Hostname", "address": node.header.reference.name.as_str()},
        ],
        "allocatable": amounts(allocatable),
        "capacity": amounts(&capacity.capacity),
        "conditions": conditions(cx, &node.conditions, Extra::Heartbeat),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": id,
            "containerRuntimeVersion": "containerd://2.1.4",
            "kernelVersion": "6.12.0",
            "kubeProxyVersion": "",
            "kubeletVersion": "v1.34.0",
            "machineID": id.replace('-', ""),
            "operatingSystem": "linux",
            "osImage": "simulated",
            "systemUUID": id,
        },
    });
    if !capacity.images.is_null() {
        out["images"] = capacity.images.clone();
    }
    out
}

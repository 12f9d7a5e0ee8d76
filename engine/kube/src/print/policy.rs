//! NetworkPolicies and PodDisruptionBudgets.

use super::status::{self, Extra};
use super::{Context, defaults, meta};
use aegis_model::objects::{DisruptionBudget, NetworkPolicy};
use serde_json::{Value, json};

/// A NetworkPolicy as `kubectl get netpol -o yaml` shows it.
pub fn print(cx: &Context<'_>, row: &NetworkPolicy) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    defaults::default(&mut spec, "podSelector", json!({}));
    let types = match spec["egress"].as_array() {
        Some(rules) if !rules.is_empty() => json!(["Ingress", "Egress"]),
        _ => json!(["Ingress"]),
    };
    defaults::default(&mut spec, "policyTypes", types);
    for direction in ["ingress", "egress"] {
        for rule in defaults::items_mut(&mut spec, direction) {
            let ports = defaults::items_mut(rule, "ports");
            ports.for_each(|port| defaults::default(port, "protocol", "TCP"));
        }
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta::metadata(cx, &row.header),
        "spec": spec,
    })
}

/// A PodDisruptionBudget as `kubectl get pdb -o yaml` shows it.
pub fn budget(cx: &Context<'_>, row: &DisruptionBudget) -> Value {
    let generation = row.header.generation.max(1);
    let mut conditions = status::conditions(cx, &row.conditions, Extra::None);
    for condition in conditions.as_array_mut().into_iter().flatten() {
        defaults::default(condition, "message", "");
        condition["observedGeneration"] = generation.into();
    }
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta::metadata(cx, &row.header),
        "spec": meta::part(&row.header.doc, "spec"),
        "status": {
            "currentHealthy": row.healthy,
            "desiredHealthy": row.desired,
            "disruptionsAllowed": row.allowed,
            "expectedPods": row.expected,
            "observedGeneration": generation,
            "conditions": conditions,
        },
    })
}

//! Autoscalers, budgets, network policies, taints.

use super::findings::Findings;
use super::{container, item, other, selector, workload};
use aegis_model::FieldPath;
use aegis_model::kubernetes::{
    HorizontalPodAutoscalerSpec, IntOrString, MetricSpec, NetworkPolicySpec, NodeSpec,
    PodDisruptionBudgetSpec, PolicyPeer, PolicyPort, Taint,
};
use serde_json::Value;

/// Effects of taints.
pub const EFFECTS: [&str; 3] = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

/// A HorizontalPodAutoscaler's spec.
pub fn autoscaler(spec: &HorizontalPodAutoscalerSpec, path: &FieldPath, findings: &mut Findings) {
    let target = path.key("scaleTargetRef");
    for (key, text) in [
        ("kind", &spec.scale_target_ref.kind),
        ("name", &spec.scale_target_ref.name),
    ] {
        if text.is_empty() {
            findings.required(&target.key(key), "");
        }
    }
    let at = path.key("maxReplicas");
    if spec.max_replicas == 0 {
        findings.invalid(&at, 0, "must be greater than 0");
    } else if spec.min_replicas.unwrap_or(1) > spec.max_replicas {
        let detail = "must be greater than or equal to `minReplicas`";
        findings.invalid(&at, spec.max_replicas, detail);
    }
    if spec.min_replicas == Some(0) && !spec.metrics.iter().any(is_outside) {
        let detail = "must be greater than or equal to 1";
        findings.invalid(&path.key("minReplicas"), 0, detail);
    }
    for (index, metric) in spec.metrics.iter().enumerate() {
        measured(metric, &item(&path.key("metrics"), index), findings);
    }
}

fn is_outside(metric: &MetricSpec) -> bool {
    matches!(metric.kind.as_str(), "Object" | "External")
}

fn measured(metric: &MetricSpec, at: &FieldPath, findings: &mut Findings) {
    let kinds = [
        "ContainerResource",
        "External",
        "Object",
        "Pods",
        "Resource",
    ];
    if metric.kind.is_empty() {
        findings.required(&at.key("type"), "must specify a metric source type");
    }
    findings.one_of(&at.key("type"), &metric.kind, &kinds);
    let (key, resource) = match metric.kind.as_str() {
        "Resource" => ("resource", &metric.resource),
        "ContainerResource" => ("containerResource", &metric.container_resource),
        _ => return,
    };
    let at = at.key(key);
    let Some(resource) = resource else {
        return findings.required(&at, "must populate information for the given metric source");
    };
    if resource.name.is_empty() {
        findings.required(&at.key("name"), "must specify a resource name");
    }
    let target = &resource.target;
    if target.average_utilization.is_some() && target.average_value.is_some() {
        let detail = "may not set both a target raw value and a target utilization";
        findings.forbidden(&at.key("target").key("averageValue"), detail);
    }
    if target.average_utilization.is_none() && target.average_value.is_none() {
        let detail = "must set either a target raw value or a target utilization";
        findings.required(&at.key("target").key("averageUtilization"), detail);
    }
    if target.average_utilization == Some(0) {
        let at = at.key("target").key("averageUtilization");
        findings.invalid(&at, 0, "must be greater than 0");
    }
}

/// A PodDisruptionBudget's spec.
pub fn budget(spec: &PodDisruptionBudgetSpec, path: &FieldPath, findings: &mut Findings) {
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        findings.invalid(path, Value::Null, detail);
    }
    for (key, bound) in [
        ("minAvailable", &spec.min_available),
        ("maxUnavailable", &spec.max_unavailable),
    ] {
        if let Some(bound) = bound {
            workload::amount(bound, &path.key(key), findings);
            let share = match bound {
                IntOrString::Text(text) => text.strip_suffix('%'),
                IntOrString::Int(_) => None,
            };
            if share.and_then(|text| text.parse::<u32>().ok()) > Some(100) {
                let text = format!("{}%", share.unwrap_or_default());
                let detail = "must not be greater than 100%";
                findings.invalid(&path.key(key), text.as_str(), detail);
            }
        }
    }
    if let Some(selected) = &spec.selector {
        selector::selector(selected, &path.key("selector"), findings);
    }
}

/// A NetworkPolicy's spec.
pub fn network(spec: &NetworkPolicySpec, path: &FieldPath, findings: &mut Findings) {
    selector::selector(&spec.pod_selector, &path.key("podSelector"), findings);
    for (index, kind) in spec.policy_types.iter().enumerate() {
        let at = item(&path.key("policyTypes"), index);
        findings.one_of(&at, kind, &["Egress", "Ingress"]);
    }
    for (index, rule) in spec.ingress.iter().enumerate() {
        let at = item(&path.key("ingress"), index);
        sides(&rule.peers, &rule.ports, (&at, "from"), findings);
    }
    for (index, rule) in spec.egress.iter().enumerate() {
        let at = item(&path.key("egress"), index);
        sides(&rule.peers, &rule.ports, (&at, "to"), findings);
    }
}

fn sides(
    peers: &[PolicyPeer],
    ports: &[PolicyPort],
    (at, side): (&FieldPath, &str),
    findings: &mut Findings,
) {
    for (index, peer) in peers.iter().enumerate() {
        self::peer(peer, &item(&at.key(side), index), findings);
    }
    for (index, found) in ports.iter().enumerate() {
        let at = item(&at.key("ports"), index);
        let protocol = found.protocol.as_deref().unwrap_or_default();
        findings.one_of(&at.key("protocol"), protocol, &["SCTP", "TCP", "UDP"]);
        if let Some(port) = &found.port {
            container::port(port, &at.key("port"), findings);
        }
        range(found, &at.key("endPort"), findings);
    }
}

/// `endPort` needs a numeric `port` that is not above it.
fn range(port: &PolicyPort, at: &FieldPath, findings: &mut Findings) {
    let Some(last) = port.end_port else {
        return;
    };
    match &port.port {
        None => findings.invalid(
            at,
            last,
            "may not be specified when `port` is not specified",
        ),
        Some(IntOrString::Text(_)) => {
            findings.invalid(at, last, "may not be specified when `port` is non-numeric");
        }
        Some(IntOrString::Int(first)) if i64::from(last) < *first => {
            findings.invalid(at, *first, "must be greater than or equal to `port`");
        }
        Some(IntOrString::Int(_)) => {}
    }
}

fn peer(peer: &PolicyPeer, at: &FieldPath, findings: &mut Findings) {
    let selects = peer.pod_selector.is_some() || peer.namespace_selector.is_some();
    if !selects && peer.ip_block.is_none() {
        findings.required(at, "must specify a peer");
    }
    if let Some(block) = &peer.ip_block {
        if selects {
            let detail = "may not specify both ipBlock and another peer";
            findings.forbidden(at, detail);
        }
        let cidr = at.key("ipBlock").key("cidr");
        if block.cidr.is_empty() {
            findings.required(&cidr, "");
        } else if !is_cidr(&block.cidr) {
            let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
            findings.invalid(&cidr, block.cidr.as_str(), detail);
        }
        other::exceptions(&block.cidr, &block.except, &at.key("ipBlock"), findings);
    }
    for (key, found) in [
        ("podSelector", &peer.pod_selector),
        ("namespaceSelector", &peer.namespace_selector),
    ] {
        if let Some(found) = found {
            selector::selector(found, &at.key(key), findings);
        }
    }
}

fn is_cidr(text: &str) -> bool {
    other::network(text).is_some()
}

/// Taints of a Node.
pub fn taints(spec: &NodeSpec, path: &FieldPath, findings: &mut Findings) {
    for (index, taint) in spec.taints.iter().enumerate() {
        let at = item(path, index);
        if taint.key.is_empty() {
            findings.required(&at.key("key"), "");
        }
        if taint.effect.is_empty() {
            findings.required(&at.key("effect"), "");
        }
        findings.one_of(&at.key("effect"), &taint.effect, &EFFECTS);
        let same = |other: &&Taint| other.key == taint.key && other.effect == taint.effect;
        if spec.taints[..index].iter().any(|other| same(&other)) {
            let detail = "taints must be unique by key and effect pair";
            findings.invalid(&at, taint.key.as_str(), detail);
        }
    }
}

//! Services.

use super::findings::Findings;
use super::{container, item, names};
use aegis_model::FieldPath;
use aegis_model::kubernetes::{ServicePort, ServiceSpec};
use std::collections::BTreeSet;

/// A Service's spec.
pub fn service(spec: &ServiceSpec, path: &FieldPath, findings: &mut Findings) {
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    findings.one_of(&path.key("type"), &spec.kind, &kinds);
    names::labels(&spec.selector, &path.key("selector"), findings);
    let affinity = spec.session_affinity.as_deref().unwrap_or_default();
    findings.one_of(
        &path.key("sessionAffinity"),
        affinity,
        &["ClientIP", "None"],
    );
    for (key, policy) in [
        ("internalTrafficPolicy", &spec.internal_traffic_policy),
        ("externalTrafficPolicy", &spec.external_traffic_policy),
    ] {
        let policy = policy.as_deref().unwrap_or_default();
        findings.one_of(&path.key(key), policy, &["Cluster", "Local"]);
    }
    if spec.kind == "ExternalName" {
        if spec.external_name.as_deref().unwrap_or_default().is_empty() {
            findings.required(&path.key("externalName"), "");
        }
        return;
    }
    let headless = spec.cluster_ip.as_deref() == Some("None");
    if headless && matches!(spec.kind.as_str(), "NodePort" | "LoadBalancer") {
        let detail = format!("may not be set to 'None' for {} services", spec.kind);
        findings.invalid(&item(&path.key("clusterIPs"), 0), "None", &detail);
    }
    if spec.ports.is_empty() && !headless {
        findings.required(&path.key("ports"), "");
    }
    ports(&spec.ports, &path.key("ports"), findings);
}

fn ports(ports: &[ServicePort], path: &FieldPath, findings: &mut Findings) {
    let name = |port: &ServicePort| port.name.clone().unwrap_or_default();
    let given: Vec<_> = ports.iter().map(name).collect();
    findings.unique(given.iter().map(smol_str::SmolStr::as_str), |index| {
        item(path, index).key("name")
    });
    let mut seen = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = item(path, index);
        if ports.len() > 1 && name(port).is_empty() {
            findings.required(&at.key("name"), "");
        }
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        if port.port > 0 && !seen.insert((port.port, protocol)) {
            findings.duplicate(&at, format!("{protocol} {}", port.port));
        }
        one(port, &at, findings);
    }
}

fn one(port: &ServicePort, at: &FieldPath, findings: &mut Findings) {
    if port.port == 0 {
        findings.invalid(&at.key("port"), 0, "must be between 1 and 65535, inclusive");
    }
    if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
        names::label(name, &at.key("name"), findings);
    }
    if let Some(target) = &port.target_port {
        container::port(target, &at.key("targetPort"), findings);
    }
    let protocol = port.protocol.as_deref().unwrap_or_default();
    findings.one_of(&at.key("protocol"), protocol, &["SCTP", "TCP", "UDP"]);
}

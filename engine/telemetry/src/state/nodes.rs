//! Nodes: docs/metrics/cluster/node-metrics.md of kube-state-metrics, and the machine's size as cAdvisor tells it.

use super::conditions;
use super::read::{fields, items, number, quantity, resource, text, with};
use crate::family::Labels;
use crate::sheet::Sheet;
use serde_json::Value;

/// Adds the samples of a node.
pub(super) fn of(node: &Value, sheet: &mut Sheet) {
    let labels = vec![("node", text(node, "/metadata/name").to_owned())];
    info(node, &labels, sheet);
    spec(node, &labels, sheet);
    amounts(node, &labels, sheet);
    machine(node, &labels, sheet);
    let family = sheet.gauge(
        "kube_node_status_condition",
        "The condition of a cluster node.",
    );
    for condition in conditions::all(node) {
        let labels = with(&labels, &[("condition", text(condition, "/type"))]);
        conditions::add(family, &labels, "status", condition);
    }
}

fn info(node: &Value, labels: &Labels, sheet: &mut Sheet) {
    let of = |name: &str| text(node, &format!("/status/nodeInfo/{name}"));
    let internal = items(node, "/status/addresses").find(|row| text(row, "/type") == "InternalIP");
    let more = [
        ("kernel_version", of("kernelVersion")),
        ("os_image", of("osImage")),
        ("container_runtime_version", of("containerRuntimeVersion")),
        ("kubelet_version", of("kubeletVersion")),
        ("kubeproxy_version", "deprecated"),
        ("provider_id", text(node, "/spec/providerID")),
        ("pod_cidr", text(node, "/spec/podCIDR")),
        ("system_uuid", of("systemUUID")),
        (
            "internal_ip",
            internal.map_or("", |row| text(row, "/address")),
        ),
    ];
    sheet
        .gauge("kube_node_info", "Information about a cluster node.")
        .add(with(labels, &more), 1.0);
    for row in items(node, "/status/addresses") {
        let more = [
            ("type", text(row, "/type")),
            ("address", text(row, "/address")),
        ];
        sheet
            .gauge("kube_node_status_addresses", "The addresses of a node.")
            .add(with(labels, &more), 1.0);
    }
}

fn spec(node: &Value, labels: &Labels, sheet: &mut Sheet) {
    let family = sheet.gauge("kube_node_spec_taint", "The taint of a cluster node.");
    for taint in items(node, "/spec/taints") {
        let more = ["key", "value", "effect"].map(|key| (key, text(taint, &format!("/{key}"))));
        family.add(with(labels, &more), 1.0);
    }
    let family = sheet.gauge("kube_node_role", "The role of a cluster node.");
    for (key, _) in fields(node, "/metadata/labels") {
        if let Some(role) = key.strip_prefix("node-role.kubernetes.io/") {
            family.add(with(labels, &[("role", role)]), 1.0);
        }
    }
}

fn amounts(node: &Value, labels: &Labels, sheet: &mut Sheet) {
    let rows = [
        (
            "kube_node_status_capacity",
            "The total amount of resources available for a node.",
            "/status/capacity",
        ),
        (
            "kube_node_status_allocatable",
            "The amount of resources allocatable for pods (after reserving some for system daemons).",
            "/status/allocatable",
        ),
    ];
    for (name, help, pointer) in rows {
        let family = sheet.gauge(name, help);
        for (key, amount) in fields(node, pointer) {
            let (label, unit) = resource(key);
            if let Some(amount) = quantity(amount) {
                family.add(
                    with(labels, &[("resource", &label), ("unit", unit)]),
                    amount,
                );
            }
        }
    }
}

fn machine(node: &Value, labels: &Labels, sheet: &mut Sheet) {
    let rows = [
        (
            "machine_cpu_cores",
            "Number of logical CPU cores.",
            "/status/capacity/cpu",
        ),
        (
            "machine_memory_bytes",
            "Amount of memory installed on the machine.",
            "/status/capacity/memory",
        ),
    ];
    for (name, help, pointer) in rows {
        let family = sheet.gauge(name, help);
        if let Some(amount) = number(node, pointer) {
            family.add(labels.clone(), amount);
        }
    }
}

//! Services, with what the API server fills in.
//!
//! Sources: pkg/apis/core/v1/defaults.go; pkg/registry/core/service/storage; kubernetes.io,
//! Service and IPv4/IPv6 dual-stack. The cluster has one stack, IPv4, and no provider of load balancers.

use super::{Context, defaults, ident, meta};
use aegis_model::kubernetes::ServiceSpec;
use aegis_model::objects::Service;
use serde_json::{Value, json};

/// Time for which a client stays with its endpoint, s (`DefaultClientIPServiceAffinitySeconds`).
const STICKY: u32 = 10_800;

/// A Service as `kubectl get svc -o yaml` shows it.
pub fn print(cx: &Context<'_>, row: &Service) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    let number = row.header.number;
    defaults::default(&mut spec, "type", "ClusterIP");
    affinity(&mut spec, &row.spec);
    ports(&mut spec, number);
    if row.spec.kind != "ExternalName" {
        addresses(&mut spec, number);
        families(&mut spec, &row.spec);
        defaults::default(&mut spec, "internalTrafficPolicy", "Cluster");
    }
    from_outside(&mut spec, number);
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta::metadata(cx, &row.header),
        "spec": spec,
        "status": {"loadBalancer": {}},
    })
}

fn affinity(out: &mut Value, spec: &ServiceSpec) {
    defaults::default(out, "sessionAffinity", "None");
    if spec.session_affinity.as_deref() != Some("ClientIP") {
        return;
    }
    defaults::default(out, "sessionAffinityConfig", json!({}));
    let config = &mut out["sessionAffinityConfig"];
    defaults::default(config, "clientIP", json!({}));
    defaults::default(&mut config["clientIP"], "timeoutSeconds", STICKY);
}

fn ports(spec: &mut Value, number: u32) {
    let on_nodes = has_node_ports(spec);
    for (index, port) in defaults::items_mut(spec, "ports").enumerate() {
        let own = port["port"].clone();
        defaults::default(port, "protocol", "TCP");
        if port["targetPort"] == 0 || port["targetPort"] == "" {
            port["targetPort"] = Value::Null;
        }
        fill(port, "targetPort", own);
        if on_nodes {
            fill(port, "nodePort", node_port(number, index).into());
        }
    }
}

/// Sets a field that is not there, null, empty or 0.
fn fill(value: &mut Value, key: &str, content: Value) {
    let present = &value[key];
    if present.is_null() || *present == "" || *present == 0 {
        value[key] = content;
    }
}

/// Whether each port is one of the nodes' too.
fn has_node_ports(spec: &Value) -> bool {
    match spec["type"].as_str() {
        Some("NodePort") => true,
        Some("LoadBalancer") => spec["allocateLoadBalancerNodePorts"] != false,
        _ => false,
    }
}

/// A port of the range 30000..=32767 (`--service-node-port-range`).
pub fn node_port(number: u32, index: usize) -> u64 {
    let drawn = ident::derived(number, ident::Derived::NodePort, index);
    30_000 + drawn % 2768
}

fn addresses(spec: &mut Value, number: u32) {
    fill(spec, "clusterIP", ident::cluster_ip(number).into());
    let address = spec["clusterIP"].clone();
    defaults::default(spec, "clusterIPs", json!([address]));
}

/// A headless Service without a selector may have addresses of both families; all others have one.
fn families(out: &mut Value, spec: &ServiceSpec) {
    let by_hand = spec.cluster_ip.as_deref() == Some("None") && spec.selector.is_empty();
    let policy = if by_hand {
        "RequireDualStack"
    } else {
        "SingleStack"
    };
    defaults::default(out, "ipFamilyPolicy", policy);
    let both = by_hand && out["ipFamilyPolicy"] != "SingleStack";
    let families = if both {
        json!(["IPv4", "IPv6"])
    } else {
        json!(["IPv4"])
    };
    defaults::default(out, "ipFamilies", families);
}

/// What only Services have that are reached from outside.
fn from_outside(spec: &mut Value, number: u32) {
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    let external = spec["externalIPs"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    let balanced = kind == "LoadBalancer";
    if balanced || kind == "NodePort" || (kind == "ClusterIP" && external) {
        defaults::default(spec, "externalTrafficPolicy", "Cluster");
    }
    if balanced {
        defaults::default(spec, "allocateLoadBalancerNodePorts", true);
    }
    if balanced && spec["externalTrafficPolicy"] == "Local" {
        let port = node_port(number, HEALTH_CHECK);
        fill(spec, "healthCheckNodePort", port.into());
    }
}

/// Draws of node ports above those of any port of a Service.
const HEALTH_CHECK: usize = 0xffff;

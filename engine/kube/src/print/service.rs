//! Services and their EndpointSlices.

use super::{Context, defaults, ident, meta};
use aegis_model::kubernetes::{IntOrString, PodSpec, ServicePort};
use aegis_model::objects::{Endpoint, Pod, Service};
use serde_json::{Value, json};

/// Most endpoints of a slice (kube-controller-manager `--max-endpoints-per-slice`).
const SLICE: usize = 100;

/// A Service as `kubectl get svc -o yaml` shows it.
pub fn print(cx: &Context<'_>, row: &Service) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    defaults::default(&mut spec, "type", "ClusterIP");
    defaults::default(&mut spec, "sessionAffinity", "None");
    for (index, port) in defaults::items_mut(&mut spec, "ports").enumerate() {
        let number = port["port"].clone();
        defaults::default(port, "protocol", "TCP");
        defaults::default(port, "targetPort", number);
        if matches!(row.spec.kind.as_str(), "NodePort" | "LoadBalancer") {
            defaults::default(port, "nodePort", node_port(row.header.number, index));
        }
    }
    if row.spec.kind != "ExternalName" {
        addresses(&mut spec, row.header.number);
    }
    reach(&mut spec);
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta::metadata(cx, &row.header),
        "spec": spec,
        "status": {"loadBalancer": {}},
    })
}

/// A port of the range 30000..=32767 (`--service-node-port-range`).
pub fn node_port(number: u32, index: usize) -> u64 {
    let drawn = ident::derived(number, ident::Derived::NodePort, index);
    30_000 + drawn % 2768
}

fn addresses(spec: &mut Value, number: u32) {
    defaults::default(spec, "clusterIP", ident::cluster_ip(number));
    let address = spec["clusterIP"].clone();
    defaults::default(spec, "clusterIPs", json!([address]));
    defaults::default(spec, "ipFamilies", json!(["IPv4"]));
    defaults::default(spec, "ipFamilyPolicy", "SingleStack");
    defaults::default(spec, "internalTrafficPolicy", "Cluster");
}

fn reach(spec: &mut Value) {
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        defaults::default(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        defaults::default(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// The EndpointSlices of a Service with a selector.
pub fn slices(cx: &Context<'_>, row: &Service) -> Vec<Value> {
    if row.spec.selector.is_empty() {
        return Vec::new();
    }
    let chunks: Vec<&[Endpoint]> = match row.endpoints.len() {
        0 => vec![&[]],
        _ => row.endpoints.chunks(SLICE).collect(),
    };
    let numbered = chunks.into_iter().enumerate();
    numbered
        .map(|(index, chunk)| slice(cx, row, index, chunk))
        .collect()
}

fn slice(cx: &Context<'_>, row: &Service, index: usize, chunk: &[Endpoint]) -> Value {
    let number = row.header.number;
    let drawn = ident::derived(number, ident::Derived::Slice, index);
    let name = row.header.reference.name.as_str();
    let endpoints: Vec<Value> = chunk.iter().filter_map(|e| endpoint(cx, *e)).collect();
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{name}-{}", ident::suffix(drawn)),
            "generateName": format!("{name}-"),
            "namespace": row.header.reference.namespace.as_str(),
            "creationTimestamp": cx.epoch.rfc3339(row.header.created),
            "generation": 1,
            "labels": {
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": name,
            },
            "ownerReferences": meta::owner(&row.header),
            "resourceVersion": "1",
            "uid": ident::derived_uid(number, ident::Derived::Slice, index),
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports(cx, row, chunk),
    })
}

fn endpoint(cx: &Context<'_>, endpoint: Endpoint) -> Option<Value> {
    let pod = cx.objects.pods.get(endpoint.pod.index())?;
    let mut out = json!({
        "addresses": [ident::pod_ip(pod.number)],
        "conditions": {
            "ready": endpoint.ready,
            "serving": pod.is_ready(),
            "terminating": endpoint.terminating,
        },
        "targetRef": {
            "kind": "Pod",
            "name": pod.name.as_str(),
            "namespace": pod.namespace.as_str(),
            "uid": ident::uid(pod.number),
        },
    });
    let node = pod.node.and_then(|id| cx.objects.nodes.get(id.index()));
    if let Some(node) = node {
        out["nodeName"] = node.header.reference.name.as_str().into();
    }
    Some(out)
}

/// Ports of a slice, named ones looked up in the first pod's containers.
fn ports(cx: &Context<'_>, row: &Service, chunk: &[Endpoint]) -> Value {
    let first = chunk.first();
    let pod = first.and_then(|endpoint| cx.objects.pods.get(endpoint.pod.index()));
    let spec = pod.and_then(|pod| spec_of(cx, pod));
    let ports = row.spec.ports.iter();
    ports.map(|port| slice_port(port, spec)).collect()
}

fn spec_of<'a>(cx: &Context<'a>, pod: &Pod) -> Option<&'a PodSpec> {
    let template = cx.objects.templates.get(pod.template.index())?;
    Some(&template.spec.spec)
}

fn slice_port(port: &ServicePort, spec: Option<&PodSpec>) -> Value {
    let mut out = json!({
        "name": port.name.as_deref().unwrap_or_default(),
        "protocol": port.protocol.as_deref().unwrap_or("TCP"),
    });
    if let Some(number) = target(port, spec) {
        out["port"] = number.into();
    }
    out
}

/// The pods' port behind a Service's port.
fn target(port: &ServicePort, spec: Option<&PodSpec>) -> Option<i64> {
    match &port.target_port {
        None => Some(i64::from(port.port)),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::Text(name)) => {
            let declared = spec?.containers.iter().flat_map(|c| &c.ports);
            let named = declared
                .into_iter()
                .find(|p| p.name.as_ref() == Some(name))?;
            Some(i64::from(named.container_port))
        }
    }
}

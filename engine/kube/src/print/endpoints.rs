//! EndpointSlices and Endpoints of Services.
//!
//! Sources: staging/src/k8s.io/endpointslice (reconciler.go, utils.go, trafficdist/);
//! pkg/controller/endpoint; pkg/controller/endpointslicemirroring; kubernetes.io, EndpointSlices.
//! Endpoints are deprecated since 1.33 and still kept by their controller in 1.34.

use super::{Context, ident, meta};
use aegis_model::kubernetes::{
    Container, ContainerPort, IntOrString, Kind, Labels, PodSpec, RestartPolicy, ServicePort,
};
use aegis_model::objects::{Endpoint, Header, Pod, Service, Template, WorkloadSpec};
use serde_json::{Value, json};

/// Most endpoints of a slice (kube-controller-manager `--max-endpoints-per-slice`).
const SLICE: usize = 100;
/// Set on slices and Endpoints of Services without a cluster address.
const HEADLESS: &str = "service.kubernetes.io/headless";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const ZONE: &str = "topology.kubernetes.io/zone";

/// The EndpointSlices of a Service: with a selector those of its pods, without one the mirrors of
/// Endpoints that somebody made. Pods whose ports have other numbers have slices of their own.
pub fn slices(cx: &Context<'_>, row: &Service) -> Vec<Value> {
    if row.spec.kind == "ExternalName" {
        return Vec::new();
    }
    if row.spec.selector.is_empty() {
        return by_hand(cx, &row.header).map_or_else(Vec::new, |made| mirrors(row, made));
    }
    let groups = by_ports(cx, row, &row.endpoints);
    let chunks = groups
        .iter()
        .flat_map(|(ports, members)| members.chunks(SLICE).map(move |chunk| (ports, chunk)));
    let all: Vec<Value> = chunks
        .enumerate()
        .map(|(index, (ports, chunk))| slice(cx, row, index, ports, chunk))
        .collect();
    if all.is_empty() {
        return vec![slice(cx, row, 0, &json!([]), &[])];
    }
    all
}

/// Endpoints by the ports that their pods have, in order of first appearance.
fn by_ports(
    cx: &Context<'_>,
    row: &Service,
    endpoints: &[Endpoint],
) -> Vec<(Value, Vec<Endpoint>)> {
    let mut groups: Vec<(Value, Vec<Endpoint>)> = Vec::new();
    for endpoint in endpoints {
        let pod = cx.objects.pods.get(endpoint.pod.index());
        let ports = ports(row, pod.and_then(|pod| spec_of(cx, pod)));
        match groups.iter_mut().find(|(known, _)| *known == ports) {
            Some((_, members)) => members.push(*endpoint),
            None => groups.push((ports, vec![*endpoint])),
        }
    }
    groups
}

fn slice(
    cx: &Context<'_>,
    row: &Service,
    index: usize,
    ports: &Value,
    chunk: &[Endpoint],
) -> Value {
    let number = row.header.number;
    let endpoints = chunk.iter().filter_map(|one| endpoint(cx, row, *one));
    let mut labels = labels(row);
    labels[SERVICE_NAME] = row.header.reference.name.as_str().into();
    labels[MANAGED_BY] = "endpointslice-controller.k8s.io".into();
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": slice_name(&row.header, index),
            "generateName": format!("{}-", row.header.reference.name),
            "namespace": row.header.reference.namespace.as_str(),
            "creationTimestamp": cx.epoch.rfc3339(row.header.created),
            "generation": 1,
            "labels": labels,
            "ownerReferences": meta::owner(&row.header),
            "resourceVersion": "1",
            "uid": ident::derived_uid(number, ident::Derived::Slice, index),
        },
        "addressType": "IPv4",
        "endpoints": endpoints.collect::<Vec<_>>(),
        "ports": ports,
    })
}

fn slice_name(header: &Header, index: usize) -> String {
    let drawn = ident::derived(header.number, ident::Derived::Slice, index);
    format!("{}-{}", header.reference.name, ident::suffix(drawn))
}

/// The Service's labels, but for those that are the controllers' to set.
fn labels(row: &Service) -> Value {
    let own: Labels = (row.header.labels.iter())
        .filter(|(key, _)| ![HEADLESS, SERVICE_NAME, MANAGED_BY].contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut labels = meta::labels_value(&own);
    if row.spec.cluster_ip.as_deref() == Some("None") {
        labels[HEADLESS] = "".into();
    }
    labels
}

fn endpoint(cx: &Context<'_>, row: &Service, endpoint: Endpoint) -> Option<Value> {
    let pod = cx.objects.pods.get(endpoint.pod.index())?;
    let mut out = json!({
        "addresses": [address(cx, pod)],
        "conditions": {
            "ready": endpoint.ready,
            "serving": pod.is_ready(),
            "terminating": endpoint.terminating,
        },
        "targetRef": target_ref(pod),
    });
    if let Some(hostname) = hostname(cx, row, pod) {
        out["hostname"] = hostname.into();
    }
    let Some(node) = pod.node.and_then(|id| cx.objects.nodes.get(id.index())) else {
        return Some(out);
    };
    let name = node.header.reference.name.as_str();
    out["nodeName"] = name.into();
    let zone = node.header.labels.get(ZONE).map(smol_str::SmolStr::as_str);
    if let Some(zone) = zone {
        out["zone"] = zone.into();
    }
    let hints = hints(row, name, zone);
    if endpoint.ready && !hints.is_null() {
        out["hints"] = hints;
    }
    Some(out)
}

/// For whom the endpoint is meant, where the Service says that near ones are preferred.
fn hints(row: &Service, node: &str, zone: Option<&str>) -> Value {
    let wanted = row.header.doc["spec"]["trafficDistribution"].as_str();
    let zones = zone.map(|zone| json!([{"name": zone}]));
    match (wanted, zones) {
        (Some("PreferClose" | "PreferSameZone"), Some(zones)) => json!({"forZones": zones}),
        (Some("PreferSameNode"), Some(zones)) => {
            json!({"forNodes": [{"name": node}], "forZones": zones})
        }
        (Some("PreferSameNode"), None) => json!({"forNodes": [{"name": node}]}),
        _ => Value::Null,
    }
}

fn address(cx: &Context<'_>, pod: &Pod) -> String {
    let shared = template(cx, pod).is_some_and(|template| template.spec.spec.host_network);
    match pod.node {
        Some(node) if shared => ident::node_ip(node.index()),
        _ => ident::pod_ip(pod.number),
    }
}

fn target_ref(pod: &Pod) -> Value {
    json!({
        "kind": "Pod",
        "name": pod.name.as_str(),
        "namespace": pod.namespace.as_str(),
        "uid": ident::uid(pod.number),
    })
}

/// The name that a pod has below its Service: where its subdomain is the Service.
fn hostname(cx: &Context<'_>, row: &Service, pod: &Pod) -> Option<String> {
    let service = row.header.reference.name.as_str();
    let workload = cx.objects.workloads.get(pod.workload.index())?;
    if matches!(&*workload.spec, WorkloadSpec::StatefulSet(_)) {
        let governing = workload.header.doc["spec"]["serviceName"].as_str();
        return (governing == Some(service)).then(|| pod.name.to_string());
    }
    let spec = &template(cx, pod)?.doc["spec"];
    let named = spec["subdomain"].as_str() == Some(service);
    let hostname = spec["hostname"].as_str().filter(|name| !name.is_empty());
    hostname.filter(|_| named).map(str::to_owned)
}

fn template<'a>(cx: &Context<'a>, pod: &Pod) -> Option<&'a Template> {
    cx.objects.templates.get(pod.template.index())
}

fn spec_of<'a>(cx: &Context<'a>, pod: &Pod) -> Option<&'a PodSpec> {
    template(cx, pod).map(|template| &template.spec.spec)
}

/// Ports of a slice; a named one that the pod does not have is left out.
fn ports(row: &Service, spec: Option<&PodSpec>) -> Value {
    let given = row.header.doc["spec"]["ports"].as_array();
    let found = row
        .spec
        .ports
        .iter()
        .enumerate()
        .filter_map(|(index, port)| {
            let mut out = json!({
                "name": port.name.as_deref().unwrap_or_default(),
                "port": target(port, spec)?,
                "protocol": protocol(port.protocol.as_deref()),
            });
            let known = given.and_then(|list| list.get(index)?["appProtocol"].as_str());
            if let Some(known) = known {
                out["appProtocol"] = known.into();
            }
            Some(out)
        });
    found.collect()
}

/// The pods' port behind a Service's port.
fn target(port: &ServicePort, spec: Option<&PodSpec>) -> Option<i64> {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => Some(i64::from(port.port)),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::Text(name)) if name.is_empty() => Some(i64::from(port.port)),
        Some(IntOrString::Text(name)) => {
            let meant = |declared: &&ContainerPort| {
                declared.name.as_ref() == Some(name)
                    && protocol(declared.protocol.as_deref()) == protocol(port.protocol.as_deref())
            };
            let named = declared(spec?).find(meant)?;
            Some(i64::from(named.container_port))
        }
    }
}

fn protocol(field: Option<&str>) -> &str {
    field.unwrap_or("TCP")
}

/// Ports of containers, then of sidecars.
fn declared(spec: &PodSpec) -> impl Iterator<Item = &ContainerPort> {
    let is_sidecar =
        |container: &&Container| container.restart_policy == Some(RestartPolicy::Always);
    let sidecars = spec.init_containers.iter().filter(is_sidecar);
    let containers = spec.containers.iter().chain(sidecars);
    containers.flat_map(|container| &container.ports)
}

/// Whether the controllers keep an object by themselves: what a dump brings of it is out of date.
pub fn is_kept_by_controllers(cx: &Context<'_>, header: &Header) -> bool {
    match header.reference.kind.as_str() {
        "EndpointSlice" => {
            let by = header.labels.get(MANAGED_BY).map(smol_str::SmolStr::as_str);
            by.is_some_and(|by| by.ends_with("-controller.k8s.io"))
        }
        "Endpoints" => cx.objects.services.iter().any(|service| {
            let there = &service.header.reference;
            service.header.exists()
                && !service.spec.selector.is_empty()
                && there.name == header.reference.name
                && there.namespace == header.reference.namespace
        }),
        _ => false,
    }
}

/// The Endpoints of a Service with a selector.
pub fn endpoints(cx: &Context<'_>, row: &Service) -> Option<Value> {
    if row.spec.selector.is_empty() || row.spec.kind == "ExternalName" {
        return None;
    }
    let mut labels = labels(row);
    labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller".into();
    let mut out = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": row.header.reference.name.as_str(),
            "namespace": row.header.reference.namespace.as_str(),
            "creationTimestamp": cx.epoch.rfc3339(row.header.created),
            "labels": labels,
            "resourceVersion": "1",
            "uid": ident::derived_uid(row.header.number, ident::Derived::Endpoints, 0),
        },
    });
    let subsets = subsets(cx, row);
    if !subsets.is_empty() {
        out["subsets"] = subsets.into();
    }
    Some(out)
}

/// Addresses by the ports that their pods have. Pods that terminate are none, unless those that
/// are not ready are published.
fn subsets(cx: &Context<'_>, row: &Service) -> Vec<Value> {
    let published = row.spec.publish_not_ready_addresses;
    let there: Vec<Endpoint> = (row.endpoints.iter().copied())
        .filter(|endpoint| published || !endpoint.terminating)
        .collect();
    let portless = row.spec.ports.is_empty();
    let mut out = Vec::new();
    for (ports, members) in by_ports(cx, row, &there) {
        let none = ports.as_array().is_some_and(Vec::is_empty);
        if none && !portless {
            continue;
        }
        let (ready, waiting): (Vec<Endpoint>, Vec<Endpoint>) =
            members.into_iter().partition(|endpoint| endpoint.ready);
        let mut subset = json!({});
        for (key, members) in [("addresses", ready), ("notReadyAddresses", waiting)] {
            if !members.is_empty() {
                let pods = members.iter().filter_map(|one| pod_address(cx, row, *one));
                subset[key] = pods.collect();
            }
        }
        if !none {
            subset["ports"] = ports;
        }
        out.push(subset);
    }
    out
}

fn pod_address(cx: &Context<'_>, row: &Service, endpoint: Endpoint) -> Option<Value> {
    let pod = cx.objects.pods.get(endpoint.pod.index())?;
    let mut out = json!({"ip": address(cx, pod), "targetRef": target_ref(pod)});
    if let Some(hostname) = hostname(cx, row, pod) {
        out["hostname"] = hostname.into();
    }
    if let Some(node) = pod.node.and_then(|id| cx.objects.nodes.get(id.index())) {
        out["nodeName"] = node.header.reference.name.as_str().into();
    }
    Some(out)
}

/// Endpoints of that name that somebody made.
fn by_hand<'a>(cx: &Context<'a>, service: &Header) -> Option<&'a Header> {
    let kind = Kind::from("Endpoints");
    let rows = cx.objects.plain.iter().map(|row| &row.header);
    let mut named = rows.filter(|header| header.exists() && header.reference.kind == kind);
    named.find(|header| {
        header.reference.name == service.reference.name
            && header.reference.namespace == service.reference.namespace
    })
}

/// Slices that mirror Endpoints made by hand, one per subset.
fn mirrors(row: &Service, made: &Header) -> Vec<Value> {
    if made
        .labels
        .get("endpointslice.kubernetes.io/skip-mirror")
        .is_some_and(|said| said == "true")
    {
        return Vec::new();
    }
    let subsets = made.doc["subsets"].as_array().into_iter().flatten();
    subsets
        .enumerate()
        .map(|(index, subset)| mirror(row, made, index, subset))
        .collect()
}

fn mirror(row: &Service, made: &Header, index: usize, subset: &Value) -> Value {
    let ready = mirrored(&subset["addresses"], true);
    let waiting = mirrored(&subset["notReadyAddresses"], false);
    let mut labels = meta::labels_value(&made.labels);
    labels[SERVICE_NAME] = row.header.reference.name.as_str().into();
    labels[MANAGED_BY] = "endpointslicemirroring-controller.k8s.io".into();
    let mut ports = subset["ports"].clone();
    for port in ports.as_array_mut().into_iter().flatten() {
        super::defaults::default(port, "name", "");
        super::defaults::default(port, "protocol", "TCP");
    }
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": slice_name(made, index),
            "generateName": format!("{}-", made.reference.name),
            "namespace": made.reference.namespace.as_str(),
            "generation": 1,
            "labels": labels,
            "ownerReferences": meta::owner(made),
            "resourceVersion": "1",
            "uid": ident::derived_uid(made.number, ident::Derived::Slice, index),
        },
        "addressType": "IPv4",
        "endpoints": ready.chain(waiting).collect::<Vec<_>>(),
        "ports": ports,
    })
}

fn mirrored(addresses: &Value, ready: bool) -> impl Iterator<Item = Value> {
    let list = addresses.as_array().cloned().unwrap_or_default();
    list.into_iter().map(move |one| {
        let mut out = json!({"addresses": [one["ip"]], "conditions": {"ready": ready}});
        for key in ["hostname", "nodeName", "targetRef"] {
            if !one[key].is_null() {
                out[key] = one[key].clone();
            }
        }
        out
    })
}

//! More changes by which faults come, made of the target as it is.

use crate::change::{container, field, path, pod_spec, service, update, workload};
use crate::words::selects;
use aegis_model::objects::Workload;
use aegis_model::{FieldChange, FieldPath, ObjectChange, Objects, Target, WorkloadId};
use serde_json::{Value, json};
use std::sync::Arc;

/// A field of the first container.
fn of_container(
    objects: &Objects,
    target: Target,
    change: impl Fn(&Value) -> Option<(&'static str, Value)>,
) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (place, value) = container(row)?;
    let (key, after) = change(value)?;
    Some(update(
        &row.header,
        vec![field(&row.header, place.key(key), after)],
    ))
}

/// The image under another name.
fn renamed(
    objects: &Objects,
    target: Target,
    name: impl Fn(&str, &str) -> String,
) -> Option<ObjectChange> {
    of_container(objects, target, |value| {
        let image = value["image"].as_str()?.split('@').next()?;
        let last = image.rsplit('/').next()?;
        Some(("image", name(image, last).into()))
    })
}

/// The same release, built for another kind of CPU.
pub fn other_architecture(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    renamed(objects, target, |image, last| {
        let separator = if last.contains(':') { "-" } else { ":" };
        format!("{image}{separator}s390x")
    })
}

/// The same release in a registry that wants a credential.
pub fn private_registry(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    renamed(objects, target, |_, last| {
        format!("registry.private.example.com/team/{last}")
    })
}

/// The same release in a registry whose name is misspelt.
pub fn unknown_registry(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    renamed(objects, target, |_, last| {
        format!("registry.exmaple.internal/team/{last}")
    })
}

/// The first variable of the first container that names `host:port`: its position and value.
pub(crate) fn address(value: &Value) -> Option<(usize, &str)> {
    let variables = value["env"].as_array()?;
    variables.iter().enumerate().find_map(|(index, variable)| {
        let text = variable["value"].as_str()?;
        let (host, port) = text.rsplit_once(':')?;
        let named = host.ends_with(|c: char| c.is_ascii_alphanumeric());
        (named && port.parse::<u16>().is_ok()).then_some((index, text))
    })
}

/// The variable that names an address is gone.
pub fn no_variable(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    of_container(objects, target, |value| {
        let (index, _) = address(value)?;
        let mut variables = value["env"].as_array()?.clone();
        variables.remove(index);
        Some(("env", variables.into()))
    })
}

/// The variable that names an address stands a second time, with another port.
pub fn shadowed_variable(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    of_container(objects, target, |value| {
        let (index, text) = address(value)?;
        let (host, _) = text.rsplit_once(':')?;
        let mut variables = value["env"].as_array()?.clone();
        let mut second = variables[index].clone();
        second["value"] = format!("{host}:9").into();
        variables.push(second);
        Some(("env", variables.into()))
    })
}

/// A variable that a container takes from `NAME-settings`.
pub fn variable_from_settings(
    objects: &Objects,
    target: Target,
    _: &[f64],
) -> Option<ObjectChange> {
    let name = &workload(objects, target)?.header.reference.name;
    of_container(objects, target, |value| {
        let mut variables = value["env"].as_array().cloned().unwrap_or_default();
        variables.push(json!({
            "name": "LEDGER_ADDRESS",
            "valueFrom": {"configMapKeyRef": {"name": format!("{name}-settings"), "key": "ADDRESS"}},
        }));
        Some(("env", variables.into()))
    })
}

/// A variable of the runtime that makes it collect garbage all the time.
pub fn collect_always(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    of_container(objects, target, |value| {
        let mut variables = value["env"].as_array().cloned().unwrap_or_default();
        variables.push(json!({"name": "GOGC", "value": "2"}));
        Some(("env", variables.into()))
    })
}

/// A liveness probe without patience.
pub fn hasty_liveness(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    of_container(objects, target, |value| {
        let mut probe = value["livenessProbe"].as_object().cloned().or_else(|| {
            let port = value["ports"][0]["containerPort"].clone();
            json!({"tcpSocket": {"port": port}}).as_object().cloned()
        })?;
        for (key, number) in [
            ("initialDelaySeconds", 0),
            ("periodSeconds", 1),
            ("timeoutSeconds", 1),
            ("failureThreshold", 1),
        ] {
            probe.insert(key.into(), number.into());
        }
        Some(("livenessProbe", Value::Object(probe)))
    })
}

/// A readiness probe that begins after an hour.
pub fn late_readiness(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    of_container(objects, target, |value| {
        let mut probe = value["readinessProbe"].as_object().cloned().or_else(|| {
            let port = value["ports"][0]["containerPort"].clone();
            json!({"tcpSocket": {"port": port}}).as_object().cloned()
        })?;
        probe.insert("initialDelaySeconds".into(), 3600.into());
        Some(("readinessProbe", Value::Object(probe)))
    })
}

/// A container beside the first that listens on its port.
pub fn greedy_sidecar(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (_, value) = container(row)?;
    let port = value["ports"][0]["containerPort"].as_u64()?;
    let place = pod_spec(row).key("containers");
    let mut containers = place.get(&row.header.doc)?.as_array()?.clone();
    containers.push(json!({
        "name": "metrics-proxy",
        "image": "example/metrics-proxy:1.2",
        "args": [format!("--listen=:{port}")],
        "ports": [{"containerPort": port}],
    }));
    Some(update(
        &row.header,
        vec![field(&row.header, place, containers.into())],
    ))
}

/// The first port of a Service as UDP.
pub fn wrong_protocol(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = service(objects, target)?;
    let ports = path("spec.ports");
    let mut all = ports.get(&row.header.doc)?.as_array()?.clone();
    all.first_mut()?["protocol"] = "UDP".into();
    Some(update(
        &row.header,
        vec![field(&row.header, ports, all.into())],
    ))
}

/// Pods of something else that carry the labels of a Service's selector.
pub fn foreign_pods(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = service(objects, target)?;
    let reference = &row.header.reference;
    let mut labels: Vec<(String, Value)> = row
        .spec
        .selector
        .iter()
        .map(|(key, value)| (key.to_string(), value.as_str().into()))
        .collect();
    labels.first()?;
    labels.push(("role".into(), "batch".into()));
    let labels: Value = Value::Object(labels.into_iter().collect());
    created(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": format!("{}-batch", reference.name), "namespace": reference.namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{
                    "name": "batch",
                    "image": "example/batch:1.4",
                    "ports": [{"containerPort": 8082}],
                }]},
            },
        },
    }))
}

fn created(document: Value) -> Option<ObjectChange> {
    Some(ObjectChange::Create {
        document: Arc::new(document),
    })
}

/// A memory limit of sixteen mebibytes.
pub fn squeezed_memory(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (place, _) = container(row)?;
    let of = |part: &str, amount: &str| {
        let place = place.key("resources").key(part).key("memory");
        field(&row.header, place, amount.into())
    };
    Some(update(
        &row.header,
        vec![of("limits", "8Mi"), of("requests", "8Mi")],
    ))
}

/// Pods that share a node with none of their own, one more than there are nodes.
pub fn lonely_pods(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let nodes = objects.nodes.iter().filter(|row| row.header.exists());
    apart(objects, target, nodes.count() as u32 + 1)
}

/// Two pods that share a node with none of their own.
pub fn two_apart(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    apart(objects, target, 2)
}

fn apart(objects: &Objects, target: Target, replicas: u32) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    row.spec.replicas()?;
    let labels = &row.spec.template().metadata.labels;
    let affinity = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": labels},
    }]}});
    let fields: Vec<FieldChange> = vec![
        field(&row.header, pod_spec(row).key("affinity"), affinity),
        field(&row.header, path("spec.replicas"), replicas.into()),
    ];
    Some(update(&row.header, fields))
}

/// A tenant whose pods request most of every node.
pub fn greedy_tenant(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let namespace = &workload(objects, target)?.header.reference.namespace;
    let nodes: Vec<f64> = (objects.nodes.iter())
        .filter(|row| row.header.exists())
        .map(|row| {
            row.capacity
                .allocatable
                .cpu()
                .map_or(1.0, aegis_model::Millicores::cores)
        })
        .collect();
    let smallest = nodes.iter().copied().fold(f64::INFINITY, f64::min);
    let request = format!("{}m", (smallest * 980.0) as u64);
    created(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "tenant-batch", "namespace": namespace},
        "spec": {
            "replicas": nodes.len(),
            "selector": {"matchLabels": {"tenant": "batch"}},
            "template": {
                "metadata": {"labels": {"tenant": "batch"}},
                "spec": {"containers": [{
                    "name": "batch",
                    "image": "registry.k8s.io/pause:3.10",
                    "resources": {"requests": {"cpu": request}},
                }]},
            },
        },
    }))
}

/// A new release of another served workload of the namespace.
pub fn new_release_of_other(
    objects: &Objects,
    target: Target,
    sizes: &[f64],
) -> Option<ObjectChange> {
    let own = workload(objects, target)?;
    let is_other = |row: &Workload| {
        row.header.exists()
            && row.header.number > own.header.number
            && row.header.reference.namespace == own.header.reference.namespace
            && objects.services.iter().any(|service| selects(service, row))
    };
    let found = objects.workloads.enumerate().find(|(_, row)| is_other(row));
    let (index, _) = found?;
    crate::change::new_release(objects, Target::Workload(WorkloadId::from(index)), sizes)
}

/// Where the finalizers of an object stand.
#[must_use]
pub fn finalizers() -> FieldPath {
    path("metadata.finalizers")
}

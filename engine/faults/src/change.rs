//! Changes of objects by which visible faults come.
//!
//! Each maker reads the target as it is and says what a mistaken operator would
//! write; `None` where the target has nothing to get wrong in that way.

use aegis_model::kubernetes::Kind;
use aegis_model::objects::{Header, Service, Workload};
use aegis_model::path::Segment;
use aegis_model::{FieldChange, FieldPath, ObjectChange, Objects, Quantity, Target};
use serde_json::{Value, json};
use smol_str::SmolStr;
use std::sync::Arc;

/// Makes the change, from the objects as they are, the target, and the fault's sizes.
pub type Maker = fn(&Objects, Target, &[f64]) -> Option<ObjectChange>;

/// `a.b.c`; keys with dots cannot be written so.
pub(crate) fn path(text: &str) -> FieldPath {
    FieldPath(
        text.split('.')
            .filter(|key| !key.is_empty())
            .map(|key| Segment::Key(key.into()))
            .collect(),
    )
}

/// Where the pod template's spec lies in a workload's document.
pub(crate) fn pod_spec(workload: &Workload) -> FieldPath {
    match workload.header.reference.kind {
        Kind::Pod => path("spec"),
        _ => path("spec.template.spec"),
    }
}

pub(crate) fn workload(objects: &Objects, target: Target) -> Option<&Workload> {
    match target {
        Target::Workload(id) => objects.workloads.get(id.index()),
        _ => None,
    }
}

pub(crate) fn service(objects: &Objects, target: Target) -> Option<&Service> {
    match target {
        Target::Service(id) => objects.services.get(id.index()),
        _ => None,
    }
}

/// The first container's path and document.
pub(crate) fn container(row: &Workload) -> Option<(FieldPath, &Value)> {
    let list = pod_spec(row).key("containers");
    let name = list.get(&row.header.doc)?.as_array()?.first()?["name"].as_str()?;
    let path = list.item("name", name);
    let value = path.get(&row.header.doc)?;
    Some((path, value))
}

/// One field set to `after`.
pub(crate) fn field(header: &Header, path: FieldPath, after: Value) -> FieldChange {
    FieldChange {
        before: path.get(&header.doc).cloned(),
        after: Some(after),
        path,
    }
}

pub(crate) fn update(header: &Header, fields: Vec<FieldChange>) -> ObjectChange {
    ObjectChange::Update {
        object: header.reference.clone(),
        fields,
    }
}

/// Appends to the tag of the first container's image.
fn retag(objects: &Objects, target: Target, suffix: &str) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (path, value) = container(row)?;
    let image = value["image"].as_str()?.split('@').next()?;
    let tagged = image.rsplit('/').next()?.contains(':');
    let separator = if tagged { "" } else { ":1" };
    let image = format!("{image}{separator}{suffix}");
    Some(update(
        &row.header,
        vec![field(&row.header, path.key("image"), image.into())],
    ))
}

/// A tag that the registry does not have.
pub fn missing_tag(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    retag(objects, target, "-rc")
}

/// A tag that the registry has, with a defect inside.
pub fn new_release(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    retag(objects, target, ".1")
}

/// A quantity times a factor, at least `least`; in its shortest form.
fn scaled(value: &Value, factor: f64, least: i128) -> Option<Value> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), String::from);
    let quantity: Quantity = text.parse().ok()?;
    let milli = ((quantity.milli as f64 * factor) as i128).max(least);
    Some(Quantity { milli }.to_string().into())
}

/// Sets limit and request of a resource to a share of its limit.
fn squeeze(objects: &Objects, target: Target, resource: &str, share: f64) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (path, value) = container(row)?;
    let resources = &value["resources"];
    let limit = &resources["limits"][resource];
    let base = if limit.is_null() {
        &resources["requests"][resource]
    } else {
        limit
    };
    // Whole mebibytes of memory, whole thousandths of CPU.
    let least = if resource == "memory" { 4 << 20 } else { 5 };
    let squeezed = scaled(base, share, least).map(|value| rounded(resource, value))?;
    let of = |part: &str| {
        let path = path.key("resources").key(part).key(resource);
        field(&row.header, path, squeezed.clone())
    };
    Some(update(&row.header, vec![of("limits"), of("requests")]))
}

/// Memory in whole mebibytes.
fn rounded(resource: &str, value: Value) -> Value {
    let parsed = value
        .as_str()
        .and_then(|text| text.parse::<Quantity>().ok());
    match parsed {
        Some(quantity) if resource == "memory" => {
            format!("{}Mi", (quantity.bytes().0 >> 20).max(4)).into()
        }
        _ => value,
    }
}

/// A memory limit that is a share of what it was.
pub fn low_memory_limit(objects: &Objects, target: Target, sizes: &[f64]) -> Option<ObjectChange> {
    squeeze(objects, target, "memory", *sizes.first()?)
}

/// A CPU limit that is a share of what it was.
pub fn low_cpu_limit(objects: &Objects, target: Target, sizes: &[f64]) -> Option<ObjectChange> {
    squeeze(objects, target, "cpu", *sizes.first()?)
}

/// A CPU request that no node has.
pub fn huge_request(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (path, _) = container(row)?;
    let of = |part: &str| {
        field(
            &row.header,
            path.key("resources").key(part).key("cpu"),
            "256".into(),
        )
    };
    Some(update(&row.header, vec![of("requests"), of("limits")]))
}

/// A probe that asks at a port where nobody listens.
fn wrong_probe(objects: &Objects, target: Target, probe: &str) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (path, value) = container(row)?;
    let port = 9;
    let broken = match value[probe].as_object() {
        None => json!({"tcpSocket": {"port": port}}),
        Some(fields) => {
            let mut fields = fields.clone();
            let way = ["httpGet", "tcpSocket", "grpc"]
                .into_iter()
                .find(|way| fields.contains_key(*way));
            match way.and_then(|way| fields.get_mut(way)) {
                Some(way) => way["port"] = port.into(),
                None => drop(fields.insert("exec".into(), json!({"command": ["/bin/false"]}))),
            }
            Value::Object(fields)
        }
    };
    Some(update(
        &row.header,
        vec![field(&row.header, path.key(probe), broken)],
    ))
}

/// A readiness probe that cannot succeed.
pub fn wrong_readiness(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    wrong_probe(objects, target, "readinessProbe")
}

/// A liveness probe that cannot succeed.
pub fn wrong_liveness(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    wrong_probe(objects, target, "livenessProbe")
}

/// A NetworkPolicy that lets nobody in.
pub fn deny_ingress(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let labels = &row.spec.template().metadata.labels;
    let document = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": format!("{}-ingress", row.header.reference.name),
            "namespace": row.header.reference.namespace,
        },
        "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"], "ingress": []},
    });
    Some(ObjectChange::Create {
        document: Arc::new(document),
    })
}

/// A selector that no pod has.
pub fn wrong_selector(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = service(objects, target)?;
    let (key, value) = row.spec.selector.iter().next()?;
    let place = path("spec.selector").key(key);
    Some(update(
        &row.header,
        vec![field(&row.header, place, format!("{value}-v2").into())],
    ))
}

/// A target port at which nobody listens.
pub fn wrong_target_port(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = service(objects, target)?;
    let first = row.spec.ports.first()?;
    let ports = path("spec.ports");
    let item = match &first.name {
        Some(name) => ports.item("name", name),
        None => ports.item("port", &SmolStr::from(first.port.to_string())),
    };
    Some(update(
        &row.header,
        vec![field(&row.header, item.key("targetPort"), 9999.into())],
    ))
}

/// The Service is gone.
pub fn no_service(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = service(objects, target)?;
    Some(ObjectChange::Delete {
        object: row.header.reference.clone(),
        document: row.header.doc.clone(),
    })
}

/// A ConfigMap or Secret is gone.
pub fn no_plain(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let Target::Plain(id) = target else {
        return None;
    };
    let header = &objects.plain.get(id.index())?.header;
    Some(ObjectChange::Delete {
        object: header.reference.clone(),
        document: header.doc.clone(),
    })
}

/// No replica is wanted.
pub fn no_replicas(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    row.spec
        .replicas()
        .filter(|_| row.header.reference.kind != Kind::Pod)?;
    Some(update(
        &row.header,
        vec![field(&row.header, path("spec.replicas"), 0.into())],
    ))
}

/// A node label that no node has.
pub fn wrong_node_selector(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let place = pod_spec(row).key("nodeSelector").key("disktype");
    Some(update(
        &row.header,
        vec![field(&row.header, place, "nvme".into())],
    ))
}

/// The autoscaler may not go above one replica.
pub fn low_autoscaler_max(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let name = &workload(objects, target)?.header.reference;
    let scaler = objects.autoscalers.iter().find(|scaler| {
        scaler.header.exists()
            && scaler.header.reference.namespace == name.namespace
            && scaler.spec.scale_target_ref.name == name.name
    })?;
    let of = |key: &str| field(&scaler.header, path("spec").key(key), 1.into());
    Some(update(
        &scaler.header,
        vec![of("maxReplicas"), of("minReplicas")],
    ))
}

/// The next port instead of the right one, in the first variable of the first container that names `host:port`.
pub fn wrong_variable(objects: &Objects, target: Target, _: &[f64]) -> Option<ObjectChange> {
    let row = workload(objects, target)?;
    let (path, value) = container(row)?;
    let (name, wrong) = value["env"].as_array()?.iter().find_map(|variable| {
        let (host, port) = variable["value"].as_str()?.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        let named = host.ends_with(|c: char| c.is_ascii_alphanumeric());
        let wrong = format!("{host}:{}", port.checked_add(1)?);
        named.then_some((variable["name"].as_str()?, wrong))
    })?;
    let place = path.key("env").item("name", name).key("value");
    Some(update(
        &row.header,
        vec![field(&row.header, place, wrong.into())],
    ))
}

//! Log lines, one JSON object a line: what Kubernetes' components and the applications print.

use super::told::{serving, unix};
use aegis_kube::print::EPOCH;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{ContainerState, EventRow, Pod};
use aegis_model::observation::{EdgeSample, LogCount};
use aegis_model::{Objects, Tick, WorkloadId};
use aegis_telemetry::{LogCondition, Speaker, klog, template};
use aegis_world::{Watched, World};
use serde_json::{Value, json};

/// Lines of one template and interval that are written out; each says for how many it stands.
const WRITTEN: u32 = 5;

fn write(out: &mut String, line: &Value) {
    *out += &line.to_string();
    out.push('\n');
}

/// What the components print in the second that has passed.
pub fn components(world: &World, out: &mut String) {
    let objects = world.objects();
    let now = world.now();
    for event in &world.journal().events {
        let mut rows = objects.events.iter();
        let same = |row: &&EventRow| {
            row.object == event.object
                && row.reason == event.reason
                && *row.message == *event.message
        };
        let Some(row) = rows.find(same) else { continue };
        if let Some(line) = component(objects, row, now) {
            write(out, &line);
        }
    }
}

fn component(objects: &Objects, row: &EventRow, now: Tick) -> Option<Value> {
    let pod = pod_of(objects, &row.object);
    let at = EPOCH.rfc3339(row.last.min(now));
    let uid = pod
        .map(|pod| aegis_kube::print::pod_uid(pod.number))
        .unwrap_or_default();
    let text = klog::line(&klog::Recorded {
        at: &at,
        component: &row.component,
        severity: row.severity,
        reason: &row.reason,
        message: &row.message,
        object: &row.object,
        api_version: aegis_kube::print::api_version(&row.object.kind),
        uid: &uid,
        waits: pod.map_or("", waits),
    })?;
    let mut line =
        json!({"time": at, "component": row.component.as_str(), "stream": "stderr", "line": text});
    if let Some(node) = row.host.and_then(|id| objects.nodes.get(id.index())) {
        line["node"] = node.header.reference.name.as_str().into();
    }
    Some(line)
}

fn pod_of<'a>(objects: &'a Objects, object: &ObjectRef) -> Option<&'a Pod> {
    if object.kind != Kind::Pod {
        return None;
    }
    let named = |pod: &&Pod| pod.name == object.name && pod.namespace == object.namespace;
    objects.pods.iter().filter(named).last()
}

/// Why a container of a pod waits.
fn waits(pod: &Pod) -> &str {
    let mut states = pod.containers.iter().map(|status| &status.state);
    let found = states.find_map(|state| match state {
        ContainerState::Waiting { message, .. } => message.as_deref(),
        _ => None,
    });
    found.unwrap_or_default()
}

/// What applications print in the interval that has passed, as far as it arrives.
pub fn applications(world: &World, watched: &Watched, out: &mut String) {
    let counted = &watched.counted;
    for log in &watched.seen.logs {
        let mut edges = counted
            .edges
            .iter()
            .filter(|edge| edge.from == log.workload);
        let edge = edges.find(|edge| log.template == called(world.objects(), edge));
        let text = match edge {
            Some(edge) => failed_call(world, watched, edge),
            None => template(LogCondition::InternalError, Speaker::Any).to_owned(),
        };
        spoken(world, log, counted.interval, &text, out);
    }
}

fn called(objects: &Objects, edge: &EdgeSample) -> String {
    let callee = &objects.services[edge.to.index()].header.reference.name;
    format!("error calling {callee}: <*>")
}

/// Why a call failed, as far as its callee's state tells, in the words of its protocol.
fn failed_call(world: &World, watched: &Watched, edge: &EdgeSample) -> String {
    let objects = world.objects();
    let service = &objects.services[edge.to.index()];
    let name = &service.header.reference.name;
    let port = service.spec.ports.first();
    let is_grpc = port.is_some_and(|port| {
        port.name
            .as_deref()
            .is_some_and(|name| name.contains("grpc"))
    });
    let speaker = if is_grpc { Speaker::Grpc } else { Speaker::Any };
    let ready = service.endpoints.iter().filter(|endpoint| endpoint.ready);
    let behind: Vec<WorkloadId> = ready
        .map(|endpoint| objects.pods[endpoint.pod.index()].workload)
        .collect();
    let fails = watched
        .counted
        .services
        .iter()
        .any(|sample| behind.contains(&sample.workload) && sample.requests.errors > 0.0);
    let condition = if !service.header.exists() {
        LogCondition::NameNotFound
    } else if behind.is_empty() {
        LogCondition::ConnectionRefused
    } else if fails {
        LogCondition::InternalError
    } else {
        LogCondition::Timeout
    };
    let address = format!("{name}:{}", port.map_or(80, |port| port.port));
    let took = watched
        .timing
        .edges
        .iter()
        .find(|row| (row.from, row.to) == (edge.from, edge.to));
    let took = format!("{:.1}s", took.map_or(0.0, |row| row.mean));
    let filled = template(condition, speaker).replacen("<*>", &address, 1);
    format!("error calling {name}: {}", filled.replacen("<*>", &took, 1))
}

/// A template's lines in an interval: a few, over its pods in turn, that stand for all.
fn spoken(world: &World, log: &LogCount, interval: f64, text: &str, out: &mut String) {
    let objects = world.objects();
    let pods = objects.workloads[log.workload.index()].pods.iter();
    let pods: Vec<&Pod> = pods.map(|id| &objects.pods[id.index()]).collect();
    if pods.is_empty() {
        return;
    }
    let written = log.count.min(WRITTEN);
    for number in 0..written {
        let pod = pods[number as usize % pods.len()];
        let template = &objects.templates[pod.template.index()].spec;
        let before = interval * f64::from(written - 1 - number) / f64::from(written);
        let at = unix(world) - before as i64;
        let stands = log.count / written + u32::from(number < log.count % written);
        write(
            out,
            &json!({
                "time": EPOCH.rfc3339(Tick((at - EPOCH.0).max(0) as u32)),
                "namespace": pod.namespace.as_str(),
                "pod": pod.name.as_str(),
                "container": serving(template).unwrap_or_default(),
                "stream": "stderr",
                "line": text,
                "count": stands,
            }),
        );
    }
}

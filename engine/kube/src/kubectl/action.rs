//! Actions as commands.

use super::{change, cordon, delete, drain, pause, restart, resume, roll_back, uncordon};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{Header, Objects};
use aegis_model::overlay::ProbeKind;
use aegis_model::{
    Action, Bytes, FieldChange, FieldPath, Millicores, ObjectChange, Quantity, Target, Way,
    WorkloadId,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The commands that do an action, in order; none for waiting, and for what names no object.
#[must_use]
pub fn render(objects: &Objects, action: &Action) -> Vec<String> {
    direct(objects, action).unwrap_or_else(|| {
        let write = write_of(objects, action);
        write.map_or_else(Vec::new, |(write, before)| change(&write, &before))
    })
}

/// The commands that take an action back, on the objects as they were before it; none where
/// there is nothing to take back (a restart, a deleted pod).
#[must_use]
pub fn undo(objects: &Objects, action: &Action) -> Vec<String> {
    match action {
        Action::RollBack { workload, .. } => {
            let row = objects.workloads.get(workload.index());
            row.map_or_else(Vec::new, |row| vec![roll_back(&row.header.reference, None)])
        }
        Action::PauseRollout(id) => verb(objects, *id, resume),
        Action::ResumeRollout(id) => verb(objects, *id, pause),
        Action::Cordon(id) | Action::Drain(id) => {
            let row = objects.nodes.get(id.index());
            row.map_or_else(Vec::new, |row| vec![uncordon(&row.header.reference.name)])
        }
        Action::Uncordon(id) => {
            let row = objects.nodes.get(id.index());
            row.map_or_else(Vec::new, |row| vec![cordon(&row.header.reference.name)])
        }
        Action::Exec { on, procedure } => {
            let place = with_document(objects, *on);
            place.map_or_else(Vec::new, |(object, document)| {
                super::exec(&object, &document, *procedure, Way::TakenBack)
            })
        }
        _ => {
            let write = write_of(objects, action);
            write.map_or_else(Vec::new, |(write, before)| taken_back(&write, &before))
        }
    }
}

fn taken_back(write: &ObjectChange, before: &Value) -> Vec<String> {
    let after = match write {
        ObjectChange::Update { fields, .. } => {
            let mut after = before.clone();
            crate::patch::apply(&mut after, fields);
            after
        }
        _ => Value::Null,
    };
    let back = inverse(write);
    back.map_or_else(Vec::new, |back| change(&back, &after))
}

/// The change that takes one back, if any does.
fn inverse(change: &ObjectChange) -> Option<ObjectChange> {
    match change {
        ObjectChange::Create { document } => change.inverse(&crate::read::reference(document)),
        ObjectChange::Delete { object, .. }
        | ObjectChange::Update { object, .. }
        | ObjectChange::Exec { object, .. } => change.inverse(object),
    }
}

/// What a target is, with its document.
fn with_document(objects: &Objects, on: Target) -> Option<(ObjectRef, Value)> {
    let document = objects.header(on).map(|header| (*header.doc).clone());
    Some((objects.reference(on)?, document.unwrap_or_default()))
}

fn verb(objects: &Objects, id: WorkloadId, verb: fn(&ObjectRef) -> String) -> Vec<String> {
    let row = objects.workloads.get(id.index());
    row.map_or_else(Vec::new, |row| vec![verb(&row.header.reference)])
}

/// Actions that are a verb, and no change of fields.
fn direct(objects: &Objects, action: &Action) -> Option<Vec<String>> {
    let node = |id: &aegis_model::NodeId| {
        let row = objects.nodes.get(id.index())?;
        Some(row.header.reference.name.as_str())
    };
    Some(match action {
        Action::RestartRollout(id) => verb(objects, *id, restart),
        Action::PauseRollout(id) => verb(objects, *id, pause),
        Action::ResumeRollout(id) => verb(objects, *id, resume),
        Action::RollBack { workload, revision } => {
            let row = objects.workloads.get(workload.index())?;
            vec![roll_back(&row.header.reference, *revision)]
        }
        Action::Cordon(id) => vec![cordon(node(id)?)],
        Action::Uncordon(id) => vec![uncordon(node(id)?)],
        Action::Drain(id) => vec![drain(node(id)?)],
        Action::DeletePod(id) => {
            let pod = objects.pods.get(id.index())?;
            let object = ObjectRef::new(Kind::Pod, &pod.namespace, &pod.name);
            vec![delete(&object)]
        }
        Action::Exec { on, procedure } => {
            let (object, document) = with_document(objects, *on)?;
            super::exec(&object, &document, *procedure, Way::Done)
        }
        Action::Observe { check, .. } => vec![check.clone()],
        Action::Wait(_) => Vec::new(),
        _ => return None,
    })
}

/// Prefix of the annotations by which limits of traffic are set; what reads them is the
/// application's proxy or library, in the simulator its queueing model.
pub const TRAFFIC: &str = "traffic.aegis.dev/";

/// Fields to set, by path.
type Fields = Vec<(FieldPath, Option<Value>)>;

/// The write that an action is, and the document that it is made to.
fn write_of(objects: &Objects, action: &Action) -> Option<(ObjectChange, Value)> {
    match action {
        Action::DeletePolicy(id) => {
            let header = &objects.policies.get(id.index())?.header;
            let write = ObjectChange::Delete {
                object: header.reference.clone(),
                document: Arc::clone(&header.doc),
            };
            return Some((write, Value::Null));
        }
        Action::RevertChange(position) => {
            let record = objects.changes.get(*position as usize)?;
            let before = document_of(objects, &record.object).unwrap_or_default();
            return Some((record.change.inverse(&record.object)?, before));
        }
        _ => {}
    }
    let (header, fields) = fields_of(objects, action)?;
    let change = |(path, after): (FieldPath, Option<Value>)| {
        let before = path.get(&header.doc).cloned();
        let differs = before != after;
        differs.then_some(FieldChange {
            path,
            before,
            after,
        })
    };
    let write = ObjectChange::Update {
        object: header.reference.clone(),
        fields: fields.into_iter().filter_map(change).collect(),
    };
    Some((write, (*header.doc).clone()))
}

fn fields_of<'a>(objects: &'a Objects, action: &Action) -> Option<(&'a Header, Fields)> {
    if let Some((id, fields)) = of_workload(objects, action) {
        return Some((&objects.workloads.get(id.index())?.header, fields));
    }
    match action {
        Action::PatchAutoscaler {
            autoscaler,
            min,
            max,
        } => {
            let bounds = [("minReplicas", min), ("maxReplicas", max)];
            let given = bounds.into_iter().filter_map(|(key, n)| Some((key, (*n)?)));
            let fields = given.map(|(key, n)| (path("spec").key(key), Some(json!(n))));
            let header = &objects.autoscalers.get(autoscaler.index())?.header;
            Some((header, fields.collect()))
        }
        Action::PatchPolicy { policy, spec } => {
            let header = &objects.policies.get(policy.index())?.header;
            let spec = without_empty(serde_json::to_value(&**spec).ok()?);
            Some((header, vec![(path("spec"), Some(spec))]))
        }
        Action::PatchService {
            service,
            field,
            value,
        } => {
            let header = &objects.services.get(service.index())?.header;
            Some((header, vec![(field.clone(), value.clone())]))
        }
        Action::ShedTraffic { service, share } => {
            let header = &objects.services.get(service.index())?.header;
            let value = (*share > 0.0).then(|| json!(format!("{share}")));
            Some((header, vec![(annotation("shed"), value)]))
        }
        _ => None,
    }
}

fn of_workload(objects: &Objects, action: &Action) -> Option<(WorkloadId, Fields)> {
    Some(match action {
        Action::Scale { workload, replicas } => (
            *workload,
            vec![(path("spec").key("replicas"), Some(json!(replicas)))],
        ),
        Action::SetResources {
            workload,
            container,
            cpu,
            memory,
        } => (*workload, resources(&place(container), *cpu, *memory)),
        Action::SetImage {
            workload,
            container,
            image,
        } => {
            let path = place(container).key("image");
            (*workload, vec![(path, Some(json!(image)))])
        }
        Action::SetEnv {
            workload,
            container,
            name,
            value,
        } => {
            let variable = place(container).key("env").item("name", name);
            let document = &objects.workloads.get(workload.index())?.header.doc;
            let is_new = variable.get(document).is_none();
            let field = match value {
                Some(value) if is_new => (variable, Some(json!({"name": name, "value": value}))),
                Some(value) => (variable.key("value"), Some(json!(value))),
                None => (variable, None),
            };
            (*workload, vec![field])
        }
        Action::PatchProbe {
            workload,
            container,
            probe,
            value,
        } => {
            let path = place(container).key(probe_field(*probe));
            (*workload, vec![(path, value.clone())])
        }
        _ => return of_traffic(objects, action),
    })
}

/// Limits of traffic, which are annotations.
fn of_traffic(objects: &Objects, action: &Action) -> Option<(WorkloadId, Fields)> {
    Some(match action {
        Action::LimitConcurrency {
            workload,
            workers,
            queue,
        } => {
            let limits = [("workers", workers), ("queue", queue)];
            let given = limits
                .into_iter()
                .filter_map(|(name, n)| Some((name, (*n)?)));
            let fields = given.map(|(name, n)| (annotation(name), Some(json!(n.to_string()))));
            (*workload, fields.collect())
        }
        Action::SetRetries {
            workload,
            service,
            retries,
            timeout,
        } => {
            let name = &objects.services.get(service.index())?.header.reference.name;
            let retries = retries.map(|n| (format!("retries.{name}"), n.to_string()));
            let timeout = timeout.map(|s| (format!("timeout.{name}"), format!("{s}s")));
            let given = retries.into_iter().chain(timeout);
            let fields = given.map(|(note, text)| (annotation(&note), Some(json!(text))));
            (*workload, fields.collect())
        }
        _ => return None,
    })
}

fn path(key: &str) -> FieldPath {
    FieldPath::default().key(key)
}

fn place(container: &str) -> FieldPath {
    let spec = path("spec").key("template").key("spec");
    spec.key("containers").item("name", container)
}

fn annotation(name: &str) -> FieldPath {
    path("metadata")
        .key("annotations")
        .key(&format!("{TRAFFIC}{name}"))
}

const fn probe_field(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Startup => "startupProbe",
        ProbeKind::Liveness => "livenessProbe",
        ProbeKind::Readiness => "readinessProbe",
    }
}

fn resources(
    container: &FieldPath,
    cpu: Option<(Millicores, Millicores)>,
    memory: Option<(Bytes, Bytes)>,
) -> Fields {
    let milli = |amount: Millicores| Quantity {
        milli: i128::from(amount.0),
    };
    let cpu = cpu.map(|(limit, request)| ("cpu", milli(limit), milli(request)));
    let whole = |amount: Bytes| Quantity::whole(amount.0);
    let memory = memory.map(|(limit, request)| ("memory", whole(limit), whole(request)));
    let base = container.key("resources");
    let mut fields = Vec::new();
    for (name, limit, request) in cpu.into_iter().chain(memory) {
        fields.push((base.key("limits").key(name), Some(json!(limit))));
        fields.push((base.key("requests").key(name), Some(json!(request))));
    }
    fields
}

/// A typed value without what it does not say: absent and empty parts below a list's item count as
/// not given, but an empty selector selects everything and stays.
fn without_empty(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|key, field| {
            let selector = key.to_ascii_lowercase().ends_with("selector");
            *field = without_empty(field.take());
            let empty = field.as_array().is_some_and(Vec::is_empty)
                || field
                    .as_object()
                    .is_some_and(|inner| inner.is_empty() && !selector);
            !field.is_null() && !empty
        });
    }
    if let Some(items) = value.as_array_mut() {
        for item in items {
            *item = without_empty(item.take());
        }
    }
    value
}

/// The document of an object that exists.
fn document_of(objects: &Objects, object: &ObjectRef) -> Option<Value> {
    let headers = headers(objects);
    let found = headers.filter(|header| header.exists() && header.reference == *object);
    found.last().map(|header| (*header.doc).clone())
}

fn headers(objects: &Objects) -> impl Iterator<Item = &Header> {
    let first = objects.nodes.iter().map(|row| &row.header);
    first
        .chain(objects.workloads.iter().map(|row| &row.header))
        .chain(objects.services.iter().map(|row| &row.header))
        .chain(objects.autoscalers.iter().map(|row| &row.header))
        .chain(objects.policies.iter().map(|row| &row.header))
        .chain(objects.budgets.iter().map(|row| &row.header))
        .chain(objects.volumes.iter().map(|row| &row.header))
        .chain(objects.claims.iter().map(|row| &row.header))
        .chain(objects.classes.iter().map(|row| &row.header))
        .chain(objects.plain.iter().map(|row| &row.header))
}

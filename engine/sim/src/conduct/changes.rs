//! From an action to the writes that it is.

use aegis_cluster::{Cluster, api};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::overlay::ProbeKind;
use aegis_model::{
    Action, Bytes, FieldChange, FieldPath, Millicores, ObjectChange, Procedure, Quantity, Target,
    Tick, Way, WorkloadId,
};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use serde_json::{Value, json};

/// Why an action cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The writes of an action, in order; none for what is no write.
///
/// # Errors
/// What the action names is not there, or cannot be changed so.
pub fn changes_of<P: Clone>(
    cluster: &Cluster<P>,
    action: &Action,
) -> Result<Vec<ObjectChange>, Refusal> {
    if let Some(fields) = of_template(cluster, action).or_else(|| of_traffic(cluster, action)) {
        return Ok(fields);
    }
    match action {
        Action::RestartRollout(workload) => restart(cluster, *workload),
        Action::RollBack { workload, revision } => roll_back(cluster, *workload, *revision),
        Action::RevertChange(position) => revert(cluster, *position),
        Action::Exec { on, procedure } => Ok(vec![exec(cluster, *on, *procedure)?]),
        Action::PatchPolicy { policy, spec } => {
            let spec = serde_json::to_value(&**spec).map_err(|error| Refusal(error.to_string()))?;
            let place = Place::of(&cluster.objects.policies[policy.index()].header);
            Ok(place.set("spec", Some(spec)))
        }
        _ => Ok(of_object(cluster, action)),
    }
}

/// Writes below a workload's pod template; `None` for other actions.
fn of_template<P: Clone>(cluster: &Cluster<P>, action: &Action) -> Option<Vec<ObjectChange>> {
    let (workload, fields) = match action {
        Action::SetResources {
            workload,
            container,
            cpu,
            memory,
        } => (workload, resources(container, *cpu, *memory)),
        Action::SetImage {
            workload,
            container,
            image,
        } => (
            workload,
            vec![(container_path(container).key("image"), Some(json!(image)))],
        ),
        Action::SetEnv {
            workload,
            container,
            name,
            value,
        } => {
            let variable = container_path(container).key("env").item("name", name);
            let document = &cluster.objects.workloads[workload.index()].header.doc;
            // A variable that is new, or came from elsewhere, is written whole: so it is taken back whole.
            let has_value = variable.key("value").get(document).is_some();
            let change = match value {
                Some(value) if has_value => (variable.key("value"), Some(json!(value))),
                Some(value) => (variable, Some(json!({"name": name, "value": value}))),
                None => (variable, None),
            };
            (workload, vec![change])
        }
        Action::PatchProbe {
            workload,
            container,
            probe,
            value,
        } => (
            workload,
            vec![(
                container_path(container).key(probe_field(*probe)),
                value.clone(),
            )],
        ),
        _ => return None,
    };
    Some(workload_place(cluster, *workload).put(fields))
}

/// Writes of traffic limits; `None` for other actions.
fn of_traffic<P: Clone>(cluster: &Cluster<P>, action: &Action) -> Option<Vec<ObjectChange>> {
    let text = |name: &str, value: Option<String>| {
        value.map(|value| (annotation(name), Some(json!(value))))
    };
    match action {
        Action::LimitConcurrency {
            workload,
            workers,
            queue,
        } => {
            let limits = [("workers", workers), ("queue", queue)];
            let fields = limits
                .iter()
                .filter_map(|(name, n)| text(name, n.map(|n| n.to_string())));
            Some(workload_place(cluster, *workload).put(fields.collect()))
        }
        Action::SetRetries {
            workload,
            service,
            retries,
            timeout,
        } => {
            let name = &cluster.objects.services[service.index()]
                .header
                .reference
                .name;
            let retries = text(&format!("retries.{name}"), retries.map(|n| n.to_string()));
            let timeout = text(&format!("timeout.{name}"), timeout.map(|s| format!("{s}")));
            Some(
                workload_place(cluster, *workload)
                    .put(retries.into_iter().chain(timeout).collect()),
            )
        }
        Action::ShedTraffic { service, share } => {
            let value = (*share > 0.0).then(|| json!(format!("{share}")));
            let place = Place::of(&cluster.objects.services[service.index()].header);
            Some(place.put(vec![(annotation("shed"), value)]))
        }
        _ => None,
    }
}

/// Writes of one field, or of a whole object; none for what is no write.
fn of_object<P: Clone>(cluster: &Cluster<P>, action: &Action) -> Vec<ObjectChange> {
    let objects = &cluster.objects;
    let cordoned = |id: &aegis_model::NodeId, after: Option<Value>| {
        Place::of(&objects.nodes[id.index()].header).set("spec.unschedulable", after)
    };
    match action {
        Action::Scale { workload, replicas } => {
            workload_place(cluster, *workload).set("spec.replicas", Some(json!(replicas)))
        }
        Action::PauseRollout(workload) => {
            workload_place(cluster, *workload).set("spec.paused", Some(json!(true)))
        }
        Action::ResumeRollout(workload) => {
            workload_place(cluster, *workload).set("spec.paused", None)
        }
        Action::PatchAutoscaler {
            autoscaler,
            min,
            max,
        } => {
            let place = Place::of(&objects.autoscalers[autoscaler.index()].header);
            let bounds = [("spec.minReplicas", min), ("spec.maxReplicas", max)];
            let field =
                |(path, n): &(&str, &Option<u32>)| n.map(|n| (path_of(path), Some(json!(n))));
            place.put(bounds.iter().filter_map(field).collect())
        }
        Action::Cordon(id) | Action::Drain(id) => cordoned(id, Some(json!(true))),
        Action::Uncordon(id) => cordoned(id, None),
        Action::DeletePolicy(id) => vec![Place::of(&objects.policies[id.index()].header).delete()],
        Action::PatchService {
            service,
            field,
            value,
        } => {
            let place = Place::of(&objects.services[service.index()].header);
            place.put(vec![(field.clone(), value.clone())])
        }
        _ => Vec::new(),
    }
}

/// Prefix of the annotations by which traffic limits are set.
pub const TRAFFIC: &str = "traffic.aegis.dev/";

fn annotation(name: &str) -> FieldPath {
    path_of("metadata.annotations").key(&format!("{TRAFFIC}{name}"))
}

/// A path that is written in this file; one that does not parse changes nothing.
fn path_of(text: &str) -> FieldPath {
    text.parse().unwrap_or_default()
}

fn container_path(container: &str) -> FieldPath {
    path_of("spec.template.spec.containers").item("name", container)
}

const fn probe_field(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Startup => "startupProbe",
        ProbeKind::Liveness => "livenessProbe",
        ProbeKind::Readiness => "readinessProbe",
    }
}

/// An object whose fields are to change.
struct Place<'a> {
    reference: &'a ObjectRef,
    document: &'a aegis_model::Doc,
}

impl<'a> Place<'a> {
    fn of(header: &'a aegis_model::objects::Header) -> Self {
        Self {
            reference: &header.reference,
            document: &header.doc,
        }
    }

    fn set(&self, path: &str, after: Option<Value>) -> Vec<ObjectChange> {
        self.put(vec![(path_of(path), after)])
    }

    /// Fields that already have their value are left out; nothing to change is no write.
    fn put(&self, fields: Vec<(FieldPath, Option<Value>)>) -> Vec<ObjectChange> {
        let change = |(path, after): (FieldPath, Option<Value>)| {
            let before = path.get(self.document).cloned();
            (before != after).then_some(FieldChange {
                path,
                before,
                after,
            })
        };
        let fields: Vec<FieldChange> = fields.into_iter().filter_map(change).collect();
        if fields.is_empty() {
            return Vec::new();
        }
        vec![ObjectChange::Update {
            object: self.reference.clone(),
            fields,
        }]
    }

    fn delete(&self) -> ObjectChange {
        ObjectChange::Delete {
            object: self.reference.clone(),
            document: Arc::clone(self.document),
        }
    }
}

fn workload_place<P: Clone>(cluster: &Cluster<P>, workload: WorkloadId) -> Place<'_> {
    Place::of(&cluster.objects.workloads[workload.index()].header)
}

/// `kubectl rollout restart`: an annotation on the template.
fn restart<P: Clone>(
    cluster: &Cluster<P>,
    workload: WorkloadId,
) -> Result<Vec<ObjectChange>, Refusal> {
    let place = workload_place(cluster, workload);
    if place.reference.kind == Kind::Pod {
        return Err(Refusal(
            "a bare pod cannot be restarted by a rollout".to_string(),
        ));
    }
    let path =
        path_of("spec.template.metadata.annotations").key("kubectl.kubernetes.io/restartedAt");
    Ok(place.put(vec![(path, Some(json!(moment(cluster.clock))))]))
}

/// A clock that counts from a fixed day: what kubectl writes is a time, and only its change matters.
fn moment(now: Tick) -> String {
    let (hours, minutes, seconds) = (now.0 / 3600, now.0 / 60 % 60, now.0 % 60);
    format!(
        "2025-01-{:02}T{:02}:{minutes:02}:{seconds:02}Z",
        1 + hours / 24,
        hours % 24
    )
}

/// `kubectl rollout undo`: the template of an earlier revision.
fn roll_back<P: Clone>(
    cluster: &Cluster<P>,
    workload: WorkloadId,
    revision: Option<u32>,
) -> Result<Vec<ObjectChange>, Refusal> {
    let Some(template) = api::previous_template(cluster, workload, revision) else {
        return Err(Refusal(
            "there is no earlier revision to go back to".to_string(),
        ));
    };
    Ok(workload_place(cluster, workload).set("spec.template", Some((*template).clone())))
}

fn resources(
    container: &str,
    cpu: Option<(Millicores, Millicores)>,
    memory: Option<(Bytes, Bytes)>,
) -> Vec<(FieldPath, Option<Value>)> {
    let base = container_path(container).key("resources");
    let mut fields = Vec::new();
    let mut both = |name: &str, limit: Quantity, request: Quantity| {
        fields.push((base.key("limits").key(name), Some(json!(limit))));
        fields.push((base.key("requests").key(name), Some(json!(request))));
    };
    let millis = |cpu: Millicores| Quantity {
        milli: i128::from(cpu.0),
    };
    if let Some((limit, request)) = cpu {
        both("cpu", millis(limit), millis(request));
    }
    if let Some((limit, request)) = memory {
        both(
            "memory",
            Quantity::whole(limit.0),
            Quantity::whole(request.0),
        );
    }
    fields
}

fn revert<P: Clone>(cluster: &Cluster<P>, position: u32) -> Result<Vec<ObjectChange>, Refusal> {
    let record = cluster.objects.changes.get(position as usize);
    let record = record.ok_or_else(|| Refusal("the record has no such change".to_string()))?;
    let inverse = record.change.inverse(&record.object);
    if inverse.is_none() && !matches!(*record.change, ObjectChange::Exec { .. }) {
        return Err(Refusal("the change cannot be taken back".to_string()));
    }
    // What a command did and none takes back stays.
    Ok(inverse.into_iter().collect())
}

/// A command on what a target is.
fn exec<P: Clone>(
    cluster: &Cluster<P>,
    on: Target,
    procedure: Procedure,
) -> Result<ObjectChange, Refusal> {
    let object = match on {
        Target::Policy(_) | Target::Plain(_) => None,
        _ => cluster.objects.reference(on),
    };
    let object = object.ok_or_else(|| Refusal("there is nothing to do it to".to_string()))?;
    Ok(ObjectChange::Exec {
        object,
        on,
        procedure,
        way: Way::Done,
    })
}

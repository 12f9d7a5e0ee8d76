//! Whether a plan can be taken back: tried on a twin before it is applied.
//!
//! The plan is played on a twin of now as it would be applied, then taken back as it would be, and what users wrote of
//! the objects is compared with a twin that only waited as long. What a cluster writes for itself does not count:
//! statuses, generations, what controllers own, replicas that an autoscaler sets, taints by which nodes are reported.
//! Some actions are known to be one way whatever the objects say afterwards: what was stored is gone.

use crate::case::Case;
use crate::trial::{Player, Trial};
use crate::twin::Twin;
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{Header, Workload};
use aegis_model::procedure::Back;
use aegis_model::{
    Action, Conduct, FieldPath, NodeId, ObjectChange, Objects, Overlay, Plan, PodId,
};
use aegis_sim::Draws;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Seconds that a plan is given on the twin at most.
const LONGEST: u32 = 300;
/// Seconds between two looks at whether its steps are done.
const LOOK: u32 = 15;
/// Objects that are named at most.
const NAMED: usize = 4;

/// What an action does that nothing takes back, if anything.
#[must_use]
pub fn one_way(action: &Action, objects: &Objects) -> Option<&'static str> {
    match action {
        Action::DeletePod(pod) if is_bare(objects, *pod) => {
            Some("deletes a pod that nothing makes anew")
        }
        Action::Drain(node) if bare_pods_on(objects, *node) => {
            Some("evicts pods that nothing makes anew")
        }
        Action::Exec { procedure, .. } => match procedure.facts().back {
            Back::Lost(why) => Some(why),
            _ => action
                .emptied()
                .filter(|node| bare_pods_on(objects, *node))
                .map(|_| "ends pods that nothing makes anew"),
        },
        Action::Scale { workload, replicas } => {
            let row = objects.workloads.get(workload.index())?;
            let fewer = row.spec.replicas().is_some_and(|now| *replicas < now);
            (fewer && retention(row, "whenScaled"))
                .then_some("deletes the claims of pods that are scaled away, and what they store")
        }
        Action::RevertChange(change) => {
            let record = objects.changes.get(*change as usize)?;
            let created = matches!(*record.change, ObjectChange::Create { .. });
            let holds = match &record.object.kind {
                Kind::PersistentVolumeClaim | Kind::PersistentVolume | Kind::Namespace => true,
                Kind::Other(kind) => kind == "CustomResourceDefinition",
                Kind::StatefulSet => objects.workloads.iter().any(|row| {
                    row.header.reference == record.object && retention(row, "whenDeleted")
                }),
                _ => false,
            };
            (created && holds).then_some("deletes what holds data")
        }
        _ => None,
    }
}

/// Whether a StatefulSet's claims go on an occasion.
fn retention(row: &Workload, when: &str) -> bool {
    let policy = &row.header.doc["spec"]["persistentVolumeClaimRetentionPolicy"];
    policy[when] == "Delete"
}

fn is_bare(objects: &Objects, pod: PodId) -> bool {
    let workload = objects.pods.get(pod.index()).map(|pod| pod.workload);
    let row = workload.and_then(|workload| objects.workloads.get(workload.index()));
    row.is_some_and(|row| row.header.reference.kind == Kind::Pod)
}

fn bare_pods_on(objects: &Objects, node: NodeId) -> bool {
    let pods = objects.pods.enumerate();
    let mut here = pods.filter(|(_, pod)| pod.node == Some(node) && pod.is_active());
    here.any(|(id, _)| is_bare(objects, PodId::from(id)))
}

/// What a plan does that nothing takes back, step by step.
#[must_use]
pub fn known(objects: &Objects, plan: &Plan) -> Vec<String> {
    let known = plan.steps.iter().filter_map(|step| {
        let why = one_way(&step.action, objects)?;
        let what = crate::plan::describe(objects, &step.action);
        Some(format!("{what} {why}"))
    });
    known.collect()
}

/// Why a plan cannot wholly be taken back; empty where it can.
#[must_use]
pub fn why_not(case: &Case, plan: &Plan) -> Vec<String> {
    let Some(latest) = case.history.latest() else {
        return Vec::new();
    };
    let known = known(&latest.objects, plan);
    if known.is_empty() {
        tried(case, plan)
    } else {
        known
    }
}

/// What a plan leaves behind on a twin after it was taken back.
fn tried(case: &Case, plan: &Plan) -> Vec<String> {
    let Some(now) = Twin::from_history(case.history.all(), &case.calibration) else {
        return Vec::new();
    };
    let begin = trial(case, &now, Arc::new(plan.clone()));
    let mut done = Player::start(&begin);
    while done.conduct() == Conduct::Running && done.clock() < begin.until {
        done.run(&begin, done.clock().after(LOOK).min(begin.until));
    }
    let until = done.clock();
    let waits = trial(case, &now, Arc::new(crate::case::wait()));
    let mut waited = Player::start(&waits);
    waited.run(&waits, until);
    let (after, undone) = done.take_back();
    let left = left(&owned(waited.objects()), &owned(&after.cluster.objects));
    undone.err().into_iter().chain(left).collect()
}

fn trial(case: &Case, now: &Twin, plan: Arc<Plan>) -> Trial {
    Trial {
        twin: Arc::new(now.fork()),
        behaviours: Arc::new(case.calibration.draw(Draws::new(case.root), 0)),
        changes: Arc::default(),
        overlay: Overlay::none(),
        load: Arc::clone(&case.load),
        plan,
        decide: case.now,
        until: case.now.after(LONGEST),
        window: None,
        slack: 0,
        objectives: Arc::default(),
        stream: case.root,
    }
}

/// What users wrote of each object that exists, by its name.
#[must_use]
pub fn owned(objects: &Objects) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let scaled = scaled(objects);
    let mut add = |header: &Header| {
        if header.exists() && header.deletion.is_none() && !is_controlled(header) {
            let name = header.reference.to_string();
            let content = content(header, scaled.contains(&name));
            all.insert(name, content);
        }
    };
    let stays = |row: &&Workload| {
        row.header.reference.kind != Kind::Pod
            || row.pods.iter().any(|pod| {
                let pod = &objects.pods[pod.index()];
                pod.exists() && pod.deletion.is_none()
            })
    };
    let workloads = objects.workloads.iter();
    workloads.filter(stays).for_each(|row| add(&row.header));
    objects.services.iter().for_each(|row| add(&row.header));
    objects.nodes.iter().for_each(|row| add(&row.header));
    objects.policies.iter().for_each(|row| add(&row.header));
    objects.autoscalers.iter().for_each(|row| add(&row.header));
    objects.budgets.iter().for_each(|row| add(&row.header));
    objects.plain.iter().for_each(|row| add(&row.header));
    all
}

/// Names of workloads whose replicas an autoscaler sets.
fn scaled(objects: &Objects) -> BTreeSet<String> {
    let autoscalers = objects.autoscalers.iter();
    let of = |row: &aegis_model::objects::Autoscaler| {
        let target = &row.spec.scale_target_ref;
        let same = |known: &&Workload| {
            let reference = &known.header.reference;
            reference.namespace == row.header.reference.namespace
                && reference.kind.as_str() == target.kind
                && reference.name == target.name
        };
        let found = objects.workloads.iter().find(same)?;
        Some(found.header.reference.to_string())
    };
    autoscalers
        .filter(|row| row.header.exists())
        .filter_map(of)
        .collect()
}

/// Whether a controller made the object, and will again.
fn is_controlled(header: &Header) -> bool {
    let owners = header.doc["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|owners| !owners.is_empty())
}

/// A document without what the cluster writes.
fn content(header: &Header, scaled: bool) -> Value {
    let fields = header.doc.as_object().into_iter().flatten();
    let mut content: Map<String, Value> = fields
        .filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let metadata = &header.doc["metadata"];
    let kept = |key: &str| {
        let mut map = metadata[key].as_object().cloned().unwrap_or_default();
        map.retain(|name, _| !name.starts_with("deployment.kubernetes.io/"));
        Value::Object(map)
    };
    content.insert("labels".to_owned(), kept("labels"));
    content.insert("annotations".to_owned(), kept("annotations"));
    let mut content = Value::Object(content);
    if let Some(spec) = content.get_mut("spec").and_then(Value::as_object_mut) {
        if scaled {
            spec.remove("replicas");
        }
        if let Some(taints) = spec.get_mut("taints").and_then(Value::as_array_mut) {
            taints.retain(|taint| !reports(taint));
        }
    }
    prune(&mut content);
    content
}

/// Whether a taint is one by which the node controller reports.
fn reports(taint: &Value) -> bool {
    let key = taint["key"].as_str().unwrap_or_default();
    key.starts_with("node.kubernetes.io/")
}

/// Takes empty fields out, from the leaves up: a map that was made for a key stays behind it, and says nothing.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, field| !is_empty(field));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// What differs, in words.
#[must_use]
pub fn left(wanted: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) -> Vec<String> {
    let gone = wanted
        .iter()
        .filter_map(|(name, value)| match found.get(name) {
            None => Some(format!("{name} would be gone")),
            Some(other) if other != value => {
                let path = differing(value, other, FieldPath::default());
                Some(format!("{name} would keep another {path}"))
            }
            Some(_) => None,
        });
    let more = found.keys().filter(|name| !wanted.contains_key(*name));
    let more = more.map(|name| format!("{name} would stay"));
    gone.chain(more).take(NAMED).collect()
}

/// The first field in which two values differ.
fn differing(a: &Value, b: &Value, at: FieldPath) -> FieldPath {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else {
        return at;
    };
    let keys = a.keys().chain(b.keys());
    let mut differ = keys.filter(|key| a.get(*key) != b.get(*key));
    match differ.next() {
        None => at,
        Some(key) => {
            let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key));
            differing(a, b.unwrap_or(&Value::Null), at.key(key))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn objects(entries: &[(&str, Value)]) -> BTreeMap<String, Value> {
        let owned = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
        entries.iter().map(owned).collect()
    }

    #[test]
    fn what_stays_is_named_by_object_and_field() {
        let wanted = objects(&[
            ("Deployment/a/web", json!({"spec": {"replicas": 3, "x": 1}})),
            ("Pod/a/one", json!({})),
        ]);
        let found = objects(&[
            ("Deployment/a/web", json!({"spec": {"replicas": 2, "x": 1}})),
            ("Service/a/new", json!({})),
        ]);
        assert_eq!(
            left(&wanted, &found),
            [
                "Deployment/a/web would keep another spec.replicas",
                "Pod/a/one would be gone",
                "Service/a/new would stay",
            ]
        );
        assert_eq!(left(&wanted, &wanted), Vec::<String>::new());
    }
}

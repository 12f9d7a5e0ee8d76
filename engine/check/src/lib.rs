//! What the API server would refuse, in its words.
//!
//! Kinds that are simulated are checked as Kubernetes 1.34 validates them, as far as
//! the simulator reads them; other kinds by their version and name alone. Fields that
//! a kind does not have are warnings: the API server would drop them.
//! Source of rules and wording: pkg/apis/*/validation of kubernetes/kubernetes.

mod batch;
mod container;
pub mod custom;
mod dns;
mod downward;
mod expressions;
mod fields;
mod findings;
mod names;
mod other;
mod placing;
mod pod;
mod policy;
mod resources;
mod rows_of_kinds;
mod rows_of_pods;
mod rules;
mod selector;
mod service;
mod storage;
mod table;
mod values;
mod workload;

use aegis_kube::Document;
use aegis_kube::error::{Problem, ReadError};
use aegis_kube::typed::typed;
use aegis_kube::versions;
use aegis_model::FieldPath;
use aegis_model::kubernetes::{Kind, Metadata, NodeSpec, ObjectRef, PodTemplateSpec};
use aegis_model::path::Segment;
use findings::Findings;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// All problems of one document; empty where the API server would take it.
#[must_use]
pub fn check(document: &Document) -> Vec<ReadError> {
    let was = document.written_as.as_deref();
    let old = was.and_then(|version| versions::outdated(version, document.kind()));
    let problems = problems(&document.value).into_iter();
    let told = old.into_iter().chain(problems);
    let told = told.map(|(problem, help)| document.error(problem, help));
    document.warnings().iter().cloned().chain(told).collect()
}

/// All problems of an input: those of its documents, and objects that stand in it twice.
#[must_use]
pub fn check_all(documents: &[Document]) -> Vec<ReadError> {
    let mut seen: BTreeMap<(String, ObjectRef), &Document> = BTreeMap::new();
    let mut errors = Vec::new();
    for document in documents {
        errors.extend(check(document));
        let key = identity(document);
        if let Some(first) = seen.get(&key) {
            let problem = twice(&key.1, first, document);
            errors.push(document.error(problem, None));
        } else {
            seen.insert(key, document);
        }
    }
    errors
}

/// The documents without those that a later one describes again: of each object the last,
/// where the first one stands.
#[must_use]
pub fn last_of_each(documents: Vec<Document>) -> Vec<Document> {
    let mut places: BTreeMap<(String, ObjectRef), usize> = BTreeMap::new();
    let mut kept: Vec<Document> = Vec::with_capacity(documents.len());
    for document in documents {
        match places.entry(identity(&document)) {
            Entry::Occupied(place) => kept[*place.get()] = document,
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(document);
            }
        }
    }
    kept
}

/// What tells objects apart: their API group, and the reference.
fn identity(document: &Document) -> (String, ObjectRef) {
    let version = document.api_version();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    (group.to_owned(), document.reference())
}

/// The problem of an object that stands twice: a contradiction, or said again.
fn twice(object: &ObjectRef, first: &Document, again: &Document) -> Problem {
    let object_name = object.to_string();
    let place = first.place.clone();
    let holds = |document: &Document| {
        let mut value = (*document.value).clone();
        if let (Kind::Secret, Some(fields)) = (&object.kind, value.as_object_mut()) {
            fields.retain(|key, _| key != "data" && key != "stringData");
        }
        value
    };
    if first.value == again.value || holds(first) == holds(again) {
        return Problem::RepeatedObject {
            object: object_name,
            first: place,
        };
    }
    Problem::DuplicateObject {
        object: object_name,
        first: place,
    }
}

/// All problems of an object, with help where there is any.
#[must_use]
pub fn problems(object: &Value) -> Vec<(Problem, Option<String>)> {
    let mut findings = Findings::default();
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    if let Some((problem, help)) = versions::unserved(version, kind) {
        findings.push(problem, help);
        return findings.list;
    }
    fields::unknown(object, &mut findings);
    if versions::is_simulated(version, kind) {
        simulated(object, &Kind::from(kind), &mut findings);
    }
    other::check(object, version, kind, &mut findings);
    table::object(object, version, kind, &mut findings);
    findings.list
}

fn simulated(object: &Value, kind: &Kind, findings: &mut Findings) {
    let root = FieldPath::default();
    if let Some(meta) = part::<Metadata>(object, "metadata", findings) {
        names::metadata(&meta, kind, &root.key("metadata"), findings);
    }
    let at = root.key("spec");
    match kind {
        Kind::Deployment => with(object, &at, findings, workload::deployment),
        Kind::ReplicaSet => with(object, &at, findings, workload::replica_set),
        Kind::StatefulSet => with(object, &at, findings, workload::stateful_set),
        Kind::DaemonSet => with(object, &at, findings, workload::daemon_set),
        Kind::Service => with(object, &at, findings, service::service),
        Kind::HorizontalPodAutoscaler => with(object, &at, findings, policy::autoscaler),
        Kind::PodDisruptionBudget => with(object, &at, findings, policy::budget),
        Kind::NetworkPolicy => with(object, &at, findings, policy::network),
        Kind::Node => {
            if let Some(spec) = part::<NodeSpec>(object, "spec", findings) {
                policy::taints(&spec, &at.key("taints"), findings);
            }
        }
        Kind::Pod => bare_pod(object, &root, findings),
        _ => {}
    }
}

fn bare_pod(object: &Value, root: &FieldPath, findings: &mut Findings) {
    let pod = json!({"metadata": object["metadata"], "spec": object["spec"]});
    read::<PodTemplateSpec>(&pod, root, findings, |template, findings| {
        pod::spec(&template.spec, &root.key("spec"), findings);
    });
}

/// A part of an object, typed; a misfit is a finding.
fn part<T: DeserializeOwned + Default>(
    object: &Value,
    key: &str,
    findings: &mut Findings,
) -> Option<T> {
    let Some(value) = object.get(key) else {
        return Some(T::default());
    };
    match typed(value) {
        Ok(part) => Some(part),
        Err(problem) => {
            findings.misfit(problem, &FieldPath::default().key(key));
            None
        }
    }
}

/// Values that are no valid ones and are told of one part of an object.
const MOST_MISFITS: usize = 16;

/// Holds a value against rules, typed. What has the right type and no valid value is a finding, and the rest is
/// held against the rules without it: the API server tells of all such at once. What has another type is all that
/// it tells, as it cannot read the object.
fn read<T: DeserializeOwned>(
    value: &Value,
    root: &FieldPath,
    findings: &mut Findings,
    rules: impl FnOnce(&T, &mut Findings),
) {
    let before = match typed::<T>(value) {
        Ok(part) => return rules(&part, findings),
        Err(problem) => problem,
    };
    let (mut problem, mut rest) = (before, value.clone());
    for _ in 0..MOST_MISFITS {
        let path = match &problem {
            Problem::Invalid { path, .. } | Problem::Unsupported { path, .. } => path.clone(),
            _ => FieldPath::default(),
        };
        findings.misfit(problem, root);
        // Without an item the others of its list would stand elsewhere.
        let Some(Segment::Key(_)) = path.0.last() else {
            return;
        };
        path.set(&mut rest, None);
        match typed::<T>(&rest) {
            Ok(part) => {
                let told = findings.list.len();
                rules(&part, findings);
                findings.only_news(told);
                return;
            }
            Err(next) => problem = next,
        }
    }
}

fn with<T: DeserializeOwned + Default>(
    object: &Value,
    at: &FieldPath,
    findings: &mut Findings,
    rules: impl FnOnce(&T, &FieldPath, &mut Findings),
) {
    match object.get("spec") {
        None => rules(&T::default(), at, findings),
        Some(spec) => read::<T>(spec, at, findings, |spec, findings| {
            rules(spec, at, findings);
        }),
    }
}

/// A path with the position of a list's item appended.
fn item(path: &FieldPath, index: usize) -> FieldPath {
    let mut path = path.clone();
    path.0.push(Segment::Index(index));
    path
}

//! What the API server would refuse, in its words.
//!
//! Kinds that are simulated are checked as Kubernetes 1.34 validates them, as far as
//! the simulator reads them; other kinds by their version and name alone. Fields that
//! a kind does not have are warnings: the API server would drop them.
//! Source of rules and wording: pkg/apis/*/validation of kubernetes/kubernetes.

mod container;
mod fields;
mod findings;
mod names;
mod pod;
mod policy;
mod selector;
mod service;
mod versions;
mod workload;

use crate::error::{Problem, ReadError};
use crate::place::Place;
use crate::read::Document;
use crate::typed::typed;
use aegis_model::FieldPath;
use aegis_model::kubernetes::{Kind, Metadata, NodeSpec, ObjectRef, PodTemplateSpec};
use aegis_model::path::Segment;
use findings::Findings;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All problems of one document; empty where the API server would take it.
#[must_use]
pub fn check(document: &Document) -> Vec<ReadError> {
    let problems = problems(&document.value);
    problems
        .into_iter()
        .map(|(problem, help)| document.error(problem, help))
        .collect()
}

/// All problems of an input: those of its documents, and objects that stand in it twice.
#[must_use]
pub fn check_all(documents: &[Document]) -> Vec<ReadError> {
    let mut seen: BTreeMap<(String, ObjectRef), &Place> = BTreeMap::new();
    let mut errors = Vec::new();
    for document in documents {
        errors.extend(check(document));
        let group = document.api_version().split('/').next().unwrap_or_default();
        let key = (group.to_owned(), document.reference());
        if let Some(first) = seen.get(&key) {
            let problem = Problem::DuplicateObject {
                object: key.1.to_string(),
                first: (*first).clone(),
            };
            errors.push(document.error(problem, None));
        } else {
            seen.insert(key, &document.place);
        }
    }
    errors
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
    match typed::<PodTemplateSpec>(&pod) {
        Ok(template) => pod::spec(&template.spec, &root.key("spec"), findings),
        Err(problem) => findings.misfit(problem, &FieldPath::default()),
    }
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

fn with<T: DeserializeOwned + Default>(
    object: &Value,
    at: &FieldPath,
    findings: &mut Findings,
    rules: impl FnOnce(&T, &FieldPath, &mut Findings),
) {
    if let Some(spec) = part::<T>(object, "spec", findings) {
        rules(&spec, at, findings);
    }
}

/// A path with the position of a list's item appended.
fn item(path: &FieldPath, index: usize) -> FieldPath {
    let mut path = path.clone();
    path.0.push(Segment::Index(index));
    path
}

//! From plain manifests to one self-contained scenario.
//!
//! The rule: nodes of a size that requests fill to 60 %, load at each entry at
//! half of its capacity, default objectives.

use crate::capacity::{Capacity, capacities};
use crate::draft;
use crate::format::{Scenario, Spec, Traffic};
use crate::load::Loaded;
use aegis_kube::{Diagnostic, Document, yaml};
use aegis_model::Objects;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Share of its capacity at which an imported entry is loaded.
const LOAD: f64 = 0.5;

/// Plain manifests as a scenario, by the rule.
///
/// # Errors
/// What the API server refuses, at its place.
pub fn adopt(name: &str, documents: Vec<Document>) -> Result<Loaded, Vec<Diagnostic>> {
    settle(checked(of(name, documents))?)
}

/// The same with what the API server takes of them; what it refuses is told in [`Loaded::refused`].
///
/// # Errors
/// What is wrong beside, and all that is refused where nothing of it is taken.
pub fn adopt_taken(name: &str, documents: Vec<Document>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut loaded = checked(crate::load::without_invalid(of(name, documents)))?;
    draft::set_refused_aside(&mut loaded)?;
    settle(loaded)
}

/// A scenario of these documents, as they came.
fn of(name: &str, documents: Vec<Document>) -> Loaded {
    Loaded {
        scenario: bare(name),
        document: None,
        nodes: Vec::new(),
        manifests: documents,
        traces: BTreeMap::new(),
        warnings: Vec::new(),
        refused: Vec::new(),
    }
}

fn checked(mut loaded: Loaded) -> Result<Loaded, Vec<Diagnostic>> {
    let documents = std::mem::take(&mut loaded.manifests);
    let (mut errors, warnings) =
        crate::load::sorted(crate::load::shown(&aegis_check::check_all(&documents)));
    errors.extend(crate::nodes::beyond_bounds(&documents));
    if !errors.is_empty() {
        return Err(errors);
    }
    loaded.manifests = aegis_check::last_of_each(documents);
    loaded.nodes = crate::nodes::documents(None, &loaded.manifests);
    loaded.warnings = warnings;
    Ok(loaded)
}

/// With the load that the rule says.
fn settle(mut loaded: Loaded) -> Result<Loaded, Vec<Diagnostic>> {
    let founded = draft::found(&loaded)?;
    loaded.scenario.spec.traffic = traffic(founded.objects());
    Ok(loaded)
}

/// The text of a self-contained scenario: its own document, then nodes and manifests as they came.
///
/// # Errors
/// What the API server refuses, at its place.
pub fn import(name: &str, documents: Vec<Document>) -> Result<String, Vec<Diagnostic>> {
    Ok(written(&adopt(name, documents)?))
}

/// The text of what was adopted.
#[must_use]
pub fn written(loaded: &Loaded) -> String {
    let manifests = loaded.manifests.iter();
    let manifests = manifests.map(|document| (*document.value).clone());
    let all: Vec<Value> = [header(loaded)].into_iter().chain(manifests).collect();
    yaml::documents(&all)
}

fn bare(name: &str) -> Scenario {
    Scenario {
        api_version: "aegis.dev/v1".into(),
        kind: "Scenario".into(),
        metadata: crate::format::Metadata {
            name: name.into(),
            labels: BTreeMap::new(),
        },
        spec: Spec::default(),
    }
}

fn traffic(objects: &Objects) -> Vec<Traffic> {
    let inferred = aegis_sim::infer::infer(objects);
    let load = |capacity: &Capacity| Traffic {
        to: service(objects, capacity),
        rps: crate::format::Rate::Constant(two_digits(capacity.rate * LOAD)),
        cv: 0.0,
    };
    capacities(objects, &inferred)
        .iter()
        .filter(|capacity| capacity.rate.is_finite())
        .map(load)
        .collect()
}

/// As a scenario names it: with its namespace where that is not `default`.
fn service(objects: &Objects, capacity: &Capacity) -> String {
    let reference = &objects.services[capacity.entry.index()].header.reference;
    match reference.namespace.as_str() {
        "default" => reference.name.to_string(),
        namespace => format!("{namespace}/{}", reference.name),
    }
}

/// Two digits that matter: a guess has no more.
fn two_digits(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let power = libm::floor(libm::log10(value)) - 1.0;
    let unit = libm::pow(10.0, power);
    let rounded = libm::round(value / unit) * unit;
    libm::round(rounded * 1e6) / 1e6
}

fn header(loaded: &Loaded) -> Value {
    let mut spec = json!({
        "description": "Made from plain manifests: requests fill the nodes to 60 %, each entry is loaded at half of its capacity.",
        "seed": loaded.scenario.spec.seed,
        "duration": loaded.scenario.spec.duration,
        "objectives": "default",
    });
    if let Some(node) = loaded.nodes.first() {
        let capacity = &node["status"]["capacity"];
        spec["cluster"] = json!({"nodes": [{
            "count": loaded.nodes.len(),
            "cpu": capacity["cpu"],
            "memory": capacity["memory"],
            "zones": crate::nodes::ZONES,
        }]});
    }
    let traffic = loaded.scenario.spec.traffic.iter().map(|traffic| {
        let crate::format::Rate::Constant(rate) = &traffic.rps else {
            return Value::Null;
        };
        json!({"to": traffic.to, "rps": {"constant": rate}})
    });
    spec["traffic"] = traffic.collect();
    json!({
        "apiVersion": "aegis.dev/v1",
        "kind": "Scenario",
        "metadata": {"name": loaded.scenario.metadata.name},
        "spec": spec,
    })
}

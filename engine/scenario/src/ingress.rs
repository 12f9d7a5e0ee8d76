//! Traffic that enters by an Ingress: it goes to the Services that the Ingress leads to.
//!
//! Requests are shared evenly among its paths and reach the first port of their Services. Not
//! simulated: the controller's own pods, time-outs by annotation, TLS.
//! Source: kubernetes.io, Ingress.

use crate::diagnostic::{Code, Finding, child};
use crate::format::{Rate, Traffic};
use crate::names;
use aegis_kube::Document;
use aegis_model::FieldPath;
use aegis_model::kubernetes::{Kind, ObjectRef};
use serde_json::Value;

/// Replaces entries by Ingress with entries at its Services; what is wrong is returned.
pub fn resolve(traffic: &mut Vec<Traffic>, manifests: &[Document]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut resolved = Vec::new();
    let root = FieldPath::default().key("spec").key("traffic");
    for (position, entry) in traffic.drain(..).enumerate() {
        let path = child(&root, position).key("to");
        let Some(ingress) = named(&entry.to) else {
            resolved.push(entry);
            continue;
        };
        match behind(&ingress, manifests) {
            Ok(services) if matches!(entry.rps, Rate::Trace(_)) && services.len() > 1 => {
                let message = "a trace cannot be shared among the paths of an Ingress";
                let finding = Finding::new(Code::WrongValue, &path, &entry.to, message);
                findings.push(finding.help(format!("one of {}", services.join(", "))));
            }
            Ok(services) => resolved.extend(shared(&entry, &services)),
            Err((message, help)) => {
                let finding = Finding::new(Code::UnknownObject, &path, &entry.to, message);
                findings.push(finding.help(help));
            }
        }
    }
    *traffic = resolved;
    findings
}

/// The Ingress that is meant, if one is.
fn named(to: &str) -> Option<ObjectRef> {
    let object = names::object(to)?;
    (to.contains('/') && object.kind.as_str() == "Ingress").then_some(object)
}

/// The Services behind an Ingress, one per path; else what is wrong, and what would be right.
fn behind(ingress: &ObjectRef, manifests: &[Document]) -> Result<Vec<String>, (String, String)> {
    let written = names::written(ingress);
    let found = |wanted: &ObjectRef| manifests.iter().find(|one| one.reference() == *wanted);
    let Some(document) = found(ingress) else {
        let known = manifests.iter().map(Document::reference);
        let known: Vec<String> = known
            .filter(|other| other.kind == ingress.kind)
            .map(|other| names::written(&other))
            .collect();
        let help = format!("Ingresses: {}", known.join(", "));
        return Err((format!("no `{written}` among the manifests"), help));
    };
    let mut services = Vec::new();
    for name in backends(&document.value["spec"]) {
        let service = ObjectRef::new(Kind::Service, &ingress.namespace, name);
        if found(&service).is_none() {
            let message = format!("`{written}` leads to a Service `{name}` that is not there");
            let help = "its controller would answer 503: add the Service, or delete it by chaos";
            return Err((message, help.to_owned()));
        }
        services.push(format!("{}/{name}", ingress.namespace));
    }
    if services.is_empty() {
        let message = format!("`{written}` leads to no Service");
        return Err((message, "it needs a rule or a defaultBackend".to_owned()));
    }
    Ok(services)
}

/// Names of the Services of an Ingress, path by path; of one without paths its default.
fn backends(spec: &Value) -> Vec<&str> {
    let rules = spec["rules"].as_array().into_iter().flatten();
    let paths = rules.flat_map(|rule| rule["http"]["paths"].as_array().into_iter().flatten());
    let named: Vec<&str> = paths
        .filter_map(|path| path["backend"]["service"]["name"].as_str())
        .collect();
    if named.is_empty() {
        let default = spec["defaultBackend"]["service"]["name"].as_str();
        return default.into_iter().collect();
    }
    named
}

/// The entry's requests, an even part to each Service.
fn shared(entry: &Traffic, services: &[String]) -> Vec<Traffic> {
    let mut names: Vec<&String> = Vec::new();
    for service in services {
        if !names.contains(&service) {
            names.push(service);
        }
    }
    let part = |name: &String| {
        let paths = services.iter().filter(|service| *service == name).count();
        paths as f64 / services.len() as f64
    };
    names
        .into_iter()
        .map(|name| Traffic {
            to: name.clone(),
            rps: times(&entry.rps, part(name)),
            cv: entry.cv,
        })
        .collect()
}

/// A rate times a factor; a trace has one entry and stays whole.
fn times(rate: &Rate, factor: f64) -> Rate {
    let mut rate = rate.clone();
    match &mut rate {
        Rate::Constant(rate) => *rate *= factor,
        Rate::Diurnal(wave) => wave.mean *= factor,
        Rate::Burst(burst) => {
            burst.base *= factor;
            burst.peak *= factor;
        }
        Rate::Steps(steps) => steps.iter_mut().for_each(|step| step.rps *= factor),
        Rate::Trace(_) => {}
    }
    rate
}

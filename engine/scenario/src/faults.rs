//! Faults as scenarios name them: ids, targets, sizes with units.

use crate::amount::{Length, Share};
use crate::diagnostic::{Code, Finding};
use crate::names;
use crate::objects::WORKLOADS;
use aegis_faults::{Breadth, EVENTS, Fault, MISCONFIGURATION, Parameter, TargetKind, Unit};
use aegis_model::kubernetes::Kind;
use aegis_model::{FieldPath, Quantity};
use serde_json::{Map, Value};

/// The fault that a scenario names: by its id, or by the event that lays it.
#[must_use]
pub fn find(id: &str) -> Option<&'static Fault> {
    match aegis_faults::event(id) {
        Some(event) => event.fault(),
        None => aegis_faults::by_id(id),
    }
}

/// Ids that count as the right diagnosis of what a scenario names.
#[must_use]
pub fn counts(id: &str) -> Vec<&'static str> {
    let breadth = aegis_faults::by_id(id).map_or(Breadth::Target, |fault| fault.breadth);
    counts_over(id, breadth)
}

/// The same for a fault that took in so much.
#[must_use]
pub fn counts_over(id: &str, breadth: Breadth) -> Vec<&'static str> {
    if let Some(event) = aegis_faults::event(id) {
        return event.counts.to_vec();
    }
    let fault = aegis_faults::by_id(id);
    fault.map_or_else(Vec::new, |fault| aegis_faults::names_over(fault, breadth))
}

fn unknown(path: &FieldPath, id: &str) -> Finding {
    let known = EVENTS
        .iter()
        .map(|event| event.id)
        .chain(aegis_faults::all().map(|fault| fault.id));
    Finding::new(
        Code::UnknownFault,
        path,
        id,
        format!("unknown fault `{id}`"),
    )
    .help("aegis faults list shows them all")
    .did_you_mean(known)
}

/// What is wrong with a fault's id in `truth`.
#[must_use]
pub fn known(path: &FieldPath, id: &str) -> Option<Finding> {
    let known = id == MISCONFIGURATION || find(id).is_some();
    (!known).then(|| unknown(path, id))
}

/// What is wrong with a chaos entry of a fault.
#[must_use]
pub fn findings(
    path: &FieldPath,
    id: &str,
    target: Option<&str>,
    parameters: &Map<String, Value>,
) -> Vec<Finding> {
    let Some(fault) = find(id) else {
        return vec![unknown(&path.key("fault"), id)];
    };
    let mut findings = Vec::new();
    findings.extend(wrong_target(path, fault, target));
    let here = path.key("parameters");
    for (name, value) in parameters {
        findings.extend(wrong_parameter(&here, fault, name, value));
    }
    findings
}

/// The kind of target that an object is.
#[must_use]
pub fn target_kind(kind: &Kind) -> Option<TargetKind> {
    match kind {
        Kind::Service => Some(TargetKind::Service),
        Kind::Node => Some(TargetKind::Node),
        Kind::ConfigMap | Kind::Secret => Some(TargetKind::Plain),
        Kind::Cluster => Some(TargetKind::Cluster),
        kind if WORKLOADS.contains(kind) => Some(TargetKind::Workload),
        _ => None,
    }
}

fn spelled(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Workload => "a workload, as deployment/name",
        TargetKind::Service => "a Service, as service/name",
        TargetKind::Node => "a node, as node/name",
        TargetKind::Plain => "a ConfigMap or Secret, as configmap/name",
        TargetKind::Cluster => "the whole cluster, as Cluster/cluster",
    }
}

fn wrong_target(path: &FieldPath, fault: &Fault, target: Option<&str>) -> Option<Finding> {
    let wanted: Vec<&str> = fault.targets.iter().map(|kind| spelled(*kind)).collect();
    let help = format!("`{}` acts on {}", fault.id, wanted.join(" or "));
    let Some(target) = target else {
        let finding = Finding::new(
            Code::MissingField,
            path,
            "target",
            format!("`{path}.target` is missing"),
        );
        return Some(finding.help(help));
    };
    let object = names::object(target)?;
    let fits = target_kind(&object.kind).is_some_and(|kind| fault.acts_on(kind));
    (!fits).then(|| {
        let message = format!("`{}` does not act on {}", fault.id, object.kind);
        Finding::new(Code::FaultTarget, &path.key("target"), target, message).help(help)
    })
}

fn wrong_parameter(path: &FieldPath, fault: &Fault, name: &str, value: &Value) -> Option<Finding> {
    let here = path.key(name);
    let Some(parameter) = fault
        .parameters
        .iter()
        .find(|parameter| parameter.name == name)
    else {
        let names: Vec<&str> = fault
            .parameters
            .iter()
            .map(|parameter| parameter.name)
            .collect();
        let help = if names.is_empty() {
            "it has none".into()
        } else {
            format!("it has {}", names.join(", "))
        };
        let message = format!("`{}` has no parameter `{name}`", fault.id);
        return Some(
            Finding::new(Code::Parameter, &here, name, message)
                .of_key()
                .help(help)
                .did_you_mean(names),
        );
    };
    let wrong = match size(parameter, value) {
        None => format!("it is {}", parameter.unit.spelling()),
        Some(size) if !parameter.admits(size) => {
            format!(
                "it lies between {} and {}",
                shown(parameter, parameter.low),
                shown(parameter, parameter.high)
            )
        }
        Some(_) => return None,
    };
    let text = crate::check::shown(value);
    let message = format!("`{text}` is no value for `{name}` of `{}`", fault.id);
    Some(Finding::new(Code::Parameter, &here, text, message).help(wrong))
}

/// A size as a person writes it.
#[must_use]
pub fn shown(parameter: &Parameter, size: f64) -> String {
    match parameter.unit {
        Unit::Share | Unit::Factor => size.to_string(),
        Unit::Seconds => Length(size).to_string(),
        Unit::Cores => Quantity {
            milli: (size * 1000.0) as i128,
        }
        .to_string(),
        Unit::Bytes => bytes(size),
        Unit::BytesPerSecond => bytes(size) + "/s",
    }
}

/// In whole kibibytes, or in the unit that divides them.
fn bytes(size: f64) -> String {
    Quantity::whole(((size / 1024.0) as u64).max(1) * 1024).to_string()
}

/// The size that is written, in the parameter's unit.
#[must_use]
pub fn size(parameter: &Parameter, value: &Value) -> Option<f64> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    match parameter.unit {
        Unit::Share => text.parse().ok().map(|Share(share)| share),
        Unit::Factor => text.parse().ok(),
        Unit::Seconds => text.parse().ok().map(|Length(seconds)| seconds),
        Unit::Cores | Unit::Bytes => quantity(&text),
        Unit::BytesPerSecond => quantity(text.strip_suffix("/s").unwrap_or(&text)),
    }
}

fn quantity(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .map(|quantity: Quantity| quantity.milli as f64 / 1000.0)
}

/// All sizes of a fault, in its order; what is not written is at its default.
#[must_use]
pub fn sizes(fault: &Fault, parameters: &Map<String, Value>) -> Vec<f64> {
    let written = |parameter: &Parameter| {
        parameters
            .get(parameter.name)
            .and_then(|value| size(parameter, value))
    };
    fault
        .parameters
        .iter()
        .map(|parameter| written(parameter).unwrap_or(parameter.default))
        .collect()
}

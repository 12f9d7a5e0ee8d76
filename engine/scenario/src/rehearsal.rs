//! From a fault of the catalogue to a scenario that plays it on a bundled application.
//!
//! Self-contained text: the scenario, then the application's manifests. What the fault needs of the
//! application is put there first, under the record of changes; where only the next pod meets the fault,
//! the pods are made anew after it.

use crate::load::load;
use crate::{bundled, draft};
use aegis_faults::{Fault, Harms, Needs, TargetKind, applicable};
use aegis_model::{Objects, Target};

/// The applications, with their entry and its load.
const APPLICATIONS: [(&str, &str, u32); 2] = [
    ("online-boutique", "frontend", 60),
    ("sock-shop", "front-end", 40),
];

/// The text of a scenario with the fault, on the first application that has what it acts on; `None` where none has.
#[must_use]
pub fn scenario(fault: &Fault) -> Option<String> {
    APPLICATIONS.iter().find_map(|application| {
        let (name, ..) = application;
        let manifests = bundled::file(&format!("scenarios/manifests/{name}.yaml"))?;
        let bare = format!("{}---\n{manifests}", header(fault, *application, ""));
        let loaded = load("fault", &bare, &bundled::file).ok()?;
        let founded = draft::found(&loaded).ok()?;
        let objects = founded.objects();
        let target = chosen(fault, objects)?;
        let chaos = chaos(fault, &written(objects, target)?, target);
        Some(format!(
            "{}---\n{manifests}",
            header(fault, *application, &chaos)
        ))
    })
}

fn header(fault: &Fault, (name, entry, rate): (&str, &str, u32), chaos: &str) -> String {
    let affected = match fault.harms {
        Harms::Nobody => "not to be noticed by users",
        Harms::NextPod => "met by the next pod",
        Harms::Users => "felt by users",
    };
    let id = fault.id;
    let title = id.replace('_', "-");
    let summary = fault.summary.replace('"', "'");
    let chaos = if chaos.is_empty() {
        String::new()
    } else {
        format!("  chaos:\n{chaos}")
    };
    format!(
        "# Made by: aegis faults show {id} --scenario\n\
         apiVersion: aegis.dev/v1\n\
         kind: Scenario\n\
         metadata: {{name: {name}-{title}, labels: {{suite: catalogue, application: {name}, fault: {id}}}}}\n\
         spec:\n  \
           description: \"{summary} It is {affected}.\"\n  \
           seed: 7\n  \
           duration: 20m\n  \
           cluster: {{nodes: [{{count: 3, cpu: \"4\", memory: 16Gi, zones: [a, b, c]}}]}}\n  \
           traffic: [{{to: {entry}, rps: {{constant: {rate}}}}}]\n  \
           objectives: default\n{chaos}"
    )
}

fn chaos(fault: &Fault, target: &str, at: Target) -> String {
    let id = fault.id;
    let mut lines = String::new();
    if !fault.stage.is_empty() {
        lines += &format!(
            "    - {{at: 10s, actor: \"user:platform\", stage: {id}, target: {target}}}\n"
        );
    }
    lines += &format!("    - {{at: 3m, fault: {id}, target: {target}}}\n");
    if fault.harms == Harms::NextPod && matches!(at, Target::Workload(_)) {
        lines += &format!(
            "    - {{at: 3m30s, actor: \"user:operator\", delete: {{owner: {target}}}}}\n"
        );
    }
    lines
}

/// A target that a shop cannot do without, else the first.
fn chosen(fault: &Fault, objects: &Objects) -> Option<Target> {
    let found = applicable(fault, objects);
    let liked = match (fault.needs, fault.targets) {
        (Needs::Store | Needs::Cache, _) => ["redis-cart", "carts-db"],
        (_, [TargetKind::Service]) if !fault.parts.is_empty() => ["frontend", "front-end"],
        _ => ["cartservice", "carts"],
    };
    let named = |wanted: &str| {
        found
            .iter()
            .copied()
            .find(|target| named(objects, *target) == Some(wanted))
    };
    liked.into_iter().find_map(named).or(found.first().copied())
}

fn named(objects: &Objects, target: Target) -> Option<&str> {
    let header = aegis_faults::step::of_target(objects, target)?;
    Some(header.reference.name.as_str())
}

/// An object as scenarios write it.
fn written(objects: &Objects, target: Target) -> Option<String> {
    if target == Target::Cluster {
        return Some("Cluster/cluster".into());
    }
    let reference = &aegis_faults::step::of_target(objects, target)?.reference;
    let kind = reference.kind.to_string().to_lowercase();
    Some(match reference.namespace.as_str() {
        "" | "default" => format!("{kind}/{}", reference.name),
        namespace => format!("{kind}/{namespace}/{}", reference.name),
    })
}

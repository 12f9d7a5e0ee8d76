//! A finding's fix tried: the cluster is rebuilt from its objects twice, as it is and with the fix,
//! and what is wrong after a while is counted in both.
//!
//! Only fixes that are a change of objects are tried, and only where the fault shows in the first
//! rebuilding: otherwise its absence in the second would mean nothing.

use super::{cure, play, remedy, texts};
use crate::bundle::Files;
use aegis_inspect::estate::Estate;
use aegis_inspect::{Found, Scope, inspect, symptoms};
use aegis_model::bundle::{Bundle, Origin};
use aegis_model::inspection::{CauseFound, Inspection, Tried};
use serde_json::{Value, json};

/// Seconds that each of the two is played.
const PLAYED: u32 = 300;
/// Findings among which the fault must be in the first rebuilding.
const FIRST: usize = 3;
/// Objects that are rebuilt at most: more would take longer than an answer may.
const MOST: usize = 600;

/// Gives findings fixes that are changes of these objects, where such a change is plain, and tries the first.
pub fn fixed(bundle: &Bundle, found: &mut Found) {
    let objects = rebuilt(bundle);
    let findings = found.inspection.findings.iter_mut().zip(&found.values);
    for (at, (finding, values)) in findings.enumerate() {
        let mended = cure::mended(&objects, finding, values);
        if let Some(fix) = mended
            .as_deref()
            .and_then(|mended| remedy::commands(&objects, mended))
        {
            finding.fix.kubectl = fix.kubectl;
            finding.fix.undo = fix.undo;
        }
        if at == 0 {
            finding.fix.tried = tried(&objects, mended, finding);
        }
    }
}

/// Tries the fix of a finding.
fn tried(objects: &[Value], mended: Option<Vec<Value>>, finding: &CauseFound) -> Tried {
    let Some(mended) = mended else {
        return untried("its fix is no change of objects that can be played");
    };
    if objects.len() > MOST {
        return untried("there are too many objects to rebuild");
    }
    let (before, found) = played(objects);
    let shows = found.findings.iter().take(FIRST);
    if !shows.clone().any(|one| is_same(one, finding)) {
        return untried("the fault does not show in a cluster rebuilt from these objects");
    }
    let (after, found) = played(&mended);
    let gone = !found.findings.iter().any(|one| is_same(one, finding));
    Tried {
        seconds: Some(PLAYED),
        before: Some(format!("the fault, {}", words(before))),
        after: Some(match gone {
            true => format!("not the fault, {}", words(after)),
            false => format!("the fault, {}", words(after)),
        }),
        ended: Some(gone && after <= before),
        why: None,
    }
}

fn untried(why: &str) -> Tried {
    Tried {
        why: Some(why.to_owned()),
        ..Tried::default()
    }
}

fn words(symptoms: usize) -> String {
    match symptoms {
        0 => "no symptom".to_owned(),
        1 => "1 symptom".to_owned(),
        more => format!("{more} symptoms"),
    }
}

fn is_same(one: &CauseFound, other: &CauseFound) -> bool {
    one.fault == other.fault && one.object == other.object
}

/// What is wrong in a cluster made of objects, and why.
fn played(objects: &[Value]) -> (usize, Inspection) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let mut files = Files::default();
    let text = list.to_string().into_bytes();
    files.read.insert("rebuilt.json".to_owned(), text);
    let mut read = texts::read(files);
    let mut bundle = play::play(&mut read, PLAYED);
    bundle.origin = Origin::Settled;
    let count = symptoms::look(&Estate::of(&bundle)).symptoms.len();
    (count, inspect(&bundle, &Scope::default()))
}

/// Kinds that controllers make again.
const MADE: &[&str] = &[
    "ReplicaSet",
    "ControllerRevision",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "Lease",
    "PodMetrics",
    "NodeMetrics",
    "ComponentStatus",
];

/// The objects that somebody applied, without what the cluster added.
fn rebuilt(bundle: &Bundle) -> Vec<Value> {
    let home = bundle.namespace.as_deref();
    let objects = bundle.objects.iter().filter(|object| {
        let namespace = object["metadata"]["namespace"].as_str();
        let owned = object["metadata"]["ownerReferences"]
            .as_array()
            .is_some_and(|owners| !owners.is_empty());
        let kind = object["kind"].as_str().unwrap_or_default();
        let near = home.is_none() || namespace.is_none() || namespace == home;
        near && !owned && !MADE.contains(&kind)
    });
    objects.cloned().map(applied).collect()
}

fn applied(mut object: Value) -> Value {
    const ADDED: &[&str] = &[
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "managedFields",
        "generation",
        "selfLink",
    ];
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|name, _| !ADDED.contains(&name.as_str()));
    }
    let is_node = object["kind"] == "Node";
    if let Some(fields) = object.as_object_mut() {
        if !is_node {
            fields.remove("status");
        }
        if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("nodeName");
            if spec.get("clusterIP") != Some(&json!("None")) {
                spec.remove("clusterIP");
                spec.remove("clusterIPs");
            }
        }
    }
    if is_node {
        let status = &object["status"];
        let amounts = json!({"capacity": status["capacity"], "allocatable": status["allocatable"]});
        object["status"] = amounts;
    }
    object
}

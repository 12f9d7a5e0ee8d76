//! What is no error and worth saying: calls that go nowhere, kinds that nothing
//! acts on, pods that fit nowhere, cycles in the call graph.

use crate::diagnostic::{Code, Finding};
use crate::load::{Loaded, locate, nowhere};
use crate::names;
use crate::nodes::of_pod;
use crate::objects::template;
use aegis_kube::{Diagnostic, Document};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{FieldPath, Objects, WorkloadId};
use aegis_sim::infer::{Directory, Inferred, Why, infer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds that something acts on, or that say nothing that could be acted on.
const SIMULATED: [&str; 38] = [
    "Namespace",
    "Node",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Service",
    "Endpoints",
    "EndpointSlice",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "StorageClass",
    "PriorityClass",
    "LimitRange",
    "ResourceQuota",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "RuntimeClass",
    "CSIDriver",
    "Ingress",
    "IngressClass",
    "ReplicationController",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// Kinds that no pod waits for and that run nothing: bookkeeping, and what was rights once.
const INERT: [&str; 6] = [
    "APIService",
    "Event",
    "FlowSchema",
    "Lease",
    "PodSecurityPolicy",
    "PriorityLevelConfiguration",
];

/// Objects of a kind that are named one by one.
const NAMED: usize = 4;

/// All warnings of a scenario whose manifests the API server takes.
#[must_use]
pub fn warnings(loaded: &Loaded, objects: &Objects) -> Vec<Diagnostic> {
    let inferred = infer(objects);
    let manifests: Manifests<'_> = loaded
        .manifests
        .iter()
        .map(|document| (document.reference(), document))
        .collect();
    let mut warnings = kinds(&loaded.manifests);
    warnings.extend(misfits(loaded));
    warnings.extend(dead_edges(&manifests, objects, &inferred));
    warnings.extend(cycle(&manifests, objects, &inferred));
    warnings
}

/// Kinds that are not simulated, each at its first object: one warning for a kind that
/// something might be waiting for, with names, and one for all that run nothing.
#[must_use]
pub fn kinds(manifests: &[Document]) -> Vec<Diagnostic> {
    let mut found: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
    for document in manifests
        .iter()
        .filter(|document| !SIMULATED.contains(&document.kind()))
    {
        found.entry(document.kind()).or_default().push(document);
    }
    let (inert, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(kind, _)| INERT.contains(kind));
    let mut warnings: Vec<Diagnostic> = others
        .iter()
        .filter_map(|(kind, objects)| unplayed(kind, objects))
        .collect();
    let counts: Vec<String> = inert
        .iter()
        .map(|(kind, objects)| format!("{} {kind}", objects.len()))
        .collect();
    let message = format!("kept, and nothing acts on them: {}", counts.join(", "));
    let first = inert.first().and_then(|(_, objects)| objects.first());
    warnings.extend(first.map(|document| about_kind(document, message)));
    warnings
}

fn unplayed(kind: &str, objects: &[&Document]) -> Option<Diagnostic> {
    let named = objects.iter().take(NAMED);
    let mut names: Vec<String> = named
        .map(|document| names::written(&document.reference()))
        .collect();
    if objects.len() > NAMED {
        names.push(format!("{} more", objects.len() - NAMED));
    }
    let message = format!(
        "kind {kind} is not simulated: {} kept, and nothing acts on it",
        names.join(", ")
    );
    Some(about_kind(objects.first()?, message))
}

fn about_kind(document: &Document, message: String) -> Diagnostic {
    let path = FieldPath::default().key("kind");
    let finding = Finding::new(Code::KindNotSimulated, &path, document.kind(), message);
    locate(document, &finding)
}

/// Pods that are larger than every node.
fn misfits(loaded: &Loaded) -> Vec<Diagnostic> {
    let nodes: Vec<(u64, u64)> = loaded
        .nodes
        .iter()
        .chain(
            loaded
                .manifests
                .iter()
                .filter(|d| d.kind() == "Node")
                .map(|d| &*d.value),
        )
        .map(room)
        .collect();
    let misfit = |document: &Document| {
        let pod = of_pod(&template(&document.value)?);
        let fits = nodes
            .iter()
            .any(|(cpu, memory)| pod.cpu.0 <= *cpu && pod.memory.0 <= *memory);
        (!fits).then(|| {
            let message = format!(
                "a pod of {} asks for {}m of CPU and {} MiB of memory; no node has that",
                names::written(&document.reference()),
                pod.cpu.0,
                pod.memory.0 >> 20
            );
            let path = FieldPath::default().key("spec");
            locate(
                document,
                &Finding::new(Code::FitsNowhere, &path, "", message),
            )
        })
    };
    loaded.manifests.iter().filter_map(misfit).collect()
}

/// CPU and memory that pods may use of a node.
fn room(node: &Value) -> (u64, u64) {
    let status = &node["status"];
    let list = if status["allocatable"].is_object() {
        &status["allocatable"]
    } else {
        &status["capacity"]
    };
    let list: aegis_model::kubernetes::ResourceList =
        serde_json::from_value(list.clone()).unwrap_or_default();
    (
        list.cpu().map_or(0, |cpu| cpu.0),
        list.memory().map_or(0, |memory| memory.0),
    )
}

fn reference(objects: &Objects, workload: WorkloadId) -> &ObjectRef {
    &objects.workloads[workload.index()].header.reference
}

/// Manifests by what they describe.
type Manifests<'a> = BTreeMap<ObjectRef, &'a Document>;

/// The warning at a field of an object's manifest.
fn at(
    manifests: &Manifests<'_>,
    object: &ObjectRef,
    finding: &mut Finding,
    text: &str,
) -> Diagnostic {
    let Some(document) = manifests.get(object) else {
        return nowhere(finding);
    };
    finding.path = setting(&document.value, text).unwrap_or_default();
    locate(document, finding)
}

/// Where a container's environment says `text`.
fn setting(document: &Value, text: &str) -> Option<FieldPath> {
    let spec = match Kind::from(document["kind"].as_str()?) {
        Kind::Pod => FieldPath::default().key("spec"),
        _ => FieldPath::default().key("spec").key("template").key("spec"),
    };
    let containers = spec.key("containers");
    containers
        .get(document)?
        .as_array()?
        .iter()
        .find_map(|container| {
            let named = containers
                .item("name", container["name"].as_str()?)
                .key("env");
            let holds = |variable: &&Value| {
                variable["value"]
                    .as_str()
                    .is_some_and(|value| value.contains(text))
            };
            let variable = container["env"].as_array()?.iter().find(holds)?;
            Some(named.item("name", variable["name"].as_str()?).key("value"))
        })
}

fn dead_edges(
    manifests: &Manifests<'_>,
    objects: &Objects,
    inferred: &Inferred,
) -> Vec<Diagnostic> {
    let warning = |(workload, call): (WorkloadId, &aegis_sim::infer::CallPrior)| {
        let Why::Address { place, text } = &call.why else {
            return None;
        };
        let caller = reference(objects, workload);
        let message = format!(
            "{place} of {} names `{text}`; no Service has that address",
            names::written(caller)
        );
        let mut finding = Finding::new(Code::DeadEdge, &FieldPath::default(), text, message);
        finding.help = Some("the call is never made; add the Service, or leave it".into());
        Some(at(manifests, caller, &mut finding, text))
    };
    inferred.dead().filter_map(warning).collect()
}

/// One cycle of the call graph, if there is one.
fn cycle(manifests: &Manifests<'_>, objects: &Objects, inferred: &Inferred) -> Option<Diagnostic> {
    let directory = Directory::new(objects);
    let mut callees: BTreeMap<WorkloadId, Vec<WorkloadId>> = BTreeMap::new();
    for prior in &inferred.workloads {
        let services = prior.calls.iter().filter_map(|call| call.to);
        let behind = services
            .flat_map(|service| directory.behind(service))
            .copied();
        callees.insert(prior.workload, behind.collect());
    }
    trim(&mut callees);
    let ring = callees.keys().find_map(|start| ring(*start, &callees))?;
    let names: Vec<String> = ring
        .iter()
        .map(|id| names::written(reference(objects, *id)))
        .collect();
    let message = format!("calls go in a circle: {}", names.join(" → "));
    let mut finding = Finding::new(Code::CallCycle, &FieldPath::default(), "", message);
    Some(at(
        manifests,
        reference(objects, *ring.first()?),
        &mut finding,
        "\0",
    ))
}

/// Leaves workloads out that no cycle can pass: those that call nobody who is left.
fn trim(callees: &mut BTreeMap<WorkloadId, Vec<WorkloadId>>) {
    loop {
        let left: BTreeSet<WorkloadId> = callees.keys().copied().collect();
        for called in callees.values_mut() {
            called.retain(|callee| left.contains(callee));
        }
        callees.retain(|_, called| !called.is_empty());
        if callees.len() == left.len() {
            return;
        }
    }
}

/// The shortest way of calls from a workload back to itself.
fn ring(
    start: WorkloadId,
    callees: &BTreeMap<WorkloadId, Vec<WorkloadId>>,
) -> Option<Vec<WorkloadId>> {
    let mut before: BTreeMap<WorkloadId, WorkloadId> = BTreeMap::new();
    let mut wave = vec![start];
    while !wave.is_empty() {
        let mut next = Vec::new();
        for caller in wave {
            for callee in callees.get(&caller).into_iter().flatten() {
                if *callee == start {
                    return Some(way(start, caller, &before));
                }
                if !before.contains_key(callee) {
                    before.insert(*callee, caller);
                    next.push(*callee);
                }
            }
        }
        wave = next;
    }
    None
}

fn way(
    start: WorkloadId,
    last: WorkloadId,
    before: &BTreeMap<WorkloadId, WorkloadId>,
) -> Vec<WorkloadId> {
    let mut way = vec![start, last];
    let mut at = last;
    while at != start {
        let Some(caller) = before.get(&at) else {
            break;
        };
        at = *caller;
        way.push(at);
    }
    way.reverse();
    way.dedup();
    if way.first() == Some(&start) && way.last() != Some(&start) {
        way.push(start);
    }
    way
}

/// Everything that can be said of a scenario that was loaded: errors of its
/// manifests, or warnings.
///
/// # Errors
/// Every document that the API server refuses, at its place.
pub fn check(loaded: &Loaded) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let founded = crate::draft::found(loaded)?;
    let mut all = loaded.warnings.clone();
    all.extend(warnings(loaded, founded.objects()));
    Ok(all)
}

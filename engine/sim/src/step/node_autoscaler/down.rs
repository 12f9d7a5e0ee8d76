//! Shrinking: which nodes are not needed, and how they go.

use super::{say, size, status};
use aegis_cluster::api::events::pod_ref;
use aegis_cluster::api::{self, Actor};
use aegis_cluster::{Cluster, Draws, Journal};
use aegis_model::kubernetes::{Kind, Labels};
use aegis_model::objects::ConditionStatus;
use aegis_model::{FieldChange, FieldPath, NodeId, PodId, Tick};
use aegis_scheduler::Rehearsal;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Value, json};

/// Use below which a node is not needed (`--scale-down-utilization-threshold`).
const THRESHOLD: f64 = 0.5;
/// Seconds for which a node must not be needed (`--scale-down-unneeded-time`).
const UNNEEDED: u32 = 600;
/// Seconds after a group has grown in which none shrinks (`--scale-down-delay-after-add`).
const AFTER_GROWTH: u32 = 600;
/// Empty nodes that go at once (`--max-empty-bulk-delete`).
const EMPTY_AT_ONCE: usize = 10;
/// Seconds until a refused eviction is tried again (scaledown/actuation/drain.go).
const RETRY: u32 = 10;

const CANDIDATE: &str = "DeletionCandidateOfClusterAutoscaler";
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";
const DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";

/// Shares of a node's CPU and memory that its pods ask for.
pub(super) fn shares<P>(cluster: &Cluster<P>, node: NodeId) -> [f64; 2] {
    let sums = cluster.workings.scheduler.sums(node);
    let capacity = &cluster.objects.nodes[node.index()].capacity;
    let amount = |name: &str| {
        let found = capacity
            .allocatable
            .get(name)
            .or_else(|| capacity.capacity.get(name));
        found.map_or(0.0, |amount| amount.millicores().0 as f64)
    };
    let share = |asked: f64, has: f64| if has > 0.0 { asked / has } else { 0.0 };
    [
        share(sums.cpu as f64, amount("cpu")),
        share(sums.memory as f64, amount("memory") / 1000.0),
    ]
}

/// Marks nodes that are not needed, and sends away those that were not for long enough.
pub(super) fn look<P: Clone>(cluster: &mut Cluster<P>, draws: Draws, journal: &mut Journal) {
    let now = cluster.clock;
    let needless = needless(cluster, draws);
    remember(cluster, &needless);
    let grown = cluster.workings.node_autoscaler.grown;
    if grown.is_some_and(|grown| now.elapsed(grown) < AFTER_GROWTH) {
        return;
    }
    if !cluster.workings.node_autoscaler.leaving.is_empty() {
        return;
    }
    let since = cluster.workings.node_autoscaler.unneeded.clone();
    let ripe = needless.into_iter().filter(|node| {
        since
            .get(node)
            .is_some_and(|since| now.elapsed(*since) >= UNNEEDED)
    });
    let (empty, used): (Vec<NodeId>, Vec<NodeId>) =
        ripe.partition(|node| api::is_drained(cluster, *node));
    let going = if empty.is_empty() {
        used.into_iter().take(1).collect()
    } else {
        empty
    };
    let mut left = EMPTY_AT_ONCE;
    for node in going {
        if left > 0 && may_lose_one(cluster, node) {
            left -= 1;
            send_away(cluster, journal, node);
        }
    }
}

/// Whether the node's group is above its least.
fn may_lose_one<P>(cluster: &Cluster<P>, node: NodeId) -> bool {
    let mut groups = cluster.workings.node_autoscaler.groups.iter();
    let group = groups.find(|group| group.nodes.contains(&node));
    group.is_some_and(|group| size(cluster, group) > group.min)
}

/// Nodes that could go: little used, willing, and with pods that fit elsewhere.
fn needless<P: Clone>(cluster: &Cluster<P>, draws: Draws) -> Vec<NodeId> {
    let groups = cluster.workings.node_autoscaler.groups.clone();
    let all = groups.iter().flat_map(|group| group.nodes.iter().copied());
    let willing = all.filter(|node| is_willing(cluster, *node) && may_lose_one(cluster, *node));
    // What one node's pods take elsewhere is taken when the next is asked.
    let mut fork = cluster.fork();
    let mut found = Vec::new();
    for node in willing {
        if let Some(after) = without(&fork, draws, node) {
            fork = after;
            found.push(node);
        }
    }
    found
}

fn is_willing<P>(cluster: &Cluster<P>, node: NodeId) -> bool {
    let row = &cluster.objects.nodes[node.index()];
    let used = shares(cluster, node).into_iter().fold(0.0, f64::max);
    row.header.exists()
        && row.condition("Ready") == ConditionStatus::True
        && !cluster.workings.node_autoscaler.leaving.contains_key(&node)
        && row
            .header
            .annotations
            .get(DISABLED)
            .is_none_or(|said| said != "true")
        && used < THRESHOLD
        && api::evictable(cluster, node).all(|pod| is_movable(cluster, pod))
}

/// Whether the pod may be evicted for a node's sake: FAQ, "What types of pods can prevent CA from removing a node?".
fn is_movable<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    if row.phase.is_terminal() || row.deletion.is_some() {
        return true;
    }
    let template = &cluster.objects.templates[row.template.index()];
    let annotations: &Labels = &template.spec.metadata.annotations;
    let allowed =
        |budget: &aegis_model::BudgetId| cluster.objects.budgets[budget.index()].allowed > 0;
    let budgets = api::budgets_of(cluster, pod);
    if !budgets.iter().all(allowed) {
        return false;
    }
    match annotations
        .get(SAFE_TO_EVICT)
        .map(smol_str::SmolStr::as_str)
    {
        Some("true") => return true,
        Some("false") => return false,
        _ => {}
    }
    let owner = &cluster.objects.workloads[row.workload.index()]
        .header
        .reference
        .kind;
    let guarded = row.namespace == "kube-system" && budgets.is_empty();
    *owner != Kind::Pod && !guarded && !has_local_storage(&template.doc["spec"])
}

/// Whether the pod keeps something on its node (`--skip-nodes-with-local-storage`).
fn has_local_storage(spec: &Value) -> bool {
    let mut volumes = spec["volumes"].as_array().into_iter().flatten();
    volumes.any(|volume| {
        let scratch = &volume["emptyDir"];
        volume["hostPath"].is_object() || (scratch.is_object() && scratch["medium"] != "Memory")
    })
}

/// The cluster without the node, if all its pods fit elsewhere.
fn without<P: Clone>(cluster: &Cluster<P>, draws: Draws, node: NodeId) -> Option<Cluster<P>> {
    let mut fork = cluster.fork();
    let pods: Vec<PodId> = api::evictable(cluster, node)
        .filter(|pod| {
            let row = &cluster.objects.pods[pod.index()];
            !row.phase.is_terminal() && row.deletion.is_none()
        })
        .collect();
    let now = fork.clock;
    fork.objects.nodes[node.index()].header.removed = Some(now);
    let mut trial = Rehearsal::of(&mut fork);
    let fits = pods
        .iter()
        .all(|pod| trial.place(&mut fork, draws, *pod).is_some());
    fits.then_some(fork)
}

/// Keeps since when each node is not needed, with the taint that says so.
fn remember<P>(cluster: &mut Cluster<P>, needless: &[NodeId]) {
    let now = cluster.clock;
    let before = cluster.workings.node_autoscaler.unneeded.clone();
    let after: BTreeMap<NodeId, Tick> = needless
        .iter()
        .map(|node| (*node, before.get(node).copied().unwrap_or(now)))
        .collect();
    for node in after.keys().filter(|node| !before.contains_key(node)) {
        taint(cluster, *node, CANDIDATE, "PreferNoSchedule");
    }
    for node in before.keys().filter(|node| !after.contains_key(node)) {
        untaint(cluster, *node, CANDIDATE);
    }
    if *before != after {
        cluster.workings.node_autoscaler.unneeded = Arc::new(after);
    }
}

fn taints<P>(cluster: &Cluster<P>, node: NodeId) -> Vec<Value> {
    let document = &cluster.objects.nodes[node.index()].header.doc;
    document["spec"]["taints"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// The taint, with the time as its value.
fn taint<P>(cluster: &mut Cluster<P>, node: NodeId, key: &str, effect: &str) {
    let mut all = taints(cluster, node);
    let value = format!("{}", cluster.clock.0);
    all.push(json!({"key": key, "value": value, "effect": effect}));
    write_taints(cluster, node, all);
}

fn untaint<P>(cluster: &mut Cluster<P>, node: NodeId, key: &str) {
    let mut all = taints(cluster, node);
    all.retain(|taint| taint["key"] != key);
    write_taints(cluster, node, all);
}

fn write_taints<P>(cluster: &mut Cluster<P>, node: NodeId, taints: Vec<Value>) {
    let header = &cluster.objects.nodes[node.index()].header;
    if !header.exists() {
        return;
    }
    let object = header.reference.clone();
    let field = FieldChange {
        path: FieldPath::default().key("spec").key("taints"),
        before: None,
        after: (!taints.is_empty()).then(|| taints.into()),
    };
    // The node exists, and taints may always be written.
    let _ = api::update(cluster, &object, &[field], Actor::Unrecorded);
}

/// Begins to empty a node that goes.
fn send_away<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    let now = cluster.clock;
    let [cpu, memory] = shares(cluster, node);
    let about = cluster.objects.nodes[node.index()].header.reference.clone();
    let pods: Vec<PodId> = api::evictable(cluster, node).collect();
    untaint(cluster, node, CANDIDATE);
    taint(cluster, node, TO_BE_DELETED, "NoSchedule");
    let message = if pods.is_empty() {
        format!("Scale-down: removing empty node \"{}\"", about.name)
    } else {
        format!(
            "Scale-down: removing node {}, utilization: {:.2}",
            about.name,
            cpu.max(memory)
        )
    };
    let reason = if pods.is_empty() {
        "ScaleDownEmpty"
    } else {
        "ScaleDown"
    };
    say(cluster, journal, reason, &message, &status());
    let message = "marked the node as toBeDeleted/unschedulable";
    say(cluster, journal, "ScaleDown", message, &about);
    for pod in pods {
        let about = pod_ref(&cluster.objects.pods[pod.index()]);
        say(
            cluster,
            journal,
            "ScaleDown",
            "deleting pod for node scale down",
            &about,
        );
    }
    let state = &mut cluster.workings.node_autoscaler;
    Arc::make_mut(&mut state.unneeded).remove(&node);
    Arc::make_mut(&mut state.leaving).insert(node, now);
}

/// Evicts what is left on nodes that go; an empty one is deleted.
pub(super) fn departures<P>(cluster: &mut Cluster<P>, journal: &mut Journal) {
    if cluster.workings.node_autoscaler.leaving.is_empty() {
        return;
    }
    let now = cluster.clock;
    let leaving = cluster.workings.node_autoscaler.leaving.clone();
    for (&node, &since) in leaving.iter() {
        if api::is_drained(cluster, node) {
            delete(cluster, journal, node);
        } else if now.elapsed(since).is_multiple_of(RETRY) {
            let pods: Vec<PodId> = api::evictable(cluster, node).collect();
            for pod in pods {
                // A refusal is met by trying again.
                let _ = api::evict(cluster, pod);
            }
        }
    }
}

fn delete<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    let about = cluster.objects.nodes[node.index()].header.reference.clone();
    Arc::make_mut(&mut cluster.workings.node_autoscaler.leaving).remove(&node);
    let message = "node removed by cluster autoscaler";
    say(cluster, journal, "ScaleDown", message, &about);
    // It may be gone already, by another hand.
    let _ = api::delete(cluster, &about, Actor::Unrecorded);
}

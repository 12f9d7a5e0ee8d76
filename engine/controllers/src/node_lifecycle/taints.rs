//! Taints that follow a node's conditions.

use super::zones::{self, ZoneState};
use super::{nodes, set_taints};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_cluster::rules::{MEMORY_PRESSURE, NOT_READY, UNREACHABLE, UNSCHEDULABLE};
use aegis_cluster::workings::NodeState;
use aegis_model::kubernetes::Taint;
use aegis_model::objects::{ConditionStatus, Node};
use aegis_model::{NodeId, Tick};
use alloc::sync::Arc;
use alloc::vec::Vec;

const DISK_PRESSURE: &str = "node.kubernetes.io/disk-pressure";
const PID_PRESSURE: &str = "node.kubernetes.io/pid-pressure";
const NETWORK_UNAVAILABLE: &str = "node.kubernetes.io/network-unavailable";

/// Taints that this controller owns.
const OWNED: [&str; 7] = [
    NOT_READY,
    UNREACHABLE,
    MEMORY_PRESSURE,
    DISK_PRESSURE,
    PID_PRESSURE,
    NETWORK_UNAVAILABLE,
    UNSCHEDULABLE,
];

fn taint(key: &str, effect: &str) -> Taint {
    Taint {
        key: key.into(),
        value: Default::default(),
        effect: effect.into(),
    }
}

/// Brings taints in line with conditions, where a node changed or one waits for its `NoExecute`.
pub(super) fn follow<P>(cluster: &mut Cluster<P>, journal: &mut Journal) {
    if cluster.workings.control.nodes_changed {
        let all: Vec<NodeId> = nodes(cluster).collect();
        for node in all {
            follow_node(cluster, journal, node);
        }
    }
    if !cluster.workings.lifecycle.queued.is_empty() {
        taint_queued(cluster);
    }
}

/// The taint that tells of a node's `Ready`.
fn health(node: &Node) -> Option<&'static str> {
    match node.condition("Ready") {
        ConditionStatus::True => None,
        ConditionStatus::False => Some(NOT_READY),
        ConditionStatus::Unknown => Some(UNREACHABLE),
    }
}

/// `NoSchedule` taints that a node should have.
fn wanted(node: &Node) -> Vec<Taint> {
    let pressed = |kind| node.condition(kind) == ConditionStatus::True;
    let rows = [
        (pressed("MemoryPressure"), MEMORY_PRESSURE),
        (pressed("DiskPressure"), DISK_PRESSURE),
        (pressed("PIDPressure"), PID_PRESSURE),
        (pressed("NetworkUnavailable"), NETWORK_UNAVAILABLE),
        (node.spec.unschedulable, UNSCHEDULABLE),
    ];
    let pressing = rows.into_iter().filter(|(holds, _)| *holds);
    let keys = health(node).into_iter().chain(pressing.map(|(_, key)| key));
    keys.map(|key| taint(key, "NoSchedule")).collect()
}

fn follow_node<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: NodeId) {
    let node = &cluster.objects.nodes[id.index()];
    let was_cordoned = is_cordoned(&node.spec.taints);
    let wanted = wanted(node);
    let health = health(node);
    let stays = |one: &&Taint| match one.effect.as_str() {
        "NoSchedule" => !OWNED.contains(&one.key.as_str()) || wanted.contains(one),
        "NoExecute" => {
            ![NOT_READY, UNREACHABLE].contains(&one.key.as_str())
                || Some(one.key.as_str()) == health
        }
        _ => true,
    };
    let mut taints: Vec<Taint> = node.spec.taints.iter().filter(stays).cloned().collect();
    for one in wanted {
        if !taints.contains(&one) {
            taints.push(one);
        }
    }
    let executed = health.is_some_and(|key| taints.contains(&taint(key, "NoExecute")));
    if health.is_some() && !executed {
        enqueue(cluster, id);
    } else {
        dequeue(cluster, id);
    }
    set_taints(cluster, id, &taints);
    if was_cordoned != is_cordoned(&taints) {
        say_schedulable(cluster, journal, id);
    }
    // A taint that is older than this controller is as old as what it tells of.
    let told = turned(cluster, id);
    let before = cluster.workings.lifecycle.no_execute.get(&id).cloned();
    note_no_execute(cluster, id, told);
    if let Some(before) = before
        && !cluster.workings.lifecycle.no_execute.contains_key(&id)
    {
        super::eviction::cancel(cluster, journal, id, &before);
    }
}

fn is_cordoned(taints: &[Taint]) -> bool {
    taints.iter().any(|taint| taint.key == UNSCHEDULABLE)
}

/// The kubelet tells of a cordon when it next looks at its node.
/// Source: pkg/kubelet/kubelet_node_status.go `recordNodeSchedulableEvent`.
fn say_schedulable<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: NodeId) {
    if cluster.workings.kubelet.node_state(id) != NodeState::Up || cluster.clock == Tick(0) {
        return;
    }
    let status = match cluster.objects.nodes[id.index()].spec.unschedulable {
        true => "NodeNotSchedulable",
        false => "NodeSchedulable",
    };
    super::say_status(cluster, journal, id, status, "kubelet");
}

fn enqueue<P>(cluster: &mut Cluster<P>, id: NodeId) {
    if !cluster.workings.lifecycle.queued.contains(&id) {
        Arc::make_mut(&mut cluster.workings.lifecycle.queued).insert(id);
    }
}

fn dequeue<P>(cluster: &mut Cluster<P>, id: NodeId) {
    if cluster.workings.lifecycle.queued.contains(&id) {
        Arc::make_mut(&mut cluster.workings.lifecycle.queued).remove(&id);
    }
}

/// Taints queued nodes `NoExecute`, in order of ids, as fast as their zones allow.
fn taint_queued<P>(cluster: &mut Cluster<P>) {
    let states = zones::states(cluster);
    let all_full = states.iter().all(|(_, state)| *state == ZoneState::Full);
    if all_full {
        return;
    }
    let now = cluster.clock;
    let queued: Vec<NodeId> = cluster.workings.lifecycle.queued.iter().copied().collect();
    for id in queued {
        let zone = zones::zone_of(&cluster.objects.nodes[id.index()]);
        let state = states.iter().find(|(name, _)| *name == zone);
        let Some(pause) = state.and_then(|(_, state)| state.seconds_per_node()) else {
            continue;
        };
        let lifecycle = &mut cluster.workings.lifecycle;
        let free = lifecycle.next_taint.get(&zone).copied().unwrap_or(Tick(0));
        if free > now {
            continue;
        }
        Arc::make_mut(&mut lifecycle.next_taint).insert(zone, now.after(pause));
        execute(cluster, id);
    }
}

fn execute<P>(cluster: &mut Cluster<P>, id: NodeId) {
    dequeue(cluster, id);
    let node = &cluster.objects.nodes[id.index()];
    let Some(key) = health(node) else {
        return;
    };
    let mut taints = node.spec.taints.clone();
    taints.push(taint(key, "NoExecute"));
    set_taints(cluster, id, &taints);
    let now = cluster.clock;
    note_no_execute(cluster, id, now);
}

/// Since when a node's `Ready` is what it is.
fn turned<P>(cluster: &Cluster<P>, id: NodeId) -> Tick {
    let conditions = &cluster.objects.nodes[id.index()].conditions;
    let ready = conditions
        .iter()
        .find(|condition| condition.kind == "Ready");
    ready.map_or(cluster.clock, |condition| condition.since)
}

/// Remembers since when a node has which `NoExecute` taints. One of this controller's
/// that is new to it counts from `told`.
fn note_no_execute<P>(cluster: &mut Cluster<P>, id: NodeId, told: Tick) {
    let now = cluster.clock;
    let spec = cluster.objects.nodes[id.index()].spec.clone();
    let lifecycle = &mut cluster.workings.lifecycle;
    let known = lifecycle.no_execute.get(&id);
    let since = |taint: &Taint| {
        let found = known.and_then(|all| all.iter().find(|(other, _)| other == taint));
        let owned = OWNED.contains(&taint.key.as_str());
        found.map_or(if owned { told } else { now }, |(_, since)| *since)
    };
    let present: Vec<(Taint, Tick)> = spec
        .taints
        .iter()
        .filter(|taint| taint.effect == "NoExecute")
        .map(|taint| (taint.clone(), since(taint)))
        .collect();
    if present.is_empty() && known.is_none() || known == Some(&present) {
        return;
    }
    let all = Arc::make_mut(&mut lifecycle.no_execute);
    if present.is_empty() {
        all.remove(&id);
    } else {
        all.insert(id, present);
    }
}

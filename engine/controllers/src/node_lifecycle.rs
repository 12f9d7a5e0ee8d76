//! The node lifecycle controller and the taint eviction controller.
//!
//! A node whose kubelet is silent for 50 s gets its conditions set to Unknown,
//! its pods `Ready: False` at once, and taints; pods that do not tolerate a
//! `NoExecute` taint are deleted when their time is over. Deleted pods on a dead
//! node stay `Terminating`: no kubelet confirms. Tainting `NoExecute` is limited
//! in rate and stops where whole zones are down.
//! Sources: pkg/controller/{nodelifecycle,tainteviction,podgc}; kubernetes.md, node lifecycle.

mod eviction;
mod taints;
mod zones;

use aegis_cluster::api;
use aegis_cluster::api::events::Source;
use aegis_cluster::api::nodes::{HEALTHY, set_condition};
use aegis_cluster::api::pods::PodConditionKind;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::NodeState;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::kubernetes::Taint;
use aegis_model::objects::{ConditionStatus, Node, Severity};
use aegis_model::{FieldChange, FieldPath, NodeId, Overlay, PodId, Table, Tick};
use alloc::format;
use alloc::vec::Vec;
use serde_json::Value;

/// Seconds between two looks at all nodes: `--node-monitor-period`.
const MONITOR_PERIOD: u32 = 5;
/// Seconds of silence until a node is Unknown: `--node-monitor-grace-period` from 1.32 on.
const GRACE: u32 = 50;

/// `source.component` of its Events.
const COMPONENT: &str = "node-controller";

/// Follows the nodes' health and evicts what cannot stay.
pub fn step<P: Clone>(
    cluster: &mut Cluster<P>,
    _overlay: &Overlay,
    _draws: &Draws,
    journal: &mut Journal,
) {
    if cluster.clock.0.is_multiple_of(MONITOR_PERIOD) {
        monitor(cluster, journal);
    }
    if cluster.workings.control.nodes_changed {
        greet(cluster, journal);
    }
    for node in core::mem::take(&mut cluster.workings.lifecycle.reported_down).iter() {
        show_loss(cluster, journal, *node);
    }
    taints::follow(cluster, journal);
    eviction::step(cluster, journal);
}

/// Tells of nodes that came or went in this second. Source: node_lifecycle_controller.go.
fn greet<P>(cluster: &mut Cluster<P>, journal: &mut Journal) {
    let now = cluster.clock;
    let rows = cluster.objects.nodes.iter();
    let told: Vec<(ObjectRef, &str, &str)> = rows
        .filter_map(|node| {
            let reference = node.header.reference.clone();
            match node.header.removed {
                Some(at) if at == now => Some((reference, "RemovingNode", "Removing Node")),
                None if node.header.created == now && now > Tick(0) => {
                    Some((reference, "RegisteredNode", "Registered Node"))
                }
                _ => None,
            }
        })
        .collect();
    for (object, reason, doing) in told {
        let name = &object.name;
        let place = if reason == "RemovingNode" {
            "from"
        } else {
            "in"
        };
        let text = format!("Node {name} event: {doing} {name} {place} Controller");
        let source = Source::of(COMPONENT);
        let normal = Severity::Normal;
        api::events::record(cluster, journal, normal, reason, &text, &object, source);
    }
}

fn nodes<P>(cluster: &Cluster<P>) -> impl Iterator<Item = NodeId> {
    let rows = cluster.objects.nodes.enumerate();
    rows.filter(|(_, node)| node.header.exists())
        .map(|(index, _)| NodeId::from(index))
}

/// One look at all nodes.
fn monitor<P>(cluster: &mut Cluster<P>, journal: &mut Journal) {
    let ready = &mut cluster.workings.lifecycle.ready;
    let ready = ready.of(&cluster.objects.nodes, ready_of);
    let known = ready.iter().zip(0_u32..);
    let existing = known.filter_map(|(ready, id)| Some((NodeId(id), (*ready)?)));
    let turned: Vec<(NodeId, ConditionStatus)> = existing
        .filter_map(|(node, ready)| Some((node, turn_of(cluster, node, ready)?)))
        .collect();
    for (node, status) in turned {
        match status {
            ConditionStatus::Unknown => lose(cluster, journal, node),
            _ => find_again(cluster, journal, node),
        }
    }
}

/// `Ready` of each node that exists.
fn ready_of(nodes: &Table<Node>) -> Vec<Option<ConditionStatus>> {
    let of = |node: &Node| node.header.exists().then(|| node.condition("Ready"));
    nodes.iter().map(of).collect()
}

/// The status that a node's `Ready` turns to, if it does; now it is `ready`.
fn turn_of<P>(
    cluster: &Cluster<P>,
    node: NodeId,
    ready: ConditionStatus,
) -> Option<ConditionStatus> {
    let run = cluster.workings.kubelet.nodes.get(node.index())?;
    match run.state {
        NodeState::Up if ready != ConditionStatus::True => Some(ConditionStatus::True),
        NodeState::Stopped(since) | NodeState::Down(since)
            if ready == ConditionStatus::True && cluster.clock.elapsed(since) >= GRACE =>
        {
            Some(ConditionStatus::Unknown)
        }
        _ => None,
    }
}

const KINDS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// The node is silent: nothing is known of it, and its pods do not count as ready.
fn lose<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    let message = "Kubelet stopped posting node status.";
    for kind in KINDS {
        let unknown = ConditionStatus::Unknown;
        set_condition(cluster, node, kind, unknown, "NodeStatusUnknown", message);
    }
    show_loss(cluster, journal, node);
}

/// A node is not ready any more: that is told, and its pods do not count as ready.
fn show_loss<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    say_status(cluster, journal, node, "NodeNotReady", COMPONENT);
    let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
    for pod in pods {
        if cluster.objects.pods[pod.index()].is_ready() {
            unready(cluster, journal, pod);
        }
    }
}

fn unready<P>(cluster: &mut Cluster<P>, journal: &mut Journal, pod: PodId) {
    let kind = PodConditionKind::Ready;
    api::pods::set_condition(cluster, pod, kind, ConditionStatus::False, "", None);
    let object = api::events::pod_ref(&cluster.objects.pods[pod.index()]);
    let source = Source::of(COMPONENT);
    let warning = Severity::Warning;
    let text = "Node is not ready";
    api::events::record(
        cluster,
        journal,
        warning,
        "NodeNotReady",
        text,
        &object,
        source,
    );
}

/// The kubelet posts again.
fn find_again<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    for (kind, status, reason, message) in HEALTHY {
        set_condition(cluster, node, kind, status, reason, message);
    }
    say_status(cluster, journal, node, "NodeReady", "kubelet");
}

fn say_status<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    status: &str,
    component: &'static str,
) {
    let object = cluster.objects.nodes[node.index()].header.reference.clone();
    let text = format!("Node {} status is now: {status}", object.name);
    let source = match component {
        "kubelet" => Source::kubelet(node),
        component => Source::of(component),
    };
    let normal = Severity::Normal;
    api::events::record(cluster, journal, normal, status, &text, &object, source);
}

/// Writes a node's taints, into the typed row and the document.
fn set_taints<P>(cluster: &mut Cluster<P>, node: NodeId, taints: &[Taint]) {
    let row = &cluster.objects.nodes[node.index()];
    if row.spec.taints == taints {
        return;
    }
    let object = row.header.reference.clone();
    let list: Vec<Value> = taints.iter().map(document_of).collect();
    let field = FieldChange {
        path: FieldPath::default().key("spec").key("taints"),
        before: None,
        after: (!list.is_empty()).then_some(Value::Array(list)),
    };
    let written = api::update(cluster, &object, &[field], api::Actor::Unrecorded);
    debug_assert!(written.is_ok(), "{object}: taints are valid");
}

/// A taint as the API server prints it: without an empty value.
fn document_of(taint: &Taint) -> Value {
    let mut document = serde_json::json!({"key": taint.key, "effect": taint.effect});
    if !taint.value.is_empty() {
        document["value"] = taint.value.as_str().into();
    }
    document
}

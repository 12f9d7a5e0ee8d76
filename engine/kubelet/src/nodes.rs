//! Nodes whose kubelets stop, and nodes that are gone.

use super::faults::end_processes;
use super::memory::say_of_node;
use super::wake_node;
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{Affliction, Ending, NodeState, Why};
use aegis_model::objects::{ConditionStatus, Severity};
use aegis_model::{FieldChange, FieldPath, Mechanism, NodeId, Overlay, PodId, Subject};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Exit code that the kubelet gives a container of which it knows only that it is gone.
const UNKNOWN_END: Ending = Ending {
    code: 255,
    why: Why::Other,
};

/// Takes in new nodes, and follows mechanisms that stop kubelets or take nodes away.
pub(super) fn follow_faults<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    journal: &mut Journal,
) {
    while cluster.workings.kubelet.nodes.len() < cluster.objects.nodes.len() {
        admit(cluster);
    }
    let afflicted = afflicted(cluster, overlay);
    let known = cluster.workings.kubelet.afflicted.clone();
    if *known == afflicted {
        return;
    }
    for (node, affliction) in &afflicted {
        if !known.contains(&(*node, *affliction)) {
            afflict(cluster, *node, *affliction);
        }
    }
    for (node, _) in known.iter() {
        if !afflicted.iter().any(|(other, _)| other == node) {
            recover(cluster, journal, *node);
        }
    }
    cluster.workings.kubelet.afflicted = Arc::new(afflicted);
}

/// The next node: its kubelet registers it. One that is given as not ready stays so.
fn admit<P>(cluster: &mut Cluster<P>) {
    let index = cluster.workings.kubelet.nodes.len();
    let now = cluster.clock;
    let ready = cluster.objects.nodes[index].condition("Ready");
    let run = cluster.workings.kubelet.node_mut(NodeId::from(index));
    if ready != ConditionStatus::True {
        run.state = NodeState::Stopped(now);
        run.believed_down = true;
    }
    if cluster.objects.nodes[index].header.exists() {
        label(cluster, NodeId::from(index));
    }
}

/// Labels that every kubelet gives its node, where they are missing.
/// Source: pkg/kubelet/kubelet_node_status.go `initialNode`.
const LABELS: [(&str, &str); 4] = [
    ("kubernetes.io/os", "linux"),
    ("kubernetes.io/arch", "amd64"),
    ("beta.kubernetes.io/os", "linux"),
    ("beta.kubernetes.io/arch", "amd64"),
];

fn label<P>(cluster: &mut Cluster<P>, node: NodeId) {
    let header = &cluster.objects.nodes[node.index()].header;
    let object = header.reference.clone();
    let hostname = [("kubernetes.io/hostname", object.name.as_str())];
    let labels = FieldPath::default().key("metadata").key("labels");
    let fields: Vec<FieldChange> = LABELS
        .into_iter()
        .chain(hostname)
        .filter(|(key, _)| !header.labels.contains_key(*key))
        .map(|(key, value)| FieldChange {
            path: labels.key(key),
            before: None,
            after: Some(value.into()),
        })
        .collect();
    let written = api::update(cluster, &object, &fields, api::Actor::Unrecorded);
    debug_assert!(written.is_ok(), "{object}: labels are valid");
}

/// Nodes that mechanisms act on, by id; the worse affliction counts.
fn afflicted<P>(cluster: &Cluster<P>, overlay: &Overlay) -> Vec<(NodeId, Affliction)> {
    let mut all: Vec<(NodeId, Affliction)> = Vec::new();
    for laid in overlay.active(cluster.clock) {
        let affliction = match laid.mechanism {
            Mechanism::KubeletStops => Affliction::KubeletStopped,
            Mechanism::NodeDown => Affliction::Gone,
            _ => continue,
        };
        match laid.subject {
            Subject::Node(node) => all.push((node, affliction)),
            Subject::Cluster => {
                let nodes = 0..cluster.objects.nodes.len();
                all.extend(nodes.map(|index| (NodeId::from(index), affliction)));
            }
            _ => {}
        }
    }
    all.sort_unstable();
    all.reverse();
    all.dedup_by_key(|(node, _)| *node);
    all.reverse();
    all.retain(|(node, _)| node.index() < cluster.objects.nodes.len());
    all
}

fn afflict<P>(cluster: &mut Cluster<P>, node: NodeId, affliction: Affliction) {
    let now = cluster.clock;
    let run = cluster.workings.kubelet.node_mut(node);
    let since = match run.state {
        NodeState::Up => now,
        NodeState::Stopped(since) | NodeState::Down(since) => since,
    };
    match affliction {
        Affliction::KubeletStopped => run.state = NodeState::Stopped(since),
        Affliction::Gone => {
            run.state = NodeState::Down(since);
            let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
            for pod in pods {
                end_processes(cluster, pod, UNKNOWN_END);
            }
        }
    }
}

/// The kubelet works again: it looks at all of its pods.
fn recover<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    let run = cluster.workings.kubelet.node_mut(node);
    let rebooted = matches!(run.state, NodeState::Down(_));
    run.state = NodeState::Up;
    let name = cluster.objects.nodes[node.index()]
        .header
        .reference
        .name
        .clone();
    let normal = Severity::Normal;
    say_of_node(
        cluster,
        journal,
        node,
        normal,
        "Starting",
        "Starting kubelet.",
    );
    if rebooted {
        let text = format!("Node {name} has been rebooted");
        say_of_node(cluster, journal, node, Severity::Warning, "Rebooted", &text);
    }
    wake_node(cluster, node);
}

//! The kubelets: pods that are bound come to life here, are probed, killed, started again, and go.
//!
//! **What costs what.** A pod is looked at when its `due` tick has come, and then
//! says when it is next to be looked at. A pod whose probes all pass says never:
//! it is *calm*. Its probes would succeed whenever they ran, so they are not run;
//! two columns of thresholds ([`aegis_cluster::workings::Watched`]) are compared with its
//! memory and its answer time each tick, and only a pod above one of them is
//! looked at. A pod whose answers have become slow is no longer calm: its probes
//! then run one by one at their own times (start + initial delay + k · period, in
//! phase with those that were left out) until all pass again. A fault that is
//! laid on probes ends the calm of the pods it acts on.
//!
//! **What a second resolves.** A process that ends within a second is seen at the
//! next tick, as the kubelet's relisting (1 s) would see it; its back-off counts
//! from when it ended.
//!
//! Not simulated: ephemeral containers, the contents of claims, CPU manager, image garbage
//! collection, node-level log handling.
#![no_std]

extern crate alloc;

mod admission;
mod adopt;
mod call;
mod container;
mod disk;
mod faults;
mod hooks;
mod images;
mod memory;
mod nodes;
mod preemption;
mod probes;
mod pull;
mod recipe;
mod references;
mod script;
mod status;
mod stop;
mod sync;
mod verdict;
mod waits;
mod words;

pub use faults::kill;
pub use recipe::prepare;

use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{HotChunk, NodeState, POD_CHUNK, Watched};
use aegis_model::{NodeId, Overlay, PodId};
use alloc::vec::Vec;

/// What kubelets do in one second.
pub fn step<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    nodes::follow_faults(cluster, overlay, journal);
    faults::follow_probe_faults(cluster, overlay);
    let mut due = Vec::new();
    for index in 0..cluster.workings.pods.chunks().len() {
        for pod in alarming(cluster, index) {
            alarm(cluster, pod);
        }
        let now = cluster.clock;
        cluster.workings.pods.take_due(index, now, &mut due);
        for pod in due.drain(..) {
            look_at(cluster, overlay, draws, journal, pod);
        }
    }
    memory::check_nodes(cluster, overlay, draws, journal);
    disk::check_nodes(cluster, overlay, draws, journal);
}

/// Pods of a chunk that are above a threshold. Where neither they nor their thresholds were
/// written, none has come to be.
fn alarming<P>(cluster: &mut Cluster<P>, index: usize) -> Vec<PodId> {
    if cluster.workings.kubelet.take_reset(index) {
        cluster.workings.pods.compare_again(index);
    }
    if !cluster.workings.pods.is_measured(index) {
        return Vec::new();
    }
    let Some(watched) = cluster.workings.kubelet.watched.get(index) else {
        return Vec::new();
    };
    let hot = &cluster.workings.pods.chunks()[index];
    let rows = cluster.workings.pods.rows(index);
    if !any_above(hot, watched, rows) {
        cluster.workings.pods.compared(index);
        return Vec::new();
    }
    (0..rows)
        .filter(|row| is_above(hot, watched, *row))
        .map(|row| PodId::from(index * POD_CHUNK + row))
        .collect()
}

fn is_above(hot: &HotChunk, watched: &Watched, row: usize) -> bool {
    hot.memory[row] > watched.memory[row] || hot.answer[row] > watched.answer[row]
}

/// One pass without branches, for the usual case that there is none.
fn any_above(hot: &HotChunk, watched: &Watched, rows: usize) -> bool {
    let memory = hot.memory[..rows].iter().zip(&watched.memory[..rows]);
    let answer = hot.answer[..rows].iter().zip(&watched.answer[..rows]);
    let above = |any: bool, (value, limit): (&f32, &f32)| any | (value > limit);
    memory.fold(false, above) | answer.fold(false, above)
}

/// A pod is above a threshold: memory kills it, a slow answer ends its calm.
fn alarm<P: Clone>(cluster: &mut Cluster<P>, pod: PodId) {
    if !cluster.objects.pods[pod.index()].exists() {
        cluster
            .workings
            .kubelet
            .watch(pod, f32::INFINITY, f32::INFINITY);
        return;
    }
    let (chunk, row) = cluster.workings.pods.at(pod);
    let watched = &cluster.workings.kubelet.watched[pod.index() / POD_CHUNK];
    if chunk.memory[row] > watched.memory[row] {
        memory::kill_serving(cluster, pod);
    } else {
        probes::end_calm(cluster, pod);
    }
}

/// Looks at one pod, where its node's kubelet works.
fn look_at<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
    pod: PodId,
) {
    let row = &cluster.objects.pods[pod.index()];
    let Some(node) = row.node.filter(|_| row.exists()) else {
        return;
    };
    if cluster.workings.kubelet.node_state(node) == NodeState::Up {
        sync::Sync::new(cluster, overlay, draws, journal, pod, node).run();
    }
}

/// Has all pods of a node looked at, at once.
fn wake_node<P>(cluster: &mut Cluster<P>, node: NodeId) {
    let now = cluster.clock;
    let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
    for pod in pods {
        cluster.workings.pods.set_due(pod, now);
    }
}

//! Mechanisms that act on objects: laid when their time comes, taken back when it is over.
//!
//! What bends traffic, memory, probes or kubelets is read from the overlay by
//! the steps that it concerns. A mechanism acts at its first tick alone, so that
//! a twin that is told of one which began before does not lay it twice.

use aegis_cluster::api::{self, Actor, pods};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::overlay::Controller;
use aegis_model::{Laid, Mechanism, NodeId, ObjectChange, Overlay, PodId, Subject, Tick};
use alloc::vec::Vec;

/// Lays what begins at this second, and takes back what ends.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, overlay: &Overlay, _: &Draws, _: &mut Journal) {
    let now = cluster.clock;
    for laid in &overlay.0 {
        if laid.until == now && laid.from < now {
            take_back(cluster, laid);
        }
    }
    for laid in overlay.active(now) {
        lay(cluster, laid, now);
    }
}

/// Whether a part of the control plane runs.
pub fn runs(part: Controller, overlay: &Overlay, now: Tick) -> bool {
    let stopped = |laid: &Laid| laid.mechanism == Mechanism::ControllerStops(part);
    !overlay.active(now).any(stopped)
}

/// A write that the API server refuses has no effect: the object may be gone since it was planned.
fn write<P>(cluster: &mut Cluster<P>, change: &ObjectChange, actor: Actor<'_>) {
    let _ = api::apply(cluster, change, actor);
}

fn lay<P>(cluster: &mut Cluster<P>, laid: &Laid, now: Tick) {
    let begins = laid.from == now;
    match &laid.mechanism {
        Mechanism::Change(change) if begins => write(cluster, change, Actor::Unrecorded),
        Mechanism::Actor {
            actor,
            every,
            change,
        } if now.elapsed(laid.from).is_multiple_of((*every).max(1)) => {
            write(cluster, change, Actor::Recorded(actor));
        }
        Mechanism::PodKill if begins => {
            for pod in pods_of(cluster, laid.subject) {
                pods::begin_deletion(cluster, pod, 0);
            }
        }
        Mechanism::Drain if begins => {
            for node in nodes_of(cluster, laid.subject) {
                let _ = api::drain(cluster, node, Actor::Unrecorded);
            }
        }
        _ => {}
    }
}

fn take_back<P>(cluster: &mut Cluster<P>, laid: &Laid) {
    match &laid.mechanism {
        Mechanism::Change(change) => {
            if let Some(back) = inverse(change) {
                write(cluster, &back, Actor::Unrecorded);
            }
        }
        Mechanism::Drain => {
            for node in nodes_of(cluster, laid.subject) {
                let _ = api::uncordon(cluster, node, Actor::Unrecorded);
            }
        }
        _ => {}
    }
}

/// The write that takes another one back, if there is one.
fn inverse(change: &ObjectChange) -> Option<ObjectChange> {
    match change {
        ObjectChange::Create { document } => {
            let (object, _) = api::identify(document).ok()?;
            change.inverse(&object)
        }
        ObjectChange::Update { object, .. }
        | ObjectChange::Delete { object, .. }
        | ObjectChange::Exec { object, .. } => change.inverse(object),
    }
}

/// Existing pods of a subject.
fn pods_of<P>(cluster: &Cluster<P>, subject: Subject) -> Vec<PodId> {
    match subject {
        Subject::Workload(id) => cluster.objects.workloads[id.index()].pods.to_vec(),
        Subject::Pod(id) => Vec::from([id]),
        Subject::Node(id) => cluster.workings.index.pods_on(id).to_vec(),
        Subject::Service(id) => {
            let endpoints = cluster.objects.services[id.index()].endpoints.iter();
            endpoints.map(|endpoint| endpoint.pod).collect()
        }
        Subject::Edge(..) => Vec::new(),
        Subject::Cluster => {
            let rows = cluster.objects.pods.enumerate();
            rows.filter(|(_, pod)| pod.exists())
                .map(|(index, _)| PodId::from(index))
                .collect()
        }
    }
}

/// Nodes of a subject: itself, or those on which its pods run.
fn nodes_of<P>(cluster: &Cluster<P>, subject: Subject) -> Vec<NodeId> {
    if let Subject::Node(node) = subject {
        return Vec::from([node]);
    }
    let pods = pods_of(cluster, subject).into_iter();
    let mut nodes: Vec<NodeId> = pods
        .filter_map(|pod| cluster.objects.pods[pod.index()].node)
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

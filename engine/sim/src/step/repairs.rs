//! What repairs do beside their purpose, wherever they are done: a server starts anew, a node goes and another comes.
//!
//! Whoever provides machines keeps their number: for a node that is deleted in order to be replaced, one of its kind joins
//! a while later, under the same name. Source: Compute Engine, "Repair VMs in a MIG": a VM is deleted and made anew with its
//! name; node groups that name machines anew differ in nothing else.

use aegis_cluster::api::{self, Actor};
use aegis_cluster::repair::{Repaired, since};
use aegis_cluster::{Cluster, Draws, Journal};
use aegis_model::objects::Node;
use aegis_model::procedure::{NEW_NODE, SideEffect, Way};
use aegis_model::{Doc, NodeId, Overlay, PodId, Target, Tick};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;

/// Does what the repairs of this second do, and lets nodes join whose time has come.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, _: &mut Journal) {
    let now = cluster.clock;
    let earliest = Tick(now.0.saturating_sub(NEW_NODE));
    let recent: Vec<Repaired> = since(cluster, earliest).collect();
    for done in recent.into_iter().rev() {
        match (done.procedure.facts().hurts, done.on) {
            (SideEffect::RestartsServer, Target::Workload(id)) if done.at == now => {
                let pods: Vec<PodId> = cluster.objects.workloads[id.index()].pods.to_vec();
                for pod in pods {
                    super::kubelet::kill(cluster, pod);
                }
            }
            (SideEffect::EmptiesNode, Target::Node(node)) if done.way == Way::Done => {
                if done.at == now {
                    let object = cluster.objects.nodes[node.index()].header.reference.clone();
                    // It may be gone already, by another hand.
                    let _ = api::delete(cluster, &object, Actor::Unrecorded);
                } else if done.at == earliest {
                    join(cluster, node);
                }
            }
            _ => {}
        }
    }
}

/// A node of the kind of one that is gone.
fn join<P>(cluster: &mut Cluster<P>, like: NodeId) {
    let document = fresh(&cluster.objects.nodes[like.index()]);
    // The document was one of a node; somebody else may have made another of the name.
    let _ = api::create(cluster, document, Actor::Unrecorded);
}

/// A node's document as its machine would register it: what the machine has, no image yet, and nothing that was written
/// since.
fn fresh(row: &Node) -> Doc {
    let mut value: Value = (*row.header.doc).clone();
    let metadata = &mut value["metadata"];
    let (name, labels) = (metadata["name"].take(), metadata["labels"].take());
    *metadata = serde_json::json!({"name": name, "labels": labels});
    if let Some(spec) = value["spec"].as_object_mut() {
        spec.remove("unschedulable");
    }
    if let Some(taints) = value["spec"]["taints"].as_array_mut() {
        taints.retain(|taint| {
            let key = taint["key"].as_str().unwrap_or_default();
            !key.starts_with("node.kubernetes.io/")
        });
    }
    value["status"] = serde_json::json!({
        "capacity": row.capacity.capacity,
        "allocatable": row.capacity.allocatable,
    });
    Arc::new(value)
}

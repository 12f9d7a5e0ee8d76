//! What repairs do beside their purpose, wherever they are done: a server starts anew, a node goes and another comes, one
//! more comes.
//!
//! Whoever provides machines keeps their number: for a node that is deleted in order to be replaced, one of its kind joins
//! a while later, under the same name. Source: Compute Engine, "Repair VMs in a MIG": a VM is deleted and made anew with its
//! name; node groups that name machines anew differ in nothing else.

use crate::pool::{added, wanted};
use aegis_cluster::api::{self, Actor};
use aegis_cluster::repair::{Repaired, since};
use aegis_cluster::{Cluster, Draws, Journal};
use aegis_model::objects::Node;
use aegis_model::procedure::{NEW_NODE, SideEffect, Way};
use aegis_model::{Doc, NodeId, Overlay, PodId, Target, Tick};
use alloc::format;
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
                    let document = fresh(&cluster.objects.nodes[node.index()]);
                    join(cluster, document);
                }
            }
            (SideEffect::AddsNode, Target::Node(like))
                if done.at == earliest
                    && added(cluster, like).len() < wanted(cluster, like, earliest) =>
            {
                let document = another(cluster, like);
                join(cluster, document);
            }
            _ => {}
        }
    }
}

/// A machine's node joins.
fn join<P>(cluster: &mut Cluster<P>, document: Doc) {
    // Somebody else may have made one of the name.
    let _ = api::create(cluster, document, Actor::Unrecorded);
}

/// The document of one more node of a kind: the name says after which, and how many of them there were.
fn another<P>(cluster: &Cluster<P>, like: NodeId) -> Doc {
    let nodes = &cluster.objects.nodes;
    let row = &nodes[like.index()];
    let base = &row.header.reference.name;
    let is_taken = |name: &str| nodes.iter().any(|row| row.header.reference.name == name);
    let mut number = 2;
    while is_taken(&format!("{base}-{number}")) {
        number += 1;
    }
    let name = format!("{base}-{number}");
    let mut value: Value = (*fresh(row)).clone();
    value["metadata"]["name"] = name.as_str().into();
    let hostname = &mut value["metadata"]["labels"]["kubernetes.io/hostname"];
    if hostname.is_string() {
        *hostname = name.into();
    }
    Arc::new(value)
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

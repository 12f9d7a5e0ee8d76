//! The cluster autoscaler: groups of nodes grow for pods that nobody can take, and shrink when they are idle.
//!
//! It works only where a scenario gives groups a `min` or `max`. Every 10 s it looks: pods that no
//! node takes, coming ones included, ask for nodes of the group that wastes least ([`up`]); nodes
//! that are used below a half, and whose pods fit elsewhere, are emptied after 10 min ([`down`]).
//! Whether pods fit is asked of the scheduler's own filters, on a fork that is thrown away.
//! Sources: kubernetes/autoscaler, cluster-autoscaler/FAQ.md (parameters and rules),
//! processors/status/eventing_scale_up_processor.go (words of Events).

mod down;
mod up;

use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, Actor};
use aegis_cluster::workings::{NodeGroup, Slot};
use aegis_cluster::{Cluster, Draws, Journal};
use aegis_model::kubernetes::ObjectRef;
use aegis_model::objects::Severity;
use aegis_model::{Doc, NodeId, Overlay, Tick};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use serde_json::Value;

/// Seconds between two looks (`--scan-interval`).
const SCAN: u32 = 10;
/// Seconds in which a node that was asked for must come (`--max-node-provision-time`).
const PROVISION: u32 = 900;
/// Seconds for which a group is left alone whose nodes did not come (`--initial-node-group-backoff-duration`).
const BACKOFF: u32 = 300;

/// Lets nodes come and go; looks at the cluster when it is time.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, draws: &Draws, journal: &mut Journal) {
    if cluster.workings.node_autoscaler.groups.is_empty() {
        return;
    }
    arrivals(cluster);
    down::departures(cluster, journal);
    let now = cluster.clock;
    if cluster.workings.node_autoscaler.next > now {
        return;
    }
    cluster.workings.node_autoscaler.next = now.after(SCAN);
    match up::look(cluster, *draws, journal) {
        up::Grown::Yes => cluster.workings.node_autoscaler.grown = Some(now),
        up::Grown::No => down::look(cluster, *draws, journal),
    }
}

/// Nodes whose time has come join; those that take too long are given up.
fn arrivals<P>(cluster: &mut Cluster<P>) {
    let now = cluster.clock;
    for index in 0..cluster.workings.node_autoscaler.groups.len() {
        loop {
            let group = &cluster.workings.node_autoscaler.groups[index];
            let Some(due) = group.coming.first().copied().filter(|due| *due <= now) else {
                break;
            };
            let late = group.startup > PROVISION;
            let group = group_mut(cluster, index);
            group.coming.retain(|other| *other != due || !late);
            if late {
                group.backed_off = now.after(BACKOFF);
            } else {
                group.coming.remove(0);
                join(cluster, index);
            }
        }
    }
}

fn group_mut<P>(cluster: &mut Cluster<P>, index: usize) -> &mut NodeGroup {
    let groups = Arc::make_mut(&mut cluster.workings.node_autoscaler.groups);
    &mut groups[index]
}

/// Adds the next node of a group to the cluster.
fn join<P>(cluster: &mut Cluster<P>, index: usize) -> Option<NodeId> {
    let state = &mut cluster.workings.node_autoscaler;
    state.named += 1;
    let name = format!("node-{}", state.named);
    let group = group_mut(cluster, index);
    let turn = group.made as usize % group.documents.len().max(1);
    group.made += 1;
    let document = named(group.documents.get(turn)?, &name);
    let created = api::create(cluster, document, Actor::Unrecorded);
    let Ok(Slot::Node(node)) = created else {
        return None;
    };
    group_mut(cluster, index).nodes.push(node);
    Some(node)
}

fn named(document: &Doc, name: &str) -> Doc {
    let mut value: Value = (**document).clone();
    value["metadata"]["name"] = name.into();
    value["metadata"]["labels"]["kubernetes.io/hostname"] = name.into();
    Arc::new(value)
}

/// Nodes that a group has and does not give away, with those that are coming.
fn size<P>(cluster: &Cluster<P>, group: &NodeGroup) -> u32 {
    let state = &cluster.workings.node_autoscaler;
    let staying = group.nodes.iter().filter(|node| {
        cluster.objects.nodes[node.index()].header.exists() && !state.leaving.contains_key(node)
    });
    (staying.count() + group.coming.len()) as u32
}

/// When a node that is asked for now will be there, or be given up.
fn due(group: &NodeGroup, now: Tick) -> Tick {
    now.after(group.startup.min(PROVISION))
}

fn say<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    reason: &str,
    message: &str,
    about: &ObjectRef,
) {
    let source = Source::of("cluster-autoscaler");
    let severity = Severity::Normal;
    record(cluster, journal, severity, reason, message, about, source);
}

/// The object that stands for the autoscaler in its own Events.
fn status() -> ObjectRef {
    ObjectRef::new(
        "ConfigMap".into(),
        "kube-system",
        "cluster-autoscaler-status",
    )
}

/// As a list of reasons with their counts, sorted.
fn counted(reasons: &alloc::collections::BTreeMap<String, u32>) -> String {
    let words = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"));
    words.collect::<alloc::vec::Vec<_>>().join(", ")
}

//! Pools of machines: one node more of a kind, and away again.
//!
//! Whoever provides machines is asked by a repair, which stands in the record of changes; what is wanted is what was asked for and
//! not taken back. Source: the Cluster API book, "Scaling nodes".

use aegis_cluster::Cluster;
use aegis_cluster::api::{self, Actor};
use aegis_cluster::repair::{Repaired, since};
use aegis_model::objects::Node;
use aegis_model::procedure::{SideEffect, Way};
use aegis_model::{NodeId, ObjectChange, Target, Tick};
use alloc::vec::Vec;

/// Nodes that came as one more of a node's kind, and are there still, in the order in which they came.
pub fn added<P>(cluster: &Cluster<P>, like: NodeId) -> Vec<NodeId> {
    let nodes = &cluster.objects.nodes;
    let base = nodes[like.index()].header.reference.name.as_str();
    let asked = since(cluster, Tick(0))
        .filter(|done| is_one_more(done, like))
        .last();
    let came = |row: &Node| {
        let name = row.header.reference.name.strip_prefix(base);
        let number = name.and_then(|rest| rest.strip_prefix('-'));
        let numbered = number.is_some_and(|number| number.parse::<u32>().is_ok());
        let since = asked.is_some_and(|first| row.header.created > first.at);
        numbered && since && row.header.exists()
    };
    let all = nodes.enumerate().filter(|(_, row)| came(row));
    all.map(|(index, _)| NodeId::from(index)).collect()
}

/// How many more nodes of a kind were asked for up to a tick and not taken back since.
pub fn wanted<P>(cluster: &Cluster<P>, like: NodeId, until: Tick) -> usize {
    let (mut asked, mut back) = (0_usize, 0);
    for one in since(cluster, Tick(0)).filter(|done| is_one_more(done, like)) {
        match one.way {
            Way::Done if one.at <= until => asked += 1,
            Way::Done => {}
            Way::TakenBack => back += 1,
        }
    }
    asked.saturating_sub(back)
}

fn is_one_more(done: &Repaired, like: NodeId) -> bool {
    done.procedure.facts().hurts == SideEffect::AddsNode && done.on == Target::Node(like)
}

/// What a change does to a pool at once: what is taken back goes, if it has come.
pub fn follow<P>(cluster: &mut Cluster<P>, change: &ObjectChange) {
    let ObjectChange::Exec {
        on: Target::Node(like),
        procedure,
        way: Way::TakenBack,
        ..
    } = change
    else {
        return;
    };
    if procedure.facts().hurts == SideEffect::AddsNode {
        take_away(cluster, *like);
    }
}

/// Takes the last node away that came as one more of a node's kind, where more are there than are wanted now.
fn take_away<P>(cluster: &mut Cluster<P>, like: NodeId) {
    let (there, now) = (added(cluster, like), cluster.clock);
    let Some(last) = there
        .last()
        .filter(|_| there.len() > wanted(cluster, like, now))
    else {
        return;
    };
    let object = cluster.objects.nodes[last.index()].header.reference.clone();
    // It may be gone already, by another hand.
    let _ = api::delete(cluster, &object, Actor::Unrecorded);
}

//! How many nodes of a zone are down, and how fast pods may leave them.

use super::nodes;
use aegis_cluster::cluster::Cluster;
use aegis_model::objects::{ConditionStatus, Node};
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Share of nodes that are not ready from which a zone counts as partly disrupted.
const UNHEALTHY_ZONE: f64 = 0.55;
/// Nodes above which a partly disrupted zone is evicted at the slow rate; at or below, not at all.
const LARGE_CLUSTER: usize = 50;

/// Health of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneState {
    Normal,
    /// Most nodes are down; the number of all says whether the zone is large.
    Partial(usize),
    Full,
}

impl ZoneState {
    /// Seconds between two nodes that are tainted; `None` is never.
    /// Rates: 0.1 nodes/s, 0.01 in a large zone that is partly disrupted.
    pub fn seconds_per_node(self) -> Option<u32> {
        match self {
            Self::Normal | Self::Full => Some(10),
            Self::Partial(nodes) if nodes > LARGE_CLUSTER => Some(100),
            Self::Partial(_) => None,
        }
    }
}

/// Region and zone of a node; empty where it has no labels.
pub(super) fn zone_of(node: &Node) -> SmolStr {
    let label = |key: &str| {
        let value = node.header.labels.get(key);
        value.map_or("", |value| value.as_str())
    };
    let (region, zone) = (
        label("topology.kubernetes.io/region"),
        label("topology.kubernetes.io/zone"),
    );
    smol_str::format_smolstr!("{region}:{zone}")
}

/// All zones in order of their first node.
pub(super) fn states<P>(cluster: &Cluster<P>) -> Vec<(SmolStr, ZoneState)> {
    let mut counts: Vec<(SmolStr, usize, usize)> = Vec::new();
    for id in nodes(cluster) {
        let node = &cluster.objects.nodes[id.index()];
        let zone = zone_of(node);
        let down = usize::from(node.condition("Ready") != ConditionStatus::True);
        match counts.iter_mut().find(|(name, _, _)| *name == zone) {
            Some((_, all, lost)) => (*all, *lost) = (*all + 1, *lost + down),
            None => counts.push((zone, 1, down)),
        }
    }
    let states = counts.into_iter();
    states
        .map(|(zone, all, down)| (zone, state(all, down)))
        .collect()
}

fn state(all: usize, down: usize) -> ZoneState {
    if down > 0 && down == all {
        ZoneState::Full
    } else if down > 2 && down as f64 / all as f64 >= UNHEALTHY_ZONE {
        ZoneState::Partial(all)
    } else {
        ZoneState::Normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_judged_by_its_share_of_lost_nodes() {
        for (all, down, expected) in [
            (3, 0, ZoneState::Normal),
            (3, 2, ZoneState::Normal),
            (3, 3, ZoneState::Full),
            (5, 3, ZoneState::Partial(5)),
            (10, 5, ZoneState::Normal),
            (100, 55, ZoneState::Partial(100)),
        ] {
            assert_eq!(state(all, down), expected, "{down} of {all}");
        }
        assert_eq!(ZoneState::Partial(5).seconds_per_node(), None);
        assert_eq!(ZoneState::Partial(100).seconds_per_node(), Some(100));
    }
}

//! Whether a node has room: places, CPU, memory, other resources, ports.
//! Source: pkg/scheduler/framework/plugins/{noderesources/fit,nodeports}.

use super::board::{Row, amount};
use super::message::{Ever, Refusal, Short};
use aegis_cluster::workings::{Demand, NodeSums};
use aegis_model::objects::Node;
use alloc::vec::Vec;

/// Whether a port that the pod needs is taken.
fn ports_taken(sums: &NodeSums, demand: &Demand) -> bool {
    demand
        .ports
        .iter()
        .any(|port| sums.ports().iter().any(|used| port.conflicts(used)))
}

/// Whether CPU, memory and places are there; all that most pods ask for.
pub(super) fn has_room(row: &Row, sums: &NodeSums, demand: &Demand) -> bool {
    let cpu = demand.cpu == 0 || sums.cpu + demand.cpu <= row.cpu;
    let memory = demand.memory == 0 || sums.memory + demand.memory <= row.memory;
    cpu & memory & (sums.pods < row.pods)
}

/// Whether a pod asks for more than that.
pub(super) fn is_plain(demand: &Demand) -> bool {
    demand.other.is_empty() && demand.ports.is_empty()
}

/// Why the node has no room, if so. `sums` is what its pods ask for, `row.sums` or less.
pub(super) fn refuses(row: &Row, node: &Node, sums: &NodeSums, demand: &Demand) -> Option<Refusal> {
    if ports_taken(sums, demand) {
        return Some(Refusal::Ports);
    }
    if demand.other.is_empty() && has_room(row, sums, demand) {
        return None;
    }
    let shorts = shorts(row, node, sums, demand);
    (!shorts.is_empty()).then_some(Refusal::Fit(shorts))
}

fn shorts(row: &Row, node: &Node, sums: &NodeSums, demand: &Demand) -> Vec<Short> {
    let mut shorts = Vec::new();
    if sums.pods >= row.pods {
        shorts.push(Short::Pods);
    }
    let mut check = |name: &str, asked: u64, used: u64, there: u64| {
        if asked > 0 && used + asked > there {
            let ever = if asked > there {
                Ever::TooSmall
            } else {
                Ever::Fits
            };
            shorts.push(Short::Resource(name.into(), ever));
        }
    };
    check("cpu", demand.cpu, sums.cpu, row.cpu);
    check("memory", demand.memory, sums.memory, row.memory);
    for (name, asked) in &demand.other {
        check(name, *asked, sums.other(name), amount(node, name));
    }
    shorts
}

//! What a change of settings does to calls that were inferred from them.

use super::directory::Directory;
use super::graph::{self, Edge, Why};
use aegis_model::kubernetes::PodTemplateSpec;
use aegis_model::{Behaviour, Call, Objects};
use alloc::vec::Vec;

/// The behaviour of pods made from `after`, where `behaviour` is that of pods made from `before`:
/// a call whose setting names another address goes there; one whose setting is gone, or names no
/// Service, fails to resolve. Both templates are read with the objects as they are now. Calls that
/// were not inferred from a setting stay, and so do calls to an address that another setting still names.
#[must_use]
pub fn rewire(
    objects: &Objects,
    namespace: &str,
    behaviour: &Behaviour,
    before: &PodTemplateSpec,
    after: &PodTemplateSpec,
) -> Behaviour {
    let directory = Directory::new(objects);
    let old = graph::addressed(&directory, before, namespace);
    let new = graph::addressed(&directory, after, namespace);
    let mut changed = behaviour.clone();
    for (position, edge) in old.iter().enumerate() {
        if !new
            .iter()
            .any(|other| (other.to, other.port) == (edge.to, edge.port))
        {
            redirect(&mut changed.calls, edge, successor(&old, &new, position));
        }
    }
    changed
}

/// The edge of `new` that stands in the same setting as `old[position]`, at the same place among its equals.
fn successor<'a>(old: &[Edge], new: &'a [Edge], position: usize) -> Option<&'a Edge> {
    let place = place(&old[position]);
    let nth = old[..position]
        .iter()
        .filter(|edge| self::place(edge) == place)
        .count();
    new.iter()
        .filter(|edge| self::place(edge) == place)
        .nth(nth)
}

fn place(edge: &Edge) -> Option<&str> {
    match &edge.why {
        Why::Address { place, .. } => Some(place),
        Why::Name | Why::Secret(_) | Why::Image(_) => None,
    }
}

/// Sends the calls of one edge elsewhere. An edge that named nobody before and somebody now keeps its ratio of 0.
fn redirect(calls: &mut [Call], from: &Edge, to: Option<&Edge>) {
    let same = |call: &&mut Call| call.to == from.to && call.port == from.port;
    let found: Vec<&mut Call> = calls.iter_mut().filter(same).collect();
    for call in found {
        call.to = to.and_then(|edge| edge.to);
        call.port = to.map_or(0, |edge| edge.port);
    }
}

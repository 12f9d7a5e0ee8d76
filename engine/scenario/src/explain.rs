//! What is inferred from the manifests and why, for people: `check --explain`.

use crate::behave;
use crate::capacity::{Capacity, Room, capacities, rooms};
use crate::load::Loaded;
use crate::names;
use aegis_kube::Diagnostic;
use aegis_model::{Behaviour, Objects, Target, WorkloadId};
use aegis_sim::infer::{Fact, Inferred, infer};
use std::fmt::Write as _;

/// The inferred call graph, costs and capacities of a scenario's cluster, with the reason for each.
///
/// # Errors
/// What the API server refuses, at its place.
pub fn explain(loaded: &Loaded) -> Result<String, Vec<Diagnostic>> {
    let founded = crate::draft::found(loaded)?;
    let objects = founded.objects();
    let inferred = infer(objects);
    let facts = inferred.explain(objects);
    let behaviours = behave::stated(objects, &inferred, &loaded.scenario.spec);
    let rooms = rooms(objects, &behaviours);
    let mut text = String::new();
    for (id, row) in objects
        .workloads
        .enumerate()
        .filter(|(_, row)| row.header.exists())
    {
        let target = Target::Workload(WorkloadId::from(id));
        let _ = writeln!(text, "{}", names::written(&row.header.reference));
        of_target(&mut text, &facts, target);
        if let (Some(Some(room)), Some(Some(behaviour))) = (rooms.get(id), behaviours.get(id)) {
            room_of(&mut text, *room, behaviour);
        }
    }
    entries(&mut text, objects, &inferred, &facts);
    Ok(text)
}

fn of_target(text: &mut String, facts: &[Fact], target: Target) {
    for fact in facts.iter().filter(|fact| fact.subject == target) {
        let _ = writeln!(text, "  {}  ({})", fact.what, fact.why);
    }
}

fn room_of(text: &mut String, room: Room, behaviour: &Behaviour) {
    let _ = writeln!(
        text,
        "  serves up to {:.0} requests/s: {:.0}m of CPU in its pods at {:.2} ms each, {} workers and a queue of {} per pod",
        room.rate(),
        room.cores * 1000.0,
        room.cost * 1000.0,
        behaviour.workers,
        behaviour.queue,
    );
}

fn entries(text: &mut String, objects: &Objects, inferred: &Inferred, facts: &[Fact]) {
    let capacities = capacities(objects, inferred);
    for entry in &inferred.entries {
        let row = &objects.services[entry.service.index()];
        let _ = writeln!(text, "{}", names::written(&row.header.reference));
        of_target(text, facts, Target::Service(entry.service));
        let capacity = capacities
            .iter()
            .find(|capacity| capacity.entry == entry.service);
        if let Some(capacity) = capacity.filter(|capacity| capacity.rate.is_finite()) {
            capacity_of(text, objects, capacity);
        }
    }
}

fn capacity_of(text: &mut String, objects: &Objects, capacity: &Capacity) {
    let tightest = capacity
        .tightest
        .map(|id| &objects.workloads[id.index()].header.reference);
    let what = tightest.map_or_else(|| "the nodes' CPU".to_owned(), names::written);
    let _ = writeln!(
        text,
        "  the cluster serves about {:.0} requests/s here; then {what} is full",
        capacity.rate
    );
}

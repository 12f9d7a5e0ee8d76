//! What an incident looks like, apart from names.

use crate::topology::Topology;
use aegis_model::{Cue, Role, Signature, SignaturePart, Symptom, Target};
use std::collections::BTreeSet;

/// Least severity that counts.
const SEVERE: f64 = 0.3;

/// The role of a subject.
#[must_use]
pub fn role(topology: &Topology, subject: Target) -> Role {
    match subject {
        Target::Workload(workload) => topology
            .roles
            .get(workload.index())
            .copied()
            .unwrap_or(Role::Other),
        Target::Service(service) => {
            let first = topology
                .behind
                .get(service.index())
                .and_then(|behind| behind.first());
            first.map_or(Role::Other, |workload| {
                role(topology, Target::Workload(*workload))
            })
        }
        Target::Node(_) => Role::Node,
        Target::Policy(_) | Target::Plain(_) | Target::Cluster => Role::Other,
    }
}

/// The signature of the symptoms: kind, role, and order of onset in three ranks.
#[must_use]
pub fn signature(topology: &Topology, symptoms: &[Symptom]) -> Signature {
    let severe: Vec<&Symptom> = symptoms
        .iter()
        .filter(|symptom| symptom.severity >= SEVERE)
        .collect();
    let times: BTreeSet<_> = severe.iter().map(|symptom| symptom.since).collect();
    let rank = |symptom: &Symptom| {
        times
            .iter()
            .position(|time| *time == symptom.since)
            .unwrap_or(0)
            .min(2) as u8
            + 1
    };
    let part = |symptom: &&Symptom| SignaturePart {
        kind: symptom.kind,
        role: role(topology, symptom.subject),
        rank: rank(symptom),
    };
    let parts: BTreeSet<SignaturePart> = severe.iter().map(part).collect();
    Signature(parts.into_iter().collect())
}

/// What a memory is asked about an incident: its signature, and the shape of the application.
#[must_use]
pub fn cue(topology: &Topology, symptoms: &[Symptom]) -> Cue {
    let workloads = (0..topology.roles.len()).map(|index| Target::Workload(index.into()));
    let services = (0..topology.behind.len()).map(|index| Target::Service(index.into()));
    let placed = |target: Target| (target, role(topology, target));
    Cue {
        signature: signature(topology, symptoms),
        roles: workloads.chain(services).map(placed).collect(),
    }
}

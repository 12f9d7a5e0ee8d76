//! What an incident looks like, apart from names.

use crate::topology::Topology;
use aegis_model::recall::Stage;
use aegis_model::{Cue, Role, Signature, SignaturePart, Symptom, SymptomKind, Target, Tick};
use std::collections::BTreeSet;

/// Least severity that counts.
const SEVERE: f64 = 0.3;
/// Seconds that a symptom must have lasted to be of the signature by which an incident is known.
const LASTING: u32 = 30;
/// Seconds after an incident opens at which that signature is taken.
pub const SETTLED: u32 = 60;

/// How long something was off.
#[derive(Debug, Clone, PartialEq)]
pub struct Spell {
    /// Of what.
    pub subject: Target,
    /// What was off.
    pub kind: SymptomKind,
    /// Since when.
    pub since: Tick,
    /// When it was last seen.
    pub last: Tick,
    /// The greatest severity of it.
    pub severity: f64,
}

/// Spells with what is off at one more look.
#[must_use]
pub fn lengthened(spells: &[Spell], symptoms: &[Symptom], now: Tick) -> Vec<Spell> {
    let mut spells = spells.to_vec();
    for symptom in symptoms {
        let is_same =
            |spell: &&mut Spell| spell.kind == symptom.kind && spell.subject == symptom.subject;
        match spells.iter_mut().find(is_same) {
            Some(spell) => {
                spell.last = now;
                spell.severity = spell.severity.max(symptom.severity);
            }
            None => spells.push(Spell {
                subject: symptom.subject,
                kind: symptom.kind,
                since: symptom.since,
                last: now,
                severity: symptom.severity,
            }),
        }
    }
    spells
}

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

/// What is off since this very look, and is of the cluster: a scrape that was missed is not.
#[must_use]
pub fn begun(symptoms: &[Symptom], now: Tick) -> Vec<Symptom> {
    let begins = |one: &&Symptom| {
        one.since == now && one.severity >= SEVERE && one.kind != SymptomKind::TelemetryMissing
    };
    symptoms.iter().filter(begins).cloned().collect()
}

/// The signature of the symptoms: kind, role, and order of onset in three ranks.
#[must_use]
pub fn signature(topology: &Topology, symptoms: &[Symptom]) -> Signature {
    let severe = symptoms.iter().filter(|one| one.severity >= SEVERE);
    ranked(
        topology,
        severe.map(|one| (one.kind, one.subject, one.since)),
    )
}

/// The signature of what has lasted: what was off for half a minute, however it flickered. Where nothing has, of
/// all that was off.
#[must_use]
pub fn lasting(topology: &Topology, spells: &[Spell]) -> Signature {
    let severe = spells.iter().filter(|one| one.severity >= SEVERE);
    let of = |one: &Spell| (one.kind, one.subject, one.since);
    let lasts = |one: &&Spell| one.last.elapsed(one.since) >= LASTING;
    let lasting = ranked(topology, severe.clone().filter(lasts).map(of));
    if lasting.0.is_empty() {
        ranked(topology, severe.map(of))
    } else {
        lasting
    }
}

fn ranked(
    topology: &Topology,
    signs: impl Iterator<Item = (SymptomKind, Target, Tick)>,
) -> Signature {
    let signs: Vec<_> = signs.collect();
    let times: BTreeSet<Tick> = signs.iter().map(|(.., since)| *since).collect();
    let rank = |since: Tick| {
        let place = times.iter().position(|time| *time == since);
        place.unwrap_or(0).min(2) as u8 + 1
    };
    let part = |(kind, subject, since): &(SymptomKind, Target, Tick)| SignaturePart {
        kind: *kind,
        role: role(topology, *subject),
        rank: rank(*since),
    };
    let parts: BTreeSet<SignaturePart> = signs.iter().map(part).collect();
    Signature(parts.into_iter().collect())
}

/// What a memory is asked about an incident: its signature, and the shape of the application.
#[must_use]
pub fn cue(topology: &Topology, stage: Stage, signature: Signature) -> Cue {
    let workloads = (0..topology.roles.len()).map(|index| Target::Workload(index.into()));
    let services = (0..topology.behind.len()).map(|index| Target::Service(index.into()));
    let placed = |target: Target| (target, role(topology, target));
    Cue {
        stage,
        signature,
        roles: workloads.chain(services).map(placed).collect(),
    }
}

//! What simpler minds would say of the same incident at the same moment, for holding the engine against.

use aegis_faults::{Direction, Fault, MISCONFIGURATION, On, TargetKind};
use aegis_graphs::sentinel::State;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{Objects, Symptom, SymptomKind, Target};
use aegis_scenario::faults::target_kind;

/// A cause without figures: fault and object.
pub type Named = (String, ObjectRef);

/// The answers of three minds that simulate nothing; each may have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Simpler {
    /// Whatever was changed last.
    pub last_change: Option<Named>,
    /// Whatever is off the most.
    pub loudest: Option<Named>,
    /// The leaders of the sign matrix, before anything is simulated; at most three.
    pub signs: Vec<Named>,
}

/// Leaders of the sign matrix that are kept.
const LEADERS: usize = 3;

impl Simpler {
    /// Their answers, once a case is open.
    #[must_use]
    pub fn of(state: &State) -> Option<Self> {
        let incident = state.incident.as_ref()?;
        let seen = state.history.latest()?;
        let objects = &seen.objects;
        let candidates = &incident.round.candidates;
        if candidates.is_empty() {
            return None;
        }
        let signs = candidates.iter().take(LEADERS).filter_map(|candidate| {
            Some((
                candidate.id().to_owned(),
                objects.reference(candidate.target)?,
            ))
        });
        Some(Self {
            last_change: last_change(objects),
            loudest: loudest(objects, &incident.symptoms),
            signs: signs.collect(),
        })
    }
}

/// The change before all others, and the most frequent fault that it betrays.
fn last_change(objects: &Objects) -> Option<Named> {
    let last = objects.changes.len().checked_sub(1)?;
    let record = objects.changes.get(last)?;
    let suspects = aegis_faults::betrayal::suspects(&record.change);
    let fault = suspects.iter().map(|(fault, _)| *fault).reduce(commoner);
    let id = fault.map_or(MISCONFIGURATION, |fault| fault.id);
    Some((id.to_owned(), record.object.clone()))
}

/// The subject of the worst symptom that is not the users', and the most frequent fault of which it is a sign.
fn loudest(objects: &Objects, symptoms: &[Symptom]) -> Option<Named> {
    let of_cluster = symptoms
        .iter()
        .filter(|symptom| symptom.kind != SymptomKind::BurnRate);
    let worst = of_cluster.reduce(|a, b| if b.severity > a.severity { b } else { a })?;
    let kind = kind_of(objects, worst.subject)?;
    let is_sign = |fault: &&Fault| {
        let mut signs = fault.signs.iter();
        let shows = signs.any(|sign| {
            let rises = sign.direction == Direction::Rises || worst.kind == SymptomKind::Rate;
            sign.kind == worst.kind && sign.on == On::Subject && rises
        });
        fault.acts_on(kind) && shows
    };
    let fault = aegis_faults::all().filter(is_sign).reduce(commoner);
    let id = fault.map_or("unknown", |fault| fault.id);
    Some((id.to_owned(), objects.reference(worst.subject)?))
}

fn commoner(a: &'static Fault, b: &'static Fault) -> &'static Fault {
    let more = b.frequency.per_cluster_month > a.frequency.per_cluster_month;
    if more { b } else { a }
}

fn kind_of(objects: &Objects, target: Target) -> Option<TargetKind> {
    target_kind(&objects.reference(target)?.kind)
}

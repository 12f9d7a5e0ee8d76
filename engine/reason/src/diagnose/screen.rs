//! The first screen: a sign matrix of faults against what is off. No simulation.

use super::calls::{Calls, Ends};
use super::candidate::{Candidate, Cause, Named, lays};
use crate::case::Case;
use crate::series::{Measure, SeriesKey};
use crate::topology::Direction as Along;
use aegis_faults::alike::is_one_kind;
use aegis_faults::{Breadth, Direction, Fault, On, Part, Sign, Spread};
use aegis_model::{Hypothesis, Mechanism, Objects, Symptom, SymptomKind, Target, WorkloadId};

/// Candidates that are kept.
pub const KEPT: usize = 48;
/// Candidates that are heard because others name them.
pub const NAMED: usize = 5;
/// Candidates that are heard because they led before.
pub const LEADING: usize = 6;

/// Nats that the most telling sign is worth; the next ones half of the one before, at least a quarter.
const TELLING: f64 = 2.0;
/// Nats that a telling sign costs where it is missing.
const MISSING: f64 = 0.7;
/// Nats that a condition costs where a candidate cannot explain it.
const UNEXPLAINED: f64 = 0.7;
/// The same where it reaches the object: errors and slowness bring pods out of their Services, or kill them.
const FOLLOWS: f64 = 0.25;
/// Nats that errors or slowness cost at a place that a candidate does not reach, ...
const UNREACHED: f64 = 0.5;
/// ... and places that count at most.
const PLACES: usize = 4;

/// Changes among those that are kept, at most.
const CHANGES: usize = 10;

/// Those that are kept whatever their signs say.
#[derive(Debug, Default, Clone, Copy)]
pub struct Heard<'a> {
    /// A hypothesis on trial, whose plan failed: it cannot be refuted unheard.
    pub on_trial: Option<&'a Hypothesis>,
    /// Causes that were named by others, at most [`NAMED`] of them.
    pub named: &'a [Named],
    /// Causes that led when the case was looked at last, the likeliest first, at most [`LEADING`] of them.
    pub leading: &'a [Named],
}

impl Heard<'_> {
    fn holds(&self, candidate: &Candidate) -> bool {
        let is_it = |(id, target): &Named| candidate.id() == *id && candidate.target == *target;
        self.on_trial.is_some_and(|tried| candidate.is_of(tried))
            || self.named.iter().take(NAMED).any(is_it)
            || self.leading.iter().take(LEADING).any(is_it)
    }
}

/// The most likely candidates by their signs, best first, at most [`KEPT`], of which at most
/// [`CHANGES`] changes: a busy record must not crowd out what is hidden. Those that are heard come on top, and those
/// that lay at a place what another that is kept does there: their signs are of other sizes.
#[must_use]
pub fn screen(
    case: &Case,
    candidates: Vec<Candidate>,
    symptoms: &[Symptom],
    heard: Heard<'_>,
) -> Vec<Candidate> {
    let calls = Calls::of(case);
    let mut scored: Vec<(f64, Candidate)> = candidates
        .into_iter()
        .map(|mut candidate| {
            candidate.signs = signs(case, &candidate, symptoms)
                + called(case, &candidate, &calls)
                + made_anew(case, &candidate);
            (score(&candidate), candidate)
        })
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let (mut kept, mut changes): (Vec<Candidate>, usize) = (Vec::new(), 0);
    for (_, candidate) in scored {
        let is_change = matches!(candidate.cause, Cause::Change(_));
        let heard =
            heard.holds(&candidate) || kept.iter().any(|kept| is_laid_alike(kept, &candidate));
        if !heard && kept.len() >= KEPT
            || (!heard && is_change && changes >= CHANGES)
            || kept.iter().any(|known| known.is_same(&candidate))
        {
            continue;
        }
        changes += usize::from(is_change);
        kept.push(candidate);
    }
    kept
}

/// Whether two candidates lay the same mechanism at one place, at another size or for another time.
fn is_laid_alike(a: &Candidate, b: &Candidate) -> bool {
    let laid = |one: &Candidate| -> Vec<Mechanism> {
        let fault = one.fault.filter(|_| one.cause == Cause::Hidden);
        let at = |fault: &'static Fault| {
            let sizes = fault.defaults();
            let parts = fault.parts.iter();
            parts.map(move |part: &Part| (part.mechanism)(&sizes))
        };
        fault.into_iter().flat_map(at).collect()
    };
    let (own, other) = (laid(a), laid(b));
    let same = own.iter().zip(&other).all(|(a, b)| is_one_kind(a, b));
    a.target == b.target && !own.is_empty() && own.len() == other.len() && same
}

/// Nats by which a candidate is kept: its prior, what is off, and what is said.
fn score(candidate: &Candidate) -> f64 {
    libm::log(candidate.prior.max(1e-6)) + candidate.signs + candidate.words
}

/// Nats by which what is off speaks for a candidate; 0 for one of which no row says what it would bring.
fn signs(case: &Case, candidate: &Candidate, symptoms: &[Symptom]) -> f64 {
    let (Some(fault), Some(latest)) = (candidate.fault, case.history.latest()) else {
        return 0.0;
    };
    let seen = |sign: &Sign| {
        symptoms
            .iter()
            .any(|symptom| fits(case, &latest.objects, candidate, sign, symptom))
    };
    let mut sum = 0.0;
    for (rank, sign) in fault.signs.iter().enumerate() {
        let weight = (1.0 / (1 << rank.min(2)) as f64).max(0.25);
        sum += weight * if seen(sign) { TELLING } else { -MISSING };
    }
    let explained = |symptom: &Symptom| {
        fault
            .signs
            .iter()
            .any(|sign| fits(case, &latest.objects, candidate, sign, symptom))
    };
    let reach = reach(case, &latest.objects, candidate);
    let reached = |symptom: &Symptom| {
        let at = case.topology.concerned(&latest.objects, symptom.subject);
        let holds = |reach: &Vec<WorkloadId>| at.iter().any(|workload| reach.contains(workload));
        at.is_empty() || reach.as_ref().is_none_or(holds)
    };
    let conditions = symptoms.iter().filter(|symptom| is_condition(symptom.kind));
    let unexplained: f64 = conditions
        .filter(|symptom| !explained(symptom))
        .map(|symptom| {
            if reached(symptom) {
                FOLLOWS
            } else {
                UNEXPLAINED
            }
        })
        .sum();
    // A change that was seen is never screened out by signs that have had no time to show.
    let sum = if matches!(candidate.cause, Cause::Change(_)) {
        sum.max(0.0)
    } else {
        sum
    };
    let mut beyond: Vec<Target> = symptoms
        .iter()
        .filter(|symptom| matches!(symptom.kind, SymptomKind::Errors | SymptomKind::Latency))
        .filter(|symptom| !reached(symptom))
        .map(|symptom| symptom.subject)
        .collect();
    beyond.sort_unstable();
    beyond.dedup();
    let beyond = UNREACHED * beyond.len().min(PLACES) as f64;
    sum - unexplained - beyond
}

/// Nats by which the calls that are off speak for the place of a hidden candidate.
fn called(case: &Case, candidate: &Candidate, calls: &Calls) -> f64 {
    let (Some(fault), Some(latest)) = (candidate.fault, case.history.latest()) else {
        return 0.0;
    };
    if candidate.cause != Cause::Hidden {
        return 0.0;
    }
    let own = case.topology.concerned(&latest.objects, candidate.target);
    let ends = if cuts(fault) {
        Ends::Both
    } else {
        Ends::Called
    };
    TELLING * calls.ochiai(&own, ends)
}

/// Nats by which pods that were made since the onset speak for a candidate that kills them: they may be ready again
/// before anybody looks.
fn made_anew(case: &Case, candidate: &Candidate) -> f64 {
    let kills = |fault: &Fault| lays(fault, |mechanism| mechanism == Mechanism::PodKill);
    let key = SeriesKey {
        measure: Measure::Created,
        subject: candidate.target,
    };
    let series = case.window.set.keys.binary_search(&key);
    let (Ok(series), true) = (series, candidate.fault.is_some_and(kills)) else {
        return 0.0;
    };
    let since = case.window.bins.iter().skip(case.window.onset);
    let made = since.filter_map(|row| row[series]).any(|made| made > 0.0);
    if made { TELLING } else { 0.0 }
}

/// Whether packets are lost, whoever sends them.
fn cuts(fault: &Fault) -> bool {
    lays(fault, |mechanism| {
        matches!(mechanism, Mechanism::PacketLoss(_))
    })
}

/// The workloads that a candidate can hurt; `None` for all.
fn reach(case: &Case, objects: &Objects, candidate: &Candidate) -> Option<Vec<WorkloadId>> {
    /// Hops, more than any chain of calls has.
    const FAR: u32 = 16;
    let fault = candidate.fault?;
    let own = case.topology.concerned(objects, candidate.target);
    if own.is_empty() || fault.breadth != Breadth::Target {
        return None;
    }
    let ways: &[Along] = match fault.spreads {
        // Packets are lost whoever sends them: who is called from there fails as well.
        _ if cuts(fault) => &[Along::Callees, Along::Callers],
        Spread::Stays => &[],
        Spread::ToCallers | Spread::ToNeighbours => &[Along::Callers],
        // Whoever gets more than it can serve answers its callers late.
        Spread::ToCallees | Spread::BothWays => &[Along::Callees, Along::Callers],
    };
    let mut all = own;
    for way in ways {
        let next: Vec<WorkloadId> = all
            .iter()
            .flat_map(|from| case.topology.around(*from, FAR, *way))
            .map(|(workload, _)| workload)
            .collect();
        all.extend(next);
        all.sort_unstable();
        all.dedup();
    }
    Some(all)
}

/// Whether a symptom is a state of an object, and not an amount that any trouble near by moves.
const fn is_condition(kind: SymptomKind) -> bool {
    matches!(
        kind,
        SymptomKind::Restarts
            | SymptomKind::OomKilled
            | SymptomKind::NotReady
            | SymptomKind::Unschedulable
            | SymptomKind::CannotStart
            | SymptomKind::NodeNotReady
    )
}

/// Whether a symptom is the sign, seen from the candidate's place.
fn fits(
    case: &Case,
    objects: &Objects,
    candidate: &Candidate,
    sign: &Sign,
    symptom: &Symptom,
) -> bool {
    let falls = symptom.evidence.contains(" -");
    let own = || case.topology.concerned(objects, candidate.target);
    // Users are the callers of an entry: what they feel is seen by its objective.
    let felt = symptom.kind == SymptomKind::BurnRate
        && matches!(sign.kind, SymptomKind::Errors | SymptomKind::Latency)
        && sign.on == On::Callers
        && own().iter().any(|id| case.topology.entries.contains(id));
    felt || symptom.kind == sign.kind
        && (symptom.kind != SymptomKind::Rate || falls == (sign.direction == Direction::Falls))
        && is_on(case, objects, candidate.target, sign.on, symptom.subject)
}

fn is_on(case: &Case, objects: &Objects, at: Target, on: On, subject: Target) -> bool {
    let own = || case.topology.concerned(objects, at);
    let symptom_of = |workloads: &[WorkloadId]| {
        case.topology
            .concerned(objects, subject)
            .iter()
            .any(|workload| workloads.contains(workload))
    };
    let along = |direction: Along| -> Vec<WorkloadId> {
        let around = own()
            .into_iter()
            .flat_map(|from| case.topology.around(from, 2, direction));
        around
            .filter(|(_, hops)| *hops > 0)
            .map(|(workload, _)| workload)
            .collect()
    };
    let everywhere = at == Target::Cluster;
    match on {
        On::Subject | On::Callers | On::Callees if everywhere => true,
        On::Subject => subject == at || symptom_of(&own()),
        On::Callers => symptom_of(&along(Along::Callers)),
        On::Callees => symptom_of(&along(Along::Callees)),
        On::Node => {
            matches!(subject, Target::Node(_)) && (subject == at || !matches!(at, Target::Node(_)))
        }
        On::Entry => symptom_of(&case.topology.entries),
        On::Services => matches!(subject, Target::Service(_)) && symptom_of(&own()),
    }
}

//! What the memory does to a diagnosis: it weighs priors by what was, and silences what was refuted before.

use super::candidate::Candidate;
use super::posterior::{Diagnosis, silenced};
use crate::risk::is_reversible;
use crate::signature::role;
use crate::topology::Topology;
use aegis_model::recall::{Blame, Forbidden, LED, Standing, TWICE, Withheld};
use aegis_model::{Hypothesis, Plan, Recalled, Role, Target};

/// Weight of the catalogue's priors against what is remembered, incidents.
const CATALOGUE: f64 = 10.0;
/// A memory makes a cause likelier or less likely by this factor at most: about two nats, which a window
/// of evidence outweighs.
const BOUND: f64 = 8.0;
/// What cannot be forbidden: to say that one does not know, and that nothing is wrong.
const FREE: [&str; 2] = ["unknown", "no_fault"];

/// Weighs the candidates' priors by what is believed of their fault at their place.
///
/// The catalogue's share of a fault at a place, P, stands for κ = 10 incidents beside the n remembered
/// ones, c of them its own: (κP + c) / (κ + n) instead of P. Times the Beta mean (1 + c) / (1 + c + r), with
/// r incidents in which it was blamed and was not. Bounded by a factor of 8.
pub fn believe(candidates: &mut [Candidate], topology: &Topology, recalled: &Recalled) {
    if recalled.known <= 0.0 && recalled.beliefs.is_empty() {
        return;
    }
    let places: Vec<Role> = candidates
        .iter()
        .map(|one| role(topology, one.target))
        .collect();
    let all: f64 = candidates.iter().map(|one| one.prior).sum();
    let share = |fault: &str, place: Role| {
        let own = candidates.iter().zip(&places);
        let own = own.filter(|(one, at)| one.id() == fault && **at == place);
        own.map(|(one, _)| one.prior).sum::<f64>() / all.max(1e-12)
    };
    let factors: Vec<f64> = candidates
        .iter()
        .zip(&places)
        .map(|(one, place)| factor(recalled, one.id(), *place, share(one.id(), *place)))
        .collect();
    for (candidate, factor) in candidates.iter_mut().zip(factors) {
        candidate.prior *= factor;
    }
}

fn factor(recalled: &Recalled, fault: &str, place: Role, share: f64) -> f64 {
    let mut beliefs = recalled.beliefs.iter();
    let own = beliefs.find(|belief| belief.cause.fault == fault && belief.cause.role == place);
    let (confirmed, refuted) = own.map_or((0.0, 0.0), |own| (own.confirmed, own.refuted));
    let often = (CATALOGUE * share + confirmed) / (CATALOGUE + recalled.known);
    let right = (1.0 + confirmed) / (1.0 + confirmed + refuted);
    (often / share.max(1e-9) * right).clamp(1.0 / BOUND, BOUND)
}

/// The ban on a fault at a place, if there is one.
fn ban<'a>(
    forbidden: &'a [Forbidden],
    topology: &Topology,
    fault: &str,
    target: Target,
) -> Option<&'a Forbidden> {
    let place = role(topology, target);
    let mut bans = forbidden
        .iter()
        .filter(|ban| !FREE.contains(&ban.cause.fault.as_str()));
    bans.find(|ban| ban.cause.fault == fault && ban.cause.role == place)
}

/// Puts on parole what would lead in this incident, where that makes it twice.
pub fn parole(forbidden: &mut [Forbidden], diagnosis: &Diagnosis, topology: &Topology) {
    for ban in forbidden.iter_mut() {
        let is_own = |one: &&Hypothesis| {
            one.fault == ban.cause.fault && role(topology, one.target) == ban.cause.role
        };
        let surest = diagnosis.hypotheses.iter().filter(is_own);
        let surest = surest.map(|one| one.confidence).fold(0.0, f64::max);
        let leads_again = ban.would_have_led + 1 >= TWICE && surest >= LED;
        if ban.standing == Standing::Forbidden && leads_again {
            ban.standing = Standing::Paroled;
            ban.why = format!(
                "{}, and would lead at {surest:.2} for the second time: on parole",
                ban.why
            );
        }
    }
}

/// The diagnosis with what is forbidden at 0, whoever proposed it, and ranked last; and what was withheld.
#[must_use]
pub fn withhold(
    diagnosis: &Diagnosis,
    topology: &Topology,
    forbidden: &[Forbidden],
) -> (Diagnosis, Vec<Withheld>) {
    let of = |one: &Hypothesis| ban(forbidden, topology, &one.fault, one.target);
    let withheld: Vec<Withheld> = diagnosis
        .hypotheses
        .iter()
        .filter_map(|one| {
            Some(Withheld {
                cause: Blame {
                    fault: one.fault.clone(),
                    role: role(topology, one.target),
                },
                target: one.target,
                would_be: one.confidence,
                standing: of(one)?.standing,
            })
        })
        .collect();
    if withheld.is_empty() {
        return (diagnosis.clone(), withheld);
    }
    let why = |one: &Hypothesis| {
        let holds = of(one).filter(|ban| ban.standing == Standing::Forbidden);
        holds.map(|ban| ban.why.as_str())
    };
    (ranked(silenced(diagnosis, why)), withheld)
}

/// Hypotheses by confidence again, each with what was rolled of it.
fn ranked(diagnosis: Diagnosis) -> Diagnosis {
    let pairs = diagnosis.hypotheses.into_iter().zip(diagnosis.rolled);
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by(|(a, _), (b, _)| b.confidence.total_cmp(&a.confidence));
    let (hypotheses, rolled) = pairs.into_iter().unzip();
    Diagnosis { hypotheses, rolled }
}

/// Whether a plan may be drawn up, given what was withheld: none for what is forbidden, and for what is on
/// parole only one that can be taken back.
#[must_use]
pub fn may_answer(withheld: &[Withheld], plan: &Plan) -> bool {
    let Some((fault, target)) = &plan.answers else {
        return true;
    };
    let is_own = |one: &&Withheld| one.cause.fault == *fault && one.target == *target;
    match withheld.iter().find(is_own).map(|one| one.standing) {
        None => true,
        Some(Standing::Forbidden) => false,
        Some(Standing::Paroled) => plan.steps.iter().all(|step| is_reversible(&step.action)),
    }
}

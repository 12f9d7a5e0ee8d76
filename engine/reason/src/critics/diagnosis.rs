//! Diagnosis: what else would explain this, and what the plan does if that is what it is.

use super::{Floor, Rival, mean_stability, outcomes_of};
use crate::shadow::{Draw, Tournament};
use aegis_model::{Claim, Critic, Evidence, Hypothesis, Objection};

/// Rivals that are asked about.
pub const RIVALS: usize = 2;
/// Draws in which each rival is true.
pub const DRAWS: u64 = 4;
/// A rival below this confidence, of another class than the leader's, is not asked about.
const LIKELY: f64 = 0.02;
/// Share of its gain that a plan must keep.
const KEPT: f64 = 0.5;

/// The hypotheses beside the leader that could be the cause: its own class first, then the likely ones.
#[must_use]
pub fn rivals(floor: &Floor<'_>) -> Vec<Rival> {
    let all = &floor.diagnosis.hypotheses;
    let Some(leader) = all.first() else {
        return Vec::new();
    };
    let is_rival = |(position, one): &(usize, &Hypothesis)| {
        let rolled = floor.diagnosis.rolled[*position].is_some();
        let likely = one.class == leader.class || one.confidence >= LIKELY;
        rolled && likely && !one.refuted && *position > 0
    };
    let rivals = all.iter().enumerate().filter(is_rival).take(RIVALS);
    rivals
        .map(|(hypothesis, _)| Rival {
            hypothesis,
            played: Vec::new(),
        })
        .collect()
}

/// Draws in which a rival is true.
#[must_use]
pub fn draws(floor: &Floor<'_>, tournament: &Tournament, rival: &Rival) -> Vec<Draw> {
    tournament.draws_of(floor.diagnosis, rival.hypothesis, DRAWS)
}

/// What diagnosis holds against a plan.
pub fn objections(floor: &Floor<'_>, plan: usize) -> Vec<Objection> {
    let rivals = floor.rivals.iter();
    rivals
        .filter_map(|rival| fails_if(floor, plan, rival))
        .collect()
}

fn fails_if(floor: &Floor<'_>, plan: usize, rival: &Rival) -> Option<Objection> {
    let hypothesis = floor.diagnosis.hypotheses.get(rival.hypothesis)?;
    let own = mean_stability(outcomes_of(&rival.played, plan)?);
    let control = mean_stability(outcomes_of(&rival.played, floor.control())?);
    let main = floor.gain(plan, 0);
    let lost = main - (own - control);
    let name = crate::plan::name(floor.objects, hypothesis.target);
    let text = format!("if it is {} of {name}, it helps less", hypothesis.fault);
    let evidence = Evidence::Simulated {
        trials: 2 * DRAWS as u32,
        plan: own,
        other: control,
        text: format!(
            "stability if that is the cause ({:.2} sure), and by waiting",
            hypothesis.confidence
        ),
    };
    let keeps = own - control >= KEPT * main.max(0.0) && own >= control;
    // A class cannot be told apart by the window: its members share the doubt.
    let chance = hypothesis.confidence.max(0.05);
    let severity = if keeps { 0.0 } else { chance * lost };
    let claim = Claim::FailsIf {
        fault: hypothesis.fault.clone(),
        target: hypothesis.target,
    };
    floor.objection(Critic::Diagnosis, plan, claim, severity, (text, evidence))
}

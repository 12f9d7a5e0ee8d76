//! Looking before an objective is missed: where onsets that looked like this became incidents often enough, and
//! rules say what mends them, the case is put at once. Only what a rule asks for and what can be taken back is
//! tried, and what it saves counts by the lower bound of the chance that an incident follows at all.

use super::domain::{Ahead, Change, Incident, State, Write};
use aegis_model::event::RunEvent;
use aegis_model::recall::{Arm, Precursor};
use aegis_model::{Plan, PlanSource, Recalled, Symptom, Tick};
use aegis_reason::{Genome, detect, remembered, risk};

/// Onsets alike that must have been seen before one is acted on.
const SEEN: f64 = 5.0;
/// Least lower bound of the chance that an incident follows for which a case is put.
const LIKELY: f64 = 0.2;
/// Seconds from one such look to the next.
const AGAIN: u32 = 600;
/// Least severity of a symptom at an onset.
const SEVERE: f64 = 0.3;

/// Whether something is off in a look.
fn is_off(symptoms: &[Symptom]) -> bool {
    symptoms.iter().any(|symptom| symptom.severity >= SEVERE)
}

/// Whether something is off now that was not at the look before, and the memory is to be asked what became of it
/// before.
pub fn is_onset(state: &State, symptoms: &[Symptom], now: Tick) -> bool {
    let rests = state.incident.is_none() && state.standing.is_none();
    let remembers = !state.context.memory.is_nothing();
    let may = state.context.mode != aegis_model::Mode::Noop
        && state
            .warned
            .is_none_or(|warned| now.elapsed(warned) >= AGAIN);
    let begins = is_off(symptoms) && !is_off(&state.symptoms) && !detect::pages(symptoms);
    rests && remembers && may && begins
}

/// What an onset forebodes, where that is worth a look.
#[must_use]
pub fn worth(recalled: &Recalled) -> Option<&Precursor> {
    let precursor = recalled.precursor.as_ref()?;
    let known = precursor.seen >= SEEN && precursor.bound >= LIKELY;
    let can_act = recalled.arm == Arm::Used && !remembered::rules(recalled).is_empty();
    (known && can_act).then_some(precursor)
}

/// The plans that may be tried before anything is missed: what a rule asks for and can be taken back, and to wait.
pub fn allowed(incident: &Incident, plans: &mut Vec<Plan>) {
    if !incident.is_ahead() {
        return;
    }
    let reversible = |plan: &Plan| {
        plan.steps
            .iter()
            .all(|step| risk::is_reversible(&step.action))
    };
    plans.retain(|plan| plan.is_wait() || plan.source == PlanSource::Rule && reversible(plan));
}

/// What a plan must promise: what it saves is saved only if an incident follows, what it costs is paid in any case.
#[must_use]
pub fn demanding(incident: &Incident, genome: &Genome) -> Genome {
    let mut genome = genome.clone();
    if let Ahead::Looks(precursor) = &incident.ahead {
        let chance = precursor.bound.max(0.01);
        genome.margin /= chance;
        genome.margin_risk /= chance;
        genome.margin_cost /= chance;
    }
    genome
}

/// A look ahead that came to nothing: there is no incident.
pub fn dropped(note: &str) -> Write {
    let event = RunEvent::Noted { note: note.into() };
    Write::told(Change::Dropped, event)
}

impl Incident {
    /// Whether nothing is missed yet and nothing was done.
    #[must_use]
    pub fn is_ahead(&self) -> bool {
        matches!(self.ahead, Ahead::Looks(_))
    }
}

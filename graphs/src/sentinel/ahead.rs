//! Looking before an objective is missed: where onsets that looked like this became incidents often enough, and
//! rules say what mends them, the case is put at once. Only what a rule asks for and what can be taken back is
//! tried, and what it saves counts by the lower bound of the chance that an incident follows at all.
//!
//! A first sign is faint: where a look leads to nothing, it is looked again as long as what is off stays off, for the
//! ten minutes within which an incident was to follow. What is bounded is acting, not looking: a workload is acted
//! upon once in ten minutes.

use super::Node;
use super::domain::{Ahead, Change, Incident, Sentinel, State, Write};
use crate::executor::Step;
use aegis_model::event::RunEvent;
use aegis_model::recall::{Arm, Precursor};
use aegis_model::{Objects, Plan, PlanSource, Recalled, Symptom, Target, Tick};
use aegis_reason::{Genome, detect, remembered, risk, signature};

/// Onsets alike that must have been seen before one is acted on.
const SEEN: f64 = 5.0;
/// Least lower bound of the chance that an incident follows for which a case is put.
const LIKELY: f64 = 0.2;
/// Seconds from one act upon a workload to the next.
const AGAIN: u32 = 600;
/// Seconds within which what an onset forebodes comes, as onsets are counted.
const COMES: u32 = 600;
/// Seconds from a look that led to nothing to the next.
const PAUSE: u32 = 30;

/// Whether something is off now that was not at the look before, and the memory is to be asked what became of it
/// before.
pub fn is_onset(state: &State, symptoms: &[Symptom], now: Tick) -> bool {
    let rests = state.incident.is_none() && state.standing.is_none();
    let remembers = !state.context.memory.is_nothing();
    let may = state.context.mode != aegis_model::Mode::Noop;
    let begins = !signature::begun(symptoms, now).is_empty() && !detect::alerts(symptoms, now);
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

/// The plans that may be tried before anything is missed: what a rule asks for, can be taken back, and touches
/// nothing that was just acted upon; and to wait.
pub fn allowed(state: &State, incident: &Incident, objects: &Objects, plans: &mut Vec<Plan>) {
    if !incident.is_ahead() {
        return;
    }
    let now = state.now();
    let is_barred = |target: &Target| {
        let mut acted = state.acted.iter();
        acted.any(|(on, at)| on == target && now.elapsed(*at) < AGAIN)
    };
    let reversible = |plan: &Plan| {
        plan.steps
            .iter()
            .all(|step| risk::is_reversible(&step.action))
    };
    plans.retain(|plan| {
        let is_ruled = plan.source == PlanSource::Rule && reversible(plan);
        plan.is_wait() || is_ruled && !touched(plan, objects).iter().any(is_barred)
    });
}

/// The objects that a plan acts upon.
#[must_use]
pub fn touched(plan: &Plan, objects: &Objects) -> Vec<Target> {
    let steps = plan.steps.iter();
    steps
        .map(|step| risk::target(&step.action, objects))
        .collect()
}

/// A look ahead that led to nothing: the next comes soon, as long as what is off stays off.
pub fn look_on(mut step: Step<Sentinel>, mut incident: Incident, note: &str) -> Step<Sentinel> {
    let now = incident
        .case
        .as_ref()
        .map_or(incident.opened, |case| case.now);
    incident.next_look = now.after(PAUSE);
    incident.idle += 1;
    let told = (incident.idle == 1).then(|| RunEvent::Noted { note: note.into() });
    step.writes.push(Write {
        change: Change::Incident(Box::new(incident)),
        events: told.into_iter().collect(),
    });
    step.then(Node::Observe)
}

/// Whether a look ahead has gone on for as long as what it waits for may take.
#[must_use]
pub fn is_over(incident: &Incident, now: Tick) -> bool {
    now.elapsed(incident.opened) >= COMES
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
    pub const fn is_ahead(&self) -> bool {
        matches!(self.ahead, Ahead::Looks(_))
    }
}

//! The nodes of the debate. What is said and amended is for `reason::debate`; here it is put in order, bounded by
//! what the executor says is left, and told.

use super::counsel;
use crate::executor::{Call, Step};
use crate::sentinel::diagnose::outcomes;
use crate::sentinel::{Change, Effect, Incident, Node, Sentinel, State, Write, plan};
use aegis_model::event::RunEvent;
use aegis_model::{Amendment, Closing, HearingResult, Objects, Outcome, PlanScore};
use aegis_reason::critics::Floor;
use aegis_reason::debate::{Debate, Questions, ROUNDS};
use aegis_reason::diagnose::Diagnosis;
use aegis_reason::shadow::Tournament;
use aegis_reason::{Case, risk, select};

/// The race, then the debate.
pub fn shadow(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    plan::race(state, call, Node::Convene)
}

/// What a debate is held over.
pub(super) struct Ground<'a> {
    state: &'a State,
    incident: &'a Incident,
    case: &'a Case,
    pub(super) diagnosis: &'a Diagnosis,
    tournament: &'a Tournament,
    pub(super) objects: &'a Objects,
    pub(super) scores: Vec<PlanScore>,
}

impl<'a> Ground<'a> {
    pub(super) fn of(state: &'a State, incident: &'a Incident) -> Option<Self> {
        let mut scores = plan::scores(incident, state);
        for score in &mut scores {
            score.score = select::weigh(score, &state.genome);
        }
        Some(Self {
            state,
            incident,
            case: incident.case.as_ref()?,
            diagnosis: incident.diagnosis.as_ref()?,
            tournament: incident.tournament.as_ref()?,
            objects: &state.history.latest()?.objects,
            scores,
        })
    }

    /// The floor as critics see it; `heard` is what was found so far.
    pub(super) fn floor(&'a self, heard: Option<&'a Debate>, round: u32) -> Floor<'a> {
        Floor {
            case: self.case,
            diagnosis: self.diagnosis,
            objects: self.objects,
            genome: &self.state.genome,
            plans: &self.incident.plans,
            risks: &self.incident.risks,
            played: &self.incident.played,
            racing: &self.incident.racing,
            scores: &self.scores,
            rivals: heard.map_or(&[], |debate| &debate.rivals),
            find: heard.and_then(|debate| debate.find.as_ref()),
            named: &self.incident.spoken_of,
            round,
        }
    }
}

/// The open incident without its debate, and the debate.
pub(super) fn taken(state: &State) -> Option<(Incident, Debate)> {
    let mut incident = state.incident.clone()?;
    let debate = *incident.debate.take()?;
    Some((incident, debate))
}

pub(super) fn put(mut incident: Incident, debate: Debate, events: Vec<RunEvent>) -> Step<Sentinel> {
    incident.debate = Some(Box::new(debate));
    Step::new().write(Write {
        change: Change::Incident(Box::new(incident)),
        events,
    })
}

/// Opens the debate where there is something to argue over.
pub fn convene(state: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let open = state.incident.clone();
    let Some(mut incident) = open.filter(|incident| incident.racing.len() > 1) else {
        return Step::new().then(Node::Durability);
    };
    match counsel::questions(state, &incident) {
        asks if asks.is_empty() => {
            put(incident, Debate::default(), Vec::new()).then(Node::Question)
        }
        asks => {
            incident.counselled += 1;
            let step = put(incident, Debate::default(), Vec::new());
            let asking = |step: Step<Sentinel>, ask| step.ask(Effect::Ask(Box::new(ask)));
            asks.into_iter().fold(step, asking).then(Node::Counsel)
        }
    }
}

/// Opens a round, or ends the debate.
pub fn question(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some((incident, mut debate)) = taken(state) else {
        return Step::new().then(Node::Vote);
    };
    let closing = match () {
        () if debate.round > 0 && debate.passed == 0 => Some(Closing::NothingNew),
        () if debate.round == ROUNDS => Some(Closing::Rounds),
        () => None,
    };
    if let Some(closing) = closing {
        return adjourn(state, call, (incident, debate), closing, Vec::new());
    }
    let Some(ground) = Ground::of(state, &incident) else {
        return Step::new().then(Node::Vote);
    };
    (debate.round, debate.passed) = (debate.round + 1, 0);
    let floor = ground.floor(None, debate.round);
    let asked = debate.question(&floor, ground.tournament);
    if asked.trials.len() as u64 > left(call) {
        debate.forget();
        return adjourn(state, call, (incident, debate), Closing::Budget, Vec::new());
    }
    put(incident, debate, Vec::new())
        .ask(Effect::Simulate(asked.trials))
        .then(Node::Probe)
}

/// Trials kept for the end, when every plan that is left meets the adversary's future.
const LAST: u64 = 80;

/// Trials that the debate may still play.
fn left(call: &Call<'_, Sentinel>) -> u64 {
    let left = call.left.trials.map_or(u64::MAX, |left| left.0);
    left.saturating_sub(LAST)
}

/// Takes answers in; the adversary asks on as long as there is a budget.
pub fn probe(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some((incident, mut debate)) = taken(state) else {
        return Step::new().then(Node::Argue);
    };
    let Some(ground) = Ground::of(state, &incident) else {
        return Step::new().then(Node::Argue);
    };
    let floor = ground.floor(None, debate.round);
    let more = debate.answered(&floor, ground.tournament, outcomes(call));
    if let Some(Questions { trials, .. }) = more {
        if trials.len() as u64 <= left(call) {
            return put(incident, debate, Vec::new())
                .ask(Effect::Simulate(trials))
                .then(Node::Probe);
        }
        debate.forget();
    }
    let attack = debate.find.as_ref().map(|find| &find.attack);
    let fresh = attack.filter(|attack| attack.round == debate.round);
    let events = fresh.cloned().map(RunEvent::Attacked).into_iter().collect();
    put(incident, debate, events).then(Node::Argue)
}

/// Critics speak, planners answer.
pub fn argue(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some((incident, mut debate)) = taken(state) else {
        return Step::new().then(Node::Vote);
    };
    let Some(ground) = Ground::of(state, &incident) else {
        return Step::new().then(Node::Vote);
    };
    let floor = ground.floor(Some(&debate), debate.round);
    let said = debate.objections(&floor);
    let amendments = debate.amendments(&floor, ground.tournament, &said, left(call));
    let floor = ground.floor(None, debate.round);
    let mut events: Vec<RunEvent> = said.iter().cloned().map(RunEvent::Objected).collect();
    events.extend(amendments.iter().cloned().map(RunEvent::Amended));
    debate.objections.extend(said);
    if amendments.is_empty() {
        return adjourn(state, call, (incident, debate), Closing::NothingNew, events);
    }
    let asked = debate.try_amended(&floor, ground.tournament, amendments);
    put(incident, debate, events)
        .ask(Effect::Simulate(asked.trials))
        .then(Node::Hear)
}

/// Amended plans join the race if they answer what was said, and are withdrawn if not.
pub fn hear(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some((mut incident, mut debate)) = taken(state) else {
        return Step::new().then(Node::Question);
    };
    let played = debate.amended_outcomes(outcomes(call));
    let pending = std::mem::take(&mut debate.pending);
    for (amendment, played) in pending.iter().zip(played) {
        join(state, &mut incident, amendment, played);
    }
    let mut events = Vec::new();
    for amendment in &pending {
        let Some(ground) = Ground::of(state, &incident) else {
            break;
        };
        let heard = debate.hear(&ground.floor(Some(&debate), debate.round), amendment);
        match heard.result {
            HearingResult::Passed => debate.passed += 1,
            HearingResult::Withdrawn => {
                let plans = &incident.plans;
                incident.racing.retain(|plan| plans[*plan].id != heard.plan);
            }
        }
        events.push(RunEvent::Heard(heard));
    }
    put(incident, debate, events).then(Node::Question)
}

/// An amended plan stands at the end of the plans, and races before the control.
fn join(
    state: &State,
    incident: &mut Incident,
    amendment: &Amendment,
    (futures, long): (Vec<Vec<Outcome>>, Vec<Outcome>),
) {
    let (Some(case), Some(latest)) = (&incident.case, state.history.latest()) else {
        return;
    };
    let plan = &amendment.to;
    let risk = risk::risk(plan, &case.topology, &latest.objects, &state.genome);
    let position = incident.plans.len();
    let control = incident.racing.len().saturating_sub(1);
    incident.racing.insert(control, position);
    incident.plans.push(plan.clone());
    incident.risks.push(risk);
    incident.played.push(futures);
    incident.long.extend(long);
}

/// The debate is over but for the votes: every plan that is left meets the adversary's future.
fn adjourn(
    state: &State,
    call: &Call<'_, Sentinel>,
    (incident, mut debate): (Incident, Debate),
    closing: Closing,
    events: Vec<RunEvent>,
) -> Step<Sentinel> {
    debate.closing = Some(closing);
    let asked = Ground::of(state, &incident).map(|ground| {
        let floor = ground.floor(None, debate.round);
        debate.last_questions(&floor, ground.tournament).trials
    });
    let paid = |trials: &Vec<_>| trials.len() as u64 <= left(call) + LAST;
    if asked.as_ref().is_some_and(|trials| !paid(trials)) {
        // A future that only some have met tells nothing of the others.
        debate.find = None;
        debate.forget();
    }
    put(incident, debate, events)
        .ask(Effect::Simulate(asked.filter(paid).unwrap_or_default()))
        .then(Node::Vote)
}

/// Each critic says what it prefers.
pub fn vote(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some((incident, mut debate)) = taken(state) else {
        return Step::new().then(Node::Durability);
    };
    let Some(ground) = Ground::of(state, &incident) else {
        return Step::new().then(Node::Durability);
    };
    let floor = ground.floor(None, debate.round);
    // No search is under way any more: nothing further is asked.
    let _ = debate.answered(&floor, ground.tournament, outcomes(call));
    let debated = debate.close(&ground.floor(Some(&debate), debate.round));
    debate.votes.clone_from(&debated.votes);
    put(incident, debate, vec![RunEvent::Debated(debated)]).then(Node::Durability)
}

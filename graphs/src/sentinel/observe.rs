//! Looking, and deciding whether to look closer.

use super::Node;
use super::ahead;
use super::aside::ENOUGH;
use super::domain::{
    Alarm, Change, Effect, Incident, Input, Progress, Recognised, Sentinel, State, Write,
};
use crate::executor::{Call, Step};
use aegis_model::event::RunEvent;
use aegis_model::{Ending, Observation, Symptom, SymptomKind, Tick};
use aegis_reason::baseline::Baseline;
use aegis_reason::series::SeriesSet;
use aegis_reason::signature::SETTLED;
use aegis_reason::{Calibration, History, Topology, detect};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Observations behind a baseline.
const BASELINE: usize = 8;
/// Observations after which a calm baseline is learnt anew.
const RELEARN: usize = 4;
/// Seconds without an alert of an objective after which an incident with no plan under watch is over.
const QUIET: u32 = 120;

/// Asks for the next look.
pub fn observe(_: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    Step::new().ask(Effect::Advance).then(Node::Assess)
}

/// Takes a look in and decides where to go.
pub fn assess(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(Input::Observed {
        observation,
        progress,
    }) = call.answer()
    else {
        return Step::new().write(over(state));
    };
    let mut history = (*state.history).clone();
    history.push(Arc::clone(observation));
    let topology = state
        .topology
        .clone()
        .or_else(|| topology(state, observation).map(Arc::new));
    let baseline = baseline(state, &history);
    let known = baseline.as_ref().or(state.baseline.as_ref());
    let symptoms = known.map_or_else(Vec::new, |known| {
        detect::detect(
            &history,
            state.objectives(),
            known,
            &state.genome,
            &state.symptoms,
        )
    });
    let calm = calm(&symptoms);
    let events = changes(&state.symptoms, &symptoms);
    let next =
        if is_settled(state, observation.at) || ahead::is_onset(state, &symptoms, observation.at) {
            Node::Recall
        } else {
            next(state, &symptoms, observation.at)
        };
    let over = passed(state, &symptoms, observation.at);
    let overtaken = overtaken(state, &symptoms, observation.at);
    let remembered = remembered(state, &symptoms).filter(|_| overtaken.is_none());
    let saw = Change::Saw {
        history: Arc::new(history),
        symptoms,
        baseline,
        topology,
        calm,
    };
    let mut step = Step::new().write(Write {
        change: saw,
        events,
    });
    step.writes.extend(remembered);
    step.writes.extend(overtaken);
    if let (Some(progress), Some(standing)) = (progress, &state.standing) {
        step = step.write(followed(standing, progress));
    }
    let rests = matches!(next, Node::Observe | Node::Recall);
    if let (true, Some(ending)) = (rests && state.incident.is_some(), over) {
        let event = RunEvent::IncidentClosed { ending };
        step = step.write(Write::told(Change::Closed(observation.at), event));
        return step.then(Node::Observe);
    }
    step.then(next)
}

/// A look ahead is over once something is missed, once nothing is off any more, and once what was to follow has not.
fn overtaken(state: &State, symptoms: &[Symptom], now: Tick) -> Option<Write> {
    let incident = state.incident.as_ref().filter(|one| one.is_ahead())?;
    match calm(symptoms) {
        Alarm::Paging => Some(Write::silent(Change::Dropped)),
        Alarm::None => Some(ahead::dropped(
            "what was off is gone; there was no incident",
        )),
        Alarm::Troubled if ahead::is_over(incident, now) => Some(ahead::dropped(
            "what was off is off still, and what it foreboded has not come",
        )),
        Alarm::Troubled => None,
    }
}

/// Whether an incident has shown what of it lasts, and the memory is to be asked about that.
fn is_settled(state: &State, now: Tick) -> bool {
    state.incident.as_ref().is_some_and(|incident| {
        !state.context.memory.is_nothing()
            && incident.recognised == Recognised::AtFirst
            && !incident.is_ahead()
            && now.elapsed(incident.opened) >= SETTLED
    })
}

/// Where a look leads once the memory was asked about an open incident.
pub fn beyond_recall(state: &State) -> Node {
    next(state, &state.symptoms, state.now())
}

/// An open incident keeps what was off at any look.
fn remembered(state: &State, symptoms: &[Symptom]) -> Option<Write> {
    let mut incident = state.incident.clone()?;
    incident.symptoms = super::diagnose::merged(&incident.symptoms, symptoms);
    Some(Write::silent(Change::Incident(Box::new(incident))))
}

/// What is known of the applied plan.
fn followed(standing: &super::Standing, progress: &Progress) -> Write {
    let mut standing = standing.clone();
    standing.conduct.clone_from(&progress.conduct);
    standing.changes.clone_from(&progress.changes);
    Write::silent(Change::Standing(Some(Box::new(standing))))
}

fn next(state: &State, symptoms: &[Symptom], now: Tick) -> Node {
    if state.standing.is_some() {
        return Node::Watch;
    }
    let may_look = state
        .incident
        .as_ref()
        .is_none_or(|incident| now >= incident.next_look && incident.undone < ENOUGH);
    let decides = state.context.mode != aegis_model::Mode::Noop;
    let looks = |one: &&Incident| one.is_ahead() && !ahead::is_over(one, now);
    let ahead = state.incident.as_ref().filter(looks);
    let alerts = detect::alerts(symptoms, now);
    let opens = decides && may_look && (alerts || ahead.is_some() && calm(symptoms) != Alarm::None);
    match (
        opens,
        state
            .incident
            .as_ref()
            .filter(|one| !(one.is_ahead() && alerts)),
    ) {
        (true, None) if !state.context.memory.is_nothing() => Node::Recall,
        (true, _) => state.opening(),
        (false, _) => Node::Observe,
    }
}

/// How an incident ended that is over though nothing is being watched: its objectives have had no alert for a while.
fn passed(state: &State, symptoms: &[Symptom], now: Tick) -> Option<Ending> {
    let incident = state.incident.as_ref().filter(|one| !one.is_ahead())?;
    let alerted = symptoms
        .iter()
        .any(|symptom| symptom.kind == SymptomKind::BurnRate);
    let over = state.standing.is_none() && !alerted && now.elapsed(state.alerted) >= QUIET;
    over.then_some(if incident.mended {
        Ending::Mended
    } else {
        Ending::Waited
    })
}

fn calm(symptoms: &[Symptom]) -> Alarm {
    match () {
        () if detect::pages(symptoms) => Alarm::Paging,
        () if symptoms.iter().any(|symptom| symptom.severity >= 0.3) => Alarm::Troubled,
        () => Alarm::None,
    }
}

/// Healthy levels of everything, learnt while it is calm.
fn baseline(state: &State, history: &History) -> Option<Arc<Baseline>> {
    let latest = history.latest()?;
    let due = match &state.baseline {
        None => history.all().len() >= BASELINE,
        Some(known) => {
            let since = history.between(known.until, latest.at).len();
            state.incident.is_none() && state.calm > known.until && since >= RELEARN
        }
    };
    if !due {
        return None;
    }
    let until = if state.baseline.is_none() {
        latest.at
    } else {
        state.calm
    };
    let workloads = (0..latest.objects.workloads.len())
        .map(aegis_model::WorkloadId::from)
        .collect();
    let set = SeriesSet::new(
        &latest.objects,
        state.objectives(),
        &workloads,
        &BTreeSet::new(),
    );
    Some(Arc::new(Baseline::learn(set, history, until)))
}

/// The call graph as the first look lets one infer it.
fn topology(state: &State, observation: &Observation) -> Option<Topology> {
    let mut history = History::default();
    history.push(Arc::new(observation.clone()));
    let calibration = Calibration::learn(&history, Tick(0))?;
    let entries: Vec<_> = state
        .objectives()
        .iter()
        .map(|objective| objective.service)
        .collect();
    Some(Topology::new(
        &observation.objects,
        &calibration.behaviours,
        &entries,
        None,
    ))
}

/// Symptoms that came or grew, and those that went.
fn changes(before: &[Symptom], now: &[Symptom]) -> Vec<RunEvent> {
    let same = |a: &Symptom, b: &Symptom| a.kind == b.kind && a.subject == b.subject;
    let grew = |symptom: &&Symptom| {
        before
            .iter()
            .find(|old| same(old, symptom))
            .is_none_or(|old| old.severity + 0.2 < symptom.severity)
    };
    let gone = |symptom: &&Symptom| !now.iter().any(|new| same(new, symptom));
    let seen = now.iter().filter(grew).cloned().map(RunEvent::SymptomSeen);
    seen.chain(
        before
            .iter()
            .filter(gone)
            .cloned()
            .map(RunEvent::SymptomGone),
    )
    .collect()
}

fn over(state: &State) -> Write {
    let (ending, met) = super::ending(state);
    Write::told(Change::Told, RunEvent::Ended { ending, met })
}

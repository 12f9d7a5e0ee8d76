//! Applying, watching, taking back.

use super::Node;
use super::diagnose::outcomes;
use super::domain::{Change, Effect, Input, Kept, Sentinel, Standing, State, Write};
use crate::executor::{Call, Step};
use aegis_model::event::RunEvent;
use aegis_model::outcome::FUTURES;
use aegis_model::{Action, Conduct, Ending, Finding, Plan, PlanSource, Reflection, Tick};
use aegis_reason::shadow::Tournament;
use aegis_reason::{case, detect, plan, trial, watch};
use std::sync::Arc;

/// Good bins in a row after which a plan that is done is believed.
const BELIEVED: usize = 8;
/// Bins after which a plan that did not help is looked at again.
const PATIENCE: usize = 24;

/// The plan was handed over, or a person was asked.
pub fn apply(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(plan) = chosen(state) else {
        return Step::new().then(Node::Observe);
    };
    match call.answer() {
        Some(Input::Approval(true)) => Step::new()
            .write(Write::told(
                Change::Told,
                RunEvent::ApprovalGiven {
                    plan: plan.id.clone(),
                    granted: true,
                },
            ))
            .ask(Effect::Apply(Arc::new(plan)))
            .then(Node::Apply),
        Some(Input::Approval(false)) => {
            let event = RunEvent::ApprovalGiven {
                plan: plan.id,
                granted: false,
            };
            Step::new()
                .write(Write::told(Change::Refused, event))
                .then(Node::Observe)
        }
        Some(Input::Accepted) => {
            let standing = standing(state, plan.clone());
            let event = RunEvent::ApplyStarted { plan: plan.id };
            let write = Write::told(Change::Standing(Some(Box::new(standing))), event);
            Step::new().write(write).then(Node::Observe)
        }
        _ => Step::new().then(Node::Observe),
    }
}

fn chosen(state: &State) -> Option<Plan> {
    let incident = state.incident.as_ref()?;
    let choice = incident.verdict.as_ref()?.choice.as_ref()?;
    incident
        .plans
        .iter()
        .find(|plan| plan.id == *choice)
        .cloned()
}

fn standing(state: &State, plan: Plan) -> Standing {
    let incident = state.incident.as_ref();
    let hypotheses = incident
        .and_then(|incident| incident.diagnosis.as_ref())
        .map(|d| d.hypotheses.clone());
    let answers = plan.answers.clone();
    let hypothesis = hypotheses.into_iter().flatten().find(|hypothesis| {
        answers.as_ref().is_some_and(|(fault, target)| {
            hypothesis.fault == *fault && hypothesis.target == *target
        })
    });
    let prediction = incident
        .and_then(|incident| incident.verdict.as_ref())
        .map(|v| v.prediction.clone())
        .unwrap_or_default();
    Standing {
        plan,
        hypothesis,
        prediction,
        since: state.history.latest().map_or(Tick(0), |latest| latest.at),
        bins: Vec::new(),
        conduct: Conduct::Running,
        changes: Vec::new(),
    }
}

/// One more bin of the watch.
pub fn watch(state: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let (Some(mut standing), Some(latest)) = (state.standing.clone(), state.history.latest())
    else {
        return Step::new().then(Node::Observe);
    };
    if let Conduct::Refused { why, .. } = &standing.conduct
        && standing.changes.is_empty()
    {
        return came_to_nothing(state, &standing, why);
    }
    let objectives = case::weighted(state.objectives(), &state.history);
    let loss = trial::observed_loss(&objectives, &latest.samples);
    let bin = watch::bin(&standing.prediction, standing.bins.len(), loss);
    standing.bins.push(bin);
    let event = RunEvent::Watched {
        plan: standing.plan.id.clone(),
        bin: standing.bins.len() as u32,
        loss: bin.loss,
        bound: bin.bound,
        control: bin.control,
    };
    let next = judge(state, &standing);
    let step = Step::new().write(Write::told(
        Change::Standing(Some(Box::new(standing.clone()))),
        event,
    ));
    match next {
        Judgement::GoOn => step.then(Node::Observe),
        Judgement::Good => confirm(step, &standing),
        Judgement::NotEnough => keep_and_look(state, step, &standing),
        Judgement::Failed => ask_undo(state, step, &standing),
    }
}

enum Judgement {
    GoOn,
    Good,
    NotEnough,
    Failed,
}

fn judge(state: &State, standing: &Standing) -> Judgement {
    let done = !matches!(standing.conduct, Conduct::Running);
    let paging = detect::pages(&state.symptoms);
    let last = &standing.bins[standing.bins.len().saturating_sub(BELIEVED)..];
    let good = last.len() == BELIEVED && last.iter().all(|bin| bin.loss <= bin.bound.max(0.05));
    match () {
        () if watch::has_failed(&standing.bins) => Judgement::Failed,
        () if done && good && !paging => Judgement::Good,
        () if standing.bins.len() >= PATIENCE && paging => Judgement::NotEnough,
        () => Judgement::GoOn,
    }
}

/// Nothing of the plan was done: the next look opens the case again.
fn came_to_nothing(state: &State, standing: &Standing, why: &str) -> Step<Sentinel> {
    let events = vec![
        RunEvent::ApplyEnded {
            plan: standing.plan.id.clone(),
            conduct: standing.conduct.clone(),
        },
        RunEvent::Noted {
            note: format!("nothing of the plan was done: {why}"),
        },
    ];
    let mut step = Step::new().write(Write {
        change: Change::Stands(Kept::Never),
        events,
    });
    if let Some(mut incident) = state.incident.clone() {
        incident.next_look = Tick(0);
        step = step.write(Write::silent(Change::Incident(Box::new(incident))));
    }
    step.then(Node::Observe)
}

/// The plan did what it predicted.
fn confirm(step: Step<Sentinel>, standing: &Standing) -> Step<Sentinel> {
    let mut events = vec![RunEvent::ApplyEnded {
        plan: standing.plan.id.clone(),
        conduct: standing.conduct.clone(),
    }];
    if let Some(hypothesis) = &standing.hypothesis {
        let (finding, why) = watch::finding(&standing.bins, hypothesis, 0.0, f64::INFINITY);
        events.push(RunEvent::Reflected(Reflection {
            hypothesis: (hypothesis.fault.clone(), hypothesis.target),
            finding: if finding == Finding::Refuted {
                Finding::Undecided
            } else {
                finding
            },
            why,
        }));
    }
    events.push(RunEvent::IncidentClosed {
        ending: Ending::Mended,
    });
    step.write(Write {
        change: Change::Stands(Kept::Stands),
        events,
    })
    .write(Write::silent(Change::Closed))
    .then(Node::Observe)
}

/// The plan does no harm and is not enough: it stays, and the case is opened again.
fn keep_and_look(state: &State, step: Step<Sentinel>, standing: &Standing) -> Step<Sentinel> {
    let event = RunEvent::Noted {
        note: format!("{} was not enough; looking again", standing.plan.summary),
    };
    let mut step = step.write(Write::told(Change::Stands(Kept::Stands), event));
    if let Some(mut incident) = state.incident.clone() {
        incident.failed.clone_from(&standing.hypothesis);
        step = step.write(Write::silent(Change::Incident(Box::new(incident))));
    }
    step.then(Node::Open)
}

/// The plan that takes the standing one back, newest change first.
fn back(state: &State, standing: &Standing) -> Option<Plan> {
    let objects = &state.history.latest()?.objects;
    let actions: Vec<Action> = standing
        .changes
        .iter()
        .rev()
        .map(|change| Action::RevertChange(*change))
        .collect();
    (!actions.is_empty()).then(|| plan::plan(objects, actions, PlanSource::Rollback, None))
}

/// Tries the undo on a twin from here, beside staying.
fn ask_undo(state: &State, step: Step<Sentinel>, standing: &Standing) -> Step<Sentinel> {
    let trials = state.incident.as_ref().and_then(|incident| {
        let mut open = (**incident.case.as_ref()?).clone();
        open.history = Arc::clone(&state.history);
        open.now = state.history.latest()?.at;
        open.load = Arc::new(aegis_reason::forecast::LoadPath::observed(&state.history));
        let diagnosis = incident.diagnosis.as_ref()?;
        let plans = [back(state, standing)?, case::wait()];
        let tournament = Tournament::new(&Arc::new(open), diagnosis, &plans, 2)?;
        Some(tournament.trials(diagnosis, &plans, &tournament.draws[..4]))
    });
    step.ask(Effect::Simulate(trials.unwrap_or_default()))
        .then(Node::Undo)
}

/// Undo, or stay where undo would be worse.
pub fn undo(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(standing) = state.standing.clone() else {
        return Step::new().then(Node::Open);
    };
    let outcomes = outcomes(call);
    let (undo, stay) = outcomes.split_at(outcomes.len() / 2);
    let mean = |outcomes: &[aegis_model::Outcome]| {
        let main = &outcomes[..outcomes.len() / FUTURES.len()];
        main.iter().map(|outcome| outcome.stability).sum::<f64>() / main.len().max(1) as f64
    };
    let (undo, stay) = (mean(undo), mean(stay));
    let mut incident = state.incident.clone();
    if let Some(incident) = &mut incident {
        incident.failed.clone_from(&standing.hypothesis);
    }
    let failed = incident.map(|incident| Write::silent(Change::Incident(Box::new(incident))));
    let mut step = Step::new();
    step.writes.extend(failed);
    if standing.changes.is_empty() || undo < stay - 0.01 {
        let why = format!("taking it back would leave stability {undo:.2}, staying {stay:.2}");
        let event = RunEvent::UndoDeclined {
            plan: standing.plan.id,
            why,
        };
        return step
            .write(Write::told(Change::Stands(Kept::Stands), event))
            .then(Node::Open);
    }
    step.ask(Effect::Undo(standing.plan.id)).then(Node::Undone)
}

/// It was taken back, or not wholly.
pub fn undone(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(standing) = &state.standing else {
        return Step::new().then(Node::Observe);
    };
    let plan = standing.plan.id.clone();
    let out = standing
        .bins
        .iter()
        .filter(|bin| bin.loss > bin.bound)
        .count();
    let (kept, event) = match call.answer() {
        Some(Input::TakenBack(Some(why))) => (
            Kept::Stands,
            RunEvent::UndoDeclined {
                plan,
                why: format!("could not be taken back: {why}"),
            },
        ),
        _ => {
            let why = format!(
                "{out} of {} bins above what was predicted",
                standing.bins.len()
            );
            (
                Kept::Undone,
                RunEvent::Undone {
                    plan,
                    why,
                    kubectl: Vec::new(),
                },
            )
        }
    };
    let mut step = Step::new().write(Write::told(Change::Stands(kept), event));
    if let Some(mut incident) = state.incident.clone() {
        incident.next_look = Tick(0);
        step = step.write(Write::silent(Change::Incident(Box::new(incident))));
    }
    step.then(Node::Observe)
}

//! Applying, watching, taking back.

use super::Node;
use super::aside::{ENOUGH, Why, set_aside};
use super::diagnose::outcomes;
use super::domain::{
    Ahead, Came, Change, Effect, Incident, Input, Kept, Sentinel, Standing, State, Write,
};
use super::{advice, ahead};
use crate::executor::{Call, Step};
use aegis_model::event::RunEvent;
use aegis_model::outcome::FUTURES;
use aegis_model::{
    Action, Conduct, Ending, Hypothesis, Plan, PlanSource, Reflection, Ruling, Tick,
};
use aegis_reason::proof::{Proof, Watched};
use aegis_reason::shadow::Tournament;
use aegis_reason::{case, detect, plan, signature, trial, watch};
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
        Some(Input::Approval(ruling)) if ruling.granted => Step::new()
            .write(Write::told(Change::Told, given(&plan, ruling)))
            .ask(Effect::Apply(Arc::new(plan)))
            .then(Node::Apply),
        Some(Input::Approval(ruling)) => {
            let event = given(&plan, ruling);
            let incident = aside(state, &plan, Why::Refused);
            let mut step = Step::new().write(Write::told(Change::Refused, event));
            step.writes.extend(incident.map(put));
            if state.incident.as_ref().is_some_and(Incident::is_ahead) {
                step = step.write(barred(state, &plan)).write(ahead::dropped(
                    "it was not approved before anything is missed",
                ));
            }
            step.then(Node::Observe)
        }
        Some(Input::Accepted) => {
            let standing = standing(state, plan.clone());
            let event = RunEvent::ApplyStarted {
                plan: plan.id.clone(),
            };
            let write = Write::told(Change::Standing(Some(Box::new(standing))), event);
            let mut step = Step::new();
            if let Some(acted) = acted_ahead(state) {
                step = step.write(acted).write(barred(state, &plan));
            }
            step.write(write).then(Node::Observe)
        }
        _ => Step::new().then(Node::Observe),
    }
}

/// What was done before anything was missed is an incident from then on.
fn acted_ahead(state: &State) -> Option<Write> {
    let mut incident = state.incident.clone().filter(Incident::is_ahead)?;
    let case = incident.case.clone()?;
    incident.ahead = Ahead::Acted;
    let event = RunEvent::IncidentOpened {
        signature: signature::signature(&case.topology, &state.symptoms),
        onset: case.onset[1],
    };
    Some(Write::told(Change::Incident(Box::new(incident)), event))
}

/// What a plan touches is left alone for a while before anything is missed.
fn barred(state: &State, plan: &Plan) -> Write {
    let latest = state.history.latest();
    let touched = latest.map(|latest| ahead::touched(plan, &latest.objects));
    let targets = touched.unwrap_or_default();
    Write::silent(Change::ActedAhead(targets, state.now()))
}

fn given(plan: &Plan, ruling: &Ruling) -> RunEvent {
    RunEvent::ApprovalGiven {
        plan: plan.id.clone(),
        granted: ruling.granted,
        reason: ruling.reason.clone(),
    }
}

/// The open incident with a plan set aside.
fn aside(state: &State, plan: &Plan, why: Why) -> Option<Incident> {
    let incident = state.incident.clone()?;
    Some(set_aside(state, incident, plan, why))
}

fn put(incident: Incident) -> Write {
    Write::silent(Change::Incident(Box::new(incident)))
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
    if let (true, Some(why)) = (standing.came_to_nothing(), standing.broke_off()) {
        return came_to_nothing(state, &standing, &why);
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
    let step = Step::new().write(Write::told(
        Change::Standing(Some(Box::new(standing.clone()))),
        event,
    ));
    if standing.broke_off().is_some() {
        let event = RunEvent::ApplyEnded {
            plan: standing.plan.id.clone(),
            conduct: standing.conduct.clone(),
        };
        return ask_undo(
            state,
            step.write(Write::told(Change::Told, event)),
            &standing,
        );
    }
    match judge(state, &standing) {
        Judgement::GoOn => step.then(Node::Observe),
        Judgement::Good => confirm(state, step, &standing, latest.at),
        Judgement::Relapsed(since) => confirm(state, step, &standing, since),
        Judgement::NotEnough => keep_and_look(state, step, &standing),
        Judgement::Failed => ask_undo(state, step, &standing),
    }
}

enum Judgement {
    GoOn,
    Good,
    /// It held, and then something else came: when it was last good.
    Relapsed(Tick),
    NotEnough,
    Failed,
}

fn judge(state: &State, standing: &Standing) -> Judgement {
    let done = !matches!(standing.conduct, Conduct::Running);
    let paging = detect::pages(&state.symptoms);
    let last = &standing.bins[standing.bins.len().saturating_sub(BELIEVED)..];
    let good = last.len() == BELIEVED && last.iter().all(|bin| bin.loss <= bin.bound.max(0.05));
    match () {
        () if watch::has_failed(&standing.bins) => {
            let held = if done { held(standing) } else { None };
            held.map_or(Judgement::Failed, Judgement::Relapsed)
        }
        () if done && good && !paging => Judgement::Good,
        () if standing.bins.len() >= PATIENCE && paging => Judgement::NotEnough,
        () => Judgement::GoOn,
    }
}

/// The end of the last bin in which a plan had been good for as long as is believed.
fn held(standing: &Standing) -> Option<Tick> {
    let good = |bins: &[watch::Bin]| bins.iter().all(|bin| bin.loss <= bin.bound.max(0.05));
    let last = standing.bins.windows(BELIEVED).rposition(good)?;
    let bins = (last + BELIEVED) as u32;
    Some(standing.since.after(bins * case::BIN))
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
    if let Some(mut incident) = aside(state, &standing.plan, Why::Impossible) {
        incident.next_look = Tick(0);
        step = step.write(put(incident));
    }
    step.then(Node::Observe)
}

/// The plan did what it predicted. Where the run has a memory, what came is weighed before the incident is over.
fn confirm(state: &State, step: Step<Sentinel>, standing: &Standing, over: Tick) -> Step<Sentinel> {
    let mut events = vec![RunEvent::ApplyEnded {
        plan: standing.plan.id.clone(),
        conduct: standing.conduct.clone(),
    }];
    if let (false, Some(incident)) = (
        state.context.memory.is_nothing(),
        weighed(state, standing, over),
    ) {
        let stands = Change::Stands(Kept::Stands);
        return step
            .write(Write {
                change: stands,
                events,
            })
            .write(put(incident))
            .then(Node::Open);
    }
    let reflection = confirmed(state, standing);
    events.extend(reflection.clone().map(RunEvent::Reflected));
    events.push(RunEvent::IncidentClosed {
        ending: Ending::Mended,
    });
    let step = step
        .write(Write {
            change: Change::Stands(Kept::Stands),
            events,
        })
        .write(Write::silent(Change::Closed(over)));
    let Some(reflection) = reflection else {
        return step.then(Node::Observe);
    };
    let losses = advice::losses(standing);
    let tried = (standing.plan.summary.as_str(), &losses[..]);
    advice::worded(state, step, tried, &reflection, Node::Observe)
}

/// The incident with the hypothesis of a plan that held on trial.
fn weighed(state: &State, standing: &Standing, over: Tick) -> Option<Incident> {
    let mut incident = state.incident.clone()?;
    incident.failed = Some(standing.hypothesis.clone()?);
    incident.proof = Some((proof(state, standing)?, Came::Held(over)));
    incident.mended = true;
    Some(incident)
}

/// What a plan that was watched proves.
fn proof(state: &State, standing: &Standing) -> Option<Proof> {
    let watched = Watched {
        plan: &standing.plan,
        conduct: &standing.conduct,
        changes: &standing.changes,
        since: standing.since,
        prediction: &standing.prediction,
        bins: &standing.bins,
    };
    let objects = &state.history.latest()?.objects;
    Some(Proof::of(
        &watched,
        state.topology.as_deref()?,
        objects,
        &state.spells,
    ))
}

/// What a plan that failed proves.
fn failure(state: &State, standing: &Standing) -> Option<(Proof, Came)> {
    Some((proof(state, standing)?, Came::Failed))
}

/// What a plan that held says of its hypothesis where nothing is remembered of it: the evidence is that of the
/// diagnosis before the plan.
fn confirmed(state: &State, standing: &Standing) -> Option<Reflection> {
    let hypothesis = standing.hypothesis.as_ref()?;
    let diagnosis = state.incident.as_ref()?.diagnosis.as_ref()?;
    let below = super::diagnose::below_best(&diagnosis.hypotheses, hypothesis);
    let (finding, why) = proof(state, standing)?.finding(Some(below), state.genome.refute_nats);
    Some(Reflection {
        hypothesis: (hypothesis.fault.clone(), hypothesis.target),
        finding,
        why,
    })
}

/// The plan does no harm and is not enough: it stays, and the case is opened again.
fn keep_and_look(state: &State, step: Step<Sentinel>, standing: &Standing) -> Step<Sentinel> {
    let event = RunEvent::Noted {
        note: format!("{} was not enough; looking again", standing.plan.summary),
    };
    let mut step = step.write(Write::told(Change::Stands(Kept::Stands), event));
    if let Some(mut incident) = aside(state, &standing.plan, Why::NotEnough) {
        incident.failed.clone_from(&standing.hypothesis);
        incident.proof = failure(state, standing);
        incident.mended = true;
        step = step.write(put(incident));
    }
    step.then(state.opening())
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
        return Step::new().then(state.opening());
    };
    let (undo, stay) = undo_or_stay(outcomes(call));
    if !standing.changes.is_empty() && undo >= stay - 0.01 {
        return Step::new()
            .ask(Effect::Undo(standing.plan.id))
            .then(Node::Undone);
    }
    let figures = format!("taking it back would leave stability {undo:.2}, staying {stay:.2}");
    let why = match (standing.changes.is_empty(), standing.broke_off()) {
        (true, _) => "it left nothing that could be taken back".to_owned(),
        (false, Some(broke)) => format!("{broke}; {figures}"),
        (false, None) => figures,
    };
    let event = RunEvent::UndoDeclined {
        plan: standing.plan.id.clone(),
        why,
    };
    let mut step = Step::new().write(Write::told(Change::Stands(Kept::Stands), event));
    if let Some(mut incident) = aside(state, &standing.plan, Why::NotEnough) {
        incident.failed = blamed(&standing);
        incident.proof = failure(state, &standing);
        incident.mended = true;
        incident.next_look = Tick(0);
        step = step.write(put(incident));
    }
    // A plan that broke off may have mended what it was for.
    step.then(if detect::pages(&state.symptoms) {
        state.opening()
    } else {
        Node::Observe
    })
}

/// Mean stability after taking the plan back, and after leaving it, in the main future.
fn undo_or_stay(outcomes: &[aegis_model::Outcome]) -> (f64, f64) {
    let (undo, stay) = outcomes.split_at(outcomes.len() / 2);
    let mean = |outcomes: &[aegis_model::Outcome]| {
        let main = &outcomes[..outcomes.len() / FUTURES.len()];
        main.iter().map(|outcome| outcome.stability).sum::<f64>() / main.len().max(1) as f64
    };
    (mean(undo), mean(stay))
}

/// The hypothesis that answers for the plan's failure; a plan that was not done whole says nothing of it.
fn blamed(standing: &Standing) -> Option<Hypothesis> {
    let whole = standing.broke_off().is_none();
    standing.hypothesis.clone().filter(|_| whole)
}

/// It was taken back, or not wholly.
pub fn undone(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(standing) = &state.standing else {
        return Step::new().then(Node::Observe);
    };
    let (changes, failed) = match call.answer() {
        Some(Input::TakenBack { changes, failed }) => (*changes, failed.clone()),
        _ => (0, Some("no answer came".to_owned())),
    };
    let plan = standing.plan.id.clone();
    let (kept, event) = match &failed {
        Some(why) if changes == 0 => (
            Kept::Stands,
            RunEvent::UndoDeclined {
                plan,
                why: format!("could not be taken back: {why}"),
            },
        ),
        _ => (
            Kept::Undone,
            RunEvent::Undone {
                plan,
                why: why_undone(standing, failed.as_deref()),
                kubectl: Vec::new(),
            },
        ),
    };
    let mut step = Step::new().write(Write::told(Change::Stands(kept), event));
    if let Some(mut incident) = aside(state, &standing.plan, Why::TakenBack) {
        // Where the undo failed, others have changed what the plan changed: it proves nothing.
        incident.failed = blamed(standing).filter(|_| failed.is_none());
        incident.proof = failure(state, standing);
        incident.mended |= kept == Kept::Stands;
        incident.undone += u32::from(kept == Kept::Undone);
        incident.next_look = Tick(0);
        let enough = incident.undone >= ENOUGH;
        step = step.write(put(incident));
        if enough {
            step = step.write(Write::told(Change::Told, left_to_a_person()));
        }
    }
    step.then(Node::Observe)
}

fn why_undone(standing: &Standing, failed: Option<&str>) -> String {
    let bins = &standing.bins;
    let out = bins.iter().filter(|bin| bin.loss > bin.bound).count();
    let why = standing
        .broke_off()
        .unwrap_or_else(|| format!("{out} of {} bins above what was predicted", bins.len()));
    failed.map_or_else(
        || why.clone(),
        |failed| format!("{why}; not all could be taken back: {failed}"),
    )
}

fn left_to_a_person() -> RunEvent {
    let note = format!(
        "{ENOUGH} plans were taken back in this incident; no more are tried, a person is needed"
    );
    RunEvent::Noted { note }
}

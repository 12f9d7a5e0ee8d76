//! Drafting plans, playing them in futures, choosing one.

use super::Node;
use super::aside::{Why, why_aside};
use super::diagnose::{LOOK_AGAIN, outcomes};
use super::domain::{Change, Effect, Incident, Pick, Sentinel, State, Write};
use super::{advice, ahead};
use crate::executor::{Call, Step};
use aegis_model::event::RunEvent;
use aegis_model::outcome::FUTURES;
use aegis_model::{
    Approval, Hypothesis, Irreversible, Mode, Outcome, Plan, PlanScore, Prediction, Recalled,
    Verdict,
};
use aegis_reason::debate::Ballot;
use aegis_reason::diagnose::echo;
use aegis_reason::plan::Drafts;
use aegis_reason::shadow::{self, DRAWS, Draw, ROUND, Tournament};
use aegis_reason::{plan as reason, remembered, risk, select, undo};
use smol_str::SmolStr;
use std::sync::Arc;

/// Upper bound of a paired difference to the best below which a plan leaves the race.
const HOPELESS: f64 = -0.02;

/// Confidence below which one more look is worth more than acting now.
const SURE: f64 = 0.7;
/// Seconds after the first page for which further looks are waited for.
const PATIENCE: u32 = 45;
/// Seconds from the onset that a window must hold before a hidden cause is acted on: what is not
/// on record shows by what it does, and one scrape shows little of that.
const HIDDEN: u32 = 30;

/// Whether the window is too short to tell the leading causes apart, and soon will not be.
pub fn is_early(incident: &Incident, now: aegis_model::Tick) -> bool {
    let top = incident
        .diagnosis
        .as_ref()
        .and_then(|diagnosis| diagnosis.hypotheses.first());
    let onset = incident.case.as_ref().map_or(now, |case| case.onset[1]);
    // Load is not hidden: what arrives was observed.
    let is_load = |top: &Hypothesis| matches!(top.subject, aegis_model::Subject::Service(_));
    let short =
        |top: &Hypothesis| top.change.is_none() && !is_load(top) && now.elapsed(onset) < HIDDEN;
    now.elapsed(incident.opened) < PATIENCE
        && top.is_none_or(|top| sure(incident) < SURE || short(top))
}

/// How sure it is what is to be done: the confidence of the leader, and of all that what answers it answers as well.
/// To tell those apart is worth no look, but before anything is missed: a look costs nobody anything then.
fn sure(incident: &Incident) -> f64 {
    let hypotheses = incident
        .diagnosis
        .as_ref()
        .map_or(&[][..], |diagnosis| &diagnosis.hypotheses);
    let Some(top) = hypotheses.first() else {
        return 0.0;
    };
    let remedy = |one: &Hypothesis| {
        let fault = aegis_faults::by_id(&one.fault)?;
        fault.remedies.first().copied()
    };
    let same = |one: &&Hypothesis| {
        let answer = remedy(one).filter(|_| one.target == top.target && one.change == top.change);
        one.fault == top.fault && one.target == top.target
            || !incident.is_ahead() && answer.is_some() && answer == remedy(top)
    };
    let answered = hypotheses.iter().filter(same);
    answered.map(|one| one.confidence).sum()
}

/// The next look opens the case again, with one more bin.
fn look_again(mut incident: Incident) -> Step<Sentinel> {
    incident.next_look = aegis_model::Tick(0);
    let sure = sure(&incident) >= SURE;
    let note = if sure {
        "too little of its effect has been seen; one more look".into()
    } else {
        "the leading causes cannot be told apart yet; one more look".into()
    };
    Step::new()
        .write(Write::told(
            Change::Incident(Box::new(incident)),
            RunEvent::Noted { note },
        ))
        .then(Node::Observe)
}

/// Drafts plans, assesses their risk, sets the tournament up.
pub fn draft(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let (Some(mut incident), Some(latest)) = (state.incident.clone(), state.history.latest())
    else {
        return Step::new().then(Node::Observe);
    };
    if is_early(&incident, latest.at) {
        return look_again(incident);
    }
    let (Some(case), Some(diagnosis)) = (incident.case.clone(), incident.diagnosis.clone()) else {
        return Step::new().then(Node::Observe);
    };
    let objects = &latest.objects;
    let recalled = Arc::clone(&incident.recalled);
    let tier = tier(state, &recalled);
    let advised = advice::reply(call).map(|reply| advice::plans(reply, objects, &incident));
    incident.proposed += u32::from(advised.is_some());
    let drafts = Drafts {
        advised: advised.as_ref().map_or(&[][..], |advised| &advised.plans),
        ..tier.drafts
    };
    let mut drafted = reason::draft(&case, &diagnosis, &drafts);
    drafted.retain(|plan| echo::may_answer(&incident.withheld, plan));
    ahead::allowed(state, &incident, objects, &mut drafted);
    let (plans, aside) = fresh(&incident, objects, drafted);
    let told = advised.map(|advised| advice::told(advised.advice));
    let step = Step {
        writes: told.into_iter().collect(),
        ..Step::new()
    };
    if plans.len() < 2 && incident.is_ahead() {
        let note = "no rule answers what would lead; nothing is done before it is needed";
        return ahead::look_on(step, incident, note);
    }
    if plans.len() < 2 && !aside.is_empty() {
        return all_aside(step, incident, &aside, case.now);
    }
    incident.idle = 0;
    incident.plans = plans;
    let mut events = assessed(&mut incident, &case, objects, state);
    incident.next_look = case.now.after(LOOK_AGAIN);
    let only_control = incident.plans.len() < 2;
    let tournament = Tournament::of_draws(&case, &diagnosis, &incident.plans, (0, tier.draws));
    let tournament = tournament.map(|one| Arc::new(one.remembering(&recalled, &diagnosis)));
    let Some(tournament) = tournament.filter(|_| !only_control) else {
        events.push(RunEvent::Noted {
            note: "no plan could be drafted for any hypothesis; waiting".into(),
        });
        return step
            .write(Write {
                change: Change::Incident(Box::new(incident)),
                events,
            })
            .then(Node::Observe);
    };
    incident.played = vec![vec![Vec::new(); FUTURES.len()]; incident.plans.len()];
    incident.long = Vec::new();
    incident.racing = (0..incident.plans.len()).collect();
    incident.debate = None;
    let trials = first_trials(&tournament, &diagnosis, &incident.plans, objects);
    incident.tournament = Some(tournament);
    step.write(Write {
        change: Change::Incident(Box::new(incident)),
        events,
    })
    .ask(Effect::Simulate(trials))
    .then(Node::Shadow)
}

/// Assesses the risk of the drafted plans, and tells both.
fn assessed(
    incident: &mut Incident,
    case: &aegis_reason::Case,
    objects: &aegis_model::Objects,
    state: &State,
) -> Vec<RunEvent> {
    let plans = incident.plans.iter();
    incident.risks = plans
        .clone()
        .map(|plan| risk::risk(plan, &case.topology, objects, &state.genome))
        .collect();
    let ids = plans.map(|plan| plan.id.clone());
    let risks: Vec<(SmolStr, f64)> = ids.zip(incident.risks.iter().copied()).collect();
    vec![
        RunEvent::Planned {
            plans: incident.plans.clone(),
        },
        RunEvent::RiskAssessed { risks },
    ]
}

/// What a tier spends on a decision.
struct Tier<'a> {
    drafts: Drafts<'a>,
    /// Draws per plan and future.
    draws: u64,
}

/// Legion drafts three times as many plans and plays each twice as often.
fn tier<'a>(state: &State, recalled: &'a Recalled) -> Tier<'a> {
    let (how_many, draws) = match state.context.mode {
        Mode::Legion => (3 * reason::DRAFTED, 2 * DRAWS),
        Mode::Sentinel | Mode::Noop => (reason::DRAFTED, DRAWS),
    };
    Tier {
        drafts: Drafts {
            how_many,
            advised: &[],
            rules: remembered::rules(recalled),
        },
        draws,
    }
}

/// The first round of the race, with the long trials: together they share what both play of a draw.
fn first_trials(
    tournament: &Tournament,
    diagnosis: &aegis_reason::diagnose::Diagnosis,
    plans: &[Plan],
    objects: &aegis_model::Objects,
) -> Vec<aegis_reason::Trial> {
    let round = &tournament.draws[..ROUND as usize];
    let mut trials = tournament.trials(diagnosis, plans, round);
    trials.extend(shadow::long_trials(tournament, diagnosis, plans, objects));
    trials
}

/// A plan that is not brought up again, and why.
type Aside = (Plan, Why);

/// The plans that may be brought up, the control among them, and those that are not.
fn fresh(
    incident: &Incident,
    objects: &aegis_model::Objects,
    drafted: Vec<Plan>,
) -> (Vec<Plan>, Vec<Aside>) {
    let (mut plans, mut aside) = (Vec::new(), Vec::new());
    for plan in drafted {
        let known = (!plan.is_wait()).then(|| why_aside(incident, objects, &plan));
        match known.flatten() {
            Some(why) => aside.push((plan, why)),
            None => plans.push(plan),
        }
    }
    (plans, aside)
}

/// Longest time between two looks at a case in which nothing is left to try, s.
const SELDOM: u32 = 480;

/// Every plan was set aside and nothing is new: the next look comes later each time, and it is told once.
fn all_aside(
    step: Step<Sentinel>,
    mut incident: Incident,
    aside: &[Aside],
    now: aegis_model::Tick,
) -> Step<Sentinel> {
    let pause = LOOK_AGAIN.saturating_mul(1 << incident.idle.min(8));
    incident.next_look = now.after(pause.min(SELDOM));
    incident.idle += 1;
    let reasons = aside
        .iter()
        .map(|(plan, why)| format!("{} {}", plan.summary, why.words()));
    let note = format!(
        "nothing new to try until the evidence changes: {}",
        reasons.collect::<Vec<_>>().join("; ")
    );
    let events = (incident.idle == 1).then_some(RunEvent::Noted { note });
    step.write(Write {
        change: Change::Incident(Box::new(incident)),
        events: events.into_iter().collect(),
    })
    .then(Node::Observe)
}

/// Takes a round of the race in, with the first the trials of durability; asks for the next.
pub fn shadow(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    race(state, call, Node::Durability)
}

/// The same, with the node to go to when the race is over.
pub fn race(state: &State, call: &Call<'_, Sentinel>, over: Node) -> Step<Sentinel> {
    let Some(mut incident) = state.incident.clone() else {
        return Step::new().then(over);
    };
    let (Some(tournament), Some(diagnosis)) =
        (incident.tournament.clone(), incident.diagnosis.clone())
    else {
        return Step::new().then(over);
    };
    let (race, long) = outcomes(call).split_at(asked(&incident).min(outcomes(call).len()));
    take_round(&mut incident, race);
    if !long.is_empty() {
        incident.long = long.to_vec();
    }
    let done = played(&incident);
    let draws = &tournament.draws;
    if done < draws.len() {
        drop_hopeless(&mut incident, state);
        let next = &draws[done..(done + ROUND as usize).min(draws.len())];
        let racing = plans(&incident);
        let trials = tournament.trials(&diagnosis, &racing, next);
        return Step::new()
            .write(Write::silent(Change::Incident(Box::new(incident))))
            .ask(Effect::Simulate(trials))
            .then(Node::Shadow);
    }
    Step::new()
        .write(Write::silent(Change::Incident(Box::new(incident))))
        .then(over)
}

/// Trials of the round of the race that is out.
fn asked(incident: &Incident) -> usize {
    let all = incident
        .tournament
        .as_ref()
        .map_or(0, |all| all.draws.len());
    let draws = all.saturating_sub(played(incident)).min(ROUND as usize);
    incident.racing.len() * FUTURES.len() * draws
}

/// Plans that still race.
fn plans(incident: &Incident) -> Vec<Plan> {
    incident
        .racing
        .iter()
        .map(|index| incident.plans[*index].clone())
        .collect()
}

/// Draws that every racing plan has played.
fn played(incident: &Incident) -> usize {
    incident
        .racing
        .first()
        .map_or(0, |index| incident.played[*index][0].len())
}

/// Sorts outcomes, which come plan by plan, future by future, draw by draw.
fn take_round(incident: &mut Incident, outcomes: &[Outcome]) {
    let per_future = outcomes.len() / (incident.racing.len() * FUTURES.len()).max(1);
    for (chunk, outcomes) in outcomes.chunks(per_future.max(1)).enumerate() {
        let plan = incident.racing[chunk / FUTURES.len()];
        incident.played[plan][chunk % FUTURES.len()].extend_from_slice(outcomes);
    }
}

/// Scores of the racing plans over the draws so far.
pub fn scores(incident: &Incident, state: &State) -> Vec<PlanScore> {
    let plans = plans(incident);
    let risks: Vec<f64> = incident
        .racing
        .iter()
        .map(|index| incident.risks[*index])
        .collect();
    let flat: Vec<Outcome> = incident
        .racing
        .iter()
        .flat_map(|index| incident.played[*index].concat())
        .collect();
    let mut genome = state.genome.clone();
    if let Some(diagnosis) = &incident.diagnosis {
        genome.chance_follows =
            remembered::chance_follows(&incident.recalled, diagnosis, genome.chance_follows);
    }
    shadow::score(&plans, &flat, played(incident), &risks, &genome)
}

/// Drops plans that are surely worse than the best; never the last two, never the control.
fn drop_hopeless(incident: &mut Incident, state: &State) {
    let scores = scores(incident, state);
    let mean =
        |score: &PlanScore| score.losses.iter().sum::<f64>() / score.losses.len().max(1) as f64;
    let Some(best) = scores
        .iter()
        .min_by(|a, b| mean(a).total_cmp(&mean(b)))
        .cloned()
    else {
        return;
    };
    let hopeless = |position: usize| -select::gain(&scores[position], &best) < HOPELESS;
    let racing = incident.racing.clone();
    let mut left = racing.len();
    incident.racing = racing
        .into_iter()
        .enumerate()
        .filter(|(position, plan)| {
            let stays = incident.plans[*plan].is_wait() || left <= 3 || !hopeless(*position);
            left -= usize::from(!stays);
            stays
        })
        .map(|(_, plan)| plan)
        .collect();
}

/// Which plans last, by their long trials.
pub fn durability(state: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(mut incident) = state.incident.clone() else {
        return Step::new().then(Node::Select);
    };
    let mut scores = scores(&incident, state);
    let per_plan = incident.long.len() / incident.plans.len().max(1);
    let control = plans(&incident).iter().position(Plan::is_wait).unwrap_or(0);
    let of = |index: usize| {
        let plan = incident.racing[index];
        &incident.long[plan * per_plan..(plan + 1) * per_plan]
    };
    for (index, score) in scores.iter_mut().enumerate() {
        score.durable = index == control || shadow::lasts(of(index), of(control));
    }
    if let Some(debate) = &incident.debate {
        debate.temper(&mut scores, &incident.racing, state.genome.weight_worst);
    }
    incident.scores = scores;
    Step::new()
        .write(Write::silent(Change::Incident(Box::new(incident))))
        .then(Node::Select)
}

/// Chooses; a plan is played once more on fresh draws.
pub fn select(state: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(mut incident) = state.incident.clone() else {
        return Step::new().then(Node::Observe);
    };
    let (Some(case), Some(diagnosis)) = (incident.case.clone(), incident.diagnosis.clone()) else {
        return Step::new().then(Node::Observe);
    };
    let plans = plans(&incident);
    let debate = incident.debate.take();
    let ballot = debate.map_or_else(Ballot::default, |debate| debate.ballot(&plans));
    let genome = ahead::demanding(&incident, &state.genome);
    let selection = select::select(&plans, &mut incident.scores, &genome, &ballot);
    let own = selection.choice.map(|index| plans[index].clone());
    let (choice, why) = match &state.bidden {
        None => (own, selection.why),
        Some(pick) => bidden(&incident, pick, own.as_ref()),
    };
    let verdict = Verdict {
        choice: choice.as_ref().map(|plan| plan.id.clone()),
        why,
        table: incident.scores.clone(),
        prediction: Prediction::default(),
    };
    let added = incident
        .tournament
        .as_ref()
        .map(|tournament| tournament.names())
        .unwrap_or_default();
    let service_ticks = incident
        .played
        .iter()
        .flatten()
        .flatten()
        .chain(&incident.long)
        .map(|outcome| outcome.service_ticks)
        .sum();
    let mut events = vec![RunEvent::Shadowed {
        scores: incident.scores.clone(),
        added,
        service_ticks,
    }];
    let fresh = Tournament::new(&case, &diagnosis, &plans, 1).map(Arc::new);
    let (Some(plan), Some(fresh)) = (choice, fresh) else {
        events.push(RunEvent::Selected(verdict.clone()));
        incident.verdict = Some(verdict);
        let step = chosen(state, incident.clone(), events);
        let note = "what would be saved is not worth what it costs before anything is missed";
        return if incident.is_ahead() {
            ahead::look_on(step, incident, note)
        } else {
            step.then(Node::Observe)
        };
    };
    incident.verdict = Some(verdict);
    let trials = main_trials(&fresh, &diagnosis, &[plan, aegis_reason::case::wait()]);
    chosen(state, incident, events)
        .ask(Effect::Simulate(trials))
        .then(Node::Confirm)
}

/// The choice that was made from outside, and the words for it; a plan that was not drafted is no choice.
fn bidden(incident: &Incident, pick: &Pick, own: Option<&Plan>) -> (Option<Plan>, String) {
    let named = match pick {
        Pick::Wait => None,
        Pick::Plan(id) => incident.plans.iter().find(|plan| plan.id == *id).cloned(),
    };
    let own = own.map_or("to wait", |plan| plan.id.as_str());
    let why = match (pick, &named) {
        (Pick::Plan(id), None) => format!("plan {id} was bidden and never drafted; waiting"),
        _ => format!("bidden from outside; the figures say {own}"),
    };
    (named.filter(|plan| !plan.is_wait()), why)
}

/// The verdict is written; a choice that was bidden holds for one selection.
fn chosen(state: &State, incident: Incident, events: Vec<RunEvent>) -> Step<Sentinel> {
    let step = Step::new().write(Write {
        change: Change::Incident(Box::new(incident)),
        events,
    });
    match state.bidden {
        Some(_) => step.write(Write::silent(Change::Bidden(None))),
        None => step,
    }
}

/// Trials of some plans in the main future alone.
fn main_trials(
    tournament: &Tournament,
    diagnosis: &aegis_reason::diagnose::Diagnosis,
    plans: &[Plan],
) -> Vec<aegis_reason::Trial> {
    let draws: &[Draw] = &tournament.draws;
    let all = tournament.trials(diagnosis, plans, draws);
    let main = |(index, _): &(usize, aegis_reason::Trial)| {
        index % (FUTURES.len() * draws.len()) < draws.len()
    };
    all.into_iter()
        .enumerate()
        .filter(main)
        .map(|(_, trial)| trial)
        .collect()
}

/// Fresh draws are in: the prediction, and the hand-over.
pub fn confirm(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(mut incident) = state.incident.clone() else {
        return Step::new().then(Node::Apply);
    };
    let outcomes = outcomes(call);
    let (plan, control) = outcomes.split_at(outcomes.len() / 2);
    let Some(mut verdict) = incident.verdict.clone() else {
        return Step::new().then(Node::Apply);
    };
    verdict.prediction = shadow::predict(plan, control);
    incident.verdict = Some(verdict.clone());
    let chosen = incident
        .plans
        .iter()
        .find(|plan| Some(&plan.id) == verdict.choice.as_ref())
        .cloned();
    let case = incident.case.clone();
    let step = Step::new()
        .write(Write::told(
            Change::Incident(Box::new(incident)),
            RunEvent::Selected(verdict),
        ))
        .then(Node::Apply);
    let Some(plan) = chosen else {
        return step;
    };
    let one_way = case.map_or_else(Vec::new, |case| undo::why_not(&case, &plan));
    let asks = match (state.context.approval, state.context.irreversible) {
        (Approval::Ask, _) => true,
        (Approval::Auto, Irreversible::AskFirst) => !one_way.is_empty(),
        (Approval::Auto, Irreversible::Allowed) => false,
    };
    let step = marked(step, &plan, one_way);
    let plan = Arc::new(plan);
    step.ask(if asks {
        Effect::Approve(plan)
    } else {
        Effect::Apply(plan)
    })
}

/// A plan that cannot be wholly taken back is told to be one.
fn marked(step: Step<Sentinel>, plan: &Plan, why: Vec<String>) -> Step<Sentinel> {
    if why.is_empty() {
        return step;
    }
    let event = RunEvent::CannotUndo {
        plan: plan.id.clone(),
        why,
    };
    step.write(Write::told(Change::Told, event))
}

//! From a page to a posterior, in three rounds of trials.

use super::Node;
use super::budget::{SHARES, afford};
use super::domain::{
    Ahead, Came, Change, Effect, Incident, Input, Recognised, Sentinel, State, Write,
};
use super::{advice, ahead};
use crate::executor::{Call, Step};
use aegis_model::ask::Advice;
use aegis_model::event::RunEvent;
use aegis_model::recall::Precursor;
use aegis_model::{Ending, Finding, Hypothesis, Outcome, Reflection, Symptom, Tick};
use aegis_reason::calibrate::ENOUGH_HEALTHY;
use aegis_reason::case::{Past, View};
use aegis_reason::diagnose::rounds::{GO_ON, best};
use aegis_reason::diagnose::screen::Heard;
use aegis_reason::diagnose::{self as reason, Round, Sources, candidate, screen};
use aegis_reason::proof::Proof;
use aegis_reason::topology::Topology;
use aegis_reason::{Calibration, Case, signature};
use std::sync::Arc;

/// Seconds before the last calm look that are not trusted to be healthy.
const MARGIN: u32 = 15;
/// Seconds after which a case that led nowhere is opened again.
pub const LOOK_AGAIN: u32 = 60;

/// Outcomes of the effect that was asked for last.
pub fn outcomes<'a>(call: &Call<'a, Sentinel>) -> &'a [Outcome] {
    match call.answer() {
        Some(Input::Outcomes(outcomes)) => outcomes,
        _ => &[],
    }
}

/// A fresh incident, calibrated on the health before it.
fn fresh(state: &State, now: Tick) -> Option<Incident> {
    let healthy_until = Tick(state.calm.0.saturating_sub(MARGIN));
    let calibration = Arc::new(Calibration::learn(&state.history, healthy_until)?);
    Some(Incident {
        opened: now,
        healthy_until,
        since: state.settled,
        calibration,
        case: None,
        round: Round::default(),
        rolled: Vec::new(),
        screened: 0,
        ticks: 0,
        diagnosis: None,
        plans: Vec::new(),
        risks: Vec::new(),
        tournament: None,
        played: Vec::new(),
        long: Vec::new(),
        racing: Vec::new(),
        debate: None,
        scores: Vec::new(),
        verdict: None,
        recalled: Arc::clone(&state.recalled),
        recognised: Recognised::AtFirst,
        ahead: foreboding(state).map_or(Ahead::Alerted, Ahead::Looks),
        withheld: Vec::new(),
        refuted: Vec::new(),
        failed: None,
        proof: None,
        review: None,
        next_look: now,
        aside: Vec::new(),
        idle: 0,
        undone: 0,
        mended: false,
        symptoms: Vec::new(),
        named: Vec::new(),
        consulted: 0,
        consulted_at: Tick(0),
        proposed: 0,
        counselled: 0,
        spoken_of: Vec::new(),
    })
}

/// What the onset forebodes, where nothing is missed yet.
fn foreboding(state: &State) -> Option<Precursor> {
    let alerts = aegis_reason::detect::alerts(&state.symptoms, state.now());
    ahead::worth(&state.recalled).filter(|_| !alerts).cloned()
}

/// The case of an incident as it stands.
fn put(state: &State, topology: &Topology, incident: &Incident) -> Option<Case> {
    let past = Past {
        healthy_until: incident.healthy_until,
        since: incident.since,
        onset: incident.case.as_ref().map(|case| case.onset),
        view: view(incident),
    };
    Case::put(
        &state.history,
        topology,
        &incident.calibration,
        state.objectives(),
        &incident.symptoms,
        past,
    )
}

/// Opens the case and asks for the first round.
pub fn open(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let now = state.history.latest().map_or(Tick(0), |latest| latest.at);
    let known = state.incident.clone();
    let is_new = known.is_none();
    let (Some(mut incident), Some(topology)) =
        (known.or_else(|| fresh(state, now)), state.topology.as_ref())
    else {
        return nothing_to_go_on("there is no past to open a case on");
    };
    incident.symptoms = merged(&incident.symptoms, &state.symptoms);
    let Some(mut case) = put(state, topology, &incident) else {
        return nothing_to_go_on("there is not enough of a past to open a case on");
    };
    if is_new && incident.calibration.healthy >= ENOUGH_HEALTHY {
        incident.calibration = Arc::new(case.refined(incident.healthy_until));
        case = put(state, topology, &incident).unwrap_or(case);
    }
    let case = Arc::new(case.rehearsed(incident.healthy_until));
    let advised = take_advice(call, &case, &mut incident);
    let sources = Sources {
        recalled: Some(&incident.recalled),
        advised: &incident.named,
        on_trial: incident.failed.as_ref(),
    };
    let all = candidate::candidates(&case, &incident.refuted, &sources);
    let count = all.len();
    let leading = leading(&incident);
    let heard = Heard {
        on_trial: incident.failed.as_ref(),
        named: &incident.named,
        leading: &leading,
    };
    let kept = screen::screen(&case, all, &incident.symptoms, heard);
    incident.screened = (count - kept.len()) as u32;
    incident.ticks = 0;
    incident.round = Round::first(&case, kept);
    let (trials, short) = afford(call, &case, &mut incident.round, SHARES[0]);
    let mut events = if is_new {
        opened(state, &case, &incident)
    } else {
        Vec::new()
    };
    events.extend(short);
    incident.case = Some(case);
    let told = advised.map(advice::told);
    let step = Step {
        writes: told.into_iter().collect(),
        ..Step::new()
    };
    step.write(Write {
        change: Change::Incident(Box::new(incident)),
        events,
    })
    .ask(Effect::Simulate(trials))
    .then(Node::Coarse)
}

/// The causes of the last diagnosis, the likeliest first.
fn leading(incident: &Incident) -> Vec<candidate::Named> {
    let hypotheses = incident.diagnosis.iter().flat_map(|last| &last.hypotheses);
    hypotheses
        .map(|one| (one.fault.clone(), one.target))
        .collect()
}

/// What is compared: what a plan did where one is on trial, first signs where nothing is missed yet, else what began.
const fn view(incident: &Incident) -> View {
    if incident.failed.is_some() {
        View::Newest
    } else if incident.is_ahead() {
        View::FirstSigns
    } else {
        View::Onset
    }
}

/// Takes the causes up that a language model named and that there is a candidate for.
fn take_advice(call: &Call<'_, Sentinel>, case: &Case, incident: &mut Incident) -> Option<Advice> {
    let reply = advice::reply(call)?;
    let latest = case.history.latest()?;
    let mut causes = advice::causes(reply, &latest.objects, incident);
    let sources = Sources {
        advised: &causes.named,
        ..Sources::default()
    };
    let all = candidate::candidates(case, &incident.refuted, &sources);
    causes.keep_those_of(&all);
    incident.consulted += 1;
    incident.consulted_at = case.now;
    // The newest are heard first: more than a handful are not.
    causes.named.extend(std::mem::take(&mut incident.named));
    incident.named = causes.named;
    Some(causes.advice)
}

/// Symptoms of an incident so far: what was seen once is not forgotten when it flickers.
pub fn merged(known: &[Symptom], now: &[Symptom]) -> Vec<Symptom> {
    let same = |a: &Symptom, b: &Symptom| a.kind == b.kind && a.subject == b.subject;
    let gone = known
        .iter()
        .filter(|old| !now.iter().any(|new| same(old, new)));
    now.iter().chain(gone).cloned().collect()
}

fn opened(state: &State, case: &Case, incident: &Incident) -> Vec<RunEvent> {
    let signature = signature::signature(&case.topology, &state.symptoms);
    let calibration = &incident.calibration;
    let opened = match &incident.ahead {
        Ahead::Looks(precursor) => RunEvent::Forewarned {
            signature,
            precursor: precursor.clone(),
        },
        Ahead::Alerted | Ahead::Acted => RunEvent::IncidentOpened {
            signature,
            onset: case.onset[1],
        },
    };
    vec![
        opened,
        RunEvent::Calibrated {
            healthy: calibration.healthy,
            error: case.twin_error(),
            notes: calibration.notes.clone(),
        },
    ]
}

fn nothing_to_go_on(note: &str) -> Step<Sentinel> {
    Step::new()
        .write(Write::told(
            Change::Told,
            RunEvent::Noted { note: note.into() },
        ))
        .then(Node::Observe)
}

/// Takes a round in, keeps the best, asks for the next.
fn go_on(
    state: &State,
    call: &Call<'_, Sentinel>,
    (keep, share): (usize, f64),
    next: impl Fn(&Case, &[reason::Rolled]) -> Round,
    node: Node,
) -> Step<Sentinel> {
    let Some(mut incident) = state.incident.clone() else {
        return Step::new().then(node);
    };
    let Some(case) = incident.case.clone() else {
        return Step::new().then(node);
    };
    let outcomes = outcomes(call);
    incident.ticks += outcomes
        .iter()
        .map(|outcome| outcome.service_ticks)
        .sum::<u64>();
    let all = std::mem::take(&mut incident.round).collect(outcomes);
    incident.rolled = best(&case, all, keep, incident.failed.as_ref());
    incident.round = next(&case, &incident.rolled);
    let (trials, short) = afford(call, &case, &mut incident.round, share);
    Step::new()
        .write(Write {
            change: Change::Incident(Box::new(incident)),
            events: short.into_iter().collect(),
        })
        .ask(Effect::Simulate(trials))
        .then(node)
}

/// The first round is in.
pub fn coarse(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    go_on(
        state,
        call,
        (GO_ON[0], SHARES[1]),
        Round::second,
        Node::Narrow,
    )
}

/// The second round is in.
pub fn narrow(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    go_on(state, call, (GO_ON[1], SHARES[2]), Round::last, Node::Weigh)
}

/// The last round is in: confidence.
pub fn weigh(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(mut incident) = state.incident.clone() else {
        return Step::new().then(Node::Plan);
    };
    let Some(case) = incident.case.clone() else {
        return Step::new().then(Node::Plan);
    };
    let outcomes = outcomes(call);
    incident.ticks += outcomes
        .iter()
        .map(|outcome| outcome.service_ticks)
        .sum::<u64>();
    let rolled = std::mem::take(&mut incident.round).collect(outcomes);
    let diagnosis = reason::diagnose(&case, rolled, &state.genome);
    if matches!(incident.proof, Some((_, Came::Held(_)))) {
        incident.review = Some(Arc::new(diagnosis));
        let review = Change::Incident(Box::new(incident));
        return Step::new().write(Write::silent(review)).then(Node::Reflect);
    }
    let forbidden = &mut Arc::make_mut(&mut incident.recalled).forbidden;
    reason::echo::parole(forbidden, &diagnosis, &case.topology);
    let (diagnosis, withheld) = reason::echo::withhold(&diagnosis, &case.topology, forbidden);
    let event = RunEvent::Diagnosed {
        hypotheses: diagnosis.hypotheses.clone(),
        screened: incident.screened,
        service_ticks: incident.ticks,
        next_checks: reason::posterior::next_checks(&case, &diagnosis),
    };
    let mut events = vec![event];
    incident.withheld = withheld;
    if !incident.withheld.is_empty() {
        events.push(RunEvent::Withheld {
            hypotheses: incident.withheld.clone(),
        });
    }
    incident.diagnosis = Some(Arc::new(diagnosis));
    let next = if incident.failed.is_some() {
        Node::Reflect
    } else {
        state.planning()
    };
    Step::new()
        .write(Write {
            change: Change::Incident(Box::new(incident)),
            events,
        })
        .then(next)
}

/// What the window with the plan in it says of the hypothesis behind that plan.
pub fn reflect(state: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let Some(mut incident) = state.incident.clone() else {
        return Step::new().then(Node::Plan);
    };
    let diagnosis = incident
        .review
        .take()
        .or_else(|| incident.diagnosis.clone());
    let (Some(tried), Some(diagnosis)) = (incident.failed.take(), diagnosis) else {
        return Step::new().then(Node::Plan);
    };
    let next = beyond_reflection(&incident);
    let proof = incident.proof.take();
    let reflection = reflection(
        &tried,
        &diagnosis,
        proof.as_ref().map(|(proof, _)| proof),
        state,
    );
    if let Some((_, Came::Held(over))) = proof {
        return held(state, &reflection, over);
    }
    if reflection.finding == Finding::Refuted {
        incident.refuted.push((tried.fault.clone(), tried.target));
        incident.diagnosis = Some(Arc::new(reason::posterior::without(&diagnosis, &tried)));
    } else if let Some(case) = &incident.case {
        incident.diagnosis = Some(Arc::new(reason::over::beyond(case, &diagnosis, &tried)));
    }
    let tried = incident
        .aside
        .last()
        .map(|aside| aside.summary().to_owned());
    let event = RunEvent::Reflected(reflection.clone());
    let write = Write::told(Change::Incident(Box::new(incident)), event);
    let step = Step::new().write(write);
    let plan = tried.unwrap_or_default();
    advice::worded(state, step, (&plan, &[]), &reflection, next)
}

/// Where a reflection leads. What a plan did is no evidence on what there was before it: where the onset is out of
/// sight, the case is put again, looking back at it.
pub fn beyond_reflection(incident: &Incident) -> Node {
    let sees_onset = |case: &Arc<Case>| case.window_from < case.onset[1];
    if incident.case.as_ref().is_some_and(sees_onset) {
        Node::Plan
    } else {
        Node::Open
    }
}

/// What becomes of a hypothesis whose plan was tried; a plan of which nothing is known proves nothing.
fn reflection(
    tried: &Hypothesis,
    diagnosis: &reason::Diagnosis,
    proof: Option<&Proof>,
    state: &State,
) -> Reflection {
    let incident = state.incident.as_ref();
    let case = incident.and_then(|incident| incident.case.as_ref());
    let sees_before = |proof: &Proof| case.is_some_and(|case| case.window_from < proof.since);
    let (finding, why) = proof.map_or_else(
        || {
            (
                Finding::Undecided,
                "nothing is known of what the plan did".to_owned(),
            )
        },
        |proof| {
            let below = sees_before(proof).then(|| below_best(&diagnosis.hypotheses, tried));
            proof.finding(below, state.genome.refute_nats)
        },
    );
    Reflection {
        hypothesis: (tried.fault.clone(), tried.target),
        finding,
        why,
    }
}

/// The plan held: with that the incident is over.
fn held(state: &State, reflection: &Reflection, over: Tick) -> Step<Sentinel> {
    let events = vec![
        RunEvent::Reflected(reflection.clone()),
        RunEvent::IncidentClosed {
            ending: Ending::Mended,
        },
    ];
    let step = Step::new().write(Write {
        change: Change::Closed(over),
        events,
    });
    advice::worded(state, step, ("", &[]), reflection, Node::Observe)
}

/// Nats by which a hypothesis lies below the best other, negative where above it; 0 where it was not played to the end.
pub fn below_best(hypotheses: &[Hypothesis], failed: &Hypothesis) -> f64 {
    let same = |other: &&Hypothesis| other.fault == failed.fault && other.target == failed.target;
    let own = hypotheses
        .iter()
        .find(same)
        .and_then(|hypothesis| hypothesis.evidence);
    let rivals = hypotheses
        .iter()
        .filter(|other| !same(other))
        .filter_map(|other| other.evidence);
    match (own, rivals.reduce(f64::max)) {
        (Some(own), Some(best)) => best - own,
        // What was not played to the end has not been heard.
        _ => 0.0,
    }
}

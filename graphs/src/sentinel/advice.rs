//! Asking a language model, and taking in what it answers. Entered only where the run has one.

use super::Node;
use super::diagnose::beyond_reflection;
use super::domain::{Change, Effect, Incident, Input, Sentinel, Standing, State, Write};
use super::plan::is_early;
use crate::executor::{Call, Step};
use aegis_model::ask::{Advice, Answer, Ask, AskRole, Reply};
use aegis_model::event::RunEvent;
use aegis_model::{Objects, Reflection};
use aegis_reason::advice::{self, Causes, Plans, Seen};

/// Questions for causes in one incident, at most.
const CONSULTED: u32 = 3;
/// Questions for plans in one incident, at most.
const PROPOSED: u32 = 4;
/// Seconds from one question for causes to the next, where no plan has failed since.
const ASK_AGAIN: u32 = 60;

impl State {
    /// The tick of the last look; 0 before the first.
    #[must_use]
    pub fn now(&self) -> aegis_model::Tick {
        let latest = self.history.latest();
        latest.map_or(aegis_model::Tick(0), |latest| latest.at)
    }

    /// The way to the case: through the model, where there is one.
    #[must_use]
    pub fn opening(&self) -> Node {
        if self.context.advisor.is_none() {
            Node::Open
        } else {
            Node::Consult
        }
    }

    /// The way to the plans: through the model, where there is one.
    #[must_use]
    pub fn planning(&self) -> Node {
        if self.context.advisor.is_none() {
            Node::Plan
        } else {
            Node::Propose
        }
    }
}

/// Asks for causes, once the incident opens and when what was thought of did not hold.
pub fn consult(state: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let step = Step::new().then(Node::Open);
    if !is_due(state) {
        return step;
    }
    let known = state.incident.as_ref();
    let refuted = known.map_or(&[][..], |incident| &incident.refuted);
    let symptoms = known.map_or_else(Vec::new, |incident| incident.symptoms.clone());
    let symptoms = super::diagnose::merged(&symptoms, &state.symptoms);
    let seen = Seen {
        history: &state.history,
        topology: state.topology.as_deref(),
        symptoms: &symptoms,
        documents: &known
            .map_or(&state.recalled, |incident| &incident.recalled)
            .passages,
    };
    let context = advice::diagnosis(&seen, refuted);
    step.ask(Effect::Ask(Box::new(Ask::Diagnosis(context))))
}

fn is_due(state: &State) -> bool {
    let (Some(incident), Some(latest)) = (&state.incident, state.history.latest()) else {
        return true;
    };
    let waited = latest.at.elapsed(incident.consulted_at) >= ASK_AGAIN;
    incident.consulted < CONSULTED && (waited || incident.failed.is_some())
}

/// The reply that came to a node, where one was asked for.
pub fn reply<'a>(call: &Call<'a, Sentinel>) -> Option<&'a Reply> {
    call.answers().find_map(|input| match input {
        Input::Answer(reply) => Some(reply),
        _ => None,
    })
}

/// The causes in a reply. A silence, or an answer to another question, names none.
pub fn causes(reply: &Reply, objects: &Objects, incident: &Incident) -> Causes {
    match reply {
        Reply::Answered(answer) => {
            let nothing = aegis_model::ask::DiagnosisAnswer::default();
            let answer = match answer.as_ref() {
                Answer::Diagnosis(answer) => answer,
                _ => &nothing,
            };
            advice::causes(objects, answer, &incident.refuted)
        }
        Reply::Silent(silence) => Causes {
            named: Vec::new(),
            advice: advice::silent(AskRole::Diagnosis, silence),
        },
    }
}

/// Asks for plans, once the causes are weighed and none is worth another look first.
pub fn propose(state: &State, _: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let step = Step::new().then(Node::Plan);
    let (Some(incident), Some(latest)) = (&state.incident, state.history.latest()) else {
        return step;
    };
    let Some(diagnosis) = &incident.diagnosis else {
        return step;
    };
    if is_early(incident, latest.at) || incident.proposed >= PROPOSED {
        return step;
    }
    let seen = Seen {
        history: &state.history,
        topology: state.topology.as_deref(),
        symptoms: &incident.symptoms,
        documents: &incident.recalled.passages,
    };
    let tried = incident.aside.iter().map(super::Aside::told).collect();
    let context = advice::planning(&seen, diagnosis, tried);
    step.ask(Effect::Ask(Box::new(Ask::Planning(context))))
}

/// The plans in a reply, as answers to the leading cause.
pub fn plans(reply: &Reply, objects: &Objects, incident: &Incident) -> Plans {
    let leader = incident
        .diagnosis
        .as_ref()
        .and_then(|diagnosis| diagnosis.hypotheses.first())
        .map(|leader| (leader.fault.clone(), leader.target));
    match reply {
        Reply::Answered(answer) => {
            let nothing = aegis_model::ask::PlanningAnswer::default();
            let answer = match answer.as_ref() {
                Answer::Planning(answer) => answer,
                _ => &nothing,
            };
            advice::plans(objects, answer, leader.as_ref())
        }
        Reply::Silent(silence) => Plans {
            plans: Vec::new(),
            advice: advice::silent(AskRole::Planning, silence),
        },
    }
}

/// Asks for words on a reflection, where there is a model; else goes on.
pub fn worded(
    state: &State,
    step: Step<Sentinel>,
    tried: (&str, &[f64]),
    reflection: &Reflection,
    next: Node,
) -> Step<Sentinel> {
    let latest = state.history.latest();
    let (false, Some(latest)) = (state.context.advisor.is_none(), latest) else {
        return step.then(next);
    };
    let (plan, losses) = tried;
    let context = advice::reflecting(&latest.objects, plan, reflection, losses.to_vec());
    step.ask(Effect::Ask(Box::new(Ask::Reflection(context))))
        .then(Node::Word)
}

/// What came of each bin of a watch.
pub fn losses(standing: &Standing) -> Vec<f64> {
    standing.bins.iter().map(|bin| bin.loss).collect()
}

/// Tells the words of a reflection. They decide nothing.
pub fn word(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let next = match state.incident.as_ref().map(beyond_reflection) {
        Some(Node::Plan) => Node::Propose,
        Some(other) => other,
        None => Node::Observe,
    };
    let told = reply(call).map(|reply| told(words(reply)));
    let mut step = Step::new();
    step.writes.extend(told);
    step.then(next)
}

fn words(reply: &Reply) -> Advice {
    match reply {
        Reply::Answered(answer) => match answer.as_ref() {
            Answer::Reflection(answer) => advice::reflection(answer),
            _ => advice::reflection(&aegis_model::ask::ReflectionAnswer::default()),
        },
        Reply::Silent(silence) => advice::silent(AskRole::Reflection, silence),
    }
}

/// What became of an answer, as the run tells it.
pub fn told(advice: Advice) -> Write {
    Write::told(Change::Told, RunEvent::Advised(advice))
}

//! A language model's critics: five briefs, asked at once when a debate opens. What they say in words rests on
//! nothing and has no weight; where they point, the adversary looks as well, and the simulator decides.

use super::debate::{Ground, put, taken};
use crate::executor::{Call, Step};
use crate::sentinel::advice::told;
use crate::sentinel::{Incident, Input, Node, Sentinel, State};
use aegis_model::ask::{Answer, Ask, AskRole, Brief, CriticAnswer, Reply};
use aegis_model::event::RunEvent;
use aegis_model::{Claim, Critic, Evidence, Objection, Plan, PlanScore, Target};
use aegis_reason::advice::{self, Seen};

/// Debates of one incident in which critics are asked, at most.
const COUNSELLED: u32 = 2;

/// Who is asked, and with which brief.
const BRIEFS: [(Critic, Brief); 5] = [
    (Critic::Safety, Brief::Safety),
    (Critic::Capacity, Brief::Capacity),
    (Critic::Cost, Brief::Cost),
    (Critic::Diagnosis, Brief::Diagnosis),
    (Critic::Adversary, Brief::Adversary),
];

/// What the critics are asked, in the order in which they speak; nothing where there is no model.
pub fn questions(state: &State, incident: &Incident) -> Vec<Ask> {
    if state.context.advisor.is_none() || incident.counselled >= COUNSELLED {
        return Vec::new();
    }
    let Some(ground) = Ground::of(state, incident) else {
        return Vec::new();
    };
    let floor = ground.floor(None, 1);
    let leaders = floor.leaders();
    let of = |plan: &usize| Some((&floor.plans[*plan], floor.score(*plan)?));
    let plans: Vec<(&Plan, &PlanScore)> = leaders.iter().filter_map(of).collect();
    let seen = Seen {
        history: &state.history,
        topology: state.topology.as_deref(),
        symptoms: &incident.symptoms,
        documents: &[],
    };
    let ask = |(_, brief)| Ask::Critic(advice::critic(&seen, ground.diagnosis, brief, &plans));
    BRIEFS.map(ask).to_vec()
}

/// Takes their words in.
pub fn counsel(state: &State, call: &Call<'_, Sentinel>) -> Step<Sentinel> {
    let step = Step::new().then(Node::Question);
    let (Some((mut incident, mut debate)), Some(latest)) = (taken(state), state.history.latest())
    else {
        return step;
    };
    let (mut events, mut advised) = (Vec::new(), Vec::new());
    for ((critic, _), reply) in BRIEFS.into_iter().zip(replies(call)) {
        let (said, advice) = match reply {
            Reply::Answered(answer) => {
                advice::objections(&latest.objects, &incident.plans, critic_of(answer))
            }
            Reply::Silent(silence) => (Vec::new(), advice::silent(AskRole::Critic, silence)),
        };
        advised.push(told(advice));
        for (plan, target, text) in said {
            let objection = in_words(critic, &incident.plans[plan], text);
            events.push(RunEvent::Objected(objection.clone()));
            debate.objections.push(objection);
            point(&mut incident.spoken_of, target);
        }
    }
    let step = put(incident, debate, events).then(Node::Question);
    advised.extend(step.writes);
    Step {
        writes: advised,
        ..step
    }
}

fn replies<'a>(call: &Call<'a, Sentinel>) -> impl Iterator<Item = &'a Reply> {
    call.answers().filter_map(|input| match input {
        Input::Answer(reply) => Some(reply),
        _ => None,
    })
}

/// An answer to another question objects to nothing.
fn critic_of(answer: &Answer) -> &CriticAnswer {
    const NOTHING: &CriticAnswer = &CriticAnswer {
        objections: Vec::new(),
    };
    match answer {
        Answer::Critic(answer) => answer,
        _ => NOTHING,
    }
}

/// An objection that rests on nothing but the word of whoever says it.
fn in_words(critic: Critic, plan: &Plan, text: String) -> Objection {
    Objection {
        round: 1,
        critic,
        plan: plan.id.clone(),
        claim: Claim::Other,
        text,
        evidence: Evidence::Word,
        severity: 0.0,
    }
}

fn point(named: &mut Vec<Target>, target: Target) {
    if !named.contains(&target) {
        named.push(target);
    }
}

//! Amending a plan in answer to an objection. What comes out is another plan; whether it answers is for trials to say.

use super::widen::{actions_of, guarded, joined, room};
use super::{actions, of_hypothesis, plan};
use crate::critics::Floor;
use crate::diagnose::candidate::subject;
use crate::diagnose::{Candidate, Cause};
use aegis_faults::Act;
use aegis_model::{Action, Claim, Objection, Plan, PlanSource, Target};

/// What can be done before a fault comes, so that less comes of it.
const HARDEN: [Act; 5] = [
    Act::ScaleOut,
    Act::RaiseMemoryLimit,
    Act::RaiseCpuLimit,
    Act::LimitConcurrency,
    Act::SetRetries,
];

/// Plans that may answer an objection to the plan at a position, the most fitting first.
#[must_use]
pub fn amended(floor: &Floor<'_>, of: usize, objection: &Objection) -> Vec<Plan> {
    let own = &floor.plans[of];
    let objects = floor.objects;
    let changed = match &objection.claim {
        Claim::StepFails { step } | Claim::ReachesFar { step } => without(own, *step),
        Claim::Irreversible { step } => softer(floor, own, *step),
        Claim::DipsWhileRolling { .. } => guarded(objects, own).map(|plan| actions_of(&plan)),
        Claim::ShortOfRoom { workload } => {
            room(objects, *workload).and_then(|guard| before(guard, own))
        }
        Claim::Dear => cheaper(floor, own),
        Claim::FailsIf { fault, target } => return for_both(floor, own, (fault, *target)),
        Claim::FallsTo { fault, target } => return hardened(floor, own, (fault, *target)),
        Claim::Other => None,
    };
    changed
        .into_iter()
        .map(|actions| amendment(floor, own, actions))
        .collect()
}

fn amendment(floor: &Floor<'_>, own: &Plan, actions: Vec<Action>) -> Plan {
    plan(
        floor.objects,
        actions,
        PlanSource::Amended,
        own.answers.clone(),
    )
}

/// The plan without a step; nothing where no other is left.
fn without(own: &Plan, step: u32) -> Option<Vec<Action>> {
    let mut actions = actions_of(own);
    let position = step as usize;
    (actions.len() > 1 && position < actions.len()).then(|| {
        actions.remove(position);
        actions
    })
}

/// Something first that the plan does not do already.
fn before(guard: Action, own: &Plan) -> Option<Vec<Action>> {
    let scales = |action: &Action| match (action, &guard) {
        (
            Action::Scale { workload, .. },
            Action::Scale {
                workload: other, ..
            },
        ) => workload == other,
        (action, guard) => action == guard,
    };
    let mut actions = actions_of(own);
    if actions.iter().any(scales) {
        return None;
    }
    actions.insert(0, guard);
    Some(actions)
}

/// The same with fewer pods ended: one instead of many, no new pods on a node instead of none at all.
fn softer(floor: &Floor<'_>, own: &Plan, step: u32) -> Option<Vec<Action>> {
    let mut actions = actions_of(own);
    let hard = actions.get_mut(step as usize)?;
    match hard {
        Action::RestartRollout(workload) => {
            let pods = &floor.objects.workloads.get(workload.index())?.pods;
            let mut live = pods.iter().filter(|pod| {
                let row = floor.objects.pods.get(pod.index());
                row.is_some_and(aegis_model::objects::Pod::is_active)
            });
            let first = *live.clone().next()?;
            let unready = |pod: &&aegis_model::PodId| !floor.objects.pods[pod.index()].is_ready();
            *hard = Action::DeletePod(live.find(unready).copied().unwrap_or(first));
        }
        Action::Drain(node) => *hard = Action::Cordon(*node),
        Action::DeletePod(_) => {
            let is_delete = |action: &Action| matches!(action, Action::DeletePod(_));
            let first = actions.iter().position(is_delete)?;
            let mut position = 0;
            let many = actions.len();
            actions.retain(|action| {
                position += 1;
                !is_delete(action) || position == first + 1
            });
            return (actions.len() < many).then_some(actions);
        }
        _ => return None,
    }
    Some(actions)
}

/// Half of what is added, or nothing of it where other steps are left.
fn cheaper(floor: &Floor<'_>, own: &Plan) -> Option<Vec<Action>> {
    let mut changed = false;
    let halved = |action: Action| match action {
        Action::Scale { workload, replicas } => {
            let row = floor.objects.workloads.get(workload.index());
            let now = row.and_then(|row| row.spec.replicas()).unwrap_or(replicas);
            let less = now + replicas.saturating_sub(now) / 2;
            changed |= less < replicas;
            (less > now).then_some(Action::Scale {
                workload,
                replicas: less,
            })
        }
        other => Some(other),
    };
    let actions: Vec<Action> = actions_of(own).into_iter().filter_map(halved).collect();
    (changed && !actions.is_empty()).then_some(actions)
}

/// The plan and a remedy of the rival: it works whichever is the cause.
fn for_both(floor: &Floor<'_>, own: &Plan, rival: (&str, Target)) -> Vec<Plan> {
    let all = floor.diagnosis.hypotheses.iter();
    let mut all = all.zip(&floor.diagnosis.rolled);
    let same = |one: &aegis_model::Hypothesis| (one.fault.as_str(), one.target) == rival;
    let Some((hypothesis, Some(rolled))) = all.find(|(one, _)| same(one)) else {
        return Vec::new();
    };
    let candidate = &rolled.candidate;
    let remedies = of_hypothesis(floor.case, floor.objects, candidate, hypothesis.target);
    let with = remedies.iter().take(2);
    with.filter_map(|remedy| joined(floor.objects, own, remedy))
        .map(|both| amendment(floor, own, actions_of(&both)))
        .collect()
}

/// The plan with what makes the adversary's fault matter less, done first.
fn hardened(floor: &Floor<'_>, own: &Plan, (fault, target): (&str, Target)) -> Vec<Plan> {
    let Some(fault) = aegis_faults::by_id(fault) else {
        return Vec::new();
    };
    let candidate = Candidate {
        fault: Some(fault),
        target,
        subject: subject(target),
        beside: Vec::new(),
        cause: Cause::Hidden,
        template: None,
        held: None,
        field: None,
        actor: None,
        since: None,
        prior: 0.0,
        words: 0.0,
        signs: 0.0,
    };
    let known = HARDEN.into_iter().filter(|act| {
        *act == Act::ScaleOut || fault.remedies.iter().any(|remedy| remedy.act == *act)
    });
    let guards = known.filter_map(|act| actions(floor.case, floor.objects, &candidate, act));
    let plans = guards.filter_map(|guard| {
        let first = guard.into_iter().next()?;
        Some(amendment(floor, own, before(first, own)?))
    });
    plans.collect()
}

//! Variations of drafted plans: contain first and then cure, room first, a narrower target, and what keeps a cause
//! small whatever it is. They come in the order in which they are worth trying; who takes them leaves out those
//! that come to the same as another.

use super::{of_act, plan};
use crate::case::Case;
use crate::diagnose::Diagnosis;
use aegis_faults::Act;
use aegis_model::objects::WorkloadSpec;
use aegis_model::{Action, Objects, Plan, PlanSource, WorkloadId};

/// Most pods that room is made with.
const MOST: u32 = 20;
/// Plans that are varied.
const VARIED: usize = 4;
/// Hypotheses that are contained.
const CONTAINED: usize = 3;

/// What keeps most causes small.
const CONTAIN: [Act; 7] = [
    Act::RestartRollout,
    Act::ScaleOut,
    Act::RollBack,
    Act::DeletePods,
    Act::RaiseCpuLimit,
    Act::LimitConcurrency,
    Act::SetRetries,
];

/// Variations of plans, most promising first.
#[must_use]
pub fn variations(
    case: &Case,
    objects: &Objects,
    diagnosis: &Diagnosis,
    plans: &[Plan],
) -> Vec<Plan> {
    let base = &plans[..plans.len().min(VARIED)];
    let joined = pairs(base).filter_map(|(first, then)| joined(objects, first, then));
    let guarded = base.iter().filter_map(|plan| guarded(objects, plan));
    let narrowed = base.iter().filter_map(|plan| narrowed(objects, plan));
    let contained = contained(case, objects, diagnosis);
    // One of each kind at a time: no kind crowds the others out.
    let mut kinds: [Vec<Plan>; 4] = [
        contained,
        guarded.collect(),
        narrowed.collect(),
        joined.collect(),
    ];
    let longest = kinds.iter().map(Vec::len).max().unwrap_or(0);
    kinds.iter_mut().for_each(|kind| kind.reverse());
    (0..longest)
        .flat_map(|_| kinds.each_mut().map(Vec::pop).into_iter().flatten())
        .collect()
}

/// Each with each, the later before the earlier: what contains comes after what cures in the catalogue.
fn pairs(plans: &[Plan]) -> impl Iterator<Item = (&Plan, &Plan)> {
    let pair = move |second: usize| (0..second).map(move |first| (&plans[second], &plans[first]));
    (1..plans.len()).flat_map(pair)
}

/// One plan, then another.
#[must_use]
pub fn joined(objects: &Objects, first: &Plan, then: &Plan) -> Option<Plan> {
    let mut actions = actions_of(first);
    actions.extend(
        actions_of(then)
            .into_iter()
            .filter(|action| !first.steps.iter().any(|step| step.action == *action)),
    );
    let is_longer = actions.len() > first.steps.len() && actions.len() > then.steps.len();
    let source = PlanSource::Variation;
    is_longer.then(|| plan(objects, actions, source, then.answers.clone()))
}

/// Room first: the workload whose pods the plan makes anew gets more of them before.
#[must_use]
pub fn guarded(objects: &Objects, of: &Plan) -> Option<Plan> {
    let rolled = of.steps.iter().find_map(|step| rolls(&step.action))?;
    let guard = room(objects, rolled)?;
    let mut actions = actions_of(of);
    let is_there =
        |action: &Action| matches!(action, Action::Scale { workload, .. } if *workload == rolled);
    if actions.iter().any(is_there) {
        return None;
    }
    actions.insert(0, guard);
    let source = PlanSource::Variation;
    Some(plan(objects, actions, source, of.answers.clone()))
}

/// Half as many pods again as now, at least one more.
#[must_use]
pub fn room(objects: &Objects, workload: WorkloadId) -> Option<Action> {
    let spec = &objects.workloads.get(workload.index())?.spec;
    let scales = matches!(
        **spec,
        WorkloadSpec::Deployment(_) | WorkloadSpec::StatefulSet(_)
    );
    let now = spec.replicas().filter(|_| scales)?;
    let replicas = (now + now.div_ceil(2).max(1)).min(MOST);
    (replicas > now).then_some(Action::Scale { workload, replicas })
}

/// The workload whose pods an action makes anew.
#[must_use]
pub fn rolls(action: &Action) -> Option<WorkloadId> {
    match action {
        Action::RestartRollout(workload)
        | Action::RollBack { workload, .. }
        | Action::SetResources { workload, .. }
        | Action::SetImage { workload, .. }
        | Action::SetEnv { workload, .. }
        | Action::PatchProbe { workload, .. } => Some(*workload),
        _ => None,
    }
}

/// The first step alone.
fn narrowed(objects: &Objects, of: &Plan) -> Option<Plan> {
    let first = of.steps.first().filter(|_| of.steps.len() > 1)?;
    let actions = vec![first.action.clone()];
    let source = PlanSource::Variation;
    Some(plan(objects, actions, source, of.answers.clone()))
}

/// What keeps the leading causes small, whatever the catalogue says of them.
fn contained(case: &Case, objects: &Objects, diagnosis: &Diagnosis) -> Vec<Plan> {
    let named = diagnosis.hypotheses.iter().zip(&diagnosis.rolled);
    let named: Vec<_> = named
        .filter_map(|(hypothesis, rolled)| Some((hypothesis.target, rolled.as_ref()?)))
        .take(CONTAINED)
        .collect();
    let each = |act: Act| {
        named.iter().filter_map(move |(target, rolled)| {
            of_act(case, objects, &rolled.candidate, (*target, act))
        })
    };
    CONTAIN.into_iter().flat_map(each).collect()
}

/// What a plan does, without its waits.
#[must_use]
pub fn actions_of(plan: &Plan) -> Vec<Action> {
    plan.steps.iter().map(|step| step.action.clone()).collect()
}

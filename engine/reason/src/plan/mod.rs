//! Plans: from the remedies of the leading hypotheses to typed steps that differ.

pub mod amend;
mod effect;
mod nodes;
mod policy;
mod recipes;
mod repair;
mod surge;
pub(crate) mod widen;

pub use recipes::actions;

use effect::{Effect, effect};

use crate::case::{Case, wait};
use crate::diagnose::{Candidate, Diagnosis, Rolled};
use crate::remembered::take_ruled;
use crate::twin::Twin;
use aegis_faults::{Act, Aim};
use aegis_model::recall::Rule;
use aegis_model::{
    Action, Hypothesis, Objects, Plan, PlanSource, PlanStep, Precondition, Target, WaitFor,
};
use serde_json::{Value, json};
use smol_str::SmolStr;

/// Plans that are drafted besides the control.
pub const DRAFTED: usize = 3;
/// Plans of a language model that join them.
const ADVISED: usize = 2;
/// Hypotheses of a smaller share of the posterior are not planned for.
const WORTH_PLANNING: f64 = 0.05;
/// Seconds that a rollout may take.
pub(crate) const ROLLOUT_DEADLINE: u32 = 300;
/// Seconds from the end of a repair until what it ends shows.
const TO_SHOW: u32 = 15;

/// How many plans are drafted, and what adds some.
#[derive(Debug, Clone, Copy)]
pub struct Drafts<'a> {
    /// Plans besides the control, at most.
    pub how_many: usize,
    /// Plans that a language model proposed, checked against what exists.
    pub advised: &'a [Plan],
    /// What mended incidents like this before; it goes first.
    pub rules: &'a [Rule],
}

impl Default for Drafts<'_> {
    fn default() -> Self {
        Self {
            how_many: DRAFTED,
            advised: &[],
            rules: &[],
        }
    }
}

/// Distinct plans for the leading hypotheses, then those that others proposed, the control last.
#[must_use]
pub fn draft(case: &Case, diagnosis: &Diagnosis, drafts: &Drafts<'_>) -> Vec<Plan> {
    let Some(latest) = case.history.latest() else {
        return vec![wait()];
    };
    let now = Twin::from_history(case.history.all(), &case.calibration);
    let mut known = Known {
        now,
        effects: Vec::new(),
    };
    let mut plans: Vec<Plan> = Vec::new();
    let mut likely: Vec<(&Hypothesis, &Rolled)> = diagnosis
        .hypotheses
        .iter()
        .zip(&diagnosis.rolled)
        .filter_map(|(hypothesis, rolled)| Some((hypothesis, rolled.as_ref()?)))
        .filter(|(_, rolled)| rolled.share >= WORTH_PLANNING)
        .collect();
    likely.sort_by(|(_, a), (_, b)| b.share.total_cmp(&a.share));
    for (hypothesis, rolled) in likely {
        let own = of_hypothesis(case, &latest.objects, &rolled.candidate, hypothesis.target);
        plans.extend(own.into_iter().filter(|plan| known.is_new(plan)));
    }
    let objects = &latest.objects;
    let mut chosen = take_ruled(
        &mut plans,
        drafts.rules,
        &case.topology,
        objects,
        drafts.how_many,
    );
    let left = drafts.how_many - chosen.len();
    chosen.extend(spread(plans, left));
    let proposed = drafts.advised.iter().filter(|plan| known.is_new(plan));
    chosen.extend(proposed.take(ADVISED).cloned());
    vary(&latest.objects, &mut chosen, &mut known, drafts.how_many);
    if drafts.how_many > DRAFTED {
        let more = widen::variations(case, &latest.objects, diagnosis, &chosen);
        let fresh = more.into_iter().filter(|plan| known.is_new(plan));
        let missing = drafts.how_many.saturating_sub(chosen.len());
        chosen.extend(fresh.take(missing).collect::<Vec<_>>());
    }
    chosen.push(wait());
    chosen
}

/// What plans so far would leave behind: two that come to the same are one.
pub struct Known {
    now: Option<Twin>,
    effects: Vec<blake3::Hash>,
}

impl Known {
    /// What these plans would leave behind, each in turn.
    #[must_use]
    pub fn of(case: &Case, plans: &[Plan]) -> Self {
        let mut known = Self {
            now: Twin::from_history(case.history.all(), &case.calibration),
            effects: Vec::new(),
        };
        for plan in plans {
            known.is_new(plan);
        }
        known
    }

    /// Whether it can be written and no plan so far does the same; one that writes nothing is judged by its steps.
    pub fn is_new(&mut self, plan: &Plan) -> bool {
        let effect = self.now.as_ref().map(|now| effect(now, plan));
        let key = match effect {
            Some(Effect::Impossible) => return false,
            Some(Effect::Differs(digest)) => digest,
            Some(Effect::Nothing) | None => blake3::hash(plan.id.as_bytes()),
        };
        let is_new = !self.effects.contains(&key);
        if is_new {
            self.effects.push(key);
        }
        is_new
    }
}

/// One plan per remedy, in the catalogue's order, each followed by the same with what goes along with it.
fn of_hypothesis(
    case: &Case,
    objects: &Objects,
    candidate: &Candidate,
    target: Target,
) -> Vec<Plan> {
    let remedies = candidate
        .fault
        .map_or(&recipes::FOR_UNNAMED[..], |fault| fault.remedies);
    let of = |remedy: &aegis_faults::Remedy| {
        let source = match remedy.aim {
            Aim::Undo => PlanSource::Undo,
            Aim::Contain => PlanSource::Contain,
            Aim::Outgrow => PlanSource::Outgrow,
        };
        let narrow = actions(case, objects, candidate, remedy.act);
        let wide = narrow.as_deref().and_then(|own| match remedy.act {
            Act::RevertChange => recipes::revert_all(case, candidate),
            Act::Drain | Act::DeletePods => nodes::with_nodes(objects, candidate.target, own),
            Act::ScaleOut => {
                let roomy = nodes::with_nodes(objects, candidate.target, own);
                let all = roomy.clone().unwrap_or_else(|| own.to_vec());
                surge::behind_gate(case, objects, candidate, all).or(roomy)
            }
            _ => recipes::moved_back(case, objects, own),
        });
        // Pods that are moved where there is no room for them are served nowhere.
        let moves = matches!(remedy.act, Act::Drain | Act::DeletePods);
        let narrow = narrow.filter(|_| !moves || wide.is_none());
        let answers = Some((SmolStr::new_static(candidate.id()), target));
        let written = |actions: Vec<Action>| plan(objects, actions, source, answers.clone());
        let plans = [narrow.map(written), wide.map(written).map(at_once)];
        plans.into_iter().flatten().collect::<Vec<Plan>>()
    };
    remedies.iter().flat_map(of).collect()
}

/// A plan of one act against a candidate, as something that keeps it small.
fn of_act(
    case: &Case,
    objects: &Objects,
    candidate: &Candidate,
    (target, act): (Target, Act),
) -> Option<Plan> {
    let actions = actions(case, objects, candidate, act)?;
    let answers = (SmolStr::new_static(candidate.id()), target);
    Some(plan(objects, actions, PlanSource::Contain, Some(answers)))
}

/// The first plans, but at most two in three of one aim while others are there.
fn spread(plans: Vec<Plan>, how_many: usize) -> Vec<Plan> {
    let most = how_many * 2 / 3;
    let mut chosen: Vec<Plan> = Vec::new();
    let mut rest = Vec::new();
    for plan in plans {
        let same = chosen
            .iter()
            .filter(|known| known.source == plan.source)
            .count();
        if chosen.len() < how_many && same < most {
            chosen.push(plan);
        } else {
            rest.push(plan);
        }
    }
    let missing = how_many.saturating_sub(chosen.len());
    chosen.extend(rest.into_iter().take(missing));
    chosen
}

/// Fills up with combinations: contain first, then cure.
fn vary(objects: &Objects, chosen: &mut Vec<Plan>, known: &mut Known, how_many: usize) {
    if chosen.len() >= how_many || chosen.len() < 2 {
        return;
    }
    let (first, second) = (chosen[0].clone(), chosen[1].clone());
    for (a, b) in [(&second, &first), (&first, &second)] {
        let actions = a.steps.iter().chain(&b.steps);
        let actions: Vec<Action> = actions.map(|step| step.action.clone()).collect();
        let source = PlanSource::Variation;
        let joined = plan(objects, actions, source, first.answers.clone());
        if chosen.len() < how_many && known.is_new(&joined) {
            chosen.push(joined);
        }
    }
}

/// A plan of these actions, each with its preconditions and wait.
#[must_use]
pub fn plan(
    objects: &Objects,
    actions: Vec<Action>,
    source: PlanSource,
    answers: Option<(SmolStr, Target)>,
) -> Plan {
    let summary = actions
        .iter()
        .map(|action| describe(objects, action))
        .collect::<Vec<_>>()
        .join(", then ");
    let steps: Vec<PlanStep> = actions
        .into_iter()
        .map(|action| step(objects, action))
        .collect();
    Plan {
        id: id(&steps),
        steps,
        answers,
        source,
        summary,
    }
}

/// The same with what is made anew begun at once: all but the last of a kind are not waited for. A node that comes is
/// waited for before pods are moved, as what asks for nothing would crowd those that are there.
fn at_once(mut plan: Plan) -> Plan {
    let scales = |action: &Action| matches!(action, Action::Scale { .. });
    let begins = |step: &Action, next: &Action| match step {
        Action::RestartRollout(_) | Action::DeletePod(_) | Action::ShedTraffic { .. } => true,
        Action::Scale { .. } => scales(next),
        one => one.adds_node() && (next.adds_node() || scales(next)),
    };
    let steps = plan.steps.iter().zip(plan.steps.iter().skip(1));
    let begun: Vec<bool> = steps
        .map(|(step, next)| begins(&step.action, &next.action))
        .collect();
    for (step, begun) in plan.steps.iter_mut().zip(begun) {
        if begun {
            step.wait = None;
        }
    }
    plan
}

/// Hash of the steps over canonical numbers: renaming objects changes nothing.
fn id(steps: &[PlanStep]) -> SmolStr {
    let actions: Vec<Value> = steps.iter().map(|step| nameless(&step.action)).collect();
    let text = Value::Array(actions).to_string();
    let hash = blake3::hash(text.as_bytes());
    SmolStr::new(&hash.to_hex()[..12])
}

/// An action without names of objects: what it writes counts by its shape.
fn nameless(action: &Action) -> Value {
    let whole = || serde_json::to_value(action).unwrap_or_default();
    match action {
        Action::PatchPolicy { policy, spec } => {
            let spec = serde_json::to_value(&**spec).unwrap_or_default();
            json!({"patch_policy": policy, "spec": shape(&spec)})
        }
        Action::PatchService {
            service,
            field,
            value,
        } => {
            let value = value.as_ref().map(shape);
            json!({"patch_service": service, "field": field.to_string(), "value": value})
        }
        Action::SetEnv {
            workload,
            name,
            value,
            ..
        } => json!({"set_env": workload, "name": name, "removes": value.is_none()}),
        _ => whole(),
    }
}

/// A value without its texts: numbers, and how many of what.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => Value::Null,
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => {
            let mut parts: Vec<String> = fields
                .values()
                .map(|value| shape(value).to_string())
                .collect();
            parts.sort_unstable();
            parts.into()
        }
        other => other.clone(),
    }
}

fn step(objects: &Objects, action: Action) -> PlanStep {
    let target = crate::risk::target(&action, objects);
    let rollout = |workload| (Some(WaitFor::RolledOut(workload)), ROLLOUT_DEADLINE);
    let (wait, deadline) = match &action {
        Action::Scale { workload, replicas } => {
            (Some(WaitFor::Ready(*workload, *replicas)), ROLLOUT_DEADLINE)
        }
        Action::RestartRollout(workload)
        | Action::RollBack { workload, .. }
        | Action::SetResources { workload, .. }
        | Action::SetImage { workload, .. }
        | Action::SetEnv { workload, .. }
        | Action::PatchProbe { workload, .. } => rollout(*workload),
        Action::RevertChange(_) => match target {
            Target::Workload(workload) => rollout(workload),
            _ => (Some(WaitFor::Seconds(15)), 30),
        },
        Action::Drain(node) => (Some(WaitFor::Drained(*node)), ROLLOUT_DEADLINE),
        Action::Wait(seconds) => (Some(WaitFor::Seconds(*seconds)), *seconds + 1),
        Action::Exec { procedure, .. } => {
            let seconds = procedure.facts().takes + TO_SHOW;
            (Some(WaitFor::Seconds(seconds)), seconds + TO_SHOW)
        }
        Action::DeletePod(_) | Action::Uncordon(_) => (Some(WaitFor::Seconds(30)), 60),
        _ => (Some(WaitFor::Seconds(15)), 30),
    };
    PlanStep {
        preconditions: preconditions(&action, target),
        action,
        wait,
        deadline,
    }
}

fn preconditions(action: &Action, target: Target) -> Vec<Precondition> {
    match action {
        Action::RollBack { workload, .. } => {
            vec![
                Precondition::Exists(target),
                Precondition::HasPreviousRevision(*workload),
            ]
        }
        Action::DeletePod(pod) => vec![Precondition::PodExists(*pod)],
        // What is taken back may be an object that is gone now.
        Action::RevertChange(_) | Action::Wait(_) | Action::Observe { .. } => Vec::new(),
        _ => {
            let emptied = action.emptied();
            let others = emptied.map(|node| Precondition::OtherNodes(node, 1));
            let there = std::iter::once(Precondition::Exists(target));
            there.chain(others).collect()
        }
    }
}

/// An action in words, with the object's name.
#[must_use]
pub fn describe(objects: &Objects, action: &Action) -> String {
    let name = name(objects, crate::risk::target(action, objects));
    match action {
        Action::Scale { replicas, .. } => format!("scale {name} to {replicas}"),
        Action::RestartRollout(_) => format!("restart {name}"),
        Action::RollBack { .. } => format!("roll back {name}"),
        Action::PauseRollout(_) => format!("pause the rollout of {name}"),
        Action::ResumeRollout(_) => format!("resume the rollout of {name}"),
        Action::SetResources { .. } => format!("set resources of {name}"),
        Action::SetImage { image, .. } => format!("set the image of {name} to {image}"),
        Action::SetEnv { name: variable, .. } => format!("set {variable} of {name}"),
        Action::PatchAutoscaler { .. } => format!("patch the autoscaler of {name}"),
        Action::Cordon(_) => format!("cordon {name}"),
        Action::Uncordon(_) => format!("uncordon {name}"),
        Action::Drain(_) => format!("drain {name}"),
        Action::DeletePod(_) => format!("delete a pod of {name}"),
        Action::PatchPolicy { .. } => format!("open {name}"),
        Action::DeletePolicy(_) => format!("delete {name}"),
        Action::PatchProbe { .. } => format!("set a probe of {name} right"),
        Action::PatchService { .. } => format!("set {name} right"),
        Action::RevertChange(_) => format!("take the change of {name} back"),
        Action::LimitConcurrency { .. } => format!("bound what {name} works on at once"),
        Action::SetRetries { .. } => format!("change retries of {name}"),
        Action::ShedTraffic { share, .. } if *share <= 0.0 => {
            format!("let all traffic in at {name}")
        }
        Action::ShedTraffic { share, .. } => {
            format!("turn away {:.0} % of traffic at {name}", share * 100.0)
        }
        Action::Exec { procedure, .. } => format!("{} {name}", procedure.facts().name),
        Action::Observe { check, .. } => format!("look at {check}"),
        Action::Wait(seconds) => format!("wait {seconds} s"),
    }
}

/// The name of a target's object, `Kind/namespace/name`.
#[must_use]
pub fn name(objects: &Objects, target: Target) -> String {
    let header = objects.header(target);
    header.map_or_else(
        || "the cluster".into(),
        |header| header.reference.to_string(),
    )
}

//! Safety: which step fails, which touches more than the cause, which cannot be taken back.

use super::{Floor, mean_stability};
use crate::risk::{reach, target};
use aegis_model::{Action, Claim, Conduct, Critic, Evidence, Objection, PlanStep};

/// Share of draws in which a step must fail.
const OFTEN: f64 = 0.25;
/// Share of users' requests that a step may touch without a word.
const NEAR: f64 = 0.3;

/// What safety holds against a plan.
pub fn objections(floor: &Floor<'_>, plan: usize) -> Vec<Objection> {
    let steps = floor.plans[plan].steps.iter().enumerate();
    let of = |(position, step): (usize, &PlanStep)| {
        let far = reaches_far(floor, plan, (position as u32, step));
        far.or_else(|| irreversible(floor, plan, (position as u32, step)))
    };
    let by_step: Vec<Objection> = steps.filter_map(of).collect();
    fails(floor, plan).into_iter().chain(by_step).collect()
}

/// The step that most often is refused, or is not over in time while others follow.
fn fails(floor: &Floor<'_>, plan: usize) -> Option<Objection> {
    let outcomes = floor.main(plan);
    let last = floor.plans[plan].steps.len() as u32;
    let failed = |conduct: &Conduct| match conduct {
        Conduct::Refused { step, .. } => Some(*step),
        Conduct::TimedOut { step } => (step + 1 < last).then_some(*step),
        Conduct::Done | Conduct::Running => None,
    };
    let steps: Vec<u32> = outcomes
        .iter()
        .filter_map(|one| failed(&one.conduct))
        .collect();
    let step = *steps.first()?;
    let share = steps.len() as f64 / outcomes.len().max(1) as f64;
    let name = &floor.plans[plan].steps.get(step as usize)?.action;
    let name = crate::plan::describe(floor.objects, name);
    let text = format!(
        "step {} ({name}) fails in {:.0} % of draws",
        step + 1,
        share * 100.0
    );
    let evidence = Evidence::Simulated {
        trials: floor.trials(plan),
        plan: share,
        other: 0.0,
        text: "share of draws in which the step is refused or not over in time".into(),
    };
    let severity = if share < OFTEN { 0.0 } else { share };
    let claim = Claim::StepFails { step };
    floor.objection(Critic::Safety, plan, claim, severity, (text, evidence))
}

/// A step away from the cause that touches much of what users pass.
fn reaches_far(floor: &Floor<'_>, plan: usize, (step, of): (u32, &PlanStep)) -> Option<Objection> {
    let (topology, objects) = (&floor.case.topology, floor.objects);
    let (_, cause) = floor.plans[plan].answers.as_ref()?;
    let about = topology.concerned(objects, *cause);
    let touched = target(&of.action, objects);
    let own = topology
        .concerned(objects, touched)
        .iter()
        .any(|workload| about.contains(workload));
    let adds = matches!(
        of.action,
        Action::Scale { .. } | Action::Wait(_) | Action::Observe { .. }
    );
    if floor.plans[plan].steps.len() < 2 || own || adds || touched == *cause {
        return None;
    }
    let share = reach(topology, objects, touched, floor.genome);
    let severity = if share < NEAR { 0.0 } else { 0.1 * share };
    let name = crate::plan::describe(objects, &of.action);
    let text = format!("step {} ({name}) is not where the cause is", step + 1);
    let evidence = Evidence::Observed {
        text: format!("{:.0} % of what users ask for passes there", share * 100.0),
    };
    let claim = Claim::ReachesFar { step };
    floor.objection(Critic::Safety, plan, claim, severity, (text, evidence))
}

/// Pods that are ended do not come back, and with them goes what they held.
fn irreversible(floor: &Floor<'_>, plan: usize, (step, of): (u32, &PlanStep)) -> Option<Objection> {
    let ended = match of.action {
        Action::DeletePod(_) => 1,
        Action::RestartRollout(workload) => {
            let row = floor.objects.workloads.get(workload.index())?;
            row.pods.len()
        }
        _ => {
            let node = of.action.emptied()?;
            let pods = floor.objects.pods.iter();
            pods.filter(|pod| pod.is_active() && pod.node == Some(node))
                .count()
        }
    };
    let touched = target(&of.action, floor.objects);
    let share = reach(&floor.case.topology, floor.objects, touched, floor.genome);
    // What ends nothing that users feel need not come back.
    let unstable = 1.0 - mean_stability(floor.main(plan));
    let name = crate::plan::describe(floor.objects, &of.action);
    let text = format!("step {} ({name}) cannot be taken back", step + 1);
    let evidence = Evidence::Observed {
        text: format!(
            "{ended} pods are ended, and {:.0} % of what users ask for passes there",
            share * 100.0
        ),
    };
    let claim = Claim::Irreversible { step };
    let severity = 0.3 * share * unstable;
    floor.objection(Critic::Safety, plan, claim, severity, (text, evidence))
}

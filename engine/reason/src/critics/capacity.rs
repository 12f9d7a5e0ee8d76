//! Capacity: whether users have room while a plan is carried out, and when more of them come.

use super::{Floor, worst};
use crate::plan::widen::rolls;
use aegis_model::{Claim, Critic, Evidence, Objection, Outcome, WorkloadId};

/// Bins in which a rollout shows.
const WHILE: usize = 8;
/// Loss above the control's that a bin may have without a word.
const FELT: f64 = 0.02;
/// Share of its gain that a plan may lose to more load without a word.
const HELD: f64 = 0.5;

/// What capacity holds against a plan.
pub fn objections(floor: &Floor<'_>, plan: usize) -> Vec<Objection> {
    let all = [dips(floor, plan), short(floor, plan)];
    all.into_iter().flatten().collect()
}

/// Mean loss of a bin over draws.
fn bin(outcomes: &[Outcome], bin: usize) -> f64 {
    let losses = outcomes.iter().filter_map(|one| one.loss.get(bin));
    losses.sum::<f64>() / outcomes.len().max(1) as f64
}

/// While pods are made anew users lose more than by waiting.
fn dips(floor: &Floor<'_>, plan: usize) -> Option<Objection> {
    let mut steps = floor.plans[plan].steps.iter();
    let workload = steps.find_map(|step| rolls(&step.action))?;
    let (own, control) = (floor.main(plan), floor.main(floor.control()));
    let worse = |position: &usize| bin(own, *position) > bin(control, *position) + FELT;
    let bins: Vec<usize> = (0..WHILE).filter(worse).collect();
    let mean = |outcomes: &[Outcome]| {
        let sum = bins
            .iter()
            .map(|position| bin(outcomes, *position))
            .sum::<f64>();
        sum / bins.len().max(1) as f64
    };
    let (lost, before) = (mean(own), mean(control));
    let name = crate::plan::name(floor.objects, aegis_model::Target::Workload(workload));
    let text = format!("while {name} rolls, users lose more than by waiting");
    let evidence = Evidence::Simulated {
        trials: floor.trials(plan),
        plan: lost,
        other: before,
        text: format!(
            "mean loss over {} bins of 15 s, and the control's",
            bins.len()
        ),
    };
    let severity = (lost - before) * bins.len() as f64 / WHILE as f64;
    let claim = Claim::DipsWhileRolling { workload };
    floor.objection(Critic::Capacity, plan, claim, severity, (text, evidence))
}

/// Under the worst future's load most of the gain is gone.
fn short(floor: &Floor<'_>, plan: usize) -> Option<Objection> {
    let (main, loaded) = (floor.gain(plan, 0), floor.gain(plan, worst()));
    let workload = busiest(floor)?;
    let name = crate::plan::name(floor.objects, aegis_model::Target::Workload(workload));
    let text = format!("more load undoes it; {name} is the busiest");
    let evidence = Evidence::Simulated {
        trials: floor.trials(plan),
        plan: loaded,
        other: main,
        text: "stability gained over waiting under more load, and as things are".into(),
    };
    let is_held = main <= 0.0 || loaded >= HELD * main;
    let severity = if is_held { 0.0 } else { (main - loaded) * 0.2 };
    let claim = Claim::ShortOfRoom { workload };
    floor.objection(Critic::Capacity, plan, claim, severity, (text, evidence))
}

/// The workload on the users' way that uses most of its CPU limit, by the last look.
fn busiest(floor: &Floor<'_>) -> Option<WorkloadId> {
    let latest = floor.case.history.latest()?;
    let used = |workload: WorkloadId| -> Option<f64> {
        let row = floor.objects.workloads.get(workload.index())?;
        let containers = &row.spec.template().spec.containers;
        let limit = containers.first()?.resources.limits.cpu()?.cores();
        let own = latest.samples.pods.iter().filter(|sample| {
            let pod = floor.objects.pods.get(sample.pod.index());
            pod.is_some_and(|pod| pod.workload == workload)
        });
        let shares: Vec<f64> = own.map(|sample| sample.cpu / limit.max(1e-9)).collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    };
    let passed = floor.case.topology.importance.iter().enumerate();
    let passed = passed.filter(|(_, share)| **share > 0.0);
    let busy = passed.filter_map(|(index, _)| {
        let workload = WorkloadId::from(index);
        Some((workload, used(workload)?))
    });
    busy.max_by(|(a, one), (b, other)| one.total_cmp(other).then(b.cmp(a)))
        .map(|(workload, _)| workload)
}

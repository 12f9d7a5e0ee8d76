//! Choosing: a hybrid of dominance on boxes and a weighted score on fixed scales.

use crate::debate::Ballot;
use crate::genome::Genome;
use aegis_model::{Plan, PlanScore};
use std::cmp::{Ordering, Reverse};

/// Sides of the boxes: stability, cost, resilience, risk.
const BOXES: [f64; 4] = [0.01, 0.02, 0.01, 0.02];

/// Quantile 0.9 of Student's t with `n − 1` degrees of freedom, n from 2; 1.2816 in the limit.
/// Source: tables of Student's distribution, e.g. NIST/SEMATECH e-Handbook 1.3.6.7.2.
fn t90(n: usize) -> f64 {
    const TABLE: [f64; 29] = [
        3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350,
        1.345, 1.341, 1.337, 1.333, 1.330, 1.328, 1.325, 1.323, 1.321, 1.319, 1.318, 1.316, 1.315,
        1.314, 1.313, 1.311,
    ];
    TABLE.get(n.saturating_sub(2)).copied().unwrap_or(1.2816)
}

/// The box that a plan falls into; greater is better in each side.
fn box_of(score: &PlanScore) -> [i64; 4] {
    let amounts = [
        score.stability,
        1.0 - score.cost,
        score.resilience,
        1.0 - score.risk,
    ];
    core::array::from_fn(|side| libm::floor(amounts[side] / BOXES[side] + 1e-9) as i64)
}

/// Whether one box is at least as good everywhere and better somewhere.
#[must_use]
pub fn dominates(a: &PlanScore, b: &PlanScore) -> bool {
    let (a, b) = (box_of(a), box_of(b));
    a != b && a.iter().zip(&b).all(|(a, b)| a >= b)
}

/// The weighted sum on fixed scales, 0..=1.
#[must_use]
pub fn weigh(score: &PlanScore, genome: &Genome) -> f64 {
    genome.weight_stability * score.stability
        + genome.weight_cost * (1.0 - score.cost)
        + genome.weight_resilience * score.resilience
        + genome.weight_risk * (1.0 - score.risk)
}

/// Lower bound of the mean gain of a plan over waiting, over paired draws.
#[must_use]
pub fn gain(control: &PlanScore, plan: &PlanScore) -> f64 {
    let differences: Vec<f64> = control
        .losses
        .iter()
        .zip(&plan.losses)
        .map(|(wait, act)| wait - act)
        .collect();
    let n = differences.len();
    if n == 0 {
        return f64::NEG_INFINITY;
    }
    let mean = differences.iter().sum::<f64>() / n as f64;
    if n == 1 {
        return mean;
    }
    let square: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
    mean - t90(n) * libm::sqrt(square / (n as f64 - 1.0) / n as f64)
}

/// Gain that a plan must promise before it is applied.
#[must_use]
pub fn demanded(plan: &PlanScore, genome: &Genome) -> f64 {
    genome.margin + genome.margin_risk * plan.risk + genome.margin_cost * plan.cost
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Position of the plan; `None` is to wait.
    pub choice: Option<usize>,
    /// Why.
    pub why: String,
}

/// Fills in scores, dominance and reasons, and chooses. `plans` and `scores` run in parallel, the control last.
pub fn select(
    plans: &[Plan],
    scores: &mut [PlanScore],
    genome: &Genome,
    ballot: &Ballot,
) -> Selection {
    for score in scores.iter_mut() {
        score.score = weigh(score, genome);
    }
    mark_dominated(plans, scores);
    let Some(control) = plans.iter().position(Plan::is_wait) else {
        return Selection {
            choice: None,
            why: "there is no control to compare with".into(),
        };
    };
    for index in 0..scores.len() {
        scores[index].rejected = refusal(plans, scores, (control, index), genome, ballot);
    }
    let able: Vec<usize> = (0..scores.len())
        .filter(|&index| index != control && scores[index].rejected.is_none())
        .collect();
    let Some(best) = able
        .iter()
        .map(|&index| scores[index].score)
        .reduce(f64::max)
    else {
        return Selection {
            choice: None,
            why: "no plan promises enough over waiting".into(),
        };
    };
    let tied = able
        .iter()
        .copied()
        .filter(|&index| scores[index].score >= best - genome.tie);
    let choice = tied.min_by(|&a, &b| preference(plans, scores, ballot, (a, b)));
    for &index in &able {
        if Some(index) != choice {
            scores[index].rejected =
                Some("another plan is better, or as good at lower risk".into());
        }
    }
    let why = choice.map_or_else(String::new, |index| {
        let gain = gain(&scores[control], &scores[index]);
        format!(
            "saves at least {gain:.3} of the loss of waiting; score {:.3}",
            scores[index].score
        )
    });
    Selection { choice, why }
}

fn mark_dominated(plans: &[Plan], scores: &mut [PlanScore]) {
    for index in 0..scores.len() {
        let dominator = (0..scores.len())
            .find(|&other| other != index && dominates(&scores[other], &scores[index]));
        scores[index].dominated_by = dominator.map(|other| plans[other].id.clone());
    }
}

/// Whether a plan saves something as things are, and not only where another fault comes.
fn mends(control: &PlanScore, score: &PlanScore, genome: &Genome) -> bool {
    score.stability - control.stability > genome.margin
}

fn refusal(
    plans: &[Plan],
    scores: &[PlanScore],
    (control, index): (usize, usize),
    genome: &Genome,
    ballot: &Ballot,
) -> Option<String> {
    let score = &scores[index];
    if index == control {
        return None;
    }
    let durable_exists = (0..scores.len()).any(|other| {
        other != control
            && scores[other].durable
            && mends(&scores[control], &scores[other], genome)
            && gain(&scores[control], &scores[other]) > demanded(&scores[other], genome)
    });
    if !score.durable && durable_exists {
        return Some("does not last: the trouble comes back when its trigger does".into());
    }
    let dominator = score
        .dominated_by
        .as_ref()
        .and_then(|id| plans.iter().position(|plan| plan.id == *id));
    if dominator.is_some_and(|other| other != control && (scores[other].durable || !score.durable))
    {
        return Some("another plan is at least as good in every respect".into());
    }
    if !mends(&scores[control], score, genome) {
        return Some(
            "mends nothing of what is there: it helps only where another fault comes".into(),
        );
    }
    let gain = gain(&scores[control], score);
    let demanded = demanded(score, genome) + ballot.demanded(&score.plan);
    (gain <= demanded).then(|| {
        format!("saves {gain:.3} of the loss of waiting for sure, {demanded:.3} would be needed")
    })
}

/// Among ties: most votes where there was a debate, lowest risk box, fewest steps, smallest id.
fn preference(
    plans: &[Plan],
    scores: &[PlanScore],
    ballot: &Ballot,
    (a, b): (usize, usize),
) -> Ordering {
    let votes = |index: usize| Reverse(ballot.votes(&plans[index].id));
    let risk = |index: usize| -box_of(&scores[index])[3];
    let key = |index: usize| (votes(index), risk(index), plans[index].steps.len());
    key(a)
        .cmp(&key(b))
        .then_with(|| plans[a].id.cmp(&plans[b].id))
}

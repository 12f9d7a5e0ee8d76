//! Cost: whether as much can be had for less.

use super::Floor;
use aegis_model::{Claim, Critic, Evidence, Objection};

/// Difference of cost that is worth a word.
const NOTABLE: f64 = 0.02;
/// Stability that counts as equal.
const EQUAL: f64 = 0.01;

/// What cost holds against a plan.
pub fn objections(floor: &Floor<'_>, plan: usize) -> Vec<Objection> {
    dear(floor, plan).into_iter().collect()
}

/// The cheapest plan that races and is as stable.
fn cheaper(floor: &Floor<'_>, plan: usize) -> Option<usize> {
    let own = floor.score(plan)?;
    let others = floor.racing.iter().copied();
    let as_good = others.filter(|other| {
        *other != floor.control()
            && floor
                .score(*other)
                .is_some_and(|score| score.stability >= own.stability - EQUAL)
    });
    let cost = |other: &usize| floor.score(*other).map_or(1.0, |score| score.cost);
    as_good.min_by(|a, b| cost(a).total_cmp(&cost(b)))
}

fn dear(floor: &Floor<'_>, plan: usize) -> Option<Objection> {
    let other = cheaper(floor, plan)?;
    let (own, less) = (floor.score(plan)?.cost, floor.score(other)?.cost);
    let text = format!("{} is as stable for less", floor.plans[other].summary);
    let evidence = Evidence::Simulated {
        trials: floor.trials(plan),
        plan: own,
        other: less,
        text: "mean cost, and that of the cheaper plan".into(),
    };
    let more = own - less;
    let severity = if more < NOTABLE {
        0.0
    } else {
        (floor.genome.weight_cost * more).max(super::WORTH_SAYING)
    };
    floor.objection(Critic::Cost, plan, Claim::Dear, severity, (text, evidence))
}

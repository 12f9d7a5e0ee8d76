//! What another plan would have come to, played in the world itself once the run is over.
//!
//! Regret is *foreseeable* where it shows in the world as it stood, with nothing more to come and new noise:
//! whoever had known the world then could have known. What of it the real path added is luck, and teaches
//! nothing. Outcomes come out of this, never faults.

use aegis_model::{Objective, Plan};
use aegis_world::{Ahead, Retrial, World};
use smol_str::SmolStr;
use std::sync::Arc;

/// Fresh noise seeds that each plan is played on.
const SEEDS: u64 = 8;
/// Seconds that are played.
const HORIZON: u32 = 300;
/// Least foreseeable difference in stability that teaches.
const LEAST: f64 = 0.02;
/// Level of the test over all alternatives together.
const ALPHA: f64 = 0.05;

/// The world as it stood when a plan was handed over.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The plan.
    pub plan: SmolStr,
    /// The world.
    pub world: World,
}

/// What another plan would have come to, beside the one that was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Regret {
    /// The other plan.
    pub plan: Plan,
    /// Foreseeable difference in stability: the other's mean less that of the one that was applied.
    pub foreseeable: f64,
    /// Difference on the path that really was, less the foreseeable one.
    pub luck: f64,
    /// Whether it teaches: large enough, significant beside the other alternatives, and of the same sign on
    /// the path that really was.
    pub teaches: bool,
}

/// Plays every other plan in the world of a decision. Nothing where the plan is not among them.
#[must_use]
pub fn regrets(decision: &Decision, plans: &[Plan], objectives: &[Objective]) -> Vec<Regret> {
    let Some(own) = plans.iter().find(|plan| plan.id == decision.plan) else {
        return Vec::new();
    };
    let played = |plan: &Plan, ahead: Ahead, noise: Option<u64>| {
        let trial = Retrial {
            plan: Arc::new(plan.clone()),
            horizon: HORIZON,
            objectives,
            ahead,
            noise,
        };
        decision.world.retry(&trial).stability()
    };
    let foreseen = |plan: &Plan| -> Vec<f64> {
        let seeds = 1..=SEEDS;
        seeds
            .map(|seed| played(plan, Ahead::Nothing, Some(seed)))
            .collect()
    };
    let (own_seen, own_real) = (foreseen(own), played(own, Ahead::AsScheduled, None));
    let others: Vec<&Plan> = plans.iter().filter(|plan| plan.id != own.id).collect();
    let tests: Vec<Test> = others
        .iter()
        .map(|plan| Test::of(&foreseen(plan), &own_seen))
        .collect();
    let real: Vec<f64> = others
        .iter()
        .map(|plan| played(plan, Ahead::AsScheduled, None) - own_real)
        .collect();
    let significant = holm(&tests.iter().map(|test| test.p).collect::<Vec<_>>());
    let regret = |index: usize| Regret {
        plan: others[index].clone(),
        foreseeable: tests[index].mean,
        luck: real[index] - tests[index].mean,
        teaches: significant[index] && tests[index].mean >= LEAST && real[index] > 0.0,
    };
    (0..others.len()).map(regret).collect()
}

/// A paired difference, and the chance of one as large where there is none.
struct Test {
    mean: f64,
    p: f64,
}

impl Test {
    fn of(other: &[f64], own: &[f64]) -> Self {
        let differences: Vec<f64> = other.iter().zip(own).map(|(a, b)| a - b).collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let square: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
        let error = (square / (n - 1.0) / n).sqrt();
        let p = if error > 0.0 {
            upper_tail(mean / error)
        } else {
            f64::from(u8::from(mean <= 0.0))
        };
        Self { mean, p }
    }
}

/// P(T > t) of Student's t with 7 degrees of freedom, one less than there are seeds: the closed form for odd
/// degrees of freedom (Abramowitz and Stegun 26.7.3).
fn upper_tail(t: f64) -> f64 {
    let angle = (t / 7.0_f64.sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let series = cos + 2.0 / 3.0 * cos.powi(3) + 8.0 / 15.0 * cos.powi(5);
    let within = std::f64::consts::FRAC_2_PI * (angle + sin * series);
    (1.0 - within) / 2.0
}

/// Which of several tests hold together at [`ALPHA`] (Holm 1979).
fn holm(ps: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|a, b| ps[*a].total_cmp(&ps[*b]));
    let mut holds = vec![false; ps.len()];
    for (rank, index) in order.into_iter().enumerate() {
        if ps[index] > ALPHA / (ps.len() - rank) as f64 {
            break;
        }
        holds[index] = true;
    }
    holds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_tables() {
        // One-sided points of t with 7 degrees of freedom, NIST/SEMATECH e-Handbook 1.3.6.7.2.
        for (t, p) in [(1.415, 0.10), (1.895, 0.05), (2.365, 0.025), (2.998, 0.01)] {
            assert!((upper_tail(t) - p).abs() < 2e-4, "{t}: {}", upper_tail(t));
        }
        assert!((upper_tail(0.0) - 0.5).abs() < 1e-12);
        assert!((upper_tail(-1.895) - 0.95).abs() < 2e-4);
    }

    #[test]
    fn several_alternatives_must_hold_together() {
        assert_eq!(holm(&[0.04]), [true]);
        assert_eq!(holm(&[0.04, 0.5, 0.5]), [false, false, false]);
        assert_eq!(holm(&[0.01, 0.5, 0.02]), [true, false, true]);
        assert_eq!(holm(&[]), [] as [bool; 0]);
    }

    #[test]
    fn a_difference_without_noise_is_sure_and_none_is_none() {
        assert!(Test::of(&[0.9; 8], &[0.8; 8]).p.abs() < 1e-12);
        assert!((Test::of(&[0.8; 8], &[0.8; 8]).p - 1.0).abs() < 1e-12);
    }
}

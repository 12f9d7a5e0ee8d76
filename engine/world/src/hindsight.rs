//! How a plan would have fared: outcomes, never faults.

use crate::world::{Ahead, World};
use aegis_model::{Conduct, Objective, Plan};
use aegis_sim::conduct::Conductor;
use aegis_sim::loss;
use aegis_sim::solver::tail::Fitted;
use std::sync::Arc;

/// A plan tried again from a moment that has passed.
#[derive(Debug, Clone)]
pub struct Retrial<'a> {
    /// The plan; an empty one is to wait.
    pub plan: Arc<Plan>,
    /// Seconds.
    pub horizon: u32,
    /// What users are promised.
    pub objectives: &'a [Objective],
    /// What of the future is kept.
    pub ahead: Ahead,
    /// Root of new draws; `None` repeats those of the run.
    pub noise: Option<u64>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Retried {
    /// Badness of each second, 0..=1.
    pub bad: Vec<f64>,
    /// How the plan's steps ended.
    pub conduct: Conduct,
}

impl Retried {
    /// 0..=1; 1 is every objective met throughout.
    #[must_use]
    pub fn stability(&self) -> f64 {
        loss::stability(&self.bad)
    }
}

impl World {
    /// Plays a plan in a copy of this world.
    #[must_use]
    pub fn retry(&self, trial: &Retrial<'_>) -> Retried {
        let mut fork = self.fork(trial.ahead, trial.noise);
        let mut conductor = Conductor::new(Arc::clone(&trial.plan));
        let second = |_| {
            fork.conduct(&mut conductor);
            fork.advance(1);
            fork.badness(trial.objectives)
        };
        Retried {
            bad: (0..trial.horizon).map(second).collect(),
            conduct: conductor.conduct(),
        }
    }

    /// Badness of the last second over all objectives, each weighed by its requests, 0..=1; 0
    /// where nobody asked.
    #[must_use]
    pub fn badness(&self, objectives: &[Objective]) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for objective in objectives {
            let entries = self
                .entries()
                .iter()
                .filter(|entry| entry.service == objective.service);
            for last in entries.map(|entry| entry.last) {
                let slow = objective.latency.map_or(0.0, |target| {
                    Fitted::of(last.time, last.cv2 * last.time * last.time).exceeds(target.below)
                });
                sum += last.requests * loss::of_objective(objective, last.failed, slow);
                weights += last.requests;
            }
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    }
}

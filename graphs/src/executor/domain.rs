//! What a graph is about: the types that a user of the executor brings, and the budgets that it counts.

use std::fmt;

use super::checkpoint::Digest;
use serde::{Deserialize, Serialize};

/// The types that a graph works on, and the three things the executor must know of them.
///
/// All functions are total and pure: equal arguments give equal results, or replay would not hold.
pub trait Domain: 'static {
    /// The name of a node within its graph; usually an enum.
    type Node: Copy + Ord + fmt::Debug + fmt::Display + Send + Sync + 'static;
    /// What all nodes read. Only writes change it.
    type State;
    /// A change of the state, as a value.
    type Write;
    /// Something to be done outside, as a value.
    type Effect;
    /// What came of an effect: an answer, a failure or a time-out.
    type Input;
    /// What tells the copies of a node apart in a fan-out.
    type Item;

    /// Applies one write.
    fn apply(state: &mut Self::State, write: &Self::Write);

    /// What one attempt at an effect costs; counted when it is asked for.
    fn cost(effect: &Self::Effect) -> Cost;

    /// What makes two effects the same: a hash of all that their answer depends on. `None` where answers are not
    /// kept; only nodes whose policy says so keep them.
    fn key(_: &Self::Effect) -> Option<Digest> {
        None
    }

    /// Whether an input is an answer, or a failure that may be tried again.
    fn read(input: &Self::Input) -> Reading;
}

/// How the domain reads an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// An answer, good or bad, that goes to the next node.
    Answer,
    /// The effect could not be performed; tried again if the node's policy allows.
    Failed,
    /// The effect was not performed in time; tried again like a failure.
    TimedOut,
}

/// Work: one service over one simulated second is one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceTicks(pub u64);

/// A count of simulated trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trials(pub u64);

/// What one effect, or all so far, cost. Sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Simulated work.
    pub service_ticks: ServiceTicks,
    /// Trials started.
    pub trials: Trials,
}

impl Cost {
    /// No cost at all.
    pub const FREE: Self = Self {
        service_ticks: ServiceTicks(0),
        trials: Trials(0),
    };

    /// The sum of both, component by component.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            service_ticks: ServiceTicks(self.service_ticks.0.saturating_add(other.service_ticks.0)),
            trials: Trials(self.trials.0.saturating_add(other.trials.0)),
        }
    }
}

/// What a run has used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Super-steps begun.
    pub steps: u32,
    /// Cost of all effects asked for, attempts again included.
    pub cost: Cost,
}

/// Upper bounds on what a run may use up; `None` means unbounded. Also what is left of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Super-steps. Required where the graph has a cycle.
    pub steps: Option<u32>,
    /// Simulated work.
    pub service_ticks: Option<ServiceTicks>,
    /// Trials.
    pub trials: Option<Trials>,
}

/// The budgets that a run can exhaust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Budget {
    /// [`Limits::steps`].
    Steps,
    /// [`Limits::service_ticks`].
    ServiceTicks,
    /// [`Limits::trials`].
    Trials,
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "steps",
            Self::ServiceTicks => "service-ticks",
            Self::Trials => "trials",
        })
    }
}

impl Limits {
    /// What is left after `spent`.
    #[must_use]
    pub fn left(&self, spent: &Spent) -> Self {
        let ticks = |l: ServiceTicks| ServiceTicks(l.0.saturating_sub(spent.cost.service_ticks.0));
        let trials = |l: Trials| Trials(l.0.saturating_sub(spent.cost.trials.0));
        Self {
            steps: self.steps.map(|l| l.saturating_sub(spent.steps)),
            service_ticks: self.service_ticks.map(ticks),
            trials: self.trials.map(trials),
        }
    }

    /// The stricter of both, budget by budget.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            steps: stricter(self.steps, other.steps),
            service_ticks: stricter(self.service_ticks, other.service_ticks),
            trials: stricter(self.trials, other.trials),
        }
    }

    /// The first budget that `spent` is over, if any: steps, then service-ticks, then trials.
    #[must_use]
    pub fn broken_by(&self, spent: &Spent) -> Option<Budget> {
        let over_steps = self.steps.is_some_and(|l| spent.steps > l);
        let over_ticks = self
            .service_ticks
            .is_some_and(|l| spent.cost.service_ticks > l);
        let over_trials = self.trials.is_some_and(|l| spent.cost.trials > l);
        match (over_steps, over_ticks, over_trials) {
            (true, _, _) => Some(Budget::Steps),
            (_, true, _) => Some(Budget::ServiceTicks),
            (_, _, true) => Some(Budget::Trials),
            _ => None,
        }
    }
}

/// The smaller of two bounds; `None` bounds nothing.
fn stricter<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

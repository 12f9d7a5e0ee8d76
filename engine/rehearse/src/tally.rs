//! What users lost, exactly, second by second.
//!
//! `slo_minutes_lost` is the sum over objectives of the seconds in which the SLI of the last 60 s misses its
//! target, divided by 60. A run's summary works it out from scrapes; here nothing is observed and no noise
//! comes in between.

use aegis_model::{LatencyTarget, Objective};
use aegis_sim::solver::tail::Fitted;
use aegis_world::World;
use std::collections::VecDeque;

/// Seconds over which the SLI is taken.
const SLIDING: usize = 60;
/// Seconds without a miss after which a cluster counts as mended.
pub const LASTING: i64 = 120;

/// What users of an entry got in one second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Second {
    requests: f64,
    failed: f64,
    slow: f64,
}

/// One objective over the last seconds.
#[derive(Debug, Clone)]
struct Sliding {
    objective: Objective,
    seconds: VecDeque<Second>,
    lost: u32,
    last_missed: Option<i64>,
}

/// Counts what is lost while a world runs.
#[derive(Debug, Clone)]
pub struct Tally(Vec<Sliding>);

/// What was lost by the end of a play.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Loss {
    /// Seconds in which each objective was missed, in their order.
    pub seconds: Vec<u32>,
    /// Second of the play in which an objective was missed last.
    pub last_missed: Option<i64>,
    /// Length of the play, s.
    pub length: i64,
}

impl Tally {
    /// Nothing lost so far.
    #[must_use]
    pub fn new(objectives: &[Objective]) -> Self {
        let sliding = |objective: &Objective| Sliding {
            objective: objective.clone(),
            seconds: VecDeque::with_capacity(SLIDING),
            lost: 0,
            last_missed: None,
        };
        Self(objectives.iter().map(sliding).collect())
    }

    /// Takes the second in that the world has just passed.
    pub fn see(&mut self, world: &World) {
        for sliding in &mut self.0 {
            sliding.see(world);
        }
    }

    /// Seconds since an objective was missed; `None` where none was.
    #[must_use]
    pub fn calm_for(&self, now: i64) -> Option<i64> {
        let last = self.0.iter().filter_map(|sliding| sliding.last_missed);
        last.max().map(|last| now - last)
    }

    /// What was lost until `now`.
    #[must_use]
    pub fn loss(&self, now: i64) -> Loss {
        Loss {
            seconds: self.0.iter().map(|sliding| sliding.lost).collect(),
            last_missed: self
                .0
                .iter()
                .filter_map(|sliding| sliding.last_missed)
                .max(),
            length: now,
        }
    }
}

impl Sliding {
    fn see(&mut self, world: &World) {
        let Some(second) = second(&self.objective, world) else {
            return;
        };
        if self.seconds.len() == SLIDING {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
        if self.is_missed() {
            self.lost += 1;
            self.last_missed = Some(world.time());
        }
    }

    fn is_missed(&self) -> bool {
        let (mut requests, mut failed, mut slow) = (0.0, 0.0, 0.0);
        for second in &self.seconds {
            requests += second.requests;
            failed += second.requests * second.failed;
            slow += second.requests * second.slow;
        }
        if requests <= 0.0 {
            return false;
        }
        let late = |target: LatencyTarget| slow / requests > 1.0 - target.share + 1e-12;
        failed / requests > 1.0 - self.objective.availability + 1e-12
            || self.objective.latency.is_some_and(late)
    }
}

/// A request that failed is not slow as well.
fn second(objective: &Objective, world: &World) -> Option<Second> {
    let mut entries = world.entries().iter();
    let last = entries
        .find(|entry| entry.service == objective.service)?
        .last;
    let fitted = Fitted {
        mean: last.time,
        cv2: last.cv2,
    };
    let late = |target: LatencyTarget| fitted.exceeds(target.below);
    Some(Second {
        requests: last.requests,
        failed: last.failed,
        slow: objective.latency.map_or(0.0, late) * (1.0 - last.failed),
    })
}

impl Loss {
    /// SLO minutes lost over all objectives.
    #[must_use]
    pub fn minutes(&self) -> f64 {
        f64::from(self.seconds.iter().sum::<u32>()) / 60.0
    }

    /// Whether the last [`LASTING`] seconds passed without a miss.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.last_missed
            .is_none_or(|last| self.length - last >= LASTING)
    }

    /// Seconds from `onset` to the start of the calm that lasts to the end; `None` where nothing was missed
    /// or there is no such calm.
    #[must_use]
    pub fn mended_after(&self, onset: i64) -> Option<i64> {
        let last = self.last_missed?;
        (self.is_over() && last >= onset).then_some(last - onset)
    }

    /// Whether some objective lost more than in `other`.
    #[must_use]
    pub fn is_worse_than(&self, other: &Self) -> bool {
        let both = self.seconds.iter().zip(&other.seconds);
        both.into_iter().any(|(own, theirs)| own > theirs)
    }
}

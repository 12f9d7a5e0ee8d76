//! Critics: each has one brief, looks at what was played and observed, and says what speaks against a plan.
//!
//! A critic says nothing that does not rest on outcomes of trials or on objects. What it is sure of comes with a
//! severity: how much of the plan's worth is at stake.

pub mod adversary;
mod capacity;
mod cost;
pub mod diagnosis;
mod safety;

use crate::case::Case;
use crate::diagnose::Diagnosis;
use crate::genome::Genome;
use crate::shadow::Assault;
use aegis_model::outcome::FUTURES;
use aegis_model::{
    Attack, Claim, Critic, Evidence, Objection, Objects, Outcome, Plan, PlanScore, Target,
};

/// Plans that are argued over at a time.
pub const LEADERS: usize = 3;
/// Severity below which nothing is said.
const WORTH_SAYING: f64 = 0.01;

/// Another cause that would explain what is seen, and what plans do if it is the one.
#[derive(Debug, Clone)]
pub struct Rival {
    /// Position of the hypothesis.
    pub hypothesis: usize,
    /// Outcomes by plan.
    pub played: Vec<(usize, Vec<Outcome>)>,
}

/// What the adversary found, and what plans do under it.
#[derive(Debug, Clone)]
pub struct Find {
    /// As it is told.
    pub attack: Attack,
    /// As it is played.
    pub assault: Assault,
    /// Outcomes by plan.
    pub played: Vec<(usize, Vec<Outcome>)>,
}

/// What all critics look at.
#[derive(Debug, Clone)]
pub struct Floor<'a> {
    /// The case.
    pub case: &'a Case,
    /// The diagnosis.
    pub diagnosis: &'a Diagnosis,
    /// Objects as they were last seen.
    pub objects: &'a Objects,
    /// Parameters.
    pub genome: &'a Genome,
    /// All plans of the decision.
    pub plans: &'a [Plan],
    /// Their risks, 0..=1.
    pub risks: &'a [f64],
    /// Outcomes by plan, future, draw.
    pub played: &'a [Vec<Vec<Outcome>>],
    /// Plans that still race, the control among them.
    pub racing: &'a [usize],
    /// Their scores, in the same order.
    pub scores: &'a [PlanScore],
    /// What the diagnosis critic asked for.
    pub rivals: &'a [Rival],
    /// What the adversary found.
    pub find: Option<&'a Find>,
    /// Objects that a language model's critics spoke of: where the adversary looks as well.
    pub named: &'a [Target],
    /// Round of the debate, from 1.
    pub round: u32,
}

impl Floor<'_> {
    /// The control's position.
    #[must_use]
    pub fn control(&self) -> usize {
        self.plans.iter().position(Plan::is_wait).unwrap_or(0)
    }

    /// The score of a plan that races.
    #[must_use]
    pub fn score(&self, plan: usize) -> Option<&PlanScore> {
        let position = self.racing.iter().position(|racing| *racing == plan)?;
        self.scores.get(position)
    }

    /// Plans that are argued over, best first.
    #[must_use]
    pub fn leaders(&self) -> Vec<usize> {
        let score = |plan: usize| self.score(plan).map_or(0.0, |score| score.score);
        let drafted = self.racing.iter().copied();
        let mut drafted: Vec<usize> = drafted.filter(|plan| *plan != self.control()).collect();
        drafted.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
        drafted.truncate(LEADERS);
        drafted
    }

    /// Mean stability of a plan in a future.
    #[must_use]
    pub fn stability(&self, plan: usize, future: usize) -> f64 {
        self.score(plan).map_or(0.0, |score| score.futures[future])
    }

    /// Mean stability that a plan gains over waiting, in a future.
    #[must_use]
    pub fn gain(&self, plan: usize, future: usize) -> f64 {
        self.stability(plan, future) - self.stability(self.control(), future)
    }

    /// Outcomes in the main future.
    #[must_use]
    pub fn main(&self, plan: usize) -> &[Outcome] {
        self.played
            .get(plan)
            .and_then(|futures| futures.first())
            .map_or(&[], Vec::as_slice)
    }

    /// Trials behind a figure of one future.
    fn trials(&self, plan: usize) -> u32 {
        self.main(plan).len() as u32
    }

    fn objection(
        &self,
        critic: Critic,
        plan: usize,
        claim: Claim,
        severity: f64,
        (text, evidence): (String, Evidence),
    ) -> Option<Objection> {
        (severity >= WORTH_SAYING).then(|| Objection {
            round: self.round,
            critic,
            plan: self.plans[plan].id.clone(),
            claim,
            text,
            evidence,
            severity: severity.min(1.0),
        })
    }
}

/// Mean stability of outcomes; 0 without any.
#[must_use]
pub fn mean_stability(outcomes: &[Outcome]) -> f64 {
    outcomes
        .iter()
        .map(|outcome| outcome.stability)
        .sum::<f64>()
        / outcomes.len().max(1) as f64
}

/// Outcomes of a plan among outcomes by plan.
#[must_use]
pub fn outcomes_of(played: &[(usize, Vec<Outcome>)], plan: usize) -> Option<&[Outcome]> {
    let found = played.iter().find(|(position, _)| *position == plan)?;
    Some(&found.1)
}

/// All that speaks against a plan, each critic in turn.
#[must_use]
pub fn objections(floor: &Floor<'_>, plan: usize) -> Vec<Objection> {
    let briefs = [
        safety::objections,
        capacity::objections,
        cost::objections,
        diagnosis::objections,
        adversary::objections,
    ];
    briefs
        .into_iter()
        .flat_map(|brief| brief(floor, plan))
        .collect()
}

/// Position of a future among [`FUTURES`].
fn worst() -> usize {
    FUTURES.len() - 1
}

//! What a plan that was tried says of the cause behind it: four conditions, and all of them count.
//!
//! A cause is refuted if (a) on the data before and after the plan it is far less likely than its best rival, (b)
//! the plan took effect and nobody took it back, (c) nothing new began beyond the plan's reach, and (d) what came
//! is not what the plan predicted. It is confirmed by the mirror of that. Otherwise it is undecided: the posterior
//! moves, and nothing is forbidden.

use crate::risk;
use crate::signature::Spell;
use crate::topology::{Direction, Topology};
use crate::watch::Bin;
use aegis_model::{
    ChangeRecord, Conduct, FieldPath, Finding, ObjectChange, Objects, Plan, Prediction, Target,
    Tick,
};
use std::collections::BTreeSet;

/// Chance of what came, under the prediction, below which it is not what was predicted.
const SURPRISE: f64 = 0.01;
/// Chance from which it is.
const EXPECTED: f64 = 0.05;
/// Bins that are judged together: bins of 15 s follow each other too closely to count one by one.
const TOGETHER: usize = 4;
/// Least spread of a prediction, in loss: a dozen draws give a narrow band, and scrapes are noisy.
const SPREAD: f64 = 0.03;
/// 97.5 % point of Student's t with 4 degrees of freedom (NIST/SEMATECH e-Handbook 1.3.6.7.2).
const T: f64 = 2.776;
/// Hops in the call graph that a plan may be felt in.
const HOPS: u32 = 6;
/// Least severity of a symptom that is something new.
const SEVERE: f64 = 0.3;

/// Whether a plan did what it set out to do to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// All of it, and it stands.
    Stands,
    /// Not all of it was done.
    Partial,
    /// Somebody wrote over it.
    Overwritten,
}

/// Whether something else began meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// Nothing.
    Quiet,
    /// Something that the plan cannot have caused.
    Trouble,
}

/// What is known of a plan once it was watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proof {
    /// Whether it took effect.
    pub effect: Effect,
    /// Whether something else began.
    pub elsewhere: Elsewhere,
    /// Chance of a loss as high as came, or higher, under the plan's prediction, 0..=1.
    pub chance: f64,
    /// When the plan began.
    pub since: Tick,
}

/// A plan that was watched.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its steps.
    pub conduct: &'a Conduct,
    /// Entries of the record of changes that it made.
    pub changes: &'a [u32],
    /// When it began.
    pub since: Tick,
    /// What it predicted.
    pub prediction: &'a Prediction,
    /// What came.
    pub bins: &'a [Bin],
}

impl Proof {
    /// What there is to say of a plan that was watched.
    #[must_use]
    pub fn of(
        watched: &Watched<'_>,
        topology: &Topology,
        objects: &Objects,
        spells: &[Spell],
    ) -> Self {
        Self {
            effect: effect(watched, objects),
            elsewhere: elsewhere(watched, topology, objects, spells),
            chance: chance(watched.prediction, watched.bins),
            since: watched.since,
        }
    }

    /// What becomes of the cause, which lies `below` nats below its best rival on the data before and after (above
    /// it where that is negative; `None` where the data before the plan are out of sight, which proves nothing);
    /// `enough` nats are a proof.
    #[must_use]
    pub fn finding(&self, below: Option<f64>, enough: f64) -> (Finding, String) {
        let effect = match self.effect {
            Effect::Stands => "the plan took effect",
            Effect::Partial => "not all of the plan was done",
            Effect::Overwritten => "somebody wrote over the plan",
        };
        let elsewhere = match self.elsewhere {
            Elsewhere::Quiet => "nothing new began beyond its reach",
            Elsewhere::Trouble => "something new began beyond its reach",
        };
        let rival = match below {
            Some(below) if below > 0.0 => {
                format!("{below:.1} nats below the best rival before and after")
            }
            Some(below) => format!("{:.1} nats above the best rival before and after", -below),
            None => "what was before the plan is out of sight".to_owned(),
        };
        let why = format!(
            "{rival}; {effect}; {elsewhere}; chance of what came under the prediction {:.3}",
            self.chance
        );
        let clean = self.effect == Effect::Stands && self.elsewhere == Elsewhere::Quiet;
        let finding = match () {
            () if clean && below.is_some_and(|nats| nats >= enough) && self.chance < SURPRISE => {
                Finding::Refuted
            }
            () if clean && below.is_some_and(|nats| nats <= -enough) && self.chance >= EXPECTED => {
                Finding::Confirmed
            }
            () => Finding::Undecided,
        };
        (finding, why)
    }
}

/// Whether all of a plan was done and what it wrote is the newest that was written there.
fn effect(watched: &Watched<'_>, objects: &Objects) -> Effect {
    let whole = match watched.conduct {
        Conduct::Done => true,
        // What the last step waited for is late; its writes are there.
        Conduct::TimedOut { step } => *step as usize + 1 >= watched.plan.steps.len(),
        // The only step has written, and waits; of several, nobody says here which has.
        Conduct::Running => watched.plan.steps.len() == 1,
        Conduct::Refused { .. } => false,
    };
    if !whole || watched.changes.is_empty() {
        return Effect::Partial;
    }
    let is_over = |change: &u32| {
        let Some(own) = objects.changes.get(*change as usize) else {
            return false;
        };
        let mut later = objects.changes.iter().skip(*change as usize + 1);
        later.any(|other| other.actor != own.actor && writes_over(other, own))
    };
    if watched.changes.iter().any(is_over) {
        Effect::Overwritten
    } else {
        Effect::Stands
    }
}

/// Whether a later change writes what an earlier one wrote.
fn writes_over(later: &ChangeRecord, earlier: &ChangeRecord) -> bool {
    if later.object != earlier.object {
        return false;
    }
    let (ObjectChange::Update { fields: new, .. }, ObjectChange::Update { fields: old, .. }) =
        (later.change.as_ref(), earlier.change.as_ref())
    else {
        return true;
    };
    let overlap = |a: &FieldPath, b: &FieldPath| a.0.starts_with(&b.0) || b.0.starts_with(&a.0);
    new.iter()
        .any(|new| old.iter().any(|old| overlap(&new.path, &old.path)))
}

/// Whether something began since the plan did that lies beyond all that calls, or is called by, what it touched or
/// what was off before: trouble spreads, and that is nothing new.
fn elsewhere(
    watched: &Watched<'_>,
    topology: &Topology,
    objects: &Objects,
    spells: &[Spell],
) -> Elsewhere {
    // A set: the call graph is of the first look, and what was made since has no place in it.
    let mut felt = BTreeSet::new();
    let touched = watched.plan.steps.iter();
    let touched = touched.map(|step| risk::target(&step.action, objects));
    let before = spells.iter().filter(|spell| spell.since <= watched.since);
    for target in touched.chain(before.map(|spell| spell.subject)) {
        for from in topology.concerned(objects, target) {
            for direction in [Direction::Callers, Direction::Callees] {
                for (workload, _) in topology.around(from, HOPS, direction) {
                    felt.insert(workload);
                }
            }
        }
    }
    let is_beyond = |subject: Target| {
        let concerned = topology.concerned(objects, subject);
        !concerned.is_empty() && concerned.iter().all(|workload| !felt.contains(workload))
    };
    let mut news = spells
        .iter()
        .filter(|spell| spell.since > watched.since && spell.severity >= SEVERE);
    if news.any(|spell| is_beyond(spell.subject)) {
        Elsewhere::Trouble
    } else {
        Elsewhere::Quiet
    }
}

/// Chance of a mean loss as high as that of the last bins under the prediction: Student's t with 4 degrees of
/// freedom, scaled so that its 95 % interval is the band.
fn chance(prediction: &Prediction, bins: &[Bin]) -> f64 {
    let last = &bins[bins.len().saturating_sub(TOGETHER)..];
    let first = bins.len() - last.len();
    if last.is_empty() {
        return 1.0;
    }
    let at = |index: usize| {
        let band = prediction.band95.get(index).or(prediction.band95.last());
        band.copied().unwrap_or((0.0, 1.0))
    };
    let count = last.len() as f64;
    let loss = last.iter().map(|bin| bin.loss).sum::<f64>() / count;
    let bands = (first..bins.len()).map(at);
    let (low, high) = bands.fold((0.0, 0.0), |(low, high), band| {
        (low + band.0 / count, high + band.1 / count)
    });
    let scale = ((high - low) / 2.0 / T).max(SPREAD);
    upper_tail((loss - f64::midpoint(low, high)) / scale)
}

/// P(T > t) of Student's t with 4 degrees of freedom, in closed form (Abramowitz and Stegun 26.7.4).
fn upper_tail(t: f64) -> f64 {
    let cos2 = 1.0 / (1.0 + t * t / 4.0);
    let sin = t / 2.0 * libm::sqrt(cos2);
    0.5 - 0.5 * sin * (1.0 + 0.5 * cos2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_tables() {
        // One-sided points of t with 4 degrees of freedom, NIST/SEMATECH e-Handbook 1.3.6.7.2.
        for (t, p) in [(1.533, 0.10), (2.132, 0.05), (2.776, 0.025), (3.747, 0.01)] {
            assert!((upper_tail(t) - p).abs() < 2e-4, "{t}: {}", upper_tail(t));
        }
        assert!((upper_tail(-2.132) - 0.95).abs() < 2e-4);
    }

    fn bins(loss: f64) -> Vec<Bin> {
        let bin = Bin {
            loss,
            bound: 0.2,
            control: 0.9,
        };
        vec![bin; 6]
    }

    #[test]
    fn what_comes_is_compared_with_the_band() {
        let prediction = Prediction {
            band95: vec![(0.0, 0.2); 3],
            ..Prediction::default()
        };
        let of = |loss| chance(&prediction, &bins(loss));
        assert!((of(0.1) - 0.5).abs() < 1e-9);
        assert!(of(0.2) > 0.02 && of(0.2) < 0.05, "{}", of(0.2));
        assert!(of(0.6) < 0.01, "{}", of(0.6));
        assert!(of(0.0) > 0.9);
    }

    #[test]
    fn all_four_must_hold() {
        let proof = Proof {
            effect: Effect::Stands,
            elsewhere: Elsewhere::Quiet,
            chance: 0.001,
            since: Tick(0),
        };
        let finding = |proof: Proof, below: f64| proof.finding(Some(below), 5.0).0;
        assert_eq!(finding(proof, 6.0), Finding::Refuted);
        assert_eq!(finding(proof, 4.9), Finding::Undecided);
        for effect in [Effect::Partial, Effect::Overwritten] {
            assert_eq!(finding(Proof { effect, ..proof }, 6.0), Finding::Undecided);
        }
        let elsewhere = Elsewhere::Trouble;
        assert_eq!(
            finding(Proof { elsewhere, ..proof }, 6.0),
            Finding::Undecided
        );
        let expected = Proof {
            chance: 0.4,
            ..proof
        };
        assert_eq!(finding(expected, 6.0), Finding::Undecided);
        assert_eq!(finding(expected, -6.0), Finding::Confirmed);
        assert_eq!(finding(expected, -4.0), Finding::Undecided);
        assert_eq!(finding(proof, -6.0), Finding::Undecided);
        assert_eq!(
            finding(
                Proof {
                    elsewhere,
                    ..expected
                },
                -6.0
            ),
            Finding::Undecided
        );
        assert_eq!(proof.finding(None, 5.0).0, Finding::Undecided);
        let (_, why) = proof.finding(Some(6.0), 5.0);
        assert!(
            why.contains("6.0 nats below") && why.contains("0.001"),
            "{why}"
        );
    }
}

//! Trials that go the same way for a while are played as one until they part.
//!
//! Hypotheses of one draw have their past in common up to the onset of each, and the futures of one
//! plan all seconds before something is added. A [`Course`] plays what its trials share once; each
//! goes on from a [`Stem`], where it parts. What a trial is made of is compared and never assumed, so
//! that the bits are those of [`crate::play`] on each by itself.

use crate::trial::{Player, Trial};
use aegis_model::{Laid, Outcome, Overlay, Tick};
use std::sync::Arc;

/// Trials that are alike until each parts.
#[derive(Debug)]
pub struct Course<'a> {
    /// What they share.
    trunk: Trial,
    /// When each parts, its position among all trials, and the trial; by time.
    branches: Vec<(Tick, usize, &'a Trial)>,
}

/// A trial at the second in which it parts from its course.
pub struct Stem<'a> {
    position: usize,
    trial: &'a Trial,
    player: Player,
}

/// The courses of some trials. Their order and that of their branches follow from the trials alone.
#[must_use]
pub fn courses(trials: &[Trial]) -> Vec<Course<'_>> {
    let mut groups: Vec<Vec<(usize, &Trial)>> = Vec::new();
    for (position, trial) in trials.iter().enumerate() {
        let known = groups.iter_mut().find(|group| is_alike(group[0].1, trial));
        match known {
            Some(group) => group.push((position, trial)),
            None => groups.push(vec![(position, trial)]),
        }
    }
    groups.iter().map(|group| Course::of(group)).collect()
}

/// Outcomes of trials, in their order, one after the other.
#[must_use]
pub fn play_all(trials: &[Trial]) -> Vec<Outcome> {
    let stems = courses(trials)
        .into_iter()
        .flat_map(|course| course.stems());
    in_order(stems.map(Stem::play).collect())
}

/// Outcomes in the order of their trials.
#[must_use]
pub fn in_order(mut outcomes: Vec<(usize, Outcome)>) -> Vec<Outcome> {
    outcomes.sort_unstable_by_key(|(position, _)| *position);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Whether two trials differ in nothing but what is laid, which changes are replayed, and their end.
fn is_alike(a: &Trial, b: &Trial) -> bool {
    (a.stream, a.decide) == (b.stream, b.decide)
        && Arc::ptr_eq(&a.twin, &b.twin)
        && is_same(&a.plan, &b.plan)
        && is_same(&a.objectives, &b.objectives)
        && match (&a.window, &b.window) {
            (Some((a, from)), Some((b, since))) => from == since && Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
        && is_same(&a.load, &b.load)
        && is_same(&a.behaviours, &b.behaviours)
}

fn is_same<T: PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}

impl<'a> Course<'a> {
    /// The course of trials that are alike.
    fn of(group: &[(usize, &'a Trial)]) -> Self {
        let first = group[0].1;
        let shared = group
            .iter()
            .fold(first.overlay.0.len(), |shared, (_, trial)| {
                let same = |(a, b): &(&Laid, &Laid)| a == b;
                let pairs = first.overlay.0.iter().zip(&trial.overlay.0);
                shared.min(pairs.take_while(same).count())
            });
        let trunk = Trial {
            overlay: Overlay(first.overlay.0[..shared].to_vec()),
            ..first.clone()
        };
        let mut branches: Vec<(Tick, usize, &Trial)> = group
            .iter()
            .map(|(position, trial)| (parting(&trunk, trial), *position, *trial))
            .collect();
        branches.sort_by_key(|(at, position, _)| (*at, *position));
        Self { trunk, branches }
    }

    /// Plays what is shared; each trial where it parts. The work of the shared seconds is counted
    /// once, with the trial that parts last.
    #[must_use]
    pub fn stems(&self) -> Vec<Stem<'a>> {
        let mut player = Player::start(&self.trunk);
        let mut stems = Vec::with_capacity(self.branches.len());
        for (at, position, trial) in &self.branches {
            player.run(&self.trunk, *at);
            stems.push(Stem {
                position: *position,
                trial,
                player: player.clone(),
            });
        }
        let but_last = stems.len().saturating_sub(1);
        for stem in &mut stems[..but_last] {
            stem.player.forget_work();
        }
        stems
    }
}

impl Stem<'_> {
    /// Plays on to the end: the trial's position, and its outcome.
    #[must_use]
    pub fn play(mut self) -> (usize, Outcome) {
        self.player.run(self.trial, self.trial.until);
        (self.position, self.player.finish(self.trial))
    }
}

/// The first second in which a trial is not its trunk: it ends, something more is laid, or another change
/// replayed.
fn parting(trunk: &Trial, trial: &Trial) -> Tick {
    let more = trial.overlay.0.iter().skip(trunk.overlay.0.len());
    let laid = more.map(|laid| laid.from);
    let pairs = trunk.changes.iter().zip(trial.changes.iter());
    let same = if Arc::ptr_eq(&trunk.changes, &trial.changes) {
        trial.changes.len()
    } else {
        pairs.take_while(|(a, b)| a == b).count()
    };
    let changes = [trunk.changes.get(same), trial.changes.get(same)];
    let replayed = changes.into_iter().flatten().map(|record| record.at);
    laid.chain(replayed).fold(trial.until, Tick::min)
}

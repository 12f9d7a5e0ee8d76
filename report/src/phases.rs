//! The phases of a run: undetected, deciding, applying, recovering.

use crate::facts::Facts;
use crate::objectives::Course;
use crate::round::Round;
use crate::story::Story;

/// A stretch of time with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// What went on.
    pub stage: Stage,
    /// First second.
    pub from: i64,
    /// Last second.
    pub to: i64,
}

/// What went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It acts, and nobody was paged.
    Undetected,
    /// Diagnosis, planning, approval.
    Deciding,
    /// Steps are taken.
    Applying,
    /// Watched, until objectives are met again or the next decision begins.
    Recovering,
}

impl Stage {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Undetected => "undetected",
            Self::Deciding => "deciding",
            Self::Applying => "applying",
            Self::Recovering => "recovering",
        }
    }
}

/// The phases of a run, in order of time.
#[must_use]
pub fn phases(story: &Story<'_>, facts: &Facts, courses: &[Course<'_>]) -> Vec<Phase> {
    let mut phases = Vec::new();
    for (place, incident) in story.incidents.iter().enumerate() {
        let onset = facts.onset.filter(|_| place == 0).unwrap_or(incident.onset);
        add(&mut phases, Stage::Undetected, onset, incident.opened);
        let next = story
            .incidents
            .get(place + 1)
            .map_or(i64::MAX, |next| next.opened);
        let mine = |round: &&Round<'_>| (incident.opened..next).contains(&round.t);
        let end = incident.closed.map_or(story.end, |(t, _)| t);
        let rounds: Vec<&Round<'_>> = story.rounds.iter().filter(mine).collect();
        decide(
            &mut phases,
            (incident.opened, end),
            &rounds,
            good_again(courses, end),
        );
    }
    phases
}

/// The last missed second before an incident's end.
fn good_again(courses: &[Course<'_>], end: i64) -> i64 {
    let points = courses.iter().flat_map(|course| &course.points);
    let missed = points.filter(|point| point.is_missed() && point.t <= end);
    missed.map(|point| point.t).max().unwrap_or(end)
}

fn decide(phases: &mut Vec<Phase>, (opened, end): (i64, i64), rounds: &[&Round<'_>], good: i64) {
    let mut start = opened;
    for (place, round) in rounds.iter().enumerate() {
        let decided = round.applied.or(round.verdict.map(|(t, _)| t));
        let decided = decided.unwrap_or(round.t);
        add(phases, Stage::Deciding, start, decided);
        let Some(applied) = round.applied else {
            start = decided;
            continue;
        };
        let done = round.conduct.map_or(end, |(t, _)| t);
        add(phases, Stage::Applying, applied, done);
        let next = rounds.get(place + 1).map_or(good, |next| next.t);
        add(phases, Stage::Recovering, done, next);
        start = next.max(done);
    }
}

fn add(phases: &mut Vec<Phase>, stage: Stage, from: i64, to: i64) {
    if to > from {
        phases.push(Phase { stage, from, to });
    }
}

//! The figures of a run, each by its one definition.

use crate::facts::{Facts, Truth};
use crate::objectives::{Course, met_at_end};
use crate::story::Story;
use crate::summary::Cost;
use aegis_model::{Action, Hypothesis, ServiceId};

/// Severity of a symptom that pages.
pub const PAGE: f64 = 1.0;

/// Seconds that a mended state must last.
pub const LASTING: i64 = 120;

/// Whether every objective was met over its last window; `None` before the first scrape.
#[must_use]
pub fn objectives_met(story: &Story<'_>) -> Option<bool> {
    if let Some((_, met)) = story.ended {
        return Some(met.iter().all(|met| *met));
    }
    let mut objectives = story.objectives().iter();
    (!story.scrapes.is_empty()).then(|| objectives.all(|objective| met_at_end(objective, story)))
}

/// Whether a symptom paged within the run.
#[must_use]
pub fn paged(story: &Story<'_>) -> bool {
    first_page(story, 0).is_some()
}

/// Second of the first page from a time on.
fn first_page(story: &Story<'_>, from: i64) -> Option<i64> {
    let mut symptoms = story.symptoms.iter();
    let page = symptoms.find(|(t, symptom)| *t >= from && symptom.severity >= PAGE)?;
    Some(page.0)
}

/// Seconds from onset to the first symptom that pages.
#[must_use]
pub fn time_to_detect(story: &Story<'_>, facts: &Facts) -> Option<i64> {
    let onset = facts.onset?;
    Some(first_page(story, onset)? - onset)
}

/// Seconds from onset to the first diagnosis whose leader is right, as in all that follow up to the run's conclusion.
#[must_use]
pub fn time_to_locate(story: &Story<'_>, facts: &Facts) -> Option<i64> {
    let (onset, truth) = (facts.onset?, facts.truth.as_ref()?);
    let right = |hypotheses: &[Hypothesis]| {
        let top = hypotheses.first();
        top.is_some_and(|top| is_right(top, story, truth))
    };
    let (concluded, _) = story.conclusion()?;
    let late = story.diagnoses().rev();
    let late = late.filter(|(t, _)| (onset..=concluded).contains(t));
    let first = late
        .take_while(|(_, hypotheses)| right(hypotheses))
        .last()?;
    Some(first.0 - onset)
}

/// Whether a hypothesis is in the set of right answers.
#[must_use]
pub fn is_right(hypothesis: &Hypothesis, story: &Story<'_>, truth: &Truth) -> bool {
    let object = story.names.target(hypothesis.target);
    truth.holds(&hypothesis.fault, &object, hypothesis.field.as_ref())
}

/// Seconds from onset to the last second in which an objective was missed, if [`LASTING`] without
/// a miss follow; `None` where none was missed since onset.
#[must_use]
pub fn time_to_mend(story: &Story<'_>, facts: &Facts, courses: &[Course<'_>]) -> Option<i64> {
    let onset = facts.onset?;
    let last = courses.iter().filter_map(Course::last_missed).max()?;
    let watched = story.scrapes.last()?.t;
    (last >= onset && watched - last >= LASTING).then_some(last - onset)
}

/// Plans taken back.
#[must_use]
pub fn undone(story: &Story<'_>) -> usize {
    let rounds = story.rounds.iter();
    rounds.filter(|round| round.undone.is_some()).count()
}

/// Decisions, those to wait included.
#[must_use]
pub fn decisions(story: &Story<'_>) -> usize {
    let rounds = story.rounds.iter();
    rounds.filter(|round| round.verdict.is_some()).count()
}

/// What the run cost beside its losses.
#[must_use]
pub fn cost(story: &Story<'_>) -> Cost {
    let objects = &story.objects;
    let span = |t: aegis_model::Tick| t.since(story.origin);
    let nodes = objects.nodes.iter();
    let nodes: Vec<Life> = nodes
        .map(|node| (span(node.header.created), node.header.removed.map(span)))
        .collect();
    let pods = objects.pods.iter();
    let pods: Vec<Life> = pods
        .map(|pod| (span(pod.created), pod.removed.map(span)))
        .collect();
    Cost {
        node_s: beyond_start(&nodes, story.end),
        pod_s: beyond_start(&pods, story.end),
        shed_requests: shed(story),
    }
}

/// When a thing came and went.
type Life = (i64, Option<i64>);

/// Thing-seconds beyond the number at time 0, until `end`.
fn beyond_start(lives: &[Life], end: i64) -> f64 {
    let start = lives.iter().filter(|life| is_at(life, 0)).count() as i64;
    let mut turns: Vec<(i64, i64)> = lives.iter().flat_map(turns).collect();
    turns.sort_unstable();
    let (mut now, mut number, mut sum) = (0, start, 0);
    for (t, step) in turns.into_iter().filter(|(t, _)| (1..=end).contains(t)) {
        sum += (number - start).max(0) * (t - now);
        (now, number) = (t, number + step);
    }
    (sum + (number - start).max(0) * (end - now).max(0)) as f64
}

fn is_at(life: &Life, t: i64) -> bool {
    life.0 <= t && life.1.is_none_or(|gone| gone > t)
}

fn turns(life: &Life) -> impl Iterator<Item = (i64, i64)> + use<> {
    let gone = life.1.map(|t| (t, -1));
    [(life.0, 1)].into_iter().chain(gone)
}

/// Requests turned away on purpose: of each entry its share in force times its requests.
fn shed(story: &Story<'_>) -> f64 {
    let scrapes = story.scrapes.iter();
    let entries = scrapes.flat_map(|scrape| {
        let entries = scrape.samples.entries.iter();
        entries.map(move |entry| (scrape.t, entry))
    });
    entries
        .map(|(t, entry)| share_shed(story, entry.service, t) * entry.requests.total)
        .sum()
}

/// Share of an entry's traffic that is turned away at a time.
fn share_shed(story: &Story<'_>, entry: ServiceId, now: i64) -> f64 {
    let mut in_force = 0.0;
    for round in &story.rounds {
        let is_back = round.undone.is_some_and(|(t, ..)| t < now);
        for step in round.steps.iter().filter(|step| step.t < now) {
            if let Action::ShedTraffic { service, share } = step.action
                && *service == entry
            {
                in_force = if is_back { 0.0 } else { *share };
            }
        }
    }
    in_force
}

#[cfg(test)]
mod tests {
    use super::beyond_start;

    #[test]
    fn only_what_is_beyond_the_start_is_paid() {
        let steady = [(-10, None), (-10, Some(50)), (60, None)];
        assert_eq!(beyond_start(&steady, 100), 0.0);
        let surge = [(-10, Some(40)), (30, None), (90, None)];
        assert_eq!(beyond_start(&surge, 100), 10.0 + 10.0);
        assert_eq!(beyond_start(&[], 100), 0.0);
    }
}

//! What went well, what went badly, what to do about it: sentences derived from a run's data.

use crate::format::{count, fixed, length};
use crate::story::Story;
use crate::summary::Summary;
use crate::words;
use aegis_model::{Action, Ending, Finding, Hypothesis, Plan, PlanSource, SymptomKind};

/// A detection faster than this is worth a good word, one slower than twice of it a follow-up, s.
const FAST: i64 = 60;

/// Confidence below which a diagnosis should be looked at by a person.
const SURE: f64 = 0.8;

/// Error of the twin on healthy data above which its predictions need care.
const TWIN_ERROR: f64 = 0.15;

/// What went well.
#[must_use]
pub fn good_news(story: &Story<'_>, summary: &Summary) -> Vec<String> {
    let fast = summary.ttd_s.filter(|s| *s <= FAST);
    let news = [
        fast.map(|s| format!("The page came {} after the onset.", length(s))),
        right(summary, true).then(|| "The diagnosis is what was really wrong.".into()),
        confirmed(story, Finding::Confirmed)
            .then(|| "What came after the plan is what its hypothesis predicted.".into()),
        kept_band(story),
        (summary.harm == Some(false) && !summary.commands.is_empty())
            .then(|| "No objective lost more than it would have with nothing done.".into()),
        (summary.outcome == Ending::Healthy).then(|| "Nothing was touched without need.".into()),
    ];
    news.into_iter().flatten().collect()
}

/// What went badly.
#[must_use]
pub fn bad_news(story: &Story<'_>, summary: &Summary) -> Vec<String> {
    let slow = summary.ttd_s.filter(|s| *s > 2 * FAST);
    let twin = summary.twin_error.filter(|error| *error > TWIN_ERROR);
    let news = [
        slow.map(|s| format!("The page came only {} after the onset.", length(s))),
        right(summary, false).then(|| "The diagnosis is not what was really wrong.".into()),
        confirmed(story, Finding::Refuted)
            .then(|| "A diagnosis was acted on and then refuted.".into()),
        (summary.undone > 0).then(|| {
            format!(
                "{} had to be taken back.",
                count(summary.undone, "plan", "plans")
            )
        }),
        twin.map(|error| {
            format!(
                "The twin was off by {} % on healthy data.",
                fixed(error * 100.0, 0)
            )
        }),
        (summary.harm == Some(true))
            .then(|| "An objective lost more than it would have with nothing done.".into()),
        (summary.objectives_met == Some(false)).then(|| "Objectives are missed at the end.".into()),
    ];
    news.into_iter().flatten().collect()
}

fn right(summary: &Summary, wanted: bool) -> bool {
    let truth = summary.truth.as_ref();
    truth.and_then(|truth| truth.diagnosis_right) == Some(wanted)
}

fn confirmed(story: &Story<'_>, wanted: Finding) -> bool {
    let mut rounds = story.rounds.iter();
    rounds.any(|round| round.reflection.is_some_and(|(_, r)| r.finding == wanted))
}

/// Whether the watched loss stayed below its predicted bound.
fn kept_band(story: &Story<'_>) -> Option<String> {
    let bins: Vec<_> = story
        .rounds
        .iter()
        .flat_map(|round| &round.watched)
        .collect();
    let inside = bins.iter().filter(|bin| bin.loss <= bin.bound).count();
    let most = !bins.is_empty() && inside * 10 >= bins.len() * 9;
    most.then(|| {
        format!(
            "The loss stayed within its predicted 95 % band in {inside} of {} bins.",
            bins.len()
        )
    })
}

/// What to do about it.
#[must_use]
pub fn follow_ups(story: &Story<'_>, summary: &Summary) -> Vec<String> {
    let mut points = Vec::new();
    if let Some(top) = story.top() {
        cause(&mut points, top, story);
    }
    if let Some((round, plan, _)) = story.decisive() {
        let table = round.table().iter();
        let lasts = table
            .filter(|score| score.plan == plan.id)
            .all(|score| score.durable);
        remedy(&mut points, plan, lasts);
    }
    detection(&mut points, story, summary);
    if matches!(
        summary.outcome,
        Ending::Unresolved | Ending::Undone | Ending::Refused
    ) {
        points.push("Hand this over to a person: nothing that was tried has mended it.".into());
    }
    points
}

fn cause(points: &mut Vec<String>, top: &Hypothesis, story: &Story<'_>) {
    if let Some(entry) = top.change.and_then(|n| story.record.get(n as usize)) {
        points.push(format!(
            "Find out why this change passed review and tests: {}.",
            words::change(entry)
        ));
    }
    if let Some(actor) = &top.actor {
        points.push(format!(
            "Change {actor} at its source; it will write the field again."
        ));
    }
    if top.fault == "unknown" || top.confidence < SURE {
        let checks = story
            .rounds
            .last()
            .map_or(&[][..], |round| round.next_checks);
        points.push("The cause is not certain; look further before closing this.".into());
        points.extend(checks.iter().map(|check| format!("Look at: {check}")));
    }
}

fn remedy(points: &mut Vec<String>, plan: &Plan, lasts: bool) {
    match plan.source {
        PlanSource::Contain => {
            points.push(
                "The plan contains the damage and leaves its cause in place; mend the cause."
                    .into(),
            );
        }
        PlanSource::Outgrow => {
            points.push(
                "The plan makes room for the fault; mend the fault, then take the room back."
                    .into(),
            );
        }
        _ => {}
    }
    if !lasts {
        points.push(
            "In the twin the plan did not outlast a second trigger; expect this again.".into(),
        );
    }
    let sheds = |step: &aegis_model::PlanStep| matches!(step.action, Action::ShedTraffic { share, .. } if share > 0.0);
    if plan.steps.iter().any(sheds) {
        points.push(
            "Requests are turned away at the entry; lift this when there is room again.".into(),
        );
    }
}

fn detection(points: &mut Vec<String>, story: &Story<'_>, summary: &Summary) {
    if summary.ttd_s.is_some_and(|s| s > 2 * FAST) {
        points.push(
            "Add an alert nearer to the cause; users felt this before anyone was paged.".into(),
        );
    }
    if summary.users_affected && summary.ttd_s.is_none() && summary.onset_s.is_some() {
        points.push("Users were affected and nobody was paged; revise the alerts.".into());
    }
    let mut symptoms = story.symptoms.iter();
    let missing = symptoms.find(|(_, s)| s.kind == SymptomKind::TelemetryMissing);
    if let Some((_, symptom)) = missing {
        let name = story.names.target(symptom.subject);
        points.push(format!("Restore the telemetry of {name}."));
    }
}

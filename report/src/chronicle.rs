//! `chronicle.md`: the narrative for a post-mortem.
//!
//! Every sentence comes from an event or a figure; follow-ups are derived, and say from what.

use crate::debate;
use crate::facts::Facts;
use crate::followup::{bad_news, follow_ups, good_news};
use crate::format::{clock, fixed, latency, markdown, markdown_code, one_line, percent};
use crate::lines::Lines;
use crate::objectives::{Course, courses};
use crate::story::Story;
use crate::summary::Summary;
use crate::text::{Line, Span};
use crate::words;
use aegis_model::Hypothesis;

/// The narrative.
#[must_use]
pub fn chronicle(story: &Story<'_>, summary: &Summary, facts: &Facts) -> String {
    let mut out = format!("# Post-mortem: {}\n", markdown(&summary.scenario));
    overview(&mut out, story, summary);
    impact(&mut out, story, summary);
    timeline(&mut out, story);
    root_cause(&mut out, story, facts);
    arguments(&mut out, story);
    resolution(&mut out, story);
    list(&mut out, "What went well", &good_news(story, summary));
    list(&mut out, "What went badly", &bad_news(story, summary));
    list(&mut out, "Follow-ups", &follow_ups(story, summary));
    appendix(&mut out, summary);
    out
}

fn say(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn title(out: &mut String, text: &str) {
    say(out, &format!("\n## {text}\n"));
}

fn list(out: &mut String, heading: &str, points: &[String]) {
    title(out, heading);
    if points.is_empty() {
        return say(out, "Nothing to note.");
    }
    for point in points {
        say(out, &format!("- {}", markdown(point)));
    }
}

fn overview(out: &mut String, story: &Story<'_>, summary: &Summary) {
    title(out, "Summary");
    let outcome = words::ending(summary.outcome);
    say(
        out,
        &format!("**{outcome}.** {}", words::ending_meaning(summary.outcome)),
    );
    if let Some(top) = story.top() {
        let name = markdown(&words::hypothesis(top, &story.names));
        let confidence = fixed(top.confidence, 2);
        say(
            out,
            &format!("The leading explanation is {name}, with confidence {confidence}."),
        );
    }
    if let Some((_, plan, _)) = story.decisive() {
        say(
            out,
            &format!("The plan that was chosen: {}.", markdown(&plan.summary)),
        );
    }
    let lost = fixed(summary.slo_minutes_lost, 2);
    let timing = words::timing(summary);
    say(out, &format!("Users lost {lost} SLO minutes; {timing}."));
}

fn impact(out: &mut String, story: &Story<'_>, summary: &Summary) {
    title(out, "Impact");
    let courses = courses(story);
    if courses.is_empty() {
        return say(out, "No objective was set.");
    }
    say(out, "| entry | promised | missed for | worst minute |");
    say(out, "|---|---|---|---|");
    courses
        .iter()
        .for_each(|course| impact_row(out, course, story));
    if summary.cost.shed_requests > 0.0 {
        let shed = fixed(summary.cost.shed_requests, 0);
        say(
            out,
            &format!("\n{shed} requests were turned away on purpose."),
        );
    }
}

fn impact_row(out: &mut String, course: &Course<'_>, story: &Story<'_>) {
    let name = story.names.service(course.objective.service);
    let (lowest, highest) = course.worst();
    let lowest = lowest.map(|share| format!("{} succeeded", percent(share)));
    let highest = highest.map(|p99| format!("p99 {}", latency(p99)));
    let worst: Vec<String> = lowest.into_iter().chain(highest).collect();
    let row = format!(
        "| {} | {} | {} s | {} |",
        markdown(&name.to_string()),
        words::objective(course.objective),
        fixed(course.lost(), 0),
        worst.join(", ")
    );
    say(out, &row);
}

fn timeline(out: &mut String, story: &Story<'_>) {
    title(out, "Timeline");
    say(out, "| time | what | |");
    say(out, "|---|---|---|");
    let mut lines = Lines::default();
    let told = story.events.iter().flat_map(|stamped| lines.take(stamped));
    let told: Vec<Line> = told.collect();
    for line in told.into_iter().chain(lines.rest()) {
        say(out, &timeline_row(&line));
    }
}

/// Time, word, and the rest in one cell.
fn timeline_row(line: &Line) -> String {
    let cell = |spans: &[Span]| {
        let text: String = spans.iter().map(|span| span.text.as_str()).collect();
        markdown(text.trim())
    };
    let (time, rest) = line.0.split_at(line.0.len().min(1));
    let (word, rest) = rest.split_at(rest.len().min(1));
    format!("| {} | {} | {} |", cell(time), cell(word), cell(rest))
}

fn root_cause(out: &mut String, story: &Story<'_>, facts: &Facts) {
    title(out, "Root cause");
    let Some((t, hypotheses)) = story.conclusion() else {
        return say(out, "Nothing was diagnosed.");
    };
    let Some((top, others)) = hypotheses.split_first() else {
        return say(out, "No hypothesis was left to name.");
    };
    leader(out, top, t, story, facts);
    if others.is_empty() {
        return;
    }
    say(out, "\nAlso considered:\n");
    for other in others {
        rival(out, other, story);
    }
}

fn leader(out: &mut String, top: &Hypothesis, t: i64, story: &Story<'_>, facts: &Facts) {
    let name = markdown(&words::hypothesis(top, &story.names));
    let onset = clock(top.onset.since(story.origin));
    let confidence = fixed(top.confidence, 2);
    say(
        out,
        &format!(
            "**{name}**, since {onset}; diagnosed at {} with confidence {confidence}.",
            clock(t)
        ),
    );
    if let Some(meaning) = facts.meaning(&top.fault) {
        say(out, &markdown(meaning));
    }
    if let Some(entry) = top.change.and_then(|n| story.record.get(n as usize)) {
        let at = clock(entry.at.since(story.origin));
        say(
            out,
            &format!(
                "\nIt followed a change at {at}: {}.",
                markdown(&words::change(entry))
            ),
        );
    }
    evidence(out, "For it", &top.supporting);
    evidence(out, "Against it", &top.against);
}

fn evidence(out: &mut String, word: &str, points: &[String]) {
    if points.is_empty() {
        return;
    }
    say(out, &format!("\n{word}:\n"));
    for point in points {
        say(out, &format!("- {}", markdown(point)));
    }
}

fn rival(out: &mut String, other: &Hypothesis, story: &Story<'_>) {
    let name = markdown(&words::hypothesis(other, &story.names));
    let confidence = fixed(other.confidence, 2);
    let state = if other.refuted { ", refuted" } else { "" };
    let against = other
        .against
        .first()
        .map_or(String::new(), |why| format!(": {}", markdown(why)));
    say(out, &format!("- {name} ({confidence}{state}){against}"));
}

/// What was argued over the plans; nothing where nothing was.
fn arguments(out: &mut String, story: &Story<'_>) {
    let held = story.rounds.iter().filter(|round| !round.debate.is_empty());
    let mut held = held.peekable();
    if held.peek().is_none() {
        return;
    }
    title(out, "What was argued");
    for round in held {
        for one in debate::said(round, &story.names, story.origin) {
            let text = format!("{} {} ({})", one.who, one.what, one.why);
            say(out, &format!("- {} {}", clock(round.t), markdown(&text)));
        }
        for vote in debate::votes(round) {
            say(out, &format!("- {} {}", clock(round.t), markdown(&vote)));
        }
    }
}

fn resolution(out: &mut String, story: &Story<'_>) {
    title(out, "What was done");
    if story.commands().is_empty() {
        return say(out, "Nothing was changed.");
    }
    for round in &story.rounds {
        for step in &round.steps {
            say(
                out,
                &format!(
                    "- {} {}",
                    clock(step.t),
                    markdown_code(&one_line(step.kubectl))
                ),
            );
        }
        if let Some((t, why, commands)) = round.undone {
            say(
                out,
                &format!("- {} taken back: {}", clock(t), markdown(why)),
            );
            for command in commands {
                say(out, &format!("  - {}", markdown_code(&one_line(command))));
            }
        }
        if let Some((t, why)) = round.declined {
            say(out, &format!("- {} kept: {}", clock(t), markdown(why)));
        }
    }
}

fn appendix(out: &mut String, summary: &Summary) {
    title(out, "About this run");
    let versions = &summary.versions;
    say(
        out,
        &format!(
            "Seed {}, AEGIS {}, genome {}, clock {}. Event log BLAKE3 {}.",
            summary.seed,
            markdown(&versions.aegis),
            markdown(&versions.genome),
            markdown(&summary.clock),
            markdown_code(&summary.events_blake3)
        ),
    );
    if let Some(truth) = &summary.truth {
        let causes = truth.truth.causes.iter();
        let causes: Vec<String> = causes
            .map(|cause| format!("{} on {}", words::fault(&cause.fault), cause.object))
            .collect();
        let causes = if causes.is_empty() {
            "nothing".into()
        } else {
            causes.join(", ")
        };
        say(
            out,
            &format!(
                "It was a practice run; what was really wrong: {}.",
                markdown(&causes)
            ),
        );
    }
}

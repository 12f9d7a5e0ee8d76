//! For the terminal: the dearest faults as a table, then what would have helped, then what stands alone.

use super::words::{diagnosis, few, head, minutes, outcome, short, shown_by, sole};
use crate::compare::Comparison;
use crate::rehearsal::{Finding, Rehearsal};
use aegis_report::text::{Align, Cell, cell};
use aegis_report::{Line, Text, Tone};

/// Findings of the table.
const ROWS: usize = 20;
/// Findings that are told in full.
const TOLD: usize = 5;
/// Single points that are shown.
const POINTS: usize = 15;

/// A rehearsal.
#[must_use]
pub fn text(rehearsal: &Rehearsal) -> Text {
    let mut text = Text::default();
    text.title(&rehearsal.name);
    text.say(head(rehearsal));
    table(&mut text, &rehearsal.findings);
    for finding in rehearsal.findings.iter().take(TOLD) {
        told(&mut text, finding);
    }
    points(&mut text, rehearsal);
    hardened(&mut text, rehearsal);
    for (what, list) in [
        (
            "not played, the budget is used up",
            rehearsal.not_tried.len(),
        ),
        ("could not happen", rehearsal.skipped.len()),
    ] {
        if list > 0 {
            text.say("");
            text.push(Line::of(
                Tone::Faint,
                format!("{list} {what}; -o json lists them"),
            ));
        }
    }
    text
}

fn table(text: &mut Text, findings: &[Finding]) {
    let row = |finding: &Finding| -> Vec<Cell> {
        let treated = finding.sentinel.as_ref();
        vec![
            cell(finding.rank.to_string()),
            cell(finding.fault.clone()),
            cell(short(&finding.target)),
            cell(minutes(finding.untreated_slo_minutes)),
            cell(treated.map_or("–".to_owned(), |one| minutes(one.slo_minutes))),
            cell(outcome(finding)),
            cell(few(&finding.breaks, 3)),
        ]
    };
    let heading = ["", "FAULT", "AT", "LOST", "TREATED", "", "BREAKS"];
    let mut rows = vec![heading.map(cell).to_vec()];
    rows.extend(findings.iter().take(ROWS).map(row));
    text.say("");
    text.table(
        &[
            Align::Right,
            Align::Left,
            Align::Left,
            Align::Right,
            Align::Right,
            Align::Left,
            Align::Left,
        ],
        &rows,
    );
    if findings.len() > ROWS {
        text.say(format!(
            "… and {} more; -o json has them all",
            findings.len() - ROWS
        ));
    }
    text.say("LOST and TREATED: SLO minutes with nobody acting, and with Sentinel at work");
}

fn told(text: &mut Text, finding: &Finding) {
    text.say("");
    let title = format!(
        "{}. {} at {}",
        finding.rank,
        finding.fault,
        short(&finding.target)
    );
    text.push(Line::of(Tone::Strong, title).plain(format!(": {}", finding.summary)));
    if let Some(treatment) = &finding.sentinel {
        text.say(format!("   diagnosis: {}", diagnosis(treatment)));
        for command in treatment.plan.iter().take(4) {
            text.push(Line::of(Tone::Command, format!("   {command}")));
        }
    }
    for hardening in &finding.hardenings {
        text.push(Line::of(
            Tone::Good,
            format!(
                "   hardened: {} → {} SLO min by {}",
                minutes(hardening.before),
                minutes(hardening.after),
                hardening.summary
            ),
        ));
    }
}

fn points(text: &mut Text, rehearsal: &Rehearsal) {
    if rehearsal.single_points.is_empty() {
        return;
    }
    text.title("Single points of failure");
    let rows: Vec<Vec<Cell>> = rehearsal
        .single_points
        .iter()
        .take(POINTS)
        .map(|point| {
            vec![
                cell(short(&point.object)),
                cell(sole(point.sole)),
                cell(shown_by(point)),
                cell(point.words.clone()),
            ]
        })
        .collect();
    text.table(&[Align::Left; 4], &rows);
}

/// The patches that pay most, each once, with the command that makes them.
fn hardened(text: &mut Text, rehearsal: &Rehearsal) {
    let mut seen = Vec::new();
    let all = rehearsal.findings.iter().flat_map(|one| &one.hardenings);
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| (b.before - b.after).total_cmp(&(a.before - a.after)));
    all.retain(|one| {
        let new = !seen.contains(&&one.kubectl);
        seen.push(&one.kubectl);
        new
    });
    if all.is_empty() {
        return;
    }
    text.title("Patches that pay most");
    for one in all.iter().take(TOLD) {
        let cut = format!("{} → {} SLO min: ", minutes(one.before), minutes(one.after));
        text.push(Line::of(Tone::Good, cut).plain(&one.summary));
        for command in one.kubectl.iter().take(3) {
            for line in command.lines() {
                text.push(Line::of(Tone::Command, format!("   {line}")));
            }
        }
    }
}

/// A comparison.
#[must_use]
pub fn comparison(comparison: &Comparison) -> Text {
    let mut text = Text::default();
    text.title(&format!("{} → {}", comparison.names.0, comparison.names.1));
    if comparison.changes.is_empty() && comparison.given_up.is_empty() {
        text.say("the change makes no fault cheaper or dearer");
    }
    for change in comparison.changes.iter().take(ROWS) {
        let tone = if change.more > 0.0 {
            Tone::Bad
        } else {
            Tone::Good
        };
        text.push(Line::of(tone, &change.words));
    }
    for given_up in &comparison.given_up {
        text.push(Line::of(Tone::Warn, format!("given up: {given_up}")));
    }
    for point in &comparison.new_single_points {
        let words = format!(
            "new single point: {} ({})",
            short(&point.object),
            point.words
        );
        text.push(Line::of(Tone::Warn, words));
    }
    for (object, words) in &comparison.gone_single_points {
        let words = format!("no single point any more: {} ({words})", short(object));
        text.push(Line::of(Tone::Good, words));
    }
    text
}

//! For a pull request: tables in markdown.

use super::words::{few, head, minutes, outcome, short, shown_by, sole};
use crate::compare::Comparison;
use crate::rehearsal::Rehearsal;
use aegis_report::format::{markdown, markdown_code};
use std::fmt::Write as _;

/// A rehearsal.
#[must_use]
pub fn rehearsal(rehearsal: &Rehearsal) -> String {
    let mut text = format!("# Rehearsal of {}\n\n", markdown(&rehearsal.name));
    let _ = writeln!(text, "{}.\n", head(rehearsal));
    text.push_str("| # | fault | at | SLO min lost | with Sentinel | outcome | breaks |\n|--:|---|---|--:|--:|---|---|\n");
    for one in &rehearsal.findings {
        let treated = one.sentinel.as_ref();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            one.rank,
            one.fault,
            markdown(&short(&one.target)),
            minutes(one.untreated_slo_minutes),
            treated.map_or("–".to_owned(), |one| minutes(one.slo_minutes)),
            outcome(one),
            markdown(&few(&one.breaks, 4)),
        );
    }
    text.push_str("\n## Single points of failure\n\n| object | why | shown by |\n|---|---|---|\n");
    for point in &rehearsal.single_points {
        let _ = writeln!(
            text,
            "| {} | {}: {} | {} |",
            markdown(&short(&point.object)),
            sole(point.sole),
            markdown(&point.words),
            shown_by(point),
        );
    }
    text.push_str("\n## Hardening, each proven on the same seed\n");
    for one in &rehearsal.findings {
        for hardening in &one.hardenings {
            let _ = writeln!(
                text,
                "\n- {} at {}: {} → {} SLO min by {}",
                one.fault,
                markdown(&short(&one.target)),
                minutes(hardening.before),
                minutes(hardening.after),
                markdown(&hardening.summary),
            );
            for command in &hardening.kubectl {
                let _ = writeln!(text, "\n{}", fenced(command));
            }
        }
    }
    text
}

/// A block of code: one that its text cannot end.
fn fenced(command: &str) -> String {
    let block = format!("```sh\n{command}\n```");
    if command.contains("```") {
        markdown_code(command)
    } else {
        block
    }
}

/// A comparison.
#[must_use]
pub fn comparison(comparison: &Comparison) -> String {
    let mut text = format!(
        "# {} → {}\n\n",
        markdown(&comparison.names.0),
        markdown(&comparison.names.1)
    );
    for change in &comparison.changes {
        let _ = writeln!(text, "- {}", markdown(&change.words));
    }
    for given_up in &comparison.given_up {
        let _ = writeln!(text, "- given up: {}", markdown(given_up));
    }
    for point in &comparison.new_single_points {
        let object = markdown(&short(&point.object));
        let _ = writeln!(
            text,
            "- new single point: {object} ({})",
            markdown(&point.words)
        );
    }
    text
}

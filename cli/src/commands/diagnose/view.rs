//! A diagnosis for people: the cause, why, the fix with its undo, what to check next.

use crate::paint::{Paint, harmless};
use aegis_inspect::advice::Advice;
use aegis_model::inspection::{CauseFound, Inspection, InspectionVerdict, Tried};
use std::fmt::Write;

/// Findings that are told in full; the others in a line.
const IN_FULL: usize = 1;
/// Observations that are told of a finding.
const EVIDENCE: usize = 4;
/// Files that could not be read that are listed.
const UNREAD: usize = 8;

/// The whole answer.
pub fn text(found: &Inspection, advice: &[Advice], paint: Paint) -> String {
    let mut out = String::new();
    head(&mut out, found, paint);
    for finding in found.findings.iter().take(IN_FULL) {
        full(&mut out, finding, paint);
    }
    also(&mut out, found, paint);
    advise(&mut out, advice, paint);
    unread(&mut out, found, paint);
    out
}

fn head(out: &mut String, found: &Inspection, paint: Paint) {
    let words = match found.verdict {
        InspectionVerdict::Found => return,
        InspectionVerdict::Healthy => paint.green("healthy: nothing that was read is wrong"),
        InspectionVerdict::Unknown => {
            paint.yellow("unknown: something is wrong, and nothing that was read says why")
        }
    };
    let _ = writeln!(out, "{words}");
}

fn full(out: &mut String, finding: &CauseFound, paint: Paint) {
    let title = format!("{} at {}", finding.fault, harmless(&finding.object));
    let sure = format!("{:.0} %", finding.confidence * 100.0);
    let _ = writeln!(
        out,
        "{}  {}",
        paint.bold(&paint.red(&title)),
        paint.dim(&sure)
    );
    let _ = writeln!(out, "  {}", finding.mechanism);
    if let Some(field) = &finding.field {
        let _ = writeln!(out, "  field    {}", harmless(field));
    }
    section(
        out,
        "why",
        finding
            .evidence
            .iter()
            .take(EVIDENCE)
            .map(|seen| format!("{} {}: {}", seen.source, seen.reference, seen.text)),
        paint,
    );
    section(
        out,
        "against",
        finding.against.iter().map(|seen| seen.text.clone()),
        paint,
    );
    section(out, "fix", finding.fix.kubectl.iter().cloned(), paint);
    section(
        out,
        "tried",
        finding_tried(&finding.fix.tried).into_iter(),
        paint,
    );
    section(out, "undo", finding.fix.undo.iter().cloned(), paint);
    section(
        out,
        "check",
        finding
            .next_checks
            .iter()
            .map(|next| format!("{}   would show: {}", next.kubectl, next.would_show)),
        paint,
    );
}

/// What trying the fix showed, in a line; nothing where it was not tried.
fn finding_tried(tried: &Tried) -> Option<String> {
    let (seconds, before, after) = (
        tried.seconds?,
        tried.before.as_ref()?,
        tried.after.as_ref()?,
    );
    let end = match tried.ended? {
        true => "it ends the fault",
        false => "it does not end the fault",
    };
    Some(format!(
        "{end}: in {seconds} s of a rebuilt cluster, {before} without it, {after} with it"
    ))
}

fn section(out: &mut String, name: &str, lines: impl Iterator<Item = String>, paint: Paint) {
    for (at, line) in lines.enumerate() {
        let name = if at == 0 { name } else { "" };
        let _ = writeln!(
            out,
            "  {}{}",
            paint.cyan(&format!("{name:<9}")),
            harmless(&shortened(&line))
        );
    }
}

/// Letters of a line.
const WIDTH: usize = 280;

fn shortened(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn also(out: &mut String, found: &Inspection, paint: Paint) {
    let others: Vec<&CauseFound> = found.findings.iter().skip(IN_FULL).collect();
    if !others.is_empty() {
        let _ = writeln!(out, "also considered");
    }
    for finding in others {
        let sure = format!("{:>4.0} %", finding.confidence * 100.0);
        let _ = writeln!(
            out,
            "  {}  {} at {}",
            paint.dim(&sure),
            finding.fault,
            harmless(&finding.object)
        );
    }
}

/// Pieces of advice that are told; all of them stand in the JSON.
const ADVISED: usize = 4;

/// What is not wrong, and not wanted either.
fn advise(out: &mut String, advice: &[Advice], paint: Paint) {
    if advice.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", paint.dim("advice: nothing of it is broken"));
    for one in advice.iter().take(ADVISED) {
        let _ = writeln!(out, "  {}: {}", harmless(&one.object), harmless(&one.text));
        section(out, "field", std::iter::once(one.field.clone()), paint);
        section(out, "change", std::iter::once(one.kubectl.clone()), paint);
        section(out, "undo", std::iter::once(one.undo.clone()), paint);
    }
    if advice.len() > ADVISED {
        let _ = writeln!(
            out,
            "  … and {} more (all with -o json)",
            advice.len() - ADVISED
        );
    }
}

fn unread(out: &mut String, found: &Inspection, paint: Paint) {
    if found.unread.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "{}",
        paint.yellow(&format!("not read: {}", found.unread.len()))
    );
    for one in found.unread.iter().take(UNREAD) {
        let _ = writeln!(out, "  {}: {}", harmless(&one.file), harmless(&one.why));
    }
    if found.unread.len() > UNREAD {
        let _ = writeln!(
            out,
            "  … and {} more (all with -o json)",
            found.unread.len() - UNREAD
        );
    }
}

//! The words that every form of a rehearsal shares.

use crate::rehearsal::{Finding, Rehearsal, SinglePoint, Sole, Treatment};
use aegis_report::format::{fixed, length};

/// Minutes with one decimal.
#[must_use]
pub fn minutes(value: f64) -> String {
    fixed(value, 1)
}

/// `Deployment/default/web` as `deployment/web`, with its namespace where that is not `default`.
#[must_use]
pub fn short(object: &str) -> String {
    let mut parts = object.splitn(2, '/');
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let rest = parts.next().unwrap_or_default();
    let rest = rest.strip_prefix("default/").unwrap_or(rest);
    format!("{kind}/{rest}")
}

/// What came of a treatment: `mended in 41 s`, `not mended`, `made worse`.
#[must_use]
pub fn outcome(finding: &Finding) -> String {
    let Some(treatment) = &finding.sentinel else {
        return "not treated".to_owned();
    };
    let mut words = match (treatment.mended, treatment.mended_after_s) {
        (true, Some(seconds)) => format!("mended in {}", length(seconds)),
        (true, None) => "kept from users".to_owned(),
        (false, _) => "not mended".to_owned(),
    };
    if treatment.harm {
        words.push_str(", made worse");
    }
    words
}

/// The diagnosis in words, and whether it is right.
#[must_use]
pub fn diagnosis(treatment: &Treatment) -> String {
    let Some((fault, object)) = &treatment.diagnosis else {
        return "no diagnosis".to_owned();
    };
    let right = match treatment.diagnosis_right {
        Some(true) => "right",
        Some(false) => "wrong",
        None => "not judged",
    };
    format!("{fault} at {} ({right})", short(object))
}

/// Names of a list, the first of them, and how many more.
#[must_use]
pub fn few(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(most)
        .map(|name| name.rsplit('/').next().unwrap_or(name).to_owned())
        .collect();
    let more = names.len().saturating_sub(most);
    match (shown.is_empty(), more) {
        (true, _) => "–".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Why a point is single.
#[must_use]
pub const fn sole(sole: Sole) -> &'static str {
    match sole {
        Sole::OneReplica => "one replica",
        Sole::SameNode => "one node",
        Sole::SameZone => "one zone",
        Sole::NoBudget => "no PodDisruptionBudget",
        Sole::Node => "node",
        Sole::Zone => "zone",
    }
}

/// What the loss of a single point costs.
#[must_use]
pub fn shown_by(point: &SinglePoint) -> String {
    point.shown_by.as_ref().map_or_else(
        || "not felt".to_owned(),
        |(fault, lost)| format!("{fault}: {} SLO min", minutes(*lost)),
    )
}

/// One line on the whole.
#[must_use]
pub fn head(rehearsal: &Rehearsal) -> String {
    let trials = &rehearsal.trials;
    let played = trials.untreated + trials.treated + trials.hardened;
    format!(
        "{} faults cost users something, {} cost nothing; {played} plays of {} min on seed {}",
        rehearsal.findings.len(),
        rehearsal.harmless.len(),
        rehearsal.length_s / 60,
        rehearsal.seed,
    )
}

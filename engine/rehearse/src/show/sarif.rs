//! SARIF 2.1.0, for code scanning: one result per finding and per single point, at file and line of its manifest.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use super::words::{minutes, outcome, short, shown_by, sole};
use crate::rehearsal::{Finding, Place, Rehearsal, SinglePoint};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the schema is.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// SLO minutes from which a finding is an error.
const ERROR: f64 = 5.0;

/// A rehearsal as a log of one run. `fallback` is the place of what no manifest shows, as a node.
#[must_use]
pub fn sarif(rehearsal: &Rehearsal, version: &str, fallback: &Place) -> Value {
    let results: Vec<Value> = rehearsal
        .findings
        .iter()
        .map(|one| of_finding(one, fallback))
        .chain(
            rehearsal
                .single_points
                .iter()
                .map(|one| of_point(one, fallback)),
        )
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "aegis rehearse",
                "semanticVersion": version,
                "rules": rules(rehearsal),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A rule per fault that was found, and one for each sort of single point.
fn rules(rehearsal: &Rehearsal) -> Vec<Value> {
    let faults = rehearsal
        .findings
        .iter()
        .map(|one| (one.fault.clone(), one.summary.clone()));
    let points = rehearsal.single_points.iter().map(|one| {
        (
            point_rule(one),
            format!("Single point of failure: {}.", sole(one.sole)),
        )
    });
    let all: BTreeMap<String, String> = faults.chain(points).collect();
    all.iter()
        .map(|(id, words)| json!({"id": id, "shortDescription": {"text": words}}))
        .collect()
}

fn point_rule(point: &SinglePoint) -> String {
    format!("single_point/{}", sole(point.sole).replace(' ', "_"))
}

fn of_finding(one: &Finding, fallback: &Place) -> Value {
    let mut words = format!(
        "{} at {} costs {} SLO minutes with nobody acting; {}.",
        one.fault,
        short(&one.target),
        minutes(one.untreated_slo_minutes),
        outcome(one)
    );
    if let Some(best) = one.hardenings.first() {
        words.push_str(&format!(
            " {} would leave {}.",
            best.summary,
            minutes(best.after)
        ));
    }
    let level = if one.cost() >= ERROR {
        "error"
    } else {
        "warning"
    };
    result(
        &one.fault,
        level,
        &words,
        one.place.as_ref().unwrap_or(fallback),
        &one.target,
    )
}

fn of_point(one: &SinglePoint, fallback: &Place) -> Value {
    let words = format!("{}: {} ({}).", short(&one.object), one.words, shown_by(one));
    let place = one.place.as_ref().unwrap_or(fallback);
    result(&point_rule(one), "note", &words, place, &one.object)
}

fn result(rule: &str, level: &str, words: &str, place: &Place, object: &str) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": words},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&place.file)},
                "region": {"startLine": place.line.max(1)},
            },
            "logicalLocations": [{"fullyQualifiedName": object, "kind": "resource"}],
        }],
        "partialFingerprints": {"aegisRehearsal/v1": format!("{rule}@{object}")},
    })
}

/// A path as a relative reference: what a URI may not hold is written in percent.
fn uri(path: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    path.bytes()
        .map(|byte| {
            if is_plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

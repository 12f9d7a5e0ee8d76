//! From weighed candidates to what is shown: texts filled, names as they are given.

use crate::weigh::Weighed;
use aegis_model::inspection::{CauseFound, Fix, NextCheck, Tried};

/// A finding at its rank.
#[must_use]
pub fn finding(rank: u32, weighed: &Weighed) -> CauseFound {
    let candidate = &weighed.candidate;
    let fill = |text: &str| filled(text, weighed);
    let steps = candidate.cause.fix;
    let shown = candidate.evidence.iter().map(|seen| seen.text.as_str());
    let because = shown.max_by_key(|text| text.len().min(160)).unwrap_or("");
    CauseFound {
        rank,
        fault: candidate.cause.id.to_owned(),
        object: candidate.object.clone(),
        field: candidate
            .field
            .as_deref()
            .map(|field| placed(&candidate.object, field)),
        mechanism: candidate.cause.mechanism.to_owned(),
        actor: candidate.actor.clone(),
        summary: format!(
            "{}: {} {}",
            candidate.object,
            candidate.cause.mechanism,
            short(because)
        )
        .trim()
        .to_owned(),
        confidence: (weighed.confidence * 1000.0).round() / 1000.0,
        evidence: candidate.evidence.clone(),
        against: candidate.against.clone(),
        next_checks: vec![NextCheck {
            kubectl: fill(candidate.cause.check.0),
            would_show: fill(candidate.cause.check.1),
        }],
        fix: Fix {
            kubectl: steps.iter().map(|step| fill(step.kubectl)).collect(),
            undo: steps
                .iter()
                .rev()
                .filter(|step| !step.undo.is_empty())
                .map(|step| fill(step.undo))
                .collect(),
            tried: Tried::default(),
        },
    }
}

/// A field of a pod's spec as its object has it: a Pod has no template, a CronJob's is that of its Jobs.
fn placed(object: &str, field: &str) -> String {
    let own = |prefix: &str| match field.strip_prefix("spec.template.spec") {
        Some(rest) => format!("{prefix}{rest}"),
        None => field.to_owned(),
    };
    match object.split('/').next() {
        Some("Pod") => own("spec"),
        Some("CronJob") => own("spec.jobTemplate.spec.template.spec"),
        _ => field.to_owned(),
    }
}

/// Letters of the evidence that a summary repeats.
const SHORT: usize = 200;

fn short(text: &str) -> String {
    let cut: String = text
        .chars()
        .take(SHORT)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if cut.is_empty() {
        cut
    } else {
        format!("({cut})")
    }
}

/// A text of the catalogue with its places filled. What fills them is quoted where a shell would
/// read more into it than a name.
fn filled(text: &str, weighed: &Weighed) -> String {
    let candidate = &weighed.candidate;
    let mut parts = candidate.object.splitn(3, '/');
    let kind = parts.next().unwrap_or("").to_ascii_lowercase();
    let rest: Vec<&str> = parts.collect();
    let (namespace, name) = match rest.as_slice() {
        [namespace, name] => (*namespace, *name),
        [name] => ("", *name),
        _ => ("", ""),
    };
    let mut done = text
        .replace("{kind}", &kind)
        .replace("{name}", &quoted(name));
    if namespace.is_empty() {
        done = done.replace(" -n {ns}", "");
    }
    done = done.replace("{ns}", &quoted(namespace));
    for (place, value) in &candidate.values {
        done = done.replace(&format!("{{{place}}}"), &quoted(value));
    }
    blank(&done)
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@+[]".contains(letter);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    let printable: String = word.chars().filter(|letter| !letter.is_control()).collect();
    format!("'{}'", printable.replace('\'', "'\\''"))
}

/// Places that nothing fills become words that a person replaces.
fn blank(text: &str) -> String {
    const PLACES: &[(&str, &str)] = &[
        ("{pod}", "POD"),
        ("{value}", "VALUE"),
        ("{value_key}", "KEY"),
        ("{value_kind}", "KIND"),
        ("{value_node}", "NODE"),
        ("{service}", "SERVICE"),
        ("{labels}", "LABELS"),
        ("{container}", "CONTAINER"),
    ];
    PLACES.iter().fold(text.to_owned(), |text, (place, word)| {
        text.replace(place, word)
    })
}

//! A diagnosis without names: every name of the bundle becomes a word that says only what it is,
//! the same word everywhere.

use aegis_model::bundle::Bundle;
use aegis_model::inspection::{CauseFound, Evidence, Inspection};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names that are Kubernetes' own, or say nothing.
const PUBLIC: &[&str] = &[
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "kube-root-ca.crt",
];

/// Replaces names, addresses and images.
#[must_use]
pub fn anonymized(found: Inspection, bundle: &Bundle) -> Inspection {
    let names = names(bundle);
    let words = |text: &str| replaced(text, &names);
    Inspection {
        findings: found
            .findings
            .into_iter()
            .map(|one| finding(one, &words))
            .collect(),
        unread: found
            .unread
            .into_iter()
            .map(|mut one| {
                (one.file, one.why) = (words(&one.file), words(&one.why));
                one
            })
            .collect(),
        ..found
    }
}

fn finding(mut one: CauseFound, words: &dyn Fn(&str) -> String) -> CauseFound {
    one.object = words(&one.object);
    one.field = one.field.as_deref().map(words);
    one.actor = one.actor.as_deref().map(words);
    one.summary = words(&one.summary);
    for seen in one.evidence.iter_mut().chain(&mut one.against) {
        *seen = Evidence {
            source: seen.source.clone(),
            reference: words(&seen.reference),
            text: words(&seen.text),
        };
    }
    for next in &mut one.next_checks {
        (next.kubectl, next.would_show) = (words(&next.kubectl), words(&next.would_show));
    }
    for command in one.fix.kubectl.iter_mut().chain(&mut one.fix.undo) {
        *command = words(command);
    }
    one
}

/// What each name becomes, longest first: a name may be a part of another.
fn names(bundle: &Bundle) -> Vec<(String, String)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut note = |kind: &str, name: &str| {
        if name.len() > 1 && !PUBLIC.contains(&name) && !known.contains_key(name) {
            let count = counts.entry(kind.to_owned()).or_insert(0);
            *count += 1;
            known.insert(
                name.to_owned(),
                format!("{}-{count}", kind.to_ascii_lowercase()),
            );
        }
    };
    if let Some(namespace) = &bundle.namespace {
        note("namespace", namespace);
    }
    for object in &bundle.objects {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("")
        };
        note("namespace", text("/metadata/namespace"));
        note(text("/kind"), text("/metadata/name"));
        for container in object
            .pointer("/spec/containers")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            note(
                "image",
                container.get("image").and_then(Value::as_str).unwrap_or(""),
            );
            note(
                "container",
                container.get("name").and_then(Value::as_str).unwrap_or(""),
            );
        }
    }
    for log in &bundle.logs {
        note("pod", &log.of);
    }
    let mut names: Vec<(String, String)> = known.into_iter().collect();
    names.sort_by(|one, other| {
        other
            .0
            .len()
            .cmp(&one.0.len())
            .then_with(|| one.0.cmp(&other.0))
    });
    names
}

fn replaced(text: &str, names: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        let starts = !is_name(before);
        let hit = names.iter().find(|(name, _)| {
            let after = rest
                .strip_prefix(name.as_str())
                .map(|after| after.chars().next());
            starts && after.is_some_and(|after| !after.is_some_and(is_name))
        });
        match (hit, starts.then(|| address(rest)).flatten()) {
            (Some((name, word)), _) => {
                out.push_str(word);
                rest = &rest[name.len()..];
                before = '0';
            }
            (None, Some(length)) => {
                out.push_str("ADDRESS");
                rest = &rest[length..];
                before = '0';
            }
            (None, None) => {
                out.push(letter);
                before = letter;
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    out
}

const fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

/// The length of an IPv4 address at the start of a text.
fn address(text: &str) -> Option<usize> {
    let end = text
        .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
        .unwrap_or(text.len());
    let word = text[..end].trim_end_matches('.');
    word.parse::<core::net::Ipv4Addr>().ok().map(|_| word.len())
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn names_are_replaced_whole_and_everywhere() {
        let names = [
            ("cart-7f".to_owned(), "pod-1".to_owned()),
            ("cart".to_owned(), "service-1".to_owned()),
        ];
        let text = "cart-7f asks cart:80 at 10.0.0.7, not cartoon";
        assert_eq!(
            replaced(text, &names),
            "pod-1 asks service-1:80 at ADDRESS, not cartoon"
        );
    }
}

//! Logs of containers: what complains in them, grouped by template.

use crate::drain::Drain;
use crate::lexicon;
use crate::moment::moment;
use aegis_model::bundle::{Complaint, Condition, Log, LogRun, Moment};
use serde_json::Value;
use std::collections::BTreeMap;

/// Letters of a line that are looked at.
const MAX_LINE: usize = 2_000;
/// Letters of a line that are shown.
const SHOWN: usize = 240;
/// Groups that are kept of a log.
const MAX_COMPLAINTS: usize = 40;

/// `logs/<pod>/<container>.log`, `.previous.log`, or `logs/<service>.errors.json`.
/// Nothing for a log that is empty.
#[must_use]
pub fn log(path: &str, text: &str) -> Option<Log> {
    let below = path.trim_start_matches("logs/");
    let (of, file) = below.split_once('/').unwrap_or((below, ""));
    let (stem, run) = named(if file.is_empty() { below } else { file });
    let (of, container) = if file.is_empty() {
        (stem, "")
    } else {
        (of, stem)
    };
    let sampled = path.ends_with(".json").then(|| samples(text)).flatten();
    let gathered = gather(sampled.as_deref().unwrap_or(text));
    (gathered.lines > 0).then(|| Log {
        of: of.to_owned(),
        container: container.to_owned(),
        run,
        lines: gathered.lines,
        last: gathered.last,
        complaints: gathered.complaints(),
    })
}

fn named(file: &str) -> (&str, LogRun) {
    const ENDINGS: &[(&str, LogRun)] = &[
        (".previous.log", LogRun::Previous),
        (".errors.json", LogRun::Samples),
        (".log", LogRun::Current),
        (".txt", LogRun::Current),
    ];
    let found = ENDINGS
        .iter()
        .find_map(|(ending, run)| Some((file.strip_suffix(ending)?, *run)));
    found.unwrap_or((file, LogRun::Current))
}

/// All texts within a document, a line each.
fn samples(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let mut lines = String::new();
    texts(&value, &mut lines);
    Some(lines)
}

fn texts(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => {
            into.push_str(text);
            into.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, into)),
        _ => {}
    }
}

#[derive(Default)]
struct Gathered {
    lines: u64,
    last: Option<Moment>,
    drain: Drain,
    groups: BTreeMap<(Condition, String, usize), Complaint>,
}

fn gather(text: &str) -> Gathered {
    let mut gathered = Gathered::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        gathered.add(line);
    }
    gathered
}

impl Gathered {
    fn add(&mut self, line: &str) {
        self.lines += 1;
        let (time, rest) = dated(cut(line, MAX_LINE));
        self.last = time.or(self.last);
        if is_frame(rest) {
            return;
        }
        let Some(condition) = lexicon::condition(rest) else {
            return;
        };
        let target = lexicon::target(rest, condition);
        let group = self.drain.group(rest);
        let complaint = self
            .groups
            .entry((condition, target.clone(), group))
            .or_insert_with(|| Complaint {
                template: String::new(),
                sample: shown(rest),
                count: 0,
                last: None,
                condition,
                target,
            });
        complaint.count += 1;
        complaint.last = time.or(complaint.last);
    }

    fn complaints(self) -> Vec<Complaint> {
        let drain = self.drain;
        let mut found: Vec<Complaint> = self
            .groups
            .into_iter()
            .map(|((_, _, group), complaint)| Complaint {
                template: drain.template(group),
                ..complaint
            })
            .collect();
        found.sort_by(|one, other| {
            other
                .count
                .cmp(&one.count)
                .then_with(|| one.condition.cmp(&other.condition))
                .then_with(|| one.template.cmp(&other.template))
        });
        found.truncate(MAX_COMPLAINTS);
        found
    }
}

/// The time that a container runtime writes before a line, and the line.
fn dated(line: &str) -> (Option<Moment>, &str) {
    match line.split_once(' ') {
        Some((first, rest)) => match moment(first) {
            Some(time) => (Some(time), rest),
            None => (None, line),
        },
        None => (None, line),
    }
}

/// A frame of a stack trace: its error stands in a line of its own.
fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("at ") || line.starts_with("... ") || line.starts_with("File \"")
}

fn cut(line: &str, most: usize) -> &str {
    let mut end = line.len().min(most);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

/// A line as it is shown: short, without control characters.
fn shown(line: &str) -> String {
    cut(line.trim(), SHOWN)
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

//! Suite `bundles`: support bundles of incidents whose cause and object are known.
//!
//! A finding is right when its id is the label's cause and its object the label's object. A@1: the
//! first finding is right; A@3: one of the first three is.

mod labels;
mod object;
mod published;
mod tally;
mod text;

pub use labels::{Label, Labels, Names};
pub use object::is_meant;
pub use published::{PUBLISHED, Row};
pub use tally::{Confused, Fold, Scores, tally};
pub use text::text;

use crate::share::Hit;
use aegis_inspect::{Scope, inspect};
use aegis_model::inspection::CauseFound;
use aegis_runner::bundle::{Files, gather};
use aegis_runner::settled::diagnosable;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Instant;

/// Findings that count for A@3.
const FIRST: usize = 3;

/// Why there is nothing to score.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The bundles cannot be read.
    #[error("{path} cannot be read: {error}")]
    Unread {
        /// What was given.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// No case that has a label lies there.
    #[error("no labelled case lies in {0}")]
    NoCase(String),
}

/// How a case went.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its name.
    pub case: String,
    /// Whether the first finding is right.
    pub first: Hit,
    /// Whether one of the first three is.
    pub third: Hit,
    /// Whether the first names the cause.
    pub cause: Hit,
    /// Whether the first names the object.
    pub object: Hit,
    /// The first finding: id, object, confidence; empty where nothing was found.
    pub said: (String, String, f64),
    /// Time of reading and diagnosing, s.
    pub seconds: f64,
}

/// Diagnoses all cases that have a label. `at` is a folder of bundles, or an archive of one; a case
/// lies in the folder that bears its name, however deep.
///
/// # Errors
/// When `at` cannot be read, or holds no case that has a label.
pub fn run(at: &Path, labels: &Labels, names: &Names) -> Result<Vec<Outcome>, EvalError> {
    let path = at.display().to_string();
    let files = gather(at).map_err(|error| EvalError::Unread {
        path: path.clone(),
        error,
    })?;
    let cases = parted(files, labels);
    if cases.is_empty() {
        return Err(EvalError::NoCase(path));
    }
    let outcomes = cases
        .into_iter()
        .map(|(case, files)| outcome(case, files, labels, names));
    Ok(outcomes.collect())
}

/// Files by case.
fn parted(files: Files, labels: &Labels) -> BTreeMap<String, Files> {
    let mut cases: BTreeMap<String, Files> = BTreeMap::new();
    for (path, bytes) in files.read {
        if let Some((case, inside)) = place(&path, labels) {
            let files = cases.entry(case.to_owned()).or_default();
            files.read.insert(inside.to_owned(), bytes);
        }
    }
    for (path, why) in files.unread {
        if let Some((case, inside)) = place(&path, labels) {
            let files = cases.entry(case.to_owned()).or_default();
            files.unread.push((inside.to_owned(), why));
        }
    }
    cases
}

/// The case that a path belongs to, and the path within it.
fn place<'a>(path: &'a str, labels: &Labels) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    while let Some(end) = path[from..].find('/').map(|at| from + at) {
        let part = &path[from..end];
        if labels.contains_key(part) {
            return Some((part, &path[end + 1..]));
        }
        from = end + 1;
    }
    None
}

fn outcome(case: String, files: Files, labels: &Labels, names: &Names) -> Outcome {
    let begun = Instant::now();
    let bundle = diagnosable(files);
    let found = inspect(&bundle, &Scope::default());
    let seconds = begun.elapsed().as_secs_f64();
    let label = &labels[&case];
    let is_cause = |one: &CauseFound| names.is(&one.fault, &label.root_cause);
    let is_object = |one: &CauseFound| is_meant(&label.fault_object, &one.object, &bundle);
    let is_right = |one: &CauseFound| is_cause(one) && is_object(one);
    let first = found.findings.first();
    Outcome {
        case,
        first: first.is_some_and(is_right).into(),
        third: found.findings.iter().take(FIRST).any(is_right).into(),
        cause: first.is_some_and(is_cause).into(),
        object: first.is_some_and(is_object).into(),
        said: first.map_or_else(Default::default, |one| {
            (one.fault.clone(), one.object.clone(), one.confidence)
        }),
        seconds,
    }
}

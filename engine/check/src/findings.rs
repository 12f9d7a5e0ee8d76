//! A list of problems that grows.

use aegis_kube::error::Problem;
use aegis_kube::spelling::nearest;
use aegis_kube::typed::shown;
use aegis_model::FieldPath;
use serde_json::Value;
use std::collections::BTreeSet;

/// Problems with help, in order of finding.
#[derive(Default)]
pub struct Findings {
    pub list: Vec<(Problem, Option<String>)>,
}

impl Findings {
    pub fn push(&mut self, problem: Problem, help: Option<String>) {
        self.list.push((problem, help));
    }

    /// Takes back what was found from there on at a place of which something was said before.
    pub fn only_news(&mut self, from: usize) {
        let place = |(problem, _): &(Problem, Option<String>)| {
            let text = problem.to_string();
            text.split(": ").next().map(str::to_owned)
        };
        let new = self.list.split_off(from);
        for finding in new {
            if !self
                .list
                .iter()
                .any(|known| place(known) == place(&finding))
            {
                self.list.push(finding);
            }
        }
    }

    pub fn required(&mut self, path: &FieldPath, detail: &str) {
        let path = path.clone();
        let detail = detail.into();
        self.push(Problem::Required { path, detail }, None);
    }

    pub fn invalid(&mut self, path: &FieldPath, value: impl Into<Value>, detail: &str) {
        let problem = Problem::Invalid {
            path: path.clone(),
            value: shown(&value.into()),
            detail: detail.into(),
        };
        self.push(problem, None);
    }

    pub fn not_found(&mut self, path: &FieldPath, value: impl Into<Value>) {
        let path = path.clone();
        let value = shown(&value.into());
        self.push(Problem::NotFound { path, value }, None);
    }

    pub fn forbidden(&mut self, path: &FieldPath, detail: &str) {
        let path = path.clone();
        let detail = detail.into();
        self.push(Problem::Forbidden { path, detail }, None);
    }

    pub fn duplicate(&mut self, path: &FieldPath, value: impl Into<Value>) {
        let path = path.clone();
        let value = shown(&value.into());
        self.push(Problem::Duplicate { path, value }, None);
    }

    /// The value must be one of a closed list; an empty one is left to defaults.
    pub fn one_of(&mut self, path: &FieldPath, value: &str, supported: &[&'static str]) {
        if value.is_empty() || supported.contains(&value) {
            return;
        }
        let help = nearest(value, supported.iter().copied());
        let problem = Problem::Unsupported {
            path: path.clone(),
            value: shown(&value.into()),
            supported: supported.to_vec(),
        };
        self.push(problem, help.map(|word| format!("did you mean `{word}`?")));
    }

    /// The texts must differ from each other; empty ones are left out.
    pub fn unique<'a>(
        &mut self,
        texts: impl IntoIterator<Item = &'a str>,
        path: impl Fn(usize) -> FieldPath,
    ) {
        let mut seen = BTreeSet::new();
        for (index, text) in texts.into_iter().enumerate() {
            if !text.is_empty() && !seen.insert(text) {
                self.duplicate(&path(index), text);
            }
        }
    }

    /// A problem of a part, at the path of the whole.
    pub fn misfit(&mut self, mut problem: Problem, root: &FieldPath) {
        let mut help = None;
        match &mut problem {
            Problem::WrongType { path, expected, .. } => {
                if expected == "a text" {
                    help = Some("put the value in quotes".into());
                }
                *path = joined(root, path);
            }
            Problem::Invalid { path, .. } => *path = joined(root, path),
            Problem::Unsupported {
                path,
                value,
                supported,
            } => {
                let word = nearest(value.trim_matches('"'), supported.iter().copied());
                help = word.map(|word| format!("did you mean `{word}`?"));
                *path = joined(root, path);
            }
            _ => {}
        }
        self.push(problem, help);
    }
}

fn joined(root: &FieldPath, path: &FieldPath) -> FieldPath {
    let segments = root.0.iter().chain(&path.0);
    FieldPath(segments.cloned().collect())
}

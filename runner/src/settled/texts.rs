//! Documents of manifests, and what kubectl or the API server would say to each instead of taking it.

use crate::bundle::Files;
use aegis_check::{check_all, last_of_each};
use aegis_kube::{Diagnostic, Document, Problem, ReadError, Severity};
use aegis_model::bundle::{Refusal, RefusalKind, Unread};

/// What was read of manifests.
#[derive(Debug, Default)]
pub struct Texts {
    /// The documents that the API server takes, as far as its validation goes.
    pub documents: Vec<Document>,
    /// What it says of the others, and of those that it takes without a part.
    pub refused: Vec<Refusal>,
    /// What is no manifest.
    pub unread: Vec<Unread>,
}

/// Reads all texts that may hold manifests.
pub fn read(files: Files) -> Texts {
    let mut texts = Texts::default();
    let unread = files.unread.into_iter();
    texts
        .unread
        .extend(unread.map(|(file, why)| Unread { file, why }));
    for (path, bytes) in files.read {
        if is_manifest(&path) {
            let text = String::from_utf8_lossy(&bytes);
            texts.pieces(&path, &text);
        } else {
            let why = "it is no YAML or JSON".to_owned();
            texts.unread.push(Unread { file: path, why });
        }
    }
    texts.validate();
    texts
}

fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

impl Texts {
    /// The documents of a text; where one is wrong, each by itself, at its own line.
    fn pieces(&mut self, path: &str, text: &str) {
        match aegis_kube::read(path, text) {
            Ok(documents) => return self.documents.extend(documents),
            Err(errors) if !text.contains("\n---") => return self.wrong(&errors),
            Err(_) => {}
        }
        let mut lines = 0;
        for piece in text.split("\n---") {
            let placed = format!("{}{piece}", "\n".repeat(lines));
            match aegis_kube::read(path, &placed) {
                Ok(documents) => self.documents.extend(documents),
                Err(errors) => self.wrong(&errors),
            }
            lines += piece.matches('\n').count() + 1;
        }
    }

    fn wrong(&mut self, errors: &[ReadError]) {
        for error in errors {
            let place = format!("{}:{}", error.place.file, error.place.line);
            let message = with_help(error.problem.to_string(), error.help.as_deref());
            match &error.problem {
                Problem::NotAnObject(_) if !names_a_kind(error) => self.unread.push(Unread {
                    file: place,
                    why: message,
                }),
                _ => self.refused.push(Refusal {
                    object: place,
                    field: String::new(),
                    message,
                    kind: RefusalKind::Unreadable,
                }),
            }
        }
    }

    /// Drops the documents that validation refuses, and notes what it says.
    fn validate(&mut self) {
        let documents = std::mem::take(&mut self.documents);
        let mut kept = Vec::new();
        for document in documents {
            let errors = aegis_check::check(&document);
            let is_refused = errors
                .iter()
                .any(|error| error.problem.severity() == Severity::Error);
            let object = document.reference().to_string();
            self.refused
                .extend(errors.iter().map(|error| refusal(&object, error)));
            if !is_refused {
                kept.push(document);
            }
        }
        let twice = check_all(&kept);
        let twice = twice.iter().filter(|error| is_contradiction(error));
        self.refused.extend(twice.map(|error| {
            let object = match &error.problem {
                Problem::DuplicateObject { object, .. } => object.clone(),
                _ => String::new(),
            };
            refusal(&object, error)
        }));
        self.documents = last_of_each(kept);
    }

    /// Drops the documents that a diagnostic points into, and notes what it says. Gives how many went.
    pub fn drop_at(&mut self, problems: &[Diagnostic]) -> usize {
        let before = self.documents.len();
        for problem in problems {
            let places = self.documents.iter().enumerate().filter(|(_, document)| {
                *document.place.file == *problem.file && document.place.line <= problem.line
            });
            let nearest = places.max_by_key(|(_, document)| document.place.line);
            let Some((at, document)) = nearest else {
                continue;
            };
            self.refused.push(Refusal {
                object: document.reference().to_string(),
                field: String::new(),
                message: problem.message.clone(),
                kind: RefusalKind::Forbidden,
            });
            self.documents.remove(at);
        }
        before - self.documents.len()
    }
}

/// Whether a text that is no object was meant to be one.
fn names_a_kind(error: &ReadError) -> bool {
    let Problem::NotAnObject(words) = &error.problem else {
        return true;
    };
    ["apiVersion", "kind", "metadata"]
        .iter()
        .any(|word| words.contains(word))
}

const fn is_contradiction(error: &ReadError) -> bool {
    matches!(error.problem, Problem::DuplicateObject { .. })
}

fn refusal(object: &str, error: &ReadError) -> Refusal {
    let kind = match &error.problem {
        Problem::UnknownKind { .. } | Problem::OldVersion { .. } => RefusalKind::UnknownKind,
        Problem::UnknownField { .. } => RefusalKind::UnknownField,
        Problem::RepeatedKey(_)
        | Problem::DuplicateObject { .. }
        | Problem::RepeatedObject { .. } => RefusalKind::Repeated,
        _ => RefusalKind::Invalid,
    };
    Refusal {
        object: object.to_owned(),
        field: error
            .problem
            .path()
            .map(ToString::to_string)
            .unwrap_or_default(),
        message: with_help(error.problem.to_string(), error.help.as_deref()),
        kind,
    }
}

fn with_help(message: String, help: Option<&str>) -> String {
    match help {
        Some(help) if !help.is_empty() => format!("{message} ({help})"),
        _ => message,
    }
}

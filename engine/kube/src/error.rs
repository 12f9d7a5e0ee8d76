//! What is wrong with an input, where, and what would be right.

use crate::codes::Code;
use crate::place::{Place, Span};
use aegis_model::FieldPath;
use thiserror::Error;

/// What is wrong. Wording follows the API server's where it has one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Not text in UTF-8.
    #[error("not UTF-8 text: {0}")]
    Encoding(String),
    /// Broken YAML.
    #[error("broken YAML: {0}")]
    Yaml(String),
    /// Broken JSON.
    #[error("broken JSON: {0}")]
    Json(String),
    /// A key stands twice in one mapping.
    #[error("the key `{0}` stands twice in this mapping")]
    DuplicateKey(String),
    /// A key stands twice in one mapping of a Kubernetes object; the last value counts.
    #[error("the key `{0}` stands twice in this mapping; the last value counts")]
    RepeatedKey(String),
    /// Nested too deeply.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Most levels.
        limit: usize,
    },
    /// Too much of something.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// Most of it.
        limit: usize,
    },
    /// Not an object of Kubernetes.
    #[error("not a Kubernetes object: {0}")]
    NotAnObject(String),
    /// No such kind in that API version.
    #[error("no matches for kind \"{kind}\" in version \"{version}\"")]
    UnknownKind {
        /// `kind:`.
        kind: String,
        /// `apiVersion:`.
        version: String,
    },
    /// A version that is served no longer; the object is read as the current one.
    #[error("{kind} is no longer served in version \"{version}\"")]
    OldVersion {
        /// `kind:`.
        kind: String,
        /// `apiVersion:` as it was written.
        version: String,
    },
    /// A value has the wrong type.
    #[error("{path}: expected {expected}, found {found}")]
    WrongType {
        /// Where.
        path: FieldPath,
        /// What belongs there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A field that must be there is not.
    #[error("{path}: Required value{}", with_detail(.detail))]
    Required {
        /// Where.
        path: FieldPath,
        /// More words; may be empty.
        detail: String,
    },
    /// A value that cannot be.
    #[error("{path}: Invalid value: {value}: {detail}")]
    Invalid {
        /// Where.
        path: FieldPath,
        /// The value, as JSON.
        value: String,
        /// Why.
        detail: String,
    },
    /// A value that is none of a closed list.
    #[error("{path}: Unsupported value: {value}: supported values: {}", quoted(.supported))]
    Unsupported {
        /// Where.
        path: FieldPath,
        /// The value, as JSON.
        value: String,
        /// What may stand there.
        supported: Vec<&'static str>,
    },
    /// A value that names something which is not there.
    #[error("{path}: Not found: {value}")]
    NotFound {
        /// Where.
        path: FieldPath,
        /// The value, as JSON.
        value: String,
    },
    /// A value that must be unique and is not.
    #[error("{path}: Duplicate value: {value}")]
    Duplicate {
        /// Where.
        path: FieldPath,
        /// The value, as JSON.
        value: String,
    },
    /// An object stands twice in one input.
    #[error("{object} stands twice; first at {first}")]
    DuplicateObject {
        /// `Kind/namespace/name`.
        object: String,
        /// Where it stands first.
        first: Place,
    },
    /// The same object stands again.
    #[error("{object} stands again, as at {first}; the last one counts")]
    RepeatedObject {
        /// `Kind/namespace/name`.
        object: String,
        /// Where it stands first.
        first: Place,
    },
    /// A field that the kind does not have; the API server drops it.
    #[error("unknown field \"{path}\"")]
    UnknownField {
        /// Where.
        path: FieldPath,
    },
    /// Something that one may not do.
    #[error("{path}: Forbidden: {detail}")]
    Forbidden {
        /// Where.
        path: FieldPath,
        /// Why.
        detail: String,
    },
}

fn with_detail(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(": {detail}")
    }
}

fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The API server would take it; probably it is not what was meant.
    Warning,
    /// It is refused.
    Error,
}

impl Problem {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Encoding(_) => Code::Encoding,
            Self::Yaml(_) => Code::Yaml,
            Self::Json(_) => Code::Json,
            Self::DuplicateKey(_) => Code::DuplicateKey,
            Self::TooDeep { .. } => Code::TooDeep,
            Self::TooMany { .. } => Code::TooMany,
            Self::NotAnObject(_) => Code::NotAnObject,
            Self::UnknownKind { .. } => Code::UnknownKind,
            Self::OldVersion { .. } => Code::OldVersion,
            Self::RepeatedKey(_) => Code::RepeatedKey,
            Self::RepeatedObject { .. } => Code::RepeatedObject,
            Self::WrongType { .. } => Code::WrongType,
            Self::Required { .. } => Code::Required,
            Self::Invalid { .. } | Self::NotFound { .. } => Code::Invalid,
            Self::Unsupported { .. } => Code::Unsupported,
            Self::Duplicate { .. } => Code::Duplicate,
            Self::DuplicateObject { .. } => Code::DuplicateObject,
            Self::UnknownField { .. } => Code::UnknownField,
            Self::Forbidden { .. } => Code::Forbidden,
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::UnknownField { .. }
            | Self::OldVersion { .. }
            | Self::RepeatedKey(_)
            | Self::RepeatedObject { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The field that it is about, if it is about one.
    #[must_use]
    pub const fn path(&self) -> Option<&FieldPath> {
        match self {
            Self::WrongType { path, .. }
            | Self::Required { path, .. }
            | Self::Invalid { path, .. }
            | Self::NotFound { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Duplicate { path, .. }
            | Self::UnknownField { path }
            | Self::Forbidden { path, .. } => Some(path),
            _ => None,
        }
    }
}

/// A problem at its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct ReadError {
    /// What is wrong.
    pub problem: Problem,
    /// Where, for people.
    pub place: Place,
    /// Where, in bytes of the text.
    pub span: Span,
    /// What would be right, where that is known.
    pub help: Option<String>,
}

/// All that a terminal needs to show a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, as `AEG-K002`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// Name of the text.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Bytes of the text to underline.
    pub span: Span,
}

impl ReadError {
    /// For showing: help falls back on where the code is explained.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let code = self.problem.code().name();
        let help = self.help.clone();
        Diagnostic {
            code,
            severity: self.problem.severity(),
            message: self.problem.to_string(),
            help: help.unwrap_or_else(|| format!("aegis explain {code}")),
            file: self.place.file.to_string(),
            line: self.place.line,
            column: self.place.column,
            span: self.span,
        }
    }
}

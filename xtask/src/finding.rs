//! What a rule has to say about a place.

use std::fmt;

/// One breach of a rule: where, what, and what would be right.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
pub struct Finding {
    /// File under the root.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is there.
    pub what: String,
    /// What would be right.
    pub right: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn at(file: &str, line: usize, what: impl Into<String>, right: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            what: what.into(),
            right: right.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            what,
            right,
        } = self;
        write!(out, "{file}:{line}: {what}; {right}")
    }
}

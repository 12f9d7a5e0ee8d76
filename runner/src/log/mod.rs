//! The lines of a run: `events.ndjson`, chained by hashes, and `inputs.ndjson`, plain.
//!
//! Each line of the event log is one JSON object that opens with `"prev"`, the BLAKE3 of the line
//! before without its line feed; the first carries 64 zeros. The hash of the last line, the *head*,
//! so stands for all of them: who knows it can tell whether any byte was changed. A change of the
//! last line alone is seen only by comparing heads ([`verify`] returns it).

mod chain;
mod lines;

pub use blake3::Hash;
pub use chain::{EventReader, EventWriter, event_of, read_events, verify};
pub use lines::{LineReader, LineWriter, read_lines};

use std::io;
use thiserror::Error;

/// Longest line that is read, bytes. The keyframe of a cluster of 1,000 pods takes about 2 MiB.
pub const MAX_LINE: usize = 64 << 20;

/// What `prev` holds in the first line.
pub const GENESIS: Hash = Hash::from_bytes([0; 32]);

/// What is wrong with a log.
#[derive(Debug, Error)]
#[error("line {line}: {problem}")]
pub struct LogError {
    /// Line, from 1.
    pub line: u64,
    /// What.
    #[source]
    pub problem: LogProblem,
}

/// What is wrong with a line.
#[derive(Debug, Error)]
pub enum LogProblem {
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not JSON of the expected shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// What is written is no JSON object, so that nothing can be chained to it.
    #[error("only an object can be chained")]
    NotAnObject,
    /// It does not open with `prev`.
    #[error("it does not open with the hash of the line before")]
    NoHash,
    /// Its `prev` is not the hash of the line before.
    #[error(
        "it was written after another line than the one before it: {expected} is the hash of that, {found} stands here"
    )]
    BrokenChain {
        /// Hash of the line before.
        expected: Hash,
        /// What the line says.
        found: Hash,
    },
    /// The line feed at its end is missing: the writer was stopped in the middle.
    #[error("it is cut off: whoever wrote it was stopped")]
    CutOff,
    /// It is longer than [`MAX_LINE`].
    #[error("it is longer than 64 MiB")]
    TooLong,
}

impl LogProblem {
    const fn at(self, line: u64) -> LogError {
        LogError {
            line,
            problem: self,
        }
    }
}

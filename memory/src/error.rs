//! What can go wrong with a memory.

use std::path::PathBuf;
use thiserror::Error;

/// Why a memory cannot be used.
#[derive(Debug, Error)]
pub enum MemoryError {
    /// SQLite says no.
    #[error("the memory cannot be read or written: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The folder cannot be made.
    #[error("{path} cannot be made: {why}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// The file is damaged.
    #[error("the memory is damaged: {0}; `aegis memory import` brings back an export")]
    Damaged(String),
    /// A newer version wrote it.
    #[error("the memory is of version {found}; this program reads up to {known}")]
    Newer {
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// A row is no JSON of ours.
    #[error("a row of the memory cannot be read: {0}")]
    Row(#[from] serde_json::Error),
    /// A line of an export cannot be read.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// A vector of another length than its space has.
    #[error("a vector has {found} numbers; its space has {wanted}")]
    Length {
        /// Its length.
        found: usize,
        /// The space's.
        wanted: usize,
    },
    /// The embedder gives no vectors.
    #[error("no vectors from the embedder: {0}")]
    Embedder(String),
    /// What is written out cannot be.
    #[error("the export cannot be written: {0}")]
    Export(std::io::Error),
    /// The vector server says no.
    #[error("the vector server: {0}")]
    Server(String),
    /// There is no such thing in the memory.
    #[error("there is no `{0}` in this memory")]
    Unknown(String),
}

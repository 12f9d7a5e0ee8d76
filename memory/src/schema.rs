//! The tables, and how an older file becomes one of today.

use crate::error::MemoryError;
use rusqlite::Connection;

/// Steps from each version to the next; a file's version is how many were taken.
const STEPS: &[&str] = &[FIRST];

const FIRST: &str = "
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE episodes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    checked INTEGER NOT NULL,
    signature TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE findings (
    episode TEXT NOT NULL REFERENCES episodes(id) ON DELETE CASCADE,
    fault TEXT NOT NULL,
    role TEXT NOT NULL,
    confirmed INTEGER NOT NULL
) STRICT;
CREATE INDEX findings_of ON findings(episode);
CREATE INDEX findings_by ON findings(fault, role);
CREATE TABLE follows (
    episode TEXT NOT NULL REFERENCES episodes(id) ON DELETE CASCADE,
    before TEXT NOT NULL,
    after TEXT
) STRICT;
CREATE INDEX follows_of ON follows(episode);
CREATE TABLE lessons (
    episode TEXT NOT NULL REFERENCES episodes(id) ON DELETE CASCADE,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX lessons_of ON lessons(episode);
CREATE TABLE bans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fault TEXT NOT NULL,
    role TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE onsets (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE texts (
    id TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE spaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    embedder TEXT NOT NULL,
    version INTEGER NOT NULL,
    dimensions INTEGER NOT NULL,
    UNIQUE (embedder, version, dimensions)
) STRICT;
";

/// Brings a file to today's tables.
///
/// # Errors
/// A newer file, and what SQLite reports; then nothing was changed.
pub fn migrate(db: &Connection) -> Result<(), MemoryError> {
    let known = STEPS.len() as u32;
    db.execute_batch("BEGIN IMMEDIATE")?;
    let result = take_steps(db, known);
    db.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

fn take_steps(db: &Connection, known: u32) -> Result<(), MemoryError> {
    let found: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(MemoryError::Newer { found, known });
    }
    for step in &STEPS[found as usize..] {
        db.execute_batch(step)?;
    }
    db.pragma_update(None, "user_version", known)?;
    Ok(())
}

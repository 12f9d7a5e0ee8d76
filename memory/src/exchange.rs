//! Out and in, as JSON Lines: the first line says what it is and whose, each further one is a thing that is
//! remembered. What is exported and imported is exported the same again, byte for byte.

use crate::bans::Ban;
use crate::error::MemoryError;
use crate::memory::Memory;
use crate::record::{Onset, Record};
use crate::texts::Text;
use crate::write::{self, Kept, Log};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::io::{BufRead, Write};

/// Version of the shape.
pub const SCHEMA: &str = "aegis.dev/memory/v1";
/// Bytes of one line, at most: a text is kept in parts.
const LONGEST: usize = 1 << 20;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// What this is; the first line.
    Memory {
        /// Version of the shape.
        schema: SmolStr,
        /// Whose.
        identity: SmolStr,
    },
    /// An incident.
    Episode(Box<Record>),
    /// A ban.
    Ban(Ban),
    /// An onset.
    Onset(Onset),
    /// A part of a text.
    Text(Text),
}

/// What an import came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Things that are new here.
    pub new: u64,
    /// Things that were here already.
    pub known: u64,
    /// Episodes of others whose log was not found: they weigh nothing.
    pub unchecked: u64,
    /// Bans of others, which hold only there.
    pub left_out: u64,
}

/// What an import is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To learn from another memory.
    Learn,
    /// To bring an export of one's own back, into an empty memory.
    Restore,
}

/// Reads a line of an export.
///
/// # Errors
/// It is too long, no JSON, or none of ours; or an episode whose id is not that of its content.
pub fn parse(text: &str) -> Result<Line, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let line: Line = serde_json::from_str(text).map_err(|why| why.to_string())?;
    if let Line::Episode(record) = &line {
        let id = record.content_id().map_err(|why| why.to_string())?;
        if id != record.id {
            return Err(format!(
                "episode {} was changed: its content is {id}",
                record.id
            ));
        }
    }
    Ok(line)
}

impl Memory {
    /// Writes everything out.
    ///
    /// # Errors
    /// What SQLite reports, or whoever is written to.
    pub fn export(&self, out: &mut dyn Write) -> Result<u64, MemoryError> {
        let mut count = 0;
        let mut line = |line: &Line| -> Result<(), MemoryError> {
            let mut text = serde_json::to_vec(line)?;
            text.push(b'\n');
            count += 1;
            out.write_all(&text).map_err(MemoryError::Export)
        };
        // One transaction: what others write meanwhile is in all of it or in none.
        self.db.execute_batch("BEGIN")?;
        let all = self.lines(&mut line);
        self.db.execute_batch("COMMIT")?;
        all?;
        Ok(count)
    }

    fn lines(
        &self,
        line: &mut dyn FnMut(&Line) -> Result<(), MemoryError>,
    ) -> Result<(), MemoryError> {
        line(&Line::Memory {
            schema: SCHEMA.into(),
            identity: self.identity.clone(),
        })?;
        self.each("SELECT body FROM episodes ORDER BY seq", |body| {
            line(&Line::Episode(serde_json::from_str(body)?))
        })?;
        self.each("SELECT body FROM bans ORDER BY id", |body| {
            line(&Line::Ban(serde_json::from_str(body)?))
        })?;
        self.each("SELECT body FROM onsets ORDER BY rowid", |body| {
            line(&Line::Onset(serde_json::from_str(body)?))
        })?;
        self.each("SELECT body FROM texts ORDER BY rowid", |body| {
            line(&Line::Text(serde_json::from_str(body)?))
        })
    }

    fn each(
        &self,
        query: &str,
        mut of: impl FnMut(&str) -> Result<(), MemoryError>,
    ) -> Result<(), MemoryError> {
        let mut statement = self.db.prepare(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            of(&row.get::<_, String>(0)?)?;
        }
        Ok(())
    }

    /// Reads an export in, all of it or nothing. `is_here` says whether the run whose event log has this
    /// BLAKE3 is at hand and its chain holds.
    ///
    /// # Errors
    /// A line that cannot be read; a restore into a memory that is not empty; what SQLite reports.
    pub fn import(
        &mut self,
        from: &mut dyn BufRead,
        purpose: Purpose,
        is_here: &dyn Fn(&str) -> bool,
    ) -> Result<Imported, MemoryError> {
        let mut lines = Vec::new();
        for (index, text) in from.lines().enumerate() {
            let at = |why: String| MemoryError::Line {
                line: index + 1,
                why,
            };
            let text = text.map_err(|why| at(why.to_string()))?;
            if !text.trim().is_empty() {
                lines.push(parse(&text).map_err(at)?);
            }
        }
        let identity = match lines.first() {
            Some(Line::Memory { schema, identity }) if schema == SCHEMA => identity.clone(),
            _ => {
                return Err(MemoryError::Line {
                    line: 1,
                    why: format!("an export begins with {SCHEMA}"),
                });
            }
        };
        if purpose == Purpose::Restore {
            self.become_of(&identity)?;
        }
        let own = self.identity.clone();
        let texts = self.embedded(lines.iter().filter_map(|line| match line {
            Line::Text(text) => Some(text.clone()),
            _ => None,
        }))?;
        let imported = self.at_once(|db| {
            let mut imported = Imported::default();
            for line in &lines[1..] {
                take(db, line, &own, identity == own, is_here, &mut imported)?;
            }
            texts.insert(db)?;
            imported.new += texts.len() as u64;
            Ok(imported)
        })?;
        self.bring_all();
        Ok(imported)
    }
}

fn take(
    db: &rusqlite::Connection,
    line: &Line,
    own: &SmolStr,
    is_own: bool,
    is_here: &dyn Fn(&str) -> bool,
    imported: &mut Imported,
) -> Result<(), MemoryError> {
    match line {
        Line::Episode(record) => {
            let log = if record.source == *own || is_here(&record.log) {
                Log::Checked
            } else {
                imported.unchecked += 1;
                Log::Unchecked
            };
            match write::insert(db, record, log)? {
                Kept::New => imported.new += 1,
                Kept::Known => imported.known += 1,
            }
        }
        // A ban is a judgement of the one who saw the refutation.
        Line::Ban(ban) if is_own => {
            let known = write::read_bans(db)?;
            if known.iter().any(|(_, one)| one == ban) {
                imported.known += 1;
            } else {
                write::add_ban(db, ban)?;
                imported.new += 1;
            }
        }
        Line::Ban(_) => imported.left_out += 1,
        Line::Onset(onset) => {
            write::insert_onset(db, onset)?;
            imported.new += 1;
        }
        // With their vectors, all at once.
        Line::Text(_) => {}
        Line::Memory { .. } => {
            return Err(MemoryError::Line {
                line: 0,
                why: "a second export begins in the middle of this one".into(),
            });
        }
    }
    Ok(())
}

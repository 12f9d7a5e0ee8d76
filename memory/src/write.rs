//! What a run leaves: each incident in one transaction, with all that follows from it.

use crate::bans::{self, Ban, Next};
use crate::embed::{Embedder, SPACE};
use crate::error::MemoryError;
use crate::memory::Memory;
use crate::record::{KnownBy, Onset, Record};
use crate::vectors::{Embedded, Item, Kind, Vectors};
use aegis_model::Role;
use aegis_model::outcome::Finding;
use aegis_model::recall::Blame;
use rusqlite::{Connection, params};
use smol_str::SmolStr;

/// Whether a record was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is kept now.
    New,
    /// It was there already.
    Known,
}

/// Whether the log that a record names was found and its chain holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// It was.
    Checked,
    /// It was not.
    Unchecked,
}

/// A role as a column has it.
pub(crate) fn role_text(role: Role) -> Result<String, MemoryError> {
    let value = serde_json::to_value(role)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// A role from its column.
pub(crate) fn role_of(text: &str) -> Result<Role, MemoryError> {
    Ok(serde_json::from_value(text.into())?)
}

impl Memory {
    /// Keeps an incident of one's own, with what it does to bans. What is there already changes nothing.
    ///
    /// # Errors
    /// What SQLite reports; then nothing was kept.
    pub fn keep(&self, record: &Record) -> Result<Kept, MemoryError> {
        let mut record = record.clone();
        record.source = self.identity.clone();
        let record = record.sealed()?;
        let kept = self.at_once(|db| {
            let kept = insert(db, &record, Log::Checked)?;
            if kept == Kept::New {
                to_bans(db, &record)?;
            }
            Ok(kept)
        })?;
        self.bring(&SPACE, std::slice::from_ref(&record.id));
        Ok(kept)
    }

    /// Keeps an incident of another memory: it forbids nothing, and weighs little or nothing.
    ///
    /// # Errors
    /// What SQLite reports; then nothing was kept.
    pub fn keep_foreign(&self, record: &Record, log: Log) -> Result<Kept, MemoryError> {
        let kept = self.at_once(|db| insert(db, record, log))?;
        self.bring(&SPACE, std::slice::from_ref(&record.id));
        Ok(kept)
    }

    /// Keeps an onset.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn keep_onset(&self, onset: &Onset) -> Result<(), MemoryError> {
        let mut onset = onset.clone();
        onset.source = self.identity.clone();
        insert_onset(&self.db, &onset)
    }
}

/// Puts an onset in; the same one is kept once.
pub(crate) fn insert_onset(db: &Connection, onset: &Onset) -> Result<(), MemoryError> {
    let body = serde_json::to_string(onset)?;
    let id = blake3::hash(body.as_bytes()).to_hex();
    db.execute(
        "INSERT OR IGNORE INTO onsets (id, source, body) VALUES (?1, ?2, ?3)",
        params![&id[..16], onset.source.as_str(), body],
    )?;
    Ok(())
}

/// Puts a record in with all that is read off it.
pub(crate) fn insert(db: &Connection, record: &Record, log: Log) -> Result<Kept, MemoryError> {
    let new = db.execute(
        "INSERT OR IGNORE INTO episodes (id, source, checked, signature, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            record.id.as_str(),
            record.source.as_str(),
            log == Log::Checked,
            serde_json::to_string(&record.signature)?,
            serde_json::to_string(record)?,
        ],
    )?;
    if new == 0 {
        return Ok(Kept::Known);
    }
    for (cause, confirmed) in findings(record) {
        db.execute(
            "INSERT INTO findings VALUES (?1, ?2, ?3, ?4)",
            params![
                record.id.as_str(),
                cause.fault.as_str(),
                role_text(cause.role)?,
                confirmed
            ],
        )?;
    }
    if let Some(cause) = &record.cause {
        let (before, after) = match &record.after {
            Some(before) => (before.fault.as_str(), Some(serde_json::to_string(cause)?)),
            None => (cause.fault.as_str(), None),
        };
        db.execute(
            "INSERT INTO follows VALUES (?1, ?2, ?3)",
            params![record.id.as_str(), before, after],
        )?;
    }
    for lesson in &record.lessons {
        db.execute(
            "INSERT INTO lessons VALUES (?1, ?2)",
            params![record.id.as_str(), serde_json::to_string(lesson)?],
        )?;
    }
    let item = Item {
        id: record.id.clone(),
        kind: Kind::Episode,
        vector: Embedder.signature(&record.signature),
    };
    Embedded::new(db).put(&SPACE, &[item])?;
    Ok(Kept::New)
}

/// What an incident says of faults at places: its cause was one; what was blamed and refuted was not, nor
/// what was blamed where the truth is another.
fn findings(record: &Record) -> Vec<(&Blame, bool)> {
    let mut findings: Vec<(&Blame, bool)> =
        record.cause.iter().map(|cause| (cause, true)).collect();
    for claim in &record.claims {
        let is_cause = record.cause.as_ref() == Some(&claim.cause);
        let another = record.known_by == KnownBy::Truth && record.cause.is_some();
        let refuted = claim.finding == Finding::Refuted || another;
        if refuted && !is_cause && !findings.contains(&(&claim.cause, false)) {
            findings.push((&claim.cause, false));
        }
    }
    findings
}

/// What an incident does to bans: those of its class get older, are struck again or lifted; new ones come.
fn to_bans(db: &Connection, record: &Record) -> Result<(), MemoryError> {
    let mut known = Vec::new();
    for (id, mut ban) in read_bans(db)? {
        if !ban.covers(record) {
            continue;
        }
        known.push(ban.cause.clone());
        match ban.take(record) {
            Next::Lifted => drop_ban(db, id)?,
            Next::Stands => write_ban(db, id, &ban)?,
        }
    }
    let refuted = record
        .claims
        .iter()
        .filter(|claim| claim.finding == Finding::Refuted);
    for claim in refuted {
        let cause = &claim.cause;
        let is_cause = record.cause.as_ref() == Some(cause);
        if bans::can_be(cause) && !is_cause && !known.contains(cause) {
            add_ban(db, &Ban::new(record, cause.clone()))?;
            known.push(cause.clone());
        }
    }
    Ok(())
}

/// All bans, served ones too, the oldest first.
pub(crate) fn read_bans(db: &Connection) -> Result<Vec<(i64, Ban)>, MemoryError> {
    let mut statement = db.prepare("SELECT id, body FROM bans ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut bans = Vec::new();
    for row in rows {
        let (id, body) = row?;
        bans.push((id, serde_json::from_str(&body)?));
    }
    Ok(bans)
}

pub(crate) fn add_ban(db: &Connection, ban: &Ban) -> Result<(), MemoryError> {
    db.execute(
        "INSERT INTO bans (fault, role, body) VALUES (?1, ?2, ?3)",
        params![
            ban.cause.fault.as_str(),
            role_text(ban.cause.role)?,
            serde_json::to_string(ban)?
        ],
    )?;
    Ok(())
}

fn write_ban(db: &Connection, id: i64, ban: &Ban) -> Result<(), MemoryError> {
    let body = serde_json::to_string(ban)?;
    db.execute("UPDATE bans SET body = ?2 WHERE id = ?1", params![id, body])?;
    Ok(())
}

pub(crate) fn drop_ban(db: &Connection, id: i64) -> Result<(), MemoryError> {
    db.execute("DELETE FROM bans WHERE id = ?1", [id])?;
    Ok(())
}

impl Memory {
    /// All bans with their numbers, served ones too.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn bans(&self) -> Result<Vec<(i64, Ban)>, MemoryError> {
        read_bans(&self.db)
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// There is no such ban.
    pub fn pardon(&self, id: i64) -> Result<Ban, MemoryError> {
        self.at_once(|db| {
            let found = read_bans(db)?.into_iter().find(|(known, _)| *known == id);
            let (_, ban) = found.ok_or_else(|| MemoryError::Unknown(format!("ban {id}")))?;
            drop_ban(db, id)?;
            Ok(ban)
        })
    }

    /// Forgets an episode, with what was read off it, or a text.
    ///
    /// # Errors
    /// There is none that begins so, or more than one.
    pub fn forget(&self, prefix: &str) -> Result<SmolStr, MemoryError> {
        let id = self.at_once(|db| {
            let like = format!("{}%", prefix.replace(['%', '_'], ""));
            let mut statement = db.prepare(
                "SELECT id FROM episodes WHERE id LIKE ?1 UNION SELECT id FROM texts WHERE id LIKE ?1 LIMIT 2",
            )?;
            let found: Vec<String> = statement
                .query_map([&like], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let [id] = found.as_slice() else {
                return Err(MemoryError::Unknown(prefix.to_owned()));
            };
            Embedded::new(db).remove_everywhere(&[SmolStr::new(id)])?;
            db.execute("DELETE FROM episodes WHERE id = ?1", [id])?;
            db.execute("DELETE FROM texts WHERE id = ?1", [id])?;
            Ok(SmolStr::new(id))
        })?;
        self.take_away(std::slice::from_ref(&id));
        Ok(id)
    }
}

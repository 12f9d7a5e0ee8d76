//! Whether a run goes on, waits, has ended.

use super::error::at;
use super::{Artifact, Run, StoreError};
use aegis_model::{RunEvent, Stamped};
use serde::Serialize;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A process plays it now.
    Running,
    /// It waits for a person: plan, and number of the event on which it was asked for.
    Waiting {
        /// The plan.
        plan: String,
        /// The event.
        event: u64,
    },
    /// Whoever played it was killed.
    Unfinished,
    /// It is over.
    Finished,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Waiting { .. } => "waiting",
            Self::Unfinished => "unfinished",
            Self::Finished => "finished",
        })
    }
}

/// Bytes at the end of a log in which a short event is looked for.
const TAIL: u64 = 4096;

impl Run {
    /// Where it stands.
    ///
    /// # Errors
    /// Its log cannot be read.
    pub fn status(&self) -> Result<Status, StoreError> {
        if self.is_played() {
            return Ok(Status::Running);
        }
        if self.path(Artifact::Summary).is_file() {
            return Ok(Status::Finished);
        }
        Ok(match self.last_event()? {
            Some(Stamped {
                n,
                event: RunEvent::ApprovalAsked { plan },
                ..
            }) => Status::Waiting {
                plan: plan.to_string(),
                event: n,
            },
            _ => Status::Unfinished,
        })
    }

    /// Whether a process has its logs open to write.
    fn is_played(&self) -> bool {
        let file = File::open(self.path(Artifact::Inputs));
        let held = file.map(|file| file.try_lock_shared());
        matches!(held, Ok(Err(TryLockError::WouldBlock)))
    }

    /// The last whole event, where it is a short one.
    fn last_event(&self) -> Result<Option<Stamped>, StoreError> {
        let path = self.path(Artifact::Events);
        let tail = || {
            let mut file = File::open(&path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
            let mut tail = Vec::new();
            file.read_to_end(&mut tail)?;
            Ok(tail)
        };
        let tail = match tail() {
            Err(error) if ErrorKind::NotFound == std::io::Error::kind(&error) => {
                return Ok(None);
            }
            tail => tail.map_err(at(&path))?,
        };
        // What follows the last line feed is torn.
        let whole = tail.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let line = tail[..whole].rsplit(|byte| *byte == b'\n').next();
        Ok(line.and_then(|line| serde_json::from_slice(line).ok()))
    }
}

//! The file, and how it is opened.

use crate::error::MemoryError;
use crate::{schema, vectors};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension};
use smol_str::SmolStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the file in its folder.
pub const FILE: &str = "memory.sqlite";
/// How long a writer waits for another process.
const BUSY: Duration = Duration::from_secs(30);
/// Pages that a backup copies between two breaths.
const PAGES: i32 = 256;

/// A memory that is open. Two processes may have it open at once.
#[derive(Debug)]
pub struct Memory {
    pub(crate) db: Connection,
    pub(crate) identity: SmolStr,
    path: Option<PathBuf>,
}

impl Memory {
    /// Opens the memory of a folder; makes it where there is none.
    ///
    /// # Errors
    /// The folder cannot be made; the file is damaged, of a newer version, or no database.
    pub fn open(folder: &Path) -> Result<Self, MemoryError> {
        fs::create_dir_all(folder).map_err(|why| MemoryError::Folder {
            path: folder.to_owned(),
            why,
        })?;
        vectors::register();
        let path = folder.join(FILE);
        let db = Connection::open(&path)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        Self::of(db, Some(path))
    }

    /// A memory that is gone when it is dropped.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn transient() -> Result<Self, MemoryError> {
        vectors::register();
        Self::of(Connection::open_in_memory()?, None)
    }

    fn of(db: Connection, path: Option<PathBuf>) -> Result<Self, MemoryError> {
        // What is acknowledged survives a power cut, not only a killed process.
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", "ON")?;
        let sound: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(MemoryError::Damaged(sound));
        }
        schema::migrate(&db)?;
        let identity = identity(&db)?;
        Ok(Self { db, identity, path })
    }

    /// Who it is: what it writes carries this as its source.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Where its file is; `None` for one that is transient.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Takes over the identity of another, to restore what that one exported.
    ///
    /// # Errors
    /// It holds something already; or SQLite says no.
    pub fn become_of(&mut self, identity: &str) -> Result<(), MemoryError> {
        let full: bool =
            self.db
                .query_row("SELECT EXISTS (SELECT 1 FROM episodes)", [], |row| {
                    row.get(0)
                })?;
        if full {
            let why =
                "a memory that holds episodes cannot become another; restore into an empty folder";
            return Err(MemoryError::Line {
                line: 1,
                why: why.into(),
            });
        }
        self.db.execute(
            "UPDATE about SET value = ?1 WHERE name = 'identity'",
            [identity],
        )?;
        self.identity = identity.into();
        Ok(())
    }

    /// Copies it while it is in use.
    ///
    /// # Errors
    /// What SQLite reports; the target is whole or absent.
    pub fn back_up(&self, to: &Path) -> Result<(), MemoryError> {
        let unfinished = to.with_extension("unfinished");
        let copied = (|| {
            let mut target = Connection::open(&unfinished)?;
            Backup::new(&self.db, &mut target)?.run_to_completion(PAGES, Duration::ZERO, None)
        })();
        let moved = copied.map_err(MemoryError::from).and_then(|()| {
            fs::rename(&unfinished, to).map_err(|why| MemoryError::Folder {
                path: to.to_owned(),
                why,
            })
        });
        if moved.is_err() {
            // Nothing more can be done about a file that cannot be taken away.
            let _ = fs::remove_file(&unfinished);
        }
        moved
    }

    /// Does something in one transaction: all of it, or nothing.
    pub(crate) fn at_once<T>(
        &self,
        deed: impl FnOnce(&Connection) -> Result<T, MemoryError>,
    ) -> Result<T, MemoryError> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        match deed(&self.db).and_then(|done| {
            self.db.execute_batch("COMMIT")?;
            Ok(done)
        }) {
            Ok(done) => Ok(done),
            Err(why) => {
                // The first error is the one to tell of.
                let _ = self.db.execute_batch("ROLLBACK");
                Err(why)
            }
        }
    }

    /// The vectors that it keeps in its own file.
    #[must_use]
    pub fn vectors(&self) -> vectors::Embedded<'_> {
        vectors::Embedded::new(&self.db)
    }

    /// BLAKE3 over all that recall can see, hexadecimal: two memories with the same hash recall the same.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn digest(&self) -> Result<String, MemoryError> {
        let mut hasher = blake3::Hasher::new();
        for query in [
            "SELECT body FROM episodes ORDER BY seq",
            "SELECT body FROM bans ORDER BY id",
            "SELECT body FROM onsets ORDER BY id",
            "SELECT body FROM texts ORDER BY id",
        ] {
            let mut statement = self.db.prepare(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                hasher.update(
                    row.get_ref(0)?
                        .as_str()
                        .map_err(rusqlite::Error::from)?
                        .as_bytes(),
                );
                hasher.update(b"\n");
            }
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

/// Who a file is; a new one is somebody new.
fn identity(db: &Connection) -> Result<SmolStr, MemoryError> {
    db.execute(
        "INSERT OR IGNORE INTO about VALUES ('identity', lower(hex(randomblob(8))))",
        [],
    )?;
    let found: Option<String> = db
        .query_row(
            "SELECT value FROM about WHERE name = 'identity'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(SmolStr::new(found.unwrap_or_default()))
}

//! The file, and how it is opened.

use crate::embed::{Embedder, Embeds};
use crate::error::MemoryError;
use crate::vectors::{Hit, Kind, Space, Vectors};
use crate::{schema, vectors};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension};
use smol_str::SmolStr;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the file in its folder.
pub const FILE: &str = "memory.sqlite";
/// How long a writer waits for another process.
const BUSY: Duration = Duration::from_secs(30);
/// Pages that a backup copies between two breaths.
const PAGES: i32 = 256;

/// Vectors that are brought to a server at once.
const BROUGHT: usize = 256;

/// A memory that is open. Two processes may have it open at once.
pub struct Memory {
    pub(crate) db: Connection,
    pub(crate) identity: SmolStr,
    path: Option<PathBuf>,
    embedder: Box<dyn Embeds>,
    copy: Option<Replica>,
}

/// A server that holds a copy of the vectors.
struct Replica {
    store: Box<dyn Vectors>,
    /// Why it is not asked any more, once it has failed.
    lost: RefCell<Option<String>>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("identity", &self.identity)
            .field("path", &self.path)
            .field("embedder", &self.embedder.name())
            .field("copy", &self.copy.is_some())
            .finish_non_exhaustive()
    }
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
        Ok(Self {
            db,
            identity,
            path,
            embedder: Box::new(Embedder),
            copy: None,
        })
    }

    /// The same, with texts embedded by another than the built-in embedder.
    #[must_use]
    pub fn embedding_by(self, embedder: Box<dyn Embeds>) -> Self {
        Self { embedder, ..self }
    }

    /// The same, with its vectors searched on a server, which is brought what it lacks first.
    ///
    /// # Errors
    /// The server fails.
    pub fn searched_on(self, store: Box<dyn Vectors>) -> Result<Self, MemoryError> {
        in_step(self.vectors(), store.as_ref())?;
        Ok(Self {
            copy: Some(Replica {
                store,
                lost: RefCell::new(None),
            }),
            ..self
        })
    }

    /// Who embeds its texts.
    pub(crate) fn embedder(&self) -> &dyn Embeds {
        self.embedder.as_ref()
    }

    /// Why the vector server is not asked any more, if it failed: the file alone was searched since.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        let copy = self.copy.as_ref()?;
        copy.lost.borrow().clone()
    }

    /// Does something with the server, if there is one that has not failed; `None` otherwise.
    fn on_server<T>(&self, deed: impl FnOnce(&dyn Vectors) -> Result<T, MemoryError>) -> Option<T> {
        let copy = self.copy.as_ref()?;
        if copy.lost.borrow().is_some() {
            return None;
        }
        let done = deed(copy.store.as_ref());
        done.map_err(|why| *copy.lost.borrow_mut() = Some(why.to_string()))
            .ok()
    }

    /// The nearest vectors: the server's, or the file's where there is none or it fails.
    pub(crate) fn nearest(
        &self,
        space: &Space,
        kind: Kind,
        query: &[f32],
        count: usize,
    ) -> Result<Vec<Hit>, MemoryError> {
        let found = self.on_server(|store| store.nearest(space, kind, query, count));
        found.map_or_else(|| self.vectors().nearest(space, kind, query, count), Ok)
    }

    /// Brings vectors to the server that are in the file. A server that fails gets them when a memory is next
    /// opened with it.
    pub(crate) fn bring(&self, space: &Space, ids: &[SmolStr]) {
        self.on_server(|store| store.put(space, &self.vectors().read(space, ids)?));
    }

    /// Brings all that the server lacks.
    pub(crate) fn bring_all(&self) {
        self.on_server(|store| in_step(self.vectors(), store));
    }

    /// Takes vectors from the server.
    pub(crate) fn take_away(&self, ids: &[SmolStr]) {
        self.on_server(|store| {
            let spaces = self.vectors().spaces()?;
            spaces.iter().try_for_each(|space| store.remove(space, ids))
        });
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

/// Makes a copy hold what the file holds, no less and no more. The copy is read first: what another process writes
/// into both meanwhile is in the file by then, and is not taken for surplus.
fn in_step(own: vectors::Embedded<'_>, copy: &dyn Vectors) -> Result<(), MemoryError> {
    for space in own.spaces()? {
        let theirs: BTreeSet<SmolStr> = copy.ids(&space)?.into_iter().collect();
        let ours: BTreeSet<SmolStr> = own.ids(&space)?.into_iter().collect();
        let surplus: Vec<SmolStr> = theirs.difference(&ours).cloned().collect();
        copy.remove(&space, &surplus)?;
        let missing: Vec<SmolStr> = ours.difference(&theirs).cloned().collect();
        for ids in missing.chunks(BROUGHT) {
            copy.put(&space, &own.read(&space, ids)?)?;
        }
    }
    Ok(())
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

//! The data folder: where the runs are, and what a run leaves.
//!
//! A run is a folder of artifacts under `runs/`, named by an id that sorts by time and can be read:
//! `20261121-095929-417-online-boutique-oom`. Artifacts appear whole or not at all (written beside
//! their place, then renamed), but for the two logs, which grow line by line.

mod artifact;
mod durable;
mod error;
mod id;
mod meta;
mod run;
mod source;
mod status;
mod write;

pub use artifact::Artifact;
pub use durable::{Durability, LogFile};
pub use error::StoreError;
pub use id::RunId;
pub use meta::{Answers, META_SCHEMA, Meta, Ordered, Parent, Remembered, Resumed, Searched};
pub use run::{Held, Run};
pub use source::{SOURCE_SCHEMA, Source};
pub use status::Status;
pub use write::write_atomically;

use aegis_kube::spelling::nearest;
use error::at;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The runs of a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStore {
    runs: PathBuf,
}

/// How often a taken id is tried again, a millisecond later each time.
const ATTEMPTS: u32 = 1000;

impl RunStore {
    /// The runs under a data folder, which need not exist yet.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self {
            runs: data_dir.join("runs"),
        }
    }

    /// The folder that holds the runs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.runs
    }

    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn create(&self, scenario: &str, now: SystemTime) -> Result<Run, StoreError> {
        fs::create_dir_all(&self.runs).map_err(at(&self.runs))?;
        for later in 0..ATTEMPTS {
            let id = RunId::new(now + Duration::from_millis(later.into()), scenario);
            let path = self.runs.join(id.as_str());
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => return made.map_err(at(&path)).map(|()| Run::at(path)),
            }
        }
        Err(StoreError::NoFreeId {
            folder: self.runs.clone(),
        })
    }

    /// Makes a run in a folder of one's own choice, which must be new or empty.
    ///
    /// # Errors
    /// The folder cannot be made, or something is in it.
    pub fn create_in(folder: &Path) -> Result<Run, StoreError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        let mut entries = fs::read_dir(folder).map_err(at(folder))?;
        match entries.next() {
            None => Ok(Run::at(folder.to_owned())),
            Some(_) => Err(StoreError::NotEmpty {
                folder: folder.to_owned(),
            }),
        }
    }

    /// All runs, the oldest first. What is no run is passed over.
    ///
    /// # Errors
    /// The folder exists and cannot be read.
    pub fn list(&self) -> Result<Vec<Run>, StoreError> {
        let entries = match fs::read_dir(&self.runs) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(at(&self.runs))?,
        };
        let mut runs = Vec::new();
        for entry in entries {
            let run = Run::at(entry.map_err(at(&self.runs))?.path());
            if run.is_run() {
                runs.push(run);
            }
        }
        runs.sort();
        Ok(runs)
    }

    /// The run of exactly that id.
    ///
    /// # Errors
    /// There is none.
    pub fn open(&self, id: &RunId) -> Result<Run, StoreError> {
        let run = Run::at(self.runs.join(id.as_str()));
        if run.is_run() {
            Ok(run)
        } else {
            Err(self.unknown(id.as_str()))
        }
    }

    /// The run that a person means: an id, the beginning of one, a folder, or `@last`.
    ///
    /// # Errors
    /// None is meant, or several are.
    pub fn resolve(&self, name: &str) -> Result<Run, StoreError> {
        let mut runs = self.list()?;
        if name == "@last" {
            return runs.pop().ok_or_else(|| StoreError::NoRuns {
                folder: self.runs.clone(),
            });
        }
        if let Some(exact) = runs.iter().find(|run| run.name() == name) {
            return Ok(exact.clone());
        }
        let folder = Run::at(PathBuf::from(name));
        if folder.is_run() {
            return Ok(folder);
        }
        runs.retain(|run| !name.is_empty() && run.name().starts_with(name));
        match runs.len() {
            0 => Err(self.unknown(name)),
            1 => runs.pop().ok_or_else(|| self.unknown(name)),
            _ => Err(ambiguous(name, &runs)),
        }
    }

    fn unknown(&self, name: &str) -> StoreError {
        let runs = self.list().unwrap_or_default();
        let names = runs.iter().map(Run::name);
        StoreError::Unknown {
            name: name.to_owned(),
            near: nearest(name, names).map(str::to_owned),
            folder: self.runs.clone(),
        }
    }

    /// Removes a run: its artifacts, then its folder.
    ///
    /// # Errors
    /// Something else is in the folder: nothing is removed then. Or it cannot be removed.
    pub fn remove(&self, run: &Run) -> Result<(), StoreError> {
        run.remove()
    }

    /// Whether runs can be written: tries, in the nearest folder that exists, and leaves no trace.
    ///
    /// # Errors
    /// Why not.
    pub fn probe(&self) -> Result<(), StoreError> {
        let folder = self.runs.ancestors().find(|folder| folder.is_dir());
        let probe = folder.unwrap_or(Path::new("")).join(".aegis-probe");
        write_atomically(&probe, b"aegis")?;
        fs::remove_file(&probe).map_err(at(&probe))
    }
}

fn ambiguous(name: &str, runs: &[Run]) -> StoreError {
    StoreError::Ambiguous {
        name: name.to_owned(),
        runs: runs.iter().map(|run| run.name().to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests;

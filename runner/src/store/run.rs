//! The folder of one run.

use super::error::{StoreError, at};
use super::write::{is_leftover, write_atomically};
use super::{Artifact, Meta, Source};
use crate::log::{EventWriter, LineWriter};
use serde::Serialize;
use serde_json::Value;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A file by which a run is asked to stop.
const STOP: &str = ".aegis-stop";

/// The logs of a run, open to be written by this process alone.
#[derive(Debug)]
pub struct Held {
    /// Events.
    pub events: File,
    /// Inputs, which carry the lock.
    pub inputs: File,
}

/// A run by its folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    folder: PathBuf,
}

impl Run {
    /// The run in a folder, whether there is one or not.
    #[must_use]
    pub(super) const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of its folder: its id, where it stands among the others.
    #[must_use]
    pub fn name(&self) -> &str {
        self.folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }

    /// Where an artifact is, or would be.
    #[must_use]
    pub fn path(&self, artifact: Artifact) -> PathBuf {
        self.folder.join(artifact.file())
    }

    /// Whether the folder is that of a run: every run begins with its meta.
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.path(Artifact::Meta).is_file()
    }

    /// Writes an artifact, whole or not at all.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, artifact: Artifact, bytes: &[u8]) -> Result<(), StoreError> {
        write_atomically(&self.path(artifact), bytes)
    }

    /// Writes an artifact as JSON that a person can read.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_json<T: Serialize>(
        &self,
        artifact: Artifact,
        value: &T,
    ) -> Result<(), StoreError> {
        let path = self.path(artifact);
        let mut text =
            serde_json::to_vec_pretty(value).map_err(|why| StoreError::Broken { path, why })?;
        text.push(b'\n');
        self.write(artifact, &text)
    }

    /// The text of an artifact; `None` where the run has not left it.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&self, artifact: Artifact) -> Result<Option<String>, StoreError> {
        let path = self.path(artifact);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            text => text.map_err(at(&path)).map(Some),
        }
    }

    /// What is true of this run alone.
    ///
    /// # Errors
    /// `meta.json` is not what it should be.
    pub fn meta(&self) -> Result<Option<Meta>, StoreError> {
        self.json(Artifact::Meta)
    }

    /// `summary.json` as it stands; `None` until the run has ended.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn summary(&self) -> Result<Option<Value>, StoreError> {
        self.json(Artifact::Summary)
    }

    /// The texts of its scenario, where they are kept.
    ///
    /// # Errors
    /// `scenario.json` is not what it should be.
    pub fn source(&self) -> Result<Option<Source>, StoreError> {
        self.json(Artifact::Scenario)
    }

    fn json<T: serde::de::DeserializeOwned>(
        &self,
        artifact: Artifact,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.read(artifact)? else {
            return Ok(None);
        };
        let path = self.path(artifact);
        let value = serde_json::from_str(&text).map_err(|why| StoreError::Broken { path, why })?;
        Ok(Some(value))
    }

    /// Begins the event log, anew if there was one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn events(&self) -> Result<EventWriter<File>, StoreError> {
        Ok(EventWriter::new(self.create(Artifact::Events)?))
    }

    /// Begins the log of inputs, anew if there was one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn inputs(&self) -> Result<LineWriter<File>, StoreError> {
        Ok(LineWriter::new(self.create(Artifact::Inputs)?))
    }

    /// Begins the record of what a language model is asked, anew if there was one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn exchanges(&self) -> Result<LineWriter<File>, StoreError> {
        Ok(LineWriter::new(self.create(Artifact::Exchanges)?))
    }

    /// Goes on with that record behind so many lines; what stands after them is cut off.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn exchanges_behind(&self, lines: usize) -> Result<LineWriter<File>, StoreError> {
        let path = self.path(Artifact::Exchanges);
        let mut file = self.log(Artifact::Exchanges)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(at(&path))?;
        let whole = text.split_inclusive(|byte| *byte == b'\n').take(lines);
        let keeps: usize = whole.map(<[u8]>::len).sum();
        let cut = file.set_len(keeps as u64);
        cut.and_then(|()| file.seek(SeekFrom::End(0)).map(|_| ()))
            .map_err(at(&path))?;
        Ok(LineWriter::behind(file, lines as u64))
    }

    fn create(&self, artifact: Artifact) -> Result<File, StoreError> {
        let path = self.path(artifact);
        File::create(&path).map_err(at(&path))
    }

    /// Holds a run whose logs are to be written: nobody else may until what this gives is dropped.
    ///
    /// # Errors
    /// Another process plays it, or its logs cannot be opened.
    pub fn hold(&self) -> Result<Held, StoreError> {
        let inputs = self.log(Artifact::Inputs)?;
        if let Err(TryLockError::WouldBlock) = inputs.try_lock() {
            return Err(StoreError::Played {
                run: self.name().to_owned(),
            });
        }
        Ok(Held {
            events: self.log(Artifact::Events)?,
            inputs,
        })
    }

    fn log(&self, artifact: Artifact) -> Result<File, StoreError> {
        let path = self.path(artifact);
        let mut options = File::options();
        let open = options.read(true).write(true).create(true).truncate(false);
        open.open(&path).map_err(at(&path))
    }

    /// Asks the process that plays it to stop.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn ask_to_stop(&self) -> Result<(), StoreError> {
        self.write_at(STOP, b"")
    }

    /// Whether somebody asked for it to be stopped.
    #[must_use]
    pub fn is_to_stop(&self) -> bool {
        self.folder.join(STOP).exists()
    }

    /// Nobody asks any more.
    pub(crate) fn forget_stop(&self) {
        // Where nobody asked there is nothing to take away.
        let _ = fs::remove_file(self.folder.join(STOP));
    }

    fn write_at(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        write_atomically(&self.folder.join(name), bytes)
    }

    /// The artifacts that are there with their sizes in bytes.
    #[must_use]
    pub fn artifacts(&self) -> Vec<(Artifact, u64)> {
        let size = |artifact| Some((artifact, fs::metadata(self.path(artifact)).ok()?.len()));
        Artifact::ALL.into_iter().filter_map(size).collect()
    }

    pub(super) fn remove(&self) -> Result<(), StoreError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(at(&self.folder))? {
            let name = entry
                .map_err(at(&self.folder))?
                .file_name()
                .to_string_lossy()
                .into_owned();
            if !ours(&name) {
                return Err(StoreError::Stranger {
                    folder: self.folder.clone(),
                    file: name,
                });
            }
            files.push(self.folder.join(name));
        }
        for file in &files {
            fs::remove_file(file).map_err(at(file))?;
        }
        fs::remove_dir(&self.folder).map_err(at(&self.folder))
    }
}

/// Whether a file in a run's folder is one that a run leaves.
fn ours(name: &str) -> bool {
    name == STOP
        || is_leftover(name)
        || Artifact::ALL.iter().any(|artifact| artifact.file() == name)
}

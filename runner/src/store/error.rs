//! Why the data folder does not do what is asked.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a run cannot be found, written or removed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Nothing may be written there.
    #[error("{} cannot be written: {why}; name another place with --data-dir or --out", path.display())]
    ReadOnly {
        /// Where.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The disk is full.
    #[error("{} cannot be written: the disk is full", path.display())]
    DiskFull {
        /// Where.
        path: PathBuf,
    },
    /// Another error of the system.
    #[error("{}: {why}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A file of a run is not what it should be.
    #[error("{}: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: serde_json::Error,
    },
    /// There is no such run.
    #[error("no run `{name}` in {}{}", folder.display(), did_you_mean(near.as_deref()))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest id.
        near: Option<String>,
        /// Where was looked.
        folder: PathBuf,
    },
    /// There is no run at all.
    #[error("there are no runs in {}", folder.display())]
    NoRuns {
        /// Where was looked.
        folder: PathBuf,
    },
    /// Several runs begin so.
    #[error("`{name}` begins {} runs: {}", runs.len(), some_of(runs))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Their ids.
        runs: Vec<String>,
    },
    /// A folder for a new run has something in it.
    #[error("{} is not empty; a run needs a folder of its own", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder of a run holds what no run leaves, and so is not removed.
    #[error("{} holds what no run leaves ({file}); nothing was removed", folder.display())]
    Stranger {
        /// The folder.
        folder: PathBuf,
        /// What else is there.
        file: String,
    },
    /// Another process plays the run.
    #[error("run {run} goes on in another process")]
    Played {
        /// The run.
        run: String,
    },
    /// A thousand runs were started in this second.
    #[error("no free id for a run in {}", folder.display())]
    NoFreeId {
        /// The folder.
        folder: PathBuf,
    },
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

fn some_of(runs: &[String]) -> String {
    let shown: Vec<&str> = runs.iter().take(4).map(String::as_str).collect();
    let more = if runs.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

impl StoreError {
    /// An error of the system at a place.
    #[must_use]
    pub fn io(path: &Path, why: io::Error) -> Self {
        let path = path.to_owned();
        match why.kind() {
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                Self::ReadOnly { path, why }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { path, why },
        }
    }
}

/// Says where an error of the system was met.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |why| StoreError::io(path, why)
}

//! Files that appear whole or not at all.

use super::error::{StoreError, at};
use std::fs;
use std::path::{Path, PathBuf};

const LEFTOVER: &str = ".aegis-writes-";

/// Writes a file beside its place and renames it there, so that nobody ever reads half of it.
/// Missing folders are made. It is not forced to the disk: what survives a crash of the program need
/// not survive a loss of power.
///
/// # Errors
/// The folder is read-only, the disk full, or another error of the system; nothing is left then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let beside = beside(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // It may not even exist: the first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(at(path))
}

/// A name in the same folder that no other process takes.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{LEFTOVER}{}-{name}", std::process::id()))
}

/// Whether a file is what a stopped writer left.
pub(super) fn is_leftover(name: &str) -> bool {
    name.starts_with(LEFTOVER)
}

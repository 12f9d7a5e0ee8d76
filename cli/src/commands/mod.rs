//! The commands, a file each.

pub mod audit;
pub mod bundle;
pub mod completions;
pub mod diagnose;
pub mod doctor;
pub mod eval;
pub mod explain;
pub mod faults;
pub mod graph;
pub mod import;
pub mod memory;
pub mod newcomer;
pub mod prompts;
pub mod reach;
pub mod rehearse;
pub mod replay;
pub mod report;
pub mod resume;
pub mod run;
pub mod runs;
pub mod scenario;
pub mod sim;
pub mod travel;
pub mod version;

use crate::exit::{Exit, Failure};
use crate::output::{Terminal, to_stderr};
use aegis_runner::settings::{Settings, Sources};
use aegis_runner::store::{RunStore, write_atomically};
use std::path::Path;

/// What every command may look at.
#[derive(Debug)]
pub struct Context {
    /// Where settings were found.
    pub sources: Sources,
    /// The settings.
    pub settings: Settings,
}

impl Context {
    /// The runs of the data folder.
    pub fn store(&self) -> RunStore {
        RunStore::new(&self.settings.data_dir.value)
    }
}

/// A result that is a text: to a file, or to standard output.
fn deliver(text: &str, out: Option<&Path>, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match out {
        Some(path) => deliver_file(text, path)?,
        None => terminal.print(text)?,
    }
    terminal.finish()
}

/// Writes a file, whole or not at all, and says so.
fn deliver_file(text: &str, path: &Path) -> Result<(), Failure> {
    write_atomically(path, text.as_bytes())?;
    to_stderr(&format!("wrote {}\n", path.display()));
    Ok(())
}

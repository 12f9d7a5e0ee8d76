//! The arguments of `aegis memory`.

use super::Format;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `aegis memory`.
#[derive(Debug, Subcommand)]
pub enum Memory {
    /// What there is: episodes, bans, beliefs, texts
    List(ListMemory),
    /// An episode or a text, whole
    Show(ShowMemory),
    /// Keeps documents: runbooks, post-mortems
    Add(AddMemory),
    /// Parts of documents that are near in meaning to some words
    Find(FindMemory),
    /// Everything, as JSON Lines
    Export(ExportMemory),
    /// Reads an export in, all of it or nothing
    Import(ImportMemory),
    /// Copies the file while it is in use
    Backup(BackupMemory),
    /// Lifts a ban
    Pardon(Pardon),
    /// Forgets an episode or a text
    Forget(ShowMemory),
}

/// Which memory.
#[derive(Debug, Args)]
pub struct MemoryAt {
    /// The folder of the memory; the one in the data folder without it
    #[arg(long, value_name = "DIR")]
    pub memory: Option<PathBuf>,
}

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kept {
    /// Incidents
    Episodes,
    /// What may not be blamed
    Bans,
    /// How often which fault was the cause where
    Beliefs,
    /// Parts of documents
    Texts,
}

/// `aegis memory list`.
#[derive(Debug, Args)]
pub struct ListMemory {
    /// Of what: episodes, bans, beliefs, texts
    #[arg(default_value = "episodes", hide_possible_values = true)]
    pub what: Kept,
    #[command(flatten)]
    pub at: MemoryAt,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis memory show` and `forget`.
#[derive(Debug, Args)]
pub struct ShowMemory {
    /// The id of an episode or a text, or the beginning of one
    pub id: String,
    #[command(flatten)]
    pub at: MemoryAt,
}

/// `aegis memory add`.
#[derive(Debug, Args)]
pub struct AddMemory {
    /// Text files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub at: MemoryAt,
}

/// `aegis memory find`.
#[derive(Debug, Args)]
pub struct FindMemory {
    /// Words
    #[arg(required = true)]
    pub words: Vec<String>,
    #[command(flatten)]
    pub at: MemoryAt,
    #[command(flatten)]
    pub format: Format,
}

/// `aegis memory export`.
#[derive(Debug, Args)]
pub struct ExportMemory {
    /// Where it is written; standard output without it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub at: MemoryAt,
}

/// `aegis memory import`.
#[derive(Debug, Args)]
pub struct ImportMemory {
    /// An export
    pub file: PathBuf,
    /// It is one's own: an empty memory becomes what was exported
    #[arg(long)]
    pub restore: bool,
    #[command(flatten)]
    pub at: MemoryAt,
}

/// `aegis memory backup`.
#[derive(Debug, Args)]
pub struct BackupMemory {
    /// The copy
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub at: MemoryAt,
}

/// `aegis memory pardon`.
#[derive(Debug, Args)]
pub struct Pardon {
    /// The ban's number, as `aegis memory list bans` shows it
    pub ban: i64,
    #[command(flatten)]
    pub at: MemoryAt,
}

/// `aegis eval practice`.
#[derive(Debug, Args)]
pub struct Practice {
    /// Of practice: the folder of the memory; what is in it is kept and added to
    #[arg(long, value_name = "DIR")]
    pub memory: Option<PathBuf>,
    /// Of practice: bundled scenarios to learn on
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub learn: Vec<String>,
    /// Of practice: seeds to learn on
    #[arg(long, value_name = "SEEDS", value_delimiter = ',')]
    pub learn_seeds: Vec<u64>,
    /// Of practice: bundled scenarios to measure on
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub measure: Vec<String>,
    /// Of practice: seeds to measure on
    #[arg(long, value_name = "SEEDS", value_delimiter = ',')]
    pub measure_seeds: Vec<u64>,
}

//! The arguments of `aegis memory`.

use super::Format;
use aegis_runner::store::Searched;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `aegis memory`.
#[derive(Debug, Subcommand)]
pub enum Memory {
    /// What there is: episodes, bans, beliefs, rules, texts
    List(ListMemory),
    /// An episode or a text, whole
    Show(ShowMemory),
    /// Keeps documents: runbooks, post-mortems
    Add(AddMemory),
    /// Makes vectors of the documents that have none of this embedder
    Embed(EmbedMemory),
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
    #[command(flatten)]
    pub by: RecalledBy,
}

/// What a memory is searched with.
#[derive(Debug, Clone, Args)]
pub struct RecalledBy {
    /// Where the memory's vectors are searched: embedded (in its own file), or qdrant://HOST:6334
    #[arg(long, value_name = "WHERE", default_value = "embedded", value_parser = Vectors::parse)]
    pub vectors: Vectors,
    /// Who makes vectors of documents: builtin, or the address of a server with OpenAI's interface
    #[arg(long, value_name = "WHO", default_value = "builtin", value_parser = Embeddings::parse)]
    pub embeddings: Embeddings,
    /// The model of that server; its only one without it
    #[arg(long, value_name = "NAME")]
    pub embeddings_model: Option<String>,
}

impl RecalledBy {
    /// As it is written down for whoever goes on with a run.
    pub fn written(&self) -> Searched {
        Searched {
            vectors: match &self.vectors {
                Vectors::Embedded => None,
                #[cfg(feature = "qdrant")]
                Vectors::Qdrant(address) => Some(address.to_string()),
            },
            embeddings: match &self.embeddings {
                Embeddings::Builtin => None,
                Embeddings::Server(base) => Some(base.clone()),
            },
            embeddings_model: self.embeddings_model.clone(),
        }
    }

    /// What was written down.
    pub fn read(written: &Searched) -> Result<Self, String> {
        let vectors = written.vectors.as_deref().map(Vectors::parse);
        let embeddings = written.embeddings.as_deref().map(Embeddings::parse);
        Ok(Self {
            vectors: vectors.unwrap_or(Ok(Vectors::Embedded))?,
            embeddings: embeddings.unwrap_or(Ok(Embeddings::Builtin))?,
            embeddings_model: written.embeddings_model.clone(),
        })
    }
}

/// Where vectors are searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vectors {
    /// In the memory's own file.
    Embedded,
    /// On a Qdrant server.
    #[cfg(feature = "qdrant")]
    Qdrant(aegis_memory::vectors::Address),
}

impl Vectors {
    /// `embedded`, or the address of a server.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            #[cfg(feature = "qdrant")]
            address => address
                .parse()
                .map(Self::Qdrant)
                .map_err(|why: String| format!("embedded, or {why}")),
            #[cfg(not(feature = "qdrant"))]
            _ => Err("embedded: this program was built without Qdrant".to_owned()),
        }
    }
}

/// Who makes vectors of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Embeddings {
    /// The built-in embedder.
    Builtin,
    /// A server, by its base address.
    Server(String),
}

impl Embeddings {
    /// `builtin`, or an address.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "builtin" => Ok(Self::Builtin),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                Ok(Self::Server(url.to_owned()))
            }
            _ => Err("builtin, or http://HOST:PORT/v1".to_owned()),
        }
    }
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
    /// What mended which cause, counted from lessons, with whether it goes first, and what incidents cost with rules and without
    Rules,
    /// Parts of documents
    Texts,
}

/// `aegis memory list`.
#[derive(Debug, Args)]
pub struct ListMemory {
    /// Of what: episodes, bans, beliefs, rules, texts
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

/// `aegis memory embed`.
#[derive(Debug, Args)]
pub struct EmbedMemory {
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
    /// Of practice: bundled scenarios to measure on; NAME@KIND/OBJECT lets the faults befall another object
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub measure: Vec<String>,
    /// Of practice: seeds to measure on
    #[arg(long, value_name = "SEEDS", value_delimiter = ',')]
    pub measure_seeds: Vec<u64>,
    #[command(flatten)]
    pub by: RecalledBy,
}

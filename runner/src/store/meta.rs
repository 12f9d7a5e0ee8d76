//! What is true of this one run and of no repetition of it: when, where, how it was called.

use super::id::rfc3339;
use crate::run::way::Turn;
use aegis_model::{Approval, Irreversible, Mode};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// Version of the shape of [`Meta`].
pub const META_SCHEMA: &str = "aegis.dev/meta/v1";

/// `meta.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// [`META_SCHEMA`].
    pub schema: String,
    /// The run.
    pub id: String,
    /// What was played.
    pub scenario: String,
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// How long it took, s; `None` until it has ended.
    pub wall_s: Option<f64>,
    /// How long each decision took, s.
    pub decision_s: Vec<f64>,
    /// Name of the machine.
    pub host: Option<String>,
    /// The command line, without the program.
    pub arguments: Vec<String>,
    /// What was ordered, to play it again.
    #[serde(default)]
    pub order: Option<Ordered>,
    /// Each time that it was gone on with after it had come to rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<Resumed>,
    /// The run that this one leaves, for a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
}

/// A memory as a run found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Its folder.
    pub folder: String,
    /// Its hash before the run.
    pub digest: String,
    /// What it was searched with.
    #[serde(default, skip_serializing_if = "Searched::is_plain")]
    pub searched: Searched,
}

/// What a memory is searched with, as it was given; keys are not written down.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searched {
    /// Where its vectors are searched; in its own file without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<String>,
    /// Who makes vectors of documents; the built-in embedder without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<String>,
    /// The model of that server that was named, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embeddings_model: Option<String>,
}

impl Searched {
    /// Whether it is searched in its own file, by the built-in embedder.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// Where the answers of a run's language model come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// From a server, whose key is not written down.
    Server {
        /// Its base address.
        base: String,
        /// The model that was named, if one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// How long one answer is waited for, s.
        timeout_s: u32,
    },
    /// From the record of another run, in this folder.
    Run {
        /// The folder.
        folder: String,
    },
}

/// A run was gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// When, RFC 3339, UTC.
    pub at: String,
    /// Events that were on record.
    pub events: u64,
}

/// Where a branch leaves another run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Id of the other run.
    pub run: String,
    /// Its folder.
    pub folder: String,
    /// What is otherwise, and from which step on.
    pub turn: Turn,
}

/// What was ordered, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ordered {
    /// The name of a bundled scenario, an absolute path, or `-`.
    pub scenario: String,
    /// BLAKE3 over the texts of the scenario and of all that it includes.
    pub texts_blake3: String,
    /// The world's seed.
    pub seed: u64,
    /// Which graph thought.
    pub mode: Mode,
    /// Whether a person was asked.
    pub approval: Approval,
    /// Whether a plan that cannot be taken back was asked about even so.
    #[serde(default)]
    pub irreversible: Irreversible,
    /// The memory that was looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Remembered>,
    /// The language model that was asked, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Where its answers come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// Parameters of the engine that were set.
    pub genome: Vec<(String, f64)>,
}

impl Meta {
    /// Of a run that begins.
    #[must_use]
    pub fn begin(id: &str, scenario: &str, started: SystemTime, arguments: Vec<String>) -> Self {
        Self {
            schema: META_SCHEMA.to_owned(),
            id: id.to_owned(),
            scenario: scenario.to_owned(),
            started: rfc3339(started),
            wall_s: None,
            decision_s: Vec::new(),
            host: host(),
            arguments,
            order: None,
            resumed: Vec::new(),
            parent: None,
        }
    }
}

impl Resumed {
    /// Now, with so many events on record.
    #[must_use]
    pub fn at(now: SystemTime, events: u64) -> Self {
        Self {
            at: rfc3339(now),
            events,
        }
    }
}

/// The machine's name as the kernel or, failing that, its file has it.
fn host() -> Option<String> {
    let read = |path| std::fs::read_to_string(path).ok();
    let name = read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname"))?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

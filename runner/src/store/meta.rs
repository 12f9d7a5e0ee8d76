//! What is true of this one run and of no repetition of it: when, where, how it was called.

use super::id::rfc3339;
use aegis_model::{Approval, Mode};
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

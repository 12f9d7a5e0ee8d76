//! An incident as it is kept.

use aegis_model::outcome::{Ending, Finding};
use aegis_model::recall::{Arm, Blame, Deed, Stage};
use aegis_model::{Role, Signature};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// An incident as it is kept. Its id is the hash of the rest, so that the same incident is kept once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Hash of what follows, 16 hexadecimal digits.
    #[serde(default)]
    pub id: SmolStr,
    /// The memory that wrote it.
    pub source: SmolStr,
    /// Digest of the scenario's family: support is counted by it. The engine never gets it.
    pub family: SmolStr,
    /// The world's seed.
    pub seed: u64,
    /// Version of the engine's parameters.
    pub genome: SmolStr,
    /// BLAKE3 of the run's event log, hexadecimal.
    pub log: SmolStr,
    /// Position of the incident in its run, from 0.
    pub number: u32,
    /// What it is known by: what of it lasted, or what it looked like when it opened where it was over before.
    pub signature: Signature,
    /// What it looked like when it opened.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub first: Signature,
    /// How many workloads of each place the application had.
    pub shape: Vec<(Role, u32)>,
    /// Its cause, where that is known.
    pub cause: Option<Blame>,
    /// How that is known.
    pub known_by: KnownBy,
    /// What was blamed and acted upon.
    pub claims: Vec<Claim>,
    /// What the memory withheld, with the greatest confidence that it would have had.
    pub withheld: Vec<(Blame, f64)>,
    /// How it ended.
    pub ending: Ending,
    /// Minutes in which an objective was missed.
    pub lost: f64,
    /// What was done and stands, in order.
    pub deeds: Vec<Deed>,
    /// Sizes of the cause's parameters, as estimated; empty where nothing was.
    pub parameters: Vec<f64>,
    /// The cause of the incident before it in the run, where there was one.
    pub after: Option<Blame>,
    /// Whether rules were used.
    pub arm: Arm,
    /// What it teaches.
    pub lessons: Vec<Lesson>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_false(yes: &bool) -> bool {
    !*yes
}

/// Whether nothing is known of how it began: an older record has no more than one signature.
fn is_empty(signature: &Signature) -> bool {
    signature.0.is_empty()
}

impl Record {
    /// What it looked like at a stage.
    #[must_use]
    pub fn at(&self, stage: Stage) -> &Signature {
        match stage {
            Stage::Onset | Stage::Opening if !self.first.0.is_empty() => &self.first,
            Stage::Onset | Stage::Opening | Stage::Settled => &self.signature,
        }
    }
}

/// How a cause is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// It is not.
    Nothing,
    /// What came after the plan was what it predicted.
    Evidence,
    /// A practice run tells it when it is over.
    Truth,
}

/// A hypothesis that was acted upon, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The fault and the place.
    pub cause: Blame,
    /// What became of it.
    pub finding: Finding,
}

/// What an incident teaches about what to do against a cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The cause.
    pub cause: Blame,
    /// What was done, or would have been.
    pub deeds: Vec<Deed>,
    /// Whether it mended.
    pub mended: bool,
    /// Foreseeable gain over what was done instead, in stability, where hindsight has played it.
    pub gain: Option<f64>,
    /// 1 where it was seen in a world; 0.3 where in a twin.
    pub weight: f64,
}

/// An onset: something was off and nothing paged yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onset {
    /// The memory that wrote it.
    pub source: SmolStr,
    /// BLAKE3 of the run's event log, hexadecimal.
    pub log: SmolStr,
    /// Simulated second of the run.
    pub at: i64,
    /// What it looked like.
    pub signature: Signature,
    /// Whether an objective paged within ten minutes.
    pub followed: bool,
    /// Whether something was done before: what would have followed is not known then, and it is not counted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub acted: bool,
    /// The incidents that opened within ten minutes, by position in its run, from 0: what it became.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<u32>,
}

impl Record {
    /// With the id that its content has.
    ///
    /// # Errors
    /// A number that has no JSON.
    pub fn sealed(mut self) -> Result<Self, serde_json::Error> {
        self.id = self.content_id()?;
        Ok(self)
    }

    /// The id that its content has.
    ///
    /// # Errors
    /// A number that has no JSON.
    pub fn content_id(&self) -> Result<SmolStr, serde_json::Error> {
        let bare = Self {
            id: SmolStr::default(),
            ..self.clone()
        };
        let hash = blake3::hash(&serde_json::to_vec(&bare)?);
        Ok(SmolStr::new(&hash.to_hex()[..16]))
    }
}

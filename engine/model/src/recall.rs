//! What a memory is asked when an incident opens, and what it gives back. Nothing here names an object,
//! a scenario, or a seed: a fault stands beside the role of what it befell.

use crate::diagnosis::{Role, Signature, Target};
use crate::outcome::Ending;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Whether a run looks into a memory, and whether it leaves something there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remembers {
    /// Neither.
    #[default]
    Nothing,
    /// It looks and leaves nothing: validation and test.
    ReadOnly,
    /// It looks, and its incidents become episodes.
    ReadWrite,
}

impl Remembers {
    /// Whether no memory is looked into.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// A fault, and the place in the call graph that it befell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Blame {
    /// Id in the catalogue.
    pub fault: SmolStr,
    /// The place of the object at fault.
    pub role: Role,
}

/// How far an incident has come when the memory is asked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Something is off and nothing pages yet.
    Onset,
    /// It opens: what is off at this look.
    #[default]
    Opening,
    /// A minute later: what has lasted. This is what it is known by from then on.
    Settled,
}

/// What the memory is asked.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cue {
    /// How far the incident has come.
    #[serde(default)]
    pub stage: Stage,
    /// What the incident looks like.
    pub signature: Signature,
    /// The place of each workload and Service: together the shape of the application.
    pub roles: Vec<(Target, Role)>,
}

/// What came back, each with why. Empty where nothing is remembered.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recalled {
    /// Incidents that looked alike, the most alike first.
    pub episodes: Vec<Episode>,
    /// Rules for incidents that look like this, the best first.
    pub rules: Vec<Rule>,
    /// What is believed of faults at places.
    pub beliefs: Vec<Belief>,
    /// Weight of the incidents of known cause behind the beliefs.
    pub known: f64,
    /// What followed what.
    pub transitions: Vec<Transition>,
    /// The past fault that cost most in applications of this shape.
    pub worst: Option<Harm>,
    /// What may not be blamed.
    pub forbidden: Vec<Forbidden>,
    /// Whether rules are used or, to measure what they are worth, left out.
    pub arm: Arm,
    /// What earlier onsets that looked like this became.
    pub precursor: Option<Precursor>,
    /// Parts of documents that are near in meaning to what the incident looks like, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<Passage>,
    /// Why the memory, or a part of it, could not be asked, where it could not.
    pub failed: Option<String>,
}

/// An incident that is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Its content hash.
    pub id: SmolStr,
    /// Its cause, where that is known.
    pub cause: Option<Blame>,
    /// How it ended.
    pub ending: Ending,
    /// What was done.
    pub deeds: Vec<Deed>,
    /// How alike it looked, 0..=1.
    pub score: f64,
    /// Why it came to mind.
    pub why: String,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Where it is from, as the user calls it.
    pub origin: String,
    /// Position of the part, from 0.
    pub number: u32,
    /// The words.
    pub body: String,
    /// Cosine to what the incident looks like, −1..=1.
    pub score: f64,
    /// Why it came to mind.
    pub why: String,
}

/// An action without its object: what kind, on what place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deed {
    /// The action's kind, as events name it.
    pub kind: SmolStr,
    /// The place of its object.
    pub role: Role,
}

/// What to do about a cause in an incident that looks so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its content hash.
    pub id: SmolStr,
    /// The cause that it is for.
    pub cause: Blame,
    /// What to do, in order.
    pub deeds: Vec<Deed>,
    /// Weight of its uses, older ones less.
    pub uses: f64,
    /// Weight of those that mended.
    pub successes: f64,
    /// Lower bound of its share of successes (Wilson, z 1.645).
    pub bound: f64,
    /// How alike the incidents look that it is from, 0..=1.
    pub score: f64,
    /// Why it came to mind.
    pub why: String,
}

/// Whether rules are used.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// They go first.
    #[default]
    Used,
    /// One practice incident in ten goes without them.
    HeldOut,
}

/// What is believed of a fault at a place: Beta counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// The fault and the place.
    pub cause: Blame,
    /// Weight of the incidents that it was the cause of.
    pub confirmed: f64,
    /// Weight of those in which it was blamed and was not.
    pub refuted: f64,
    /// Where that is from.
    pub why: String,
}

/// What came after a fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// The fault before.
    pub from: SmolStr,
    /// What followed within the run; `None` is nothing.
    pub to: Option<Blame>,
    /// Weight of the times.
    pub count: f64,
}

/// A past fault with its size and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Harm {
    /// The fault and the place.
    pub cause: Blame,
    /// Sizes of its parameters, in the order of the catalogue.
    pub parameters: Vec<f64>,
    /// Minutes in which an objective was missed.
    pub lost: f64,
    /// Why it came to mind.
    pub why: String,
}

/// Confidence from which what is forbidden would have led.
pub const LED: f64 = 0.6;
/// Incidents in which it would have led before it goes on parole, the present one among them.
pub const TWICE: u32 = 2;

/// A fault at a place that may not be blamed in incidents that look so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forbidden {
    /// The fault and the place.
    pub cause: Blame,
    /// Incidents for which that still holds.
    pub left: u32,
    /// How often it was refuted.
    pub strikes: u32,
    /// Incidents since in which it would have led.
    #[serde(default)]
    pub would_have_led: u32,
    /// Whether it holds.
    pub standing: Standing,
    /// Why.
    pub why: String,
}

/// Whether a ban holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds: what is forbidden has confidence 0.
    Forbidden,
    /// It would have led twice: it may be blamed once more, and only plans that can be taken back answer it.
    Paroled,
}

/// What onsets that looked like this became.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Precursor {
    /// Weight of the onsets.
    pub seen: f64,
    /// Weight of those that an incident followed.
    pub followed: f64,
    /// Lower bound of the share (Wilson, z 1.645).
    pub bound: f64,
    /// Why it came to mind.
    pub why: String,
}

/// A hypothesis that the memory forbids, as it would have been.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Withheld {
    /// The fault and the place.
    pub cause: Blame,
    /// The object.
    pub target: Target,
    /// Its confidence without the ban, 0..=0.99.
    pub would_be: f64,
    /// Whether the ban held.
    pub standing: Standing,
}

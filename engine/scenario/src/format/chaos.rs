//! `chaos` and `patches`: what happens.

use crate::amount::Length;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Who makes a change where a scenario does not say.
pub const ACTOR: &str = "user:deployer";

/// One entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "EntryWords")]
pub struct ChaosEntry {
    /// When, from time 0.
    pub at: Length,
    /// How long; without it it stays.
    pub lasts: Option<Length>,
    /// Who makes the change.
    pub actor: String,
    /// After which time the actor makes it again.
    pub every: Option<Length>,
    /// What.
    pub act: Act,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// A fault of the catalogue.
    Fault {
        /// Its id, or one of the five events.
        fault: String,
        /// What it acts on, where it needs one.
        target: Option<String>,
        /// Sizes, by name, as they are written.
        parameters: Map<String, Value>,
    },
    /// What a fault needs of an application that few have is put there.
    Stage {
        /// Id of the fault.
        fault: String,
        /// What it will act on.
        target: Option<String>,
    },
    /// A change of an object.
    Patch(PatchOf),
    /// An object that is created or replaced.
    Apply(Value),
    /// An object that is deleted.
    Delete {
        /// Which.
        what: Deleted,
        /// What becomes of what it owns.
        propagation: PropagationPolicy,
    },
    /// Users send more, or less.
    Load(LoadChange),
}

/// `propagationPolicy` of a deletion, as the API spells it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "Kubernetes' words")]
pub enum PropagationPolicy {
    /// The object's finalizers decide, else the background.
    #[default]
    Unsaid,
    Background,
    Foreground,
    Orphan,
}

/// A patch of an object: exactly one of `merge` and `json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchOf {
    /// `kind/name`.
    pub object: String,
    /// A merge patch (RFC 7386).
    #[serde(default)]
    pub merge: Option<Value>,
    /// A JSON patch (RFC 6902).
    #[serde(default)]
    pub json: Option<Value>,
}

/// What is deleted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Deleted {
    /// `kind/name`.
    Object(String),
    /// All that it chooses.
    Choice(Choice),
}

/// Objects chosen by labels, or pods by their workload.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Kind, with a selector.
    #[serde(default)]
    pub kind: Option<String>,
    /// Labels, all of which must be there.
    #[serde(default)]
    pub selector: Option<BTreeMap<String, String>>,
    /// Pods of this workload.
    #[serde(default)]
    pub owner: Option<String>,
}

/// A new rate at an entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadChange {
    /// The entry.
    pub to: String,
    /// Requests per second from then on.
    pub rps: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryWords {
    at: Length,
    #[serde(default, rename = "for")]
    lasts: Option<Length>,
    fault: Option<String>,
    stage: Option<String>,
    target: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    actor: Option<String>,
    every: Option<Length>,
    patch: Option<PatchOf>,
    apply: Option<Value>,
    delete: Option<Deleted>,
    #[serde(default, rename = "propagationPolicy")]
    propagation: PropagationPolicy,
    load: Option<LoadChange>,
}

impl TryFrom<EntryWords> for ChaosEntry {
    type Error = &'static str;

    fn try_from(words: EntryWords) -> Result<Self, Self::Error> {
        if words.delete.is_none() && words.propagation != PropagationPolicy::Unsaid {
            return Err(
                "propagationPolicy says how something is deleted: without delete it says nothing",
            );
        }
        let act = match (
            words.fault,
            words.stage,
            words.patch,
            words.apply,
            words.delete,
            words.load,
        ) {
            (Some(fault), None, None, None, None, None) => Act::Fault {
                fault,
                target: words.target,
                parameters: words.parameters,
            },
            (None, Some(fault), None, None, None, None) => Act::Stage {
                fault,
                target: words.target,
            },
            (None, None, Some(patch), None, None, None) => Act::Patch(patch),
            (None, None, None, Some(document), None, None) => Act::Apply(document),
            (None, None, None, None, Some(what), None) => Act::Delete {
                what,
                propagation: words.propagation,
            },
            (None, None, None, None, None, Some(load)) => Act::Load(load),
            _ => return Err("exactly one of fault, stage, patch, apply, delete, load"),
        };
        Ok(Self {
            at: words.at,
            lasts: words.lasts,
            actor: words.actor.unwrap_or_else(|| ACTOR.to_owned()),
            every: words.every,
            act,
        })
    }
}

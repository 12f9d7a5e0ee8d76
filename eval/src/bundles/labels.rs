//! Labels of support bundles, and how our ids of causes are called there.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What is known of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// The application.
    #[serde(default)]
    pub system: String,
    /// The cause's name.
    pub root_cause: String,
    /// The faulty object: `app/x`, `node/x`, `namespace/x`, `kind/x`.
    pub fault_object: String,
}

/// Labels by case.
pub type Labels = BTreeMap<String, Label>;

/// Names that the labels have for ids of ours; an id that is not listed counts as itself.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(transparent)]
pub struct Names(BTreeMap<String, Name>);

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Name {
    One(String),
    Any(Vec<String>),
}

impl Names {
    /// Whether an id of ours is that cause.
    #[must_use]
    pub fn is(&self, id: &str, cause: &str) -> bool {
        match self.0.get(id) {
            Some(Name::One(name)) => name == cause,
            Some(Name::Any(names)) => names.iter().any(|name| name == cause),
            None => id.to_ascii_lowercase().replace(['-', '.', ' '], "_") == cause,
        }
    }

    /// How the labels call an id of ours.
    #[must_use]
    pub fn of(&self, id: &str) -> String {
        match self.0.get(id) {
            Some(Name::One(name)) => name.clone(),
            Some(Name::Any(names)) => names.first().cloned().unwrap_or_default(),
            None => id.to_owned(),
        }
    }
}

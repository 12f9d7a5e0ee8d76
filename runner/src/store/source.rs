//! The scenario of a run with all that it includes, kept with the run: it is played again from these texts, whatever
//! has become of the files.

use aegis_kube::Diagnostic;
use aegis_scenario::Loaded;
use aegis_scenario::load::load;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the shape of [`Source`].
pub const SOURCE_SCHEMA: &str = "aegis.dev/source/v1";

/// `scenario.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// [`SOURCE_SCHEMA`].
    pub schema: String,
    /// The name of the scenario's own text among the texts.
    pub scenario: String,
    /// Every text that was read, by its name.
    pub texts: BTreeMap<String, String>,
}

impl Source {
    /// A scenario by the name of its text, with all texts that were read for it.
    #[must_use]
    pub fn new(scenario: &str, texts: BTreeMap<String, String>) -> Self {
        Self {
            schema: SOURCE_SCHEMA.to_owned(),
            scenario: scenario.to_owned(),
            texts,
        }
    }

    /// The scenario, read again.
    ///
    /// # Errors
    /// What this version does not take any more.
    pub fn load(&self) -> Result<Loaded, Vec<Diagnostic>> {
        let text = self.texts.get(&self.scenario).map_or("", String::as_str);
        load(&self.scenario, text, &|path| self.text(path))
    }

    /// A text by the name that the scenario gives it; manifests that the program carries have names of their own.
    fn text(&self, path: &str) -> Option<String> {
        let carried = || {
            let (_, file) = path.rsplit_once("manifests/")?;
            let end = format!("manifests/{file}");
            let mut texts = self.texts.iter();
            texts.find(|(name, _)| name.ends_with(&end))
        };
        let known = self.texts.get_key_value(path).or_else(carried);
        known.map(|(_, text)| text.clone())
    }
}

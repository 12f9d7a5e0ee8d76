//! Vectors of texts from a server, for the memory.

use aegis_llm::{Embedder, Endpoint, probe};
use aegis_memory::{Embeds, Space};
use smol_str::SmolStr;
use std::time::Duration;

/// Time for one batch of texts.
const PATIENCE: Duration = Duration::from_secs(20);

/// An embedder behind a server with OpenAI's interface.
pub struct Served {
    embedder: Embedder,
    name: String,
}

impl Served {
    /// The embedder at an address; without a name its only model.
    ///
    /// # Errors
    /// Nobody answers there; it has several models and none was named.
    pub fn at(base: &str, model: Option<String>, key: Option<String>) -> Result<Self, String> {
        let model = model.map_or_else(|| only_model(base), Ok)?;
        let name = format!("{model} at {base}");
        let endpoint = Endpoint {
            key,
            ..Endpoint::new(base, Some(model))
        };
        let embedder = Embedder::new(&endpoint, PATIENCE).map_err(|why| why.why)?;
        Ok(Self { embedder, name })
    }
}

fn only_model(base: &str) -> Result<String, String> {
    let found = probe::probe(&[(base.to_owned(), base.to_owned())]);
    let models = found.into_iter().next().map(|found| found.models);
    match models {
        Some(Ok(mut models)) if models.len() == 1 => Ok(models.remove(0)),
        Some(Ok(models)) => Err(format!(
            "{base} has {} models: --embeddings-model says which of {}",
            models.len(),
            models.join(", ")
        )),
        Some(Err(why)) => Err(format!("{base}: {}", why.why)),
        None => Err(format!("{base} cannot be asked")),
    }
}

impl Embeds for Served {
    fn embed(&self, texts: &[&str]) -> Result<(Space, Vec<Vec<f32>>), String> {
        let vectors = self.embedder.embed(texts).map_err(|why| why.why)?;
        let space = Space {
            embedder: SmolStr::new(format!("model {}", self.embedder.name())),
            version: 1,
            dimensions: vectors.first().map_or(0, Vec::len),
        };
        Ok((space, vectors))
    }

    fn name(&self) -> &str {
        &self.name
    }
}

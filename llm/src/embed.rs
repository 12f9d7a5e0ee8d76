//! Vectors of texts, from a server's embeddings interface.

use crate::client::{http, of_transport, silence};
use crate::endpoint::Endpoint;
use aegis_model::ask::{Silence, SilenceKind};
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Texts that are sent at once.
const BATCH: usize = 32;

/// An embedder behind a server. Vectors of different embedders are never compared: its name says which.
pub struct Embedder {
    client: Client<OpenAIConfig>,
    runtime: Runtime,
    model: String,
    patience: Duration,
}

#[derive(Deserialize)]
struct Rows {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    index: usize,
    embedding: Vec<f32>,
}

impl Embedder {
    /// An embedder; its model must be named.
    ///
    /// # Errors
    /// No runtime, no TLS, no model.
    pub fn new(endpoint: &Endpoint, patience: Duration) -> Result<Self, Silence> {
        let model = endpoint.model.clone();
        let model = model.ok_or_else(|| {
            silence(
                SilenceKind::NoModel,
                "an embedder needs the name of its model".into(),
            )
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| silence(SilenceKind::Unreachable, why.to_string()))?;
        let http = http(&endpoint.base).map_err(|why| of_transport(&why))?;
        let config = OpenAIConfig::new()
            .with_api_base(&endpoint.base)
            .with_api_key(endpoint.key.clone().unwrap_or_default());
        Ok(Self {
            client: Client::build(http, config),
            runtime,
            model,
            patience,
        })
    }

    /// What its vectors are marked with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model
    }

    /// A vector of length 1 for each text, in order.
    ///
    /// # Errors
    /// The server fails, or gives vectors that are none.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Silence> {
        let mut all = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            all.extend(self.batch(batch)?);
        }
        Ok(all)
    }

    fn batch(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Silence> {
        let body = json!({"model": self.model, "input": texts, "encoding_format": "float"});
        let embeddings = self.client.embeddings();
        let asked = embeddings.create_byot::<Value, Rows>(body);
        let came = self
            .runtime
            .block_on(async { timeout(self.patience, asked).await });
        let rows = came
            .map_err(|_| silence(SilenceKind::TimedOut, "no vectors came in time".into()))?
            .map_err(|why| {
                silence(
                    SilenceKind::Refused,
                    why.to_string().chars().take(200).collect(),
                )
            })?;
        ordered(rows, texts.len())
    }
}

/// Vectors in the order of the texts, each of length 1.
fn ordered(rows: Rows, count: usize) -> Result<Vec<Vec<f32>>, Silence> {
    let bad = |why: &str| silence(SilenceKind::Malformed, why.to_owned());
    let mut rows = rows.data;
    rows.sort_by_key(|row| row.index);
    let are_all = rows.len() == count && rows.iter().enumerate().all(|(n, row)| row.index == n);
    if !are_all {
        return Err(bad("the server gave other vectors than were asked for"));
    }
    let length = rows.first().map_or(0, |row| row.embedding.len());
    let unit = |row: Row| {
        let norm = row.embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
        let fits = row.embedding.len() == length && norm.is_finite() && norm > 0.0;
        fits.then(|| row.embedding.iter().map(|x| x / norm).collect())
            .ok_or_else(|| bad("a vector has no length, or another number of dimensions"))
    };
    rows.into_iter().map(unit).collect()
}

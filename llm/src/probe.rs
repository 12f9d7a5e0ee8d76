//! Which servers are there, and which models they have.

use crate::client::Server;
use crate::endpoint::{Endpoint, OLLAMA};
use aegis_model::ask::Silence;
use std::time::Duration;
use tokio::time::timeout;

/// Time for one server to say what it has.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Where servers listen by default: Ollama, llama.cpp, vLLM, LM Studio.
pub const PLACES: [(&str, &str); 4] = [
    ("Ollama", OLLAMA),
    ("llama.cpp", "http://localhost:8080/v1"),
    ("vLLM", "http://localhost:8000/v1"),
    ("LM Studio", "http://localhost:1234/v1"),
];

/// A server that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What listens there by default.
    pub name: String,
    /// Its address.
    pub base: String,
    /// Its models, or why it did not say.
    pub models: Result<Vec<String>, Silence>,
}

/// Asks each place for its models, all at once.
#[must_use]
pub fn probe(places: &[(String, String)]) -> Vec<Found> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return Vec::new();
    };
    let asked = places.iter().map(|(name, base)| found(name, base));
    runtime.block_on(futures_util::future::join_all(asked))
}

async fn found(name: &str, base: &str) -> Found {
    let models = match Server::new(Endpoint::new(base, None)) {
        Ok(server) => timeout(PATIENCE, server.models())
            .await
            .unwrap_or_else(|_| Err(slow())),
        Err(why) => Err(crate::client::of_transport(&why)),
    };
    Found {
        name: name.to_owned(),
        base: base.to_owned(),
        models,
    }
}

fn slow() -> Silence {
    crate::client::silence(
        aegis_model::ask::SilenceKind::TimedOut,
        "it did not answer in time".into(),
    )
}

/// Billions of parameters that a model's name speaks of, as `qwen3:8b` or `SmolLM2-135M`.
#[must_use]
pub fn billions(model: &str) -> Option<f64> {
    let name = model.to_ascii_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let mut sizes = words.filter_map(|word| {
        let (number, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
        let number: f64 = number.parse().ok()?;
        match unit {
            "b" => Some(number),
            "m" => Some(number / 1_000.0),
            _ => None,
        }
    });
    sizes.next_back()
}

/// Whether a model fits: a machine needs about 0.7 GB per billion parameters at four bits, and 1 GB beside.
/// `None` where its name does not say how large it is.
#[must_use]
pub fn fits(model: &str, memory: u64) -> Option<bool> {
    let needed = billions(model)? * 0.7 + 1.0;
    Some(needed * 1e9 <= memory as f64)
}

#[cfg(test)]
mod tests {
    use super::{billions, fits};

    #[test]
    fn the_size_of_a_model_is_read_off_its_name() {
        assert_eq!(billions("qwen3:8b"), Some(8.0));
        assert_eq!(billions("SmolLM2-135M-Instruct-Q4_1.gguf"), Some(0.135));
        assert_eq!(billions("llama3.2:1b-instruct"), Some(1.0));
        assert_eq!(billions("mistral"), None);
        assert_eq!(fits("llama3.3:70b", 16_000_000_000), Some(false));
        assert_eq!(fits("qwen3:4b", 16_000_000_000), Some(true));
    }
}

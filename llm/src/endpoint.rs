//! Which server is asked, and how much may be asked of it.

use std::time::Duration;

/// Where Ollama listens by default.
pub const OLLAMA: &str = "http://localhost:11434/v1";

/// A server with OpenAI's interface: Ollama, llama.cpp, vLLM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its base address, as `http://localhost:11434/v1`.
    pub base: String,
    /// The model; the first that the server names without one.
    pub model: Option<String>,
    /// What it asks for as a bearer token, if anything.
    pub key: Option<String>,
}

impl Endpoint {
    /// A server, and a model of it.
    #[must_use]
    pub fn new(base: &str, model: Option<String>) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            model,
            key: None,
        }
    }
}

/// How much a run may ask of a model. What is over it goes unanswered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Questions.
    pub calls: u32,
    /// Tokens, of prompts and answers together.
    pub tokens: u64,
    /// Time waited for answers, over the run.
    pub time: Duration,
    /// Time for one answer, further tries included.
    pub patience: Duration,
    /// Characters of a prompt.
    pub prompt: usize,
    /// Tokens of an answer.
    pub answer: u32,
    /// Questions under way at once.
    pub at_once: usize,
    /// Failures of the server in a row after which it is not asked again.
    pub failures: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            calls: 24,
            tokens: 200_000,
            time: Duration::from_secs(600),
            patience: Duration::from_secs(120),
            // About 3,000 tokens: with the answer it fits the 4,096 that servers give a model by default.
            prompt: 10_000,
            answer: 700,
            at_once: 4,
            failures: 2,
        }
    }
}

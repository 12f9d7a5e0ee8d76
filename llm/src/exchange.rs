//! What was asked and what came, by the hash of the question: enough to run again without a model.

use crate::prompt::Prompt;
use aegis_model::ask::{AskRole, Reply, Silence, SilenceKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// BLAKE3 over role, prompt and schema, in hexadecimal. The model is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub String);

impl Key {
    /// The key of a question.
    #[must_use]
    pub fn of(role: AskRole, prompt: &Prompt, schema: &Value) -> Self {
        let mut hasher = blake3::Hasher::new();
        let schema = schema.to_string();
        let role = format!("{role:?}");
        for part in [&role, &prompt.system, &prompt.user, &schema] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize().to_hex().to_string())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tokens, as the server counts them; where it does not, a quarter of the bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Of the prompts.
    pub prompt: u64,
    /// Of the answers.
    pub answer: u64,
}

impl Tokens {
    /// Both.
    #[must_use]
    pub const fn sum(self) -> u64 {
        self.prompt.saturating_add(self.answer)
    }

    /// These and those of a further try.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            prompt: self.prompt.saturating_add(other.prompt),
            answer: self.answer.saturating_add(other.answer),
        }
    }
}

/// A question with all that came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Hash of the question.
    pub key: Key,
    /// What was asked for.
    pub role: AskRole,
    /// Who was asked.
    pub model: String,
    /// The question.
    pub prompt: Prompt,
    /// What binds the answer.
    pub schema: Value,
    /// Rows that the prompt had no room for.
    pub left_out: usize,
    /// What the model wrote: the answer, and the repaired one where that was asked for.
    pub texts: Vec<String>,
    /// What was wrong with each text that was.
    pub wrong: Vec<String>,
    /// Tokens of all tries.
    pub tokens: Tokens,
    /// What the engine was given.
    pub reply: Reply,
}

/// The exchanges of an earlier run.
#[derive(Debug, Default, Clone)]
pub struct Replay {
    model: Option<String>,
    known: BTreeMap<Key, VecDeque<Exchange>>,
}

impl Replay {
    /// The exchanges, in the order in which they were made.
    #[must_use]
    pub fn new(exchanges: Vec<Exchange>) -> Self {
        let mut replay = Self::default();
        for exchange in exchanges {
            replay.model.get_or_insert_with(|| exchange.model.clone());
            let same = replay.known.entry(exchange.key.clone()).or_default();
            same.push_back(exchange);
        }
        replay
    }

    /// Reads exchanges, one a line.
    ///
    /// # Errors
    /// A line that is none.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let all: Result<Vec<Exchange>, _> = lines.map(serde_json::from_str).collect();
        all.map(Self::new)
    }

    /// Who was asked then.
    #[must_use]
    pub fn model(&self) -> &str {
        self.model.as_deref().unwrap_or("none")
    }

    /// The next exchange of a question; the same question asked twice may have had two answers.
    pub fn take(&mut self, key: &Key) -> Option<Exchange> {
        self.known.get_mut(key)?.pop_front()
    }
}

/// A reply that is none.
#[must_use]
pub fn silent(kind: SilenceKind, why: impl Into<String>) -> Reply {
    Reply::Silent(Silence {
        kind,
        why: why.into(),
    })
}

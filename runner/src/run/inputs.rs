//! The executor's inputs as the log keeps them: observations by reference, outcomes by digest.

use super::way::Turn;
use aegis_graphs::sentinel::{Input, Progress};
use aegis_model::ask::Reply;
use aegis_model::{Outcome, Recalled, Ruling};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logged {
    /// The next observation of the event log.
    Observed {
        /// How the applied plan stood.
        progress: Option<Progress>,
    },
    /// The run was over.
    Over,
    /// Outcomes, which are recomputed.
    Outcomes {
        /// How many.
        count: u64,
        /// BLAKE3 over them.
        digest: String,
    },
    /// A person's answer.
    Approval(Ruling),
    /// From here on the run went another way than its figures say.
    Turned(Turn),
    /// The run was stopped by hand here; nothing follows.
    Stopped,
    /// A plan began to be applied.
    Accepted,
    /// A plan was taken back.
    TakenBack {
        /// By these commands.
        commands: Vec<String>,
        /// What could not be.
        failed: Option<String>,
    },
    /// What a language model answered, in full: a replay needs no model.
    Answer(Reply),
    /// What was remembered, in full: a replay needs no memory.
    Recalled(Arc<Recalled>),
}

impl Logged {
    /// As the log keeps it; `commands` are those of taking a plan back.
    #[must_use]
    pub fn of(input: &Input, commands: &[String]) -> Self {
        match input {
            Input::Observed { progress, .. } => Self::Observed {
                progress: progress.clone(),
            },
            Input::Over => Self::Over,
            Input::Outcomes(outcomes) => Self::Outcomes {
                count: outcomes.len() as u64,
                digest: digest(outcomes),
            },
            Input::Approval(ruling) => Self::Approval(ruling.clone()),
            Input::Accepted => Self::Accepted,
            Input::TakenBack { failed, .. } => Self::TakenBack {
                commands: commands.to_vec(),
                failed: failed.clone(),
            },
            Input::Answer(reply) => Self::Answer(reply.clone()),
            Input::Recalled(recalled) => Self::Recalled(Arc::clone(recalled)),
        }
    }
}

fn digest(outcomes: &[Outcome]) -> String {
    let mut hasher = blake3::Hasher::new();
    for outcome in outcomes {
        hasher.update(&outcome.digest.to_le_bytes());
        hasher.update(&outcome.stability.to_bits().to_le_bytes());
        hasher.update(&outcome.cost.to_bits().to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

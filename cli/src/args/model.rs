//! What is said of a language model.

use super::Format;
use clap::{Args, Subcommand, ValueEnum};

/// Which language model is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Llm {
    /// None
    Off,
    /// A server, by its base address
    Server(String),
    /// The answers of an earlier run
    Replay(String),
}

impl Llm {
    /// `off`, `ollama`, an address, or `replay:RUN`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(run) = text.strip_prefix("replay:") {
            return Ok(Self::Replay(run.to_owned()));
        }
        match text {
            "off" => Ok(Self::Off),
            "ollama" => Ok(Self::Server(aegis_llm::OLLAMA.to_owned())),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                Ok(Self::Server(url.to_owned()))
            }
            _ => Err("off, ollama, http://HOST:PORT/v1, or replay:RUN".to_owned()),
        }
    }
}

/// `aegis prompts`.
#[derive(Debug, Subcommand)]
pub enum Prompts {
    /// The templates with their versions
    List(Format),
    /// A template as it is, or the prompts of a run as they were sent
    Render(RenderPrompt),
}

/// The roles in which a language model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PromptName {
    /// For causes
    Diagnosis,
    /// For plans
    Planning,
    /// For objections
    Critic,
    /// For words
    Reflection,
}

/// `aegis prompts render`.
#[derive(Debug, Args)]
pub struct RenderPrompt {
    /// Which: diagnosis, planning, critic, or reflection
    #[arg(hide_possible_values = true)]
    pub name: PromptName,
    /// A run in which a model was asked: an id, the beginning of one, a folder, or @last
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

//! A language model behind a port: prompts, requests, checks of shape, record and replay.
//!
//! A question (`aegis_model::ask::Ask`) goes in, a reply comes out, always: what fails
//! on the way is a reply too. Nothing here knows whether what an answer names exists;
//! `aegis-reason` does. Absent: any part of a decision.

pub mod advisor;
pub mod answer;
pub mod client;
pub mod embed;
pub mod endpoint;
pub mod exchange;
pub mod probe;
pub mod prompt;
pub mod schema;
pub mod trim;

pub use advisor::{Advisor, Figures};
pub use embed::Embedder;
pub use endpoint::{Budget, Endpoint, OLLAMA};
pub use exchange::{Exchange, Key, Replay};
pub use prompt::{Prompt, prompts_version};

//! The suite `smoke`: agents beside each other on the bundled scenarios, with the same seeds.
//!
//! An agent is a mode of the engine. Each plays every scenario with every seed; what is compared are the SLO
//! minutes that users lose, pair by pair. Plays come back in the order in which they were asked for.

mod play;
mod tally;
mod text;

pub use play::{Agent, Play, Suite, SuiteError, run};
pub use tally::{OfScenario, Scores, tally};
pub use text::text;

//! What a run leaves: the two logs as it goes on, the other files when it is over, however that came.
//!
//! All but the logs are projections of the events and of [`facts`]. A run that was stopped, or
//! whose disk is full, leaves them for what has happened. Nothing here decides.

pub mod audit;
mod facts;
mod leave;
mod recording;
pub mod repeat;

pub use facts::{facts_without_control, genome_version};
pub use recording::{Audience, Begun, Kept, Paused, branch, record};

//! What the tests of whole runs share: runs of bundled and of generated scenarios, their
//! judgement, pairs of worlds that an operator could not tell apart, and leaks to plant in them.
//!
//! A dev-dependency alone. Absent: assertions about the engine, which are in `tests/`; and
//! anything that a run could need.

pub mod foresight;
pub mod generate;
pub mod judge;
pub mod leak;
pub mod pair;
pub mod pilot;
pub mod play;
pub mod rename;
pub mod soak;
pub mod story;
pub mod transcript;

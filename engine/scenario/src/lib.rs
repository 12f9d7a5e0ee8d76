//! From a scenario file to a world.
//!
//! [`check`] holds a document against the table of [`words`]. Nothing here opens a file, reads a clock
//! or draws a number that is not asked for: texts come in, values go out.

pub mod amount;
pub mod check;
pub mod diagnostic;
pub mod format;
pub mod words;

pub use format::Scenario;

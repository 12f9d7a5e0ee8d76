//! The suite `faults`: every fault of the catalogue on real applications, among changes that do no harm.
//!
//! A case is an application, a fault, a target that is drawn, a seed. It is played with nobody acting and with
//! Sentinel; it counts where users feel it. Controls are the same without a fault, with a pod that is deleted.
//! Three minds that simulate nothing answer the same question at the same moment. Cases come back in the order
//! in which they were asked for: the number of threads changes nothing.

mod cases;
mod decoys;
mod tally;
mod text;

pub use cases::{APPLICATIONS, Answer, Case, Outcome, Suite, SuiteError, run};
pub use tally::{Scores, tally};
pub use text::text;

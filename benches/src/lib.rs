//! What the benches measure, and what they measure it against.
//!
//! A bench stands beside a reference that does the least of the same work, in the same process and
//! minute: machines are noisy, ratios less so. Absent: assertions about time, and anything that the
//! engine could use.

pub mod churn;
pub mod flat;
pub mod large;
pub mod network;
pub mod process;

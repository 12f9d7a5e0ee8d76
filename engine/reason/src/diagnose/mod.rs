//! Diagnosis: which cause explains the window best.
//!
//! Candidates come from the catalogue and from the changes that were seen. A
//! sign matrix screens them without simulation; the rest are rolled in twins in
//! three rounds of growing care, and weighed by marginal likelihood: the mean
//! over draws from the hypothesis' prior, never the best draw.

pub mod calls;
pub mod candidate;
pub mod echo;
pub mod growth;
pub mod over;
pub mod posterior;
pub mod rounds;
pub mod screen;

pub use candidate::{Candidate, Cause, Named, Sources};
pub use posterior::{Diagnosis, diagnose};
pub use rounds::{Rolled, Round, Theta};

//! From a scenario file to a world.
//!
//! [`load::load`] reads a scenario and all that it includes and says what is wrong,
//! with places: words against the table in [`words`], names against the manifests,
//! faults against the catalogue.
//!
//! Nothing here opens a file, reads a clock or draws a number that is not asked
//! for: texts come in, values go out.

pub mod amount;
pub mod behave;
pub mod build;
pub mod bundled;
pub mod capacity;
pub mod chaos_mesh;
pub mod check;
pub mod diagnostic;
pub mod draft;
pub mod expect;
pub mod explain;
pub mod faults;
pub mod format;
pub mod goals;
pub mod import;
mod ingress;
mod late;
pub mod load;
pub mod names;
pub mod nodes;
pub mod objects;
mod patches;
pub mod plan;
pub mod reach;
mod references;
pub mod rehearsal;
pub mod resolve;
pub mod schema;
pub mod storage;
pub mod template;
pub mod trace;
pub mod trial;
pub mod truth;
pub mod warn;
pub mod words;

pub use diagnostic::Code;
pub use expect::check_expectations;
pub use format::Scenario;
pub use load::{Files, Loaded, load};

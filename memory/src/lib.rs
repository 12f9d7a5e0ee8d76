//! What is remembered from run to run.
//!
//! One SQLite file: incidents as episodes, what is believed of faults at places, bans on what was refuted,
//! lessons that rules are counted from, onsets, and texts with vectors. Written by the runner after a run,
//! read when an incident opens; the engine gets values ([`aegis_model::Recalled`]) and no connection.
//!
//! Absent: worlds, scenarios' names, objects' names. An episode says what befell which *place* in a call
//! graph, so that it means something in another cluster, and tells nothing that a run may not know.

pub mod alike;
pub mod bans;
pub mod embed;
pub mod error;
pub mod exchange;
pub mod memory;
pub mod recall;
pub mod record;
pub mod rules;
mod schema;
pub mod texts;
pub mod vectors;
pub mod write;

pub use embed::Embeds;
pub use error::MemoryError;
pub use memory::Memory;
pub use record::{Claim, KnownBy, Lesson, Onset, Record};
pub use vectors::{Hit, Item, Kind, Space, Vectors};

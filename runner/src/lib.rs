//! The one interpreter of effects, and what it keeps.
//!
//! [`settings`] finds what the user set and where. [`store`] keeps the folders of runs. [`log`] writes
//! and verifies the lines of a run. [`run`] performs what a graph asks for; [`asking`] asks a language model, [`embedding`]
//! asks a server for vectors. [`artifacts`] is all that a run leaves, and what can be proved of it later. Nothing here decides: what is decided lives in the graphs.

pub mod artifacts;
pub mod asking;
pub mod bundle;
pub mod embedding;
pub mod log;
pub mod practice;
pub mod run;
pub mod settings;
pub mod settled;
pub mod store;

//! The graph executor, sans IO, and the graphs of the engine.
//!
//! A graph decides and performs nothing: what is to be done comes out as values, what has happened comes in as
//! values, and the log of what came in is the checkpoint. Absent: clocks, threads, files, worlds, scenarios.

pub mod executor;
pub mod legion;
pub mod sentinel;

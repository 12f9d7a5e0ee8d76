//! How well the engine does, counted: suites of cases whose answers are known.
//!
//! A suite gives counts with their bounds, never a bare share. What could not be run is counted as
//! skipped and said. Nothing here decides anything: a suite runs what a user runs, and compares.

pub mod bundles;
pub mod faults;
pub mod paired;
pub mod practice;
pub mod reliability;
pub mod share;
pub mod smoke;

/// Version of what suites give.
pub const SCHEMA: &str = "aegis.dev/evaluation/v1";

//! The real binary, as a user meets it: help, results, errors, exit codes.

mod bad_input;
mod diagnose;
mod ends;
mod kit;
mod manifests;
mod memory;
mod models;
mod reach;
mod reports;
mod resume;
mod run;
mod runs;
mod scenarios;
#[path = "../../../llm/tests/asking/server.rs"]
mod server;
mod sim;
mod words;

//! `aegis version`.

use crate::args::{Format, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use serde_json::{Value, json};
use std::env::consts::{ARCH, OS};

/// Of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub fn run(args: &Format, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match args.output {
        TextOrJson::Text => terminal.print(&format!("aegis {VERSION}\n"))?,
        TextOrJson::Json => terminal.print_json(&versions())?,
    }
    terminal.finish()
}

/// What a bug report needs.
pub fn versions() -> Value {
    let event = aegis_model::event::EVENT_SCHEMA;
    json!({"schema": "aegis.dev/version/v1", "aegis": VERSION, "event_schema": event, "os": OS, "arch": ARCH})
}

//! Logs go to standard error, for people or as JSON, one object a line.

use crate::paint::Paint;
use aegis_runner::settings::{LogFormat, Settings};
use tracing_subscriber::EnvFilter;

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// For people.
    Text,
    /// For programs; errors are among them.
    Json,
}

/// Begins to log as the settings say.
pub fn begin(settings: &Settings, paint: Paint) -> Logs {
    let filter = EnvFilter::new(&settings.log.value);
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.json_logs.value {
        LogFormat::Json => {
            logs.json().flatten_event(true).init();
            Logs::Json
        }
        LogFormat::Text => {
            logs.with_ansi(paint == Paint::Ansi).without_time().init();
            Logs::Text
        }
    }
}

//! Ctrl-C in a command that computes: the program ends with 130 and leaves no half of a file.

use crate::exit::Exit;
use crate::output::to_stderr;
use std::thread;
use tokio::runtime::Builder;

/// From now on Ctrl-C ends the program with 130. Files are written whole or not at all, so nothing
/// is left to be cleared away.
pub fn watch() {
    let runtime = Builder::new_current_thread().enable_io().build();
    let Ok(runtime) = runtime else {
        return tracing::warn!("Ctrl-C cannot be watched for; the shell will end the program");
    };
    thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            to_stderr("interrupted\n");
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}

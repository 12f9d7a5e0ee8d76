//! Ctrl-C: a command that only computes ends with 130 and leaves no half of a file; a run is stopped and
//! leaves what it has.

use crate::exit::Exit;
use crate::output::to_stderr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Set by the first Ctrl-C; the second one ends the program at once with 130.
pub fn flag() -> Arc<AtomicBool> {
    let pressed = Arc::new(AtomicBool::new(false));
    let Ok(runtime) = Builder::new_current_thread().enable_io().build() else {
        tracing::warn!("Ctrl-C cannot be watched for; the shell will end the program");
        return pressed;
    };
    let seen = Arc::clone(&pressed);
    thread::spawn(move || {
        while runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            if seen.swap(true, Ordering::Relaxed) {
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    });
    pressed
}

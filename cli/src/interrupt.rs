//! Ctrl-C, and SIGTERM, with which service managers and container runtimes stop a program: a command that
//! only computes ends with 130 and leaves no half of a file; a run is stopped and leaves what it has.

use crate::exit::Exit;
use crate::output::to_stderr;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What asks the program to stop.
struct Asked {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl Asked {
    /// From now on neither signal ends the program by itself.
    fn heed() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let entered = runtime.enter();
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        drop(entered);
        Ok(Self {
            runtime,
            interrupt,
            terminate,
        })
    }

    /// Waits until one of them comes; false where none can come any more.
    fn wait(&mut self) -> bool {
        let (interrupt, terminate) = (&mut self.interrupt, &mut self.terminate);
        let came = self.runtime.block_on(async {
            tokio::select! {
                came = interrupt.recv() => came,
                came = terminate.recv() => came,
            }
        });
        came.is_some()
    }
}

/// From now on Ctrl-C ends the program with 130. Files are written whole or not at all, so nothing
/// is left to be cleared away.
pub fn watch() {
    let Ok(mut asked) = Asked::heed() else {
        return unheeded();
    };
    thread::spawn(move || {
        if asked.wait() {
            to_stderr("interrupted\n");
            std::process::exit(Exit::Interrupted as i32);
        }
    });
}

/// Set by the first Ctrl-C; the second one ends the program at once with 130.
pub fn flag() -> Arc<AtomicBool> {
    let pressed = Arc::new(AtomicBool::new(false));
    let Ok(mut asked) = Asked::heed() else {
        unheeded();
        return pressed;
    };
    let seen = Arc::clone(&pressed);
    thread::spawn(move || {
        while asked.wait() {
            if seen.swap(true, Ordering::Relaxed) {
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    });
    pressed
}

fn unheeded() {
    tracing::warn!("Ctrl-C cannot be watched for; the shell will end the program");
}

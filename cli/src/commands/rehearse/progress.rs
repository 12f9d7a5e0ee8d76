//! How far a rehearsal is, on standard error: a line that is written over on a terminal, else a line per stage.

use crate::output::to_stderr;
use crate::paint::Paint;
use aegis_rehearse::rehearse::Progress;
use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time between two looks of a line that is written over.
const REFRESH: Duration = Duration::from_millis(200);

/// The line.
pub struct Bar {
    live: bool,
    paint: Paint,
    state: Mutex<State>,
}

struct State {
    stage: &'static str,
    done: usize,
    of: usize,
    shown: Option<Instant>,
}

impl Bar {
    /// Nothing done so far.
    pub fn new(paint: Paint) -> Self {
        Self {
            live: stderr().is_terminal(),
            paint,
            state: Mutex::new(State {
                stage: "settling",
                done: 0,
                of: 0,
                shown: None,
            }),
        }
    }

    /// Takes note; from any thread.
    pub fn see(&self, progress: Progress) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        match progress {
            Progress::Settled(of) => self.begin(&mut state, "faults played untreated", of),
            Progress::Felt(of) => self.begin(&mut state, "faults played with Sentinel", of),
            Progress::Proposed(of) => self.begin(&mut state, "patches tried", of),
            Progress::Untreated | Progress::Treated | Progress::Hardened => state.done += 1,
        }
        let due = state.shown.is_none_or(|last| last.elapsed() >= REFRESH);
        if self.live && due {
            state.shown = Some(Instant::now());
            let line = format!("{} of {} {}", state.done, state.of, state.stage);
            to_stderr(&format!("\r\x1b[K{}", self.paint.dim(&line)));
        }
    }

    fn begin(&self, state: &mut State, stage: &'static str, of: usize) {
        (state.stage, state.done, state.of) = (stage, 0, of);
        if !self.live {
            to_stderr(&format!("{of} {stage}\n"));
        }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.live {
            to_stderr("\r\x1b[K");
        }
    }
}

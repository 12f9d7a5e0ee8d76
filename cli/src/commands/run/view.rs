//! What is seen of a run while it goes on: lines, and on a terminal the state of the cluster below them.

use super::live::Live;
use crate::args::TextOrJson;
use crate::output::{Terminal, to_stderr};
use crate::paint::{Paint, toned};
use aegis_model::Stamped;
use aegis_report::{Line, Lines, Text};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Between two drawings of how far an answer has come.
const PAUSE: Duration = Duration::from_millis(50);

/// Where lines go.
enum To {
    /// Nowhere: the result is one object.
    Nowhere,
    /// To standard output, line by line.
    Out(Paint),
    /// To the terminal, above the state of the cluster.
    Live(Live, Paint),
}

/// The view of a run.
pub struct View {
    to: To,
    lines: Lines,
    seen: usize,
    err: Paint,
}

impl View {
    /// The view that fits: live where a person looks on.
    pub fn new(format: TextOrJson, terminal: &Terminal) -> Self {
        let watched = io::stdout().is_terminal() && io::stderr().is_terminal();
        let to = match format {
            TextOrJson::Json => To::Nowhere,
            TextOrJson::Text if watched => To::Live(Live::default(), terminal.err),
            TextOrJson::Text => To::Out(terminal.out),
        };
        Self {
            to,
            lines: Lines::default(),
            seen: 0,
            err: terminal.err,
        }
    }

    /// How questions are painted.
    pub const fn paint(&self) -> Paint {
        self.err
    }

    /// Takes in what was shown before, and shows nothing of it.
    pub fn pass(&mut self, told: &[Stamped]) {
        for stamped in told.get(self.seen..).unwrap_or_default() {
            self.lines.take(stamped);
        }
        self.lines.rest();
        self.seen = told.len();
    }

    /// Shows what has come since the last call.
    pub fn see(&mut self, told: &[Stamped]) {
        let fresh = told.get(self.seen..).unwrap_or_default();
        self.seen = told.len();
        for stamped in fresh {
            let lines = self.lines.take(stamped);
            self.put(lines);
            if let To::Live(live, paint) = &mut self.to {
                live.take(stamped, self.lines.names(), *paint);
            }
        }
    }

    /// Takes the state of the cluster away, so that something else can be written.
    pub fn clear(&mut self) {
        let rest = self.lines.rest();
        self.put(rest);
        if let To::Live(live, _) = &mut self.to {
            live.clear();
        }
    }

    /// What shows how far an answer of a language model has come.
    pub fn asking(&mut self) -> Asking {
        self.clear();
        Asking {
            watched: matches!(self.to, To::Live(..)),
            heard: 0,
            last: None,
        }
    }

    /// The run is over.
    pub fn end(mut self) {
        self.clear();
    }

    fn put(&mut self, lines: Vec<Line>) {
        if lines.is_empty() {
            return;
        }
        let text = Text(lines);
        match &mut self.to {
            To::Nowhere => {}
            To::Out(paint) => {
                // Whoever read may have gone; the run goes on, and is kept.
                if write(&toned(&text, *paint)).is_err() {
                    self.to = To::Nowhere;
                }
            }
            To::Live(live, paint) => {
                live.clear();
                to_stderr(&toned(&text, *paint));
            }
        }
    }
}

/// How far an answer has come: one line on the terminal, taken away when it is there.
pub struct Asking {
    watched: bool,
    heard: usize,
    last: Option<Instant>,
}

impl Asking {
    /// A piece has come.
    pub fn hear(&mut self, wanted: &str, piece: &str) {
        self.heard += piece.len();
        let due = self.last.is_none_or(|last| last.elapsed() >= PAUSE);
        if self.watched && due {
            let heard = self.heard;
            to_stderr(&format!(
                "\r  the model is writing {wanted}: {heard} bytes\x1b[K"
            ));
            self.last = Some(Instant::now());
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if self.last.is_some() {
            to_stderr("\r\x1b[K");
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

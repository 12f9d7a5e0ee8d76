//! A run again, compared with its log byte by byte.
//!
//! [`again`] builds the world anew and gives the recorded answers. [`tape`] is what the blind
//! replay ([`crate::run::replay`]) needs of a log, which has no world; [`Expected`] compares.

use crate::log::{Hash, LogError, event_of, read_events, read_lines};
use crate::run::inputs::Logged;
use crate::run::way::Way;
use crate::run::{Company, Order, Remembering, RunError, no_model, run_on};
use crate::store::{Artifact, Run, StoreError};
use aegis_model::{Cue, Recalled, Remembers, RunEvent, Stamped};
use std::fs;
use std::ops::ControlFlow;
use thiserror::Error;

/// Why a run cannot be played again.
#[derive(Debug, Error)]
pub enum RepeatError {
    /// One of its logs is not as it was left.
    #[error("{file}: {why}")]
    Log {
        /// The file.
        file: &'static str,
        /// Why.
        why: LogError,
    },
    /// One of its files cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else comes out of the run than is on record.
    #[error("event {event} comes out other than it is on record; nothing was written")]
    Elsewhere {
        /// The first such event.
        event: u64,
    },
    /// The run itself fails.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// The logs of a run.
#[derive(Debug, Clone)]
pub struct Logs {
    /// Events.
    pub events: Vec<Stamped>,
    /// Inputs.
    pub inputs: Vec<Logged>,
    /// The events as they were written, without their hashes.
    pub lines: Vec<Vec<u8>>,
    /// Hash of the last line.
    pub head: Hash,
}

impl Logs {
    /// Reads the logs of a run and verifies their chain.
    ///
    /// # Errors
    /// A log that is not as it was left.
    pub fn read(run: &Run) -> Result<Self, RepeatError> {
        let log = |artifact: Artifact| {
            move |why| RepeatError::Log {
                file: artifact.file(),
                why,
            }
        };
        let path = run.path(Artifact::Events);
        let (events, head) = read_events(&path).map_err(log(Artifact::Events))?;
        let inputs = read_lines(&run.path(Artifact::Inputs)).map_err(log(Artifact::Inputs))?;
        let text = fs::read(&path).map_err(|why| StoreError::io(&path, why))?;
        let lines = text.split(|byte| *byte == b'\n').filter_map(event_of);
        Ok(Self {
            lines: lines.collect(),
            events,
            inputs,
            head,
        })
    }

    /// How the run used its memory, if it had one.
    pub fn remembers(&self) -> Option<Remembers> {
        let started = self.events.first().map(|stamped| &stamped.event);
        match started {
            Some(RunEvent::Started { context, .. }) if !context.memory.is_nothing() => {
                Some(context.memory)
            }
            _ => None,
        }
    }

    /// Whether the run came to its end, be it that it was stopped by hand.
    #[must_use]
    pub fn ended(&self) -> bool {
        let last = self.events.last().map(|stamped| &stamped.event);
        matches!(last, Some(RunEvent::Ended { .. }))
    }
}

/// Where a repetition first differs from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// Number of the event.
    pub n: u64,
    /// What the log has; empty where it has ended.
    pub logged: String,
    /// What came instead; empty where nothing more came.
    pub came: String,
}

/// Compares events with those of a log as they come.
#[derive(Debug)]
pub struct Expected<'a> {
    logs: &'a Logs,
    seen: usize,
    found: Option<Divergence>,
}

impl<'a> Expected<'a> {
    /// What a log has, from its first event.
    #[must_use]
    pub const fn new(logs: &'a Logs) -> Self {
        Self {
            logs,
            seen: 0,
            found: None,
        }
    }

    /// Takes the next event, as JSON. `false` where nothing more can be compared: it differs, or the
    /// log was cut before it.
    pub fn take(&mut self, came: &[u8]) -> bool {
        let logged = self.logs.lines.get(self.seen).map(Vec::as_slice);
        if self.found.is_none() && logged == Some(came) {
            self.seen += 1;
            return true;
        }
        if logged.is_some() || self.logs.ended() {
            self.differs(logged.unwrap_or_default(), came);
        }
        false
    }

    fn differs(&mut self, logged: &[u8], came: &[u8]) {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        self.found.get_or_insert(Divergence {
            n: self.seen as u64,
            logged: text(logged),
            came: text(came),
        });
    }

    /// No more events come: the first difference, if there is one.
    #[must_use]
    pub fn finish(mut self) -> Option<Divergence> {
        let logs = self.logs;
        if let Some(missing) = logs.lines.get(self.seen) {
            self.differs(missing, b"");
        }
        self.found
    }
}

/// What is recalled where only the record remembers.
///
/// # Errors
/// Always: what is on record is not asked for.
pub fn forgotten(_: &Cue) -> Result<Recalled, String> {
    Err("the logged run was not told here".to_owned())
}

/// Plays a run again: the world is built anew, people give the recorded answers. `None` is byte for
/// byte the same.
///
/// # Errors
/// The scenario is refused, or the run fails.
pub fn again(order: &Order<'_>, logs: &Logs) -> Result<Option<Divergence>, RepeatError> {
    let mut expected = Expected::new(logs);
    let recall = forgotten;
    let played = run_on(
        order,
        &mut Company {
            tell: &mut |event| {
                let line = serde_json::to_vec(event).map_err(|error| error.to_string())?;
                expected.take(&line).then_some(()).ok_or_else(String::new)
            },
            note: &mut |_| Ok(()),
            // Who was not on record when the log was cut is not asked now.
            ask: &mut |_, _| None,
            advise: &mut no_model,
            stop: &|| false,
            memory: logs.remembers().map(|mode| Remembering {
                mode,
                digest: "",
                recall: &recall,
            }),
        },
        Way {
            record: &logs.inputs,
            leaves: None,
            look: &mut |_| ControlFlow::Continue(()),
        },
    );
    match played {
        Err(RunError::Diverged) => expected.differs(b"", b"another input than the logged one"),
        Ok(_) | Err(RunError::Listener(_)) => {}
        Err(other) => return Err(other.into()),
    }
    Ok(expected.finish())
}

/// The events that a blind replay is given: the start, what was seen, what was done. What was thought
/// has to come out again.
#[must_use]
pub fn tape(events: &[Stamped]) -> Vec<Stamped> {
    let outside = |stamped: &&Stamped| {
        matches!(
            stamped.event,
            RunEvent::Started { .. } | RunEvent::Observed(_) | RunEvent::StepApplied { .. }
        )
    };
    events.iter().filter(outside).cloned().collect()
}

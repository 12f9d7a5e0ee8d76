//! A run with its logs: every event and every input is on record before anyone sees it.
//!
//! A run that came to rest before its end (its process was killed, it waits for a person) is gone on with from its
//! logs: the world is built anew and the engine starts again; what comes out is held against the record as far as
//! that goes, and written behind its end. People and models are asked only for what is not on record.

use super::facts::{self, Known};
use super::leave;
use super::repeat::{Logs, RepeatError};
use crate::log::{EventWriter, GENESIS, Hash, LineWriter};
use crate::practice::hindsight::Decision;
use crate::run::inputs::Logged;
use crate::run::outside::Advise;
use crate::run::way::{Rest, Turn, Way};
use crate::run::{Company, Order, Played, Remembering, RunError, run_on};
use crate::store::{Artifact, Durability, Held, LogFile, Meta, Resumed, Run, Source, StoreError};
use aegis_model::{Objects, Plan, Ruling, RunEvent, Stamped};
use aegis_report::{Facts, Story, Summary, summary};
use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::time::{Instant, SystemTime};

/// What is known before a run begins.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Its folder.
    pub run: Run,
    /// What is true of it alone.
    pub meta: Meta,
    /// Version of the program.
    pub version: String,
    /// The texts of its scenario; without them it is found again by its name alone.
    pub source: Option<Source>,
    /// When its logs are on the disk.
    pub durability: Durability,
}

/// Answers for a plan, with all events so far; `None` where the answer comes another day.
pub type Asked<'a> = dyn FnMut(&[Stamped], &Plan, &Objects) -> Option<Ruling> + 'a;

/// Who looks on and answers.
pub struct Audience<'a> {
    /// Sees all events so far, after each.
    pub see: &'a mut dyn FnMut(&[Stamped]),
    /// Is asked to approve a plan, with all events so far; `None` where the answer comes another day.
    pub ask: &'a mut Asked<'a>,
    /// Is asked as the language model, what is asked at once together; [`crate::run::no_model`] where there is none.
    pub advise: &'a mut Advise<'a>,
    /// Whether the run is to stop now.
    pub stop: &'a dyn Fn() -> bool,
    /// The memory, where the run has one.
    pub memory: Option<Remembering<'a>>,
}

/// A run that came to rest.
#[derive(Debug)]
pub struct Kept {
    /// Where it is.
    pub run: Run,
    /// Its events.
    pub events: Vec<Stamped>,
    /// What they do not say.
    pub facts: Facts,
    /// How it came to rest; `None` where it failed.
    pub rest: Option<Rest>,
    /// The world as it stood at each decision, where its incidents are to be remembered.
    pub decisions: Vec<Decision>,
    /// Why it ended before its time, if not by hand.
    pub failure: Option<RunError>,
    /// What could not be written.
    pub unwritten: Vec<StoreError>,
}

impl Kept {
    /// The events as a story.
    #[must_use]
    pub fn story(&self) -> Story<'_> {
        Story::tell(&self.events)
    }

    /// What it came to.
    #[must_use]
    pub fn summary(&self) -> Summary {
        summary(&self.story(), &self.facts)
    }

    /// The plan that it waits for, and the event on which it was asked for.
    #[must_use]
    pub fn waits_for(&self) -> Option<(&str, u64)> {
        let last = self.events.last()?;
        match &last.event {
            RunEvent::ApprovalAsked { plan } if self.rest == Some(Rest::Waiting) => {
                Some((plan, last.n))
            }
            _ => None,
        }
    }
}

/// Plays an order and leaves all artifacts in the run's folder.
///
/// # Errors
/// The folder cannot be written to from the start, so that nothing was played.
pub fn record(order: &Order<'_>, begun: Begun, audience: Audience<'_>) -> Result<Kept, StoreError> {
    begin(&begun)?;
    let held = begun.run.hold()?;
    let take = Take::default();
    take.play(order, begun, held, audience)
}

/// Plays an order along the way of another run up to a turn, and leaves all artifacts in a folder of its own.
///
/// # Errors
/// As for [`record`].
pub fn branch(
    order: &Order<'_>,
    begun: Begun,
    (parent, turn): (&Logs, Turn),
    audience: Audience<'_>,
) -> Result<Kept, StoreError> {
    begin(&begun)?;
    let held = begun.run.hold()?;
    let take = Take {
        record: &parent.inputs,
        leaves: Some(turn),
        ..Take::default()
    };
    take.play(order, begun, held, audience)
}

fn begin(begun: &Begun) -> Result<(), StoreError> {
    // Meta comes last: it makes the folder a run.
    if let Some(source) = &begun.source {
        begun.run.write_json(Artifact::Scenario, source)?;
    }
    begun.run.write_json(Artifact::Meta, &begun.meta)
}

/// A run at rest, held so that nobody else goes on with it.
#[derive(Debug)]
pub struct Paused {
    run: Run,
    held: Held,
    meta: Meta,
    logs: Logs,
}

impl Paused {
    /// Takes hold of a run, and cuts torn lines off the ends of its logs.
    ///
    /// # Errors
    /// Another process plays it, or it is not as it was left.
    pub fn hold(run: Run, meta: Meta) -> Result<Self, RepeatError> {
        let held = run.hold()?;
        for log in [Artifact::Events, Artifact::Inputs] {
            whole_lines(&run, log)?;
        }
        let logs = Logs::read(&run)?;
        Ok(Self {
            run,
            held,
            meta,
            logs,
        })
    }

    /// Where it is.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// What is on record.
    #[must_use]
    pub const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Goes on with it, to its end or until it waits again.
    ///
    /// # Errors
    /// [`RepeatError::Elsewhere`] if something else comes out than is on record: then nothing is written. Its folder
    /// cannot be written to.
    pub fn go_on(
        self,
        order: &Order<'_>,
        (version, durability): (String, Durability),
        audience: Audience<'_>,
    ) -> Result<Kept, RepeatError> {
        let Self {
            run,
            held,
            mut meta,
            logs,
        } = self;
        let events = logs.lines.len() as u64;
        meta.resumed.push(Resumed::at(SystemTime::now(), events));
        let begun = Begun {
            run,
            meta,
            version,
            source: None,
            durability,
        };
        let take = Take {
            record: &logs.inputs,
            inputs: logs.inputs.len(),
            events: &logs.lines,
            head: Some(logs.head),
            leaves: None,
        };
        let kept = take.play(order, begun, held, audience)?;
        match kept.failure {
            Some(RunError::Diverged) => Err(RepeatError::Elsewhere {
                event: kept.events.len() as u64,
            }),
            _ => Ok(kept),
        }
    }
}

/// One process' part of a run.
#[derive(Default)]
struct Take<'a> {
    /// Inputs that it is given again.
    record: &'a [Logged],
    /// Of these, how many are in its own log.
    inputs: usize,
    /// Events that are in its own log, and the hash of the last.
    events: &'a [Vec<u8>],
    head: Option<Hash>,
    /// Where it leaves the record.
    leaves: Option<Turn>,
}

impl Take<'_> {
    fn play(
        self,
        order: &Order<'_>,
        begun: Begun,
        held: Held,
        audience: Audience<'_>,
    ) -> Result<Kept, StoreError> {
        let Begun {
            run,
            mut meta,
            version,
            durability,
            ..
        } = begun;
        let log = RefCell::new(Log::begin(&run, &self, held, durability)?);
        let memory = audience.memory.map(|memory| memory.digest.to_owned());
        let begin = Instant::now();
        let played = self.perform(order, &run, &log, audience);
        run.forget_stop();
        let mut log = log.into_inner();
        let rested = log.rest();
        let (played, rest, failure) = match played.and_then(|played| rested.map(|()| played)) {
            Ok(played) => {
                let rest = played.rest;
                // What is hidden stays so while the run waits.
                let played = (rest != Rest::Waiting).then_some(played);
                (played, Some(rest), None)
            }
            Err(failure) => (None, None, Some(failure)),
        };
        meta.decision_s = log.decisions;
        meta.wall_s = Some(meta.wall_s.unwrap_or(0.0) + begin.elapsed().as_secs_f64());
        let known = Known {
            order,
            version,
            model: meta.order.as_ref().and_then(|order| order.model.clone()),
            head: log.events.head().to_string(),
            memory,
            resumed_from: self.head.map(|_| format!("event {}", self.events.len())),
        };
        let mut played = played;
        let decisions = played
            .as_mut()
            .map_or_else(Vec::new, |played| std::mem::take(&mut played.decisions));
        let facts = facts::facts(&known, played, &log.told);
        let mut unwritten = Vec::new();
        if failure.is_some() {
            let logs = [Artifact::Events, Artifact::Inputs].map(|log| whole_lines(&run, log));
            unwritten.extend(logs.into_iter().filter_map(Result::err));
        }
        match (&failure, rest) {
            (Some(RunError::Diverged), _) => {}
            (_, Some(Rest::Waiting)) => {
                unwritten.extend(run.write_json(Artifact::Meta, &meta).err());
            }
            _ => unwritten.extend(leave::leave(&run, &log.told, &facts, &meta)),
        }
        Ok(Kept {
            run,
            events: log.told,
            facts,
            rest,
            decisions,
            failure,
            unwritten,
        })
    }

    fn perform(
        &self,
        order: &Order<'_>,
        run: &Run,
        log: &RefCell<Log<'_>>,
        audience: Audience<'_>,
    ) -> Result<Played, RunError> {
        let Audience {
            see,
            ask,
            advise,
            stop,
            memory,
        } = audience;
        let noted = Cell::new(0);
        run_on(
            order,
            &mut Company {
                tell: &mut |event| {
                    let mut log = log.borrow_mut();
                    log.take(event)?;
                    see(&log.told);
                    Ok(())
                },
                note: &mut |input| {
                    let count = noted.replace(noted.get() + 1);
                    log.borrow_mut().note(input, count >= self.inputs)
                },
                ask: &mut |plan, objects| ask(&log.borrow().told, plan, objects),
                advise,
                // What is on record has happened: a run stops behind it.
                stop: &|| !log.borrow().catches_up() && (stop() || run.is_to_stop()),
                memory,
            },
            Way {
                record: self.record,
                leaves: self.leaves.clone(),
                look: &mut |_| ControlFlow::Continue(()),
            },
        )
        .map_err(|error| log.borrow().named(error))
    }
}

/// The event log, in the file and at hand; the log of inputs.
struct Log<'a> {
    events: EventWriter<LogFile>,
    inputs: LineWriter<LogFile>,
    told: Vec<Stamped>,
    /// Events that are in the file already.
    record: &'a [Vec<u8>],
    diverged: bool,
    /// When the world last moved: it stands still while the engine thinks.
    moved: Instant,
    /// How long each decision took, s.
    decisions: Vec<f64>,
}

impl<'a> Log<'a> {
    fn begin(
        run: &Run,
        take: &Take<'a>,
        held: Held,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let open = |artifact, file: File, keeps: bool| {
            let path = run.path(artifact);
            let length = if keeps {
                file.metadata().map(|meta| meta.len())
            } else {
                Ok(0)
            };
            let log = length.and_then(|length| LogFile::behind(file, length, durability));
            log.map_err(|why| StoreError::io(&path, why))
        };
        let keeps = take.head.is_some();
        let events = open(Artifact::Events, held.events, keeps)?;
        let inputs = open(Artifact::Inputs, held.inputs, keeps)?;
        let head = take.head.unwrap_or(GENESIS);
        Ok(Self {
            events: EventWriter::behind(events, take.events.len() as u64, head),
            inputs: LineWriter::behind(inputs, take.inputs as u64),
            told: Vec::new(),
            record: take.events,
            diverged: false,
            moved: Instant::now(),
            decisions: Vec::new(),
        })
    }

    /// Whether events come that are on record.
    fn catches_up(&self) -> bool {
        self.told.len() < self.record.len()
    }

    fn take(&mut self, event: &Stamped) -> Result<(), String> {
        match self.record.get(self.told.len()) {
            None => {
                let written = self.events.append(event);
                written.map_err(|error| error.to_string())?;
            }
            Some(line) => {
                let came = serde_json::to_vec(event).map_err(|error| error.to_string())?;
                self.diverged = came != *line;
                if self.diverged {
                    return Err("another event than the one on record".to_owned());
                }
            }
        }
        match &event.event {
            RunEvent::Observed(_) => self.moved = Instant::now(),
            RunEvent::Selected(_) => self.decisions.push(self.moved.elapsed().as_secs_f64()),
            _ => {}
        }
        self.told.push(event.clone());
        Ok(())
    }

    /// Notes an input, which ends a step; one that is on record is not written again.
    fn note(&mut self, input: &Logged, fresh: bool) -> Result<(), String> {
        if !fresh {
            return Ok(());
        }
        let noted = self.inputs.append(input);
        noted.map_err(|error| error.to_string())?;
        let kept = self.inputs.sink().step();
        kept.and_then(|()| self.events.sink().step())
            .map_err(|error| error.to_string())
    }

    fn rest(&mut self) -> Result<(), RunError> {
        let kept: io::Result<()> = self.inputs.sink().rest();
        kept.and_then(|()| self.events.sink().rest())
            .map_err(|error| RunError::Listener(error.to_string()))
    }

    /// Why a run broke off, by its own name where its record was left.
    fn named(&self, error: RunError) -> RunError {
        if self.diverged {
            RunError::Diverged
        } else {
            error
        }
    }
}

/// Takes away the piece of a line that a killed program, or a full disk, may have left at the end of a log.
fn whole_lines(run: &Run, log: Artifact) -> Result<(), StoreError> {
    let path = run.path(log);
    let cut = || {
        if !fs::metadata(&path)?.is_file() {
            return Ok(());
        }
        let text = fs::read(&path)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |last| last + 1);
        if whole < text.len() {
            File::options()
                .write(true)
                .open(&path)?
                .set_len(whole as u64)?;
        }
        Ok(())
    };
    cut().map_err(|why| StoreError::io(&path, why))
}

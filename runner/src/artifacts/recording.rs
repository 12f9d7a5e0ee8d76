//! A run with its logs: every event and every input is on record before anyone sees it.

use super::facts::{self, Known};
use super::leave;
use crate::log::{EventWriter, LineWriter};
use crate::run::{Company, Order, Played, Remembering, RunError, run};
use crate::store::{Artifact, Meta, Run, StoreError};
use aegis_model::ask::{Ask, Reply};
use aegis_model::{Objects, Plan, RunEvent, Stamped};
use aegis_report::{Facts, Story, Summary, summary};
use std::cell::RefCell;
use std::fs::{self, File};
use std::time::Instant;

/// What is known before a run begins.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Its folder.
    pub run: Run,
    /// What is true of it alone.
    pub meta: Meta,
    /// Version of the program.
    pub version: String,
}

/// Who looks on and answers.
pub struct Audience<'a> {
    /// Sees all events so far, after each.
    pub see: &'a mut dyn FnMut(&[Stamped]),
    /// Is asked to approve a plan, with all events so far.
    pub ask: &'a mut dyn FnMut(&[Stamped], &Plan, &Objects) -> bool,
    /// Is asked as the language model; [`crate::run::no_model`] where there is none.
    pub advise: &'a mut dyn FnMut(&Ask) -> Reply,
    /// Whether the run is to stop now.
    pub stop: &'a dyn Fn() -> bool,
    /// The memory, where the run has one.
    pub memory: Option<Remembering<'a>>,
}

/// A run that is over.
#[derive(Debug)]
pub struct Kept {
    /// Where it is.
    pub run: Run,
    /// Its events.
    pub events: Vec<Stamped>,
    /// What they do not say.
    pub facts: Facts,
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
}

/// Plays an order and leaves all artifacts in the run's folder.
///
/// # Errors
/// The folder cannot be written to from the start, so that nothing was played.
pub fn record(order: &Order<'_>, begun: Begun, audience: Audience<'_>) -> Result<Kept, StoreError> {
    let Begun {
        run,
        mut meta,
        version,
    } = begun;
    run.write_json(Artifact::Meta, &meta)?;
    let log = RefCell::new(Log::begin(&run)?);
    let mut inputs = run.inputs()?;
    let memory = audience.memory.map(|memory| memory.digest.to_owned());
    let begin = Instant::now();
    let played = play(order, &log, &mut inputs, audience);
    let log = log.into_inner();
    meta.decision_s = log.decisions;
    let known = Known {
        order,
        version,
        head: log.events.head().to_string(),
        memory,
    };
    let (world, failure) = match played {
        Ok(played) => (Some(played), None),
        Err(failure) => (None, Some(failure)),
    };
    let facts = facts::facts(&known, world, &log.told);
    let mut unwritten = Vec::new();
    if failure.is_some() {
        let logs = [Artifact::Events, Artifact::Inputs].map(|log| whole_lines(&run, log));
        unwritten.extend(logs.into_iter().filter_map(Result::err));
    }
    meta.wall_s = Some(begin.elapsed().as_secs_f64());
    unwritten.extend(leave::leave(&run, &log.told, &facts, &meta));
    Ok(Kept {
        run,
        events: log.told,
        facts,
        failure,
        unwritten,
    })
}

fn play(
    order: &Order<'_>,
    log: &RefCell<Log>,
    inputs: &mut LineWriter<File>,
    audience: Audience<'_>,
) -> Result<Played, RunError> {
    let Audience {
        see,
        ask,
        advise,
        stop,
        memory,
    } = audience;
    run(
        order,
        &mut Company {
            tell: &mut |event| {
                let mut log = log.borrow_mut();
                log.take(event)?;
                see(&log.told);
                Ok(())
            },
            note: &mut |input| inputs.append(input).map_err(|error| error.to_string()),
            ask: &mut |plan, objects| ask(&log.borrow().told, plan, objects),
            advise,
            stop,
            memory,
        },
    )
}

/// The event log, in the file and at hand.
struct Log {
    events: EventWriter<File>,
    told: Vec<Stamped>,
    /// When the world last moved: it stands still while the engine thinks.
    moved: Instant,
    /// How long each decision took, s.
    decisions: Vec<f64>,
}

impl Log {
    fn begin(run: &Run) -> Result<Self, StoreError> {
        Ok(Self {
            events: run.events()?,
            told: Vec::new(),
            moved: Instant::now(),
            decisions: Vec::new(),
        })
    }

    fn take(&mut self, event: &Stamped) -> Result<(), String> {
        let written = self.events.append(event);
        written.map_err(|error| error.to_string())?;
        match &event.event {
            RunEvent::Observed(_) => self.moved = Instant::now(),
            RunEvent::Selected(_) => self.decisions.push(self.moved.elapsed().as_secs_f64()),
            _ => {}
        }
        self.told.push(event.clone());
        Ok(())
    }
}

/// Takes away the piece of a line that a full disk may have left at the end of a log.
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

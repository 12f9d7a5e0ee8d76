//! Whole runs, kept in memory.

use aegis_model::ask::{Ask, Reply};
use aegis_model::{Advisor, Mode, Ruling, RunContext, Stamped};
use aegis_runner::practice::hindsight::Decision;
use aegis_runner::run::inputs::Logged;
use aegis_runner::run::{Company, Order, Remembering, RunError, run};
use aegis_scenario::load::{Loaded, load};
use aegis_scenario::{bundled, bundled::Bundled};
use aegis_world::World;
use std::time::{Duration, Instant};

/// A run that is over.
pub struct Recording {
    /// Everything that it told, in order.
    pub events: Vec<Stamped>,
    /// What came into the executor, in order.
    pub inputs: Vec<Logged>,
    /// The world as it stood at each decision, where a memory is written.
    pub decisions: Vec<Decision>,
    /// The world as it was at the end.
    pub world: World,
    /// What the engine was told.
    pub context: RunContext,
    /// Wall time.
    pub wall: Duration,
}

impl Recording {
    /// The events as lines of JSON: what `events.ndjson` holds beside its chain of hashes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        bytes(&self.events)
    }
}

/// Events as lines of JSON.
///
/// # Panics
/// An event that has no JSON: a defect of its type.
#[must_use]
pub fn bytes(events: &[Stamped]) -> Vec<u8> {
    let mut all = Vec::new();
    for event in events {
        let line = serde_json::to_vec(event);
        all.extend(line.unwrap_or_else(|why| panic!("an event without JSON: {why}")));
        all.push(b'\n');
    }
    all
}

/// The bundled scenario of that name, loaded.
///
/// # Panics
/// There is none, or it is refused.
#[must_use]
pub fn loaded(name: &str) -> Loaded {
    let found = bundled::find(name).unwrap_or_else(|| panic!("no bundled scenario `{name}`"));
    of(found)
}

/// A bundled scenario, loaded.
///
/// # Panics
/// It is refused.
#[must_use]
pub fn of(bundled: &Bundled) -> Loaded {
    read(bundled.path, bundled.text)
}

/// A scenario from its text; what it includes is looked for among the bundled files.
///
/// # Panics
/// It is refused; the message holds every diagnostic and the text.
#[must_use]
pub fn read(path: &str, text: &str) -> Loaded {
    load(path, text, &bundled::file)
        .unwrap_or_else(|errors| panic!("{path} is refused: {errors:#?}\n{text}"))
}

/// Every bundled scenario of the smoke suite.
pub fn smoke() -> impl Iterator<Item = &'static Bundled> {
    let all = bundled::SCENARIOS.iter();
    all.filter(|scenario| scenario.suite() == "smoke")
}

/// Runs a scenario to its end, with no one asked and nothing written.
///
/// # Panics
/// The run breaks off.
#[must_use]
pub fn play(loaded: &Loaded, seed: u64, mode: Mode) -> Recording {
    play_remembering(loaded, seed, mode, None)
}

/// The same with a memory.
///
/// # Panics
/// The run breaks off.
#[must_use]
pub fn play_remembering(
    loaded: &Loaded,
    seed: u64,
    mode: Mode,
    memory: Option<Remembering<'_>>,
) -> Recording {
    play_advised(loaded, seed, mode, memory, None)
}

/// The same with somebody who answers for a language model.
///
/// # Panics
/// The run breaks off.
#[must_use]
pub fn play_advised(
    loaded: &Loaded,
    seed: u64,
    mode: Mode,
    memory: Option<Remembering<'_>>,
    advise: Option<&mut dyn FnMut(&Ask) -> Reply>,
) -> Recording {
    let started = Instant::now();
    let (mut events, mut inputs) = (Vec::new(), Vec::new());
    let order = Order {
        seed,
        mode,
        advisor: match advise {
            Some(_) => Advisor::Model,
            None => Advisor::None,
        },
        ..Order::of(loaded)
    };
    let mut somebody = advise;
    let mut answers = |asks: &[Ask]| {
        let mut answer = |ask: &Ask| somebody.as_mut().map(|advise| advise(ask));
        let replies: Vec<Option<Reply>> = asks.iter().map(&mut answer).collect();
        match replies.into_iter().collect::<Option<Vec<Reply>>>() {
            Some(replies) => replies,
            None => aegis_runner::run::no_model(asks),
        }
    };
    let mut company = Company {
        tell: &mut |event| {
            events.push(event.clone());
            Ok(())
        },
        note: &mut |input| {
            inputs.push(input.clone());
            Ok(())
        },
        ask: &mut |_, _| Some(Ruling::plain(true)),
        advise: &mut answers,
        stop: &|| false,
        memory,
    };
    let played = run(&order, &mut company);
    let played = played.unwrap_or_else(|why| panic!("{why}; again with seed {seed}"));
    Recording {
        events,
        inputs,
        decisions: played.decisions,
        world: played.world,
        context: played.context,
        wall: started.elapsed(),
    }
}

/// Runs the engine again over the tape of a run alone.
///
/// # Errors
/// The tape does not fit: the engine asked for something else.
pub fn replay(recording: &Recording) -> Result<Vec<Stamped>, RunError> {
    let mut events = Vec::new();
    let mut tell = |event: &Stamped| {
        events.push(event.clone());
        Ok(())
    };
    aegis_runner::run::replay(&recording.events, &recording.inputs, &mut tell)?;
    Ok(events)
}

/// Does something with this many threads for simulations.
///
/// # Panics
/// No threads can be started.
pub fn with_threads<T: Send>(threads: usize, job: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.unwrap_or_else(|why| panic!("no threads: {why}"));
    pool.install(job)
}

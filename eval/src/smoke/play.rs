//! The plays of the suite.

use aegis_kube::Diagnostic;
use aegis_model::{Ending, Mode, RunEvent, Stamped};
use aegis_report::Story;
use aegis_report::objectives::{Course, courses};
use aegis_runner::run::{self, Company, Order, RunError, no_model};
use aegis_scenario::bundled::{self, Bundled};
use aegis_scenario::load::{Loaded, load};
use rayon::prelude::*;
use serde::Serialize;
use std::fs;
use std::panic::resume_unwind;
use std::thread;
use std::time::Instant;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Three plans.
    Sentinel,
    /// Nine plans and a debate.
    Legion,
    /// Nobody.
    Noop,
}

impl Agent {
    /// Its mode.
    #[must_use]
    pub const fn mode(self) -> Mode {
        match self {
            Self::Sentinel => Mode::Sentinel,
            Self::Legion => Mode::Legion,
            Self::Noop => Mode::Noop,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sentinel => "sentinel",
            Self::Legion => "legion",
            Self::Noop => "noop",
        }
    }
}

/// What is played.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Agents, the first compared with each of the others.
    pub agents: Vec<Agent>,
    /// Seeds of every scenario.
    pub seeds: Vec<u64>,
}

/// Why it broke off.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A bundled scenario is refused: a defect of ours.
    #[error("a bundled scenario is refused: {0:?}")]
    Refused(Vec<Diagnostic>),
    /// The engine broke off.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// How a play went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Play {
    /// The scenario.
    pub scenario: &'static str,
    /// The seed.
    pub seed: u64,
    /// Who acted.
    pub agent: Agent,
    /// SLO minutes that users lost, all objectives together.
    pub lost: f64,
    /// How it ended.
    pub ending: Ending,
    /// Steps that were applied.
    pub steps: usize,
    /// Objections, amendments that passed, rounds of debate.
    pub debate: [usize; 3],
    /// Of those chosen, plans that a debate made.
    pub amended: usize,
    /// CPU of the thread that played it, s; wall time where the system does not tell.
    #[serde(skip)]
    pub cpu: f64,
}

/// Plays the suite; `done` is told each play that is over, from any thread.
///
/// # Errors
/// A defect of ours.
pub fn run(suite: &Suite, done: &(dyn Fn() + Sync)) -> Result<Vec<Play>, SuiteError> {
    let scenarios = bundled::SCENARIOS.iter();
    let smoke: Vec<(&Bundled, Loaded)> = scenarios
        .filter(|bundled| bundled.suite() == "smoke")
        .map(|bundled| Ok((bundled, loaded(bundled)?)))
        .collect::<Result<_, SuiteError>>()?;
    let mut all = Vec::new();
    for (bundled, loaded) in &smoke {
        for seed in &suite.seeds {
            all.extend(
                suite
                    .agents
                    .iter()
                    .map(|agent| (*bundled, loaded, *seed, *agent)),
            );
        }
    }
    all.into_par_iter()
        .map(|(bundled, loaded, seed, agent)| {
            let played = alone(|| play(bundled.name(), loaded, seed, agent));
            done();
            played
        })
        .collect()
}

fn loaded(bundled: &Bundled) -> Result<Loaded, SuiteError> {
    load(bundled.path, bundled.text, &bundled::file).map_err(SuiteError::Refused)
}

/// On a thread of its own, trials included: its CPU is that of the play.
///
/// A plain thread waits for it. A worker that waited itself would begin other plays meanwhile, until all of them were
/// under way at once.
fn alone<T: Send>(job: impl FnOnce() -> T + Send) -> T {
    let inside = || match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(job),
        Err(_) => job(),
    };
    let over = thread::scope(|scope| scope.spawn(inside).join());
    over.unwrap_or_else(|panic| resume_unwind(panic))
}

fn play(
    scenario: &'static str,
    loaded: &Loaded,
    seed: u64,
    agent: Agent,
) -> Result<Play, SuiteError> {
    let (started, before) = (Instant::now(), on_cpu());
    let events = events(loaded, seed, agent)?;
    let cpu = match (before, on_cpu()) {
        (Some(before), Some(after)) => after - before,
        _ => started.elapsed().as_secs_f64(),
    };
    let lost = courses(&Story::tell(&events));
    let lost = lost.iter().map(Course::lost).sum::<f64>() / 60.0;
    let count = |is: &dyn Fn(&RunEvent) -> bool| {
        let events = events.iter();
        events.filter(|stamped| is(&stamped.event)).count()
    };
    Ok(Play {
        scenario,
        seed,
        agent,
        lost,
        ending: ending(&events),
        steps: count(&|event| matches!(event, RunEvent::StepApplied { .. })),
        debate: [
            count(&|event| matches!(event, RunEvent::Objected(_))),
            count(&is_passed),
            rounds(&events),
        ],
        amended: amended(&events),
        cpu,
    })
}

fn is_passed(event: &RunEvent) -> bool {
    matches!(event, RunEvent::Heard(heard) if heard.result == aegis_model::HearingResult::Passed)
}

fn rounds(events: &[Stamped]) -> usize {
    let of = |stamped: &Stamped| match &stamped.event {
        RunEvent::Debated(debated) => debated.rounds as usize,
        _ => 0,
    };
    events.iter().map(of).sum()
}

/// Plans that were begun and came out of a debate.
fn amended(events: &[Stamped]) -> usize {
    let made = |id: &str| {
        let is =
            |stamped: &Stamped| matches!(&stamped.event, RunEvent::Amended(one) if one.to.id == id);
        events.iter().any(is)
    };
    let begun = |stamped: &&Stamped| matches!(&stamped.event, RunEvent::ApplyStarted { plan } if made(plan));
    events.iter().filter(begun).count()
}

fn ending(events: &[Stamped]) -> Ending {
    let last = events.iter().rev().find_map(|stamped| match stamped.event {
        RunEvent::Ended { ending, .. } => Some(ending),
        _ => None,
    });
    last.unwrap_or(Ending::Cancelled)
}

fn events(loaded: &Loaded, seed: u64, agent: Agent) -> Result<Vec<Stamped>, RunError> {
    let mut events = Vec::new();
    let order = Order {
        seed,
        mode: agent.mode(),
        ..Order::of(loaded)
    };
    let mut company = Company {
        tell: &mut |event| {
            events.push(event.clone());
            Ok(())
        },
        note: &mut |_| Ok(()),
        ask: &mut |_, _| Some(aegis_model::Ruling::plain(true)),
        advise: &mut no_model,
        stop: &|| false,
        memory: None,
    };
    run::run(&order, &mut company)?;
    Ok(events)
}

/// CPU that this thread has used so far, s: the first figure of `schedstat` (Documentation/scheduler/sched-stats).
fn on_cpu() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

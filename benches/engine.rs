//! What noticing, diagnosing, deciding and a whole incident cost, on Online Boutique.
//!
//! A run is stamped with the process's CPU time where it tells something, so that one run gives all
//! of its stages; the best of several is taken stage by stage. The reference of a stage is the solver
//! alone over as many service-ticks as the stage reports, in this process.

use aegis_benches::{network::Rig, process};
use aegis_model::{Mode, Ruling, RunEvent};
use aegis_runner::run::{Company, Order, run};
use aegis_testkit::play::{loaded, with_threads};
use divan::Bencher;
use std::collections::BTreeMap;

const SCENARIO: &str = "online-boutique-oom";
const SEED: u64 = 7;
const TIMES: usize = 5;

fn main() {
    divan::main();
    if !std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        stages();
    }
}

/// A whole run with nothing kept of it; each event is handed on.
fn incident(mode: Mode, threads: usize, mut told: impl FnMut(&RunEvent) + Send) {
    let loaded = loaded(SCENARIO);
    let order = Order {
        seed: SEED,
        mode,
        ..Order::of(&loaded)
    };
    with_threads(threads, || {
        let mut company = Company {
            tell: &mut |event| {
                told(&event.event);
                Ok(())
            },
            note: &mut |_| Ok(()),
            ask: &mut |_, _| Some(Ruling::plain(true)),
            advise: &mut aegis_runner::run::no_model,
            stop: &|| false,
            memory: None,
        };
        let played = run(&order, &mut company);
        assert!(played.is_ok(), "the run breaks off");
    });
}

/// Observed, diagnosed, mended, on all threads that this machine has.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn incident_sentinel(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| incident(Mode::Sentinel, 0, |_| {}));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn incident_sentinel_one_thread(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| incident(Mode::Sentinel, 1, |_| {}));
}

/// The same seconds with an engine that watches and does nothing.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn incident_sentinel_one_thread_reference(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| incident(Mode::Noop, 1, |_| {}));
}

/// Stages of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// The world goes on, and the engine watches.
    Watching,
    /// From the observation that opens the incident to a posterior, calibration included.
    Diagnosis,
    /// From there to a verdict: plans, risk, futures, durability, choice, fresh scores.
    Decision,
}

/// Milliseconds of CPU and service-ticks by stage, summed over a run.
type Account = BTreeMap<Stage, (f64, u64)>;

fn account() -> Account {
    let mut account = Account::new();
    let (mut stage, mut since) = (Stage::Watching, None);
    incident(Mode::Sentinel, 1, |event| {
        let ended = match event {
            RunEvent::Diagnosed { service_ticks, .. } => Some((Stage::Diagnosis, *service_ticks)),
            RunEvent::Shadowed { service_ticks, .. } => Some((Stage::Decision, *service_ticks)),
            RunEvent::Selected(_) => Some((Stage::Decision, 0)),
            RunEvent::Observed(_) => Some((stage, 0)),
            _ => None,
        };
        let Some((spent_on, ticks)) = ended else {
            return;
        };
        let now = process::cpu();
        let entry = account.entry(spent_on).or_default();
        entry.0 += since.map_or(0.0, |since| now.saturating_sub(since) as f64 / 1e6);
        entry.1 += ticks;
        since = Some(now);
        stage = match event {
            RunEvent::Diagnosed { .. } | RunEvent::Shadowed { .. } => Stage::Decision,
            _ => Stage::Watching,
        };
    });
    account
}

/// Milliseconds of CPU that the solver alone takes for as many service-ticks.
fn solver_alone(service_ticks: u64) -> f64 {
    const CLASSES: u32 = 11;
    let mut rig = Rig::layered(CLASSES, 2, 30.0);
    let started = process::own_cpu();
    for _ in 0..service_ticks / u64::from(CLASSES) {
        rig.second();
    }
    (process::own_cpu() - started) as f64 / 1e6
}

fn stages() {
    let mut best = account();
    let mut alone = f64::MAX;
    for _ in 1..TIMES {
        for (stage, (milliseconds, _)) in account() {
            let known = best.entry(stage).or_insert((f64::MAX, 0));
            known.0 = known.0.min(milliseconds);
        }
        alone = alone.min(solver_alone(1_000_000));
    }
    println!("\nstages of {SCENARIO}, seed {SEED}, CPU, best of {TIMES}");
    let all: f64 = best.values().map(|(milliseconds, _)| milliseconds).sum();
    for (stage, (milliseconds, ticks)) in best {
        let reference = alone * ticks as f64 / 1e6;
        println!(
            "  {:<10} {milliseconds:8.1} ms  {ticks:>8} service-ticks  solver alone {reference:6.1} ms",
            format!("{stage:?}")
        );
    }
    println!(
        "  together   {all:8.1} ms, peak memory {:.1} MB",
        process::peak_memory() as f64 / 1e6
    );
}

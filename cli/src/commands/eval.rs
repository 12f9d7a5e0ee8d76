//! `aegis eval`: suites of cases with known answers, counted.

use crate::args::{Agent, Eval, Suite, TextOrJson};
use crate::commands::rehearse::which_faults;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output::{Terminal, to_stderr};
use aegis_eval::bundles::{self, EvalError, Labels, Names};
use aegis_eval::practice::{self, PracticeError, Worlds};
use aegis_eval::{faults, smoke};
use aegis_memory::Memory;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the labels of the public set call our causes.
const MAP: &str = include_str!("../../../scenarios/bundles/map.json");

/// Runs a suite.
pub fn run(args: &Eval, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match args.suite {
        Suite::Bundles => of_bundles(args, terminal),
        Suite::Faults => of_faults(args, terminal),
        Suite::Practice => of_practice(args, terminal),
        Suite::Smoke => of_smoke(args, terminal),
    }
}

fn of_faults(args: &Eval, terminal: &mut Terminal) -> Result<Exit, Failure> {
    interrupt::watch();
    let suite = faults::Suite {
        applications: faults::APPLICATIONS.map(str::to_owned).into(),
        faults: which_faults(&args.faults)?,
        seeds: (args.first_seed..args.first_seed.saturating_add(args.seeds)).collect(),
        controls: args.controls,
    };
    let outcomes = counted("cases", |done| faults::run(&suite, &|_| done()));
    let outcomes = outcomes.map_err(|why| Failure::usage(why.to_string()))?;
    let scores = faults::tally(&outcomes);
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&serde_json::json!(scores))?,
        TextOrJson::Text => terminal.print(&faults::text(&scores))?,
    }
    terminal.finish()?;
    let lower = scores.named.top1.lower();
    let missed = args.fail_below.is_some_and(|share| lower < share);
    Ok(if missed { Exit::Missed } else { Exit::Done })
}

fn of_practice(args: &Eval, terminal: &mut Terminal) -> Result<Exit, Failure> {
    interrupt::watch();
    let given = &args.practice;
    let memory = match &given.memory {
        Some(folder) => Memory::open(folder),
        None => Memory::transient(),
    };
    let memory = memory.map_err(|why| super::memory::told(&why))?;
    let memory = super::memory::searched_by(memory, &given.by)?;
    let worlds = |scenarios: &[String], seeds: &[u64]| Worlds {
        scenarios: scenarios.to_vec(),
        seeds: seeds.to_vec(),
    };
    let done = |name: &str, seed: u64| to_stderr(&format!("{name} {seed}\n"));
    let failed = |why: PracticeError| Failure::usage(why.to_string());
    let train = worlds(&given.learn, &given.learn_seeds);
    let new = practice::learn(&train, &memory, &done).map_err(failed)?;
    let digest = memory
        .digest()
        .map_err(|why| Failure::usage(why.to_string()))?;
    let test = worlds(&given.measure, &given.measure_seeds);
    let pairs = practice::compare(&test, &memory, &done).map_err(failed)?;
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&serde_json::json!({
            "schema": aegis_eval::SCHEMA,
            "learned": new,
            "memory": digest,
            "differences": practice::differences(&pairs),
            "pairs": pairs,
        }))?,
        TextOrJson::Text => {
            let text = format!("learned {new} incidents\n{}", practice::text(&pairs));
            terminal.print(&text)?;
        }
    }
    terminal.finish()
}

/// Counts what is done on standard error while it goes on.
fn counted<T>(what: &str, job: impl FnOnce(&(dyn Fn() + Sync)) -> T) -> T {
    let (done, live) = (AtomicUsize::new(0), stderr().is_terminal());
    let result = job(&|| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if live {
            to_stderr(&format!("\r\x1b[K{done} {what}"));
        } else if done.is_multiple_of(100) {
            to_stderr(&format!("{done} {what}\n"));
        }
    });
    if live {
        to_stderr("\r\x1b[K");
    }
    result
}

fn of_smoke(args: &Eval, terminal: &mut Terminal) -> Result<Exit, Failure> {
    interrupt::watch();
    let agent = |agent: &Agent| match agent {
        Agent::Sentinel => smoke::Agent::Sentinel,
        Agent::Legion => smoke::Agent::Legion,
        Agent::Noop => smoke::Agent::Noop,
    };
    let suite = smoke::Suite {
        agents: args.agents.iter().map(agent).collect(),
        seeds: (args.first_seed..args.first_seed.saturating_add(args.seeds)).collect(),
    };
    let plays = counted("plays", |done| smoke::run(&suite, done));
    let plays = plays.map_err(|why| Failure::usage(why.to_string()))?;
    let scores = smoke::tally(&plays, &suite.agents);
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&serde_json::json!(scores))?,
        TextOrJson::Text => terminal.print(&smoke::text(&scores))?,
    }
    terminal.finish()
}

fn of_bundles(args: &Eval, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let (Some(at), Some(labels)) = (&args.bundles, &args.labels) else {
        let what = "the suite of bundles needs --bundles and --labels";
        return Err(Failure::usage(what)
            .help("for example aegis eval --bundles train.tar.zst --labels train-labels.json"));
    };
    let labels: Labels = read(labels)?;
    let names: Names = match &args.map {
        Some(path) => read(path)?,
        None => parse("map.json", MAP)?,
    };
    let outcomes = match bundles::run(at, &labels, &names) {
        Ok(outcomes) => outcomes,
        Err(error @ (EvalError::Unread { .. } | EvalError::NoCase(_))) => {
            return Err(Failure::usage(error.to_string()));
        }
    };
    let scores = bundles::tally(&outcomes, &labels, &names);
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&serde_json::json!(scores))?,
        TextOrJson::Text => terminal.print(&bundles::text(&scores))?,
    }
    terminal.finish()?;
    let missed = args
        .fail_below
        .is_some_and(|share| scores.pooled_lower95 < share);
    Ok(if missed { Exit::Missed } else { Exit::Done })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
    parse(&name, &text)
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::usage(format!("{name}: {error}")))
}

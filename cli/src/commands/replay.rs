//! `aegis replay`: a run again, byte for byte; blind, the engine alone in a process of its own.

use super::Context;
use super::run::load;
use crate::args::{Replay, TextOrJson};
use crate::exit::{Exit, Failure, Said};
use crate::input::Reader;
use crate::output::Terminal;
use aegis_model::{Advisor, RunEvent, Stamped};
use aegis_runner::artifacts::repeat::{Divergence, Expected, Logs, RepeatError, again, tape};
use aegis_runner::run::inputs::Logged;
use aegis_runner::run::{Order, RunError};
use aegis_runner::store::{Ordered, Run};
use aegis_scenario::Loaded;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::io::{BufRead, Read, Write, stdin};
use std::process::{Command, Stdio};

/// Letters of an event that are shown where it differs.
const SHOWN: usize = 300;

pub fn run(args: &Replay, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let run = context.store().resolve(&args.run)?;
    if args.steps || args.at.is_some() || args.set.is_some() {
        return super::travel::run(args, &run, context, terminal);
    }
    let logs = Logs::read(&run).map_err(|error| unread(&error))?;
    let found = if args.blind {
        blind(&logs)?
    } else {
        full(&run, &logs, terminal)?
    };
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&json!({
            "schema": "aegis.dev/replay/v1",
            "run": run.name(),
            "blind": args.blind,
            "events": logs.lines.len(),
            "identical": found.is_none(),
            "diverged_at": found.as_ref().map(|found| found.n),
            "events_blake3": logs.head.to_string(),
        }))?,
        TextOrJson::Text => terminal.print(&in_words(&logs, found.as_ref(), terminal))?,
    }
    terminal.finish()?;
    Ok(if found.is_none() {
        Exit::Done
    } else {
        Exit::Missed
    })
}

fn in_words(logs: &Logs, found: Option<&Divergence>, terminal: &Terminal) -> String {
    let Some(found) = found else {
        let word = terminal.out.green("identical");
        let cut = if logs.ended() {
            ""
        } else {
            ", up to where the log was cut"
        };
        return format!(
            "{word}: {} events, every byte{cut}; head {}\n",
            logs.lines.len(),
            logs.head
        );
    };
    let word = terminal.out.red("diverged");
    format!("{word} at event {}\n{}", found.n, beside(found))
}

/// Both events from shortly before they differ.
fn beside(found: &Divergence) -> String {
    let same = found.logged.chars().zip(found.came.chars());
    let same = same.take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(SHOWN / 3);
    let piece = |text: &str| match text {
        "" => "(no event)".to_owned(),
        text => {
            let piece: String = text.chars().skip(from).take(SHOWN).collect();
            format!("{}{piece}", if from > 0 { "…" } else { "" })
        }
    };
    format!(
        "  logged  {}\n  came    {}\n",
        piece(&found.logged),
        piece(&found.came)
    )
}

pub fn unread(error: &RepeatError) -> Failure {
    Failure::usage(error.to_string())
        .help("the run is not as it was left, or it was stopped while it wrote")
}

/// Builds the scenario again and plays it with the recorded answers.
pub fn full(run: &Run, logs: &Logs, terminal: &Terminal) -> Result<Option<Divergence>, Failure> {
    let (loaded, ordered) = kept(run, terminal)?;
    let order = order(&loaded, &ordered, logs);
    again(&order, logs).map_err(|error| unread(&error))
}

/// The scenario of a run, as it was kept with it, or as it is found again; and what was ordered.
pub fn kept(run: &Run, terminal: &Terminal) -> Result<(Loaded, Ordered), Failure> {
    let blind = "`aegis replay --blind` needs no scenario";
    let Some(ordered) = run.meta()?.and_then(|meta| meta.order) else {
        return Err(Failure::usage("meta.json does not say what was ordered").help(blind));
    };
    let source = run.source()?;
    let reader = source.as_ref().map_or_else(Reader::default, Reader::kept);
    let loaded = match &source {
        Some(source) => source.load().map_err(|problems| {
            reader.refuse(crate::input::Refusal::Wrong(problems), terminal.err)
        })?,
        None if ordered.scenario == "-" => {
            let what = "the scenario came from standard input and is not kept";
            return Err(Failure::usage(what).help(blind));
        }
        None => load(&reader, &ordered.scenario, terminal)?,
    };
    if reader.digest() != ordered.texts_blake3 {
        let what = format!("{} has changed since the run", ordered.scenario);
        return Err(Failure::usage(what).help(blind));
    }
    Ok((loaded, ordered))
}

/// What was ordered: as the engine was told it, or as it was written down before the engine began.
pub fn order<'a>(loaded: &'a Loaded, ordered: &Ordered, logs: &Logs) -> Order<'a> {
    let told = logs.events.first().map(|stamped| &stamped.event);
    if let Some(RunEvent::Started { context, .. }) = told {
        return Order::told(loaded, ordered.seed, context);
    }
    let genes = ordered.genome.iter();
    Order {
        seed: ordered.seed,
        mode: ordered.mode,
        approval: ordered.approval,
        irreversible: ordered.irreversible,
        genome: genes.map(|(name, value)| (name.into(), *value)).collect(),
        advisor: match ordered.answers {
            Some(_) => Advisor::Model,
            None => Advisor::None,
        },
        ..Order::of(loaded)
    }
}

/// Plays the engine over the tape in a process that has nothing else: no arguments, no environment,
/// no scenario; what it thinks must come out as it did.
pub fn blind(logs: &Logs) -> Result<Option<Divergence>, Failure> {
    let came = in_a_process(&question(logs)?)
        .map_err(|error| Failure::usage(format!("the blind replay cannot be started: {error}")))?;
    let mut expected = Expected::new(logs);
    for line in came
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        if !expected.take(line) {
            break;
        }
    }
    Ok(expected.finish())
}

/// The tape, an empty line, the inputs.
fn question(logs: &Logs) -> Result<Vec<u8>, Failure> {
    let broken = |error: serde_json::Error| Failure::usage(error.to_string());
    let mut text = Vec::new();
    for event in tape(&logs.events) {
        serde_json::to_writer(&mut text, &event).map_err(broken)?;
        text.push(b'\n');
    }
    text.push(b'\n');
    for input in &logs.inputs {
        serde_json::to_writer(&mut text, input).map_err(broken)?;
        text.push(b'\n');
    }
    Ok(text)
}

fn in_a_process(question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("blind-replay")
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // It reads everything before it writes anything.
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(question)?;
    }
    Ok(child.wait_with_output()?.stdout)
}

/// The other half: a tape on standard input, events on standard output.
pub fn blind_half(terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut input = stdin().lock();
    let mut tape = Vec::new();
    loop {
        let mut line = String::new();
        let length = input
            .read_line(&mut line)
            .map_err(|error| Failure::usage(error.to_string()))?;
        if length <= 1 {
            break;
        }
        tape.push(line);
    }
    let mut rest = String::new();
    input
        .read_to_string(&mut rest)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let events: Vec<Stamped> = values(tape.iter().map(String::as_str))?;
    let inputs: Vec<Logged> = values(rest.lines())?;
    let mut tell = |stamped: &Stamped| {
        let line = serde_json::to_string(stamped).map_err(|error| error.to_string())?;
        terminal
            .print(&(line + "\n"))
            .map_err(|_| "nobody listens".to_owned())
    };
    match aegis_runner::run::replay(&events, &inputs, &mut tell) {
        // What came so far is compared; a log that was cut ends so.
        Ok(()) | Err(RunError::TapeEnds | RunError::Diverged | RunError::Listener(_)) => {
            terminal.finish()
        }
        Err(other) => {
            terminal.finish()?;
            Err(Failure::Said(Said {
                exit: Exit::Defect,
                message: other.to_string(),
                help: None,
            }))
        }
    }
}

fn values<'a, T: DeserializeOwned>(
    lines: impl Iterator<Item = &'a str>,
) -> Result<Vec<T>, Failure> {
    let values = lines.map(serde_json::from_str);
    values
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::usage(error.to_string()))
}

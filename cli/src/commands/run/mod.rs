//! `aegis run`: an incident from the first second to its report.

pub mod approve;
mod genome;
mod live;
pub mod model;
pub mod view;

use super::Context;
use super::memory::{searched_by, told as told_of_memory, warn_of_loss};
use super::version::VERSION;
use crate::args::{self, Approve, Llm, Mode as Acts, RunScenario, TextOrJson};
use crate::exit::{Exit, Failure, Said};
use crate::input::{Reader, Refusal};
use crate::interrupt;
use crate::output::{Terminal, to_stderr};
use crate::paint::toned;
use aegis_memory::Memory;
use aegis_model::{Advisor, Approval, Cue, Ending, Irreversible, Mode, Remembers};
use aegis_report::Summary;
use aegis_runner::artifacts::{Audience, Begun, Kept, record};
use aegis_runner::asking::Asking;
use aegis_runner::practice;
use aegis_runner::run::{Order, Remembering, RunError};
use aegis_runner::store::{Artifact, Durability, Meta, Ordered, Remembered, RunStore, StoreError};
use aegis_scenario::Loaded;
use aegis_scenario::build::build;
use serde_json::json;
use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::SystemTime;
use view::View;

pub fn run(
    args: &RunScenario,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let pressed = interrupt::flag();
    let reader = Reader::default();
    let loaded = load(&reader, &args.scenario, terminal)?;
    let order = order(args, &loaded)?;
    let refuse = |problems| reader.refuse(Refusal::Wrong(problems), terminal.err);
    build(&loaded, order.seed).map_err(refuse)?;
    let stop = || pressed.load(Ordering::Relaxed);
    let memory = memory(&args.memory)?;
    let memory = memory
        .map(|memory| searched_by(memory, &args.recalled_by))
        .transpose()?;
    let digest = memory
        .as_ref()
        .map(Memory::digest)
        .transpose()
        .map_err(|why| told_of_memory(&why))?;
    let recall = |cue: &Cue| {
        let recalled = memory.as_ref().map(|memory| memory.recall(cue)).transpose();
        recalled
            .map(Option::unwrap_or_default)
            .map_err(|why| why.to_string())
    };
    let answers = model::answers(args, context)?;
    let advisor = model::advisor(answers.as_ref(), context, terminal)?;
    let mut begun = begin(args, context, &order, &reader, digest.as_deref())?;
    if let Some(ordered) = &mut begun.meta.order {
        ordered.model = advisor.as_ref().map(|advisor| model::named(advisor, args));
        ordered.answers = answers;
    }
    let asking = advisor.map(|advisor| Asking::begin(advisor, &begun.run));
    let mut asking = asking.transpose()?;
    let view = RefCell::new(View::new(args.format.output, terminal));
    let kept = record(
        &order,
        begun,
        Audience {
            see: &mut |told| view.borrow_mut().see(told),
            ask: &mut |told, plan, objects| approve::ask(told, (plan, objects), (&view, &stop)),
            advise: &mut |asks| model::ask(asking.as_mut(), asks, &view),
            stop: &stop,
            memory: digest.as_deref().map(|digest| Remembering {
                mode: Remembers::ReadWrite,
                digest,
                recall: &recall,
            }),
        },
    )?;
    view.into_inner().end();
    let came = told(args.format.output, &kept, terminal)?;
    practised(&kept, memory)?;
    Ok(came)
}

/// Leaves the incidents of a run that came to its end in its memory.
pub fn practised(kept: &Kept, memory: Option<Memory>) -> Result<(), Failure> {
    let over = kept.failure.is_none() && kept.waits_for().is_none();
    if let Some(memory) = memory.filter(|_| over) {
        let practice = practice::practice(&kept.events, &kept.facts, &kept.decisions);
        let new = practice::keep(&memory, &practice).map_err(|why| told_of_memory(&why))?;
        to_stderr(&super::memory::kept(new));
        warn_of_loss(&memory);
    }
    Ok(())
}

/// The memory that a run is given.
pub fn memory(given: &str) -> Result<Option<Memory>, Failure> {
    match given {
        "none" => Ok(None),
        folder => Memory::open(Path::new(folder))
            .map(Some)
            .map_err(|why| told_of_memory(&why)),
    }
}

/// Reads a scenario; warnings and errors are shown on the way.
pub fn load(reader: &Reader, given: &str, terminal: &Terminal) -> Result<Loaded, Failure> {
    let refuse = |refusal| reader.refuse(refusal, terminal.err);
    let loaded = reader.scenario(given).map_err(refuse)?;
    reader.show(&loaded.warnings, terminal.err);
    Ok(loaded)
}

fn order<'a>(args: &RunScenario, loaded: &'a Loaded) -> Result<Order<'a>, Failure> {
    Ok(Order {
        loaded,
        seed: args.seed.unwrap_or(loaded.scenario.spec.seed),
        mode: match args.mode {
            Acts::Sentinel => Mode::Sentinel,
            Acts::Legion => Mode::Legion,
            Acts::Noop => Mode::Noop,
        },
        approval: match args.approve {
            Approve::Auto => Approval::Auto,
            Approve::Ask => Approval::Ask,
        },
        genome: args
            .genome
            .as_deref()
            .map_or(Ok(Vec::new()), genome::read)?,
        advisor: match args.llm {
            Llm::Off => Advisor::None,
            Llm::Server(_) | Llm::Replay(_) => Advisor::Model,
        },
        irreversible: if args.allow_irreversible {
            Irreversible::Allowed
        } else {
            Irreversible::AskFirst
        },
    })
}

/// Makes the run's folder.
fn begin(
    args: &RunScenario,
    context: &Context,
    order: &Order<'_>,
    reader: &Reader,
    digest: Option<&str>,
) -> Result<Begun, Failure> {
    let now = SystemTime::now();
    let name = &order.loaded.scenario.metadata.name;
    let run = match &args.out {
        Some(folder) => RunStore::create_in(folder)?,
        None => context.store().create(name, now)?,
    };
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let mut meta = Meta::begin(run.name(), name, now, arguments);
    let genome = order
        .genome
        .iter()
        .map(|(name, value)| (name.to_string(), *value));
    meta.order = Some(Ordered {
        scenario: whereabouts(&args.scenario),
        texts_blake3: reader.digest(),
        seed: order.seed,
        mode: order.mode,
        approval: order.approval,
        irreversible: order.irreversible,
        memory: digest.map(|digest| Remembered {
            folder: whereabouts(&args.memory),
            digest: digest.to_owned(),
            searched: args.recalled_by.written(),
        }),
        model: None,
        answers: None,
        genome: genome.collect(),
    });
    Ok(Begun {
        run,
        meta,
        version: VERSION.to_owned(),
        source: reader.source(&args.scenario),
        durability: durability(args),
    })
}

const fn durability(args: &RunScenario) -> Durability {
    match args.durability {
        args::Durability::Exit => Durability::Exit,
        args::Durability::Step => Durability::Step,
        args::Durability::Sync => Durability::Sync,
    }
}

/// It waits: for what, and how it is gone on with.
fn waits(format: TextOrJson, kept: &Kept, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let (plan, event) = kept.waits_for().unwrap_or_default();
    let run = named(kept);
    match format {
        TextOrJson::Json => terminal.print_json(&json!({
            "schema": "aegis.dev/waiting/v1",
            "run": run,
            "status": "waiting",
            "plan": plan,
            "event": event,
        }))?,
        TextOrJson::Text => terminal.print(&format!(
            "\nThe run waits for approval of plan {plan} (event {event}); it may wait for days.\n"
        ))?,
    }
    terminal.finish()?;
    if let Some(failure) = failure(kept) {
        return Err(failure);
    }
    if format == TextOrJson::Text {
        to_stderr(&format!(
            "next    aegis runs approve {run} · aegis runs refuse {run} --reason TEXT\n"
        ));
    }
    Ok(Exit::Refused)
}

/// What a user named, so that it is found from any folder.
fn whereabouts(given: &str) -> String {
    let path = Path::new(given);
    if given == "-" || !path.exists() {
        return given.to_owned();
    }
    std::path::absolute(path).map_or_else(|_| given.to_owned(), |path| path.display().to_string())
}

/// The end: the summary, where everything is, and the code.
pub fn told(format: TextOrJson, kept: &Kept, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if kept.waits_for().is_some() {
        return waits(format, kept, terminal);
    }
    let summary = kept.summary();
    let shown = match format {
        TextOrJson::Json => as_json(&summary, terminal),
        TextOrJson::Text => {
            let text = aegis_report::terminal(&kept.story(), &summary, &kept.facts);
            terminal.print(&format!("\n{}", toned(&text, terminal.out)))
        }
    };
    match shown.and_then(|()| terminal.finish()) {
        // Whoever read has gone; the run has been played to its end and is kept.
        Ok(_) | Err(Failure::ClosedPipe) => {}
        Err(other) => return Err(other),
    }
    if let Some(failure) = failure(kept) {
        return Err(failure);
    }
    if format == TextOrJson::Text {
        to_stderr(&whereto(kept));
    }
    Ok(code(&summary))
}

fn as_json(summary: &Summary, terminal: &mut Terminal) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(summary);
    let text = text.map_err(|error| Failure::usage(format!("the summary is no JSON: {error}")))?;
    terminal.print(&(text + "\n"))
}

fn whereto(kept: &Kept) -> String {
    let page = kept.run.path(Artifact::Report);
    format!(
        "\nreport  {}\nnext    aegis explain {run} · aegis audit {run}\n",
        page.display(),
        run = named(kept),
    )
}

/// What finds the run again: its id where it stands among the others, else its folder.
pub fn named(kept: &Kept) -> String {
    let folder = kept.run.folder();
    let among = folder
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|name| name == "runs");
    if among {
        kept.run.name().to_owned()
    } else {
        folder.display().to_string()
    }
}

/// Why a run ended before its time, or left less than it should.
fn failure(kept: &Kept) -> Option<Failure> {
    let said = |exit, message: String| {
        Failure::Said(Said {
            exit,
            message,
            help: Some(format!(
                "what there is of the run is in {}",
                kept.run.folder().display()
            )),
        })
    };
    match &kept.failure {
        Some(RunError::Listener(why)) => {
            return Some(said(
                Exit::Usage,
                format!("the run was stopped, as its log cannot be written: {why}"),
            ));
        }
        Some(other) => {
            return Some(said(
                Exit::Defect,
                format!("the run was stopped by a defect of aegis itself: {other}"),
            ));
        }
        None => {}
    }
    let unwritten: Vec<String> = kept.unwritten.iter().map(StoreError::to_string).collect();
    (!unwritten.is_empty()).then(|| said(Exit::Usage, unwritten.join("\n       ")))
}

fn code(summary: &Summary) -> Exit {
    match summary.outcome {
        Ending::Cancelled => Exit::Interrupted,
        Ending::Refused => Exit::Refused,
        _ if summary.objectives_met == Some(false) => Exit::Missed,
        _ => Exit::Done,
    }
}

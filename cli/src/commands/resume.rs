//! `aegis runs resume|approve|refuse|cancel`: goes on with a run from its record.

use super::Context;
use super::memory::searched_by;
use super::replay::{kept, order, unread};
use super::run::view::View;
use super::run::{approve, memory, model, practised, told};
use super::version::VERSION;
use crate::args::{AnswerRun, RecalledBy, ResumeRun, TextOrJson};
use crate::exit::{Exit, Failure, Said};
use crate::interrupt;
use crate::output::{Terminal, to_stderr};
use aegis_memory::Memory;
use aegis_model::{Cue, Recalled, Ruling, Stamped};
use aegis_runner::artifacts::repeat::RepeatError;
use aegis_runner::artifacts::{Audience, Paused};
use aegis_runner::asking::Asking;
use aegis_runner::run::Remembering;
use aegis_runner::run::inputs::Logged;
use aegis_runner::store::{Durability, Meta, Ordered, Run, Status};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::atomic::Ordering;

/// What a person says of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be applied.
    Granted,
    /// It may not.
    Refused,
}

/// How a run is gone on with.
enum Manner {
    /// To its end; on a terminal, asking.
    On,
    /// With an answer to the question of this event.
    Answering(u64, Ruling),
    /// To be stopped at once.
    Stopping,
}

pub fn resume(
    args: &ResumeRun,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let run = context.store().resolve(&args.run)?;
    match run.status()? {
        Status::Finished => Err(over(&run)),
        // Who plays it holds its logs, which says so.
        _ => go_on(run, &Manner::On, args.format.output, context, terminal),
    }
}

pub fn answer(
    args: &AnswerRun,
    verdict: Verdict,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let run = context.store().resolve(&args.run)?;
    let (plan, event) = match run.status()? {
        Status::Waiting { plan, event } => (plan, event),
        other => {
            let what = format!("{} waits for nobody: it is {other}", run.name());
            return Err(Failure::usage(what));
        }
    };
    if args.event.is_some_and(|wanted| wanted != event) {
        return Err(Failure::Said(Said {
            exit: Exit::Refused,
            message: format!("{} waits on event {event}, for plan {plan}", run.name()),
            help: Some("an approval holds for the event that it is given on".to_owned()),
        }));
    }
    let ruling = Ruling {
        granted: verdict == Verdict::Granted,
        reason: args.reason.clone(),
    };
    let manner = Manner::Answering(event, ruling);
    go_on(run, &manner, args.format.output, context, terminal)
}

pub fn cancel(
    args: &ResumeRun,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let run = context.store().resolve(&args.run)?;
    match run.status()? {
        Status::Finished => Err(over(&run)),
        Status::Running => {
            run.ask_to_stop()?;
            to_stderr(&format!("{} is asked to stop\n", run.name()));
            Ok(Exit::Done)
        }
        Status::Waiting { .. } | Status::Unfinished => {
            let ended = go_on(
                run,
                &Manner::Stopping,
                args.format.output,
                context,
                terminal,
            )?;
            // That it was stopped is what was asked for.
            Ok(if ended == Exit::Interrupted {
                Exit::Done
            } else {
                ended
            })
        }
    }
}

fn over(run: &Run) -> Failure {
    Failure::usage(format!("{} is over", run.name()))
        .help("aegis replay plays it again; with --at STEP --set select.plan=ID, otherwise")
}

fn go_on(
    run: Run,
    manner: &Manner,
    format: TextOrJson,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let pressed = interrupt::flag();
    let (loaded, ordered) = kept(&run, terminal)?;
    let meta = run.meta()?.unwrap_or_else(|| nameless(&run));
    let paused = Paused::hold(run, meta).map_err(|error| unheld(&error))?;
    let order = order(&loaded, &ordered, paused.logs());
    let remembers = paused.logs().remembers();
    let on_record = paused.logs().lines.len();
    let remembered = match manner {
        // What is stopped asks no more, and needs no server for that.
        Manner::Stopping => in_its_folder(&ordered)?,
        Manner::On | Manner::Answering(..) => recollected(&ordered)?,
    };
    let digest = digest_of(&ordered);
    let recall = |cue: &Cue| recall_from(remembered.as_ref(), cue);
    let mut asking = asked_on(&ordered, &paused, context, terminal)?;
    let view = RefCell::new(View::new(format, terminal));
    let answered = Cell::new(false);
    let stop = || {
        let stopping = matches!(manner, Manner::Stopping);
        stopping || pressed.load(Ordering::Relaxed)
    };
    let kept = paused.go_on(
        &order,
        (VERSION.to_owned(), Durability::Step),
        Audience {
            see: &mut |told| {
                let mut view = view.borrow_mut();
                if told.len() <= on_record {
                    view.pass(told);
                } else {
                    view.see(told);
                }
            },
            ask: &mut |told, plan, objects| {
                let first = !answered.replace(true);
                if let Some(ruling) = given(manner, told).filter(|_| first) {
                    return Some(ruling);
                }
                approve::ask(told, (plan, objects), (&view, &stop))
            },
            advise: &mut |asks| model::ask(asking.as_mut(), asks, &view),
            stop: &stop,
            memory: remembers.map(|mode| Remembering {
                mode,
                digest: &digest,
                recall: &recall,
            }),
        },
    );
    view.into_inner().end();
    let kept = kept.map_err(|error| unheld(&error))?;
    let came = told(format, &kept, terminal)?;
    practised(&kept, remembered)?;
    Ok(came)
}

/// The language model that a run asked, behind what it has on record.
fn asked_on(
    ordered: &Ordered,
    paused: &Paused,
    context: &Context,
    terminal: &Terminal,
) -> Result<Option<Asking>, Failure> {
    let advisor = model::advisor(ordered.answers.as_ref(), context, terminal)?;
    let inputs = paused.logs().inputs.iter();
    let on_record = inputs.filter(|input| matches!(input, Logged::Answer(_)));
    let on_record = on_record.count();
    let asking = advisor.map(|advisor| Asking::resume(advisor, paused.run(), on_record));
    Ok(asking.transpose()?)
}

/// The memory that a run looked into, where it is still there, searched with what it was searched with.
pub fn recollected(ordered: &Ordered) -> Result<Option<Memory>, Failure> {
    let (Some(memory), Some(known)) = (in_its_folder(ordered)?, &ordered.memory) else {
        return Ok(None);
    };
    let by = RecalledBy::read(&known.searched).map_err(Failure::usage)?;
    searched_by(memory, &by).map(Some)
}

/// The same, searched in its own file.
fn in_its_folder(ordered: &Ordered) -> Result<Option<Memory>, Failure> {
    let known = ordered.memory.as_ref();
    let there = known.filter(|known| Path::new(&known.folder).is_dir());
    there.map_or(Ok(None), |known| memory(&known.folder))
}

/// The hash of that memory before the run.
pub fn digest_of(ordered: &Ordered) -> String {
    let known = ordered.memory.as_ref();
    known.map_or_else(String::new, |known| known.digest.clone())
}

/// What is remembered of an incident that is not on record.
pub fn recall_from(memory: Option<&Memory>, cue: &Cue) -> Result<Recalled, String> {
    let Some(memory) = memory else {
        return Err("the memory of this run is not there any more".to_owned());
    };
    memory.recall(cue).map_err(|why| why.to_string())
}

/// The answer that was given beforehand, to the question that it was given on.
fn given(manner: &Manner, told: &[Stamped]) -> Option<Ruling> {
    match manner {
        Manner::On => None,
        Manner::Answering(event, ruling) => {
            let asked = told.last().is_some_and(|last| last.n == *event);
            asked.then(|| ruling.clone())
        }
        Manner::Stopping => Some(Ruling {
            granted: false,
            reason: Some("the run was cancelled".to_owned()),
        }),
    }
}

fn nameless(run: &Run) -> Meta {
    Meta::begin(run.name(), "", std::time::UNIX_EPOCH, Vec::new())
}

fn unheld(error: &RepeatError) -> Failure {
    match error {
        RepeatError::Store(_) => Failure::usage(error.to_string()),
        RepeatError::Elsewhere { .. } => Failure::usage(error.to_string())
            .help("it was begun by another version of aegis, or its record was changed"),
        other => unread(other),
    }
}

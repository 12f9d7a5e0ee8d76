//! `aegis audit`: whether what a run left can be believed.

use super::Context;
use super::replay::{blind, full, unread};
use crate::args::{Audit, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::told::Told;
use aegis_report::summary;
use aegis_runner::artifacts::audit::unshown;
use aegis_runner::artifacts::repeat::{Divergence, Logs};
use aegis_runner::store::{Run, Status};
use serde_json::{Value, json};

/// One thing that was checked.
struct Check {
    what: &'static str,
    /// Nothing, or what is wrong.
    wrong: Option<String>,
    detail: String,
}

pub fn run(args: &Audit, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let run = context.store().resolve(&args.run)?;
    let checks = checks(&run, terminal)?;
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&as_json(&run, &checks))?,
        TextOrJson::Text => {
            for check in &checks {
                terminal.print(&in_words(check, terminal))?;
            }
        }
    }
    terminal.finish()?;
    let holds = checks.iter().all(|check| check.wrong.is_none());
    Ok(if holds { Exit::Done } else { Exit::Missed })
}

fn checks(run: &Run, terminal: &Terminal) -> Result<Vec<Check>, Failure> {
    let logs = match Logs::read(run) {
        Ok(logs) => logs,
        Err(error) => return Ok(vec![chain(Err(words(unread(&error))))]),
    };
    let told = Told::read(run)?;
    let summed = chain(signed(&told, &logs));
    let repeated = full(run, &logs, terminal);
    let blind = blind(&logs);
    Ok(vec![
        summed,
        stands(&told, &run.status()?),
        repetition("replay identical", repeated),
        repetition("blind replay identical", blind),
        shown(&logs),
    ])
}

fn chain(signed: Result<String, String>) -> Check {
    let what = "hash chain intact";
    match signed {
        Ok(detail) => Check {
            what,
            wrong: None,
            detail,
        },
        Err(wrong) => Check {
            what,
            wrong: Some(wrong),
            detail: String::new(),
        },
    }
}

/// The chain holds in itself; its head must be the one that the summary names.
fn signed(told: &Told, logs: &Logs) -> Result<String, String> {
    let head = logs.head.to_string();
    match told.stored() {
        Some(stored) if stored.events_blake3 != head => Err(format!(
            "summary.json names another head: {}",
            stored.events_blake3
        )),
        _ => Ok(format!("{} events, head {head}", logs.lines.len())),
    }
}

/// What the summary says must follow from the events.
fn stands(told: &Told, status: &Status) -> Check {
    let what = "summary follows from the events";
    let fresh = summary(&told.story(), &told.facts);
    let (wrong, detail) = match told.stored() {
        None if matches!(status, Status::Waiting { .. }) => {
            (None, "there is none yet: the run waits".to_owned())
        }
        None => (Some("there is no summary.json".to_owned()), String::new()),
        Some(stored) if *stored != fresh => (
            Some("summary.json says something else".to_owned()),
            String::new(),
        ),
        Some(stored) => (None, format!("{:?}", stored.outcome).to_lowercase()),
    };
    Check {
        what,
        wrong,
        detail,
    }
}

fn repetition(what: &'static str, found: Result<Option<Divergence>, Failure>) -> Check {
    let (wrong, detail) = match found {
        Ok(None) => (None, "every byte of every event".to_owned()),
        Ok(Some(found)) => (Some(format!("differs at event {}", found.n)), String::new()),
        Err(failure) => (Some(words(failure)), String::new()),
    };
    Check {
        what,
        wrong,
        detail,
    }
}

fn shown(logs: &Logs) -> Check {
    let unshown = unshown(&logs.events);
    let wrong = unshown.first().map(|first| match unshown.len() {
        1 => first.clone(),
        more => format!("{first}, and {} more", more - 1),
    });
    Check {
        what: "nothing applied unshown",
        wrong,
        detail: "every step drafted, chosen, and approved where asked".to_owned(),
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Said(said) => said.message,
        Failure::ClosedPipe | Failure::Told(_) => "see above".to_owned(),
    }
}

fn in_words(check: &Check, terminal: &Terminal) -> String {
    let (word, text) = match &check.wrong {
        None => (terminal.out.green("ok    "), &check.detail),
        Some(wrong) => (terminal.out.red("FAILED"), wrong),
    };
    format!("{word} {:34}{text}\n", check.what)
}

fn as_json(run: &Run, checks: &[Check]) -> Value {
    let check = |check: &Check| json!({"what": check.what, "holds": check.wrong.is_none(), "wrong": check.wrong});
    let checks: Vec<Value> = checks.iter().map(check).collect();
    json!({"schema": "aegis.dev/audit/v1", "run": run.name(), "checks": checks})
}

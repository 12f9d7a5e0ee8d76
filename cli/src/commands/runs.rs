//! `aegis runs list|show|rm`; what goes on with a run is in `resume`.

use super::{Context, resume};
use crate::args::{RemoveRuns, Runs, ShowRun, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::{Terminal, to_stderr};
use crate::table::table;
use aegis_runner::store::{Run, RunStore, Status, StoreError};
use serde_json::{Value, json};

pub fn run(command: &Runs, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let store = context.store();
    match command {
        Runs::List(format) => list(format.output, &store, terminal),
        Runs::Show(args) => show(args, &store, terminal),
        Runs::Resume(args) => resume::resume(args, context, terminal),
        Runs::Approve(args) => resume::answer(args, resume::Verdict::Granted, context, terminal),
        Runs::Refuse(args) => resume::answer(args, resume::Verdict::Refused, context, terminal),
        Runs::Cancel(args) => resume::cancel(args, context, terminal),
        Runs::Rm(args) => remove(args, &store, terminal),
    }
}

/// What a list says of a run; what cannot be read is said in its place.
fn card(run: &Run) -> Value {
    let (meta, summary) = match facts(run) {
        Ok(facts) => facts,
        Err(error) => {
            return json!({"id": run.name(), "status": "broken", "why": error.to_string()});
        }
    };
    let status = run.status().unwrap_or(Status::Unfinished);
    let waits = match &status {
        Status::Waiting { plan, event } => json!({"plan": plan, "event": event}),
        _ => Value::Null,
    };
    let from_meta = |name: &str| meta.get(name).cloned().unwrap_or_default();
    let from_summary = |name: &str| summary.get(name).cloned().unwrap_or_default();
    json!({
        "id": run.name(),
        "folder": run.folder(),
        "status": status.to_string(),
        "waits": waits,
        "parent": from_meta("parent"),
        "scenario": from_meta("scenario"),
        "started": from_meta("started"),
        "wall_s": from_meta("wall_s"),
        "mode": from_summary("mode"),
        "seed": from_summary("seed"),
        "outcome": from_summary("outcome"),
        "slo_minutes_lost": from_summary("slo_minutes_lost"),
    })
}

fn facts(run: &Run) -> Result<(Value, Value), StoreError> {
    let meta = run.meta()?.map(|meta| json!(meta)).unwrap_or_default();
    Ok((meta, run.summary()?.unwrap_or_default()))
}

/// A value as a cell of a table.
fn cell(card: &Value, name: &str) -> String {
    match &card[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn list(format: TextOrJson, store: &RunStore, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let cards: Vec<Value> = store.list()?.iter().map(card).collect();
    match format {
        TextOrJson::Json => {
            terminal.print_json(&json!({"schema": "aegis.dev/runs/v1", "runs": cards}))?;
        }
        TextOrJson::Text if cards.is_empty() => {
            to_stderr(&format!(
                "There are no runs in {}.\n",
                store.folder().display()
            ));
        }
        TextOrJson::Text => terminal.print(&rows(&cards))?,
    }
    terminal.finish()
}

fn rows(cards: &[Value]) -> String {
    let outcome = |card: &Value| match card["outcome"].as_str() {
        Some(outcome) => outcome.to_owned(),
        None => cell(card, "status"),
    };
    let row = |card: &Value| {
        [
            cell(card, "id"),
            cell(card, "mode"),
            cell(card, "seed"),
            outcome(card),
            cell(card, "slo_minutes_lost"),
        ]
    };
    let rows: Vec<_> = cards.iter().map(row).collect();
    table(
        ["RUN", "MODE", "SEED", "OUTCOME", "SLO-MINUTES-LOST"],
        &rows,
    )
}

fn show(args: &ShowRun, store: &RunStore, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let run = store.resolve(&args.run)?;
    let card = card(&run);
    match args.format.output {
        TextOrJson::Json => {
            let files: Vec<&str> = run
                .artifacts()
                .iter()
                .map(|(artifact, _)| artifact.file())
                .collect();
            let summary = run.summary()?.unwrap_or_default();
            let schema = "aegis.dev/run/v1";
            terminal.print_json(
                &json!({"schema": schema, "run": card, "files": files, "summary": summary}),
            )?;
        }
        TextOrJson::Text => terminal.print(&page(&run, &card))?,
    }
    terminal.finish()
}

fn page(run: &Run, card: &Value) -> String {
    let names = [
        "id",
        "folder",
        "status",
        "waits",
        "parent",
        "why",
        "scenario",
        "started",
        "wall_s",
        "mode",
        "seed",
        "outcome",
        "slo_minutes_lost",
    ];
    let known = names.iter().filter(|name| !card[**name].is_null());
    let head: String = known
        .map(|name| format!("{:18}{}\n", format!("{name}:"), cell(card, name)))
        .collect();
    let row = |(artifact, bytes): &(aegis_runner::store::Artifact, u64)| {
        [artifact.file().to_owned(), bytes.to_string()]
    };
    let files: Vec<_> = run.artifacts().iter().map(row).collect();
    format!("{head}\n{}", table(["FILE", "BYTES"], &files))
}

/// All names are looked up before anything is removed.
fn remove(args: &RemoveRuns, store: &RunStore, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let runs: Result<Vec<Run>, StoreError> =
        args.runs.iter().map(|name| store.resolve(name)).collect();
    let mut runs = runs?;
    runs.sort();
    runs.dedup();
    for run in &runs {
        store.remove(run)?;
        terminal.print(&format!("removed {}\n", run.name()))?;
    }
    terminal.finish()
}

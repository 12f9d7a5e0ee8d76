//! `aegis replay RUN --steps`, `--at STEP`, `--set`: the steps of a run, what the engine knew at one, and the run that
//! would have been.

use super::Context;
use super::replay::{kept, order, unread};
use super::resume::{digest_of, recall_from, recollected};
use super::run::view::View;
use super::run::{approve, model, named, told};
use super::version::VERSION;
use crate::args::{Replay, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output::{Terminal, to_stderr};
use crate::table::table;
use aegis_graphs::sentinel::{Incident, Pick};
use aegis_model::{Cue, Plan, RunEvent};
use aegis_reason::plan::name;
use aegis_report::format::{clock, fixed};
use aegis_runner::artifacts::repeat::Logs;
use aegis_runner::artifacts::{Audience, Begun, branch};
use aegis_runner::asking::Asking;
use aegis_runner::run::travel::{Step, Then, steps, then};
use aegis_runner::run::way::Turn;
use aegis_runner::run::{Remembering, RunError};
use aegis_runner::store::{Durability, Meta, Ordered, Parent, Run, RunStore};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

pub fn run(
    args: &Replay,
    run: &Run,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let logs = Logs::read(run).map_err(|error| unread(&error))?;
    let taken = steps(&logs.events, &logs.inputs).map_err(|error| broken(&error))?;
    if args.steps {
        return list(&taken, args.format.output, terminal);
    }
    let at = args.at.as_deref().map_or(Ok(1), |at| step(at, &taken))?;
    match args.set.as_deref() {
        Some(set) => {
            let pick = pick(set, &logs)?;
            otherwise(args, run, &logs, Turn { step: at, pick }, context, terminal)
        }
        None => show(&logs, at, args.format.output, terminal),
    }
}

fn broken(error: &RunError) -> Failure {
    Failure::usage(error.to_string()).help("the run was made by another version of aegis")
}

/// The number of a step that a user names.
fn step(named: &str, taken: &[Step]) -> Result<u32, Failure> {
    let last = taken.last().map_or(0, |step| step.step);
    if let Ok(number) = named.parse() {
        return if (1..=last).contains(&number) {
            Ok(number)
        } else {
            Err(Failure::usage(format!(
                "the run has steps 1 to {last}, and no {number}"
            )))
        };
    }
    let (node, turn) = named.split_once(':').unwrap_or((named, "1"));
    let turns: Vec<u32> = taken
        .iter()
        .filter(|step| step.nodes.iter().any(|path| path == node))
        .map(|step| step.step)
        .collect();
    let nth = turn
        .parse::<usize>()
        .ok()
        .and_then(|turn| turn.checked_sub(1));
    nth.and_then(|nth| turns.get(nth).copied()).ok_or_else(|| {
        let what = format!(
            "`{node}` had {} turns in this run; there is no {named}",
            turns.len()
        );
        Failure::usage(what).help("aegis replay RUN --steps lists them")
    })
}

/// What `--set` says; a plan must be one that was drafted.
fn pick(set: &str, logs: &Logs) -> Result<Pick, Failure> {
    let Some(value) = set.strip_prefix("select.plan=") else {
        let what = format!("`{set}` cannot be set");
        return Err(Failure::usage(what).help("--set select.plan=ID, or select.plan=wait"));
    };
    if value == "wait" {
        return Ok(Pick::Wait);
    }
    let drafted = drafted(logs);
    let mut meant = drafted.iter().filter(|plan| plan.id.starts_with(value));
    match (meant.next(), meant.any(|plan| !plan.id.is_empty())) {
        (Some(plan), false) if !value.is_empty() => Ok(Pick::Plan(plan.id.clone())),
        _ => {
            let ids: Vec<&str> = drafted.iter().map(|plan| plan.id.as_str()).collect();
            let what = format!("`{value}` is no plan that was drafted, or more than one");
            Err(Failure::usage(what).help(format!("drafted: {}", ids.join(", "))))
        }
    }
}

/// Every plan that was drafted, but for waiting, each once.
fn drafted(logs: &Logs) -> Vec<&Plan> {
    let mut drafted: Vec<&Plan> = Vec::new();
    for stamped in &logs.events {
        let RunEvent::Planned { plans } = &stamped.event else {
            continue;
        };
        for plan in plans.iter().filter(|plan| !plan.is_wait()) {
            if drafted.iter().all(|known| known.id != plan.id) {
                drafted.push(plan);
            }
        }
    }
    drafted
}

fn list(taken: &[Step], format: TextOrJson, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match format {
        TextOrJson::Json => {
            let of = |step: &Step| json!({"step": step.step, "t": step.t, "nodes": step.nodes});
            let steps: Vec<Value> = taken.iter().map(of).collect();
            terminal.print_json(&json!({"schema": "aegis.dev/steps/v1", "steps": steps}))?;
        }
        TextOrJson::Text => {
            let row = |step: &Step| [step.step.to_string(), clock(step.t), step.nodes.join(", ")];
            let rows: Vec<_> = taken.iter().map(row).collect();
            terminal.print(&table(["STEP", "TIME", "NODE"], &rows))?;
        }
    }
    terminal.finish()
}

fn show(
    logs: &Logs,
    at: u32,
    format: TextOrJson,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let found = then(&logs.events, &logs.inputs, at).map_err(|error| broken(&error))?;
    let Some(found) = found else {
        return Err(Failure::usage(format!("the run has no step {at}")));
    };
    match format {
        TextOrJson::Json => terminal.print_json(&as_json(&found))?,
        TextOrJson::Text => terminal.print(&page(&found))?,
    }
    terminal.finish()
}

fn as_json(then: &Then) -> Value {
    let state = &then.state;
    let incident = state.incident.as_ref();
    let standing = state.standing.as_ref();
    json!({
        "schema": "aegis.dev/state/v1",
        "step": then.step.step,
        "t": then.step.t,
        "nodes": then.step.nodes,
        "symptoms": state.symptoms,
        "hypotheses": incident.and_then(|i| i.diagnosis.as_ref()).map(|d| &d.hypotheses),
        "plans": incident.map(|incident| &incident.plans),
        "risks": incident.map(|incident| &incident.risks),
        "scores": incident.map(|incident| &incident.scores),
        "verdict": incident.and_then(|incident| incident.verdict.as_ref()),
        "standing": standing.map(|standing| json!({"plan": standing.plan, "conduct": standing.conduct})),
        "stands": state.stands,
        "spent": then.spent,
    })
}

fn page(then: &Then) -> String {
    let (state, step) = (&then.state, &then.step);
    let spent = then.spent.cost;
    let mut text = format!(
        "step {} at {}: {}\n",
        step.step,
        clock(step.t),
        step.nodes.join(", ")
    );
    text += &format!(
        "symptoms    {} · work so far {} trials, {} service-ticks\n",
        state.symptoms.len(),
        spent.trials.0,
        spent.service_ticks.0
    );
    if let Some(standing) = &state.standing {
        text += &format!(
            "applied     {} {}\n",
            standing.plan.id, standing.plan.summary
        );
    }
    match (&state.incident, state.history.latest()) {
        (Some(incident), Some(latest)) => text + &case(incident, &latest.objects),
        _ => text + "no incident is open\n",
    }
}

/// What is believed and what may be done.
fn case(incident: &Incident, objects: &aegis_model::Objects) -> String {
    let mut text = String::new();
    let believed = incident.diagnosis.as_ref();
    for hypothesis in believed.iter().flat_map(|diagnosis| &diagnosis.hypotheses) {
        text += &format!(
            "hypothesis  {} {} {}\n",
            fixed(hypothesis.confidence, 2),
            hypothesis.fault,
            name(objects, hypothesis.target)
        );
    }
    let choice = incident.verdict.as_ref().map(|verdict| &verdict.choice);
    for plan in &incident.plans {
        let chosen = choice.is_some_and(|choice| choice.as_deref() == Some(&plan.id));
        let score = incident.scores.iter().find(|score| score.plan == plan.id);
        let figures = score.map_or_else(String::new, |score| {
            format!(
                " · stability {}, risk {}, score {}",
                fixed(score.stability, 2),
                fixed(score.risk, 2),
                fixed(score.score, 3)
            )
        });
        let mark = if chosen { "chosen" } else { "" };
        text += &format!(
            "plan        {:12} {:6} {}{figures}\n",
            plan.id, mark, plan.summary
        );
    }
    text
}

/// The run that would have been, in a folder of its own, beside the one that was.
fn otherwise(
    args: &Replay,
    run: &Run,
    logs: &Logs,
    turn: Turn,
    context: &Context,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let pressed = interrupt::flag();
    let stop = || pressed.load(Ordering::Relaxed);
    let (loaded, ordered) = kept(run, terminal)?;
    let order = order(&loaded, &ordered, logs);
    let begun = begin(args, run, &turn, ordered.clone(), context)?;
    let remembered = recollected(&ordered)?;
    let digest = digest_of(&ordered);
    let recall = |cue: &Cue| recall_from(remembered.as_ref(), cue);
    let advisor = model::advisor(ordered.answers.as_ref(), context, terminal)?;
    let asking = advisor.map(|advisor| Asking::begin(advisor, &begun.run));
    let mut asking = asking.transpose()?;
    let view = RefCell::new(View::new(args.format.output, terminal));
    let audience = Audience {
        see: &mut |told| view.borrow_mut().see(told),
        ask: &mut |told, plan, objects| approve::ask(told, (plan, objects), (&view, &stop)),
        advise: &mut |asks| model::ask(asking.as_mut(), asks, &view),
        stop: &stop,
        memory: logs.remembers().map(|mode| Remembering {
            mode,
            digest: &digest,
            recall: &recall,
        }),
    };
    let kept = branch(&order, begun, (logs, turn), audience)?;
    view.into_inner().end();
    let exit = told(args.format.output, &kept, terminal)?;
    if kept.waits_for().is_none() && args.format.output == TextOrJson::Text {
        let before = run.summary()?.unwrap_or_default();
        let after = json!(kept.summary());
        to_stderr(&beside([(run.name(), &before), (&named(&kept), &after)]));
    }
    Ok(exit)
}

/// Makes its folder.
fn begin(
    args: &Replay,
    run: &Run,
    turn: &Turn,
    ordered: Ordered,
    context: &Context,
) -> Result<Begun, Failure> {
    let now = SystemTime::now();
    let scenario = run.meta()?.map_or_else(String::new, |meta| meta.scenario);
    let own = match &args.out {
        Some(folder) => RunStore::create_in(folder)?,
        None => context.store().create(&scenario, now)?,
    };
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|word| word.to_string_lossy().into_owned());
    let mut meta = Meta::begin(own.name(), &scenario, now, arguments.collect());
    meta.order = Some(ordered);
    meta.parent = Some(Parent {
        run: run.name().to_owned(),
        folder: run.folder().display().to_string(),
        turn: turn.clone(),
    });
    Ok(Begun {
        run: own,
        meta,
        version: VERSION.to_owned(),
        source: run.source()?,
        durability: Durability::Step,
    })
}

/// Two runs' results, row by row.
fn beside(runs: [(&str, &Value); 2]) -> String {
    let rows = [
        "/outcome",
        "/objectives_met",
        "/slo_minutes_lost",
        "/ttm_s",
        "/harm",
        "/undone",
        "/plan/id",
        "/plan/risk",
        "/cost/pod_s",
    ];
    let cell = |summary: &Value, path: &str| match summary.pointer(path) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let row = |path: &&str| {
        let name = path.trim_start_matches('/').replace('/', ".");
        [name, cell(runs[0].1, path), cell(runs[1].1, path)]
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    format!("\n{}", table(["", runs[0].0, runs[1].0], &rows))
}

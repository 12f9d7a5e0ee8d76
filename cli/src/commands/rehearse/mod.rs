//! `aegis rehearse`: what breaks a cluster worst, what mends it, what would harden it.

mod progress;

use crate::args::{RehearsalFormat, Rehearse};
use crate::commands::sim::open;
use crate::commands::version::VERSION;
use crate::exit::{Exit, Failure};
use crate::input::{Reader, Refusal};
use crate::interrupt;
use crate::output::Terminal;
use crate::paint::toned;
use aegis_rehearse::compare::{Comparison, compare};
use aegis_rehearse::condition::Condition;
use aegis_rehearse::pairs::{Faults, ZONE_LOSS};
use aegis_rehearse::rehearsal::{Place, Rehearsal};
use aegis_rehearse::rehearse::{Order, RehearseError, rehearse};
use aegis_rehearse::show::{html, markdown, sarif, text};
use aegis_rehearse::stage::StageError;
use aegis_scenario::{Loaded, warn};
use progress::Bar;
use std::fs;
use std::path::Path;

/// Figures that a condition may be over.
const FIGURES: &[&str] = &[
    "slo_minutes_lost",
    "minutes",
    "untreated",
    "unmended",
    "harm",
    "single_points",
    "findings",
];
/// The same for a comparison.
const FIGURES_OF_CHANGE: &[&str] = &[
    "slo_minutes_lost",
    "minutes",
    "fatal",
    "single_points",
    "given_up",
];

pub fn run(args: &Rehearse, terminal: &mut Terminal) -> Result<Exit, Failure> {
    interrupt::watch();
    let figures = match args.newer {
        None => FIGURES,
        Some(_) => FIGURES_OF_CHANGE,
    };
    let condition = args.fail_if.as_deref();
    let condition = condition
        .map(|text| Condition::parse(text, figures))
        .transpose()
        .map_err(|why| Failure::usage(why.to_string()))?;
    let faults = which_faults(&args.faults)?;
    let reader = Reader::default();
    let older = loaded(&args.path, &reader, terminal)?;
    match &args.newer {
        None => alone(args, &older, (faults, condition), &reader, terminal),
        Some(newer) => {
            let newer = loaded(newer, &reader, terminal)?;
            both(
                args,
                (&older, &newer),
                (faults, condition),
                &reader,
                terminal,
            )
        }
    }
}

/// The faults that an argument names: `all`, or ids with commas.
pub fn which_faults(text: &str) -> Result<Faults, Failure> {
    if text == "all" {
        return Ok(Faults::All);
    }
    let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
    let known = |id: &String| id == ZONE_LOSS || aegis_faults::by_id(id).is_some();
    match ids.iter().find(|id| !known(id)) {
        None => Ok(Faults::Only(ids)),
        Some(id) => {
            let all = aegis_faults::all().map(|fault| fault.id);
            let near = aegis_kube::spelling::nearest(id, all.chain([ZONE_LOSS]));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            let failure = Failure::usage(format!("there is no fault `{id}`"));
            Err(match help {
                Some(help) => failure.help(help),
                None => failure,
            })
        }
    }
}

/// What is rehearsed: manifests or a scenario, of which chaos, truth and remedy are left out.
fn loaded(path: &str, reader: &Reader, terminal: &Terminal) -> Result<Loaded, Failure> {
    let mut loaded = open(reader, path).map_err(|refusal| reader.refuse(refusal, terminal.err))?;
    reader.show(&loaded.warnings, terminal.err);
    reader.show(&warn::kinds(&loaded.manifests), terminal.err);
    let spec = &mut loaded.scenario.spec;
    spec.chaos.clear();
    spec.remedy.clear();
    spec.truth = None;
    if loaded.document.is_none() {
        loaded.scenario.metadata.name = Path::new(path).file_stem().map_or_else(
            || path.to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        );
    }
    Ok(loaded)
}

fn order<'a>(args: &Rehearse, loaded: &'a Loaded, faults: Faults) -> Order<'a> {
    Order {
        loaded,
        seed: args.seed.unwrap_or(loaded.scenario.spec.seed),
        budget: args.budget,
        faults,
    }
}

fn failed(why: RehearseError, reader: &Reader, terminal: &Terminal) -> Failure {
    match why {
        RehearseError::Stage(StageError::Refused(problems)) => {
            reader.refuse(Refusal::Wrong(problems), terminal.err)
        }
        RehearseError::Stage(StageError::NoEntry) => Failure::usage(why.to_string()).help(
            "a Service of type LoadBalancer, an Ingress, or `traffic` in a scenario makes one",
        ),
        RehearseError::Run(_) => Failure::usage(why.to_string()),
    }
}

fn alone(
    args: &Rehearse,
    loaded: &Loaded,
    (faults, condition): (Faults, Option<Condition>),
    reader: &Reader,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let order = order(args, loaded, faults);
    let bar = Bar::new(terminal.err);
    let done = rehearse(&order, &|progress| bar.see(progress));
    bar.clear();
    let rehearsal = done.map_err(|why| failed(why, reader, terminal))?;
    let place = first_place(loaded, &args.path);
    if let Some(folder) = &args.out {
        leave(&rehearsal, &place, folder)?;
    }
    match args.output {
        RehearsalFormat::Json => terminal.print_json(&serde_json::json!(rehearsal))?,
        RehearsalFormat::Sarif => {
            terminal.print_json(&sarif::sarif(&rehearsal, VERSION, &place))?;
        }
        RehearsalFormat::Markdown => terminal.print(&markdown::rehearsal(&rehearsal))?,
        RehearsalFormat::Html => terminal.print(&html::html(&rehearsal))?,
        RehearsalFormat::Text => {
            let shown = toned(&text::text(&rehearsal), terminal.out);
            terminal.print(&shown)?;
        }
    }
    terminal.finish()?;
    let holds = match condition {
        None => rehearsal.unmended() > 0,
        Some(condition) => condition.holds(|figure| of_rehearsal(&rehearsal, figure)),
    };
    Ok(if holds { Exit::Missed } else { Exit::Done })
}

fn of_rehearsal(rehearsal: &Rehearsal, figure: &str) -> f64 {
    match figure {
        "untreated" => rehearsal
            .findings
            .iter()
            .map(|one| one.untreated_slo_minutes)
            .fold(0.0, f64::max),
        "unmended" => rehearsal.unmended() as f64,
        "harm" => rehearsal.harmed() as f64,
        "single_points" => rehearsal.single_points.len() as f64,
        "findings" => rehearsal.findings.len() as f64,
        _ => rehearsal.worst(),
    }
}

fn both(
    args: &Rehearse,
    (older, newer): (&Loaded, &Loaded),
    (faults, condition): (Faults, Option<Condition>),
    reader: &Reader,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    if matches!(args.output, RehearsalFormat::Sarif | RehearsalFormat::Html) {
        let what = "two trees are compared as text, json or markdown";
        return Err(Failure::usage(what));
    }
    let (before, after) = (
        order(args, older, faults.clone()),
        order(args, newer, faults),
    );
    let after = Order {
        seed: before.seed,
        ..after
    };
    let bar = Bar::new(terminal.err);
    let done = compare(&before, &after, &|progress| bar.see(progress));
    bar.clear();
    let comparison = done.map_err(|why| failed(why, reader, terminal))?;
    match args.output {
        RehearsalFormat::Json => terminal.print_json(&serde_json::json!(comparison))?,
        RehearsalFormat::Markdown => terminal.print(&markdown::comparison(&comparison))?,
        _ => {
            let shown = toned(&text::comparison(&comparison), terminal.out);
            terminal.print(&shown)?;
        }
    }
    terminal.finish()?;
    let holds = match condition {
        None => comparison.changes.iter().any(|one| one.fatal),
        Some(condition) => condition.holds(|figure| of_comparison(&comparison, figure)),
    };
    Ok(if holds { Exit::Missed } else { Exit::Done })
}

fn of_comparison(comparison: &Comparison, figure: &str) -> f64 {
    match figure {
        "fatal" => comparison.changes.iter().filter(|one| one.fatal).count() as f64,
        "single_points" => comparison.new_single_points.len() as f64,
        "given_up" => comparison.given_up.len() as f64,
        _ => comparison.worst(),
    }
}

/// Where the first manifest stands: the place of what none shows.
fn first_place(loaded: &Loaded, path: &str) -> Place {
    loaded.manifests.first().map_or_else(
        || Place {
            file: path.to_owned(),
            line: 1,
        },
        |document| Place {
            file: document.place.file.to_string(),
            line: document.place.line,
        },
    )
}

fn leave(rehearsal: &Rehearsal, place: &Place, folder: &Path) -> Result<(), Failure> {
    let unmade = |error: std::io::Error| {
        Failure::usage(format!("{} cannot be made: {error}", folder.display()))
    };
    fs::create_dir_all(folder).map_err(unmade)?;
    let json = serde_json::json!(rehearsal);
    let log = sarif::sarif(rehearsal, VERSION, place);
    let shown = text::text(rehearsal).to_string();
    for (name, text) in [
        ("rehearsal.json", format!("{json:#}\n")),
        ("rehearsal.sarif", format!("{log:#}\n")),
        ("rehearsal.md", markdown::rehearsal(rehearsal)),
        ("rehearsal.html", html::html(rehearsal)),
        ("rehearsal.txt", shown),
    ] {
        super::deliver_file(&text, &folder.join(name))?;
    }
    Ok(())
}

//! `aegis sim`: the cluster alone, with nobody acting.

mod logged;
mod told;
mod traced;
mod unready;

use crate::args::{Sim, SimFormat};
use crate::exit::{Exit, Failure};
use crate::input::{Reader, Refusal};
use crate::interrupt;
use crate::output::{Terminal, to_stderr};
use aegis_kube::print::{EPOCH, list, wide};
use aegis_kube::{Diagnostic, yaml};
use aegis_scenario::amount::Length;
use aegis_scenario::build::build;
use aegis_scenario::format::Start;
use aegis_scenario::load::is_scenario;
use aegis_scenario::{Loaded, import, warn};
use aegis_world::World;
use serde_json::Value;

/// Longest time that can be played, s: thirty days.
const LONGEST: f64 = 30.0 * 86_400.0;

pub fn run(args: &Sim, terminal: &mut Terminal) -> Result<Exit, Failure> {
    interrupt::watch();
    let reader = Reader::default();
    let mut loaded =
        open(&reader, &args.scenario).map_err(|refusal| reader.refuse(refusal, terminal.err))?;
    reader.show(&loaded.refused, terminal.err);
    reader.show(&loaded.warnings, terminal.err);
    reader.show(&warn::kinds(&loaded.manifests), terminal.err);
    let length = length(args.length, &loaded)?;
    // The cluster alone is watched from the moment at which its manifests arrive.
    loaded.scenario.spec.start.get_or_insert(Start::Applied);
    let refuse = |problems: Vec<Diagnostic>| reader.refuse(Refusal::Wrong(problems), terminal.err);
    let seed = args.seed.unwrap_or(loaded.scenario.spec.seed);
    let mut world = build(&loaded, seed).map_err(refuse)?;
    told::play(&loaded, &mut world, length, args)?;
    show(&world, length, args.output, terminal)
}

/// A scenario, or plain manifests by the rule of `import`; objects that the API server refuses are left out, as
/// `kubectl apply` goes on with the others.
pub fn open(reader: &Reader, given: &str) -> Result<Loaded, Refusal> {
    let path = std::path::Path::new(given);
    if !path.is_dir() && given != "-" && !path.is_file() {
        return reader.scenario_taken(given);
    }
    let documents = reader.manifests(&[given.to_owned()])?;
    if documents.is_empty() {
        return Err(Refusal::Unread(Failure::usage(format!(
            "there are no manifests in {given}"
        ))));
    }
    if is_scenario(&documents) {
        return reader.scenario_taken(given);
    }
    import::adopt_taken("manifests", documents).map_err(Refusal::Wrong)
}

/// How long is played, s: as asked, else the scenario's duration.
pub fn length(asked: Option<Length>, loaded: &Loaded) -> Result<u32, Failure> {
    let length = asked.unwrap_or(loaded.scenario.spec.duration);
    if (0.0..=LONGEST).contains(&length.0) {
        return Ok(length.whole());
    }
    Err(Failure::usage("at most 30 days can be played").help("for example --for 10m"))
}

fn show(
    world: &World,
    length: u32,
    format: SimFormat,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let objects: Value = list(world.objects(), world.now(), EPOCH);
    match format {
        SimFormat::Yaml => terminal.print(&yaml::to_string(&objects))?,
        SimFormat::Json => terminal.print_json(&objects)?,
        SimFormat::Wide => terminal.print(&wide(world.objects(), world.now()))?,
    }
    terminal.finish()?;
    for skipped in world.skipped() {
        to_stderr(&format!("did not happen: {skipped}\n"));
    }
    to_stderr(&unready::report(&objects, length));
    Ok(Exit::Done)
}

/// `10m`, as clap reads it.
pub fn parse_length(text: &str) -> Result<Length, String> {
    text.parse()
        .map_err(|error: aegis_scenario::amount::AmountError| error.to_string())
}

//! `aegis eval`: suites of cases with known answers, counted.

use crate::args::{Eval, Suite, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use aegis_eval::bundles::{self, EvalError, Labels, Names};
use serde::de::DeserializeOwned;
use std::fs;
use std::path::Path;

/// What the labels of the public set call our causes.
const MAP: &str = include_str!("../../../scenarios/bundles/map.json");

/// Runs a suite.
pub fn run(args: &Eval, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match args.suite {
        Suite::Bundles => of_bundles(args, terminal),
    }
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

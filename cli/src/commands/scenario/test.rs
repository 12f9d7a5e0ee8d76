//! `aegis scenario test`: does a scenario do what it claims?
//!
//! Unperturbed it meets its objectives, with nobody acting it misses them, with the recorded remedy
//! it meets them again; a control meets them; what it expects of objects is there.

use crate::args::{TestScenarios, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::input::{Reader, Refusal};
use crate::interrupt;
use crate::output::Terminal;
use crate::paint::Paint;
use aegis_kube::Diagnostic;
use aegis_kube::print::{EPOCH, list};
use aegis_scenario::Loaded;
use aegis_scenario::trial::{Play, Score, Wanted, expectations, play, plays};
use aegis_world::World;
use serde_json::{Value, json};

/// One thing that a scenario claims.
struct Check {
    what: &'static str,
    outcome: Outcome,
    /// The figures, in words.
    details: Vec<String>,
}

/// Whether a claim holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
}

pub fn run(args: &TestScenarios, terminal: &mut Terminal) -> Result<Exit, Failure> {
    interrupt::watch();
    let (mut results, mut exit) = (Vec::new(), Exit::Done);
    for given in &args.scenarios {
        let reader = Reader::default();
        let checks = test(&reader, given, args, terminal.err)
            .map_err(|refusal| reader.refuse(refusal, terminal.err))?;
        if checks.iter().any(|check| check.outcome == Outcome::Failed) {
            exit = Exit::Missed;
        }
        match args.format.output {
            TextOrJson::Text => terminal.print(&as_text(given, &checks, terminal.out))?,
            TextOrJson::Json => results.push(as_json(given, &checks)),
        }
    }
    if args.format.output == TextOrJson::Json {
        terminal
            .print_json(&json!({"schema": "aegis.dev/scenario-test/v1", "scenarios": results}))?;
    }
    terminal.finish()?;
    Ok(exit)
}

fn test(
    reader: &Reader,
    given: &str,
    args: &TestScenarios,
    paint: Paint,
) -> Result<Vec<Check>, Refusal> {
    let loaded = reader.scenario_taken(given)?;
    reader.show(&loaded.refused, paint);
    let seed = args.seed.unwrap_or(loaded.scenario.spec.seed);
    let mut checks = Vec::new();
    for (which, wanted) in plays(&loaded) {
        let score = play(&loaded, seed, which).map_err(Refusal::Wrong)?;
        checks.push(judge(&score, wanted));
    }
    if !loaded.scenario.spec.expect.is_empty() {
        checks.push(expected(&loaded, seed).map_err(Refusal::Wrong)?);
    }
    Ok(checks)
}

fn judge(score: &Score, wanted: Wanted) -> Check {
    let what = match (score.play, wanted) {
        (Play::Unperturbed, _) => "unperturbed it meets its objectives",
        (Play::Noop, Wanted::Missed) => "with nobody acting it misses them",
        (Play::Noop, Wanted::Met) => "nothing is wrong: it meets its objectives",
        (Play::Remedy, _) => "with the recorded remedy it meets them",
    };
    let holds = score.is_met() == (wanted == Wanted::Met);
    let figures = score.failed.iter().zip(&score.slow).zip(&score.met);
    let objective = |(number, ((failed, slow), met)): (usize, ((&f64, &f64), &bool))| {
        let verdict = if *met { "met" } else { "missed" };
        let shares = format!(
            "{:.2} % failed, {:.2} % too slow in the last window",
            failed * 100.0,
            slow * 100.0
        );
        format!("objective {}: {verdict}, {shares}", number + 1)
    };
    let mut details: Vec<String> = figures.enumerate().map(objective).collect();
    if !score.remedy.is_empty() {
        details.push(format!("remedy: {}", score.remedy));
    }
    details.extend(
        score
            .skipped
            .iter()
            .map(|skipped| format!("did not happen: {skipped}")),
    );
    Check {
        what,
        outcome: outcome(holds),
        details,
    }
}

const fn outcome(holds: bool) -> Outcome {
    if holds {
        Outcome::Passed
    } else {
        Outcome::Failed
    }
}

fn expected(loaded: &Loaded, seed: u64) -> Result<Check, Vec<Diagnostic>> {
    let print = |world: &World| list(world.objects(), world.now(), EPOCH);
    let misses = expectations(loaded, seed, &print)?;
    let details = misses.iter().map(ToString::to_string).collect();
    Ok(Check {
        what: "its objects show what it expects",
        outcome: outcome(misses.is_empty()),
        details,
    })
}

fn as_text(given: &str, checks: &[Check], paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(given));
    for check in checks {
        let word = match check.outcome {
            Outcome::Passed => paint.green("ok    "),
            Outcome::Failed => paint.red("FAILED"),
        };
        text += &format!("  {word} {}\n", check.what);
        let shown = check
            .details
            .iter()
            .filter(|_| check.outcome == Outcome::Failed);
        shown.for_each(|detail| text += &format!("           {detail}\n"));
    }
    if checks.is_empty() {
        text += "  it claims nothing that could be tested: it has neither traffic nor `expect`\n";
    }
    text
}

fn as_json(given: &str, checks: &[Check]) -> Value {
    let check = |check: &Check| {
        let passed = check.outcome == Outcome::Passed;
        json!({"what": check.what, "passed": passed, "details": check.details})
    };
    json!({"scenario": given, "checks": checks.iter().map(check).collect::<Vec<_>>()})
}

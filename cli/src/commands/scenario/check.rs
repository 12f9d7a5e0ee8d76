//! `aegis scenario check`: what is wrong with scenarios, and where.

use crate::args::{CheckScenarios, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::input::{Reader, Refusal};
use crate::output::Terminal;
use crate::problems::in_order;
use aegis_kube::{Diagnostic, Severity};
use aegis_scenario::{Loaded, explain, warn};
use serde_json::{Value, json};

pub fn run(args: &CheckScenarios, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    for given in &args.scenarios {
        files.push(check(given, args, terminal)?);
    }
    if args.format.output == TextOrJson::Json {
        terminal.print_json(&json!({"schema": "aegis.dev/check/v1", "files": files}))?;
    }
    terminal.finish()?;
    let right = files.iter().all(|file| file["ok"] == true);
    Ok(if right { Exit::Done } else { Exit::Usage })
}

/// One file, shown as text at once and given as JSON.
fn check(given: &str, args: &CheckScenarios, terminal: &mut Terminal) -> Result<Value, Failure> {
    let reader = Reader::default();
    let (loaded, problems) = match reader.scenario(given).and_then(checked) {
        Ok((loaded, warnings)) => (Some(loaded), warnings),
        Err(Refusal::Wrong(problems)) => (None, problems),
        Err(Refusal::Unread(failure)) => return Err(failure),
    };
    if args.format.output == TextOrJson::Text {
        reader.show(&problems, terminal.err);
        let verdict = verdict(given, loaded.as_ref(), &problems);
        terminal.print(&format!("{verdict}\n"))?;
        if let (Some(loaded), true) = (&loaded, args.explain) {
            let explained = explain::explain(loaded);
            let refuse = |problems| reader.refuse(Refusal::Wrong(problems), terminal.err);
            terminal.print(&explained.map_err(refuse)?)?;
        }
    }
    let problems: Vec<Value> = in_order(&problems).into_iter().map(as_json).collect();
    Ok(json!({"file": given, "ok": loaded.is_some(), "problems": problems}))
}

/// Holds the manifests against what the API server takes, and looks for what is no error.
fn checked(loaded: Loaded) -> Result<(Loaded, Vec<Diagnostic>), Refusal> {
    let warnings = warn::check(&loaded).map_err(Refusal::Wrong)?;
    Ok((loaded, warnings))
}

fn verdict(given: &str, loaded: Option<&Loaded>, problems: &[Diagnostic]) -> String {
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    let warnings = problems.len() - errors;
    let also = if warnings > 0 {
        format!(", {}", count(warnings, "warning"))
    } else {
        String::new()
    };
    match loaded {
        Some(loaded) => format!("{given}: right ({}{also})", contents(loaded)),
        None => format!("{given}: {}{also}", count(errors, "error")),
    }
}

fn contents(loaded: &Loaded) -> String {
    let spec = &loaded.scenario.spec;
    let objects = count(loaded.manifests.len(), "object");
    format!(
        "{objects}, {}, {}",
        count(spec.traffic.len(), "entry"),
        count(spec.chaos.len(), "event")
    )
}

fn count(number: usize, word: &str) -> String {
    match (number, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        _ => format!("{number} {word}s"),
    }
}

fn as_json(problem: &Diagnostic) -> Value {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "code": problem.code,
        "severity": severity,
        "message": problem.message,
        "help": problem.help,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
    })
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn words_are_counted_as_people_do() {
        let counted = [
            count(1, "entry"),
            count(0, "entry"),
            count(1, "error"),
            count(2, "error"),
        ];
        assert_eq!(counted, ["1 entry", "0 entries", "1 error", "2 errors"]);
    }
}

//! `aegis diagnose`: causes read off a bundle or a dump.

mod view;

use crate::args::{Diagnose, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use aegis_inspect::advice::{Advice, advice};
use aegis_inspect::{Scope, anonymize, find};
use aegis_model::inspection::{Fix, Inspection, InspectionVerdict};
use aegis_runner::bundle::{Files, gather, gather_dump};
use aegis_runner::settled::{diagnosable, fixed};
use std::io::stdin;
use std::path::Path;

/// Reads, looks, tells.
pub fn run(args: &Diagnose, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let (found, advice) = look(args)?;
    match args.format.output {
        TextOrJson::Json => {
            let mut shown = serde_json::json!(found);
            shown["advice"] = serde_json::json!(advice);
            terminal.print_json(&shown)?;
        }
        TextOrJson::Text => {
            let text = view::text(&found, &advice, terminal.out);
            terminal.print(&text)?;
        }
    }
    terminal.finish()?;
    let missed = args.exit_code && found.verdict != InspectionVerdict::Healthy;
    Ok(if missed { Exit::Missed } else { Exit::Done })
}

/// The answer, and what is to be said where nothing is wrong.
fn look(args: &Diagnose) -> Result<(Inspection, Vec<Advice>), Failure> {
    let mut bundle = diagnosable(files(&args.path)?);
    let empty = bundle.objects.is_empty() && bundle.refused.is_empty();
    if empty && bundle.events.is_empty() && bundle.logs.is_empty() {
        let why = bundle
            .unread
            .first()
            .map(|one| format!("{}: {}", one.file, one.why));
        let help = "a support bundle is a folder or archive with objects.json, events.json, logs/; a dump is what `kubectl get … -o yaml` gives";
        let why = why.unwrap_or_else(|| "there is nothing in it".to_owned());
        return Err(Failure::usage(format!(
            "{} holds nothing that can be diagnosed: {why}",
            args.path
        ))
        .help(help));
    }
    if let Some(namespace) = &args.namespace {
        bundle.namespace = Some(namespace.clone());
    }
    let scope = Scope {
        object: args.object.clone(),
    };
    let mut found = find(&bundle, &scope);
    fixed(&bundle, &mut found);
    let mut found = found.inspection;
    if let Some(first) = found.findings.first_mut()
        && first.fix.tried.ended == Some(false)
    {
        withdraw(&mut first.fix);
    }
    let is_well = found.verdict == InspectionVerdict::Healthy && !args.anonymize;
    let advice = match is_well {
        true => advice(&bundle),
        false => Vec::new(),
    };
    let found = match args.anonymize {
        true => anonymize::anonymized(found, &bundle),
        false => found,
    };
    Ok((found, advice))
}

/// What was tried and did not end the fault is no fix.
fn withdraw(fix: &mut Fix) {
    let tried = std::mem::take(&mut fix.kubectl).join("; ");
    fix.undo.clear();
    if let Some(after) = &mut fix.tried.after {
        after.push_str(&format!(" (tried: {tried})"));
    }
}

fn files(path: &str) -> Result<Files, Failure> {
    if path == "-" {
        return Ok(gather_dump("stdin", stdin().lock()));
    }
    gather(Path::new(path))
        .map_err(|error| Failure::usage(format!("{path} cannot be read: {error}")))
}

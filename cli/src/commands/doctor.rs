//! `aegis doctor`: what holds on this machine, and why.

use super::Context;
use super::version::versions;
use crate::args::{Format, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::paint::Paint;
use crate::table::table;
use aegis_kube::spelling::nearest;
use aegis_llm::probe::{Found, PLACES, fits, probe};
use aegis_runner::settings::{KEYS, Sources};
use aegis_runner::store::StoreError;
use serde_json::{Value, json};
use std::io::{IsTerminal, stderr, stdout};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

/// What was found out.
struct Findings {
    settings: Vec<[String; 3]>,
    files: Vec<String>,
    data: Result<(), StoreError>,
    runs: Result<usize, StoreError>,
    warnings: Vec<String>,
    threads: usize,
    /// Memory of this machine, bytes.
    memory: u64,
    models: Vec<Found>,
}

pub fn run(args: &Format, context: &Context, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let findings = look(context);
    match args.output {
        TextOrJson::Json => terminal.print_json(&as_json(&findings))?,
        TextOrJson::Text => terminal.print(&as_text(&findings, context, terminal.out))?,
    }
    terminal.finish()?;
    Ok(if findings.data.is_ok() {
        Exit::Done
    } else {
        Exit::Missing
    })
}

fn look(context: &Context) -> Findings {
    let store = context.store();
    let rows = context.settings.rows().into_iter();
    let files = context.sources.files.iter();
    Findings {
        settings: rows
            .map(|row| [row.key.name.to_owned(), row.value, row.origin.to_string()])
            .collect(),
        files: files.map(|file| file.path.display().to_string()).collect(),
        data: store.probe(),
        runs: store.list().map(|runs| runs.len()),
        warnings: slips(&context.sources),
        threads: thread::available_parallelism().map_or(1, NonZero::get),
        memory: memory(),
        models: probe(&PLACES.map(|(name, base)| (name.to_owned(), base.to_owned()))),
    }
}

fn memory() -> u64 {
    let what = sysinfo::MemoryRefreshKind::nothing().with_ram();
    let what = sysinfo::RefreshKind::nothing().with_memory(what);
    sysinfo::System::new_with_specifics(what).total_memory()
}

/// Variables that look like settings and are none.
fn slips(sources: &Sources) -> Vec<String> {
    let slip = |name: &str| {
        let near = nearest(name, KEYS.iter().map(|key| key.env));
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("{name} is in the environment and sets nothing{near}")
    };
    sources.unknown_env().map(slip).collect()
}

fn as_json(findings: &Findings) -> Value {
    let settings = findings.settings.iter();
    let settings: Vec<Value> = settings
        .map(|[name, value, origin]| json!({"name": name, "value": value, "origin": origin}))
        .collect();
    json!({
        "schema": "aegis.dev/doctor/v1",
        "settings": settings,
        "settings_files": findings.files,
        "data_dir": {
            "writable": findings.data.is_ok(),
            "why_not": findings.data.as_ref().err().map(ToString::to_string),
            "runs": findings.runs.as_ref().ok(),
        },
        "terminal": {"stdout": stdout().is_terminal(), "stderr": stderr().is_terminal()},
        "threads": findings.threads,
        "memory_bytes": findings.memory,
        "model_servers": findings.models.iter().map(|found| server(found, findings.memory)).collect::<Vec<Value>>(),
        "warnings": findings.warnings,
        "versions": versions(),
    })
}

fn server(found: &Found, memory: u64) -> Value {
    let model = |name: &String| json!({"name": name, "fits": fits(name, memory)});
    let models = found.models.as_ref().ok();
    json!({
        "name": found.name,
        "base": found.base,
        "models": models.map(|models| models.iter().map(model).collect::<Vec<Value>>()),
        "why_not": found.models.as_ref().err().map(|silence| &silence.why),
    })
}

fn as_text(findings: &Findings, context: &Context, paint: Paint) -> String {
    let head = |title: &str| format!("\n{}\n", paint.bold(title));
    let mut text = head("Settings").trim_start().to_owned();
    text += &table(["NAME", "VALUE", "ORIGIN"], &findings.settings);
    text += &format!("Files: {}\n", files(findings, context));
    text += &head("Data folder");
    text += &data_folder(findings, context, paint);
    text += &head("Machine");
    text += &machine(findings);
    text += &head("Language models");
    text += &models(findings);
    let warnings = findings.warnings.iter();
    text + &warnings
        .map(|warning| format!("\n{} {warning}\n", paint.yellow("warning:")))
        .collect::<String>()
}

/// The settings files that were read, or where one would be read from.
fn files(findings: &Findings, context: &Context) -> String {
    if !findings.files.is_empty() {
        return findings.files.join(", ");
    }
    let own = context.sources.folders.config_file().into_iter();
    let looked: Vec<String> = [PathBuf::from("aegis.toml")]
        .into_iter()
        .chain(own)
        .map(|path| path.display().to_string())
        .collect();
    format!("none (looked for {})", looked.join(", "))
}

fn data_folder(findings: &Findings, context: &Context, paint: Paint) -> String {
    let folder = context.settings.data_dir.value.display();
    let exists = context.settings.data_dir.value.exists();
    let state = match &findings.data {
        Ok(()) if exists => paint.green("writable"),
        Ok(()) => format!(
            "{} (it will be made when something is first written)",
            paint.green("writable")
        ),
        Err(error) => format!("{}\n  {error}", paint.red("not writable")),
    };
    let runs = match &findings.runs {
        Ok(1) => "1 run".to_owned(),
        Ok(count) => format!("{count} runs"),
        Err(error) => error.to_string(),
    };
    format!("{folder}: {state}\n{runs}\n")
}

/// Servers that answer, with what they have; the others in one line.
fn models(findings: &Findings) -> String {
    let (mut rows, mut silent) = (Vec::new(), Vec::new());
    for found in &findings.models {
        let Ok(models) = &found.models else {
            silent.push(format!("{} ({})", found.name, found.base));
            continue;
        };
        for model in models {
            let fits = match fits(model, findings.memory) {
                Some(true) => "fits",
                Some(false) => "too large for this machine",
                None => "its name does not say how large it is",
            };
            rows.push([found.base.clone(), model.clone(), fits.to_owned()]);
        }
        if models.is_empty() {
            rows.push([found.base.clone(), "none".to_owned(), String::new()]);
        }
    }
    let mut text = match rows.is_empty() {
        true => String::new(),
        false => {
            table(["SERVER", "MODEL", ""], &rows)
                + "Ask one: aegis run NAME --llm SERVER --model MODEL\n"
        }
    };
    if !silent.is_empty() {
        text += &format!("no answer from {}\n", silent.join(", "));
    }
    text
}

fn machine(findings: &Findings) -> String {
    let is = |terminal: bool| {
        if terminal {
            "a terminal"
        } else {
            "no terminal"
        }
    };
    let versions = versions();
    let word = |name: &str| versions[name].as_str().unwrap_or_default().to_owned();
    format!(
        "aegis {} on {} {}, {} threads, {:.0} GB of memory\nstandard output: {}, standard error: {}\n",
        word("aegis"),
        word("os"),
        word("arch"),
        findings.threads,
        findings.memory as f64 / 1e9,
        is(stdout().is_terminal()),
        is(stderr().is_terminal()),
    )
}

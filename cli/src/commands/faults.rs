//! `aegis faults …`: the catalogue.

use crate::args::{Faults, ListFaults, ShowFault, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::{Terminal, to_stderr};
use crate::table::table;
use aegis_faults::{Fault, Section};
use serde_json::{Value, json};

pub fn run(command: &Faults, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match command {
        Faults::List(args) => list(args, terminal),
        Faults::Show(args) => show(args, terminal),
    }
}

fn list(args: &ListFaults, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let section = args.section.as_deref().map(section).transpose()?;
    let wanted = |fault: &&'static Fault| {
        section.is_none_or(|section| fault.section == section)
            && args.text.as_deref().is_none_or(|text| says(fault, text))
            && args
                .mechanism
                .as_deref()
                .is_none_or(|name| is_made_of(fault, name))
    };
    let faults: Vec<&Fault> = aegis_faults::all().filter(wanted).collect();
    match args.format.output {
        TextOrJson::Json => {
            let rows: Vec<Value> = faults.iter().map(|fault| as_json(fault)).collect();
            terminal.print_json(&json!({"schema": "aegis.dev/faults/v1", "faults": rows}))?;
        }
        TextOrJson::Text if faults.is_empty() => to_stderr("No fault is like that.\n"),
        TextOrJson::Text => terminal.print(&as_table(&faults))?,
    }
    terminal.finish()
}

fn section(word: &str) -> Result<Section, Failure> {
    let found = Section::ALL
        .into_iter()
        .find(|section| section.word() == word);
    found.ok_or_else(|| {
        let known: Vec<&str> = Section::ALL.iter().map(|section| section.word()).collect();
        Failure::usage(format!("no section `{word}`")).help(format!("one of {}", known.join(", ")))
    })
}

fn says(fault: &Fault, text: &str) -> bool {
    let text = text.to_lowercase();
    let places = [fault.id, fault.summary, fault.source];
    places
        .iter()
        .any(|place| place.to_lowercase().contains(&text))
}

fn is_made_of(fault: &Fault, name: &str) -> bool {
    let name = name.to_lowercase();
    let lines = fault.composition().into_iter();
    lines
        .map(|line| line.to_lowercase())
        .any(|line| line.contains(&name))
}

fn as_table(faults: &[&Fault]) -> String {
    let row = |fault: &&Fault| {
        [
            fault.id.to_owned(),
            fault.section.word().to_owned(),
            fault.harms.word().to_owned(),
            fault.summary.to_owned(),
        ]
    };
    let rows: Vec<_> = faults.iter().map(row).collect();
    table(["FAULT", "SECTION", "HURTS", "SUMMARY"], &rows)
}

fn found(id: &str) -> Result<&'static Fault, Failure> {
    let event = || aegis_faults::event(id).and_then(aegis_faults::Event::fault);
    aegis_faults::by_id(id).or_else(event).ok_or_else(|| {
        let like: Vec<&str> = aegis_faults::all()
            .filter(|fault| says(fault, id))
            .map(|fault| fault.id)
            .take(5)
            .collect();
        let help = if like.is_empty() {
            "aegis faults list shows them all".to_owned()
        } else {
            format!("did you mean {}?", like.join(", "))
        };
        Failure::usage(format!("no fault `{id}`")).help(help)
    })
}

fn show(args: &ShowFault, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let fault = found(&args.id)?;
    if args.scenario {
        let text = aegis_scenario::rehearsal::scenario(fault).ok_or_else(|| {
            Failure::usage(format!(
                "no bundled application has what `{}` acts on",
                fault.id
            ))
        })?;
        terminal.print(&text)?;
        return terminal.finish();
    }
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&json!({
            "schema": "aegis.dev/fault/v1",
            "fault": as_json(fault),
        }))?,
        TextOrJson::Text => terminal.print(&as_text(fault))?,
    }
    terminal.finish()
}

fn as_text(fault: &Fault) -> String {
    let mut text = format!(
        "{}  ({})\n{}\n",
        fault.id,
        fault.section.title(),
        fault.summary
    );
    let sizes = fault.parameters.iter().map(|parameter| {
        format!(
            "{}: {} to {}, default {} ({})",
            parameter.name,
            parameter.low,
            parameter.high,
            parameter.default,
            parameter.unit.spelling()
        )
    });
    let targets = fault
        .targets
        .iter()
        .map(|kind| format!("{kind:?}").to_lowercase());
    let parts: [(&str, Vec<String>); 7] = [
        ("Acts on", targets.collect()),
        ("Sizes", sizes.collect()),
        (
            "Needs first",
            fault
                .stage
                .iter()
                .map(aegis_faults::Step::in_words)
                .collect(),
        ),
        ("Comes by", fault.composition()),
        ("Betrays itself", fault.observables()),
        ("Spreads", vec![format!("{:?}", fault.spreads)]),
        ("Remedies", fault.cures()),
    ];
    for (title, lines) in parts.iter().filter(|(_, lines)| !lines.is_empty()) {
        text += &format!("\n{title}\n");
        text.extend(lines.iter().map(|line| format!("  {line}\n")));
    }
    text + &format!(
        "\nHurts {}. Simulated as {}. About {} a month in a cluster of a dozen services ({}).\nFrom: {}\n",
        fault.harms.word(),
        fault.expressed.word(),
        fault.frequency.per_cluster_month,
        fault.frequency.source,
        fault.source
    )
}

fn as_json(fault: &Fault) -> Value {
    let parameters: Vec<Value> = (fault.parameters.iter())
        .map(|size| {
            json!({"name": size.name, "low": size.low, "high": size.high, "default": size.default, "unit": format!("{:?}", size.unit)})
        })
        .collect();
    let cause = aegis_faults::causes::cause(fault.id);
    json!({
        "id": fault.id,
        "section": fault.section.word(),
        "summary": fault.summary,
        "targets": fault.targets.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>(),
        "parameters": parameters,
        "stage": fault.stage.iter().map(aegis_faults::Step::in_words).collect::<Vec<_>>(),
        "composition": fault.composition(),
        "observables": fault.observables(),
        "spreads": format!("{:?}", fault.spreads),
        "remedies": fault.cures(),
        "hurts": fault.harms.word(),
        "simulated": fault.expressed.word(),
        "perClusterMonth": fault.frequency.per_cluster_month,
        "frequencySource": fault.frequency.source,
        "source": fault.source,
        "diagnosedFromDumps": cause.is_some(),
    })
}

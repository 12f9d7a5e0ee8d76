//! `aegis scenario list`: the scenarios that the binary carries.

use crate::args::{ListScenarios, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::output::{Terminal, to_stderr};
use crate::table::table;
use aegis_scenario::bundled::{Card, cards};
use serde_json::{Map, Value, json};

pub fn run(args: &ListScenarios, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let wanted: Result<Vec<_>, Failure> = args.selector.iter().map(|label| part(label)).collect();
    let wanted = wanted?;
    let cards: Vec<Card> = cards()
        .into_iter()
        .filter(|card| wanted.iter().all(|label| has(card, *label)))
        .collect();
    match args.format.output {
        TextOrJson::Json => terminal.print_json(&as_json(&cards))?,
        TextOrJson::Text if cards.is_empty() => to_stderr("No scenario has these labels.\n"),
        TextOrJson::Text => terminal.print(&as_text(&cards))?,
    }
    terminal.finish()
}

/// `key=value` in its parts.
fn part(label: &str) -> Result<(&str, &str), Failure> {
    let parts = label.split_once('=');
    parts.ok_or_else(|| Failure::usage(format!("`{label}` is no selector: key=value belongs here")))
}

fn has(card: &Card, (key, value): (&str, &str)) -> bool {
    card.labels
        .iter()
        .any(|(known, has)| known == key && has == value)
}

fn label(card: &Card, key: &str) -> String {
    let found = card.labels.iter().find(|(known, _)| known == key);
    found.map_or_else(|| "-".to_owned(), |(_, value)| value.clone())
}

fn as_text(cards: &[Card]) -> String {
    let row = |card: &Card| {
        [
            card.name.clone(),
            label(card, "suite"),
            label(card, "difficulty"),
            card.description.clone(),
        ]
    };
    let rows: Vec<_> = cards.iter().map(row).collect();
    table(["NAME", "SUITE", "DIFFICULTY", "DESCRIPTION"], &rows)
}

fn as_json(cards: &[Card]) -> Value {
    let cards: Vec<Value> = cards
        .iter()
        .map(|card| {
            let labels: Map<String, Value> = card
                .labels
                .iter()
                .map(|(key, value)| (key.clone(), json!(value)))
                .collect();
            json!({"name": card.name, "labels": labels, "description": card.description})
        })
        .collect();
    json!({"schema": "aegis.dev/scenarios/v1", "scenarios": cards})
}

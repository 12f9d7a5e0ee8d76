//! Plain manifests with one thing wrong each, and some with nothing wrong: what `aegis diagnose` says of
//! them first. The cases stand in `tests/manifests`, each behind a line `#### name: fault object field`,
//! or `#### name: healthy`; the field is a part of the one that is found.

use crate::kit::Place;
use serde_json::Value;
use std::fs;
use std::path::Path;

struct Case {
    place: String,
    wanted: Vec<String>,
    text: String,
}

fn cases(file: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let whole = fs::read_to_string(folder.join(file)).expect(file);
    let parts = whole.split("#### ").skip(1);
    parts
        .map(|part| {
            let (head, text) = part.split_once('\n').expect("a case has lines");
            let (name, wanted) = head.split_once(": ").expect("name: what is found");
            Case {
                place: format!("{file}: {name}"),
                wanted: wanted.split_whitespace().map(str::to_owned).collect(),
                text: text.to_owned(),
            }
        })
        .collect()
}

fn is_found(wanted: &[String], found: &Value) -> bool {
    let first = &found["findings"][0];
    match wanted {
        [healthy] if healthy == "healthy" => found["verdict"] == "healthy",
        [fault] => first["fault"] == fault.as_str(),
        [fault, object, rest @ ..] => {
            let field = first["field"].as_str().unwrap_or_default();
            first["fault"] == fault.as_str()
                && first["object"] == object.as_str()
                && rest.iter().all(|part| field.contains(part.as_str()))
        }
        [] => false,
    }
}

/// All cases of a file, so that one look shows all that are wrong.
fn check(file: &str) {
    let place = Place::new();
    let mut wrong = Vec::new();
    for case in cases(file) {
        place.write("case.yaml", &case.text);
        let answer = place.run("diagnose case.yaml -o json");
        let found: Value = serde_json::from_str(&answer.out).unwrap_or(Value::Null);
        if !is_found(&case.wanted, &found) {
            let first = &found["findings"][0];
            let (fault, object, field) = (&first["fault"], &first["object"], &first["field"]);
            let came = format!(
                "{} {fault} {object} {field} {}",
                found["verdict"], answer.err
            );
            wrong.push(format!(
                "{}: wanted {}, came {came}",
                case.place,
                case.wanted.join(" ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn containers_that_do_not_start() {
    check("starting.yaml");
}

#[test]
fn images_and_programs_that_cannot_do_what_they_are_told() {
    check("programs.yaml");
}

#[test]
fn images_that_are_not_there() {
    check("images.yaml");
}

#[test]
fn requests_that_do_not_arrive() {
    check("routing.yaml");
}

#[test]
fn probes_that_fail() {
    check("probing.yaml");
}

#[test]
fn pods_that_find_no_place() {
    check("scheduling.yaml");
}

#[test]
fn rules_that_forbid_or_do_nothing() {
    check("policies.yaml");
}

#[test]
fn documents_that_are_refused() {
    check("refused.yaml");
}

#[test]
fn nothing_is_said_of_what_is_right() {
    check("healthy.yaml");
}

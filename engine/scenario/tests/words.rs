//! Amounts, expectations and the schema, each held to cases.

use aegis_scenario::amount::{Length, Share};
use aegis_scenario::format::Expectation;
use aegis_scenario::{check_expectations, schema};
use serde_json::{Value, json};

#[test]
fn lengths_of_time_are_read_and_written() {
    for (text, seconds, again) in [
        ("10m", 600.0, "10m"),
        ("90s", 90.0, "1m30s"),
        ("1h30m", 5400.0, "1h30m"),
        ("800ms", 0.8, "800ms"),
        ("1m30.5s", 90.5, "90500ms"),
        ("0", 0.0, "0ms"),
        ("2d", 172_800.0, "48h"),
    ] {
        let length: Length = text.parse().expect(text);
        assert!((length.0 - seconds).abs() < 1e-9, "{text}");
        assert_eq!(length.to_string(), again);
    }
    for text in ["", "10", "m", "-5s", "10 m", "1x", "1h30", "1.2.3s"] {
        assert!(text.parse::<Length>().is_err(), "{text}");
    }
}

#[test]
fn shares_are_read_and_written() {
    for (text, share, again) in [
        ("99.5%", 0.995, "99.5%"),
        ("0.25", 0.25, "25%"),
        ("1", 1.0, "100%"),
    ] {
        let read: Share = text.parse().expect(text);
        assert!((read.0 - share).abs() < 1e-12, "{text}");
        assert_eq!(read.to_string(), again);
    }
    for text in ["101%", "-1%", "2", "many", "NaN", ""] {
        assert!(text.parse::<Share>().is_err(), "{text}");
    }
}

fn list() -> Value {
    json!({"kind": "List", "items": [
        {"kind": "Pod", "metadata": {"name": "a", "namespace": "default"},
         "spec": {"containers": [{"name": "server", "image": "shop:1.2"}]},
         "status": {"phase": "Running", "restarts": 3,
                    "conditions": [{"type": "Ready", "status": "True"}]}},
        {"kind": "Node", "metadata": {"name": "node-1"}, "status": {"capacity": {"cpu": "4"}}},
    ]})
}

fn expectation(object: &str, path: &str, rest: &Value) -> Expectation {
    let mut words = json!({"at": "10s", "object": object, "path": path});
    for (key, value) in rest.as_object().expect("a mapping") {
        words[key.as_str()] = value.clone();
    }
    serde_json::from_value(words).expect("it is right")
}

#[test]
fn expectations_hold_or_say_what_was_found() {
    let cases = [
        ("Pod/a", ".status.phase", json!({"equals": "Running"}), None),
        (
            "pod/default/a",
            "status.phase",
            json!({"equals": "Pending"}),
            Some("expected \"Pending\", found \"Running\""),
        ),
        (
            "Pod/a",
            ".status.conditions[type=Ready].status",
            json!({"equals": "True"}),
            None,
        ),
        (
            "Pod/a",
            ".spec.containers[name=server].image",
            json!({"matches": "shop:1.*"}),
            None,
        ),
        (
            "Pod/a",
            ".spec.containers[0].image",
            json!({"matches": "*:2*"}),
            Some("something like `*:2*`"),
        ),
        (
            "Pod/a",
            ".spec.containers[0].image",
            json!({"matches": "shop:1.2"}),
            None,
        ),
        ("Pod/a", ".status.restarts", json!({"atLeast": 3}), None),
        ("Pod/a", ".status.restarts", json!({"equals": 3.0}), None),
        (
            "Pod/a",
            ".status.restarts",
            json!({"atLeast": 4}),
            Some("expected at least 4, found 3"),
        ),
        (
            "Pod/b",
            ".status.phase",
            json!({"equals": "Running"}),
            Some("found nothing"),
        ),
        (
            "no/node-1",
            ".status.capacity.cpu",
            json!({"equals": "4"}),
            None,
        ),
    ];
    held(&cases);
}

#[test]
fn expectations_pick_among_objects() {
    let cases = [
        ("Pod/*", ".status.restarts", json!({"atMost": 3}), None),
        ("Pod/*", "", json!({"count": 1}), None),
        (
            "Pod/*",
            "",
            json!({"count": 0, "where": {".status.phase": "Run*"}}),
            Some("expected 0 such objects, found 1"),
        ),
        (
            "Pod/*",
            ".status.phase",
            json!({"equals": "Running", "where": {".metadata.name": "b*"}}),
            Some("found nothing"),
        ),
        ("Pod/*", ".status.reason", json!({"missing": true}), None),
        (
            "Pod/a",
            ".status.phase",
            json!({"missing": true}),
            Some("expected no such field, found \"Running\""),
        ),
    ];
    held(&cases);
}

/// Object, path, what is asked of it, and what the miss says, if one is expected.
type Asked<'a> = (&'a str, &'a str, Value, Option<&'a str>);

fn held(cases: &[Asked<'_>]) {
    for (object, path, rest, wanted) in cases {
        let misses = check_expectations(&list(), &[expectation(object, path, rest)]);
        match (misses.first(), wanted) {
            (None, None) => {}
            (Some(miss), Some(words)) => assert!(miss.to_string().contains(words), "{miss}"),
            (found, _) => panic!("{object} {path}: {found:?}"),
        }
    }
}

/// Every mapping of the schema, with its path.
fn mappings(schema: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    if schema["properties"].is_object() {
        found.push((path.to_owned(), schema.clone()));
    }
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                mappings(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                mappings(value, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn the_schema_closes_every_mapping_and_explains_every_word() {
    let mut found = Vec::new();
    mappings(&schema::schema(), "", &mut found);
    assert!(found.len() > 30, "{}", found.len());
    for (path, mapping) in found {
        assert_eq!(mapping["additionalProperties"], json!(false), "{path}");
        for (word, of) in mapping["properties"].as_object().expect("a mapping") {
            assert!(
                of["description"]
                    .as_str()
                    .is_some_and(|text| text.ends_with('.')),
                "{path}: {word}"
            );
        }
    }
}

#[test]
fn words_that_are_not_simulated_are_not_in_the_schema() {
    let text = schema::schema_text();
    for word in ["rules", "onMiss", "clients"] {
        assert!(!text.contains(&format!("\"{word}\":")), "{word}");
    }
}

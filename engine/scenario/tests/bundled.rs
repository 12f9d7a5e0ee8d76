//! The bundled scenarios: each loads, keeps its promises, and uses known words.

use aegis_scenario::format::{Act, Scenario};
use aegis_scenario::{bundled, load, names, schema};
use serde_json::Value;

fn scenarios() -> Vec<(&'static str, load::Loaded)> {
    let all = bundled::SCENARIOS.iter().map(|bundled| {
        let loaded = load(bundled.path, bundled.text, &bundled::file);
        let why = |errors: Vec<aegis_kube::Diagnostic>| -> load::Loaded {
            panic!("{}: {errors:#?}", bundled.path)
        };
        (bundled.name(), loaded.unwrap_or_else(why))
    });
    all.collect()
}

fn count(scenario: &Scenario, wanted: impl Fn(&Act) -> bool) -> usize {
    scenario
        .spec
        .chaos
        .iter()
        .filter(|entry| wanted(&entry.act))
        .count()
}

#[test]
fn every_one_loads_under_its_own_name() {
    for (name, loaded) in scenarios() {
        assert_eq!(loaded.scenario.metadata.name, name);
        assert!(!loaded.scenario.spec.description.is_empty(), "{name}");
        assert!(
            loaded.scenario.metadata.labels.contains_key("difficulty"),
            "{name}"
        );
    }
    assert_eq!(bundled::cards().len(), bundled::SCENARIOS.len());
}

#[test]
fn the_suite_covers_five_events_on_two_applications_and_more() {
    let scenarios = scenarios();
    for event in aegis_faults::EVENTS {
        for application in ["online-boutique", "sock-shop"] {
            let lays = |act: &Act| matches!(act, Act::Fault { fault, .. } if fault == event.id);
            let found = scenarios.iter().filter(|(name, loaded)| {
                name.starts_with(application) && count(&loaded.scenario, lays) == 1
            });
            assert_eq!(found.count(), 1, "{} on {application}", event.id);
        }
    }
    let controls = scenarios.iter().filter(|(_, loaded)| {
        loaded
            .scenario
            .spec
            .truth
            .as_ref()
            .is_some_and(|truth| truth.causes.is_empty())
    });
    assert_eq!(controls.count(), 2);
    assert!(scenarios.len() >= 14);
}

#[test]
fn each_carries_three_to_eight_decoys_before_and_after_the_fault() {
    for (name, loaded) in scenarios() {
        let spec = &loaded.scenario.spec;
        let truth = spec.truth.as_ref();
        let guilty = |act: &Act| match act {
            Act::Fault { .. } => true,
            Act::Patch(patch) => truth.is_some_and(|truth| {
                let same = |cause: &str| names::object(cause) == names::object(&patch.object);
                truth.causes.iter().any(|cause| same(&cause.object))
            }),
            _ => false,
        };
        let decoys: Vec<f64> = spec
            .chaos
            .iter()
            .filter(|entry| !guilty(&entry.act))
            .map(|entry| entry.at.0)
            .collect();
        assert!(
            (3..=8).contains(&decoys.len()),
            "{name} has {}",
            decoys.len()
        );
        let Some(onset) = spec.chaos.iter().find(|entry| guilty(&entry.act)) else {
            continue;
        };
        assert!(
            onset.lasts.is_none(),
            "{name}: the fault lasts until it is mended"
        );
        assert!(
            decoys.iter().any(|at| *at < onset.at.0),
            "{name}: none before"
        );
        assert!(
            decoys.iter().any(|at| *at > onset.at.0),
            "{name}: none after"
        );
        assert!(!spec.remedy.is_empty(), "{name} records no remedy");
    }
}

#[test]
fn actors_of_harmful_and_harmless_changes_come_from_one_list() {
    const ACTORS: [&str; 4] = [
        "user:deployer",
        "user:platform",
        "cronjob:nightly",
        "system:ci",
    ];
    for (name, loaded) in scenarios() {
        for entry in &loaded.scenario.spec.chaos {
            assert!(
                ACTORS.contains(&entry.actor.as_str()),
                "{name}: {}",
                entry.actor
            );
        }
    }
}

/// Every key of a document that is not inside something that others read.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.push(key.clone());
                if ![
                    "labels",
                    "merge",
                    "json",
                    "apply",
                    "parameters",
                    "value",
                    "equals",
                ]
                .contains(&key.as_str())
                {
                    keys(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn the_schema_knows_every_word_that_is_used() {
    let text = schema::schema_text();
    for bundled in bundled::SCENARIOS {
        let documents = aegis_kube::read(bundled.path, bundled.text).expect("it is read");
        let mut found = Vec::new();
        keys(&documents[0].value, &mut found);
        for key in found {
            assert!(
                text.contains(&format!("\"{key}\"")),
                "{key} of {}",
                bundled.path
            );
        }
    }
}

#[test]
fn the_template_of_a_new_scenario_loads() {
    let loaded = load(
        "new.yaml",
        &aegis_scenario::template::template("mine"),
        &|_| None,
    )
    .expect("it is right");
    assert_eq!(loaded.scenario.metadata.name, "mine");
}

//! The seeds of the fuzz targets, as ordinary tests: whatever they hold is taken or refused, and nothing panics.

use aegis_model::Quantity;
use aegis_model::kubernetes::LabelSelector;
use aegis_scenario::build::build;
use aegis_scenario::load;
use std::fs;
use std::path::Path;

/// The texts of a target's seeds, with their names.
fn seeds(target: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let files = fs::read_dir(folder).expect("a folder of seeds");
    let paths = files.map(|file| file.expect("a seed").path());
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).expect("a seed is text");
        (path.display().to_string(), text)
    };
    let found: Vec<_> = paths.map(read).collect();
    assert!(!found.is_empty(), "{target} has seeds");
    found
}

#[test]
fn quantities_print_as_what_they_are() {
    let mut taken = 0;
    for (_, text) in seeds("quantities") {
        for line in text.lines() {
            if let Ok(quantity) = line.parse::<Quantity>() {
                assert_eq!(quantity.to_string().parse(), Ok(quantity), "{line}");
                taken += 1;
            }
        }
    }
    assert!(taken >= 7, "{taken}");
}

#[test]
fn selectors_read_as_they_print() {
    let mut taken = 0;
    for (_, text) in seeds("selectors") {
        for line in text.lines() {
            if let Ok(selector) = serde_json::from_str::<LabelSelector>(line) {
                let printed = serde_json::to_string(&selector).expect("it prints");
                let again: LabelSelector = serde_json::from_str(&printed).expect("it reads");
                assert_eq!(again, selector, "{line}");
                taken += 1;
            }
        }
    }
    assert!(taken >= 4, "{taken}");
}

#[test]
fn scenarios_run_or_are_refused_at_a_place() {
    for target in ["scenarios", "manifests"] {
        for (name, text) in seeds(target) {
            let Ok(loaded) = load(&name, &text, &|_| None) else {
                continue;
            };
            if let Ok(mut world) = build(&loaded, 1) {
                world.advance(30);
            }
        }
    }
}

/// Ten thousand objects, a Pod among them that names what is not there.
#[test]
fn ten_thousand_objects_are_read() {
    let mut text = String::from(
        "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {name: many}\nspec: {cluster: {nodes: [{count: 1, cpu: \"1\", memory: 1Gi}]}}\n",
    );
    for number in 0..10_000 {
        text += &format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\n");
    }
    let loaded = load("many.yaml", &text, &|_| None).expect("it is right");
    let mut world = build(&loaded, 1).expect("the API server takes it");
    world.advance(2);
    let kept = world
        .objects()
        .plain
        .iter()
        .filter(|row| row.header.exists());
    assert!(kept.count() >= 10_000);
}

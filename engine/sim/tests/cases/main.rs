//! Rules of Kubernetes as cases: small clusters with an expected end state, each with its source.
//!
//! A case is a scenario with `expect`, read, built and played as `aegis sim` does. To look at some:
//! `AEGIS_CASES=hpa/ cargo test -p aegis-sim --test cases -- --nocapture`.

use aegis_kube::Diagnostic;
use aegis_kube::print::{EPOCH, list};
use aegis_scenario::load::load_taken;
use aegis_scenario::trial::expectations;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// All files of cases, as `area/name.yaml`, in order.
fn cases() -> Vec<String> {
    let mut found = Vec::new();
    for area in fs::read_dir(folder()).expect("the folder of cases") {
        let area = area.expect("an area").path();
        if area.is_dir() {
            let files = fs::read_dir(&area).expect("an area's folder");
            let paths = files.map(|file| file.expect("a case").path());
            found.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")));
        }
    }
    let mut names: Vec<String> = found.iter().map(|path| name_of(path)).collect();
    names.sort();
    names
}

fn name_of(path: &Path) -> String {
    let name = path.strip_prefix(folder()).expect("it is below");
    name.to_string_lossy().replace('\\', "/")
}

/// What is wrong with a case, one line each; empty where it holds.
fn failures(name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(name)).expect("a case is text");
    if !text.contains("# source: ") {
        return vec!["it names no source: `# source: …`".into()];
    }
    let loaded = match load_taken(name, &text, &|_| None) {
        Ok(loaded) => loaded,
        Err(errors) => return told(&errors),
    };
    if loaded.scenario.spec.expect.is_empty() {
        return vec!["it expects nothing".into()];
    }
    let print = |world: &aegis_world::World| list(world.objects(), world.now(), EPOCH);
    match expectations(&loaded, loaded.scenario.spec.seed, &print) {
        Ok(misses) => misses.iter().map(ToString::to_string).collect(),
        Err(errors) => told(&errors),
    }
}

fn told(errors: &[Diagnostic]) -> Vec<String> {
    errors.iter().map(|error| error.message.clone()).collect()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "which cases run is the caller's to say"
)]
fn the_cluster_does_what_kubernetes_does() {
    let wanted = std::env::var("AEGIS_CASES").unwrap_or_default();
    let (mut held, mut broken) = (0, Vec::new());
    for name in cases().iter().filter(|name| name.contains(&wanted)) {
        let failures = failures(name);
        if failures.is_empty() {
            held += 1;
        } else {
            broken.push(format!("{name}\n    {}", failures.join("\n    ")));
        }
    }
    println!("{held} cases hold, {} do not", broken.len());
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    assert!(held > 0, "no case has `{wanted}` in its name");
}

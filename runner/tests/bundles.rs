//! Seeds of the fuzz target `bundles`, whole and spoilt in every way that comes by itself: read and
//! diagnosed without a panic, and never silent about what was not read.

use aegis_inspect::{Scope, inspect};
use aegis_model::inspection::Inspection;
use aegis_runner::bundle::Files;
use aegis_runner::settled::diagnosable;
use std::fs;
use std::path::Path;

fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/bundles");
    let entries = fs::read_dir(folder).expect("a readable folder");
    let mut seeds: Vec<_> = entries
        .map(|entry| {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("a readable folder"))
        })
        .collect();
    seeds.sort();
    seeds
}

fn files(bytes: &[u8]) -> Files {
    let mut files = Files::default();
    let text = String::from_utf8_lossy(bytes);
    for part in text.split("=== ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap_or((part, ""));
        let content = content.as_bytes().to_vec();
        files.read.insert(path.trim().to_owned(), content);
    }
    files
}

fn diagnosed(bytes: &[u8]) -> Inspection {
    inspect(&diagnosable(files(bytes)), &Scope::default())
}

#[test]
fn what_cannot_be_read_of_a_seed_is_told() {
    for (name, bytes) in seeds() {
        let found = diagnosed(&bytes);
        let told = !found.unread.is_empty() || !found.findings.is_empty();
        assert!(told, "{name}: {found:?}");
        if name == "torn" || name == "odd" {
            assert!(!found.unread.is_empty(), "{name}");
        }
    }
}

#[test]
fn texts_of_a_bundle_are_quoted_and_never_obeyed() {
    let hostile = seeds().into_iter().find(|(name, _)| name == "hostile");
    let found = diagnosed(&hostile.expect("a readable folder").1);
    let first = found.findings.first().expect("a readable folder");
    assert_eq!(first.fault, "image_missing");
    let commands = first.fix.kubectl.join("\n");
    assert!(!commands.contains('\u{1b}'), "{commands}");
    assert!(!commands.contains(" $(rm"), "{commands}");
}

#[test]
fn seeds_that_are_cut_off_or_changed_do_no_harm() {
    for (_, bytes) in seeds() {
        let step = (bytes.len() / 24).max(1);
        for at in (0..bytes.len()).step_by(step) {
            drop(diagnosed(&bytes[..at]));
            let mut changed = bytes.clone();
            changed[at] = b"{}[]\":,\0\xff"[at % 9];
            drop(diagnosed(&changed));
        }
    }
}

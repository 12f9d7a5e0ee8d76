//! What a user sees of the data folder.

use super::*;
use serde_json::json;
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

struct House {
    folder: TempDir,
    store: RunStore,
}

fn house() -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let store = RunStore::new(folder.path());
    House { folder, store }
}

impl House {
    fn run(&self, minute: u64, scenario: &str) -> Run {
        let now = UNIX_EPOCH + Duration::from_secs(minute * 60);
        let run = self.store.create(scenario, now).expect("a run");
        let meta = Meta::begin(
            run.name(),
            scenario,
            now,
            vec!["run".into(), scenario.into()],
        );
        run.write_json(Artifact::Meta, &meta).expect("written");
        run
    }
}

#[test]
fn a_run_is_found_by_id_prefix_folder_and_as_the_last() {
    let house = house();
    assert!(matches!(
        house.store.resolve("@last"),
        Err(StoreError::NoRuns { .. })
    ));
    let (first, second) = (
        house.run(1, "checkout-slows"),
        house.run(61, "image-rollout"),
    );
    let found = |name: &str| house.store.resolve(name).expect("a run");
    assert_eq!(found("@last"), second);
    assert_eq!(found("19700101-0001"), first);
    assert_eq!(found(first.name()), first);
    assert_eq!(found(&first.folder().display().to_string()), first);
    assert_eq!(house.store.list().expect("runs"), [first, second]);
}

#[test]
fn what_is_not_found_is_said_with_the_nearest() {
    let house = house();
    house.run(1, "a");
    house.run(2, "b");
    let error = |name: &str| house.store.resolve(name).expect_err("none").to_string();
    assert!(
        error("19700101-00").contains("begins 2 runs"),
        "{}",
        error("19700101-00")
    );
    assert!(error("19700101-000100-001-a").contains("did you mean `19700101-000100-000-a`"));
    assert!(error("").contains("no run ``"));
}

#[test]
fn runs_of_one_millisecond_get_ids_of_their_own() {
    let house = house();
    let names: Vec<String> = (0..3)
        .map(|_| house.run(1, "x").name().to_owned())
        .collect();
    assert_eq!(names[2], "19700101-000100-002-x");
    assert_eq!(house.store.list().expect("runs").len(), 3);
}

#[test]
fn artifacts_are_written_whole_and_read_back() {
    let house = house();
    let run = house.run(1, "x");
    assert_eq!(run.summary().expect("readable"), None);
    run.write_json(Artifact::Summary, &json!({"outcome": "mended"}))
        .expect("written");
    assert_eq!(
        run.summary().expect("readable"),
        Some(json!({"outcome": "mended"}))
    );
    assert_eq!(
        run.meta().expect("readable").expect("meta").arguments,
        ["run", "x"]
    );
    run.events()
        .expect("a log")
        .append(&json!({"n": 0}))
        .expect("written");
    let kinds: Vec<Artifact> = run
        .artifacts()
        .into_iter()
        .map(|(artifact, _)| artifact)
        .collect();
    assert_eq!(kinds, [Artifact::Summary, Artifact::Events, Artifact::Meta]);
    let leftovers = fs::read_dir(run.folder()).expect("a folder").count();
    assert_eq!(leftovers, 3);
}

#[test]
fn removing_takes_a_run_and_nothing_else() {
    let house = house();
    let (run, kept) = (house.run(1, "x"), house.run(2, "y"));
    fs::write(kept.folder().join("notes.txt"), "mine").expect("written");
    house.store.remove(&run).expect("removed");
    assert!(!run.folder().exists());
    let error = house
        .store
        .remove(&kept)
        .expect_err("a stranger")
        .to_string();
    assert!(error.contains("notes.txt") && kept.is_run(), "{error}");
}

#[test]
fn a_folder_of_ones_own_must_be_empty() {
    let house = house();
    let own = house.folder.path().join("a/b");
    RunStore::create_in(&own).expect("made");
    fs::write(own.join("x"), "").expect("written");
    assert!(matches!(
        RunStore::create_in(&own),
        Err(StoreError::NotEmpty { .. })
    ));
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    // Nobody makes folders in sysfs, root neither.
    let store = RunStore::new("/sys/aegis".as_ref());
    let error = store.create("x", UNIX_EPOCH).expect_err("read-only");
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
    assert!(error.to_string().contains("--data-dir"), "{error}");
    assert!(store.probe().is_err());
    assert_eq!(store.list().expect("no runs"), []);
}

#[test]
fn a_full_disk_is_named() {
    let error = StoreError::io("x".as_ref(), ErrorKind::StorageFull.into());
    assert_eq!(error.to_string(), "x cannot be written: the disk is full");
}

#[test]
fn a_broken_summary_is_an_error_and_not_an_absence() {
    let house = house();
    let run = house.run(1, "x");
    run.write(Artifact::Summary, b"{").expect("written");
    assert!(run.summary().is_err());
}

//! Out and in again: nothing is lost, nothing forged comes in, a bad line is said.

mod kit;

use aegis_memory::exchange::{Line, Purpose, parse};
use aegis_memory::{Memory, MemoryError, Onset, Record};
use aegis_model::outcome::Finding;
use kit::{claimed, cue, leak, leaking, record, rolled_back};
use proptest::prelude::*;

fn full() -> Memory {
    let memory = Memory::transient().expect("it opens");
    for seed in 0..12 {
        memory.keep(&rolled_back(seed)).expect("it is kept");
    }
    memory
        .keep(&claimed(
            20,
            kit::blame("cpu_hog", aegis_model::Role::Store),
            Finding::Refuted,
        ))
        .expect("it is kept");
    let onset = Onset {
        source: "".into(),
        log: "0".into(),
        at: 45,
        signature: leaking(),
        followed: true,
        acted: false,
        incidents: vec![0],
    };
    memory.keep_onset(&onset).expect("it is kept");
    memory
        .add_text(
            "runbook.md",
            "# Carts\n\nWhen carts are killed for memory, roll back.\n",
        )
        .expect("it is kept");
    memory
}

fn exported(memory: &Memory) -> Vec<u8> {
    let mut out = Vec::new();
    memory.export(&mut out).expect("it is written");
    out
}

#[test]
fn what_is_restored_is_exported_byte_for_byte_the_same_and_recalls_the_same() {
    let memory = full();
    let first = exported(&memory);
    let mut restored = Memory::transient().expect("it opens");
    let report = restored
        .import(&mut first.as_slice(), Purpose::Restore, &|_| false)
        .expect("it is read");
    assert_eq!((report.unchecked, report.left_out), (0, 0));
    assert_eq!(exported(&restored), first);
    assert_eq!(
        restored.recall(&cue()).expect("it answers"),
        memory.recall(&cue()).expect("it answers")
    );
    assert_eq!(restored.digest().ok(), memory.digest().ok());
}

#[test]
fn what_another_knows_is_kept_whole_and_weighs_little() {
    let (memory, mut other) = (full(), Memory::transient().expect("it opens"));
    let export = exported(&memory);
    let report = other
        .import(&mut export.as_slice(), Purpose::Learn, &|_| false)
        .expect("it is read");
    assert_eq!((report.unchecked, report.left_out), (13, 1));
    let recalled = other.recall(&cue()).expect("it answers");
    assert!(recalled.rules.is_empty() && recalled.known.abs() < 1e-12);
    let again = other
        .import(&mut export.as_slice(), Purpose::Learn, &|_| true)
        .expect("it is read");
    assert_eq!(again.known, 13);
    let lines = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let episodes = text.lines().filter(|line| line.contains("\"episode\""));
        episodes.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines(&exported(&other)), lines(&export));
}

#[test]
fn an_import_is_all_or_nothing() {
    let mut export = exported(&full());
    export.extend(b"{\"type\":\"episode\"}\n");
    let mut memory = Memory::transient().expect("it opens");
    let before = memory.digest().expect("it answers");
    let why = memory.import(&mut export.as_slice(), Purpose::Learn, &|_| true);
    assert!(matches!(why, Err(MemoryError::Line { .. })), "{why:?}");
    assert_eq!(memory.digest().expect("it answers"), before);
}

#[test]
fn an_episode_that_was_changed_is_told_from_one_that_was_not() {
    let text = serde_json::to_string(&Line::Episode(Box::new(
        rolled_back(1).sealed().expect("it has JSON"),
    )))
    .expect("it has JSON");
    assert!(parse(&text).is_ok());
    let forged = text.replace("memory_leak", "cpu_hog");
    assert!(parse(&forged).is_err_and(|why| why.contains("changed")));
}

fn any_record() -> impl Strategy<Value = Record> {
    let numbers = prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 0..4);
    (any::<u64>(), ".*", numbers, 0.0..1e6_f64, any::<bool>()).prop_map(
        |(seed, family, parameters, lost, known)| Record {
            family: family.into(),
            parameters,
            lost,
            cause: known.then(leak),
            ..record(seed)
        },
    )
}

proptest! {
    #[test]
    fn any_episode_comes_back_as_it_was(record in any_record()) {
        let record = record.sealed().expect("it has JSON");
        let line = Line::Episode(Box::new(record));
        let text = serde_json::to_string(&line).expect("it has JSON");
        prop_assert_eq!(parse(&text), Ok(line));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = parse(&text);
    }

    #[test]
    fn a_line_that_is_cut_or_bent_is_never_another_episode(cut in 0_usize..700, byte in any::<u8>()) {
        let record = rolled_back(3).sealed().expect("it has JSON");
        let whole = serde_json::to_string(&Line::Episode(Box::new(record.clone()))).expect("it has JSON");
        let mut bytes = whole.into_bytes();
        let at = cut % bytes.len();
        bytes[at] = byte;
        if let Ok(Line::Episode(read)) = parse(&String::from_utf8_lossy(&bytes)) {
            prop_assert_eq!(*read, record);
        }
    }
}

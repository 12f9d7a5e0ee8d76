//! Every fault of the catalogue on a real application: untreated it does its damage, it betrays itself, and its
//! first remedy ends it for good. One story, driven by the rows; those that cannot do it yet are named below with the
//! reason, and that list may only shrink.
//!
//! `AEGIS_FAULTS=name,name cargo test -p aegis-world --test catalogue -- --nocapture` plays some and tells of each.

mod proof;

use proof::{MISSING, Verdict, prove_all};

/// What a person asks for.
#[allow(clippy::disallowed_methods, reason = "a person chooses what is played")]
fn wanted() -> Option<String> {
    std::env::var("AEGIS_FAULTS").ok()
}

/// The rows in two halves, so that they run side by side.
fn half(odd: usize) {
    let wanted = wanted();
    let faults: Vec<_> = aegis_faults::all()
        .enumerate()
        .filter(|(index, _)| index % 2 == odd)
        .map(|(_, fault)| fault)
        .filter(|fault| {
            wanted
                .as_ref()
                .is_none_or(|ids| ids.split(',').any(|id| id == fault.id))
        })
        .collect();
    let mut wrong = Vec::new();
    for (fault, verdict) in prove_all(&faults) {
        let known = MISSING.iter().find(|(id, _)| *id == fault.id);
        println!("{:<34} {}", fault.id, verdict.in_words());
        match (&verdict, known) {
            (Verdict::Proven(_), Some(_)) => {
                wrong.push(format!("{}: proven, and still listed as missing", fault.id));
            }
            (Verdict::Missing(why), None) => wrong.push(format!("{}: {why}", fault.id)),
            _ => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_other_fault_hurts_tells_and_ends() {
    half(0);
}

#[test]
fn the_others_hurt_tell_and_end_too() {
    half(1);
}

#[test]
fn what_is_missing_is_in_the_catalogue() {
    for (id, why) in MISSING {
        assert!(aegis_faults::by_id(id).is_some(), "{id}");
        assert!(!why.is_empty(), "{id}");
    }
}

//! `aegis report` and `aegis explain` of a stored run.

use crate::kit::Place;
use aegis_model::event::EVENT_SCHEMA;
use aegis_model::{Ending, RunContext, RunEvent, Stamped, Tick};
use aegis_runner::store::{Artifact, Meta, Run, RunStore};
use std::time::UNIX_EPOCH;

/// A run in which nothing happened, as far as `events` of it were written.
fn quiet_run(place: &Place, events: usize) -> Run {
    let store = RunStore::new(&place.path().join("data"));
    let run = store.create("quiet", UNIX_EPOCH).expect("a run");
    let meta = Meta::begin(run.name(), "quiet", UNIX_EPOCH, Vec::new());
    run.write_json(Artifact::Meta, &meta).expect("written");
    let context = RunContext::default();
    let started = RunEvent::Started {
        schema: EVENT_SCHEMA.into(),
        context,
        origin: Tick(300),
    };
    let noted = RunEvent::Noted {
        note: "nothing to do".into(),
    };
    let ended = RunEvent::Ended {
        ending: Ending::Healthy,
        met: Vec::new(),
    };
    let mut log = run.events().expect("a log");
    for (n, event) in (0..).zip([started, noted, ended]).take(events) {
        log.append(&Stamped {
            n,
            t: n as i64,
            event,
        })
        .expect("written");
    }
    run
}

#[test]
fn a_run_is_told_in_four_ways() {
    let place = Place::new();
    quiet_run(&place, 3);
    let summary = place
        .run("report @last --data-dir data -o json")
        .ends(0)
        .json();
    assert_eq!(
        (&summary["outcome"], &summary["scenario"]),
        (&"healthy".into(), &"quiet".into())
    );
    place
        .run("report @last --data-dir data")
        .ends(0)
        .says(&["quiet"]);
    place
        .run("report @last --data-dir data -o markdown")
        .ends(0)
        .says(&["# "]);
    place
        .run("report @last --data-dir data -o html --out page.html")
        .ends(0)
        .complains(&["wrote page.html"]);
    assert!(
        place
            .read("page.html")
            .trim_start()
            .to_lowercase()
            .starts_with("<!doctype html>")
    );
    assert!(
        place
            .run("report @last --data-dir data --color always")
            .out
            .contains('\x1b')
    );
}

#[test]
fn a_run_that_was_stopped_is_told_as_far_as_it_got() {
    let place = Place::new();
    quiet_run(&place, 1);
    let summary = place
        .run("report @last --data-dir data -o json")
        .ends(0)
        .json();
    assert_eq!(summary["outcome"], "cancelled");
}

#[test]
fn what_decided_is_explained() {
    let place = Place::new();
    quiet_run(&place, 3);
    place
        .run("explain @last --data-dir data")
        .ends(0)
        .says(&["nothing paged"]);
    place
        .run("explain @last --data-dir data --why-not p1")
        .ends(2)
        .complains(&["no plan or hypothesis `p1`"]);
}

#[test]
fn a_log_that_was_changed_is_not_told() {
    let place = Place::new();
    let run = quiet_run(&place, 3);
    let log = run.path(Artifact::Events);
    let text = std::fs::read_to_string(&log).expect("a log");
    std::fs::write(&log, text.replace("nothing to do", "all is well!")).expect("written");
    place
        .run("report @last --data-dir data")
        .ends(2)
        .complains(&["events.ndjson: line 3", "is the hash of that"]);
    std::fs::write(&log, &text[..text.len() - 5]).expect("written");
    place
        .run("report @last --data-dir data")
        .ends(2)
        .complains(&["line 3: it is cut off"]);
}

//! The runs of the data folder.

use crate::kit::Place;
use serde_json::json;

const FIRST: &str = "20260101-000000-000-first";
const SECOND: &str = "20260101-000100-000-second";

/// Two runs as the interpreter leaves them: one ended, one did not.
fn two_runs() -> Place {
    let place = Place::new();
    for id in [FIRST, SECOND] {
        let meta = json!({"schema": "aegis.dev/meta/v1", "id": id, "scenario": "x", "started": "2026-01-01T00:00:00Z",
            "wall_s": null, "decision_s": [], "host": null, "arguments": []});
        place.write(&format!("data/runs/{id}/meta.json"), &meta.to_string());
    }
    let summary =
        json!({"outcome": "mended", "mode": "sentinel", "seed": 7, "slo_minutes_lost": 3.2});
    place.write(
        &format!("data/runs/{FIRST}/summary.json"),
        &summary.to_string(),
    );
    place
}

#[test]
fn runs_are_listed_with_what_became_of_them() {
    let place = two_runs();
    let answer = place.run("runs list --data-dir data");
    let lines: Vec<Vec<&str>> = answer
        .ends(0)
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[1], [FIRST, "sentinel", "7", "mended", "3.2"]);
    assert_eq!(lines[2], [SECOND, "-", "-", "unfinished", "-"]);
    let found = place.run("runs list --data-dir data -o json").json();
    assert_eq!(found["runs"][0]["outcome"], "mended");
}

#[test]
fn a_run_is_shown_by_prefix_and_as_the_last() {
    let place = two_runs();
    place
        .run("runs show --data-dir data 20260101-0000")
        .ends(0)
        .says(&["mended", "summary.json"]);
    place
        .run("runs show --data-dir data @last")
        .ends(0)
        .says(&[SECOND, "unfinished"]);
    place
        .run("runs show --data-dir data 2026")
        .ends(2)
        .complains(&["begins 2 runs", FIRST]);
    place
        .run("runs show --data-dir data nothing")
        .ends(2)
        .complains(&["no run `nothing`"]);
}

#[test]
fn no_runs_is_no_error() {
    Place::new()
        .run("runs list")
        .ends(0)
        .complains(&["There are no runs"]);
    Place::new()
        .run("runs show @last")
        .ends(2)
        .complains(&["there are no runs"]);
}

#[test]
fn a_run_whose_summary_is_broken_says_so() {
    let place = two_runs();
    place.write(&format!("data/runs/{FIRST}/summary.json"), "{");
    place
        .run("runs list --data-dir data")
        .ends(0)
        .says(&["broken"]);
}

#[test]
fn nothing_is_removed_unless_all_are_found() {
    let place = two_runs();
    place
        .run(&format!("runs rm --data-dir data {FIRST} nothing"))
        .ends(2);
    assert!(place.path().join("data/runs").join(FIRST).exists());
    place
        .run(&format!("runs rm --data-dir data {FIRST} @last"))
        .ends(0)
        .says(&[FIRST, SECOND]);
    assert_eq!(
        std::fs::read_dir(place.path().join("data/runs"))
            .expect("a folder")
            .count(),
        0
    );
}

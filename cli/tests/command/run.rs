//! `aegis run` and what can be done with what it leaves: replay, audit, explain.

use crate::kit::{Answer, Place};
use aegis_model::{RunEvent, Stamped};
use aegis_runner::log::{EventWriter, read_events};
use aegis_runner::store::Artifact;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const OOM: &str = include_str!("../../../scenarios/smoke/online-boutique-oom.yaml");

/// The out-of-memory incident, cut short or drawn out.
fn scenario(place: &Place, duration: &str) {
    let text = OOM.replace("duration: 20m", &format!("duration: {duration}"));
    let lines = text.lines().filter(|line| !line.contains("{at: 9m"));
    let text: Vec<&str> = lines.collect();
    place.write(
        "oom.yaml",
        &text.join("\n").replace("../manifests", "manifests"),
    );
}

fn summary(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("summary.json")).expect("a summary");
    serde_json::from_str(&text).expect("JSON")
}

#[track_caller]
fn is_whole(folder: &Path) {
    // What a model was asked is left where there was one.
    let all = Artifact::ALL.into_iter();
    for artifact in all.filter(|one| *one != Artifact::Exchanges) {
        let size = fs::metadata(folder.join(artifact.file())).map(|file| file.len());
        assert!(size.is_ok_and(|size| size > 0), "{artifact:?}");
    }
}

#[test]
fn an_incident_is_played_told_and_kept() {
    let place = Place::new();
    let answer = place.run("run online-boutique-oom --data-dir data");
    answer.ends(0).says(&[
        "cartservice",
        "apply",
        "MENDED",
        "What was done",
        "kubectl ",
    ]);
    answer.complains(&["report.html", "aegis audit"]);
    assert!(!answer.out.contains('\x1b'), "no colour without a terminal");
    let runs = fs::read_dir(place.path().join("data/runs")).expect("runs");
    let folder = runs.last().expect("a run").expect("a folder").path();
    is_whole(&folder);
    assert_eq!(summary(&folder)["scenario"], "online-boutique-oom");
    let meta = fs::read_to_string(folder.join("meta.json")).expect("meta");
    let meta: Value = serde_json::from_str(&meta).expect("JSON");
    assert!(meta["wall_s"].as_f64().is_some_and(|wall| wall > 0.0));
    assert!(
        meta["decision_s"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );

    let one = [("RAYON_NUM_THREADS", "1")];
    place
        .run_with("run online-boutique-oom --out again", &one)
        .ends(0);
    let log = fs::read_to_string(folder.join("events.ndjson")).expect("a log");
    assert!(
        log == place.read("again/events.ndjson"),
        "threads change nothing"
    );

    let audit = place.run("audit @last --data-dir data");
    assert_eq!(audit.ends(0).out.matches("ok ").count(), 5, "{audit:#?}");
    place
        .run("replay @last --data-dir data")
        .ends(0)
        .says(&["identical"]);
    place
        .run("explain @last --data-dir data")
        .ends(0)
        .says(&["Decision 1", "stability"]);
    place
        .run("explain @last --why-not wait --data-dir data")
        .ends(0)
        .says(&["wait"]);
    place
        .run("runs list --data-dir data")
        .ends(0)
        .says(&["mended"]);
}

#[test]
fn programs_get_one_object_and_a_second_run_is_the_same() {
    let place = Place::new();
    let run = |out: &str| {
        place.run(&format!(
            "run sock-shop-netpol --mode noop -o json --out {out}"
        ))
    };
    let (one, two) = (run("one"), run("two"));
    let found = one.ends(1).json();
    assert_eq!(found["schema"], "aegis.dev/summary/v1");
    assert_eq!(
        (&found["mode"], &found["outcome"], &found["harm"]),
        (&"noop".into(), &"unresolved".into(), &false.into())
    );
    assert_eq!(one.err, "");
    assert_eq!(one.out, two.out);
    assert_eq!(
        place.read("one/events.ndjson"),
        place.read("two/events.ndjson")
    );
    run("one").ends(2).complains(&["is not empty"]);
}

#[test]
fn without_a_terminal_a_run_waits() {
    let place = Place::new();
    scenario(&place, "5m");
    let answer = place.feed("run oom.yaml --approve ask --out run", "y\n");
    answer.ends(4).says(&["The run waits for approval"]);
    answer.complains(&["kubectl ", "stability", "the run waits"]);
    assert!(!place.path().join("run/summary.json").exists());
    place.run("audit run").ends(0);
}

#[test]
fn parameters_come_from_a_file() {
    let place = Place::new();
    scenario(&place, "5m");
    place.write(
        "genome.json",
        r#"{"schema": "aegis.dev/genome/v1", "genes": {"select.margin": 0.02}}"#,
    );
    let found = place
        .run("run oom.yaml --mode noop --genome genome.json -o json --out run")
        .ends(1)
        .json();
    assert_ne!(found["versions"]["genome"], "default");
    place.run("replay run").ends(0);
    place.write(
        "genome.json",
        r#"{"schema": "aegis.dev/genome/v1", "genes": {"select.margn": 0.02}}"#,
    );
    place
        .run("run oom.yaml --genome genome.json")
        .ends(2)
        .complains(&["select.margn", "did you mean `select.margin`"]);
}

#[test]
fn a_run_is_replayed_from_the_scenario_that_it_kept_and_without_it_blindly() {
    let place = Place::new();
    scenario(&place, "5m");
    place.run("run oom.yaml --mode noop --out run").ends(1);
    scenario(&place, "6m");
    place.run("replay run").ends(0).says(&["identical"]);
    fs::remove_file(place.path().join("run/scenario.json")).expect("removed");
    place
        .run("replay run")
        .ends(2)
        .complains(&["has changed since the run", "--blind"]);
    place.run("replay run --blind").ends(0).says(&["identical"]);
    place
        .run("audit run")
        .ends(1)
        .says(&["FAILED replay identical", "ok     blind"]);
}

/// Writes the log of a run anew with its chain intact, after `change` has had its way with the events.
fn forge(folder: &Path, change: impl Fn(&mut Stamped)) -> u64 {
    let path = folder.join("events.ndjson");
    let (mut events, _) = read_events::<Stamped>(&path).expect("intact");
    let mut changed = u64::MAX;
    let mut writer = EventWriter::new(Vec::new());
    for event in &mut events {
        let before = event.clone();
        change(event);
        if *event != before {
            changed = changed.min(event.n);
        }
        writer.append(event).expect("written");
    }
    fs::write(&path, writer.into_inner()).expect("written");
    changed
}

#[test]
fn a_forged_thought_is_found_at_its_event() {
    let place = Place::new();
    scenario(&place, "5m");
    place.run("run oom.yaml --out run");
    let at = forge(&place.path().join("run"), |stamped| {
        if let RunEvent::Selected(verdict) = &mut stamped.event {
            verdict.why = "because I say so".into();
        }
    });
    let said = format!("diverged at event {at}\n");
    place
        .run("replay run")
        .ends(1)
        .says(&[&said, "because I say so"]);
    place.run("replay run --blind").ends(1).says(&[&said]);
    place
        .run("audit run")
        .ends(1)
        .says(&["summary.json names another head", "FAILED blind"]);
    let log = place.read("run/events.ndjson");
    place.write("run/events.ndjson", &log.replace("because I", "because i"));
    place
        .run("audit run")
        .ends(1)
        .says(&["FAILED hash chain intact"]);
    place
        .run("replay run")
        .ends(2)
        .complains(&["events.ndjson: line"]);
}

#[test]
fn ctrl_c_leaves_what_has_happened() {
    stopped_by("-INT");
}

#[test]
fn what_a_service_manager_stops_leaves_what_has_happened() {
    stopped_by("-TERM");
}

/// Sends a signal to a run of two days that has got going.
fn stopped_by(signal: &str) {
    let place = Place::new();
    scenario(&place, "48h");
    let mut command = place.command("run oom.yaml --mode noop --out run");
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let log = place.path().join("run/events.ndjson");
    let begun = Instant::now();
    while fs::metadata(&log).map_or(0, |file| file.len()) < 300_000 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it does not get on"
        );
        thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.is_ok_and(|status| status.success()));
    let answer = Answer::of(child.wait_with_output().expect("it ends"));
    answer.ends(130).says(&["CANCELLED"]);
    let folder = place.path().join("run");
    is_whole(&folder);
    let summary = summary(&folder);
    assert_eq!(
        (&summary["outcome"], &summary["run"]["stopped_early"]),
        (&"cancelled".into(), &true.into())
    );
    place.run("audit run").ends(0);
}

#[test]
fn a_reader_who_leaves_does_not_end_the_run() {
    let place = Place::new();
    let mut command = place.command("run sock-shop-netpol --mode noop --out run");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    is_whole(&place.path().join("run"));
    assert_eq!(summary(&place.path().join("run"))["outcome"], "unresolved");
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_anything_is_played() {
    let place = Place::new();
    place
        .run("run online-boutique-oom --out /sys/aegis")
        .ends(2)
        .complains(&["/sys/aegis cannot be written", "--out"]);
    place.write("taken", "");
    place
        .run("run online-boutique-oom --out taken/run")
        .ends(2)
        .complains(&["taken/run"]);
}

#[test]
fn a_disk_that_fills_up_ends_the_run_with_what_has_happened() {
    let place = Place::new();
    scenario(&place, "20m");
    // No file may grow beyond 200 blocks, which the system reports as a full disk would be.
    let line = format!(
        "trap '' XFSZ; ulimit -f 800; exec {} run oom.yaml --mode noop --out run",
        env!("CARGO_BIN_EXE_aegis")
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &line])
        .current_dir(place.path())
        .env("HOME", place.path());
    let answer = Answer::of(shell.output().expect("it runs"));
    answer
        .ends(2)
        .says(&["CANCELLED"])
        .complains(&["its log cannot be written"]);
    let folder = place.path().join("run");
    assert_eq!(summary(&folder)["outcome"], "cancelled");
    place
        .run("replay run")
        .ends(0)
        .says(&["up to where the log was cut"]);
    place.run("replay run --blind").ends(0);
    place.run("report run").ends(0).says(&["CANCELLED"]);
}

#[test]
fn the_graph_is_drawn() {
    Place::new()
        .run("graph show sentinel")
        .ends(0)
        .says(&["flowchart", "observe"]);
    Place::new()
        .run("graph show legion")
        .ends(0)
        .says(&["flowchart", "argue"]);
    Place::new()
        .run("graph show chaos")
        .ends(2)
        .complains(&["chaos"]);
}

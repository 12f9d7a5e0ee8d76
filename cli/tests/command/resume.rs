//! Runs that are killed, wait, are answered, are cancelled, and are played otherwise from a step on: by the binary, each
//! command a process of its own.

use crate::kit::Place;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

const OOM: &str = include_str!("../../../scenarios/smoke/online-boutique-oom.yaml");

/// The out-of-memory incident, cut short.
pub fn text() -> String {
    let text = OOM.replace("duration: 20m", "duration: 6m");
    let lines = text.lines().filter(|line| !line.contains("{at: 9m"));
    let text: Vec<&str> = lines.collect();
    text.join("\n").replace("../manifests", "manifests")
}

pub fn events(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("events.ndjson")).unwrap_or_default()
}

fn lines(folder: &Path) -> usize {
    events(folder).iter().filter(|byte| **byte == b'\n').count()
}

fn json(folder: &Path, file: &str) -> Value {
    let text = fs::read_to_string(folder.join(file)).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

/// Runs the incident and kills the process once it has told so many events; whether it was still at it.
fn killed(place: &Place, after: usize) -> bool {
    let folder = place.path().join("killed");
    let _ = fs::remove_dir_all(&folder);
    let mut command = place.command("run oom.yaml --out killed");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary runs");
    let begin = Instant::now();
    while lines(&folder) < after && begin.elapsed() < Duration::from_secs(120) {
        if child.try_wait().expect("known").is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("killed");
    child.wait().expect("over");
    !folder.join("summary.json").exists()
}

#[test]
fn a_run_that_is_killed_is_resumed_to_the_same_end() {
    let place = Place::new();
    place.write("oom.yaml", &text());
    let whole = place.run("run oom.yaml --out whole -o json").json();
    let folder = place.path().join("killed");
    let all = lines(&place.path().join("whole"));
    let mut resumed = 0;
    for after in [0, 2, all / 3, all / 2, all - 20] {
        if !killed(&place, after) {
            continue;
        }
        if folder.join("meta.json").exists() {
            let answer = place.run("runs resume killed -o json");
            let mut summary = answer.json();
            assert!(summary["run"]["resumed_from"].is_string(), "{summary}");
            summary["run"]["resumed_from"] = Value::Null;
            assert_eq!(summary, whole, "killed after {after} events");
            assert!(events(&folder) == events(&place.path().join("whole")));
            resumed += 1;
        }
    }
    assert!(resumed >= 3, "{resumed} of the kills came in time");
    place.run("audit killed").ends(0);
    place
        .run("runs resume killed")
        .ends(2)
        .complains(&["is over", "select.plan"]);
}

#[test]
fn a_run_waits_for_approval_over_processes_and_a_scenario_from_standard_input_is_kept() {
    let place = Place::new();
    let waits = place.feed("run - --approve ask --out waits", &text());
    waits.ends(4).says(&["waits for approval"]);
    waits.complains(&["kubectl ", "stability", "aegis runs approve"]);
    assert!(!place.path().join("waits/summary.json").exists());
    let shown = place.run("runs show waits -o json").json();
    assert_eq!(shown["run"]["status"], "waiting");
    let event = shown["run"]["waits"]["event"].as_u64().expect("an event");
    place
        .run(&format!("runs approve waits --event {}", event + 1))
        .ends(4)
        .complains(&["holds for the event"]);
    // Without an answer it waits on.
    place.run("runs resume waits").ends(4);
    let approved = place.run(&format!("runs approve waits --event {event} --reason seen"));
    assert!(matches!(approved.code, Some(0 | 1 | 4)), "{approved:#?}");
    let told = String::from_utf8(events(&place.path().join("waits"))).expect("text");
    assert!(told.contains(r#""granted":true,"reason":"seen""#));
    if approved.code != Some(4) {
        place
            .run("runs approve waits")
            .ends(2)
            .complains(&["waits for nobody"]);
        place.run("replay waits").ends(0).says(&["identical"]);
        place.run("audit waits").ends(0);
    }
}

#[test]
fn a_waiting_run_is_refused_or_cancelled() {
    let place = Place::new();
    place.write("oom.yaml", &text());
    place
        .run("run oom.yaml --approve ask --out refused")
        .ends(4);
    place
        .run("run oom.yaml --approve ask --out cancelled")
        .ends(4);
    let refused = place.run("runs refuse refused --reason no");
    refused.ends(4);
    let told = String::from_utf8(events(&place.path().join("refused"))).expect("text");
    assert!(told.contains(r#""granted":false,"reason":"no""#));
    place
        .run("runs cancel cancelled")
        .ends(0)
        .says(&["CANCELLED"]);
    assert_eq!(
        json(&place.path().join("cancelled"), "summary.json")["outcome"],
        "cancelled"
    );
    place.run("replay cancelled").ends(0).says(&["identical"]);
    place
        .run("runs cancel cancelled")
        .ends(2)
        .complains(&["is over"]);
}

#[test]
fn a_step_is_looked_at_and_taken_otherwise() {
    let place = Place::new();
    place.write("oom.yaml", &text());
    place.run("run oom.yaml --out run");
    place
        .run("replay run --steps")
        .ends(0)
        .says(&["STEP", "assess", "select"]);
    let state = place.run("replay run --at select -o json").json();
    let chosen = state["verdict"]["choice"]
        .as_str()
        .expect("a plan")
        .to_owned();
    let plans = state["plans"].as_array().expect("plans").clone();
    let ids = plans.iter().filter_map(|plan| plan["id"].as_str());
    let steps = |id: &str| {
        plans
            .iter()
            .any(|plan| plan["id"] == id && plan["steps"] != Value::Array(Vec::new()))
    };
    let mut others = ids.filter(|id| *id != chosen && steps(id));
    let other = others.next().expect("another plan");
    place
        .run("replay run --at select")
        .ends(0)
        .says(&["hypothesis", "chosen", other]);
    place
        .run("replay run --at select:99")
        .ends(2)
        .complains(&["turns in this run"]);
    place
        .run("replay run --set select.plan=nothing")
        .ends(2)
        .complains(&["no plan that was drafted", other]);
    let branch = place.run(&format!(
        "replay run --at select --set select.plan={other} --out other"
    ));
    assert!(matches!(branch.code, Some(0 | 1)), "{branch:#?}");
    branch.complains(&["outcome", "slo_minutes_lost"]);
    let meta = json(&place.path().join("other"), "meta.json");
    assert_eq!(meta["parent"]["run"], "run");
    assert_eq!(meta["parent"]["turn"]["pick"]["plan"], other);
    place.run("replay other").ends(0).says(&["identical"]);
    place.run("audit other").ends(0);
}

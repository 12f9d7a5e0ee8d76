//! Our pages, read by Prometheus' own Python parsers.
//!
//! They need `prometheus-client` from PyPI, so these tests are ignored, and counted as
//! skipped, unless they are asked for:
//!
//! ```text
//! python3 -m venv VENV && VENV/bin/pip install prometheus-client==0.26.0
//! AEGIS_PYTHON=VENV/bin/python cargo test -p aegis-telemetry --test parser -- --ignored
//! ```

mod common;

use aegis_telemetry::{Exposition, Format, Kind, Recording};
use common::Stage;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads a page from standard input and prints its families as JSON: name, type, and each sample.
const READ: &str = r#"
import json, sys
from importlib import import_module
parser = import_module(sys.argv[1])
page = sys.stdin.buffer.read().decode()
print(json.dumps([{"name": f.name, "type": f.type, "help": f.documentation, "samples": [
    [s.name, s.labels, float(s.value)] for s in f.samples]} for f in parser.text_string_to_metric_families(page)]))
"#;

#[allow(clippy::disallowed_methods, reason = "a test asks where its judge is")]
fn python() -> String {
    std::env::var("AEGIS_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn parse(module: &str, page: &str) -> Vec<Value> {
    let mut child = Command::new(python())
        .args(["-c", READ, module])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut stdin = child.stdin.take().expect("its standard input");
    stdin.write_all(page.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{module} refuses\n{page}");
    serde_json::from_slice(&output.stdout).expect("families")
}

const HOSTILE: &str = "a\"b\\c\nd{}é";
const PLAIN: &str = "prometheus_client.parser";
const OPEN: &str = "prometheus_client.openmetrics.parser";

fn exposition() -> Exposition {
    let mut exposition = Exposition::default();
    exposition.observe(&Stage::new(HOSTILE).at(15.0));
    exposition
}

/// Names, labels and values of a family that both sides must agree on; a sample is known by its text.
fn samples(rows: impl Iterator<Item = (String, BTreeMap<String, String>, f64)>) -> Vec<String> {
    let mut all: Vec<String> = rows
        .map(|(name, mut labels, value)| {
            if let Some(bound) = labels.get_mut("le") {
                let number: f64 = bound.replace("+Inf", "inf").parse().expect("a bound");
                *bound = number.to_string();
            }
            format!("{name} {labels:?} {value}")
        })
        .collect();
    all.sort();
    all
}

fn ours(exposition: &Exposition, format: Format) -> BTreeMap<String, (String, Vec<String>)> {
    let families = exposition.families().iter();
    let told = families.map(|family| {
        let kept = family
            .samples
            .iter()
            .filter(|sample| format == Format::OpenMetrics || !sample.is_created());
        let rows = kept.map(|sample| {
            let labels = sample.labels.iter();
            let labels = labels.map(|(key, value)| ((*key).to_owned(), value.clone()));
            (
                format!("{}{}", family.name, sample.suffix),
                labels.collect(),
                sample.value,
            )
        });
        let kind = family.kind.as_str().to_owned();
        (family.name.to_owned(), (kind, samples(rows)))
    });
    told.collect()
}

fn theirs(read: &[Value]) -> BTreeMap<String, (String, Vec<String>)> {
    let told = read.iter().map(|family| {
        let rows = family["samples"].as_array().expect("samples").iter();
        let rows = rows.map(|row| {
            let labels: BTreeMap<String, String> =
                serde_json::from_value(row[1].clone()).expect("labels");
            let name = row[0].as_str().expect("a name").to_owned();
            (name, labels, row[2].as_f64().expect("a value"))
        });
        let text = |key: &str| family[key].as_str().expect("a text").to_owned();
        (text("name"), (text("type"), samples(rows)))
    });
    told.collect()
}

fn agree(format: Format, module: &str) {
    let exposition = exposition();
    let read = parse(module, &exposition.text(format));
    let (ours, theirs) = (ours(&exposition, format), theirs(&read));
    assert!(ours.len() > 70, "{} families", ours.len());
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>()
    );
    for (name, family) in &ours {
        assert_eq!(Some(family), theirs.get(name), "{name}");
    }
    assert!(read.iter().all(|family| family["help"] != json!("")));
}

#[test]
#[ignore = "needs python3 with prometheus-client; see the head of this file"]
fn prometheus_reads_our_text_as_it_was_meant() {
    agree(Format::Prometheus, PLAIN);
}

#[test]
#[ignore = "needs python3 with prometheus-client; see the head of this file"]
fn openmetrics_reads_our_page_as_it_was_meant() {
    agree(Format::OpenMetrics, OPEN);
}

fn recording() -> Recording {
    let mut recording = Recording::default();
    let stage = Stage::new(HOSTILE);
    for at in [15.0, 30.0, 45.0] {
        recording.observe(&stage.at(at));
    }
    recording
}

/// How many samples each family has in what was read.
fn counts(read: &[Value]) -> BTreeMap<&str, usize> {
    let count = |family: &Value| family["samples"].as_array().map_or(0, Vec::len);
    let named = read
        .iter()
        .map(|family| (family["name"].as_str().expect("a name"), count(family)));
    named.collect()
}

#[test]
#[ignore = "needs python3 with prometheus-client; see the head of this file"]
fn both_read_a_whole_recording() {
    let recording = recording();
    let open = parse(OPEN, &recording.text(Format::OpenMetrics));
    let plain = parse(PLAIN, &recording.text(Format::Prometheus));
    let (open, plain) = (counts(&open), counts(&plain));
    assert_eq!(
        open.keys().collect::<Vec<_>>(),
        plain.keys().collect::<Vec<_>>()
    );
    // A moment of creation is told once for each set of labels: at the last scrape.
    assert_eq!(
        (open["http_requests"], plain["http_requests"]),
        (2 * 3 + 2, 2 * 3)
    );
    // So is a histogram, in OpenMetrics: 15 buckets, count, sum, creation.
    let durations = "http_request_duration_seconds";
    assert_eq!((open[durations], plain[durations]), (18, 3 * 17));
    let gauges = exposition();
    for family in gauges
        .families()
        .iter()
        .filter(|family| family.kind == Kind::Gauge)
    {
        let wanted = 3 * family.samples.len();
        assert_eq!(
            (open[family.name], plain[family.name]),
            (wanted, wanted),
            "{}",
            family.name
        );
    }
}

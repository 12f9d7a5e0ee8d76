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

use aegis_telemetry::{Exposition, Format, Recording};
use common::{objects, samples};
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads a page from standard input and prints family, type and number of samples, then every distinct pod.
const READ: &str = r"
import sys
from importlib import import_module
parser = import_module(sys.argv[1])
pods = set()
for family in parser.text_string_to_metric_families(sys.stdin.buffer.read().decode()):
    print(family.name, family.type, len(family.samples), sep='\t')
    pods |= {s.labels['pod'] for s in family.samples if 'pod' in s.labels}
print('pods', *(repr(pod) for pod in sorted(pods)), sep='\t')
";

#[allow(clippy::disallowed_methods, reason = "a test asks where its judge is")]
fn python() -> String {
    std::env::var("AEGIS_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn parse(module: &str, page: &str) -> String {
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
    String::from_utf8(output.stdout).expect("text")
}

const HOSTILE: &str = "a\"b\\c\nd{}é";

fn page(format: Format) -> String {
    let mut exposition = Exposition::default();
    exposition.observe(&objects(HOSTILE), &samples());
    exposition.text(format)
}

fn holds(read: &str) {
    assert!(read.contains("http_requests\tcounter\t2\n"), "{read}");
    assert!(
        read.contains("http_request_duration_seconds\thistogram\t17\n"),
        "{read}"
    );
    assert!(
        read.contains("container_memory_working_set_bytes\tgauge\t2\n"),
        "{read}"
    );
    assert!(read.contains(r#"'a"b\\c\nd{}é-0'"#), "{read}");
}

#[test]
#[ignore = "needs python3 with prometheus-client; see the head of this file"]
fn prometheus_reads_our_text() {
    holds(&parse(
        "prometheus_client.parser",
        &page(Format::Prometheus),
    ));
}

#[test]
#[ignore = "needs python3 with prometheus-client; see the head of this file"]
fn openmetrics_reads_our_text() {
    holds(&parse(
        "prometheus_client.openmetrics.parser",
        &page(Format::OpenMetrics),
    ));
}

#[test]
#[ignore = "needs python3 with prometheus-client; see the head of this file"]
fn openmetrics_reads_a_recording() {
    let mut recording = Recording::default();
    let objects = objects(HOSTILE);
    for at in [15.0, 30.0, 45.0] {
        recording.observe(at, &objects, &samples());
    }
    // Histograms are left out: this parser (0.26) takes every bucket of a second scrape but the
    // first for a duplicate, as its set of what it has seen outlives the time stamp.
    let page = recording.text(Format::OpenMetrics);
    let lines = page
        .lines()
        .filter(|line| !line.contains("http_request_duration_seconds"));
    let page: String = lines.map(|line| format!("{line}\n")).collect();
    let read = parse("prometheus_client.openmetrics.parser", &page);
    assert!(read.contains("http_requests\tcounter\t6\n"), "{read}");
}

#[test]
#[ignore = "needs python3 with prometheus-client; see the head of this file"]
fn prometheus_reads_a_recording() {
    let mut recording = Recording::default();
    let objects = objects(HOSTILE);
    for at in [15.0, 30.0, 45.0] {
        recording.observe(at, &objects, &samples());
    }
    let read = parse(
        "prometheus_client.parser",
        &recording.text(Format::Prometheus),
    );
    assert!(
        read.contains("http_request_duration_seconds\thistogram\t51\n"),
        "{read}"
    );
}

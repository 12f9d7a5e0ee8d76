//! What a page says of a small cluster.

mod common;

use aegis_kube::print::list;
use aegis_model::objects::{ContainerState, PodPhase, Termination};
use aegis_model::{PodId, Tick};
use aegis_telemetry::{Exposition, Format, Kind, Recording};
use common::Stage;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn page(stage: &Stage, format: Format) -> String {
    let mut exposition = Exposition::default();
    exposition.observe(&stage.at(15.0));
    exposition.text(format)
}

/// Samples of a page: their lines by name and labels that matter.
fn find<'a>(page: &'a str, name: &str, labels: &[&str]) -> Vec<&'a str> {
    let lines = page
        .lines()
        .filter(|line| line.starts_with(&format!("{name}{{")));
    lines
        .filter(|line| labels.iter().all(|label| line.contains(label)))
        .collect()
}

/// The value of the only sample with these labels.
fn value(page: &str, name: &str, labels: &[&str]) -> f64 {
    let found = find(page, name, labels);
    assert_eq!(found.len(), 1, "{name} {labels:?} in\n{page}");
    let (_, text) = found[0].rsplit_once("} ").expect("labels");
    let text = text.split(' ').next().expect("a value");
    text.parse().expect("a number")
}

const CART: &str = "pod=\"cart-0\"";

/// Families, labels of a sample, and its value in the small cluster.
const KNOWN: &[(&str, &[&str], f64)] = &[
    (
        "container_memory_working_set_bytes",
        &[
            CART,
            "namespace=\"shop\"",
            "container=\"server\"",
            "node=\"node-0\"",
        ],
        1e8,
    ),
    (
        "container_cpu_usage_seconds_total",
        &[CART, "cpu=\"total\""],
        3.0,
    ),
    (
        "container_cpu_cfs_throttled_periods_total",
        &["pod=\"cart-1\""],
        75.0,
    ),
    ("container_spec_memory_limit_bytes", &[CART], 134_217_728.0),
    ("container_spec_cpu_quota", &[CART], 50_000.0),
    ("container_spec_cpu_shares", &[CART], 204.0),
    ("container_oom_events_total", &["pod=\"cart-1\""], 1.0),
    ("machine_memory_bytes", &["node=\"node-0\""], 8e9),
    ("node_memory_MemAvailable_bytes", &["node=\"node-0\""], 6e9),
    (
        "kube_pod_status_phase",
        &[CART, "phase=\"Running\"", "uid="],
        1.0,
    ),
    ("kube_pod_status_phase", &[CART, "phase=\"Pending\""], 0.0),
    ("kube_pod_info", &[CART, "node=\"node-0\""], 1.0),
    (
        "kube_pod_container_resource_requests",
        &[
            CART,
            "container=\"server\"",
            "resource=\"cpu\"",
            "unit=\"core\"",
        ],
        0.2,
    ),
    (
        "kube_pod_container_resource_limits",
        &[
            CART,
            "container=\"server\"",
            "resource=\"memory\"",
            "unit=\"byte\"",
        ],
        134_217_728.0,
    ),
    ("kube_pod_container_status_running", &[CART], 1.0),
    (
        "kube_pod_container_status_last_terminated_reason",
        &[CART, "reason=\"OOMKilled\""],
        1.0,
    ),
    (
        "kube_pod_container_status_last_terminated_exitcode",
        &[CART],
        137.0,
    ),
    (
        "kube_pod_container_status_restarts_total",
        &[CART, "container=\"server\""],
        3.0,
    ),
    (
        "kube_pod_init_container_status_restarts_total",
        &[CART, "container=\"setup\""],
        0.0,
    ),
    (
        "kube_deployment_spec_replicas",
        &["deployment=\"cart\"", "namespace=\"shop\""],
        2.0,
    ),
    (
        "kube_deployment_status_replicas_available",
        &["deployment=\"cart\""],
        1.0,
    ),
    (
        "kube_node_status_condition",
        &["condition=\"Ready\"", "status=\"true\""],
        1.0,
    ),
    (
        "kube_service_spec_type",
        &["service=\"cart\"", "type=\"ClusterIP\""],
        1.0,
    ),
    (
        "http_requests_total",
        &["service=\"cart\"", "code=\"500\""],
        4.0,
    ),
    (
        "http_request_duration_seconds_sum",
        &["service=\"cart\""],
        4.0,
    ),
    (
        "http_client_requests_total",
        &["source=\"users\"", "destination=\"cart\"", "code=\"200\""],
        96.0,
    ),
    (
        "http_client_requests_total",
        &["source=\"cart\"", "code=\"500\""],
        1.0,
    ),
    (
        "http_client_request_duration_seconds_bucket",
        &["source=\"cart\"", "le=\"0.1\""],
        8.0,
    ),
];

#[test]
fn operators_find_the_names_that_they_know() {
    let page = page(&Stage::new("cart"), Format::Prometheus);
    for (name, labels, wanted) in KNOWN {
        assert_eq!(value(&page, name, labels), *wanted, "{name} {labels:?}");
    }
}

#[test]
fn every_state_has_one_that_holds() {
    let mut stage = Stage::new("cart");
    stage.objects.pods[0].phase = PodPhase::Failed;
    stage.list = list(&stage.objects, Tick(60), aegis_kube::print::EPOCH);
    let mut exposition = Exposition::default();
    exposition.observe(&stage.at(15.0));
    let states = [
        ("kube_pod_status_phase", "phase", 5),
        ("kube_pod_status_ready", "condition", 3),
        ("kube_node_status_condition", "status", 3),
    ];
    for (name, state, count) in states {
        let family = exposition
            .families()
            .iter()
            .find(|family| family.name == name);
        let mut sums: BTreeMap<Vec<_>, (f64, usize)> = BTreeMap::new();
        for sample in &family.expect("it is there").samples {
            let mut labels = sample.labels.clone();
            labels.retain(|(key, _)| *key != state);
            let sum = sums.entry(labels).or_default();
            (sum.0, sum.1) = (sum.0 + sample.value, sum.1 + 1);
        }
        assert!(!sums.is_empty(), "{name}");
        assert!(
            sums.values().all(|sum| *sum == (1.0, count)),
            "{name}: {sums:?}"
        );
    }
}

#[test]
fn a_histogram_ends_at_the_sum_of_its_requests() {
    let mut stage = Stage::new("cart");
    // Parts of requests, as the physics has them: every count is rounded for itself.
    stage.counted.services[0].requests.errors = 4.5;
    stage.counted.services[0].requests.total = 100.4;
    let mut exposition = Exposition::default();
    for scrape in 1..40 {
        exposition.observe(&stage.at(15.0 * f64::from(scrape)));
        let page = exposition.text(Format::Prometheus);
        let cart = "service=\"cart\"";
        let of = |code: &str| value(&page, "http_requests_total", &[cart, code]);
        let name = "http_request_duration_seconds";
        let count = value(&page, &format!("{name}_count"), &[cart]);
        assert_eq!(count, of("code=\"200\"") + of("code=\"500\""));
        assert_eq!(
            value(&page, &format!("{name}_bucket"), &[cart, "le=\"+Inf\""]),
            count
        );
        let buckets = find(&page, &format!("{name}_bucket"), &[cart]);
        let values: Vec<f64> = buckets
            .iter()
            .map(|line| {
                line.rsplit_once(' ')
                    .expect("a value")
                    .1
                    .parse()
                    .expect("a number")
            })
            .collect();
        assert!(values.is_sorted(), "{values:?}");
    }
}

#[test]
fn counters_never_fall_but_when_a_container_starts_anew() {
    let mut stage = Stage::new("cart");
    let mut exposition = Exposition::default();
    let mut last: BTreeMap<(String, Vec<_>), f64> = BTreeMap::new();
    for scrape in 1..20 {
        stage.counted.services[0].requests.errors = f64::from(scrape % 3) * 0.4;
        stage.counted.services[0].requests.total = f64::from(scrape % 5) * 0.7 + 1.0;
        exposition.observe(&stage.at(15.0 * f64::from(scrape)));
        let families = exposition.families().iter();
        for family in families.filter(|family| family.kind != Kind::Gauge) {
            for sample in &family.samples {
                let key = (
                    format!("{}{}", family.name, sample.suffix),
                    sample.labels.clone(),
                );
                let before = last.insert(key, sample.value).unwrap_or(0.0);
                assert!(
                    sample.value >= before,
                    "{} {:?}",
                    family.name,
                    sample.labels
                );
            }
        }
    }
    assert!(last.len() > 40, "{}", last.len());
    stage.objects.pods[0].containers[1].restarts += 1;
    stage.list = list(&stage.objects, Tick(60), aegis_kube::print::EPOCH);
    exposition.observe(&stage.at(300.0));
    let page = exposition.text(Format::Prometheus);
    assert_eq!(
        value(&page, "container_cpu_usage_seconds_total", &[CART]),
        3.0
    );
    assert_eq!(value(&page, "pod_cpu_usage_seconds_total", &[CART]), 60.0);
}

#[test]
fn each_kill_for_memory_is_counted_once() {
    let mut stage = Stage::new("cart");
    let mut exposition = Exposition::default();
    let mut seen = Vec::new();
    for finished in [9, 9, 30, 30] {
        stage.objects.pods[0].containers[1].state = ContainerState::Running { since: Tick(40) };
        stage.objects.pods[0].containers[1].last = Some(Termination {
            exit_code: 137,
            reason: "OOMKilled".into(),
            started: Tick(1),
            finished: Tick(finished),
            message: None,
        });
        exposition.observe(&stage.at(f64::from(finished)));
        let page = exposition.text(Format::Prometheus);
        seen.push(value(&page, "container_oom_events_total", &[CART]));
    }
    assert_eq!(seen, [1.0, 1.0, 2.0, 2.0]);
}

#[test]
fn what_is_gone_or_missing_is_absent_and_counts_on() {
    let mut stage = Stage::new("cart");
    stage.objects.pods[1].removed = Some(Tick(5));
    stage.list = list(&stage.objects, Tick(60), aegis_kube::print::EPOCH);
    stage.shown.pods.retain(|sample| sample.pod != PodId(0));
    let mut exposition = Exposition::default();
    exposition.observe(&stage.at(15.0));
    let page = exposition.text(Format::Prometheus);
    assert!(!page.contains("cart-1"));
    assert!(!page.contains("container_memory_working_set_bytes"));
    assert_eq!(find(&page, "kube_pod_status_phase", &[CART]).len(), 5);
    exposition.miss(&stage.at(30.0));
    assert_eq!(exposition.text(Format::Prometheus), "");
    stage.shown = common::samples();
    exposition.observe(&stage.at(45.0));
    let page = exposition.text(Format::Prometheus);
    assert_eq!(
        value(&page, "container_cpu_usage_seconds_total", &[CART]),
        9.0
    );
}

#[test]
fn openmetrics_names_its_counters_without_suffix_and_ends() {
    let page = page(&Stage::new("cart"), Format::OpenMetrics);
    assert!(page.contains("# TYPE http_requests counter\n"));
    assert!(page.contains("\nhttp_requests_total{"));
    assert!(page.contains("\nhttp_requests_created{"));
    assert!(page.contains("# UNIT http_request_duration_seconds seconds\n"));
    assert!(page.contains("le=\"1.0\""));
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn prometheus_text_has_neither_units_nor_creation() {
    let page = page(&Stage::new("cart"), Format::Prometheus);
    assert!(page.contains("# TYPE http_requests_total counter\n"));
    assert!(!page.contains("_created{namespace=\"shop\",service=\"cart\",code"));
    assert!(!page.contains("# UNIT") && !page.contains("# EOF"));
}

#[test]
fn a_recording_keeps_each_series_together_in_order_of_time() {
    let mut recording = Recording::default();
    let stage = Stage::new("cart");
    recording.observe(&stage.at(15.0));
    recording.miss(&stage.at(30.0));
    recording.observe(&stage.at(45.0));
    let page = recording.text(Format::OpenMetrics);
    let cpu = find(&page, "pod_cpu_usage_seconds_total", &[CART]);
    let ends: Vec<_> = cpu
        .iter()
        .map(|line| line.split_once("} ").expect("labels").1)
        .collect();
    assert_eq!(ends, ["3 15", "9 45"]);
    let heads = page
        .lines()
        .filter(|line| line.starts_with("# TYPE http_requests "));
    assert_eq!(heads.count(), 1);
    let inf = ["service=\"cart\"", "le=\"+Inf\""];
    let name = "http_request_duration_seconds_bucket";
    assert_eq!(find(&page, name, &inf).len(), 1);
    assert_eq!(
        find(&recording.text(Format::Prometheus), name, &inf).len(),
        2
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_name_breaks_a_line(name in ".{0,24}") {
        let plain = page(&Stage::new("cart"), Format::Prometheus);
        let page = page(&Stage::new(&name), Format::Prometheus);
        prop_assert_eq!(page.split('\n').count(), plain.split('\n').count());
        for line in page.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (_, value) = line.rsplit_once("} ").expect("labels and a value");
            prop_assert!(value.parse::<f64>().is_ok(), "{}", line);
        }
    }
}

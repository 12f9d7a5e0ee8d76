//! What a page says of a small cluster.

mod common;

use aegis_model::{PodId, Tick};
use aegis_telemetry::{Exposition, Format, Recording, prometheus_text};
use common::{objects, samples};
use proptest::prelude::*;

/// The value of a sample, by how its line begins.
fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series));
    let text = line.unwrap_or_else(|| panic!("no {series} in\n{page}"));
    text.trim().parse().expect("a number")
}

#[test]
fn operators_find_the_names_that_they_know() {
    let page = prometheus_text(&objects("cart"), &samples());
    let cases = [
        (
            "container_memory_working_set_bytes{namespace=\"shop\",pod=\"cart-0\"}",
            1e8,
        ),
        (
            "container_cpu_usage_seconds_total{namespace=\"shop\",pod=\"cart-0\"}",
            3.0,
        ),
        (
            "container_cpu_cfs_throttled_periods_total{namespace=\"shop\",pod=\"cart-1\"}",
            75.0,
        ),
        (
            "kube_pod_status_phase{namespace=\"shop\",pod=\"cart-0\",phase=\"Running\"}",
            1.0,
        ),
        (
            "kube_pod_status_phase{namespace=\"shop\",pod=\"cart-0\",phase=\"Pending\"}",
            0.0,
        ),
        (
            "kube_deployment_spec_replicas{namespace=\"shop\",deployment=\"cart\"}",
            2.0,
        ),
        (
            "kube_deployment_status_replicas_available{namespace=\"shop\",deployment=\"cart\"}",
            1.0,
        ),
        (
            "kube_pod_container_status_restarts_total{namespace=\"shop\",pod=\"cart-0\",container=\"server\"}",
            3.0,
        ),
        (
            "kube_node_status_condition{node=\"node-0\",condition=\"Ready\",status=\"true\"}",
            1.0,
        ),
        (
            "http_requests_total{namespace=\"shop\",service=\"cart\",code=\"500\"}",
            4.0,
        ),
        (
            "http_client_requests_total{source=\"users\",namespace=\"shop\",destination=\"cart\",code=\"200\"}",
            96.0,
        ),
        (
            "http_client_requests_total{source=\"cart\",namespace=\"shop\",destination=\"cart\",code=\"500\"}",
            1.0,
        ),
    ];
    for (series, wanted) in cases {
        assert_eq!(value(&page, series), wanted, "{series}");
    }
    assert!(!page.contains("container=\"setup\""));
}

#[test]
fn a_histogram_is_cumulative_and_ends_at_its_count() {
    let page = prometheus_text(&objects("cart"), &samples());
    let bucket = |le: &str| {
        let series = format!(
            "http_request_duration_seconds_bucket{{namespace=\"shop\",service=\"cart\",le=\"{le}\"}}"
        );
        value(&page, &series)
    };
    assert_eq!(bucket("0.01"), 0.0);
    assert_eq!(bucket("0.025"), 90.0);
    assert_eq!(bucket("1"), 99.0);
    assert_eq!(bucket("+Inf"), 100.0);
    let count = "http_request_duration_seconds_count{namespace=\"shop\",service=\"cart\"}";
    assert_eq!(value(&page, count), 100.0);
}

#[test]
fn counters_grow_and_gauges_do_not() {
    let mut exposition = Exposition::default();
    let objects = objects("cart");
    exposition.observe(&objects, &samples());
    exposition.observe(&objects, &samples());
    let page = exposition.text(Format::Prometheus);
    let cpu = "container_cpu_usage_seconds_total{namespace=\"shop\",pod=\"cart-0\"}";
    let memory = "container_memory_working_set_bytes{namespace=\"shop\",pod=\"cart-0\"}";
    assert_eq!(value(&page, cpu), 6.0);
    assert_eq!(value(&page, memory), 1e8);
}

#[test]
fn what_is_gone_or_missing_is_absent_not_zero() {
    let mut objects = objects("cart");
    objects.pods[1].removed = Some(Tick(5));
    let mut missing = samples();
    missing.pods.retain(|sample| sample.pod != PodId(0));
    let page = prometheus_text(&objects, &missing);
    assert!(!page.contains("cart-1"));
    assert!(!page.contains("container_memory_working_set_bytes"));
    assert!(page.contains("kube_pod_status_phase{namespace=\"shop\",pod=\"cart-0\""));
}

#[test]
fn openmetrics_names_its_counters_without_suffix_and_ends() {
    let mut exposition = Exposition::default();
    exposition.observe(&objects("cart"), &samples());
    let page = exposition.text(Format::OpenMetrics);
    assert!(page.contains("# TYPE http_requests counter\n"));
    assert!(page.contains("\nhttp_requests_total{"));
    assert!(page.contains("le=\"1.0\""));
    assert!(page.ends_with("# EOF\n"));
}

#[test]
fn a_recording_keeps_each_series_together_in_order_of_time() {
    let mut recording = Recording::default();
    let objects = objects("cart");
    recording.observe(15.0, &objects, &samples());
    recording.observe(30.0, &objects, &samples());
    let page = recording.text(Format::OpenMetrics);
    let cpu = "container_cpu_usage_seconds_total{namespace=\"shop\",pod=\"cart-0\"}";
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with(cpu)).collect();
    assert_eq!(lines, [format!("{cpu} 3 15"), format!("{cpu} 6 30")]);
    let heads = page
        .lines()
        .filter(|line| line.starts_with("# TYPE http_requests "));
    assert_eq!(heads.count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_name_breaks_a_line(name in ".{0,24}") {
        let plain = prometheus_text(&objects("cart"), &samples());
        let page = prometheus_text(&objects(&name), &samples());
        prop_assert_eq!(page.split('\n').count(), plain.split('\n').count());
        for line in page.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (_, value) = line.rsplit_once("} ").expect("labels and a value");
            prop_assert!(value.parse::<f64>().is_ok(), "{}", line);
        }
    }
}

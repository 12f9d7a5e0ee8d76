//! Containers, pods and nodes as cAdvisor, the kubelet and node-exporter measure them.
//!
//! Sources: cAdvisor, docs/storage/prometheus.md; kubernetes.io, "Node metrics data"
//! (`/metrics/resource`). The model knows the use of a pod, not of each of its containers, and the
//! container that serves has it. It knows no page cache: usage and resident memory are the working
//! set. What it does not know at all has no family: bytes of network and disk, seconds of throttling.

use crate::family::Labels;
use crate::scrape::Scrape;
use crate::sheet::Sheet;
use crate::state::{seconds, text};
use crate::totals::{PodTotal, Totals};
use aegis_model::kubernetes::Container;
use aegis_model::objects::Pod;
use aegis_model::observation::{NodeSample, PodSample};
use serde_json::Value;
use std::collections::BTreeMap;

/// Length of a CFS period, µs.
const PERIOD: f64 = 100_000.0;

/// Pods as they are printed, by namespace and name.
type Printed<'a> = BTreeMap<(&'a str, &'a str), &'a Value>;

/// Adds all of them.
pub(crate) fn families(scrape: &Scrape<'_>, totals: &Totals, sheet: &mut Sheet) {
    let printed = printed(scrape.list);
    for sample in &scrape.shown.pods {
        let Some(pod) = scrape.objects.pods.get(sample.pod.index()) else {
            continue;
        };
        let Some(document) = printed.get(&(pod.namespace.as_str(), pod.name.as_str())) else {
            continue;
        };
        let total = totals.pods.get(&sample.pod).copied().unwrap_or_default();
        whole(pod, sample, &total, sheet);
        containers(scrape, pod, document, &Use { sample, total }, sheet);
    }
    for sample in &scrape.shown.nodes {
        let total = totals.nodes.get(&sample.node).copied().unwrap_or(0.0);
        node(scrape, sample, total, sheet);
    }
}

/// What a pod used in the interval and so far.
struct Use<'a> {
    sample: &'a PodSample,
    total: PodTotal,
}

fn printed(list: &Value) -> Printed<'_> {
    let items = list["items"].as_array().into_iter().flatten();
    let pods = items.filter(|item| item["kind"] == "Pod");
    let named = pods.map(|pod| {
        let name = (
            text(pod, "/metadata/namespace"),
            text(pod, "/metadata/name"),
        );
        (name, pod)
    });
    named.collect()
}

/// The pod as one, as `/metrics/resource` of the kubelet has it.
fn whole(pod: &Pod, sample: &PodSample, total: &PodTotal, sheet: &mut Sheet) {
    let labels: Labels = vec![
        ("namespace", pod.namespace.to_string()),
        ("pod", pod.name.to_string()),
    ];
    sheet
        .counter(
            "pod_cpu_usage_seconds",
            "Cumulative cpu time consumed by the pod in core-seconds.",
        )
        .add(labels.clone(), total.pod_cpu);
    sheet
        .gauge(
            "pod_memory_working_set_bytes",
            "Current working set of the pod in bytes.",
        )
        .add(labels, sample.memory);
}

fn containers(scrape: &Scrape<'_>, pod: &Pod, document: &Value, used: &Use<'_>, sheet: &mut Sheet) {
    let Some(template) = scrape.objects.templates.get(pod.template.index()) else {
        return;
    };
    let serving = (scrape.serving)(&template.spec);
    let statuses = document.pointer("/status/containerStatuses");
    for status in statuses.and_then(Value::as_array).into_iter().flatten() {
        let name = text(status, "/name");
        let mut declared = template.spec.spec.containers.iter();
        let Some(container) = declared.find(|container| container.name == name) else {
            continue;
        };
        let Some(started) = status.pointer("/state/running/startedAt") else {
            continue;
        };
        let labels = container_labels(document, status);
        let started = started.as_str().and_then(seconds).unwrap_or_default();
        specified(container, &labels, started, sheet);
        if serving == Some(name) {
            measured(container, &labels, used, started, sheet);
        }
    }
}

/// The labels that the kubelet gives cAdvisor's families, and the node that Prometheus adds.
fn container_labels(pod: &Value, status: &Value) -> Labels {
    let id = text(status, "/containerID");
    let id = id.rsplit_once("//").map_or(id, |(_, id)| id);
    let class = match text(pod, "/status/qosClass") {
        "Burstable" => "burstable/",
        "BestEffort" => "besteffort/",
        _ => "",
    };
    let uid = text(pod, "/metadata/uid");
    vec![
        ("namespace", text(pod, "/metadata/namespace").to_owned()),
        ("pod", text(pod, "/metadata/name").to_owned()),
        ("container", text(status, "/name").to_owned()),
        ("image", text(status, "/image").to_owned()),
        ("id", format!("/kubepods/{class}pod{uid}/{id}")),
        ("name", id.to_owned()),
        ("node", text(pod, "/spec/nodeName").to_owned()),
    ]
}

/// What follows from the spec of a container that runs.
fn specified(container: &Container, labels: &Labels, started: f64, sheet: &mut Sheet) {
    let resources = &container.resources;
    let limit = |name: &str| resources.limits.get(name);
    let memory = limit("memory").map_or(0.0, |amount| amount.bytes().0 as f64);
    sheet
        .gauge(
            "container_start_time_seconds",
            "Start time of the container since unix epoch in seconds.",
        )
        .add(labels.clone(), started);
    sheet
        .gauge(
            "container_spec_memory_limit_bytes",
            "Memory limit for the container; 0 is none.",
        )
        .add(labels.clone(), memory);
    let request = resources.request("cpu");
    let milli = request.map_or(0.0, |amount| amount.millicores().0 as f64);
    let shares = f64::max(2.0, f64::floor(milli * 1024.0 / 1000.0));
    sheet
        .gauge("container_spec_cpu_shares", "CPU share of the container.")
        .add(labels.clone(), shares);
    sheet
        .gauge(
            "container_spec_cpu_period",
            "CPU period of the container in microseconds.",
        )
        .add(labels.clone(), PERIOD);
    if let Some(limit) = limit("cpu") {
        let quota = limit.millicores().cores() * PERIOD;
        sheet
            .gauge(
                "container_spec_cpu_quota",
                "CPU quota of the container in microseconds a period.",
            )
            .add(labels.clone(), quota);
    }
}

/// What the container that serves uses.
fn measured(
    container: &Container,
    labels: &Labels,
    used: &Use<'_>,
    started: f64,
    sheet: &mut Sheet,
) {
    let cpu = sheet.counter(
        "container_cpu_usage_seconds",
        "Cumulative cpu time consumed in seconds.",
    );
    let mut all = labels.clone();
    all.push(("cpu", "total".to_owned()));
    cpu.add(all.clone(), used.total.cpu);
    cpu.add_part("_created", all, started);
    let rows = [
        (
            "container_memory_working_set_bytes",
            "Current working set in bytes.",
        ),
        (
            "container_memory_usage_bytes",
            "Current memory usage in bytes, including all memory regardless of when it was accessed.",
        ),
        ("container_memory_rss", "Size of RSS in bytes."),
    ];
    for (name, help) in rows {
        sheet
            .gauge(name, help)
            .add(labels.clone(), used.sample.memory);
    }
    sheet
        .counter(
            "container_oom_events",
            "Count of out of memory events observed for the container.",
        )
        .add(labels.clone(), used.total.killed);
    if container.resources.limits.get("cpu").is_some() {
        sheet
            .counter(
                "container_cpu_cfs_periods",
                "Number of elapsed enforcement period intervals.",
            )
            .add(labels.clone(), used.total.periods);
        sheet
            .counter(
                "container_cpu_cfs_throttled_periods",
                "Number of throttled period intervals.",
            )
            .add(labels.clone(), used.total.throttled);
    }
}

fn node(scrape: &Scrape<'_>, sample: &NodeSample, cpu: f64, sheet: &mut Sheet) {
    let Some(node) = scrape.objects.nodes.get(sample.node.index()) else {
        return;
    };
    let labels: Labels = vec![("node", node.header.reference.name.to_string())];
    sheet
        .counter(
            "node_cpu_usage_seconds",
            "Cumulative cpu time consumed by the node in core-seconds.",
        )
        .add(labels.clone(), cpu);
    sheet
        .gauge(
            "node_memory_working_set_bytes",
            "Current working set of the node in bytes.",
        )
        .add(labels.clone(), sample.memory);
    let Some(total) = node.capacity.capacity.memory() else {
        return;
    };
    let total = total.0 as f64;
    sheet
        .gauge(
            "node_memory_MemTotal_bytes",
            "Memory information field MemTotal_bytes.",
        )
        .add(labels.clone(), total);
    sheet
        .gauge(
            "node_memory_MemAvailable_bytes",
            "Memory information field MemAvailable_bytes.",
        )
        .add(labels, (total - sample.memory).max(0.0));
}

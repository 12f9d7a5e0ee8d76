//! Families of what is measured: containers, nodes, requests.
//!
//! Counters grow over the scrapes that were read: [`Totals`] holds their state. Requests
//! carry no exact sum of their durations; `_sum` adds each bucket's middle.

use crate::family::{Family, Kind};
use aegis_model::kubernetes::ObjectRef;
use aegis_model::objects::Pod;
use aegis_model::observation::{BUCKETS, PodSample, RequestStats};
use aegis_model::{NodeId, Objects, PodId, Samples, ServiceId, WorkloadId};
use std::collections::BTreeMap;

/// Length of a CFS period, s: the kernel's default of 100 ms.
const CFS_PERIOD: f64 = 0.1;

/// A family's labels.
pub(crate) type Labels = Vec<(&'static str, String)>;

/// What counters have come to.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Totals {
    pods: BTreeMap<PodId, PodTotal>,
    nodes: BTreeMap<NodeId, f64>,
    served: BTreeMap<WorkloadId, RequestStats>,
    entries: BTreeMap<ServiceId, RequestStats>,
    edges: BTreeMap<(WorkloadId, ServiceId), (f64, f64)>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct PodTotal {
    cpu: f64,
    periods: f64,
    throttled: f64,
}

impl Totals {
    /// Adds a scrape.
    pub fn add(&mut self, samples: &Samples) {
        let interval = samples.interval.max(0.0);
        for sample in &samples.pods {
            self.pods
                .entry(sample.pod)
                .or_default()
                .add(sample, interval);
        }
        for sample in &samples.nodes {
            *self.nodes.entry(sample.node).or_default() += sample.cpu * interval;
        }
        for sample in &samples.services {
            let sum = self.served.entry(sample.workload).or_default();
            sum.add(&sample.requests);
        }
        for sample in &samples.entries {
            let sum = self.entries.entry(sample.service).or_default();
            sum.add(&sample.requests);
        }
        for sample in &samples.edges {
            let sum = self.edges.entry((sample.from, sample.to)).or_default();
            sum.0 += sample.attempts;
            sum.1 += sample.failures;
        }
    }
}

impl PodTotal {
    fn add(&mut self, sample: &PodSample, interval: f64) {
        let periods = interval / CFS_PERIOD;
        self.cpu += sample.cpu * interval;
        self.periods += periods;
        self.throttled += periods * sample.throttled;
    }
}

fn pod_labels(pod: &Pod) -> Labels {
    vec![
        ("namespace", pod.namespace.to_string()),
        ("pod", pod.name.to_string()),
    ]
}

fn live_pod(objects: &Objects, id: PodId) -> Option<&Pod> {
    objects.pods.get(id.index()).filter(|pod| pod.exists())
}

fn node_labels(objects: &Objects, id: NodeId) -> Option<Labels> {
    let node = objects.nodes.get(id.index())?;
    Some(vec![("node", node.header.reference.name.to_string())])
}

fn workload_labels(objects: &Objects, id: WorkloadId) -> Option<Labels> {
    let workload = objects.workloads.get(id.index())?;
    let ObjectRef {
        namespace, name, ..
    } = &workload.header.reference;
    Some(vec![
        ("namespace", namespace.to_string()),
        ("service", name.to_string()),
    ])
}

fn service_name(objects: &Objects, id: ServiceId) -> Option<&ObjectRef> {
    let service = objects.services.get(id.index())?;
    Some(&service.header.reference)
}

/// Who called whom; `from` is empty for users.
fn edge_labels(objects: &Objects, from: Option<WorkloadId>, to: ServiceId) -> Option<Labels> {
    let source = match from {
        Some(id) => objects
            .workloads
            .get(id.index())?
            .header
            .reference
            .name
            .to_string(),
        None => "users".into(),
    };
    let to = service_name(objects, to)?;
    Some(vec![
        ("source", source),
        ("namespace", to.namespace.to_string()),
        ("destination", to.name.to_string()),
    ])
}

fn with(labels: &Labels, key: &'static str, value: &str) -> Labels {
    let mut labels = labels.clone();
    labels.push((key, value.to_owned()));
    labels
}

/// All measured families, in a fixed order.
pub(crate) fn measured(objects: &Objects, samples: &Samples, totals: &Totals) -> Vec<Family> {
    let mut families = vec![memory(objects, samples)];
    families.extend(containers(objects, totals));
    families.extend(nodes(objects, samples, totals));
    families.extend(served(objects, totals));
    families.push(in_flight(objects, samples));
    families.push(called(objects, totals));
    families
}

fn memory(objects: &Objects, samples: &Samples) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "container_memory_working_set_bytes",
        "Current working set of the pod's containers in bytes.",
    );
    for sample in &samples.pods {
        if let Some(pod) = live_pod(objects, sample.pod) {
            family.add(pod_labels(pod), sample.memory);
        }
    }
    family
}

fn containers(objects: &Objects, totals: &Totals) -> [Family; 3] {
    let mut cpu = Family::new(
        Kind::Counter,
        "container_cpu_usage_seconds",
        "Cumulative CPU time consumed by the pod's containers in core-seconds.",
    );
    let mut periods = Family::new(
        Kind::Counter,
        "container_cpu_cfs_periods",
        "Number of elapsed enforcement period intervals.",
    );
    let mut throttled = Family::new(
        Kind::Counter,
        "container_cpu_cfs_throttled_periods",
        "Number of throttled period intervals.",
    );
    for (id, total) in &totals.pods {
        if let Some(pod) = live_pod(objects, *id) {
            cpu.add(pod_labels(pod), total.cpu);
            periods.add(pod_labels(pod), total.periods);
            throttled.add(pod_labels(pod), total.throttled);
        }
    }
    [cpu, periods, throttled]
}

fn nodes(objects: &Objects, samples: &Samples, totals: &Totals) -> [Family; 2] {
    let mut cpu = Family::new(
        Kind::Counter,
        "node_cpu_usage_seconds",
        "Cumulative CPU time consumed by the node in core-seconds.",
    );
    let mut memory = Family::new(
        Kind::Gauge,
        "node_memory_working_set_bytes",
        "Current working set of the node in bytes.",
    );
    for (id, total) in &totals.nodes {
        if let Some(labels) = node_labels(objects, *id) {
            cpu.add(labels, *total);
        }
    }
    for sample in &samples.nodes {
        if let Some(labels) = node_labels(objects, sample.node) {
            memory.add(labels, sample.memory);
        }
    }
    [cpu, memory]
}

fn served(objects: &Objects, totals: &Totals) -> [Family; 2] {
    let mut requests = Family::new(
        Kind::Counter,
        "http_requests",
        "Requests that ended, by status code (500 stands for every failure).",
    );
    let mut durations = Family::new(
        Kind::Histogram,
        "http_request_duration_seconds",
        "Time from arrival to answer in seconds; the sum is put together from the buckets' middles.",
    );
    for (id, stats) in &totals.served {
        if let Some(labels) = workload_labels(objects, *id) {
            let served = (stats.total - stats.errors).max(0.0);
            requests.add(with(&labels, "code", "200"), served);
            requests.add(with(&labels, "code", "500"), stats.errors);
            histogram(&mut durations, &labels, stats);
        }
    }
    [requests, durations]
}

fn histogram(family: &mut Family, labels: &Labels, stats: &RequestStats) {
    let bounds = BUCKETS.iter().copied().chain([f64::INFINITY]);
    let (mut below, mut sum, mut lower) = (0.0, 0.0, 0.0);
    for (bound, count) in bounds.zip(&stats.buckets) {
        below += count;
        sum += count * middle(lower, bound);
        lower = bound;
        let labels = with(labels, "le", &crate::text::number(bound));
        family.add_part("_bucket", labels, whole(below));
    }
    family.add_part("_count", labels.clone(), whole(below));
    family.add_part("_sum", labels.clone(), sum);
}

/// A count as a histogram has it: simulated requests flow, counted ones are whole.
fn whole(count: f64) -> f64 {
    (count + 0.5).floor()
}

/// The middle of a bucket; the unbounded one counts as its lower bound.
fn middle(lower: f64, upper: f64) -> f64 {
    if upper.is_finite() {
        (lower + upper) / 2.0
    } else {
        lower
    }
}

fn in_flight(objects: &Objects, samples: &Samples) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "http_requests_in_flight",
        "Mean number of requests being served in the scrape interval.",
    );
    for sample in &samples.services {
        if let Some(labels) = workload_labels(objects, sample.workload) {
            family.add(labels, sample.in_flight);
        }
    }
    family
}

fn called(objects: &Objects, totals: &Totals) -> Family {
    let mut family = Family::new(
        Kind::Counter,
        "http_client_requests",
        "Attempts as their callers saw them end, retries included, by status code (500 stands for every failure).",
    );
    let users = totals.entries.iter();
    let users = users.map(|(to, stats)| (None, *to, stats.total, stats.errors));
    let edges = totals.edges.iter();
    let edges = edges.map(|((from, to), (all, failed))| (Some(*from), *to, *all, *failed));
    for (from, to, all, failed) in users.chain(edges) {
        if let Some(labels) = edge_labels(objects, from, to) {
            family.add(with(&labels, "code", "200"), (all - failed).max(0.0));
            family.add(with(&labels, "code", "500"), failed);
        }
    }
    family
}

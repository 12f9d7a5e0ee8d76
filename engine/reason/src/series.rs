//! The series that observations and twins are compared by.
//!
//! One fixed set for all hypotheses of an incident, chosen before any of them
//! is rolled. The same extraction reads an observation and a twin, so that a
//! difference is never one of bookkeeping.

use aegis_model::objects::{ConditionStatus, ContainerState, Pod, Workload};
use aegis_model::observation::{BUCKET_COUNT, BUCKETS, RequestStats};
use aegis_model::{NodeId, Objective, Objects, Samples, ServiceId, Target, WorkloadId};
use std::collections::BTreeSet;

/// What a series measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Error share at an entry.
    EntryErrors,
    /// Share of an entry's requests slower than its target.
    EntrySlow,
    /// Requests per second at an entry.
    EntryRate,
    /// Requests per second of a workload.
    Rate,
    /// Error share of a workload.
    Errors,
    /// Mean time of a workload's requests, s.
    Latency,
    /// Attempts per second of a workload's pods at a Service, retries included.
    CallRate(ServiceId),
    /// Share of the attempts of a workload's pods at a Service that failed, as they saw it.
    CallErrors(ServiceId),
    /// Mean time until an attempt of a workload's pods at a Service ended, as they saw it, s.
    CallLatency(ServiceId),
    /// CPU of a workload's pods, cores.
    Cpu,
    /// Largest working set of a workload's pods relative to its limit.
    Memory,
    /// A container restarted in the bin.
    Restarts,
    /// A container was killed for memory in the bin.
    OomKilled,
    /// A pod was made in the bin.
    Created,
    /// Fewer pods ready than wanted.
    NotReady,
    /// A pod cannot be placed.
    Unschedulable,
    /// A container cannot be started: image or reference missing.
    CannotStart,
    /// A Service has no ready endpoint.
    NoEndpoints,
    /// A node is not ready.
    NodeNotReady,
}

impl Measure {
    /// Whether it is a condition that happens and does not last.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(self, Self::Restarts | Self::OomKilled | Self::Created)
    }

    /// Whether it tells that something is wrong, and not only how much there is of something: of a workload that was
    /// scaled there is more to see, and nobody is the worse for it.
    #[must_use]
    pub const fn is_harm(self) -> bool {
        !matches!(
            self,
            Self::EntryRate
                | Self::Rate
                | Self::CallRate(_)
                | Self::Cpu
                | Self::Memory
                | Self::Created
                | Self::NotReady
        )
    }

    /// Whether it is a condition (0 or 1) and not an amount.
    #[must_use]
    pub const fn is_condition(self) -> bool {
        matches!(
            self,
            Self::Restarts
                | Self::OomKilled
                | Self::Created
                | Self::NotReady
                | Self::Unschedulable
                | Self::CannotStart
                | Self::NoEndpoints
                | Self::NodeNotReady
        )
    }
}

/// One series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// What.
    pub measure: Measure,
    /// Of what.
    pub subject: Target,
}

/// A value per series of a set; `None` is missing.
pub type Row = Vec<Option<f64>>;

/// A fixed set of series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSet {
    /// The series, sorted.
    pub keys: Vec<SeriesKey>,
    /// Objectives, for [`Measure::EntrySlow`].
    pub objectives: Vec<Objective>,
}

const PER_WORKLOAD: [Measure; 11] = [
    Measure::Rate,
    Measure::Errors,
    Measure::Latency,
    Measure::Cpu,
    Measure::Memory,
    Measure::Restarts,
    Measure::OomKilled,
    Measure::Created,
    Measure::NotReady,
    Measure::Unschedulable,
    Measure::CannotStart,
];

/// Rate, errors and duration of the calls of a workload at a Service.
const fn per_call(to: ServiceId) -> [Measure; 3] {
    [
        Measure::CallRate(to),
        Measure::CallErrors(to),
        Measure::CallLatency(to),
    ]
}

/// Who called which Service in any of these observations.
#[must_use]
pub fn calls<'a>(observed: impl Iterator<Item = &'a Samples>) -> BTreeSet<(WorkloadId, ServiceId)> {
    let edges = observed.flat_map(|samples| &samples.edges);
    edges.map(|edge| (edge.from, edge.to)).collect()
}

impl SeriesSet {
    /// Every SLI, all nodes and Services, and the measures of `workloads` and of their `calls`.
    #[must_use]
    pub fn new(
        objects: &Objects,
        objectives: &[Objective],
        workloads: &BTreeSet<WorkloadId>,
        calls: &BTreeSet<(WorkloadId, ServiceId)>,
    ) -> Self {
        let mut keys = BTreeSet::new();
        for objective in objectives {
            for measure in [Measure::EntryErrors, Measure::EntrySlow, Measure::EntryRate] {
                keys.insert(SeriesKey {
                    measure,
                    subject: Target::Service(objective.service),
                });
            }
        }
        for &workload in workloads {
            keys.extend(PER_WORKLOAD.map(|measure| SeriesKey {
                measure,
                subject: Target::Workload(workload),
            }));
        }
        for &(from, to) in calls.iter().filter(|(from, _)| workloads.contains(from)) {
            keys.extend(per_call(to).map(|measure| SeriesKey {
                measure,
                subject: Target::Workload(from),
            }));
        }
        let nodes = (0..objects.nodes.len()).map(|index| Target::Node(NodeId::from(index)));
        keys.extend(nodes.map(|subject| SeriesKey {
            measure: Measure::NodeNotReady,
            subject,
        }));
        let services =
            (0..objects.services.len()).map(|index| Target::Service(ServiceId::from(index)));
        keys.extend(services.map(|subject| SeriesKey {
            measure: Measure::NoEndpoints,
            subject,
        }));
        Self {
            keys: keys.into_iter().collect(),
            objectives: objectives.to_vec(),
        }
    }

    /// The values of one bin. `before` are the objects at its start.
    #[must_use]
    pub fn read(&self, samples: &Samples, objects: &Objects, before: &Objects) -> Row {
        self.keys
            .iter()
            .map(|key| self.value(*key, samples, objects, before))
            .collect()
    }

    fn value(
        &self,
        key: SeriesKey,
        samples: &Samples,
        objects: &Objects,
        before: &Objects,
    ) -> Option<f64> {
        match key.subject {
            Target::Service(service) if key.measure == Measure::NoEndpoints => {
                no_endpoints(objects, service)
            }
            Target::Service(service) => self.entry(key.measure, service, samples),
            Target::Workload(workload) if key.measure.is_condition() => {
                condition(key.measure, workload, objects, before)
            }
            Target::Workload(workload) => amount(key.measure, workload, samples, objects),
            Target::Node(node) => {
                let row = objects
                    .nodes
                    .get(node.index())
                    .filter(|row| row.header.exists())?;
                Some(f64::from(u8::from(
                    row.condition("Ready") != ConditionStatus::True,
                )))
            }
            Target::Policy(_) | Target::Plain(_) | Target::Cluster => None,
        }
    }

    fn entry(&self, measure: Measure, service: ServiceId, samples: &Samples) -> Option<f64> {
        let sample = samples
            .entries
            .iter()
            .find(|entry| entry.service == service)?;
        match measure {
            Measure::EntryErrors => Some(logit(sample.requests.total, sample.requests.errors)),
            Measure::EntryRate => Some(libm::log1p(sample.requests.total / samples.interval)),
            Measure::EntrySlow => {
                let target = self
                    .objectives
                    .iter()
                    .find(|o| o.service == service)?
                    .latency?;
                Some(logit(
                    sample.requests.total,
                    slower(&sample.requests, target.below),
                ))
            }
            _ => None,
        }
    }
}

/// Log odds of a share with half a request added to each side, so that none and all stay finite.
fn logit(total: f64, part: f64) -> f64 {
    let rest = (total - part).max(0.0);
    libm::log((part.max(0.0) + 0.5) / (rest + 0.5))
}

/// Requests slower than `target`, interpolated within its bucket as Prometheus does.
#[must_use]
pub fn slower(requests: &RequestStats, target: f64) -> f64 {
    let mut above = 0.0;
    let mut low = 0.0;
    for (index, count) in requests.buckets.iter().enumerate() {
        let high = BUCKETS.get(index).copied().unwrap_or(f64::INFINITY);
        if low >= target {
            above += count;
        } else if high > target {
            let share = if high.is_finite() {
                (high - target) / (high - low)
            } else {
                1.0
            };
            above += count * share;
        }
        low = high;
    }
    above
}

/// Mean time of requests from their buckets' middles, s.
#[must_use]
pub fn mean_time(requests: &RequestStats) -> Option<f64> {
    let count: f64 = requests.buckets.iter().sum();
    let middle = |index: usize| {
        let low = if index == 0 { 0.0 } else { BUCKETS[index - 1] };
        BUCKETS
            .get(index)
            .map_or(low * 1.25, |high| 0.5 * (low + high))
    };
    let sum: f64 = (0..BUCKET_COUNT)
        .map(|index| middle(index) * requests.buckets[index])
        .sum();
    (count > 0.0).then(|| sum / count)
}

fn amount(
    measure: Measure,
    workload: WorkloadId,
    samples: &Samples,
    objects: &Objects,
) -> Option<f64> {
    let service = || {
        samples
            .services
            .iter()
            .find(|sample| sample.workload == workload)
    };
    let call = |to: ServiceId| {
        let mut calls = samples.edges.iter();
        calls.find(|call| call.from == workload && call.to == to)
    };
    match measure {
        Measure::CallRate(to) => Some(libm::log1p(call(to)?.attempts / samples.interval)),
        Measure::CallErrors(to) => {
            let call = call(to)?;
            (call.attempts >= 1.0).then(|| logit(call.attempts, call.failures))
        }
        Measure::CallLatency(to) => Some(libm::log(call(to)?.latency?.max(1e-4))),
        Measure::Rate => Some(libm::log1p(service()?.requests.total / samples.interval)),
        // Of no request there is no share.
        Measure::Errors => {
            let requests = &service()?.requests;
            (requests.total >= 1.0).then(|| logit(requests.total, requests.errors))
        }
        Measure::Latency => Some(libm::log(mean_time(&service()?.requests)?.max(1e-4))),
        Measure::Cpu => {
            if !all_sampled(workload, samples, objects) {
                return None;
            }
            let used =
                of_pods(workload, samples, objects, |sample| sample.cpu).reduce(|a, b| a + b)?;
            Some(libm::log1p(used * 1000.0))
        }
        Measure::Memory => {
            let limit = memory_limit(objects.workloads.get(workload.index())?);
            of_pods(workload, samples, objects, |sample| sample.memory / limit).reduce(f64::max)
        }
        _ => None,
    }
}

/// Whether every ready pod of a workload has a row: a scrape that misses one would read as less use.
#[must_use]
pub fn all_sampled(workload: WorkloadId, samples: &Samples, objects: &Objects) -> bool {
    let Some(row) = objects.workloads.get(workload.index()) else {
        return true;
    };
    let sampled = |pod: &aegis_model::PodId| samples.pods.iter().any(|sample| sample.pod == *pod);
    let ready = |pod: &&aegis_model::PodId| objects.pods[pod.index()].is_ready();
    row.pods.iter().filter(ready).all(sampled)
}

fn of_pods<'a>(
    workload: WorkloadId,
    samples: &'a Samples,
    objects: &'a Objects,
    read: impl Fn(&aegis_model::observation::PodSample) -> f64 + 'a,
) -> impl Iterator<Item = f64> + 'a {
    let own = move |pod: aegis_model::PodId| {
        objects
            .pods
            .get(pod.index())
            .is_some_and(|row| row.workload == workload)
    };
    samples
        .pods
        .iter()
        .filter(move |sample| own(sample.pod))
        .map(read)
}

/// Memory that a pod of the workload may use: the sum of its limits, or 1 GiB where there is none.
#[must_use]
pub fn memory_limit(workload: &Workload) -> f64 {
    let containers = &workload.spec.template().spec.containers;
    let sum: u64 = containers
        .iter()
        .filter_map(|c| c.resources.limits.memory())
        .map(|bytes| bytes.0)
        .sum();
    if sum == 0 {
        1024.0 * 1024.0 * 1024.0
    } else {
        sum as f64
    }
}

fn no_endpoints(objects: &Objects, service: ServiceId) -> Option<f64> {
    let row = objects
        .services
        .get(service.index())
        .filter(|row| row.header.exists())?;
    let none =
        !row.spec.selector.is_empty() && !row.endpoints.iter().any(|endpoint| endpoint.ready);
    Some(f64::from(u8::from(none)))
}

/// Pods of a workload that exist.
pub fn pods_of(objects: &Objects, workload: WorkloadId) -> impl Iterator<Item = &Pod> {
    let ids = objects
        .workloads
        .get(workload.index())
        .map(|row| row.pods.as_slice())
        .unwrap_or_default();
    ids.iter()
        .filter_map(|id| objects.pods.get(id.index()))
        .filter(|pod| pod.exists())
}

/// Restarts of a workload's pods since they were made.
fn restarts(objects: &Objects, workload: WorkloadId) -> u32 {
    pods_of(objects, workload)
        .flat_map(|pod| &pod.containers)
        .map(|container| container.restarts)
        .sum()
}

fn oom_kills(objects: &Objects, workload: WorkloadId, since: aegis_model::Tick) -> bool {
    pods_of(objects, workload)
        .flat_map(|pod| &pod.containers)
        .any(|container| {
            let current = match &container.state {
                ContainerState::Terminated(end) => Some(end),
                _ => None,
            };
            current
                .or(container.last.as_ref())
                .is_some_and(|end| end.reason == "OOMKilled" && end.finished > since)
        })
}

fn cannot_start(pod: &Pod) -> bool {
    const REASONS: [&str; 6] = [
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
    ];
    pod.containers
        .iter()
        .any(|container| match &container.state {
            ContainerState::Waiting { reason, .. } => REASONS.contains(&reason.as_str()),
            _ => false,
        })
}

fn condition(
    measure: Measure,
    workload: WorkloadId,
    objects: &Objects,
    before: &Objects,
) -> Option<f64> {
    let row = objects
        .workloads
        .get(workload.index())
        .filter(|row| row.header.exists())?;
    let holds = match measure {
        Measure::Restarts => restarts(objects, workload) > restarts(before, workload),
        Measure::OomKilled => oom_kills(objects, workload, latest_start(before, workload)),
        Measure::Created => {
            let rows = objects.pods.enumerate().skip(before.pods.len());
            rows.map(|(_, pod)| pod).any(|pod| pod.workload == workload)
        }
        Measure::NotReady => {
            let wanted = row.spec.replicas().unwrap_or(row.status.desired);
            (pods_of(objects, workload)
                .filter(|pod| pod.is_ready() && pod.deletion.is_none())
                .count() as u32)
                < wanted
        }
        Measure::Unschedulable => {
            pods_of(objects, workload).any(|pod| pod.node.is_none() && pod.deletion.is_none())
        }
        Measure::CannotStart => pods_of(objects, workload).any(cannot_start),
        _ => return None,
    };
    Some(f64::from(u8::from(holds)))
}

/// The last time anything of the workload ended, before the bin: a kill after it is new.
fn latest_start(before: &Objects, workload: WorkloadId) -> aegis_model::Tick {
    let ends = pods_of(before, workload)
        .flat_map(|pod| &pod.containers)
        .filter_map(|container| match &container.state {
            ContainerState::Terminated(end) => Some(end.finished),
            _ => container.last.as_ref().map(|end| end.finished),
        });
    ends.max().unwrap_or_default()
}

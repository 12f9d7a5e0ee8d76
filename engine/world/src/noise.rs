//! What an operator sees: exact counts seen through an instrument.
//!
//! Counts scatter as counts do (Poisson), gauges by a log-normal factor, span
//! times by the number of spans that were sampled, and single rows are missing.
//! Nothing of this is fed back into the world.

use crate::logs;
use crate::world::World;
use aegis_model::observation::{
    EdgeSample, EntrySample, NodeSample, PodSample, RequestStats, ServiceSample,
};
use aegis_model::{Laid, Mechanism, Observation, PodId, Samples, Subject, Tick, WorkloadId};
use aegis_sim::{Draws, Purpose, observe};

/// What observing adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Coefficient of variation of gauges (CPU, memory), ≥ 0.
    pub gauges: f64,
    /// Whether counts scatter.
    pub counts: Counts,
    /// Share of rows that are missing from a scrape, 0..=1.
    pub missing: f64,
    /// Share of requests that leave a span, 0..=1.
    pub spans: f64,
}

/// Whether counts scatter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// As counts of independent requests do.
    Poisson,
    /// They are exact.
    Exact,
}

impl Default for Noise {
    /// Gauges to 5 %, 1 % of rows missing, 1 % of requests with spans.
    fn default() -> Self {
        Self {
            gauges: 0.05,
            counts: Counts::Poisson,
            missing: 0.01,
            spans: 0.01,
        }
    }
}

impl Noise {
    /// Everything as it is; every request leaves a span.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            gauges: 0.0,
            counts: Counts::Exact,
            missing: 0.0,
            spans: 1.0,
        }
    }
}

/// Kinds of rows, for keys of draws; never reuse a number.
#[derive(Clone, Copy)]
enum Row {
    Entry = 1,
    Service = 2,
    Edge = 3,
    Pod = 4,
    Node = 5,
    Log = 6,
}

/// The instrument at one scrape.
struct Instrument {
    noise: Noise,
    draws: Draws,
    at: Tick,
}

const fn key(row: Row, id: u64, part: u64) -> u64 {
    ((row as u64) << 56) | (id << 8) | part
}

impl Instrument {
    fn is_missing(&self, row: Row, id: u64) -> bool {
        let share = self.noise.missing;
        share > 0.0
            && self
                .draws
                .uniform(Purpose::MetricMissing, key(row, id, 0), self.at)
                < share
    }

    fn gauge(&self, value: f64, row: Row, id: u64, part: u64) -> f64 {
        if self.noise.gauges <= 0.0 {
            return value;
        }
        let sigma = libm::sqrt(libm::log1p(self.noise.gauges * self.noise.gauges));
        value
            * self
                .draws
                .log_normal(sigma, Purpose::MetricNoise, key(row, id, part), self.at)
    }

    /// A count whose mean is `mean`.
    fn count(&self, mean: f64, row: Row, id: u64, part: u64) -> f64 {
        if self.noise.counts == Counts::Exact {
            return mean;
        }
        let key = key(row, id, part);
        if mean < 30.0 {
            let u = self.draws.uniform(Purpose::MetricNoise, key, self.at);
            return poisson(mean, u);
        }
        let z = self.draws.normal(Purpose::MetricNoise, key, self.at);
        libm::floor((mean + z * libm::sqrt(mean) + 0.5).max(0.0))
    }

    /// Requests: each bucket is a count, and the total is their sum; errors are a count of their own.
    fn requests(&self, exact: &RequestStats, row: Row, id: u64) -> RequestStats {
        let mut seen = RequestStats::default();
        for (part, (mine, mean)) in seen.buckets.iter_mut().zip(&exact.buckets).enumerate() {
            *mine = self.count(*mean, row, id, 16 + part as u64);
        }
        let listed: f64 = exact.buckets.iter().sum();
        seen.total = seen.buckets.iter().sum::<f64>();
        if listed <= 0.0 {
            seen.total = self.count(exact.total, row, id, 1);
        }
        seen.errors = self.count(exact.errors, row, id, 2).min(seen.total);
        seen
    }

    fn edge(&self, exact: &EdgeSample) -> EdgeSample {
        let id = (u64::from(exact.from.0) << 24) | u64::from(exact.to.0);
        let attempts = self.count(exact.attempts, Row::Edge, id, 1);
        let spans = self.count(exact.attempts * self.noise.spans, Row::Edge, id, 3);
        let sigma = if self.noise.counts == Counts::Exact {
            0.0
        } else {
            1.0
        };
        let factor = self.draws.log_normal(
            sigma / libm::sqrt(spans.max(1.0)),
            Purpose::Span,
            key(Row::Edge, id, 4),
            self.at,
        );
        EdgeSample {
            attempts,
            failures: self.count(exact.failures, Row::Edge, id, 2).min(attempts),
            latency: exact
                .latency
                .filter(|_| spans > 0.0)
                .map(|latency| latency * factor),
            ..exact.clone()
        }
    }
}

/// The Poisson quantile of `u` at `mean` < 30, by summing up.
fn poisson(mean: f64, u: f64) -> f64 {
    let mut term = libm::exp(-mean);
    let mut sum = term;
    let mut n = 0.0;
    while sum < u && n < 200.0 {
        n += 1.0;
        term *= mean / n;
        sum += term;
    }
    n
}

impl World {
    /// One look at the world: objects as the API server shows them, metrics since the last look.
    pub fn observe(&mut self) -> Observation {
        let exact = observe::scrape(&mut self.cluster);
        let instrument = Instrument {
            noise: self.noise,
            draws: self.roots.observation,
            at: self.cluster.clock,
        };
        let log = |count: logs::Line| {
            let key = u64::from(count.workload.0) << 24 | u64::from(count.key);
            let lines = instrument.count(count.mean, Row::Log, key, 0) as u32;
            (lines > 0).then(|| count.counted(lines))
        };
        Observation {
            at: self.cluster.clock,
            logs: logs::lines(&self.cluster.objects, &exact)
                .into_iter()
                .filter_map(log)
                .collect(),
            samples: self.seen(&instrument, &exact),
            objects: self.cluster.objects.clone(),
        }
    }

    /// The samples through the instrument.
    fn seen(&self, instrument: &Instrument, exact: &Samples) -> Samples {
        let there = |row: Row, id: u64| !instrument.is_missing(row, id);
        Samples {
            interval: exact.interval,
            entries: exact
                .entries
                .iter()
                .filter(|sample| there(Row::Entry, u64::from(sample.service.0)))
                .map(|sample| EntrySample {
                    service: sample.service,
                    requests: instrument.requests(
                        &sample.requests,
                        Row::Entry,
                        u64::from(sample.service.0),
                    ),
                })
                .collect(),
            services: exact
                .services
                .iter()
                .filter(|sample| there(Row::Service, u64::from(sample.workload.0)))
                .filter(|sample| !self.is_dark(sample.workload))
                .map(|sample| service(instrument, sample))
                .collect(),
            edges: exact
                .edges
                .iter()
                .filter(|sample| !self.is_dark(sample.from))
                .map(|sample| instrument.edge(sample))
                .collect(),
            pods: exact
                .pods
                .iter()
                .filter(|sample| {
                    there(Row::Pod, u64::from(sample.pod.0)) && !self.is_dark_pod(sample.pod)
                })
                .map(|sample| pod(instrument, sample))
                .collect(),
            nodes: exact
                .nodes
                .iter()
                .filter(|sample| there(Row::Node, u64::from(sample.node.0)))
                .map(|sample| node(instrument, sample))
                .collect(),
        }
    }

    fn gaps(&self) -> impl Iterator<Item = &Laid> {
        let is_gap = |laid: &&Laid| laid.mechanism == Mechanism::TelemetryGap;
        self.overlay.active(self.cluster.clock).filter(is_gap)
    }

    /// Whether a workload's metrics are lost.
    fn is_dark(&self, workload: WorkloadId) -> bool {
        self.gaps().any(|laid| {
            matches!(laid.subject, Subject::Cluster) || laid.subject == Subject::Workload(workload)
        })
    }

    fn is_dark_pod(&self, pod: PodId) -> bool {
        self.gaps()
            .any(|laid| aegis_sim::acting::acts_on(&self.cluster, laid, pod))
    }
}

fn service(instrument: &Instrument, exact: &ServiceSample) -> ServiceSample {
    let id = u64::from(exact.workload.0);
    ServiceSample {
        workload: exact.workload,
        requests: instrument.requests(&exact.requests, Row::Service, id),
        in_flight: instrument.gauge(exact.in_flight, Row::Service, id, 1),
    }
}

fn pod(instrument: &Instrument, exact: &PodSample) -> PodSample {
    let id = u64::from(exact.pod.0);
    PodSample {
        pod: exact.pod,
        cpu: instrument.gauge(exact.cpu, Row::Pod, id, 1),
        // The kernel's own count of pages is exact to a fifth of what a rate of CPU time is.
        memory: exact.memory * (1.0 + 0.2 * (instrument.gauge(1.0, Row::Pod, id, 2) - 1.0)),
        throttled: exact.throttled,
    }
}

fn node(instrument: &Instrument, exact: &NodeSample) -> NodeSample {
    let id = u64::from(exact.node.0);
    NodeSample {
        node: exact.node,
        cpu: instrument.gauge(exact.cpu, Row::Node, id, 1),
        memory: exact.memory * (1.0 + 0.2 * (instrument.gauge(1.0, Row::Node, id, 2) - 1.0)),
    }
}

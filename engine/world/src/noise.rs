//! What an operator sees: exact counts seen through an instrument.
//!
//! Counts scatter as counts do (Poisson), gauges by a log-normal factor, span
//! times by the number of spans that were sampled, and single rows are missing.
//! Nothing of this is fed back into the world.

use crate::logs;
use crate::pipes::{Arrival, Signal};
use crate::world::World;
use aegis_model::observation::{
    EdgeSample, EntrySample, LogCount, NodeSample, PodSample, RequestStats, ServiceSample, Timing,
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

/// Other noise for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    /// First second of it, after time 0; the observed past too without one.
    pub from: Option<u32>,
    /// First second without it; to the end without one.
    pub until: Option<u32>,
    /// Coefficient of variation of gauges, where it differs.
    pub gauges: Option<f64>,
    /// Share of missing rows, where it differs.
    pub missing: Option<f64>,
}

impl Spell {
    fn covers(&self, time: i64) -> bool {
        self.from.is_none_or(|from| i64::from(from) <= time)
            && self.until.is_none_or(|until| time < i64::from(until))
    }

    fn over(&self, noise: Noise) -> Noise {
        Noise {
            gauges: self.gauges.unwrap_or(noise.gauges),
            missing: self.missing.unwrap_or(noise.missing),
            ..noise
        }
    }
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

/// What a look at a world gives, and what of it an exposition needs beside.
#[derive(Debug, Clone)]
pub struct Watched {
    /// What an operator sees of the moment.
    pub seen: Observation,
    /// Every row through the same instrument, those that went missing too: what counters counted.
    pub counted: Samples,
    /// How long requests took.
    pub timing: Timing,
    /// Whether metrics arrive at all.
    pub metrics: Arrival,
}

impl World {
    /// One look at the world: objects as the API server shows them, metrics and logs of the
    /// interval since the last look, or of one that long ago by which they come late.
    pub fn observe(&mut self) -> Observation {
        let seen = self.look().0;
        self.late.exchange(seen)
    }

    /// The same, at once, with what counters counted and how long requests took.
    pub fn watch(&mut self) -> Watched {
        let timing = observe::timing(&self.cluster);
        let (seen, counted) = self.look();
        let metrics = self.arrival(Signal::Metrics);
        Watched {
            seen,
            counted,
            timing,
            metrics,
        }
    }

    fn look(&mut self) -> (Observation, Samples) {
        let exact = observe::scrape(&mut self.cluster);
        let instrument = Instrument {
            noise: self.noise_now(),
            draws: self.roots.observation,
            at: self.cluster.clock,
        };
        let counted = all(&instrument, &exact);
        let mut seen = Observation {
            at: self.cluster.clock,
            logs: self.logged(&instrument, &exact),
            samples: self.shown(&instrument, &counted),
            objects: self.cluster.objects.clone(),
        };
        self.pass(&mut seen);
        (seen, counted)
    }

    fn noise_now(&self) -> Noise {
        let time = self.time();
        let spells = self.spells.iter().filter(|spell| spell.covers(time));
        spells.fold(self.noise, |noise, spell| spell.over(noise))
    }

    fn logged(&self, instrument: &Instrument, exact: &Samples) -> Vec<LogCount> {
        let log = |count: logs::Line| {
            let key = u64::from(count.workload.0) << 24 | u64::from(count.key);
            let lines = instrument.count(count.mean, Row::Log, key, 0) as u32;
            (lines > 0).then(|| count.counted(lines))
        };
        let standing = self.standing();
        let laid: Vec<&Laid> = (standing.active(self.cluster.clock))
            .filter(|laid| aegis_sim::acting::holds(&self.cluster, laid))
            .collect();
        let complaints = logs::complaints(&self.cluster.objects, exact, &laid);
        let lines = logs::lines(&self.cluster.objects, exact).into_iter();
        lines.chain(complaints).filter_map(log).collect()
    }

    /// What of the samples is not missing.
    fn shown(&self, instrument: &Instrument, counted: &Samples) -> Samples {
        let there = |row: Row, id: u64| !instrument.is_missing(row, id);
        let mut shown = counted.clone();
        shown
            .entries
            .retain(|sample| there(Row::Entry, u64::from(sample.service.0)));
        shown.services.retain(|sample| {
            there(Row::Service, u64::from(sample.workload.0)) && !self.is_dark(sample.workload)
        });
        shown.edges.retain(|sample| !self.is_dark(sample.from));
        shown.pods.retain(|sample| {
            there(Row::Pod, u64::from(sample.pod.0)) && !self.is_dark_pod(sample.pod)
        });
        shown
            .nodes
            .retain(|sample| there(Row::Node, u64::from(sample.node.0)));
        shown
    }

    fn gaps(&self) -> Vec<Laid> {
        let is_gap = |laid: &&Laid| laid.mechanism == Mechanism::TelemetryGap;
        let standing = self.standing();
        let active = standing.active(self.cluster.clock);
        active.filter(is_gap).cloned().collect()
    }

    /// What is laid, as far as repairs have left it.
    fn standing(&self) -> std::borrow::Cow<'_, aegis_model::Overlay> {
        aegis_sim::repair::standing(&self.cluster, &self.overlay)
    }

    /// Whether a workload's metrics are lost.
    fn is_dark(&self, workload: WorkloadId) -> bool {
        self.gaps().iter().any(|laid| {
            matches!(laid.subject, Subject::Cluster) || laid.subject == Subject::Workload(workload)
        })
    }

    fn is_dark_pod(&self, pod: PodId) -> bool {
        let gaps = self.gaps();
        gaps.iter()
            .any(|laid| aegis_sim::acting::acts_on(&self.cluster, laid, pod))
    }
}

/// Every sample through the instrument.
fn all(instrument: &Instrument, exact: &Samples) -> Samples {
    let entry = |sample: &EntrySample| EntrySample {
        service: sample.service,
        requests: instrument.requests(&sample.requests, Row::Entry, u64::from(sample.service.0)),
    };
    Samples {
        interval: exact.interval,
        entries: exact.entries.iter().map(entry).collect(),
        services: exact
            .services
            .iter()
            .map(|row| service(instrument, row))
            .collect(),
        edges: exact.edges.iter().map(|row| instrument.edge(row)).collect(),
        pods: exact.pods.iter().map(|row| pod(instrument, row)).collect(),
        nodes: exact
            .nodes
            .iter()
            .map(|row| node(instrument, row))
            .collect(),
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

//! What enters a tick and what comes out of it.

use super::HOP_LIMIT;
use super::network::{ClassId, EdgeId, Network};
use super::service::WholeQuotas;
use super::tail::Fitted;
use alloc::vec;
use alloc::vec::Vec;

/// What a tick gets from outside of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// Requests per second at each entry, ≥ 0.
    pub rates: Vec<f64>,
    /// Per class.
    pub classes: Vec<ClassInput>,
    /// Per edge, entries included.
    pub edges: Vec<EdgeInput>,
}

/// What a class has in this tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassInput {
    /// Cores that a pod may use: what its node's water-filling leaves it, ≥ 0.
    pub cpu: f64,
    /// CPU quota of a pod, cores (its CPU limit); infinite where there is none.
    pub quota: f64,
    /// Factor on the speed of the CPU, > 0.
    pub speed: f64,
    /// Factor on workers, 0..=1.
    pub capacity: f64,
    /// Factor on CPU per request: cold start, or a fault; > 0.
    pub cost: f64,
    /// Share of requests answered with an error, on top of the class's own, 0..=1.
    pub error: f64,
    /// Time added to each request's own, s.
    pub delay: f64,
    /// Share of the requests in flight that are lost at the start of this tick, 0..=1.
    pub killed: f64,
}

impl ClassInput {
    /// `cpu` cores, no quota, nothing wrong.
    #[must_use]
    pub const fn cores(cpu: f64) -> Self {
        Self {
            cpu,
            quota: f64::INFINITY,
            speed: 1.0,
            capacity: 1.0,
            cost: 1.0,
            error: 0.0,
            delay: 0.0,
            killed: 0.0,
        }
    }
}

/// What lies on an edge in this tick.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EdgeInput {
    /// Time added to each attempt on the way, s.
    pub delay: f64,
    /// Share of attempts answered with an error on the way, 0..=1.
    pub error: f64,
    /// Share of attempts whose connection is dropped, 0..=1.
    pub loss: f64,
}

impl Inputs {
    /// No load, one core for each pod, nothing wrong.
    #[must_use]
    pub fn calm(network: &Network) -> Self {
        Self {
            rates: vec![0.0; network.entries as usize],
            classes: vec![ClassInput::cores(1.0); network.class_count()],
            edges: vec![EdgeInput::default(); network.edge_count()],
        }
    }

    pub(crate) fn fits(&self, network: &Network) -> bool {
        self.rates.len() == network.entries as usize
            && self.classes.len() == network.class_count()
            && self.edges.len() == network.edge_count()
    }
}

/// What a class did in one tick. Counts are requests of all of its replicas;
/// `offered = completed + failed + shed + cancelled + lost + looped + Δ in flight`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClassFlow {
    /// Arrived.
    pub offered: f64,
    /// Answered without an error.
    pub completed: f64,
    /// Answered without an error while the caller still waited.
    pub good: f64,
    /// Answered with an error: its own, or a required callee's.
    pub failed: f64,
    /// Turned away: the queue was full, or no pod was there.
    pub shed: f64,
    /// Stopped because the caller gave up.
    pub cancelled: f64,
    /// Gone with a pod.
    pub lost: f64,
    /// Failed at the hop limit.
    pub looped: f64,
    /// Change of the requests in flight.
    pub delta: f64,
    /// Share of the CPU that a pod could use which it used, 0..=1.
    pub utilisation: f64,
    /// CPU used per pod, cores.
    pub cpu_used: f64,
    /// CPU that a pod would use if it had all that its slots can take, cores: the
    /// next tick's demand in the node's water-filling.
    pub cpu_demand: f64,
    /// Requests in each pod at the end of the tick.
    pub in_flight: f64,
    /// Mean time of a request in the pod with nothing else there, callees apart, s.
    pub own_time: f64,
    /// Mean time that a request waits for callees, s.
    pub called: f64,
    /// Mean time in the pod, s.
    pub sojourn: f64,
    /// Squared coefficient of variation of the time in the pod.
    pub cv2: f64,
    /// Mean time before a worker takes a request, s.
    pub worker_wait: f64,
    /// Share of 100 ms periods in which the quota ran out, 0..=1.
    pub throttled: f64,
}

/// What an edge did in one tick, all replicas of the caller together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EdgeFlow {
    /// Calls made, 1/s.
    pub first: f64,
    /// Calls that the breaker refused, 1/s.
    pub refused: f64,
    /// Attempts, retries included, 1/s.
    pub attempts: f64,
    /// Probability that an attempt fails.
    pub failing: f64,
    /// Probability that a call fails after all of its retries.
    pub lost_calls: f64,
    /// Mean time of a call, retries included, s.
    pub held: f64,
    /// Variance of the time of a call, s².
    pub variance: f64,
}

impl EdgeFlow {
    /// The time of a call as a fitted distribution.
    #[must_use]
    pub fn time(&self) -> Fitted {
        Fitted::of(self.held, self.variance)
    }

    /// Share of calls that fail or take longer than `target` seconds.
    #[must_use]
    pub fn missing(&self, target: f64) -> f64 {
        1.0 - (1.0 - self.lost_calls) * (1.0 - self.time().exceeds(target))
    }
}

impl ClassFlow {
    /// The time in a pod as a fitted distribution.
    #[must_use]
    pub fn time(&self) -> Fitted {
        Fitted {
            mean: self.sojourn,
            cv2: self.cv2,
        }
    }
}

/// Per class, what a pass leaves for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Scratch {
    /// Arrivals, 1/s.
    pub arrivals: f64,
    /// Most requests that waiting callers can have here at once.
    pub callers: f64,
    /// Rate of arrivals whose caller gave up and whose work goes on, 1/s.
    pub late: f64,
    /// Sum of arrivals times the rate at which they are cancelled.
    pub cancelling: f64,
    /// Completions, 1/s of one pod.
    pub through: f64,
    /// CPU part of the own time at no load, s.
    pub cpu_time: f64,
    /// CPU per request over the CPU of the pod, s.
    pub per_request: f64,
    /// Workers of a pod.
    pub workers: f64,
    /// Whether workers, and not the CPU, bounded the completions.
    pub held_up: bool,
    /// Kept from tick to tick.
    pub known: WholeQuotas,
}

/// Arrivals by hop of a class on a cycle, 1/s; the last is beyond the limit.
pub(crate) type HopArrivals = [f64; HOP_LIMIT + 1];

/// What happened in a tick; also the step's buffers, to be kept between ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Flows {
    /// Per class.
    pub classes: Vec<ClassFlow>,
    /// Per edge, entries included.
    pub edges: Vec<EdgeFlow>,
    pub(crate) scratch: Vec<Scratch>,
    pub(crate) hops: Vec<HopArrivals>,
}

impl Flows {
    /// Buffers for a network.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        Self {
            classes: vec![ClassFlow::default(); network.class_count()],
            edges: vec![EdgeFlow::default(); network.edge_count()],
            scratch: vec![Scratch::default(); network.class_count()],
            hops: vec![[0.0; HOP_LIMIT + 1]; network.cyclic as usize],
        }
    }

    /// One class.
    #[must_use]
    pub fn class(&self, class: ClassId) -> &ClassFlow {
        &self.classes[class.index()]
    }

    /// One edge.
    #[must_use]
    pub fn edge(&self, edge: EdgeId) -> &EdgeFlow {
        &self.edges[edge.index()]
    }

    /// The largest imbalance of a class in this tick, relative to what passed it.
    #[must_use]
    pub fn imbalance(&self, network: &Network) -> f64 {
        let of = |(flow, class): (&ClassFlow, &super::Class)| {
            let stock = flow.in_flight * f64::from(class.replicas);
            flow.imbalance().abs() / (flow.offered + stock + flow.delta.abs()).max(1.0)
        };
        self.classes
            .iter()
            .zip(&network.classes)
            .map(of)
            .fold(0.0, f64::max)
    }

    pub(crate) fn assert_conserved(&self, network: &Network) {
        debug_assert!(
            self.imbalance(network) < 1e-9,
            "a tick made or lost requests"
        );
    }

    pub(crate) fn fits(&self, network: &Network) -> bool {
        self.classes.len() == network.class_count()
            && self.edges.len() == network.edge_count()
            && self.hops.len() == network.cyclic as usize
    }
}

impl ClassFlow {
    /// Requests that came from nowhere (negative: went nowhere) in this tick; 0 but for rounding.
    #[must_use]
    pub fn imbalance(&self) -> f64 {
        let gone = self.completed + self.failed + self.shed + self.cancelled + self.lost;
        self.offered - gone - self.looped - self.delta
    }
}

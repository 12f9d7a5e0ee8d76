//! What carries over from one tick to the next: small, flat, cheap to clone.

use super::HOP_LIMIT;
use super::network::{ClassId, EdgeId, Network};
use alloc::vec;
use alloc::vec::Vec;

/// State of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ClassState {
    /// Requests in a pod, of all kinds.
    pub in_flight: f64,
    /// Probability of waiting, from which the next tick's iteration starts.
    pub waiting: f64,
    /// Variance of the number that waits, less its mean, requests².
    pub spread: f64,
    /// `spread` over the square of that mean, less 1: 0 where the queue has settled.
    pub unsettled: f64,
    /// Mean time of a request that waits for callees, s.
    pub called: f64,
    /// Mean time in the pod, s.
    pub sojourn: f64,
    /// Mean time in the pod, were there no queue here or in callees, s.
    pub calm: f64,
    /// Variance of the time in the pod, s².
    pub variance: f64,
    /// Share of attempts that end at once: shed at the door, or reset with their pod.
    pub turned_away: f64,
    /// Share of answers that are errors.
    pub faulty: f64,
    /// Rate at which requests in flight are cancelled by their callers, 1/s.
    pub cancelling: f64,
}

/// State of one edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EdgeState {
    /// Mean time that a call holds its caller, retries included, s.
    pub held: f64,
    /// Mean time of an attempt, were there no queue anywhere, s.
    pub calm: f64,
    /// Probability that an attempt fails.
    pub failing: f64,
    /// Probability that a call fails after all of its retries.
    pub lost_calls: f64,
    /// Calls in back-off, of all replicas of the caller.
    pub backing_off: f64,
    /// Attempts in the last tick, 1/s.
    pub attempts: f64,
    /// Share of calls that the breaker lets pass.
    pub admitted: f64,
    /// Share of failed attempts that is tried again: follows from `failing`.
    pub retried: f64,
    /// Probability that no call of a request ends it: follows from `lost_calls`.
    pub spared: f64,
}

/// How a class's requests in flight are spread over hops 1..=32, for classes on a cycle.
pub(crate) type Hops = [f64; HOP_LIMIT];

/// Everything that a tick hands to the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub(crate) classes: Vec<ClassState>,
    pub(crate) edges: Vec<EdgeState>,
    pub(crate) hops: Vec<Hops>,
}

impl ClassState {
    pub const IDLE: Self = Self {
        in_flight: 0.0,
        waiting: 0.0,
        spread: 0.0,
        unsettled: 0.0,
        called: 0.0,
        sojourn: 0.0,
        calm: 0.0,
        variance: 0.0,
        turned_away: 0.0,
        faulty: 0.0,
        cancelling: 0.0,
    };
}

impl EdgeState {
    /// The part of the time held that queues and retries are to blame for, s.
    pub fn queueing(&self) -> f64 {
        (self.held - self.calm).max(0.0)
    }

    pub const IDLE: Self = Self {
        held: 0.0,
        calm: 0.0,
        failing: 0.0,
        lost_calls: 0.0,
        backing_off: 0.0,
        attempts: 0.0,
        admitted: 1.0,
        retried: 0.0,
        spared: 1.0,
    };
}

impl State {
    /// A network with no request in it.
    #[must_use]
    pub fn idle(network: &Network) -> Self {
        let mut first = [0.0; HOP_LIMIT];
        first[0] = 1.0;
        Self {
            classes: vec![ClassState::IDLE; network.class_count()],
            edges: vec![EdgeState::IDLE; network.edge_count()],
            hops: vec![first; network.cyclic as usize],
        }
    }

    /// Requests in each pod of a class now.
    #[must_use]
    pub fn in_flight(&self, class: ClassId) -> f64 {
        self.classes[class.index()].in_flight
    }

    /// Mean time in a pod of the class, s, as of the last tick.
    #[must_use]
    pub fn sojourn(&self, class: ClassId) -> f64 {
        self.classes[class.index()].sojourn
    }

    /// Calls of an edge that wait to be tried again.
    #[must_use]
    pub fn backing_off(&self, edge: EdgeId) -> f64 {
        self.edges[edge.index()].backing_off
    }

    /// A class goes from `before` to `after` replicas: the requests in flight stay
    /// with those that stay, and new pods start empty. Returns the requests that went with pods that left.
    pub fn rescale(&mut self, class: ClassId, before: u32, after: u32) -> f64 {
        let state = &mut self.classes[class.index()];
        if after <= before {
            return f64::from(before - after) * state.in_flight;
        }
        state.in_flight *= f64::from(before) / f64::from(after);
        0.0
    }

    pub(crate) fn fits(&self, network: &Network) -> bool {
        self.classes.len() == network.class_count()
            && self.edges.len() == network.edge_count()
            && self.hops.len() == network.cyclic as usize
    }
}

//! A state is carried to a new network when the topology changes.

use super::forward::{Again, spared};
use super::network::{ClassId, Network};
use super::state::{ClassState, EdgeState, State};

/// Pods that go from a class of the old network to one of the new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Class in the old network.
    pub from: ClassId,
    /// Class in the new network.
    pub to: ClassId,
    /// How many pods go.
    pub pods: u32,
}

impl State {
    /// The state of `new` after these moves from `old`. Requests go with their pods;
    /// pods of a new class that nobody moved to start empty; the requests of pods that
    /// moved nowhere are the second value (the caller counts them as lost).
    ///
    /// Calls are matched by their place in the caller's list, entries by theirs: a
    /// caller whose list of calls changed keeps what still fits.
    #[must_use]
    pub fn carried(&self, old: &Network, new: &Network, moves: &[Move]) -> (Self, f64) {
        let mut next = Self::idle(new);
        let mut stock = self.stock(old);
        for step in moves {
            stock -= next.take(self, old, new, step);
        }
        for entry in new.entries().filter(|entry| entry.0 < old.entries) {
            next.edges[entry.index()] = self.edges[entry.index()];
        }
        for (state, edge) in next.edges.iter_mut().zip(&new.edges) {
            state.retried = Again::of(edge, state.failing).share;
            state.spared = spared(edge, state.lost_calls);
        }
        (next, stock.max(0.0))
    }

    /// Requests in flight in all pods.
    #[must_use]
    pub fn stock(&self, network: &Network) -> f64 {
        let of = |(state, class): (&ClassState, &super::Class)| {
            state.in_flight * f64::from(class.replicas)
        };
        self.classes.iter().zip(&network.classes).map(of).sum()
    }

    /// Takes the pods of one move; returns the requests that came with them.
    fn take(&mut self, from: &Self, old: &Network, new: &Network, step: &Move) -> f64 {
        let replicas = f64::from(new.class(step.to).replicas);
        if replicas == 0.0 {
            return 0.0;
        }
        let part = f64::from(step.pods) / replicas;
        let source = &from.classes[step.from.index()];
        self.classes[step.to.index()].blend(source, part);
        self.take_hops(from, old, new, step);
        let leaving = f64::from(step.pods) / f64::from(old.class(step.from).replicas.max(1));
        for (before, after) in old.calls(step.from).zip(new.calls(step.to)) {
            self.edges[after.index()].join(&from.edges[before.index()], part, leaving);
        }
        source.in_flight * f64::from(step.pods)
    }

    fn take_hops(&mut self, from: &Self, old: &Network, new: &Network, step: &Move) {
        if let (Some(before), Some(after)) = (old.cycle_of(step.from), new.cycle_of(step.to)) {
            self.hops[after] = from.hops[before];
        }
    }
}

impl ClassState {
    /// Adds a share of another class's pods.
    fn blend(&mut self, other: &Self, part: f64) {
        self.in_flight += part * other.in_flight;
        self.waiting += part * other.waiting;
        self.spread += part * other.spread;
        self.unsettled += part * other.unsettled;
        self.called += part * other.called;
        self.sojourn += part * other.sojourn;
        self.calm += part * other.calm;
        self.variance += part * other.variance;
        self.turned_away += part * other.turned_away;
        self.faulty += part * other.faulty;
        self.cancelling += part * other.cancelling;
    }
}

impl EdgeState {
    /// `part` of the new class's pods bring `leaving` of the old class's calls.
    fn join(&mut self, other: &Self, part: f64, leaving: f64) {
        self.held += part * other.held;
        self.calm += part * other.calm;
        self.failing += part * other.failing;
        self.lost_calls += part * other.lost_calls;
        self.backing_off += leaving * other.backing_off;
        self.attempts += leaving * other.attempts;
        self.admitted = self.admitted.min(other.admitted);
    }
}

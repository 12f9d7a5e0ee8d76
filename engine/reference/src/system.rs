//! What is simulated, as data: services, load and changes.

use aegis_model::behaviour::{Behaviour, Call};

/// A service: equal pods in groups that a change can tell apart.
#[derive(Debug, Clone)]
pub struct Service {
    /// How a pod serves. `calls[].to` is a position in [`Transient::services`].
    pub behaviour: Behaviour,
    /// Pods of each group.
    pub groups: Vec<u32>,
    /// CPU that a pod may use, cores.
    pub cpu: f64,
    /// CPU quota per pod in 100 ms periods, cores.
    pub quota: Option<f64>,
}

/// Something that changes while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Weight of a group's pods when a callee is picked; 0 gives them no more requests.
    Weight {
        /// Position of the service.
        service: usize,
        /// Position of the group.
        group: usize,
        /// Relative to other pods, ≥ 0.
        weight: f64,
    },
    /// All requests in a group's pods are lost at once.
    Kill {
        /// Position of the service.
        service: usize,
        /// Position of the group.
        group: usize,
    },
    /// CPU per request of a group is multiplied.
    Cost {
        /// Position of the service.
        service: usize,
        /// Position of the group.
        group: usize,
        /// > 0.
        factor: f64,
    },
    /// Time is added to each request's own in all groups.
    Delay {
        /// Position of the service.
        service: usize,
        /// Seconds, ≥ 0.
        seconds: f64,
    },
}

/// A system with a load that changes, and what happens to it.
#[derive(Debug, Clone)]
pub struct Transient {
    /// Its name in tables.
    pub name: &'static str,
    /// The services.
    pub services: Vec<Service>,
    /// How users call; `ratio` is not used.
    pub entry: Call,
    /// Requests per second at times in seconds: straight lines between, level outside.
    pub load: Vec<(f64, f64)>,
    /// What changes at the start of which second, in order.
    pub changes: Vec<(u32, Change)>,
    /// Length, s.
    pub seconds: u32,
    /// Position of the service whose requests in flight are compared.
    pub watch: usize,
}

impl Transient {
    /// Requests per second in the second that starts at `second`.
    #[must_use]
    pub fn rate(&self, second: u32) -> f64 {
        let at = f64::from(second) + 0.5;
        let after = self.load.iter().position(|&(time, _)| time > at);
        match after {
            Some(0) => self.load[0].1,
            Some(next) => between(self.load[next - 1], self.load[next], at),
            None => self.load.last().map_or(0.0, |&(_, rate)| rate),
        }
    }

    /// The changes of a second.
    pub fn changes_at(&self, second: u32) -> impl Iterator<Item = Change> {
        self.changes
            .iter()
            .filter(move |(at, _)| *at == second)
            .map(|&(_, change)| change)
    }
}

fn between((from, low): (f64, f64), (to, high): (f64, f64), at: f64) -> f64 {
    low + (high - low) * (at - from) / (to - from)
}

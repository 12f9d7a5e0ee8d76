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

/// Something that changes in the pods of a group while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// At the start of this second.
    pub second: u32,
    /// Position of the service.
    pub service: usize,
    /// Position of the group.
    pub group: usize,
    /// What becomes of its pods.
    pub what: What,
}

/// What a change does to a pod.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// Its weight when a callee is picked, relative to other pods, ≥ 0; 0 gives it no
    /// more requests.
    Weight(f64),
    /// Its requests are lost at once.
    Kill,
    /// CPU per request is that of the behaviour times this, > 0.
    Cost(f64),
    /// Seconds on top of each request's own latency, ≥ 0.
    Delay(f64),
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
    /// What changes, those of one second in order.
    pub changes: Vec<Change>,
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
    pub fn changes_at(&self, second: u32) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |of| of.second == second)
    }
}

fn between((from, low): (f64, f64), (to, high): (f64, f64), at: f64) -> f64 {
    low + (high - low) * (at - from) / (to - from)
}

//! One pod: workers, a queue, and a CPU that its requests share.

use crate::system::Service;
use std::collections::{BTreeSet, VecDeque};

/// A request, by the order in which it arrived anywhere.
pub(crate) type RequestId = usize;

/// Period of the kernel's CPU quota, s.
const PERIOD: f64 = 0.1;

/// Work below this is done, core-seconds: rounding of a finish time.
const DONE: f64 = 1e-12;

#[derive(Debug, Clone)]
pub(crate) struct Pod {
    pub service: usize,
    pub group: usize,
    pub weight: f64,
    pub cost: f64,
    pub delay: f64,
    pub workers: usize,
    pub places: usize,
    pub cpu: Cpu,
    /// In a worker.
    pub inside: BTreeSet<RequestId>,
    /// In front of the workers.
    pub waiting: VecDeque<RequestId>,
}

/// What a pod does with a request at its door.
#[derive(PartialEq)]
pub(crate) enum Door {
    Works,
    Waits,
    Full,
}

impl Pod {
    pub fn new(service: usize, group: usize, of: &Service) -> Self {
        Self {
            service,
            group,
            weight: 1.0,
            cost: 1.0,
            delay: 0.0,
            workers: of.behaviour.workers as usize,
            places: of.behaviour.queue as usize,
            cpu: Cpu::new(of),
            inside: BTreeSet::new(),
            waiting: VecDeque::new(),
        }
    }

    pub fn enter(&mut self, request: RequestId) -> Door {
        if self.inside.len() < self.workers {
            self.inside.insert(request);
            Door::Works
        } else if self.waiting.len() < self.places {
            self.waiting.push_back(request);
            Door::Waits
        } else {
            Door::Full
        }
    }

    /// Takes a request out; returns the one that gets its worker.
    pub fn leave(&mut self, request: RequestId) -> Option<RequestId> {
        self.cpu.remove(request);
        if !self.inside.remove(&request) {
            self.waiting.retain(|&waiting| waiting != request);
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.inside.insert(next);
        Some(next)
    }

    /// Empties the pod; returns those who waited, then those inside.
    pub fn take_all(&mut self, now: f64) -> Vec<RequestId> {
        self.cpu.advance(now);
        self.cpu.clear();
        let waited = core::mem::take(&mut self.waiting).into_iter();
        waited.chain(core::mem::take(&mut self.inside)).collect()
    }

    pub fn in_flight(&self) -> usize {
        self.inside.len() + self.waiting.len()
    }
}

/// Processor sharing with a quota per period. All jobs get the same speed, so each is
/// done when the speed's integral reaches its own mark.
#[derive(Debug, Clone)]
pub(crate) struct Cpu {
    /// Cores that it can use at once.
    most: f64,
    /// Core-seconds per period.
    quota: f64,
    /// Mark (as bits, which sort as positive numbers do) and request.
    jobs: BTreeSet<(u64, RequestId)>,
    /// Integral of the speed of one job, core-seconds.
    served: f64,
    /// Used in this period, core-seconds.
    used: f64,
    now: f64,
    /// Counts changes, so that an event of an older plan is known as such.
    pub plan: u64,
}

impl Cpu {
    fn new(of: &Service) -> Self {
        Self {
            most: f64::from(of.behaviour.slots).min(of.cpu),
            quota: of.quota.map_or(f64::INFINITY, |quota| quota * PERIOD),
            jobs: BTreeSet::new(),
            served: 0.0,
            used: 0.0,
            now: 0.0,
            plan: 0,
        }
    }

    /// Speed of all jobs together, cores.
    fn speed(&self) -> f64 {
        if self.used >= self.quota - DONE {
            return 0.0;
        }
        (self.jobs.len() as f64).min(self.most)
    }

    fn period_end(&self) -> f64 {
        (libm::floor(self.now / PERIOD + 1e-9) + 1.0) * PERIOD
    }

    /// When something will happen if nothing else does: a job is done, the quota is
    /// used up, or a period with jobs ends.
    pub fn next(&self) -> Option<f64> {
        let &(mark, _) = self.jobs.first()?;
        let speed = self.speed();
        if speed == 0.0 {
            return Some(self.period_end());
        }
        let left = (f64::from_bits(mark) - self.served).max(0.0);
        let done = self.now + left * self.jobs.len() as f64 / speed;
        if self.quota.is_infinite() {
            return Some(done);
        }
        let empty = self.now + (self.quota - self.used) / speed;
        Some(done.min(empty).min(self.period_end()))
    }

    /// Moves to `now`, which is not after [`Cpu::next`].
    pub fn advance(&mut self, now: f64) {
        let speed = self.speed();
        let end = self.period_end();
        if speed > 0.0 {
            self.served += (now - self.now) * speed / self.jobs.len() as f64;
            self.used += (now - self.now) * speed;
        }
        self.now = now;
        if now >= end - 1e-9 {
            self.used = 0.0;
        }
    }

    pub fn add(&mut self, request: RequestId, work: f64) {
        self.jobs.insert(((self.served + work).to_bits(), request));
    }

    /// Takes out a job that is done by now.
    pub fn pop(&mut self) -> Option<RequestId> {
        let &(mark, request) = self.jobs.first()?;
        if f64::from_bits(mark) > self.served + DONE {
            return None;
        }
        self.jobs.pop_first();
        Some(request)
    }

    /// Takes out all jobs; what was planned for them is void.
    fn clear(&mut self) {
        self.jobs.clear();
        self.plan += 1;
    }

    fn remove(&mut self, request: RequestId) {
        self.jobs.retain(|&(_, job)| job != request);
    }
}

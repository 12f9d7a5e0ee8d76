//! How fast a pod serves with the CPU that it has.

use super::flows::ClassInput;
use super::network::Class;
use super::state::ClassState;
use super::tail::Fitted;
use super::{TICK, erlang};
use libm::{exp, expm1, floor, log, sqrt};

/// Period of the kernel's CPU quota, s (`cpu.cfs_period_us`, 100 ms).
const QUOTA_PERIOD: f64 = 0.1;

/// The least CPU that a pod is counted with, cores: its share is never zero.
const LEAST_CPU: f64 = 1e-3;

/// A pod as a server, in one tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// CPU per request over all CPU of the pod, s: no more than 1 per this time.
    pub per_request: f64,
    /// CPU part of a request's time with nothing else there, s.
    pub cpu_time: f64,
    /// Own time with nothing else there, s.
    pub own_time: f64,
    /// Parallel servers that the CPU amounts to, 1..=64.
    pub servers: f64,
    /// Workers, ≥ 1 unless all are gone.
    pub workers: f64,
    /// Requests that a pod holds.
    pub room: f64,
    /// Requests that callers can have here at once, if that is less than the room.
    pub bound: f64,
    /// Share of quota periods in which the quota ran out.
    pub throttled: f64,
}

/// `e^x − 1` of the quotas that a request would have to itself, kept while that number stays.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct WholeQuotas {
    quotas: f64,
    exponential: f64,
}

impl WholeQuotas {
    /// `quotas` > 0.
    fn of(&mut self, quotas: f64) -> f64 {
        if self.quotas.to_bits() != quotas.to_bits() {
            *self = Self {
                quotas,
                exponential: expm1(quotas),
            };
        }
        self.exponential
    }
}

/// What a pod gets done in a tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Completions, 1/s.
    pub rate: f64,
    /// Probability that a request waits for the CPU.
    pub waiting: f64,
    /// Probability that it waits for what is short: the CPU, or a worker.
    pub behind: f64,
    /// Time in the pod of a request that does not wait for that, s.
    pub held: f64,
}

impl Service {
    /// `arriving` is the rate at one pod, 1/s; `callers` have at most that many requests here.
    pub fn new(
        class: &Class,
        input: &ClassInput,
        arriving: f64,
        callers: f64,
        known: &mut WholeQuotas,
    ) -> Self {
        let workers = (f64::from(class.workers) * input.capacity).max(1.0);
        let slots = f64::from(class.slots)
            .min(workers)
            .min(erlang::MAX_SERVERS as f64);
        let cost = class.cpu_per_request * input.cost;
        let free = (input.cpu - class.cpu_idle).max(LEAST_CPU).min(slots);
        let quota = (input.quota - class.cpu_idle).max(LEAST_CPU);
        let slot_speed = free.min(1.0) * input.speed;
        let room = workers + f64::from(class.queue);
        let mut service = Self {
            per_request: cost / (free.min(quota) * input.speed),
            cpu_time: cost / slot_speed,
            own_time: 0.0,
            servers: free.max(1.0),
            workers,
            room,
            bound: room.min(callers),
            throttled: 0.0,
        };
        if quota < slots {
            service.throttle(
                quota * QUOTA_PERIOD,
                cost / input.speed,
                class.cv2,
                arriving,
                known,
            );
        }
        service.own_time = service.cpu_time + class.latency + input.delay;
        service
    }

    /// A request that needs whole quotas waits for the rest of a period after each; and
    /// a period whose demand is above the quota makes the others wait.
    fn throttle(
        &mut self,
        quota: f64,
        cost: f64,
        cv2: f64,
        arriving: f64,
        known: &mut WholeQuotas,
    ) {
        let spread = cv2.min(1.0);
        let whole = (1.0 - spread) * floor(cost / quota) + spread / known.of(quota / cost);
        let running = quota * self.cpu_time / cost;
        self.cpu_time += whole * (QUOTA_PERIOD - running).max(0.0);
        let requests = arriving * QUOTA_PERIOD;
        if requests > 0.0 {
            let demand = Fitted {
                mean: requests * cost,
                cv2: (1.0 + cv2) / requests,
            };
            self.throttled = demand.exceeds(quota);
        }
    }

    /// Probability that a request waits for the CPU at this rate.
    pub fn waiting(&self, rate: f64) -> f64 {
        erlang::waiting(self.servers, rate * self.per_request).max(self.throttled)
    }

    /// Share of arrivals that a full queue turns away: what M/M/c/K loses when it is
    /// settled. In an overload it takes time to fill, and until then the share falls
    /// off as the chance that a pod with `stock` requests in the mean is full.
    pub fn loss(&self, arriving: f64, stock: f64) -> f64 {
        let load = arriving * self.per_request;
        let places = (self.room - self.servers).max(0.0);
        let share = erlang::loss(self.servers as usize, places, load);
        if share == 0.0 || load <= 1.0 {
            return share;
        }
        let missing = self.room - 1.0 / (load - 1.0) - stock;
        if missing <= 0.0 {
            share
        } else {
            share * exp(-missing * log(load))
        }
    }

    /// Time per request in the waiting term. Where k may wait (for the room, or because
    /// no more callers are there), they do so at full use: `u′/(1 − u′)` is k at u = 1.
    /// Exact for M/M/1/K at a load of 1.
    fn per_waiting(&self) -> f64 {
        let places = (self.bound - self.servers).max(0.0);
        self.per_request * places / (places + 1.0)
    }

    /// Completions of one pod: one backward Euler step from `work` requests present.
    ///
    /// Root of `A = aX + κC·Xs/(1 − Xs)`. C is renewed once, from last tick's, and is
    /// the utilisation itself where there is one server. κ is how much wider than a
    /// settled one the queue was at the end of the last tick.
    pub fn pace(&self, work: f64, state: &ClassState) -> Pace {
        let held = state.called + self.own_time;
        let wide = 1.0 + state.unsettled;
        let (base, s) = (TICK + held, self.per_waiting());
        let (rate, waiting) = self.settle(work, base, s, state.waiting, wide);
        let pace = Pace {
            rate,
            waiting,
            behind: waiting,
            held,
        };
        if held > self.per_request * self.workers {
            self.pace_of_workers(work, state.called, wide, pace)
        } else {
            pace
        }
    }

    /// Where workers that wait for callees run out before the CPU does, requests queue
    /// for workers as they would for servers: with `C` of W servers, each held for the
    /// time of a request. Fades in between one and two times the CPU's time, where
    /// both are short.
    fn pace_of_workers(&self, work: f64, called: f64, wide: f64, cpu: Pace) -> Pace {
        let part = (cpu.held / (self.per_request * self.workers) - 1.0).min(1.0);
        let others = (self.workers - 1.0) / self.workers;
        let seen = others * cpu.rate.min(self.rate_of_workers(called, cpu.waiting));
        let s = self.per_waiting();
        let held = cpu.held + self.waiting(seen) * s / (1.0 - seen * s);
        let per_worker = held / self.workers;
        let places = (self.bound - self.workers).max(0.0);
        let per_place = per_worker * places / (places + 1.0);
        let mut behind = part;
        for _ in 0..2 {
            let through = cpu
                .rate
                .min(root(work, TICK + held, per_place, wide * behind));
            behind = part * erlang::waiting_of_many(self.workers, through * per_worker);
        }
        let rate = root(work, TICK + held, per_place, wide * behind);
        if rate > cpu.rate {
            return cpu;
        }
        Pace {
            rate,
            behind,
            held,
            ..cpu
        }
    }

    /// Completions when all workers are busy, 1/s: a closed loop, in which an arrival
    /// sees the others alone.
    pub fn rate_of_workers(&self, called: f64, waiting: f64) -> f64 {
        let others = self.per_request * (self.workers - 1.0) / self.workers;
        let base = called + self.own_time;
        self.settle(self.workers, base, others, waiting, 1.0).0
    }

    /// Completions and the probability of waiting, for a queue that is `wide`.
    fn settle(&self, work: f64, base: f64, s: f64, waiting: f64, wide: f64) -> (f64, f64) {
        let most = 1.0 / self.per_request;
        if self.servers == 1.0 && self.throttled == 0.0 {
            let rate = root_of_one(work, base, s, wide * self.per_request).min(most);
            return (rate, rate * self.per_request);
        }
        let renewed = self.waiting(root(work, base, s, wide * waiting));
        let chance = 0.5 * (waiting + renewed);
        (root(work, base, s, wide * chance).min(most), chance)
    }
}

/// The root below 1/s of `work = base·X + chance·X·s/(1 − X·s)`.
fn root(work: f64, base: f64, s: f64, chance: f64) -> f64 {
    let middle = s * work + base + chance * s;
    let inner = middle * middle - 4.0 * base * s * work;
    2.0 * work / (middle + sqrt(inner.max(0.0)))
}

/// The root for one server, where the probability of waiting is the utilisation itself:
/// `work = base·X + Xp·Xs/(1 − X·s)`.
fn root_of_one(work: f64, base: f64, s: f64, p: f64) -> f64 {
    let middle = base + s * work;
    let inner = middle * middle - 4.0 * s * (base - p) * work;
    2.0 * work / (middle + sqrt(inner.max(0.0)))
}

//! From priors to behaviour: at the medians, or at draws.

use super::{CallPrior, Inferred, Pick, WorkloadPrior};
use aegis_cluster::draws::{Draws, Purpose};
use aegis_model::{Behaviour, Bytes, Call, CallMode};
use alloc::vec;
use alloc::vec::Vec;

/// What a draw is for within a workload; part of its key: never reuse a number.
#[derive(Clone, Copy)]
enum Parameter {
    Cpu = 1,
    Latency = 2,
    Idle = 3,
    Workers = 4,
    Queue = 5,
    MemoryBase = 6,
    MemoryPerRequest = 7,
    Startup = 8,
    Ratio = 16,
    Timeout = 17,
    Retries = 18,
    Backoff = 19,
    Budget = 20,
    Breaker = 21,
    RoundTrip = 22,
}

/// Key of a draw: workload, callee (0 for none), parameter.
const fn key(workload: u32, callee: u32, parameter: Parameter) -> u64 {
    let pair = ((workload as u64) << 32) | callee as u64;
    pair.wrapping_mul(64).wrapping_add(parameter as u64)
}

impl Inferred {
    /// Behaviour at the medians, by workload id; `None` for a workload that is gone.
    #[must_use]
    pub fn median(&self) -> Vec<Option<Behaviour>> {
        self.pick(Pick::Median)
    }

    /// Behaviour drawn from the priors, each parameter by itself.
    #[must_use]
    pub fn sample(&self, draws: Draws, purpose: Purpose) -> Vec<Option<Behaviour>> {
        self.pick(Pick::Drawn(draws, purpose))
    }

    /// Behaviour as `pick` takes it.
    #[must_use]
    pub fn pick(&self, pick: Pick) -> Vec<Option<Behaviour>> {
        let mut behaviours = vec![None; self.rows];
        for prior in &self.workloads {
            behaviours[prior.workload.index()] = Some(prior.pick(pick));
        }
        behaviours
    }
}

impl WorkloadPrior {
    /// One behaviour from the prior.
    #[must_use]
    pub fn pick(&self, pick: Pick) -> Behaviour {
        let take = |prior, parameter| pick.value(prior, key(self.number, 0, parameter));
        Behaviour {
            cpu_per_request: take(&self.cpu_per_request, Parameter::Cpu),
            latency: take(&self.latency, Parameter::Latency),
            cpu_idle: take(&self.cpu_idle, Parameter::Idle),
            service_cv2: 1.0,
            workers: take(&self.workers, Parameter::Workers) as u32,
            queue: take(&self.queue, Parameter::Queue) as u32,
            slots: self.slots,
            memory_base: Bytes(take(&self.memory_base, Parameter::MemoryBase) as u64),
            memory_per_request: Bytes(
                take(&self.memory_per_request, Parameter::MemoryPerRequest) as u64
            ),
            startup: take(&self.startup, Parameter::Startup),
            cold_factor: self.cold_factor,
            warmup: self.warmup,
            error_share: 0.0,
            calls: self
                .calls
                .iter()
                .map(|call| call.pick(self.number, pick))
                .collect(),
        }
    }
}

/// A percentage as a share; 0 is none.
fn share(percent: u32) -> Option<f64> {
    (percent > 0).then(|| f64::from(percent) / 100.0)
}

impl CallPrior {
    fn pick(&self, caller: u32, pick: Pick) -> Call {
        let key = |parameter| key(caller, self.number, parameter);
        Call {
            to: self.to,
            host: self.why.host().map(Into::into),
            port: self.port,
            ratio: pick.value(&self.ratio, key(Parameter::Ratio)),
            mode: CallMode::Sequence,
            timeout: pick.value(&self.timeout, key(Parameter::Timeout)),
            retries: pick.choice(&self.retries, key(Parameter::Retries)),
            backoff: pick.value(&self.backoff, key(Parameter::Backoff)),
            retry_budget: share(pick.choice(&self.budget, key(Parameter::Budget))),
            breaker: share(pick.choice(&self.breaker, key(Parameter::Breaker))),
            cancels: self.cancels,
            balance: self.balance,
            need: self.need,
            round_trip: pick.value(&self.round_trip, key(Parameter::RoundTrip)),
        }
    }
}

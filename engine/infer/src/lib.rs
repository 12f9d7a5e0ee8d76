//! What manifests let one guess of how a cluster behaves.
//!
//! Reads what any operator can read, objects alone, and gives *priors*: a median
//! and a spread per parameter, with the reason for each. A world's hidden truth
//! is drawn from these priors, and a twin starts from them: neither knows more.
//! The call graph comes from addresses in settings, then from names and Secrets
//! that a store's clients share with it, then from a table of public images.
//! What Secrets hold is not read.
#![no_std]

extern crate alloc;

mod address;
mod circles;
mod cost;
mod directory;
mod entry;
mod explain;
mod graph;
mod images;
mod places;
mod prior;
pub mod recognise;
mod rewire;
mod runtime;
mod sample;
mod shared;
mod wiring;
mod workload;

pub use directory::Directory;
pub use entry::{Door, Entry};
pub use explain::Fact;
pub use graph::Why;
pub use images::{APPLICATIONS, Application, Image, Known, KnownCall, Told};
pub use prior::{Choice, Pick, Prior};
pub use rewire::rewire;
pub use runtime::{Runtime, Traits};
pub use wiring::{Wiring, is_rolled_out};

use graph::Evidence;
use shared::Shared;

use aegis_model::behaviour::{Balance, Cancels, Need};
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{Objects, ServiceId, WorkloadId};
use alloc::vec::Vec;

/// All that is inferred from a cluster's objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// By workload that exists, in order of ids.
    pub workloads: Vec<WorkloadPrior>,
    /// Where users come in, in order of workloads.
    pub entries: Vec<Entry>,
    /// Rows of the workload table, gone ones included.
    rows: usize,
}

/// What is guessed of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadPrior {
    /// The workload.
    pub workload: WorkloadId,
    /// Its canonical number: the key of its draws.
    pub number: u32,
    /// What its serving container is made of.
    pub runtime: Runtime,
    /// Its image, where that is one of the public ones that are known.
    pub image: Option<Known>,
    /// Whether it only sends load (it then calls nobody of its own accord).
    pub generator: bool,
    /// Whether it watches the others: metrics, traces, logs, dashboards.
    pub monitoring: bool,
    /// CPU per request, s.
    pub cpu_per_request: Prior,
    /// What that guess rests on.
    pub cost_basis: CostBasis,
    /// Time per request that is neither CPU nor a callee, s.
    pub latency: Prior,
    /// CPU without requests, cores.
    pub cpu_idle: Prior,
    /// Workers per pod; assumed.
    pub workers: Prior,
    /// Queue per pod; assumed.
    pub queue: Prior,
    /// Slots on the CPU per pod; assumed.
    pub slots: u32,
    /// Working set at rest, bytes.
    pub memory_base: Prior,
    /// Working set per request in flight, bytes.
    pub memory_per_request: Prior,
    /// Seconds from start to first answer.
    pub startup: Prior,
    /// Factor on CPU per request while cold.
    pub cold_factor: f64,
    /// Seconds of warm-up.
    pub warmup: f64,
    /// Whom it calls, in order of evidence.
    pub calls: Vec<CallPrior>,
}

/// What the guess of a cost per request rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CostBasis {
    /// The runtime alone.
    Runtime,
    /// The CPU request, sized for so many requests per second.
    Request {
        /// CPU request of all replicas, cores.
        cores: f64,
        /// Requests per second that it is taken to be sized for.
        rate: f64,
    },
}

/// What is guessed of one edge.
#[derive(Debug, Clone, PartialEq)]
pub struct CallPrior {
    /// Called Service; `None` where no Service has the address (ratio 0).
    pub to: Option<ServiceId>,
    /// Its port as the caller names it; 0 is its first.
    pub port: u16,
    /// Key of its draws within the caller.
    pub number: u32,
    /// Calls per request.
    pub ratio: Prior,
    /// What that guess rests on.
    pub basis: Basis,
    /// Time-out of an attempt, s; assumed unless the image is known.
    pub timeout: Prior,
    /// Retries; assumed.
    pub retries: Choice,
    /// Mean back-off, s; assumed.
    pub backoff: Prior,
    /// Retry budget in percent of first attempts, 0 for none; assumed.
    pub budget: Choice,
    /// Failure share in percent that opens a breaker, 0 for none; assumed.
    pub breaker: Choice,
    /// Whether a time-out stops the callee.
    pub cancels: Cancels,
    /// How attempts are spread.
    pub balance: Balance,
    /// Whether the caller fails with the call.
    pub need: Need,
    /// Network round trip, s.
    pub round_trip: Prior,
    /// Why the edge is believed to be there.
    pub why: Why,
}

/// What the guess of an edge's ratio rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// No Service has the address: 0.
    Dead,
    /// What the caller's image is known to do.
    Known(&'static KnownCall),
    /// The callee watches or sends load: it is told of requests in batches, beside them.
    Beside,
    /// Nothing: once each, fewer where callees are many or calls go in a circle.
    Guess,
}

/// Infers priors from objects. The same objects give the same priors.
#[must_use]
pub fn infer(objects: &Objects) -> Inferred {
    let directory = Directory::new(objects);
    let shared = Shared::of(objects);
    let evidence = Evidence {
        directory: &directory,
        shared: &shared,
    };
    let mut workloads: Vec<WorkloadPrior> = objects
        .workloads
        .enumerate()
        .filter(|(_, workload)| workload.header.exists())
        .map(|(id, row)| workload::prior(evidence, id.into(), row))
        .collect();
    circles::open(&directory, &mut workloads);
    let entries = entry::entries(&directory, &workloads);
    cost::assign(&directory, &mut workloads, &entries);
    Inferred {
        workloads,
        entries,
        rows: objects.workloads.len(),
    }
}

impl Inferred {
    /// The entry that a Service names: its own, or as an alias.
    #[must_use]
    pub fn entry(&self, service: ServiceId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_named_by(service))
    }

    /// What is guessed of a workload.
    #[must_use]
    pub fn of(&self, workload: WorkloadId) -> Option<&WorkloadPrior> {
        self.workloads
            .iter()
            .find(|prior| prior.workload == workload)
    }

    /// Addresses in settings that no Service has, with the workloads that name them.
    pub fn dead(&self) -> impl Iterator<Item = (WorkloadId, &CallPrior)> {
        self.workloads.iter().flat_map(|prior| {
            let dead = prior.calls.iter().filter(|call| call.to.is_none());
            dead.map(|call| (prior.workload, call))
        })
    }
}

/// A workload's reference.
fn reference(objects: &Objects, workload: WorkloadId) -> &ObjectRef {
    &objects.workloads[workload.index()].header.reference
}

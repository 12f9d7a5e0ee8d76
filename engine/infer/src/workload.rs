//! The prior of one workload, its cost per request excepted (see `cost`).

use super::directory::Directory;
use super::graph::{self, Edge, Evidence};
use super::images::{self, Known};
use super::recognise;
use super::runtime::{Runtime, Traits};
use super::{Basis, CallPrior, Choice, CostBasis, Prior, WorkloadPrior};
use aegis_model::behaviour::{Balance, Cancels, Need};
use aegis_model::kubernetes::Container;
use aegis_model::objects::{Service, Workload};
use aegis_model::{ServiceId, WorkloadId};
use alloc::vec::Vec;

/// Spread of the logarithm of hidden factors (simulator.md, "The world is not the twin").
pub const CPU_SIGMA: f64 = 0.35;
const LATENCY_SIGMA: f64 = 0.3;
const MEMORY_SIGMA: f64 = 0.2;
/// Spread of the logarithm of calls per request.
pub const RATIO_SIGMA: f64 = 0.15;
/// Spread of what no manifest says: limits, time-outs, back-off.
const ASSUMED_SIGMA: f64 = 0.5;

/// Share of its memory request that a container holds at rest: requests are set somewhat above use.
const MEMORY_AT_REST: f64 = 0.65;
/// A container that ran before it was dumped did not live above this share of its limit.
const MEMORY_CEILING: f64 = 0.8;
/// Share of its CPU request that a container uses with no request to serve.
const CPU_AT_REST: f64 = 0.03;
/// Share of its CPU limit that it uses then at most.
const LIMIT_AT_REST: f64 = 0.1;

/// Half of clients do not retry.
const RETRIES: Choice = Choice {
    shares: &[(0, 0.55), (1, 0.15), (2, 0.2), (3, 0.1)],
};
const BUDGET: Choice = Choice {
    shares: &[(0, 0.8), (10, 0.1), (20, 0.1)],
};
const BREAKER: Choice = Choice {
    shares: &[(0, 0.9), (50, 0.1)],
};

/// What is guessed of a workload.
pub fn prior(evidence: Evidence<'_>, id: WorkloadId, row: &Workload) -> WorkloadPrior {
    let container = recognise::main_container(row.spec.template());
    let runtime = container.map_or(Runtime::Unknown, recognise::runtime);
    let image = container.and_then(images::known);
    let generator = recognise::is_generator(row);
    let traits = runtime.traits();
    WorkloadPrior {
        workload: id,
        number: row.header.number,
        runtime,
        image,
        generator,
        monitoring: recognise::is_monitoring(row),
        cpu_per_request: Prior::new(traits.cpu_ms / 1000.0, CPU_SIGMA),
        cost_basis: CostBasis::Runtime,
        latency: Prior::new(traits.latency_ms / 1000.0, LATENCY_SIGMA),
        cpu_idle: Prior::new(idle(container), CPU_SIGMA),
        workers: Prior::new(256.0, ASSUMED_SIGMA).within(32.0, 1024.0),
        queue: Prior::new(512.0, ASSUMED_SIGMA).within(64.0, 4096.0),
        slots: slots(container, traits),
        memory_base: memory(container, traits),
        memory_per_request: Prior::new(traits.per_request_kib * 1024.0, MEMORY_SIGMA),
        startup: Prior::new(traits.startup, LATENCY_SIGMA),
        cold_factor: traits.cold_factor,
        warmup: traits.warmup,
        calls: if generator {
            Vec::new()
        } else {
            calls(evidence, id, row, image)
        },
    }
}

/// CPU without requests, cores: a share of the request, 2 millicores where there is none; a limit
/// is set so that little of it goes to that.
fn idle(container: Option<&Container>) -> f64 {
    let request = container.and_then(|c| c.resources.request("cpu"));
    let limit = container.and_then(|c| c.resources.limits.cpu());
    let most = limit.map_or(f64::INFINITY, |cpu| cpu.cores() * LIMIT_AT_REST);
    request
        .map_or(0.002, |cpu| cpu.millicores().cores() * CPU_AT_REST)
        .clamp(0.001, 0.05)
        .min(most)
}

/// A limit of more cores than the runtime is taken to use gives it more slots.
fn slots(container: Option<&Container>, traits: Traits) -> u32 {
    let limit = container.and_then(|c| c.resources.limits.cpu());
    let cores = limit.map_or(0, |cpu| u32::try_from(cpu.0.div_ceil(1000)).unwrap_or(64));
    if traits.slots == 1 {
        1
    } else {
        traits.slots.max(cores.min(64))
    }
}

fn memory(container: Option<&Container>, traits: Traits) -> Prior {
    const MIB: f64 = 1024.0 * 1024.0;
    let request = container.and_then(|c| c.resources.request("memory"));
    let limit = container.and_then(|c| c.resources.limits.memory());
    let rest = request.map_or(traits.memory_mib * MIB, |r| {
        r.bytes().0 as f64 * MEMORY_AT_REST
    });
    let ceiling = limit.map_or(f64::INFINITY, |limit| limit.0 as f64 * MEMORY_CEILING);
    Prior::new(rest, MEMORY_SIGMA).within(0.0, ceiling)
}

fn calls(
    evidence: Evidence<'_>,
    id: WorkloadId,
    row: &Workload,
    image: Option<Known>,
) -> Vec<CallPrior> {
    let directory = evidence.directory;
    let edges = graph::edges(evidence, id, row, image);
    let guessed = edges
        .iter()
        .filter(|edge| matches!(basis(directory, row, edge), Basis::Guess))
        .count();
    edges
        .into_iter()
        .enumerate()
        .map(|(position, edge)| {
            let basis = basis(directory, row, &edge);
            call(directory, edge, basis, position, guessed)
        })
        .collect()
}

fn basis(directory: &Directory<'_>, caller: &Workload, edge: &Edge) -> Basis {
    match (edge.to, edge.known) {
        (None, _) => Basis::Dead,
        (_, Some(known)) => Basis::Known(known),
        (Some(to), None) if is_beside(directory, caller, to) => Basis::Beside,
        _ => Basis::Guess,
    }
}

/// Whether all that is behind a Service watches the others, of whom the caller is one, or sends load.
fn is_beside(directory: &Directory<'_>, caller: &Workload, to: ServiceId) -> bool {
    let behind = directory.behind(to);
    let beside = |id: &WorkloadId| {
        let row = &directory.objects.workloads[id.index()];
        recognise::is_monitoring(row) || recognise::is_generator(row)
    };
    !recognise::is_monitoring(caller) && !behind.is_empty() && behind.iter().all(beside)
}

/// Calls per request to what watches: spans and samples go out in batches.
const BESIDE: f64 = 0.01;

/// Calls per request where nothing is known: each once, but a request does not touch more than
/// about three of many callees.
fn guessed_ratio(guessed: usize) -> f64 {
    (3.0 / guessed.max(1) as f64).min(1.0)
}

fn call(
    directory: &Directory<'_>,
    edge: Edge,
    basis: Basis,
    position: usize,
    guessed: usize,
) -> CallPrior {
    let services = &directory.objects.services;
    let service = edge.to.map(|to| &services[to.index()]);
    let ratio = match basis {
        Basis::Dead => Prior::known(0.0),
        Basis::Known(known) => Prior::new(known.ratio, RATIO_SIGMA),
        Basis::Beside => Prior::new(BESIDE, RATIO_SIGMA),
        Basis::Guess => Prior::new(guessed_ratio(guessed), RATIO_SIGMA),
    };
    let timeout = match edge.known {
        Some(known) if known.timeout > 0.0 => Prior::known(known.timeout),
        _ => Prior::new(5.0, ASSUMED_SIGMA).within(0.5, 30.0),
    };
    let protocol = protocol(directory, edge.to, edge.port);
    CallPrior {
        to: edge.to,
        port: edge.port,
        number: service.map_or(u32::MAX - position as u32, |s| s.header.number),
        ratio,
        basis,
        timeout,
        retries: RETRIES,
        backoff: Prior::new(0.05, ASSUMED_SIGMA).within(0.01, 2.0),
        budget: BUDGET,
        breaker: BREAKER,
        cancels: protocol.cancels(),
        balance: protocol.balance(),
        need: match basis {
            Basis::Known(known) => known.need,
            Basis::Beside => Need::Optional,
            Basis::Dead | Basis::Guess => Need::Required,
        },
        round_trip: Prior::new(0.0005, LATENCY_SIGMA),
        why: edge.why,
    }
}

/// What is spoken on an edge.
#[derive(Clone, Copy)]
enum Protocol {
    Grpc,
    Http,
    /// A store's own, over a pool of connections.
    Pooled,
}

impl Protocol {
    const fn cancels(self) -> Cancels {
        match self {
            Self::Grpc => Cancels::Yes,
            Self::Http | Self::Pooled => Cancels::No,
        }
    }

    const fn balance(self) -> Balance {
        match self {
            Self::Grpc | Self::Pooled => Balance::Connection,
            Self::Http => Balance::Request,
        }
    }
}

/// gRPC by the port's name, its `appProtocol` or a gRPC probe; a store's protocol by its image; else HTTP/1.
fn protocol(directory: &Directory<'_>, to: Option<ServiceId>, port: u16) -> Protocol {
    let Some(to) = to else {
        return Protocol::Http;
    };
    let containers = directory.behind(to).iter().filter_map(|workload| {
        let row = &directory.objects.workloads[workload.index()];
        recognise::main_container(row.spec.template())
    });
    let mut containers = containers.peekable();
    let store = containers
        .peek()
        .is_some_and(|c| recognise::runtime(c).role().is_some());
    if store {
        Protocol::Pooled
    } else if port_is_grpc(&directory.objects.services[to.index()], port)
        || containers.any(has_grpc_probe)
    {
        Protocol::Grpc
    } else {
        Protocol::Http
    }
}

fn port_is_grpc(service: &Service, port: u16) -> bool {
    let wanted = |number: u16| port == 0 || number == port;
    let name = |name: &str| name == "grpc" || name.starts_with("grpc-");
    let typed = service
        .spec
        .ports
        .iter()
        .any(|p| wanted(p.port) && p.name.as_ref().is_some_and(|n| name(n)));
    let documented = service.header.doc["spec"]["ports"]
        .as_array()
        .into_iter()
        .flatten();
    typed
        || documented
            .filter(|p| p["port"].as_u64().is_some_and(|n| wanted(n as u16)))
            .filter_map(|p| p["appProtocol"].as_str())
            .any(|protocol: &str| protocol.contains("grpc") || protocol.contains("h2c"))
}

fn has_grpc_probe(container: &Container) -> bool {
    [
        &container.readiness_probe,
        &container.liveness_probe,
        &container.startup_probe,
    ]
    .into_iter()
    .flatten()
    .any(|probe| probe.grpc.is_some())
}

//! How much each entry of a cluster can serve, at the medians of what is inferred.
//!
//! A workload serves what its CPU allows: replicas × the limit of a pod (of its
//! node's CPU where there is none, and never more than its slots), less what it
//! uses at rest, over the CPU of one request. An entry serves what the tightest workload behind it does, when
//! all entries are loaded in proportion to what each could serve alone.

use aegis_model::{Behaviour, Millicores, Objects, ServiceId, WorkloadId};
use aegis_sim::infer::{Directory, Inferred};

/// Calls are followed so far; what a cycle adds beyond it does not matter.
const DEPTH: usize = 16;
/// Share of the nodes' CPU that pods can use before they wait for each other.
const NODE_SHARE: f64 = 0.8;

/// What an entry can serve.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// The Service by which users reach it.
    pub entry: ServiceId,
    /// Requests per second, together with the other entries.
    pub rate: f64,
    /// The workload that is full first; `None` where the nodes are.
    pub tightest: Option<WorkloadId>,
}

/// What a workload can serve by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
    /// CPU that its pods can use, cores.
    pub cores: f64,
    /// CPU of one request, s.
    pub cost: f64,
}

impl Room {
    /// Requests per second.
    #[must_use]
    pub fn rate(self) -> f64 {
        self.cores / self.cost.max(1e-9)
    }
}

/// The room of each workload, by id; `None` where it serves nothing.
#[must_use]
pub fn rooms(objects: &Objects, behaviours: &[Option<Behaviour>]) -> Vec<Option<Room>> {
    let node = objects
        .nodes
        .iter()
        .filter_map(|node| node.capacity.capacity.cpu())
        .max();
    let node = node.map_or(f64::INFINITY, |cpu| cpu.cores() * NODE_SHARE);
    let row = |(id, behaviour): (usize, &Option<Behaviour>)| {
        let behaviour = behaviour.as_ref()?;
        let workload = objects.workloads.get(id)?;
        let template = workload.spec.template();
        let limits: Option<f64> = template
            .spec
            .containers
            .iter()
            .map(|c| Some(c.resources.limits.cpu()?.cores()))
            .sum();
        let pod = limits
            .unwrap_or(node)
            .min(node)
            .min(f64::from(behaviour.slots));
        let replicas = workload
            .spec
            .replicas()
            .unwrap_or(objects.nodes.len() as u32);
        let free = (pod - behaviour.cpu_idle).max(0.0);
        Some(Room {
            cores: free * f64::from(replicas),
            cost: behaviour.cpu_per_request,
        })
    };
    behaviours.iter().enumerate().map(row).collect()
}

/// Requests at each workload per request at `service`, by workload id.
#[must_use]
pub fn visits(
    directory: &Directory<'_>,
    behaviours: &[Option<Behaviour>],
    service: ServiceId,
) -> Vec<f64> {
    let mut wave = vec![0.0; behaviours.len()];
    spread(directory, service, 1.0, &mut wave);
    let mut total = wave.clone();
    for _ in 0..DEPTH {
        let mut next = vec![0.0; wave.len()];
        for (behaviour, rate) in behaviours.iter().zip(&wave) {
            for call in behaviour.iter().flat_map(|behaviour| &behaviour.calls) {
                if let Some(to) = call.to {
                    spread(directory, to, rate * call.ratio, &mut next);
                }
            }
        }
        for (sum, more) in total.iter_mut().zip(&next) {
            *sum += more;
        }
        wave = next;
    }
    total
}

/// Equal shares of `rate` for the workloads behind a Service.
fn spread(directory: &Directory<'_>, service: ServiceId, rate: f64, into: &mut [f64]) {
    let behind = directory.behind(service);
    for workload in behind {
        if let Some(sum) = into.get_mut(workload.index()) {
            *sum += rate / behind.len() as f64;
        }
    }
}

/// What each entry can serve, in order.
#[must_use]
pub fn capacities(objects: &Objects, inferred: &Inferred) -> Vec<Capacity> {
    let behaviours = inferred.median();
    let directory = Directory::new(objects);
    let rooms = rooms(objects, &behaviours);
    let node_cores: f64 = objects
        .nodes
        .iter()
        .filter_map(|node| node.capacity.capacity.cpu())
        .map(Millicores::cores)
        .sum();
    let alone: Vec<(ServiceId, Vec<f64>, f64)> = inferred
        .entries
        .iter()
        .map(|entry| {
            let visits = visits(&directory, &behaviours, entry.service);
            let limit = tightest(&visits, &rooms, node_cores * NODE_SHARE).0;
            (entry.service, visits, limit)
        })
        .collect();
    let mut joint = vec![0.0; behaviours.len()];
    for (_, visits, rate) in &alone {
        for (sum, visit) in joint.iter_mut().zip(visits) {
            *sum += visit * rate;
        }
    }
    let (share, workload) = tightest(&joint, &rooms, node_cores * NODE_SHARE);
    alone
        .into_iter()
        .map(|(entry, _, rate)| Capacity {
            entry,
            rate: rate * share,
            tightest: workload,
        })
        .collect()
}

/// By how much `demand` (requests at each workload) can be multiplied until a workload
/// or the nodes are full, and which workload it is.
fn tightest(demand: &[f64], rooms: &[Option<Room>], node_cores: f64) -> (f64, Option<WorkloadId>) {
    let mut least = (f64::INFINITY, None);
    let mut cores = 0.0;
    for (id, (rate, room)) in demand.iter().zip(rooms).enumerate() {
        let Some(room) = room.filter(|_| *rate > 0.0) else {
            continue;
        };
        cores += rate * room.cost;
        let factor = room.rate() / rate;
        if factor < least.0 {
            least = (factor, Some(WorkloadId::from(id)));
        }
    }
    let nodes = node_cores / cores.max(1e-9);
    if nodes < least.0 && cores > 0.0 {
        (nodes, None)
    } else {
        least
    }
}

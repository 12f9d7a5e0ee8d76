//! Where users come in.

use super::directory::Directory;
use super::{Runtime, WorkloadPrior};
use aegis_model::kubernetes::Kind;
use aegis_model::{Role, ServiceId, WorkloadId};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use serde_json::Value;

/// A workload that users reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The Service by which they do.
    pub service: ServiceId,
    /// The workload behind it.
    pub workload: WorkloadId,
    /// How they reach it.
    pub door: Door,
    /// Other Services of the same workload: they name the same entry.
    pub aliases: Vec<ServiceId>,
}

/// How users reach an entry, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// Service of type LoadBalancer.
    LoadBalancer,
    /// An Ingress or HTTPRoute sends to the Service.
    Ingress,
    /// Service of type NodePort.
    NodePort,
    /// Nobody in the cluster calls the workload, and it calls others than queues.
    Uncalled,
    /// Nobody calls it, it calls nobody, and nothing else could be an entry.
    Alone,
}

impl Entry {
    /// Whether a Service names this entry.
    #[must_use]
    pub fn is_named_by(&self, service: ServiceId) -> bool {
        self.service == service || self.aliases.contains(&service)
    }
}

/// All entries, in the order of their workloads: a workload with several Services is one entry,
/// reached by the Service with the surest door (of equal ones the first).
#[must_use]
pub fn entries(directory: &Directory<'_>, workloads: &[WorkloadPrior]) -> Vec<Entry> {
    let around = Around::of(directory, workloads);
    let found = found(directory, workloads, &around, |door| door < Door::Alone);
    if found.is_empty() {
        return self::found(directory, workloads, &around, |_| true);
    }
    found
}

/// What decides about doors: who is called, which are queues, what is routed to.
struct Around {
    routed: Vec<ServiceId>,
    called: BTreeSet<WorkloadId>,
    queues: BTreeSet<WorkloadId>,
}

impl Around {
    fn of(directory: &Directory<'_>, workloads: &[WorkloadPrior]) -> Self {
        let calls = workloads.iter().flat_map(|prior| &prior.calls);
        let callees = calls
            .filter_map(|call| call.to)
            .flat_map(|to| directory.behind(to));
        let queues = workloads
            .iter()
            .filter(|prior| prior.runtime.role() == Some(Role::Queue));
        Self {
            routed: routed(directory),
            called: callees.copied().collect(),
            queues: queues.map(|prior| prior.workload).collect(),
        }
    }
}

fn found(
    directory: &Directory<'_>,
    workloads: &[WorkloadPrior],
    around: &Around,
    counts: impl Fn(Door) -> bool,
) -> Vec<Entry> {
    let candidates = workloads.iter().filter(|prior| may_be_entry(prior));
    candidates
        .filter_map(|prior| {
            let services = directory.in_front_of(prior.workload);
            let doors = services
                .iter()
                .filter_map(|id| Some((door(directory, prior, around, *id)?, *id)));
            let (door, service) = doors.min().filter(|(door, _)| counts(*door))?;
            Some(Entry {
                service,
                workload: prior.workload,
                door,
                aliases: services
                    .iter()
                    .copied()
                    .filter(|id| *id != service)
                    .collect(),
            })
        })
        .collect()
}

/// Stores, caches, queues, load generators and what only sleeps are not what users open.
fn may_be_entry(prior: &WorkloadPrior) -> bool {
    !prior.generator && prior.runtime.role().is_none() && prior.runtime != Runtime::Pause
}

fn door(
    directory: &Directory<'_>,
    prior: &WorkloadPrior,
    around: &Around,
    service: ServiceId,
) -> Option<Door> {
    let spec = &directory.objects.services[service.index()].spec;
    if spec.ports.is_empty() {
        // It gives pods their names, and nothing can be sent to it.
        return None;
    }
    match spec.kind.as_str() {
        "LoadBalancer" => Some(Door::LoadBalancer),
        _ if around.routed.contains(&service) => Some(Door::Ingress),
        "NodePort" => Some(Door::NodePort),
        _ if around.called.contains(&prior.workload) => None,
        _ if calls_a_server(directory, prior, around) => Some(Door::Uncalled),
        _ => Some(Door::Alone),
    }
}

/// Whether it calls anything but queues: what only reads a queue serves nobody.
fn calls_a_server(directory: &Directory<'_>, prior: &WorkloadPrior, around: &Around) -> bool {
    let is_queue = |to: ServiceId| {
        let mut behind = directory.behind(to).iter();
        behind.any(|workload| around.queues.contains(workload))
    };
    prior
        .calls
        .iter()
        .filter_map(|call| call.to)
        .any(|to| !is_queue(to))
}

/// Services that an Ingress or HTTPRoute sends to.
fn routed(directory: &Directory<'_>) -> Vec<ServiceId> {
    let mut found = Vec::new();
    for plain in directory
        .objects
        .plain
        .iter()
        .filter(|plain| plain.header.exists())
    {
        let reference = &plain.header.reference;
        if let Kind::Other(kind) = &reference.kind
            && matches!(
                kind.as_str(),
                "Ingress" | "HTTPRoute" | "GRPCRoute" | "VirtualService"
            )
        {
            collect(
                directory,
                &reference.namespace,
                &plain.header.doc["spec"],
                &mut found,
            );
        }
    }
    found
}

/// Every `service.name`, `backendRefs[].name` and `destination.host` below `value` that is a Service.
fn collect(directory: &Directory<'_>, namespace: &str, value: &Value, found: &mut Vec<ServiceId>) {
    let named = [
        &value["service"]["name"],
        &value["serviceName"],
        &value["destination"]["host"],
    ];
    let listed = value["backendRefs"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| &item["name"]);
    for name in named.into_iter().chain(listed).filter_map(Value::as_str) {
        found.extend(directory.service(namespace, name.split('.').next().unwrap_or(name)));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|v| collect(directory, namespace, v, found)),
        Value::Object(map) => map
            .values()
            .for_each(|v| collect(directory, namespace, v, found)),
        _ => {}
    }
}

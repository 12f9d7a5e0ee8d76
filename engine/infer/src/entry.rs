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
    /// The workloads behind it, in order.
    pub workloads: Vec<WorkloadId>,
    /// How they reach it.
    pub door: Door,
    /// Other Services of the same workloads: they name the same entry.
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
    /// Service of type NodePort of a workload that others in the cluster call, and nothing above is there.
    CalledNodePort,
    /// Nobody calls it, it calls nobody, and nothing else could be an entry.
    Alone,
}

impl Entry {
    /// Whether a Service names this entry.
    #[must_use]
    pub fn is_named_by(&self, service: ServiceId) -> bool {
        self.service == service || self.aliases.contains(&service)
    }

    /// A further workload behind the Service, with the other Services in front of it.
    fn take_in(&mut self, workload: WorkloadId, services: impl Iterator<Item = ServiceId>) {
        self.workloads.push(workload);
        for service in services {
            if !self.aliases.contains(&service) {
                self.aliases.push(service);
            }
        }
    }
}

/// All entries, in the order of their workloads: a workload with several Services is one entry,
/// reached by the Service with the surest door (of equal ones the first), and so are several
/// workloads behind one Service. What is less sure counts where nothing surer is there.
#[must_use]
pub fn entries(directory: &Directory<'_>, workloads: &[WorkloadPrior]) -> Vec<Entry> {
    let around = Around::of(directory, workloads);
    let doors = [Door::Uncalled, Door::CalledNodePort, Door::Alone];
    let found = doors
        .into_iter()
        .map(|least| found(directory, workloads, &around, least));
    found
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default()
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

/// The entries with doors down to `least`.
fn found(
    directory: &Directory<'_>,
    workloads: &[WorkloadPrior],
    around: &Around,
    least: Door,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for prior in workloads.iter().filter(|prior| may_be_entry(prior)) {
        let services = directory.in_front_of(prior.workload);
        let doors = services
            .iter()
            .filter_map(|id| Some((door(directory, prior, around, *id)?, *id)));
        let Some((door, service)) = doors.min().filter(|(door, _)| *door <= least) else {
            continue;
        };
        let others = services.iter().copied().filter(|id| *id != service);
        match entries.iter_mut().find(|entry| entry.service == service) {
            Some(entry) => entry.take_in(prior.workload, others),
            None => entries.push(Entry {
                service,
                workloads: [prior.workload].into(),
                door,
                aliases: others.collect(),
            }),
        }
    }
    entries
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
    let called = around.called.contains(&prior.workload);
    match spec.kind.as_str() {
        "LoadBalancer" => Some(Door::LoadBalancer),
        _ if around.routed.contains(&service) => Some(Door::Ingress),
        "NodePort" if called => Some(Door::CalledNodePort),
        "NodePort" => Some(Door::NodePort),
        _ if called => None,
        _ if prior.monitoring => Some(Door::Alone),
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

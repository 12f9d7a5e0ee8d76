//! The endpoints controller: which pods stand behind a Service, and which of them get traffic.
//!
//! Looked at per pod that changed and per Service that changed; pods of one
//! template share their labels, so that a rollout asks each selector once.
//! Source: pkg/controller/endpointslice; staging/src/k8s.io/endpointslice/utils.go.

use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::kubernetes::Labels;
use aegis_model::objects::{ConditionStatus, Endpoint, Pod, Service};
use aegis_model::{Overlay, PodId, ServiceId};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Brings endpoints up to date with the pods and Services that changed.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, _: &mut Journal) {
    if !cluster.workings.control.dirty_services.is_empty() {
        let services = core::mem::take(&mut cluster.workings.control.dirty_services);
        for service in services.iter() {
            rebuild(cluster, *service);
        }
    }
    if !cluster.workings.control.dirty_pods.is_empty() {
        let pods = cluster.workings.control.dirty_pods.clone();
        let mut memory = Selecting::default();
        for pod in pods.iter() {
            follow(cluster, *pod, &mut memory);
        }
    }
}

/// Services that select the labels looked at last.
#[derive(Default)]
struct Selecting {
    labels: Option<Arc<Labels>>,
    services: Vec<ServiceId>,
}

impl Selecting {
    fn of<P>(&mut self, cluster: &Cluster<P>, pod: &Pod) -> &[ServiceId] {
        let same = |labels: &Arc<Labels>| Arc::ptr_eq(labels, &pod.labels);
        if !self.labels.as_ref().is_some_and(same) {
            self.labels = Some(pod.labels.clone());
            let services = cluster.objects.services.enumerate();
            self.services = services
                .filter(|(_, service)| selects(service, pod))
                .map(|(index, _)| ServiceId::from(index))
                .collect();
        }
        &self.services
    }
}

/// Whether a Service's selector meets a pod; one without a selector has its endpoints made by hand.
fn selects(service: &Service, pod: &Pod) -> bool {
    service.header.exists()
        && !service.spec.selector.is_empty()
        && service.spec.kind != "ExternalName"
        && service.header.reference.namespace == pod.namespace
        && (service.spec.selector.iter()).all(|(key, value)| pod.labels.get(key) == Some(value))
}

/// A pod as an endpoint: it has an address, and has not ended.
fn endpoint(service: &Service, id: PodId, pod: &Pod) -> Option<Endpoint> {
    let counts = pod.exists() && has_address(pod) && !pod.phase.is_terminal();
    let terminating = pod.deletion.is_some();
    let published = service.spec.publish_not_ready_addresses;
    counts.then_some(Endpoint {
        pod: id,
        ready: published || (pod.is_ready() && !terminating),
        terminating,
    })
}

/// Whether the pod has an address: its sandbox is up. Of a pod that was ready when it was found, it
/// is known without being said.
fn has_address(pod: &Pod) -> bool {
    let sandbox = pod.conditions.sandbox.status == ConditionStatus::True;
    pod.node.is_some() && (sandbox || pod.is_ready())
}

/// Computes the endpoints of a Service from all pods of its namespace.
fn rebuild<P>(cluster: &mut Cluster<P>, id: ServiceId) {
    let objects = &cluster.objects;
    let service = &objects.services[id.index()];
    if !service.header.exists() {
        return;
    }
    let namespace = &service.header.reference.namespace;
    let workloads = objects.workloads.iter();
    let pods = workloads
        .filter(|row| row.header.reference.namespace == *namespace)
        .flat_map(|row| row.pods.iter().copied());
    let mut endpoints: Vec<Endpoint> = pods
        .filter_map(|pod| {
            let row = &objects.pods[pod.index()];
            selects(service, row).then(|| endpoint(service, pod, row))?
        })
        .collect();
    endpoints.sort_by_key(|endpoint| endpoint.pod);
    if *service.endpoints != endpoints {
        cluster.objects.services[id.index()].endpoints = Arc::new(endpoints);
        cluster.workings.index.topology_dirty = true;
    }
}

/// Enters, changes or removes one pod in the Services that select it, or did.
fn follow<P>(cluster: &mut Cluster<P>, id: PodId, memory: &mut Selecting) {
    let pod = &cluster.objects.pods[id.index()];
    let selecting = memory.of(cluster, pod);
    let mut writes: Vec<(ServiceId, Option<Endpoint>)> = Vec::new();
    for (index, service) in cluster.objects.services.enumerate() {
        let service_id = ServiceId::from(index);
        let present = place_of(service, id).ok();
        let present = present.map(|place| service.endpoints[place]);
        let wanted = if selecting.contains(&service_id) {
            endpoint(service, id, pod)
        } else {
            None
        };
        if present != wanted {
            writes.push((service_id, wanted));
        }
    }
    for (service, wanted) in writes {
        write(cluster, service, id, wanted);
    }
}

fn place_of(service: &Service, pod: PodId) -> Result<usize, usize> {
    (service.endpoints).binary_search_by_key(&pod, |endpoint| endpoint.pod)
}

fn write<P>(cluster: &mut Cluster<P>, service: ServiceId, pod: PodId, wanted: Option<Endpoint>) {
    let row = &mut cluster.objects.services[service.index()];
    let place = place_of(row, pod);
    let endpoints = Arc::make_mut(&mut row.endpoints);
    match (place, wanted) {
        (Ok(place), Some(endpoint)) => endpoints[place] = endpoint,
        (Ok(place), None) => drop(endpoints.remove(place)),
        (Err(place), Some(endpoint)) => endpoints.insert(place, endpoint),
        (Err(_), None) => {}
    }
    cluster.workings.index.topology_dirty = true;
}

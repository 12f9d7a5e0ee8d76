//! Traffic limits that an operator sets by annotation: workers, queue, retries, time-outs, shedding.
//!
//! A mesh or a gateway enforces them in life; here they change the numbers of a
//! class or an edge. What cannot be read changes nothing.

use super::routes::Found;
use crate::conduct::TRAFFIC;
use aegis_cluster::Cluster;
use aegis_cluster::workings::Site;
use aegis_model::kubernetes::Labels;
use aegis_model::{ServiceId, WorkloadId};
use aegis_solver::{Class, Edge};
use core::str::FromStr;

/// The value of `traffic.aegis.dev/WHAT`, or of `traffic.aegis.dev/WHAT.SERVICE`.
fn read<T: FromStr>(annotations: &Labels, what: &str, service: Option<&str>) -> Option<T> {
    let asked = |key: &str| {
        let rest = key.strip_prefix(TRAFFIC);
        let rest = rest.and_then(|rest| rest.strip_prefix(what));
        rest.is_some_and(|rest| match service {
            Some(name) => rest.strip_prefix('.') == Some(name),
            None => rest.is_empty(),
        })
    };
    let found = annotations.iter().find(|(key, _)| asked(key));
    found?.1.parse().ok()
}

/// A class with the limits of its workload.
pub fn of_class<P>(cluster: &Cluster<P>, site: &Site, mut class: Class) -> Class {
    let annotations = &cluster.objects.workloads[site.workload.index()]
        .header
        .annotations;
    if let Some(workers) = read::<u32>(annotations, "workers", None) {
        class.workers = class.workers.min(workers.max(1));
    }
    if let Some(queue) = read::<u32>(annotations, "queue", None) {
        class.queue = class.queue.min(queue);
    }
    class
}

/// An edge with what its caller was told of tries and time-outs.
pub fn of_edge<P>(
    cluster: &Cluster<P>,
    caller: WorkloadId,
    to: Option<ServiceId>,
    mut edge: Edge,
) -> Edge {
    let annotations = &cluster.objects.workloads[caller.index()].header.annotations;
    let Some(to) = to.filter(|_| !annotations.is_empty()) else {
        return edge;
    };
    let name = &cluster.objects.services[to.index()].header.reference.name;
    if let Some(retries) = read::<u32>(annotations, "retries", Some(name)) {
        edge.retries = retries.min(100);
    }
    let timeout = read::<f64>(annotations, "timeout", Some(name));
    if let Some(timeout) = timeout.filter(|seconds| *seconds > 0.0 && seconds.is_finite()) {
        edge.timeout = timeout;
    }
    edge
}

/// Turns a share of an entry's requests away at once.
pub fn shed<P>(cluster: &Cluster<P>, entry: ServiceId, found: &mut Found) {
    let annotations = &cluster.objects.services[entry.index()].header.annotations;
    let Some(share) =
        read::<f64>(annotations, "shed", None).filter(|share| (0.0..=1.0).contains(share))
    else {
        return;
    };
    let kept = 1.0 - share;
    for route in &mut found.routes {
        route.share *= kept;
    }
    found.dead.unresolved *= kept;
    found.dead.dropped *= kept;
    found.dead.refused = found.dead.refused * kept + share;
}

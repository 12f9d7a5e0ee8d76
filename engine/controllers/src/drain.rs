//! `kubectl drain`: a client that evicts a node's pods one after the other, and tries again what was refused.

use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::{NodeId, Overlay, PodId};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Seconds until a refused eviction is tried again. Source: kubectl pkg/drain/drain.go.
const RETRY: u32 = 5;

/// Lets each drain under way evict what it may.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, _: &mut Journal) {
    if cluster.workings.control.drains.is_empty() {
        return;
    }
    let now = cluster.clock;
    for drain in cluster.workings.control.drains.clone().iter() {
        if drain.retry <= now {
            evict_all(cluster, drain.node);
        }
    }
    let drained = |node: NodeId| api::is_drained(cluster, node);
    let mut drains = Vec::clone(&cluster.workings.control.drains);
    drains.retain(|drain| !drained(drain.node));
    for drain in drains.iter_mut().filter(|drain| drain.retry <= now) {
        drain.retry = now.after(RETRY);
    }
    cluster.workings.control.drains = Arc::new(drains);
}

fn evict_all<P>(cluster: &mut Cluster<P>, node: NodeId) {
    let pods: Vec<PodId> = api::evictable(cluster, node).collect();
    for pod in pods {
        // A refusal is met by trying again.
        let _ = api::evict(cluster, pod);
    }
}

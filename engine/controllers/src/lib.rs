//! The controllers' round: whatever changed since the last one is looked at once, in order of id.
//!
//! Each controller has a work queue, as in Kubernetes; a workload enters it when
//! its spec or one of its pods changes, or when a timer of its runs out. What has
//! nothing to do costs nothing.
#![no_std]

extern crate alloc;

pub mod autoscaler;
mod claims;
mod conditions;
pub mod cron_job;
pub mod daemon_set;
pub mod deployment;
pub mod disruption;
pub mod drain;
pub mod endpoints;
mod garbage_collector;
pub mod job;
pub mod metrics_server;
pub mod node_lifecycle;
mod orphans;
mod owned;
mod refusals;
pub mod replica_set;
mod revisions;
pub mod spinning;
mod stateful_set;
pub mod storage;

use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::kubernetes::Kind;
use aegis_model::{Overlay, WorkloadId};
use alloc::vec::Vec;

/// One round of all controllers.
pub fn step<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    let now = cluster.clock;
    cluster.workings.control.take_batch(now);
    drain::step(cluster, overlay, draws, journal);
    deployment::step(cluster, overlay, draws, journal);
    replica_set::step(cluster, overlay, draws, journal);
    stateful_set::step(cluster, overlay, draws, journal);
    storage::step(cluster, overlay, draws, journal);
    daemon_set::step(cluster, overlay, draws, journal);
    job::step(cluster, overlay, draws, journal);
    cron_job::step(cluster, overlay, draws, journal);
    endpoints::step(cluster, overlay, draws, journal);
    disruption::step(cluster, overlay, draws, journal);
    garbage_collector::step(cluster);
    aegis_cluster::api::collect_namespaces(cluster);
    aegis_cluster::api::settle_quotas(cluster);
    autoscaler::step(cluster, overlay, draws, journal);
}

/// Workloads of a kind that this round looks at; those that are deleted, or are to be, are left out.
pub(crate) fn batch_of<P>(cluster: &Cluster<P>, kind: &Kind) -> Vec<WorkloadId> {
    let batch = cluster.workings.control.batch.iter().copied();
    let wanted = batch.filter(|id| {
        let header = &cluster.objects.workloads[id.index()].header;
        header.exists() && header.deletion.is_none() && header.reference.kind == *kind
    });
    wanted.collect()
}

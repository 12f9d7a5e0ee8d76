//! Rollouts: one ReplicaSet grows while the others shrink, or all shrink before it grows.
//!
//! Source: pkg/controller/deployment/{rolling,recreate}.go.

use super::scaling::{resize, size_of, total};
use super::{Desk, Strategy};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_model::ReplicaSetId;
use core::ops::ControlFlow;

/// One step of a rolling update: up, down, and up again into the room that this made. Upstream does
/// each in a sync of its own, milliseconds apart.
pub(super) fn roll<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) {
    grow_new(cluster, desk, journal);
    shrink_old(cluster, desk, journal);
    grow_new(cluster, desk, journal);
}

fn grow_new<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) {
    if let Some(new) = desk.new {
        let size = wanted_size(cluster, desk, new);
        resize(cluster, desk, new, size, journal);
    }
}

/// The size that the new set may have now.
pub(super) fn wanted_size<P>(cluster: &Cluster<P>, desk: &Desk, new: ReplicaSetId) -> u32 {
    let present = size_of(cluster, new);
    if desk.strategy == Strategy::Recreate || present >= desk.replicas {
        return desk.replicas;
    }
    let room = (desk.replicas + desk.max_surge()).saturating_sub(total(cluster, desk));
    present + room.min(desk.replicas - present)
}

/// Takes pods of old sets away: unhealthy ones first, then as many as availability allows.
fn shrink_old<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) {
    let needed = desk.replicas - desk.max_unavailable();
    let new_unavailable = desk.new.map_or(0, |new| {
        size_of(cluster, new).saturating_sub(available(cluster, new))
    });
    let removable = total(cluster, desk).saturating_sub(needed + new_unavailable);
    if removable == 0 {
        return;
    }
    let mut left = removable;
    for set in &desk.old {
        let unhealthy = size_of(cluster, *set).saturating_sub(available(cluster, *set));
        left -= shrink(cluster, desk, *set, unhealthy.min(left), journal);
    }
    let surplus: u32 = desk.sets().map(|set| available(cluster, set)).sum();
    let mut left = surplus.saturating_sub(needed);
    for set in &desk.old {
        let present = size_of(cluster, *set);
        left -= shrink(cluster, desk, *set, present.min(left), journal);
    }
}

fn shrink<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    set: ReplicaSetId,
    by: u32,
    journal: &mut Journal,
) -> u32 {
    if by > 0 {
        let size = size_of(cluster, set) - by;
        resize(cluster, desk, set, size, journal);
    }
    by
}

fn available<P>(cluster: &Cluster<P>, set: ReplicaSetId) -> u32 {
    cluster.objects.replica_sets[set.index()].status.available
}

/// One step of `Recreate`: no new pod before the last old one is gone.
pub(super) fn recreate<P>(
    cluster: &mut Cluster<P>,
    desk: &mut Desk,
    journal: &mut Journal,
) -> ControlFlow<()> {
    let mut shrunk = false;
    for set in desk.old.clone() {
        shrunk |= resize(cluster, desk, set, 0, journal);
    }
    if shrunk || runs_old_pods(cluster, desk) {
        return ControlFlow::Continue(());
    }
    desk.make_revision(cluster, journal)?;
    if let Some(new) = desk.new {
        resize(cluster, desk, new, desk.replicas, journal);
    }
    ControlFlow::Continue(())
}

/// Whether a pod of an old set still runs or terminates.
fn runs_old_pods<P>(cluster: &Cluster<P>, desk: &Desk) -> bool {
    let pods = &cluster.objects.workloads[desk.id.index()].pods;
    pods.iter().any(|pod| {
        let row = &cluster.objects.pods[pod.index()];
        let set_is_old = row.replica_set.is_some_and(|set| Some(set) != desk.new);
        row.exists() && set_is_old && !row.phase.is_terminal()
    })
}

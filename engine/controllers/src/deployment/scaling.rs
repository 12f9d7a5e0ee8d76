//! Scaling outside a rollout, and in the middle of one.
//!
//! Source: pkg/controller/deployment/sync.go `scale`, deployment_util.go `GetReplicaSetProportion`.

use super::{Desk, Strategy, annotate, report};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::Slot;
use aegis_model::ReplicaSetId;
use alloc::format;
use alloc::vec::Vec;

/// Annotation with the size that the Deployment had when it last sized the set.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// Annotation with that size and the surge.
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";

/// `spec.replicas` of a set.
pub(super) fn size_of<P>(cluster: &Cluster<P>, set: ReplicaSetId) -> u32 {
    cluster.objects.replica_sets[set.index()].replicas
}

/// Pods that all sets are to have.
pub(super) fn total<P>(cluster: &Cluster<P>, desk: &Desk) -> u32 {
    desk.sets().map(|set| size_of(cluster, set)).sum()
}

/// Whether the Deployment's size changed since its sets were sized.
pub(super) fn is_due<P>(cluster: &Cluster<P>, desk: &Desk) -> bool {
    active(cluster, desk)
        .into_iter()
        .any(|set| annotation(cluster, set, DESIRED).is_some_and(|size| size != desk.replicas))
}

fn annotation<P>(cluster: &Cluster<P>, set: ReplicaSetId, key: &str) -> Option<u32> {
    let header = &cluster.objects.replica_sets[set.index()].header;
    header.annotations.get(key)?.parse().ok()
}

fn active<P>(cluster: &Cluster<P>, desk: &Desk) -> Vec<ReplicaSetId> {
    desk.sets()
        .filter(|set| size_of(cluster, *set) > 0)
        .collect()
}

/// Sets the size of a set without saying so. Returns whether it changed.
pub(super) fn set_size<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    set: ReplicaSetId,
    size: u32,
) -> bool {
    let slot = Slot::ReplicaSet(set);
    annotate(cluster, slot, DESIRED, desk.replicas);
    let maximum = desk.replicas + desk.max_surge();
    annotate(cluster, slot, MAXIMUM, maximum);
    let row = &mut cluster.objects.replica_sets[set.index()];
    if row.replicas == size {
        return false;
    }
    row.replicas = size;
    // A new set is created with its size: the API server has not seen it smaller.
    let is_new = row.header.created == cluster.clock && row.status.observed_generation == 0;
    row.header.generation += u32::from(!is_new);
    cluster.workings.control.enqueue(desk.id);
    true
}

/// Sets the size of a set and records the Event. Returns whether it changed.
pub(super) fn resize<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    set: ReplicaSetId,
    size: u32,
    journal: &mut Journal,
) -> bool {
    let before = size_of(cluster, set);
    if !set_size(cluster, desk, set, size) {
        return false;
    }
    let name = &cluster.objects.replica_sets[set.index()]
        .header
        .reference
        .name;
    let direction = if size > before { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {name} from {before} to {size}");
    report(cluster, desk.id, &message, journal);
    true
}

/// Brings the sets to the Deployment's size: the only one, the old ones behind a complete new one,
/// or all in proportion.
pub(super) fn scale<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) {
    if let Some(set) = only_set(cluster, desk) {
        resize(cluster, desk, set, desk.replicas, journal);
    } else if is_saturated(cluster, desk) {
        for set in &desk.old {
            if size_of(cluster, *set) > 0 {
                resize(cluster, desk, *set, 0, journal);
            }
        }
    } else if desk.strategy != Strategy::Recreate {
        scale_in_proportion(cluster, desk, journal);
    }
}

/// The one active set; without any, the new one, or the latest.
fn only_set<P>(cluster: &Cluster<P>, desk: &Desk) -> Option<ReplicaSetId> {
    match active(cluster, desk).as_slice() {
        [] => desk.new.or_else(|| desk.old.last().copied()),
        [only] => Some(*only),
        _ => None,
    }
}

/// Whether the new set alone has all the pods that the Deployment wants, available.
fn is_saturated<P>(cluster: &Cluster<P>, desk: &Desk) -> bool {
    let Some(set) = desk.new else {
        return false;
    };
    let row = &cluster.objects.replica_sets[set.index()];
    row.replicas == desk.replicas
        && annotation(cluster, set, DESIRED) == Some(desk.replicas)
        && row.status.available == desk.replicas
}

fn scale_in_proportion<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) {
    let allowed = match desk.replicas {
        0 => 0,
        replicas => i64::from(replicas + desk.max_surge()),
    };
    let mut sets = active(cluster, desk);
    let to_add = allowed - i64::from(total(cluster, desk));
    // The largest first; of equal ones the newer when growing, the older when shrinking.
    sets.sort_by_key(|set| {
        let age = i64::from(set.0);
        let second = if to_add > 0 { -age } else { age };
        (core::cmp::Reverse(size_of(cluster, *set)), second)
    });
    let mut sizes: Vec<i64> = Vec::new();
    let mut added = 0;
    for set in &sets {
        let share = proportion(cluster, desk, *set, to_add, added);
        sizes.push(i64::from(size_of(cluster, *set)) + share);
        added += share;
    }
    if let Some(first) = sizes.first_mut().filter(|_| to_add != 0) {
        *first = (*first + to_add - added).max(0);
    }
    for (set, size) in sets.iter().zip(sizes) {
        let size = u32::try_from(size).unwrap_or(0);
        resize(cluster, desk, *set, size, journal);
    }
}

/// What a set gets of the pods to add (or, below 0, to take away).
fn proportion<P>(
    cluster: &Cluster<P>,
    desk: &Desk,
    set: ReplicaSetId,
    to_add: i64,
    added: i64,
) -> i64 {
    if to_add == 0 || to_add == added {
        return 0;
    }
    let fraction = fraction(cluster, desk, set);
    let allowed = to_add - added;
    if to_add > 0 {
        fraction.min(allowed)
    } else {
        fraction.max(allowed)
    }
}

fn fraction<P>(cluster: &Cluster<P>, desk: &Desk, set: ReplicaSetId) -> i64 {
    let size = i64::from(size_of(cluster, set));
    if desk.replicas == 0 {
        return -size;
    }
    let status = cluster.objects.workloads[desk.id.index()].status.replicas;
    let before = annotation(cluster, set, MAXIMUM).unwrap_or(status);
    if before == 0 {
        return 0;
    }
    let scaled = size * i64::from(desk.replicas + desk.max_surge());
    let before = i64::from(before);
    // Rounded to the nearest, halves up.
    (2 * scaled + before) / (2 * before) - size
}

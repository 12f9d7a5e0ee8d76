//! The controllers of volumes: claims and volumes find each other, volumes are made, grow, are
//! given back and go.
//!
//! Sources: pkg/controller/volume/{persistentvolume,pvcprotection,pvprotection,expand},
//! kubernetes-csi/external-provisioner and external-resizer. A round looks at what changed, and at
//! claims that wait every 15 s, the controller's resync; a cluster without claims costs nothing.

mod bind;
mod ephemeral;
mod provision;
mod reclaim;
mod resize;

use aegis_cluster::Cluster;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::storage;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::StorageJob;
use aegis_model::objects::{ClaimPhase, Severity};
use aegis_model::{ClaimId, Overlay, VolumeId};

/// Seconds after which a claim that waits is looked at again (`--pvclaimbinder-sync-period`).
const RESYNC: u32 = 15;
/// Rounds in which claims and volumes follow each other within one tick; a binding takes two.
const ROUNDS: usize = 4;
const SOURCE: Source = Source::of("persistentvolume-controller");

/// What the volume controllers do in one second.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    for _ in 0..ROUNDS {
        let now = cluster.clock;
        let Some(round) = cluster.workings.storage.take_round(now) else {
            return;
        };
        for job in round.jobs {
            carry_out(cluster, journal, job);
        }
        for pod in round.pods {
            ephemeral::make(cluster, pod);
        }
        for volume in round.volumes {
            sync_volume(cluster, journal, volume);
        }
        for claim in round.claims {
            sync_claim(cluster, journal, claim);
        }
    }
}

fn carry_out<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, job: StorageJob) {
    match job {
        StorageJob::Sync(claim) => sync_claim(cluster, journal, claim),
        StorageJob::Provision(claim) => provision::finish(cluster, journal, claim),
        StorageJob::Delete(volume) => reclaim::finish_delete(cluster, volume),
        StorageJob::Recycle(volume) => reclaim::finish_recycle(cluster, journal, volume),
        StorageJob::Grow(claim) => resize::finish(cluster, journal, claim),
    }
}

fn sync_claim<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let row = &cluster.objects.claims[id.index()];
    if !row.header.exists() {
        return;
    }
    if row.deletion.is_some() && cluster.workings.storage.users(id).is_empty() {
        return storage::remove_claim(cluster, id);
    }
    match row.phase {
        ClaimPhase::Pending => bind::sync_unbound(cluster, journal, id),
        ClaimPhase::Bound => {
            bind::sync_bound(cluster, journal, id);
            resize::sync(cluster, journal, id);
        }
        ClaimPhase::Lost => {}
    }
}

fn sync_volume<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, id: VolumeId) {
    if cluster.objects.volumes[id.index()].header.exists() {
        bind::sync_volume(cluster, journal, id);
    }
}

/// Reports an Event about a claim.
fn say<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    claim: ClaimId,
    severity: Severity,
    reason: &str,
    message: &str,
) {
    let object = cluster.objects.claims[claim.index()]
        .header
        .reference
        .clone();
    record(cluster, journal, severity, reason, message, &object, SOURCE);
}

/// What a component beside the controllers says of a claim.
fn say_as<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    claim: ClaimId,
    component: &'static str,
    (reason, message): (&str, &str),
) {
    let object = cluster.objects.claims[claim.index()]
        .header
        .reference
        .clone();
    let (normal, source) = (Severity::Normal, Source::of(component));
    record(cluster, journal, normal, reason, message, &object, source);
}

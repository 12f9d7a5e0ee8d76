//! Claims and volumes find each other (pkg/controller/volume/persistentvolume/pv_controller.go).

use super::{RESYNC, provision, reclaim, say};
use aegis_cluster::Cluster;
use aegis_cluster::api::{self, storage};
use aegis_cluster::journal::Journal;
use aegis_cluster::volumes::{self, Seeker};
use aegis_cluster::workings::StorageJob;
use aegis_model::kubernetes::VolumeBindingMode;
use aegis_model::objects::{ClaimPhase, Severity, VolumePhase};
use aegis_model::{ClaimId, VolumeId};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;

/// Annotation of an object that the controller bound, not its user.
const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Annotation of a claim with the node for which its volume is made.
pub(super) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const GONE: &str = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
const NO_VOLUMES: &str =
    "no persistent volumes available for this claim and no storage class is set";

/// A claim without a volume: binds it, has a volume made, or says why it waits.
pub(super) fn sync_unbound<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    Arc::make_mut(&mut cluster.workings.storage.unbound).insert(id);
    assign_default_class(cluster, id);
    let row = &cluster.objects.claims[id.index()];
    let asked = row.spec.volume_name.clone();
    let had_one = row.header.annotations.contains_key(storage::BIND_COMPLETED);
    if asked.is_empty() {
        find_volume(cluster, journal, id);
    } else if had_one && storage::volume(cluster, &asked).is_none() {
        return lose(cluster, journal, id, "ClaimLost", GONE);
    } else {
        take_requested(cluster, journal, id, &asked);
    }
    if cluster.objects.claims[id.index()].phase == ClaimPhase::Pending {
        let again = StorageJob::Sync(id);
        if !cluster.workings.storage.is_planned(again) {
            let at = cluster.clock.after(RESYNC);
            cluster.workings.storage.later(at, again);
        }
    }
}

/// A claim that names no class gets the default one when there is one at last.
fn assign_default_class<P>(cluster: &mut Cluster<P>, id: ClaimId) {
    if cluster.objects.claims[id.index()]
        .spec
        .storage_class_name
        .is_some()
    {
        return;
    }
    if let Some(class) = storage::default_class(cluster) {
        storage::edit_claim(cluster, id, |document| {
            document["spec"]["storageClassName"] = class.as_str().into();
        });
    }
}

/// Whether the claim's class binds it only for a pod.
fn waits_for_pod<P>(cluster: &Cluster<P>, id: ClaimId) -> bool {
    let class = storage::class(cluster, cluster.objects.claims[id.index()].class());
    class.is_some_and(|class| {
        class.spec.volume_binding_mode == VolumeBindingMode::WaitForFirstConsumer
    })
}

fn find_volume<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let claim = &cluster.objects.claims[id.index()];
    let waits = waits_for_pod(cluster, id);
    let seeker = match waits {
        true => Seeker::ControllerThatWaits,
        false => Seeker::Controller,
    };
    if let Some(volume) = volumes::best_match(cluster, claim, seeker, &[]) {
        return bind(cluster, id, volume);
    }
    let selected = claim.header.annotations.contains_key(SELECTED_NODE);
    let has_class = !claim.class().is_empty();
    if waits && !selected {
        say_whom_it_waits_for(cluster, journal, id);
    } else if has_class {
        provision::begin(cluster, journal, id);
    } else {
        say(
            cluster,
            journal,
            id,
            Severity::Normal,
            "FailedBinding",
            NO_VOLUMES,
        );
    }
}

fn say_whom_it_waits_for<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let reference = &cluster.objects.claims[id.index()].header.reference;
    let waiting = cluster.workings.index.unbound().iter();
    let pods = waiting.map(|pod| &cluster.objects.pods[pod.index()]);
    let users = pods.filter(|pod| {
        pod.namespace == reference.namespace
            && storage::claim_names(&cluster.objects, pod).any(|(_, name)| name == reference.name)
    });
    let names: Vec<&str> = users.map(|pod| pod.name.as_str()).collect();
    let (reason, message) = match names.as_slice() {
        [] => (
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding".into(),
        ),
        [one] => (
            "WaitForPodScheduled",
            format!("waiting for pod {one} to be scheduled"),
        ),
        many => (
            "WaitForPodScheduled",
            format!("waiting for pods {} to be scheduled", many.join(",")),
        ),
    };
    say(cluster, journal, id, Severity::Normal, reason, &message);
}

/// The claim names a volume: it gets that one or none.
fn take_requested<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId, name: &str) {
    let Some(volume) = storage::volume(cluster, name) else {
        return;
    };
    let (row, claim) = (
        &cluster.objects.volumes[volume.index()],
        &cluster.objects.claims[id.index()],
    );
    if volumes::is_kept_for(row, claim) {
        return bind(cluster, id, volume);
    }
    if row.spec.claim_ref.is_some() {
        let message = format!("volume \"{name}\" already bound to a different claim.");
        return say(
            cluster,
            journal,
            id,
            Severity::Warning,
            "FailedBinding",
            &message,
        );
    }
    match volumes::mismatch(row, claim) {
        None => bind(cluster, id, volume),
        Some(why) => {
            let message = format!("Cannot bind to requested volume \"{name}\": {why}");
            say(
                cluster,
                journal,
                id,
                Severity::Warning,
                "VolumeMismatch",
                &message,
            );
        }
    }
}

/// Writes the binding into both, volume first.
pub(super) fn bind<P>(cluster: &mut Cluster<P>, id: ClaimId, volume: VolumeId) {
    let claim = &cluster.objects.claims[id.index()];
    let holder = storage::claim_reference(&claim.header);
    let named_by_user = !claim.spec.volume_name.is_empty();
    let kept = volumes::is_kept_for(&cluster.objects.volumes[volume.index()], claim);
    let name = cluster.objects.volumes[volume.index()]
        .header
        .reference
        .name
        .clone();
    storage::edit_volume(cluster, volume, |document| {
        document["spec"]["claimRef"] = holder;
        if !kept {
            annotate(document, BOUND_BY_CONTROLLER, "yes");
        }
    });
    set_phase(cluster, volume, VolumePhase::Bound);
    storage::edit_claim(cluster, id, |document| {
        document["spec"]["volumeName"] = name.as_str().into();
        annotate(document, storage::BIND_COMPLETED, "yes");
        if !named_by_user {
            annotate(document, BOUND_BY_CONTROLLER, "yes");
        }
    });
    let row = &cluster.objects.volumes[volume.index()];
    let (capacity, modes) = (row.capacity(), row.spec.access_modes.clone());
    let claim = &mut cluster.objects.claims[id.index()];
    claim.phase = ClaimPhase::Bound;
    claim.capacity = Some(capacity);
    claim.access_modes = modes;
    Arc::make_mut(&mut cluster.workings.storage.unbound).remove(&id);
    cluster.workings.scheduler.news.storage = true;
}

fn annotate(document: &mut Value, key: &str, value: &str) {
    document["metadata"]["annotations"][key] = value.into();
}

/// Sets `status.phase` of a volume.
pub(super) fn set_phase<P>(cluster: &mut Cluster<P>, id: VolumeId, phase: VolumePhase) {
    let now = cluster.clock;
    let row = &mut cluster.objects.volumes[id.index()];
    if row.phase == phase {
        return;
    }
    row.phase = phase;
    row.since = now;
    cluster.workings.scheduler.news.storage = true;
    if phase == VolumePhase::Available {
        cluster.workings.storage.mark_unbound();
    }
}

/// A bound claim whose volume is gone, or has another claim, is lost. A claim that came as bound
/// without its volume is believed.
pub(super) fn sync_bound<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let claim = &cluster.objects.claims[id.index()];
    let name = claim.spec.volume_name.clone();
    let Some(volume) = storage::volume(cluster, &name) else {
        let volumes = cluster.objects.volumes.iter();
        let was_there = volumes
            .map(|row| &row.header)
            .any(|h| h.reference.name == name);
        if was_there {
            lose(cluster, journal, id, "ClaimLost", GONE);
        }
        return;
    };
    let row = &cluster.objects.volumes[volume.index()];
    if row.spec.claim_ref.is_none() || volumes::is_kept_for(row, claim) {
        if row.phase != VolumePhase::Bound || row.spec.claim_ref.is_none() {
            bind(cluster, id, volume);
        }
        return;
    }
    let why = "Two claims are bound to the same volume, this one is bound incorrectly";
    lose(cluster, journal, id, "ClaimMisbound", why);
}

fn lose<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId, reason: &str, why: &str) {
    cluster.objects.claims[id.index()].phase = ClaimPhase::Lost;
    say(cluster, journal, id, Severity::Warning, reason, why);
    cluster.workings.scheduler.news.storage = true;
}

/// A volume: free, kept, bound, or given back.
pub(super) fn sync_volume<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, id: VolumeId) {
    let row = &cluster.objects.volumes[id.index()];
    let goes = row.deletion.is_some();
    let Some(holder) = row.spec.claim_ref.clone() else {
        return match goes {
            true => storage::remove_volume(cluster, id),
            false => set_phase(cluster, id, VolumePhase::Available),
        };
    };
    let claim = storage::claim(cluster, &holder.namespace, &holder.name);
    if holder.uid.is_empty() {
        if goes {
            return storage::remove_volume(cluster, id);
        }
        set_phase(cluster, id, VolumePhase::Available);
        if let Some(claim) = claim {
            cluster.workings.storage.mark_claim(claim);
        }
        return;
    }
    let held =
        claim.filter(|claim| api::uid(&cluster.objects.claims[claim.index()].header) == holder.uid);
    let Some(claim) = held else {
        return give_back(cluster, journal, id);
    };
    let wanted: String = cluster.objects.claims[claim.index()]
        .spec
        .volume_name
        .as_str()
        .into();
    if wanted.is_empty() {
        cluster.workings.storage.mark_claim(claim);
    } else if wanted == cluster.objects.volumes[id.index()].header.reference.name {
        set_phase(cluster, id, VolumePhase::Bound);
    } else {
        unbind(cluster, id);
    }
}

/// The claim is gone.
fn give_back<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, id: VolumeId) {
    let row = &cluster.objects.volumes[id.index()];
    if !matches!(row.phase, VolumePhase::Released | VolumePhase::Failed) {
        set_phase(cluster, id, VolumePhase::Released);
        return reclaim::begin(cluster, journal, id);
    }
    if row.deletion.is_some() {
        storage::remove_volume(cluster, id);
    }
}

/// The claim has another volume: this one is free again.
fn unbind<P>(cluster: &mut Cluster<P>, id: VolumeId) {
    let row = &cluster.objects.volumes[id.index()];
    let by_controller = row.header.annotations.contains_key(BOUND_BY_CONTROLLER);
    storage::edit_volume(cluster, id, |document| {
        let parent = match by_controller {
            true => document.get_mut("spec"),
            false => document.pointer_mut("/spec/claimRef"),
        };
        let key = if by_controller { "claimRef" } else { "uid" };
        if let Some(fields) = parent.and_then(Value::as_object_mut) {
            fields.remove(key);
        }
    });
    set_phase(cluster, id, VolumePhase::Available);
}

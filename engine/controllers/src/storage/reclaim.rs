//! What becomes of a volume whose claim is gone (pv_controller.go, `reclaimVolume`).

use super::SOURCE;
use super::bind::set_phase;
use super::provision::PROVISIONED_BY;
use aegis_cluster::Cluster;
use aegis_cluster::api::events::record;
use aegis_cluster::api::storage;
use aegis_cluster::journal::Journal;
use aegis_cluster::volumes;
use aegis_cluster::workings::StorageJob;
use aegis_model::VolumeId;
use aegis_model::kubernetes::ReclaimPolicy;
use aegis_model::objects::{Severity, VolumePhase};
use alloc::format;
use alloc::string::String;
use serde_json::Value;

/// Seconds that a driver takes to delete a volume, or a recycler to clean one.
const RECLAIMING: u32 = 2;

/// A volume is released: its policy is carried out.
pub(super) fn begin<P: Clone>(cluster: &mut Cluster<P>, journal: &mut Journal, id: VolumeId) {
    let row = &cluster.objects.volumes[id.index()];
    let policy = row.spec.persistent_volume_reclaim_policy;
    let at = cluster.clock.after(RECLAIMING);
    match policy.unwrap_or(ReclaimPolicy::Retain) {
        ReclaimPolicy::Retain if row.deletion.is_some() => storage::remove_volume(cluster, id),
        ReclaimPolicy::Retain => {}
        ReclaimPolicy::Delete => match undeletable(cluster, id) {
            None => cluster.workings.storage.later(at, StorageJob::Delete(id)),
            Some(why) => fail(cluster, journal, id, &why),
        },
        ReclaimPolicy::Recycle => cluster.workings.storage.later(at, StorageJob::Recycle(id)),
    }
}

/// Why nobody deletes the volume; `None` where its provisioner does.
fn undeletable<P>(cluster: &Cluster<P>, id: VolumeId) -> Option<String> {
    let row = &cluster.objects.volumes[id.index()];
    let by = row.header.annotations.get(PROVISIONED_BY);
    if by.is_some_and(|name| volumes::driver(cluster, name).is_some()) || row.spec.csi.is_some() {
        return None;
    }
    let name = &row.header.reference.name;
    let path = row
        .header
        .doc
        .pointer("/spec/hostPath/path")
        .and_then(Value::as_str);
    match path {
        Some(path) if path.starts_with("/tmp/") => None,
        Some(path) => Some(format!(
            "host_path deleter only supports /tmp/.+ but received provided {path}"
        )),
        None => Some(format!(
            "error getting deleter volume plugin for volume \"{name}\": no deletable volume plugin matched"
        )),
    }
}

fn fail<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: VolumeId, why: &str) {
    set_phase(cluster, id, VolumePhase::Failed);
    let row = &mut cluster.objects.volumes[id.index()];
    row.message = Some(why.into());
    let object = row.header.reference.clone();
    let reason = "VolumeFailedDelete";
    record(
        cluster,
        journal,
        Severity::Warning,
        reason,
        why,
        &object,
        SOURCE,
    );
}

/// The driver has deleted the volume, and with it goes its object.
pub(super) fn finish_delete<P>(cluster: &mut Cluster<P>, id: VolumeId) {
    let row = &cluster.objects.volumes[id.index()];
    if row.header.exists() && row.phase == VolumePhase::Released {
        storage::remove_volume(cluster, id);
    }
}

/// The volume is empty and free for any claim.
pub(super) fn finish_recycle<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: VolumeId) {
    let row = &cluster.objects.volumes[id.index()];
    if !row.header.exists() || row.phase != VolumePhase::Released {
        return;
    }
    let object = row.header.reference.clone();
    let said = "Volume recycled";
    record(
        cluster,
        journal,
        Severity::Normal,
        "VolumeRecycled",
        said,
        &object,
        SOURCE,
    );
    storage::edit_volume(cluster, id, |document| {
        if let Some(spec) = document.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("claimRef");
        }
    });
    set_phase(cluster, id, VolumePhase::Available);
}

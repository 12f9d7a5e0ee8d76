//! Objects that finalizers keep: their deletion is under way until nothing holds them any more.
//!
//! Source: apiserver/pkg/registry/rest/delete.go, registry/generic/registry/store.go;
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/>.

use super::validate;
use super::{delete, error::ApiError, pods};
use crate::cluster::Cluster;
use crate::workings::{Slot, header, header_mut};
use aegis_model::PodId;
use aegis_model::kubernetes::{Kind, ObjectRef};
use alloc::format;
use alloc::vec::Vec;
use serde_json::Value;

/// Finalizers that a controller which is simulated, or stood in for, takes away itself, by their beginning.
const SERVED: [&str; 7] = [
    "batch.kubernetes.io/",
    "external-attacher/",
    "external-provisioner.volume.kubernetes.io/",
    "foregroundDeletion",
    "kubernetes.io/pv",
    "orphan",
    "service.kubernetes.io/",
];

/// Finalizers of a document that only who set them takes away.
pub(super) fn of(document: &Value) -> impl Iterator<Item = &str> {
    let listed = document["metadata"]["finalizers"].as_array();
    let names = listed.into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| !SERVED.iter().any(|served| name.starts_with(served)))
}

/// Whether a finalizer keeps an object that somebody wants deleted. It is then marked so.
pub(super) fn hold<P>(cluster: &mut Cluster<P>, slot: Slot) -> bool {
    let now = cluster.clock;
    let Some(header) = header_mut(&mut cluster.objects, slot) else {
        return false;
    };
    if of(&header.doc).next().is_none() {
        return false;
    }
    if header.deletion.is_none() {
        header.deletion = Some(now);
        header.generation += 1;
    }
    true
}

/// Whether a finalizer keeps a pod that its kubelet is done with.
pub(super) fn keep_pod<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let list = of_pod(cluster, pod);
    let document = serde_json::json!({"metadata": {"finalizers": list}});
    of(&document).next().is_some()
}

/// `metadata.finalizers` of a pod: what was written to it since, else those that it came with. A controller gives
/// its pods those of its template (pkg/controller/controller_utils.go `getPodsFinalizers`).
pub(super) fn of_pod<P>(cluster: &Cluster<P>, pod: PodId) -> Value {
    let row = &cluster.objects.pods[pod.index()];
    let owner = &cluster.objects.workloads[row.workload.index()].header;
    if let Some(written) = &row.finalizers {
        return serde_json::json!(**written);
    }
    match owner.reference.kind {
        Kind::Pod => owner.doc["metadata"]["finalizers"].clone(),
        _ => {
            let template = &cluster.objects.templates[row.template.index()];
            template.doc["metadata"]["finalizers"].clone()
        }
    }
}

/// An object whose deletion is under way may lose finalizers, and get none.
pub(super) fn check(
    object: &ObjectRef,
    is_going: Going,
    before: &Value,
    after: &Value,
) -> Result<(), ApiError> {
    if is_going == Going::No {
        return Ok(());
    }
    let known: Vec<&str> = of(before).collect();
    let Some(new) = of(after).find(|name| !known.contains(name)) else {
        return Ok(());
    };
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{new:?}}}"
    );
    Err(validate::forbidden(object, "metadata.finalizers", &detail))
}

/// Whether somebody has asked for an object's deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Going {
    /// Nobody has.
    No,
    /// It goes when nothing holds it.
    Asked,
}

/// Whether the deletion of a row is under way.
pub(super) fn going<P>(cluster: &Cluster<P>, slot: Slot) -> Going {
    let objects = &cluster.objects;
    let asked = match slot {
        Slot::Claim(id) => objects.claims[id.index()].deletion.is_some(),
        Slot::Volume(id) => objects.volumes[id.index()].deletion.is_some(),
        Slot::Pod(id) => objects.pods[id.index()].deletion.is_some(),
        _ => header(objects, slot).is_some_and(|header| header.deletion.is_some()),
    };
    if asked { Going::Asked } else { Going::No }
}

/// A write has taken finalizers away: what nothing holds any more goes.
pub(super) fn let_go<P>(cluster: &mut Cluster<P>, slot: Slot) {
    if going(cluster, slot) == Going::No {
        return;
    }
    match slot {
        // A pod that still runs is its kubelet's to remove.
        Slot::Pod(id) if cluster.objects.pods[id.index()].phase.is_terminal() => {
            pods::remove(cluster, id);
        }
        Slot::Pod(_) => {}
        _ => delete::remove(cluster, slot),
    }
}

//! A claim that asks for more: the volume grows, then its file system on the node
//! (pkg/controller/volume/expand, kubernetes-csi/external-resizer, the kubelet's NodeExpandVolume).

use super::{say, say_as};
use aegis_cluster::Cluster;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, storage};
use aegis_cluster::journal::Journal;
use aegis_cluster::volumes;
use aegis_cluster::workings::StorageJob;
use aegis_model::objects::{Condition, ConditionStatus, PodPhase, Severity};
use aegis_model::{ClaimId, NodeId};
use alloc::format;
use alloc::sync::Arc;
use serde_json::json;

/// `source.component` of its Events.
const RESIZER: &str = "external-resizer";
/// Seconds that a driver takes to grow a volume.
const GROWING: u32 = 2;
const PENDING: &str = "FileSystemResizePending";
const PENDING_MESSAGE: &str =
    "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";

/// A bound claim: begins to grow where it asks for more than it has, and finishes on a node.
pub(super) fn sync<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let claim = &cluster.objects.claims[id.index()];
    let Some(volume) = volumes::volume_of(cluster, claim) else {
        return;
    };
    let has = cluster.objects.volumes[volume.index()].capacity();
    if claim
        .conditions
        .iter()
        .any(|condition| condition.kind == PENDING)
    {
        return grow_file_system(cluster, journal, id);
    }
    let job = StorageJob::Grow(id);
    if claim.request() <= has || cluster.workings.storage.is_planned(job) {
        return;
    }
    let class = storage::class(cluster, claim.class());
    let runs = class.is_some_and(|c| volumes::driver(cluster, &c.spec.provisioner).is_some());
    let waiting = "waiting for an external controller to expand this PVC";
    say(
        cluster,
        journal,
        id,
        Severity::Normal,
        "ExternalExpanding",
        waiting,
    );
    if !runs {
        return;
    }
    let name = cluster.objects.volumes[volume.index()]
        .header
        .reference
        .name
        .clone();
    let message = format!("External resizer is resizing volume {name}");
    say_as(cluster, journal, id, RESIZER, ("Resizing", &message));
    set_condition(cluster, id, "Resizing", "");
    let at = cluster.clock.after(GROWING);
    cluster.workings.storage.later(at, job);
}

fn set_condition<P>(cluster: &mut Cluster<P>, id: ClaimId, kind: &str, message: &str) {
    let now = cluster.clock;
    cluster.objects.claims[id.index()].conditions = alloc::vec![Condition {
        kind: kind.into(),
        status: ConditionStatus::True,
        reason: "".into(),
        message: message.into(),
        since: now,
        updated: now,
    }];
}

/// The volume has grown; its file system grows on the node where it is mounted.
pub(super) fn finish<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let claim = &cluster.objects.claims[id.index()];
    let volume = volumes::volume_of(cluster, claim).filter(|_| claim.header.exists());
    let Some(volume) = volume else {
        return;
    };
    let size = claim.request();
    storage::edit_volume(cluster, volume, |document| {
        document["spec"]["capacity"]["storage"] = json!(size);
    });
    set_condition(cluster, id, PENDING, PENDING_MESSAGE);
    let message = "Require file system resize of volume on node";
    say_as(
        cluster,
        journal,
        id,
        RESIZER,
        ("FileSystemResizeRequired", message),
    );
    grow_file_system(cluster, journal, id);
}

/// A running pod's kubelet grows the file system; without one it waits.
fn grow_file_system<P>(cluster: &mut Cluster<P>, journal: &mut Journal, id: ClaimId) {
    let users = cluster.workings.storage.users(id).iter();
    let pods = users.map(|pod| &cluster.objects.pods[pod.index()]);
    let mut running = pods.filter(|pod| pod.phase == PodPhase::Running);
    let found = running.find_map(|pod| Some((api::events::pod_ref(pod), pod.node?)));
    let Some((pod, node)) = found else {
        let job = StorageJob::Sync(id);
        if !cluster.workings.storage.is_planned(job) {
            let at = cluster.clock.after(super::RESYNC);
            cluster.workings.storage.later(at, job);
        }
        return;
    };
    let claim = &mut cluster.objects.claims[id.index()];
    claim.capacity = Some(claim.request());
    claim.conditions.clear();
    let name = claim.spec.volume_name.clone();
    let object = claim.header.reference.clone();
    let message = format!(
        "MountVolume.NodeExpandVolume succeeded for volume \"{name}\" {}",
        node_name(cluster, node)
    );
    for object in [pod, object] {
        let source = Source::kubelet(node);
        let reason = "FileSystemResizeSuccessful";
        record(
            cluster,
            journal,
            Severity::Normal,
            reason,
            &message,
            &object,
            source,
        );
    }
}

fn node_name<P>(cluster: &Cluster<P>, node: NodeId) -> Arc<str> {
    let name = &cluster.objects.nodes[node.index()].header.reference.name;
    name.as_str().into()
}

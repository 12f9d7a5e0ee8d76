//! ReplicaSets that nothing controls become revisions of a Deployment that selects them.
//!
//! Source: pkg/controller/controller_ref_manager.go `AdoptReplicaSet`.

use super::create::{drop_replicas, insert_replica_set};
use super::templates::{self, POD_TEMPLATE_HASH};
use super::{REVISION, pods, uid};
use crate::cluster::Cluster;
use aegis_model::WorkloadId;
use aegis_model::objects::{Header, ReplicaSet};
use alloc::sync::Arc;
use serde_json::json;

/// Makes a ReplicaSet of its own one of a Deployment, with its pods. One whose template cannot be read
/// stays what it is.
pub fn adopt_replica_set<P>(cluster: &mut Cluster<P>, set: WorkloadId, owner: WorkloadId) {
    let row = cluster.objects.workloads[set.index()].clone();
    let object = &row.header.reference;
    let known = &cluster.objects.templates[row.template.index()];
    let hash = known.spec.metadata.labels.get(POD_TEMPLATE_HASH).cloned();
    let document = Arc::new(templates::without_hash(&known.doc));
    let Ok(template) = templates::intern(cluster, owner, object, &document, hash) else {
        return;
    };
    let wanted = cluster.objects.workloads[owner.index()].template;
    if cluster.objects.templates[wanted.index()].doc == document {
        cluster.objects.workloads[owner.index()].template = template;
    }
    let now = cluster.clock;
    cluster.objects.workloads[set.index()].header.removed = Some(now);
    Arc::make_mut(&mut cluster.workings.control.loose_sets).remove(&set);
    let revision = row.header.annotations.get(REVISION);
    let adopted = ReplicaSet {
        header: owned(
            &row.header,
            &cluster.objects.workloads[owner.index()].header,
        ),
        owner,
        template,
        revision: revision.and_then(|text| text.parse().ok()).unwrap_or(0),
        replicas: row.spec.replicas().unwrap_or(1),
        status: row.status.clone(),
    };
    let id = insert_replica_set(cluster, adopted);
    for pod in row.pods.iter().copied() {
        pods::adopt(cluster, pod, owner, Some(id));
    }
}

/// The header of a ReplicaSet with its owner.
fn owned(header: &Header, owner: &Header) -> Header {
    let mut header = header.clone();
    let document = Arc::make_mut(&mut header.doc);
    document["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": owner.reference.name,
        "uid": uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    }]);
    drop_replicas(&mut header.doc);
    header
}

//! Whether the storage that a node reaches has room for a volume that would be made there.
//!
//! A driver that publishes its capacity does so in CSIStorageCapacity objects: for a class, and for the
//! nodes that a selector takes. Source: pkg/scheduler/framework/plugins/volumebinding/binder.go
//! `hasEnoughCapacity`, `capacitySufficient`.

use aegis_cluster::api::{self, storage};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::header;
use aegis_model::kubernetes::{Kind, LabelSelector, ObjectRef};
use aegis_model::{ClaimId, NodeId, Quantity};
use serde_json::Value;

/// Whether a volume for the claim can be made for a pod on the node, as far as its driver says.
pub(super) fn suffices<P>(cluster: &Cluster<P>, claim: ClaimId, node: NodeId) -> bool {
    let claim = &cluster.objects.claims[claim.index()];
    let Some(class) = storage::class(cluster, claim.class()) else {
        return true;
    };
    let Some(asked) = claim.spec.resources.requests.get("storage") else {
        return true;
    };
    if !is_published(cluster, &class.spec.provisioner) {
        return true;
    }
    let labels = &cluster.objects.nodes[node.index()].header.labels;
    let published = cluster.objects.plain.iter().map(|row| &row.header);
    let mut published = published
        .filter(|header| header.exists() && header.reference.kind.as_str() == "CSIStorageCapacity");
    published.any(|header| {
        let selector = header.doc["nodeTopology"].clone();
        let selector = serde_json::from_value::<LabelSelector>(selector);
        header.doc["storageClassName"] == claim.class()
            && selector.is_ok_and(|selector| selector.matches(labels))
            && holds(&header.doc, asked)
    })
}

/// Whether the driver says how much room there is.
fn is_published<P>(cluster: &Cluster<P>, driver: &str) -> bool {
    let object = ObjectRef::new(Kind::from("CSIDriver"), "", driver);
    let found = api::find(cluster, &object).and_then(|slot| header(&cluster.objects, slot));
    found.is_some_and(|header| header.doc["spec"]["storageCapacity"] == true)
}

/// The largest volume, where the driver says one, else all that is left.
fn holds(capacity: &Value, asked: Quantity) -> bool {
    let amount = |key: &str| capacity[key].as_str()?.parse::<Quantity>().ok();
    let limit = amount("maximumVolumeSize").or_else(|| amount("capacity"));
    limit.is_some_and(|limit| limit >= asked)
}

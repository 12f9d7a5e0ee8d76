//! Objects that name owners: they are left to the garbage collector.

use super::create::Arrival;
use crate::cluster::Cluster;
use crate::workings::Owned;
use aegis_model::kubernetes::{Kind, ObjectRef};
use alloc::sync::Arc;

/// Notes an object that names owners. What has a uid of its own was there before, and its owners with it.
pub(super) fn note<P>(cluster: &mut Cluster<P>, arrival: &Arrival) {
    let metadata = &arrival.metadata;
    if !metadata.uid.is_empty() || metadata.owner_references.is_empty() {
        return;
    }
    let namespace = &arrival.reference.namespace;
    let owners = metadata.owner_references.iter().map(|owner| {
        let reference = ObjectRef::new(Kind::from(owner.kind.as_str()), namespace, &owner.name);
        (reference, owner.uid.clone())
    });
    let owned = Owned {
        object: arrival.reference.clone(),
        owners: owners.collect(),
        since: cluster.clock,
    };
    Arc::make_mut(&mut cluster.workings.control.owned).push(owned);
}

//! The garbage collector, for objects that come with owners that are not there.
//!
//! What goes with an owner that is deleted is followed where that is deleted. Source:
//! pkg/controller/garbagecollector `attemptToDeleteItem`.

use aegis_cluster::api::{self, Actor};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::Owned;
use aegis_model::kubernetes::ObjectRef;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Seconds after which an owner that has not come is taken to be absent.
const PATIENCE: u32 = 5;

/// Deletes objects none of whose owners is there.
pub(crate) fn step<P: Clone>(cluster: &mut Cluster<P>) {
    if cluster.workings.control.owned.is_empty() {
        return;
    }
    let now = cluster.clock;
    let all = core::mem::take(&mut cluster.workings.control.owned);
    let (due, left): (Vec<Owned>, Vec<Owned>) = Arc::unwrap_or_clone(all)
        .into_iter()
        .partition(|owned| now.elapsed(owned.since) >= PATIENCE);
    cluster.workings.control.owned = Arc::new(left);
    for owned in due {
        let is_there = |(owner, uid): &(ObjectRef, SmolStr)| is_there(cluster, owner, uid);
        if !owned.owners.iter().any(is_there) {
            let _ = api::delete(cluster, &owned.object, Actor::Unrecorded);
        }
    }
}

/// Whether an owner is there: by its uid, or by its name in the namespace, or in none.
fn is_there<P>(cluster: &Cluster<P>, owner: &ObjectRef, uid: &str) -> bool {
    let cluster_wide = ObjectRef::new(owner.kind.clone(), "", &owner.name);
    cluster.workings.index.by_uid(uid).is_some()
        || api::find(cluster, owner).is_some()
        || api::find(cluster, &cluster_wide).is_some()
}

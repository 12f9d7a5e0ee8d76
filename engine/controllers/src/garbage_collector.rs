//! The garbage collector, for objects whose owners are not there, or go.
//!
//! What the simulated controllers own goes where its owner is deleted. Source:
//! pkg/controller/garbagecollector `attemptToDeleteItem`, `classifyReferences`.

use aegis_cluster::api::{self, Actor};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::{Arrived, Owned, header};
use aegis_model::Tick;
use aegis_model::kubernetes::ObjectRef;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Seconds after which an owner that has not come is taken to be absent.
const PATIENCE: u32 = 5;

/// Deletes objects none of whose owners is there.
pub(crate) fn step<P: Clone>(cluster: &mut Cluster<P>) {
    api::finish_foreground(cluster);
    if cluster.workings.control.owner_gone {
        look_again(cluster);
    }
    let waiting = &cluster.workings.control.owned;
    let now = cluster.clock;
    let is_due = |owned: &Owned| now.elapsed(owned.since) >= PATIENCE;
    if !waiting.iter().any(is_due) {
        return;
    }
    let all = core::mem::take(&mut cluster.workings.control.owned);
    let (due, left): (Vec<Owned>, Vec<Owned>) =
        Arc::unwrap_or_clone(all).into_iter().partition(is_due);
    cluster.workings.control.owned = Arc::new(left);
    for owned in due {
        match (has_owner(cluster, &owned), owned.arrived) {
            (true, _) if owned.is_followed => {}
            (true, _) => Arc::make_mut(&mut cluster.workings.control.held).push(owned),
            (false, Arrived::New) => collect(cluster, &owned),
            (false, Arrived::Lived) => {}
        }
    }
}

/// An object went: what it owned goes too, unless another owner is left.
fn look_again<P: Clone>(cluster: &mut Cluster<P>) {
    cluster.workings.control.owner_gone = false;
    let all = Arc::unwrap_or_clone(core::mem::take(&mut cluster.workings.control.held));
    let still = |cluster: &Cluster<P>, owned: &Owned| has_owner(cluster, owned);
    let (left, gone): (Vec<Owned>, Vec<Owned>) =
        all.into_iter().partition(|owned| still(cluster, owned));
    cluster.workings.control.held = Arc::new(left);
    for owned in gone {
        collect(cluster, &owned);
    }
}

fn collect<P: Clone>(cluster: &mut Cluster<P>, owned: &Owned) {
    // An object that a webhook keeps is tried again by the real collector; here it stays.
    let _ = api::delete(cluster, &owned.object, Actor::Unrecorded);
}

fn has_owner<P>(cluster: &Cluster<P>, owned: &Owned) -> bool {
    let is_there = |(owner, uid): &(ObjectRef, SmolStr)| is_there(cluster, owner, uid);
    owned.owners.iter().any(is_there)
}

/// Whether an owner is there: by its name in the object's namespace or in none, and by its uid. An owner that
/// was there at the start without a uid of its own is believed to be the one that is meant.
fn is_there<P>(cluster: &Cluster<P>, owner: &ObjectRef, uid: &str) -> bool {
    let cluster_wide = ObjectRef::new(owner.kind.clone(), "", &owner.name);
    let slot = api::find(cluster, owner).or_else(|| api::find(cluster, &cluster_wide));
    let Some(slot) = slot else { return false };
    header(&cluster.objects, slot).is_none_or(|row| {
        let is_given = row.doc["metadata"]["uid"].is_string();
        let is_guess = !is_given && row.created == Tick(0);
        uid.is_empty() || is_guess || api::uid(row) == uid
    })
}

//! Objects that name owners: they are left to the garbage collector.
//!
//! What the simulated controllers own goes where its owner is deleted; the rest is noted here.

use super::complete;
use super::create::Arrival;
use crate::cluster::Cluster;
use crate::workings::{Arrived, Owned};
use aegis_model::kubernetes::{Kind, Metadata, ObjectRef};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Notes an object that names owners.
pub(super) fn note<P>(cluster: &mut Cluster<P>, arrival: &Arrival) {
    note_of(cluster, &arrival.reference, &arrival.metadata);
    note_token(cluster, arrival);
}

/// A Secret with the token of an account goes with that.
fn note_token<P>(cluster: &mut Cluster<P>, arrival: &Arrival) {
    let account = complete::account_of_token(&arrival.document);
    let Some(account) = account.filter(|name| *name != "default") else {
        return;
    };
    let object = &arrival.reference;
    let owner = ObjectRef::new(Kind::ServiceAccount, &object.namespace, account);
    let owned = Owned {
        object: object.clone(),
        owners: Vec::from([(owner, SmolStr::default())]),
        since: cluster.clock,
        arrived: how(&arrival.metadata),
        is_followed: false,
    };
    Arc::make_mut(&mut cluster.workings.control.owned).push(owned);
}

fn how(metadata: &Metadata) -> Arrived {
    match metadata.uid.is_empty() {
        true => Arrived::New,
        false => Arrived::Lived,
    }
}

/// Notes the owners that an object's metadata names now. What has a uid of its own lived before, and its
/// owners with it: where they are not among what was brought along, that says nothing.
pub(super) fn note_of<P>(cluster: &mut Cluster<P>, object: &ObjectRef, metadata: &Metadata) {
    let owners = &metadata.owner_references;
    let arrived = how(metadata);
    let is_followed = owners
        .iter()
        .any(|owner| is_followed(&object.kind, &Kind::from(owner.kind.as_str())));
    if owners.is_empty() || (arrived == Arrived::Lived && is_followed) {
        return;
    }
    let named = owners.iter().map(|owner| {
        let kind = Kind::from(owner.kind.as_str());
        let reference = ObjectRef::new(kind, &object.namespace, &owner.name);
        (reference, owner.uid.clone())
    });
    let owned = Owned {
        object: object.clone(),
        owners: named.collect(),
        since: cluster.clock,
        arrived,
        is_followed,
    };
    Arc::make_mut(&mut cluster.workings.control.owned).push(owned);
}

/// Whether an object of a kind goes with its owner where that is deleted.
fn is_followed(object: &Kind, owner: &Kind) -> bool {
    match object {
        Kind::Pod => matches!(
            owner,
            Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job
        ),
        Kind::ReplicaSet => *owner == Kind::Deployment,
        Kind::Job => *owner == Kind::CronJob,
        _ => false,
    }
}

/// Something is gone that may be an owner.
pub(super) fn note_gone<P>(cluster: &mut Cluster<P>) {
    let control = &mut cluster.workings.control;
    control.owner_gone |= !control.held.is_empty();
}

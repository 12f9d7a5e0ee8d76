//! Namespaces: which there are, and those that are going.
//!
//! A Namespace exists that has a document, that every cluster has, or in which something lies from the start:
//! manifests are often kept without the document of their Namespace. Source:
//! plugin/pkg/admission/namespace/lifecycle; pkg/controller/namespace/deletion.

use super::error::ApiError;
use super::{Actor, delete, find};
use crate::cluster::Cluster;
use crate::workings::{Slot, header};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Header;
use alloc::format;
use alloc::sync::Arc;
use smol_str::SmolStr;

/// Namespaces of every cluster.
const GIVEN: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Whether an object may be made in its namespace. What is unrecorded was there at the start, or is a
/// controller's: the Namespace is then taken to be there.
///
/// # Errors
/// [`ApiError::NotFound`] of the Namespace; [`ApiError::Forbidden`] where it is going.
pub(super) fn let_in<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    actor: Actor<'_>,
) -> Result<(), ApiError> {
    let name = &object.namespace;
    if name.is_empty() || GIVEN.contains(&name.as_str()) {
        return Ok(());
    }
    let namespace = ObjectRef::new(Kind::Namespace, "", name);
    let row = find(cluster, &namespace).and_then(|slot| header(&cluster.objects, slot));
    if row.is_some_and(|header| header.deletion.is_some()) {
        let reason = format!(
            "unable to create new content in namespace {name} because it is being terminated"
        );
        return Err(ApiError::Forbidden {
            kind: object.kind.clone(),
            name: object.name.clone(),
            reason,
        });
    }
    let known = row.is_some() || cluster.workings.policies.settled.contains(name);
    match actor {
        _ if known => Ok(()),
        Actor::Recorded(_) => Err(ApiError::NotFound(namespace)),
        Actor::Unrecorded => {
            Arc::make_mut(&mut cluster.workings.policies.settled).insert(name.clone());
            Ok(())
        }
    }
}

/// A Namespace is to go: all that lies in it goes first.
pub(super) fn terminate<P>(cluster: &mut Cluster<P>, slot: Slot, name: &SmolStr) {
    let now = cluster.clock;
    Arc::make_mut(&mut cluster.workings.policies.settled).remove(name);
    for inside in delete::inside(cluster, name) {
        delete::remove(cluster, inside);
    }
    if let Some(header) = crate::workings::header_mut(&mut cluster.objects, slot) {
        header.deletion = header.deletion.or(Some(now));
    }
    if let Slot::Plain(id) = slot {
        let policies = &mut cluster.workings.policies;
        Arc::make_mut(&mut policies.terminating).insert(id, None);
        policies.stale = true;
    }
    collect(cluster);
}

/// Namespaces that are going and in which nothing is left go.
pub fn collect<P>(cluster: &mut Cluster<P>) {
    if cluster.workings.policies.terminating.is_empty() {
        return;
    }
    let going = cluster.workings.policies.terminating.clone();
    for (id, witness) in going.iter() {
        if witness.is_some_and(|slot| is_there(cluster, slot)) {
            continue;
        }
        let name = cluster.objects.plain[id.index()]
            .header
            .reference
            .name
            .clone();
        let left = something_in(cluster, &name);
        let terminating = Arc::make_mut(&mut cluster.workings.policies.terminating);
        match left {
            Some(_) => drop(terminating.insert(*id, left)),
            None => {
                terminating.remove(id);
                delete::remove(cluster, Slot::Plain(*id));
            }
        }
    }
}

fn is_there<P>(cluster: &Cluster<P>, slot: Slot) -> bool {
    match slot {
        Slot::Pod(id) => cluster.objects.pods[id.index()].exists(),
        _ => header(&cluster.objects, slot).is_some_and(Header::exists),
    }
}

/// Something that lies in a namespace: a pod, or another object.
fn something_in<P>(cluster: &Cluster<P>, name: &str) -> Option<Slot> {
    let mut pods = cluster.objects.pods.enumerate();
    let pod = pods.find(|(_, pod)| pod.exists() && pod.namespace == name);
    let pod = pod.map(|(index, _)| Slot::Pod(index.into()));
    pod.or_else(|| delete::inside(cluster, name).first().copied())
}

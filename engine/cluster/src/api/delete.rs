//! Deletion: the object goes, and with it what it owns.

use super::dependents::{self, Propagation};
use super::error::ApiError;
use super::{
    Actor, admission, finalizers, find, keep_record, namespaces, owners, pods, storage, update,
};
use crate::cluster::Cluster;
use crate::workings::{Slot, header, header_mut};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Header;
use aegis_model::{Doc, ObjectChange, PodId, Table, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Namespaces that nobody may delete: apiserver/pkg/admission/plugin/namespace/lifecycle.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

/// Deletes an object. Pods of a workload, and all objects of a Namespace, go with it, pods with
/// their grace period; pods of a Node are left to the node lifecycle controller.
///
/// # Errors
/// [`ApiError::NotFound`], and where a webhook refuses it.
pub fn delete<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    actor: Actor<'_>,
) -> Result<(), ApiError> {
    delete_by(cluster, object, Propagation::Unsaid, actor)
}

/// The same, and says what becomes of what the object owns.
///
/// # Errors
/// [`ApiError::NotFound`], and where a webhook refuses it.
pub fn delete_by<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    propagation: Propagation,
    actor: Actor<'_>,
) -> Result<(), ApiError> {
    if object.kind == Kind::Namespace && IMMORTAL.contains(&object.name.as_str()) {
        return Err(ApiError::Forbidden {
            kind: Kind::Namespace,
            name: object.name.clone(),
            reason: "this namespace may not be deleted".into(),
        });
    }
    let slot = find(cluster, object).ok_or_else(|| ApiError::NotFound(object.clone()))?;
    let document = header(&cluster.objects, slot).map_or_else(Doc::default, |h| h.doc.clone());
    if actor != Actor::Unrecorded {
        let shown = update::document_of(cluster, slot);
        admission::user_write(
            cluster,
            object,
            &shown,
            "DELETE",
            admission::User::of(actor),
        )?;
    }
    match object.kind {
        Kind::Namespace => namespaces::terminate(cluster, slot, &object.name),
        _ => dependents::delete_with(cluster, slot, propagation, &document),
    }
    keep_record(cluster, actor, object, || ObjectChange::Delete {
        object: object.clone(),
        document,
    });
    Ok(())
}

/// Deletes a workload and what it owns, as a controller does: without a record.
pub fn delete_workload<P>(cluster: &mut Cluster<P>, workload: WorkloadId) {
    remove(cluster, Slot::Workload(workload));
}

pub(super) fn remove<P>(cluster: &mut Cluster<P>, slot: Slot) {
    remove_by(cluster, slot, Dependents::Go);
}

/// The object goes, and leaves behind what it owned.
pub(super) fn remove_alone<P>(cluster: &mut Cluster<P>, slot: Slot) {
    remove_by(cluster, slot, Dependents::Stay);
}

/// What becomes of what an object owns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dependents {
    Go,
    Stay,
}

fn remove_by<P>(cluster: &mut Cluster<P>, slot: Slot, dependents: Dependents) {
    if let Some(pod) = bare_pod(cluster, slot) {
        // It is the pod that goes; its finalizers hold it, and not what stands for its owner.
        return delete_pod(cluster, pod);
    }
    let is_held = finalizers::hold(cluster, slot);
    if storage::waits_with_going(cluster, slot) || is_held {
        return;
    }
    let now = cluster.clock;
    cluster.workings.index.note_change();
    owners::note_gone(cluster);
    if let Some(header) = header_mut(&mut cluster.objects, slot) {
        header.removed = Some(now);
        cluster.workings.policies.stale |= admission::sets_rules(&header.reference.kind);
    }
    let control = &mut cluster.workings.control;
    match slot {
        Slot::Pod(id) => delete_pod(cluster, id),
        Slot::Workload(id) => {
            forget_job(cluster, id);
            if dependents == Dependents::Go {
                remove_dependents(cluster, id);
            }
        }
        Slot::ReplicaSet(id) => {
            let owner = cluster.objects.replica_sets[id.index()].owner;
            let owned = |pod: &PodId| cluster.objects.pods[pod.index()].replica_set == Some(id);
            let pods = pods_of(cluster, owner).into_iter();
            let pods: Vec<PodId> = pods.filter(owned).collect();
            pods.into_iter().for_each(|pod| delete_pod(cluster, pod));
            forget_replica_set(cluster, id);
        }
        Slot::Service(id) => {
            cluster.objects.services[id.index()].endpoints = Arc::default();
            cluster.workings.index.topology_dirty = true;
        }
        Slot::Policy(_) => cluster.workings.index.topology_dirty = true,
        Slot::Node(_) => control.nodes_changed = true,
        Slot::Plain(id) => {
            forget_default_priority(cluster, id);
            remove_instances(cluster, id);
        }
        Slot::Volume(_) | Slot::Claim(_) | Slot::Class(_) => storage::note_gone(cluster, slot),
        Slot::Autoscaler(_) | Slot::Budget(_) => {}
    }
}

/// The pod of a row that stands for a bare pod's owner.
fn bare_pod<P>(cluster: &Cluster<P>, slot: Slot) -> Option<PodId> {
    let Slot::Workload(id) = slot else {
        return None;
    };
    let row = &cluster.objects.workloads[id.index()];
    let pod = row.pods.first().copied();
    pod.filter(|_| row.header.reference.kind == Kind::Pod)
}

/// Removes a ReplicaSet of a Deployment from its list.
pub fn forget_replica_set<P>(cluster: &mut Cluster<P>, id: aegis_model::ReplicaSetId) {
    let now = cluster.clock;
    let row = &mut cluster.objects.replica_sets[id.index()];
    row.header.removed = Some(now);
    let owner = row.owner;
    cluster.workings.index.note_change();
    owners::note_gone(cluster);
    let control = &mut cluster.workings.control;
    control.workloads[owner.index()]
        .replica_sets
        .retain(|other| *other != id);
    control.enqueue(owner);
}

/// The CronJob that a Job names as its owner.
#[must_use]
pub fn cron_job_of<P>(cluster: &Cluster<P>, job: WorkloadId) -> Option<WorkloadId> {
    let header = &cluster.objects.workloads[job.index()].header;
    let owner = &header.doc["metadata"]["ownerReferences"][0];
    if header.reference.kind != Kind::Job || owner["kind"] != "CronJob" {
        return None;
    }
    let name = owner["name"].as_str()?;
    let reference = ObjectRef::new(Kind::CronJob, &header.reference.namespace, name);
    match find(cluster, &reference) {
        Some(Slot::Workload(id)) => Some(id),
        _ => None,
    }
}

/// Takes a Job from its CronJob's list.
fn forget_job<P>(cluster: &mut Cluster<P>, job: WorkloadId) {
    if let Some(owner) = cron_job_of(cluster, job) {
        let control = &mut cluster.workings.control;
        control.workloads[owner.index()]
            .jobs
            .retain(|other| *other != job);
        control.enqueue(owner);
    }
}

fn forget_default_priority<P>(cluster: &mut Cluster<P>, id: aegis_model::PlainId) {
    let header = &cluster.objects.plain[id.index()].header;
    if header.reference.kind == Kind::PriorityClass && header.doc["globalDefault"] == true {
        cluster.workings.index.default_priority = 0;
    }
}

/// With the definition of a resource go the objects that were made by it (finalizer
/// `customresourcecleanup.apiextensions.k8s.io`).
fn remove_instances<P>(cluster: &mut Cluster<P>, id: aegis_model::PlainId) {
    let header = &cluster.objects.plain[id.index()].header;
    if header.reference.kind.as_str() != "CustomResourceDefinition" {
        return;
    }
    let spec = header.doc["spec"].clone();
    let is_one = |header: &Header| {
        let version = header.doc["apiVersion"].as_str().unwrap_or_default();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        header.exists() && spec["group"] == group && spec["names"]["kind"] == header.doc["kind"]
    };
    let rows = cluster.objects.plain.enumerate();
    let made: Vec<Slot> = rows
        .filter(|(_, row)| is_one(&row.header))
        .map(|(index, _)| Slot::Plain(index.into()))
        .collect();
    made.into_iter().for_each(|slot| remove(cluster, slot));
}

fn pods_of<P>(cluster: &Cluster<P>, workload: WorkloadId) -> Vec<PodId> {
    cluster.objects.workloads[workload.index()].pods.to_vec()
}

fn delete_pod<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let grace = pods::grace_of(cluster, pod);
    pods::begin_deletion(cluster, pod, grace);
}

fn remove_dependents<P>(cluster: &mut Cluster<P>, workload: WorkloadId) {
    let sets = cluster.workings.control.workloads[workload.index()]
        .replica_sets
        .clone();
    for set in sets {
        forget_replica_set(cluster, set);
    }
    for job in cluster.workings.control.workloads[workload.index()]
        .jobs
        .clone()
    {
        delete_workload(cluster, job);
    }
    for pod in pods_of(cluster, workload) {
        delete_pod(cluster, pod);
    }
    for claim in storage::owned_claims(cluster, workload) {
        remove(cluster, Slot::Claim(claim));
    }
}

/// All objects of a namespace, kind by kind in order of id; workloads bring their pods along.
pub(super) fn inside<P>(cluster: &Cluster<P>, namespace: &str) -> Vec<Slot> {
    fn of<'a, T: Clone + 'a, I: From<usize> + 'a>(
        table: &'a Table<T>,
        namespace: &'a str,
        header: fn(&T) -> &Header,
        slot: fn(I) -> Slot,
    ) -> impl Iterator<Item = Slot> + 'a {
        let rows = table.enumerate().filter(move |(_, row)| {
            header(row).exists() && header(row).reference.namespace == namespace
        });
        rows.map(move |(index, _)| slot(I::from(index)))
    }
    let objects = &cluster.objects;
    of(
        &objects.autoscalers,
        namespace,
        |row| &row.header,
        Slot::Autoscaler,
    )
    .chain(of(
        &objects.workloads,
        namespace,
        |row| &row.header,
        Slot::Workload,
    ))
    .chain(of(
        &objects.services,
        namespace,
        |row| &row.header,
        Slot::Service,
    ))
    .chain(of(
        &objects.policies,
        namespace,
        |row| &row.header,
        Slot::Policy,
    ))
    .chain(of(
        &objects.budgets,
        namespace,
        |row| &row.header,
        Slot::Budget,
    ))
    .chain(of(
        &objects.claims,
        namespace,
        |row| &row.header,
        Slot::Claim,
    ))
    .chain(of(
        &objects.plain,
        namespace,
        |row| &row.header,
        Slot::Plain,
    ))
    .collect()
}

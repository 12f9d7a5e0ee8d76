//! What becomes of the objects that an object owns where it is deleted: they go after it, before it, or stay.
//!
//! Source: apiserver/pkg/registry/generic/registry/store.go `deletionFinalizersForGarbageCollection`;
//! pkg/controller/garbagecollector `processDeletingDependentsItem`, `orphanDependents`;
//! <https://kubernetes.io/docs/concepts/architecture/garbage-collection/>.

use super::create::{Arrival, bare_pod, offer, offer_set, workload};
use super::{bare, delete, finalizers, find, owners, pods, uid};
use crate::cluster::Cluster;
use crate::workings::{Owned, Slot, header, header_mut};
use aegis_model::kubernetes::{Kind, Metadata, ObjectRef};
use aegis_model::objects::WorkloadSpec;
use aegis_model::{PodId, ReplicaSetId, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Value, json};
use smol_str::SmolStr;

/// The finalizer of an object that goes when what it owns is gone.
const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an object that is to leave behind what it owns.
const ORPHAN: &str = "orphan";

/// `propagationPolicy` of a deletion.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// Nothing is said: the object's own finalizers decide, else the background.
    #[default]
    Unsaid,
    /// The object goes, then what it owns.
    Background,
    /// What it owns goes, then the object.
    Foreground,
    /// What it owns stays, and names it no more.
    Orphan,
}

impl Propagation {
    /// As the API spells it; `None` for another word.
    #[must_use]
    pub fn from_field(text: &str) -> Option<Self> {
        match text {
            "Background" => Some(Self::Background),
            "Foreground" => Some(Self::Foreground),
            "Orphan" => Some(Self::Orphan),
            _ => None,
        }
    }

    /// What it comes to for an object.
    fn of(self, document: &Value) -> Self {
        let listed = document["metadata"]["finalizers"].as_array();
        let mut names = listed.into_iter().flatten().filter_map(Value::as_str);
        let has = |finalizer: &str| names.clone().any(|name| name == finalizer);
        match self {
            Self::Unsaid if has(ORPHAN) => Self::Orphan,
            Self::Unsaid if names.any(|name| name == FOREGROUND) => Self::Foreground,
            said => said,
        }
    }
}

/// Deletes an object that is no Namespace.
pub(super) fn delete_with<P>(
    cluster: &mut Cluster<P>,
    slot: Slot,
    propagation: Propagation,
    document: &Value,
) {
    match propagation.of(document) {
        Propagation::Orphan => {
            orphan(cluster, slot);
            delete::remove_alone(cluster, slot);
        }
        Propagation::Foreground => begin_foreground(cluster, slot),
        Propagation::Background | Propagation::Unsaid => delete::remove(cluster, slot),
    }
}

/// Notes the owners of an object that came, and whether it is on its way out: what another cluster was about to
/// delete goes on going. A Namespace does not, as what lies in it comes after it.
pub(super) fn arrived<P>(cluster: &mut Cluster<P>, slot: Slot, arrival: &Arrival) {
    owners::note(cluster, arrival);
    let kind = &arrival.reference.kind;
    let is_going = arrival.document["metadata"]["deletionTimestamp"].is_string();
    if !is_going || matches!(kind, Kind::Namespace | Kind::Pod) {
        return;
    }
    let mut finalizers = arrival.metadata.finalizers.iter();
    if finalizers.any(|name| name == FOREGROUND) {
        mark(cluster, slot);
        Arc::make_mut(&mut cluster.workings.control.foreground).push(slot);
    } else {
        finalizers::hold(cluster, slot);
    }
}

/// What the simulated controllers own of an object.
fn controlled<P>(cluster: &Cluster<P>, slot: Slot) -> Vec<Slot> {
    let objects = &cluster.objects;
    let pods_of = |workload: WorkloadId| objects.workloads[workload.index()].pods.iter().copied();
    match slot {
        Slot::Workload(id) if objects.workloads[id.index()].header.reference.kind != Kind::Pod => {
            let control = &cluster.workings.control.workloads[id.index()];
            let sets = control.replica_sets.iter().copied().map(Slot::ReplicaSet);
            let jobs = control.jobs.iter().copied().map(Slot::Workload);
            let own = pods_of(id).filter(|pod| objects.pods[pod.index()].replica_set.is_none());
            sets.chain(jobs).chain(own.map(Slot::Pod)).collect()
        }
        Slot::ReplicaSet(id) => {
            let owner = objects.replica_sets[id.index()].owner;
            let own = |pod: &PodId| objects.pods[pod.index()].replica_set == Some(id);
            pods_of(owner).filter(own).map(Slot::Pod).collect()
        }
        _ => Vec::new(),
    }
}

/// Other objects that name the owner.
fn naming<P>(cluster: &Cluster<P>, slot: Slot) -> Vec<ObjectRef> {
    let Some(owner) = header(&cluster.objects, slot) else {
        return Vec::new();
    };
    let (reference, own_uid) = (&owner.reference, uid(owner));
    let control = &cluster.workings.control;
    let noted = control.held.iter().chain(control.owned.iter());
    let names = |owned: &&Owned| {
        !owned.is_followed
            && owned
                .owners
                .iter()
                .any(|one| is_it(one, reference, &own_uid))
    };
    noted
        .filter(names)
        .map(|owned| owned.object.clone())
        .collect()
}

/// Whether an entry of `ownerReferences` means an object. One of the cluster is noted with a namespace.
fn is_it((named, of_uid): &(ObjectRef, SmolStr), reference: &ObjectRef, own_uid: &str) -> bool {
    named.kind == reference.kind
        && named.name == reference.name
        && (reference.namespace.is_empty() || named.namespace == reference.namespace)
        && (of_uid.is_empty() || of_uid == own_uid)
}

/// The object is to go when what blocks it is gone.
fn begin_foreground<P>(cluster: &mut Cluster<P>, slot: Slot) {
    if cluster.workings.control.foreground.contains(&slot) {
        return;
    }
    let others = naming(cluster, slot);
    let blocking: Vec<Slot> = (others.iter())
        .filter(|object| blocks(cluster, object))
        .filter_map(|object| find(cluster, object))
        .collect();
    let own = controlled(cluster, slot);
    if own.is_empty() && blocking.is_empty() {
        return delete::remove(cluster, slot);
    }
    mark(cluster, slot);
    Arc::make_mut(&mut cluster.workings.control.foreground).push(slot);
    for dependent in own.into_iter().chain(blocking) {
        begin_foreground(cluster, dependent);
    }
}

/// Whether an object that names an owner keeps it: `blockOwnerDeletion`.
fn blocks<P>(cluster: &Cluster<P>, object: &ObjectRef) -> bool {
    let row = find(cluster, object).and_then(|slot| header(&cluster.objects, slot));
    let owners = row.and_then(|row| row.doc["metadata"]["ownerReferences"].as_array());
    let mut owners = owners.into_iter().flatten();
    owners.any(|owner| owner["blockOwnerDeletion"] == true)
}

/// Whether an object that is waited for owns something that waits itself: owners in a circle would wait for ever, so
/// it holds its own owner no longer. Source: garbagecollector.go `attemptToDeleteItem`, which takes no closer look either.
fn circles<P>(cluster: &Cluster<P>, waiting: &[Slot], object: &ObjectRef) -> bool {
    let Some(dependent) = find(cluster, object) else {
        return false;
    };
    let own = naming(cluster, dependent);
    let mut slots = own.iter().filter_map(|object| find(cluster, object));
    slots.any(|slot| waiting.contains(&slot))
}

/// Its deletion is under way, and a finalizer says what it waits for.
fn mark<P>(cluster: &mut Cluster<P>, slot: Slot) {
    let now = cluster.clock;
    let Some(header) = header_mut(&mut cluster.objects, slot) else {
        return;
    };
    if header.deletion.is_none() {
        header.deletion = Some(now);
        header.generation += 1;
    }
    let metadata = &mut Arc::make_mut(&mut header.doc)["metadata"];
    match metadata["finalizers"].as_array_mut() {
        Some(list) if list.iter().any(|name| name == FOREGROUND) => {}
        Some(list) => list.push(FOREGROUND.into()),
        None => metadata["finalizers"] = json!([FOREGROUND]),
    }
}

fn unmark<P>(cluster: &mut Cluster<P>, slot: Slot) {
    let Some(header) = header_mut(&mut cluster.objects, slot) else {
        return;
    };
    let metadata = &mut Arc::make_mut(&mut header.doc)["metadata"];
    if let Some(list) = metadata["finalizers"].as_array_mut() {
        list.retain(|name| name != FOREGROUND);
    }
}

/// Objects that wait for what they own, and own nothing any more, go.
pub fn finish_foreground<P>(cluster: &mut Cluster<P>) {
    if cluster.workings.control.foreground.is_empty() {
        return;
    }
    let all = Arc::unwrap_or_clone(core::mem::take(&mut cluster.workings.control.foreground));
    let is_there = |cluster: &Cluster<P>, slot: Slot| {
        header(&cluster.objects, slot).is_some_and(|row| row.removed.is_none())
    };
    let mut waiting = Vec::new();
    for slot in all.iter().copied() {
        if !is_there(cluster, slot) {
            continue;
        }
        let others = naming(cluster, slot);
        let mut blocking = others.iter().filter(|object| blocks(cluster, object));
        let blocked = blocking.any(|object| !circles(cluster, &all, object));
        if blocked || !controlled(cluster, slot).is_empty() {
            waiting.push(slot);
            continue;
        }
        unmark(cluster, slot);
        delete::remove(cluster, slot);
    }
    cluster.workings.control.foreground = Arc::new(waiting);
}

/// What an object owns stays, and is nobody's.
fn orphan<P>(cluster: &mut Cluster<P>, slot: Slot) {
    for dependent in controlled(cluster, slot) {
        match dependent {
            Slot::Pod(pod) => orphan_pod(cluster, pod),
            Slot::ReplicaSet(set) => orphan_set(cluster, set),
            Slot::Workload(job) => orphan_job(cluster, job),
            _ => {}
        }
    }
    let Some(owner) = header(&cluster.objects, slot) else {
        return;
    };
    let (reference, own_uid) = (owner.reference.clone(), uid(owner));
    for object in naming(cluster, slot) {
        let Some(dependent) = find(cluster, &object) else {
            continue;
        };
        if let Some(row) = header_mut(&mut cluster.objects, dependent) {
            disown(Arc::make_mut(&mut row.doc), &reference, &own_uid);
        }
    }
    let control = &mut cluster.workings.control;
    for list in [&mut control.held, &mut control.owned] {
        let list = Arc::make_mut(list);
        for owned in list.iter_mut() {
            owned.owners.retain(|one| !is_it(one, &reference, &own_uid));
        }
        list.retain(|owned| !owned.owners.is_empty());
    }
}

/// Takes an owner out of a document.
fn disown(document: &mut Value, owner: &ObjectRef, own_uid: &str) {
    let metadata = &mut document["metadata"];
    let Some(list) = metadata["ownerReferences"].as_array_mut() else {
        return;
    };
    list.retain(|one| {
        let means = one["kind"] == owner.kind.as_str() && one["name"] == owner.name.as_str();
        let other = one["uid"]
            .as_str()
            .is_some_and(|uid| !uid.is_empty() && uid != own_uid);
        !means || other
    });
    if list.is_empty()
        && let Some(fields) = metadata.as_object_mut()
    {
        fields.remove("ownerReferences");
    }
}

fn orphan_job<P>(cluster: &mut Cluster<P>, job: WorkloadId) {
    if let Some(owner) = delete::cron_job_of(cluster, job) {
        let control = &mut cluster.workings.control;
        let jobs = &mut control.workloads[owner.index()].jobs;
        jobs.retain(|other| *other != job);
    }
    let row = &mut cluster.objects.workloads[job.index()].header;
    if let Some(fields) = Arc::make_mut(&mut row.doc)["metadata"].as_object_mut() {
        fields.remove("ownerReferences");
    }
}

/// A pod is its own from here on: a controller that selects it may take it in.
fn orphan_pod<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let row = cluster.objects.pods[pod.index()].clone();
    if row.deletion.is_some() {
        return;
    }
    let arrival = arrival(
        ObjectRef::new(Kind::Pod, &row.namespace, &row.name),
        pod_document(cluster, pod),
    );
    let known = bare::alike(cluster, &arrival);
    let Ok(own) = bare_pod(cluster, &arrival, known) else {
        return;
    };
    let template = cluster.objects.workloads[own.index()].template;
    cluster.objects.pods[pod.index()].template = template;
    inherit(cluster, row.workload, own);
    pods::hand_over(cluster, pod, own, None);
    offer(cluster, pod);
}

/// A ReplicaSet of a Deployment is its own from here on, with its pods.
fn orphan_set<P>(cluster: &mut Cluster<P>, set: ReplicaSetId) {
    let row = cluster.objects.replica_sets[set.index()].clone();
    let mut document = (*row.header.doc).clone();
    document["metadata"]["uid"] = uid(&row.header).as_str().into();
    document["spec"]["replicas"] = row.replicas.into();
    if let Some(fields) = document["metadata"].as_object_mut() {
        fields.remove("ownerReferences");
    }
    for (key, list) in [
        ("labels", &row.header.labels),
        ("annotations", &row.header.annotations),
    ] {
        document["metadata"][key] = json!(**list);
    }
    let arrival = arrival(row.header.reference.clone(), document);
    let Ok(spec) = super::create::workload_spec(&arrival.reference, &arrival.document) else {
        return;
    };
    let pods = controlled(cluster, Slot::ReplicaSet(set));
    delete::forget_replica_set(cluster, set);
    let Ok(own) = workload(cluster, &arrival, Arc::new(spec)) else {
        return;
    };
    let new = &mut cluster.objects.workloads[own.index()];
    new.header.created = row.header.created;
    new.header.generation = row.header.generation;
    new.status = row.status;
    inherit(cluster, row.owner, own);
    for pod in pods {
        if let Slot::Pod(pod) = pod {
            pods::hand_over(cluster, pod, own, None);
        }
    }
    offer_set(cluster, own);
}

/// The same programs behave as before; what was pinned for them stays pinned.
fn inherit<P>(cluster: &mut Cluster<P>, from: WorkloadId, to: WorkloadId) {
    let workings = &mut cluster.workings;
    workings.behaviours[to.index()] = workings.behaviours[from.index()].clone();
    let pinned = workings.pins.iter().find(|pin| pin.workload == from);
    if let Some(pin) = pinned.copied() {
        let own = crate::workings::Pin {
            workload: to,
            ..pin
        };
        Arc::make_mut(&mut workings.pins).push(own);
    }
}

fn arrival(reference: ObjectRef, document: Value) -> Arrival {
    let metadata = serde_json::from_value::<Metadata>(document["metadata"].clone());
    Arrival {
        reference,
        metadata: metadata.unwrap_or_default(),
        document: Arc::new(document),
        status: Value::Null,
    }
}

/// The document of a pod that nothing controls any more: its template's, with what its controller gave it.
fn pod_document<P>(cluster: &Cluster<P>, pod: PodId) -> Value {
    let row = &cluster.objects.pods[pod.index()];
    let template = &cluster.objects.templates[row.template.index()].doc;
    let mut document = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": template["metadata"].clone(),
        "spec": template["spec"].clone(),
    });
    let metadata = &mut document["metadata"];
    metadata["name"] = row.name.as_str().into();
    metadata["namespace"] = row.namespace.as_str().into();
    metadata["labels"] = json!(*row.labels);
    let owner = &cluster.objects.workloads[row.workload.index()];
    if let WorkloadSpec::StatefulSet(set) = &*owner.spec {
        let spec = &mut document["spec"];
        spec["hostname"] = row.name.as_str().into();
        spec["subdomain"] = set.service_name.as_str().into();
        add_claims(spec, &row.name, owner.spec.claim_templates());
    }
    document
}

/// Volumes of the claims that a StatefulSet made for a pod.
fn add_claims(
    spec: &mut Value,
    pod: &str,
    templates: &[aegis_model::kubernetes::VolumeClaimTemplate],
) {
    let own = templates.iter().map(|template| {
        let name = &template.metadata.name;
        json!({"name": name, "persistentVolumeClaim": {"claimName": alloc::format!("{name}-{pod}")}})
    });
    let own: Vec<Value> = own.collect();
    if own.is_empty() {
        return;
    }
    match spec["volumes"].as_array_mut() {
        Some(list) => list.extend(own),
        None => spec["volumes"] = own.into(),
    }
}

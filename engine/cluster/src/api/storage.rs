//! Volumes, claims and classes: made, written, taken away.
//!
//! What admission does for them (default class, the finalizers that protect what is in use) and what
//! may not be written are here; what becomes of them is the controllers' ([`crate::step::storage`]).

use super::complete;
use super::create::{Arrival, header, register};
use super::document::{self, read, read_value};
use super::error::ApiError;
use super::validate::{forbidden, invalid};
use crate::cluster::Cluster;
use crate::workings::Slot;
use aegis_model::kubernetes::{
    AccessMode, Kind, Labels, ObjectRef, PersistentVolumeClaimSpec, StorageClassSpec,
};
use aegis_model::objects::{
    ClaimPhase, Header, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass, VolumePhase,
    WorkloadSpec,
};
use aegis_model::{ClaimId, ClassId, Doc, Objects, PodId, Quantity, VolumeId, WorkloadId};
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// Annotation of a claim whose binding is done.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Annotation of a class for claims that name none.
const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
const IS_DEFAULT_BETA: &str = "storageclass.beta.kubernetes.io/is-default-class";

/// The class of claims that name none: the newest of those marked so, then the first by name.
/// Source: pkg/volume/util/storageclass.go `GetDefaultClass`.
pub fn default_class<P>(cluster: &Cluster<P>) -> Option<SmolStr> {
    let classes = cluster.objects.classes.iter().map(|row| &row.header);
    complete::default_of(classes, &[IS_DEFAULT, IS_DEFAULT_BETA])
}

/// The class of that name.
pub fn class<'a, P>(cluster: &'a Cluster<P>, name: &str) -> Option<&'a StorageClass> {
    let reference = ObjectRef::new(Kind::StorageClass, "", name);
    match super::find(cluster, &reference)? {
        Slot::Class(id) => cluster.objects.classes.get(id.index()),
        _ => None,
    }
}

/// The volume of that name.
pub fn volume<P>(cluster: &Cluster<P>, name: &str) -> Option<VolumeId> {
    let reference = ObjectRef::new(Kind::PersistentVolume, "", name);
    match super::find(cluster, &reference)? {
        Slot::Volume(id) => Some(id),
        _ => None,
    }
}

/// The claim of that name.
pub fn claim<P>(cluster: &Cluster<P>, namespace: &str, name: &str) -> Option<ClaimId> {
    let reference = ObjectRef::new(Kind::PersistentVolumeClaim, namespace, name);
    match super::find(cluster, &reference)? {
        Slot::Claim(id) => Some(id),
        _ => None,
    }
}

/// What is said of a write to a claim's spec.
const CLAIM_IS_FIXED: &str = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/// Makes a StorageClass.
pub(super) fn create_class<P>(
    cluster: &mut Cluster<P>,
    arrival: &Arrival,
) -> Result<Slot, ApiError> {
    let row = StorageClass {
        spec: Arc::new(class_spec(&arrival.reference, &arrival.document)?),
        header: header(cluster, arrival),
    };
    let id = ClassId::from(cluster.objects.classes.push(row));
    cluster.workings.storage.mark_unbound();
    cluster.workings.scheduler.news.storage = true;
    Ok(register(cluster, arrival, Slot::Class(id)))
}

fn class_spec(object: &ObjectRef, document: &Value) -> Result<StorageClassSpec, ApiError> {
    let spec: StorageClassSpec = read_value(object, document, "")?;
    if spec.provisioner.is_empty() {
        let detail = "a value is required";
        return Err(invalid(object, "provisioner", "\"\"", detail));
    }
    Ok(spec)
}

/// Makes a PersistentVolume; it is `Pending` until the controller has seen it.
pub(super) fn create_volume<P>(
    cluster: &mut Cluster<P>,
    arrival: &mut Arrival,
) -> Result<Slot, ApiError> {
    protect(&mut arrival.document, "kubernetes.io/pv-protection");
    let spec = read(&arrival.reference, &arrival.document, "spec")?;
    let row = PersistentVolume {
        spec: Arc::new(spec),
        phase: match arrival.status["phase"].as_str() {
            Some("Bound") => VolumePhase::Bound,
            Some("Released") => VolumePhase::Released,
            Some("Failed") => VolumePhase::Failed,
            _ => VolumePhase::Pending,
        },
        since: cluster.clock,
        message: None,
        deletion: None,
        attached: Vec::new(),
        header: header(cluster, arrival),
    };
    let id = VolumeId::from(cluster.objects.volumes.push(row));
    cluster.workings.storage.mark_volume(id);
    cluster.workings.storage.mark_unbound();
    cluster.workings.scheduler.news.storage = true;
    Ok(register(cluster, arrival, Slot::Volume(id)))
}

/// Makes a PersistentVolumeClaim; one that comes as bound is believed to be.
pub(super) fn create_claim<P>(
    cluster: &mut Cluster<P>,
    arrival: &mut Arrival,
) -> Result<Slot, ApiError> {
    protect(&mut arrival.document, "kubernetes.io/pvc-protection");
    admit_class(cluster, &mut arrival.document);
    let spec: PersistentVolumeClaimSpec = read(&arrival.reference, &arrival.document, "spec")?;
    let completed = arrival.metadata.annotations.contains_key(BIND_COMPLETED);
    // That a volume was found is believed where the volume is there, or the status says so.
    let there = volume(cluster, &spec.volume_name).is_some();
    let bound = arrival.status["phase"] == "Bound" || (completed && there);
    let given = given_capacity(&arrival.status);
    let row = PersistentVolumeClaim {
        phase: match arrival.status["phase"].as_str() {
            Some("Lost") => ClaimPhase::Lost,
            _ if bound => ClaimPhase::Bound,
            _ => ClaimPhase::Pending,
        },
        capacity: given.or_else(|| spec.resources.requests.get("storage").filter(|_| bound)),
        access_modes: given_modes(&arrival.status).unwrap_or_else(|| spec.access_modes.clone()),
        spec: Arc::new(spec),
        conditions: Vec::new(),
        deletion: None,
        header: header(cluster, arrival),
    };
    let id = ClaimId::from(cluster.objects.claims.push(row));
    cluster.workings.storage.mark_claim(id);
    cluster.workings.scheduler.news.storage = true;
    let slot = register(cluster, arrival, Slot::Claim(id));
    note_users(cluster, id);
    Ok(slot)
}

fn given_capacity(status: &Value) -> Option<Quantity> {
    status.pointer("/capacity/storage")?.as_str()?.parse().ok()
}

fn given_modes(status: &Value) -> Option<Vec<AccessMode>> {
    serde_json::from_value(status.get("accessModes")?.clone()).ok()
}

/// Pods that were bound before the claim was there.
fn note_users<P>(cluster: &mut Cluster<P>, id: ClaimId) {
    let reference = cluster.objects.claims[id.index()].header.reference.clone();
    let pods = cluster.objects.pods.enumerate();
    let bound = pods.filter(|(_, pod)| {
        pod.exists() && pod.node.is_some() && pod.namespace == reference.namespace
    });
    let users: Vec<usize> = bound
        .filter(|(_, pod)| {
            claim_names(&cluster.objects, pod).any(|(_, name)| name == reference.name)
        })
        .map(|(index, _)| index)
        .collect();
    for pod in users {
        cluster.workings.storage.use_claim(id, pod.into());
    }
}

/// StorageObjectInUseProtection: a finalizer that goes when nothing uses the object.
fn protect(document: &mut Doc, finalizer: &str) {
    let metadata = &mut Arc::make_mut(document)["metadata"];
    if !metadata["finalizers"].is_array() {
        metadata["finalizers"] = Value::Array(Vec::new());
    }
    if let Some(list) = metadata["finalizers"].as_array_mut()
        && list.iter().all(|known| known != finalizer)
    {
        list.push(finalizer.into());
    }
}

/// DefaultStorageClass.
fn admit_class<P>(cluster: &Cluster<P>, document: &mut Doc) {
    if document["spec"]["storageClassName"].is_string() {
        return;
    }
    if let Some(class) = default_class(cluster) {
        Arc::make_mut(document)["spec"]["storageClassName"] = class.as_str().into();
    }
}

/// Reads a row anew from its written document.
pub(super) fn retype<P>(
    cluster: &mut Cluster<P>,
    slot: Slot,
    object: &ObjectRef,
    document: &Doc,
) -> Result<(), ApiError> {
    match slot {
        Slot::Class(id) => {
            let spec = class_spec(object, document)?;
            cluster.objects.classes[id.index()].spec = Arc::new(spec);
            cluster.workings.storage.mark_unbound();
        }
        Slot::Volume(id) => {
            let spec = read(object, document, "spec")?;
            cluster.objects.volumes[id.index()].spec = Arc::new(spec);
            cluster.workings.storage.mark_volume(id);
            cluster.workings.storage.mark_unbound();
        }
        Slot::Claim(id) => {
            let spec = read(object, document, "spec")?;
            may_become(cluster, id, object, &spec)?;
            cluster.objects.claims[id.index()].spec = Arc::new(spec);
            cluster.workings.storage.mark_claim(id);
        }
        _ => {}
    }
    cluster.workings.scheduler.news.storage = true;
    Ok(())
}

/// A claim's spec is fixed, but for the size of a bound one whose class allows it to grow.
/// Source: pkg/apis/core/validation `ValidatePersistentVolumeClaimUpdate`, plugin/pkg/admission/storage/persistentvolume/resize.
fn may_become<P>(
    cluster: &Cluster<P>,
    id: ClaimId,
    object: &ObjectRef,
    after: &PersistentVolumeClaimSpec,
) -> Result<(), ApiError> {
    let row = &cluster.objects.claims[id.index()];
    let before = &*row.spec;
    let size = |spec: &PersistentVolumeClaimSpec| spec.resources.requests.get("storage");
    let mut resized = before.clone();
    resized.resources = after.resources.clone();
    let named_late = before.volume_name.is_empty() || before.storage_class_name.is_none();
    if resized != *after && !(named_late && row.phase == ClaimPhase::Pending) {
        return Err(forbidden(object, "spec", CLAIM_IS_FIXED));
    }
    let (old, new) = (size(before), size(after));
    if new == old {
        return Ok(());
    }
    if row.phase != ClaimPhase::Bound {
        return Err(forbidden(object, "spec", CLAIM_IS_FIXED));
    }
    if new < row.capacity.or(old) {
        let detail = "field can not be less than status.capacity";
        return Err(forbidden(object, "spec.resources.requests.storage", detail));
    }
    let class = class(cluster, row.class());
    if class.is_some_and(|class| class.spec.allow_volume_expansion) {
        return Ok(());
    }
    Err(ApiError::Forbidden {
        kind: object.kind.clone(),
        name: object.name.clone(),
        reason: "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize".to_string(),
    })
}

/// Whether the finalizer is there that [`protect`] set.
fn is_protected(document: &Value) -> bool {
    let finalizers = document["metadata"]["finalizers"].as_array();
    let mut names = finalizers.into_iter().flatten().filter_map(Value::as_str);
    names.any(|name| name.ends_with("-protection"))
}

/// Whether a deletion that was asked for must wait: for pods that use the claim, or for the claim
/// that has the volume. It is then under way.
pub(super) fn waits_with_going<P>(cluster: &mut Cluster<P>, slot: Slot) -> bool {
    let now = cluster.clock;
    match slot {
        Slot::Claim(id) => {
            let used = !cluster.workings.storage.users(id).is_empty();
            let row = &mut cluster.objects.claims[id.index()];
            row.deletion = row.deletion.or(Some(now));
            used && is_protected(&row.header.doc)
        }
        Slot::Volume(id) => {
            let row = &mut cluster.objects.volumes[id.index()];
            row.deletion = row.deletion.or(Some(now));
            row.phase == VolumePhase::Bound && is_protected(&row.header.doc)
        }
        _ => false,
    }
}

/// Tells the controllers what a claim or volume that is gone means.
pub(super) fn note_gone<P>(cluster: &mut Cluster<P>, slot: Slot) {
    let storage = &mut cluster.workings.storage;
    match slot {
        Slot::Claim(id) => {
            if storage.unbound.contains(&id) {
                Arc::make_mut(&mut storage.unbound).remove(&id);
            }
            let name = &cluster.objects.claims[id.index()].spec.volume_name;
            let name = name.clone();
            if let Some(volume) = volume(cluster, &name) {
                cluster.workings.storage.mark_volume(volume);
            }
        }
        Slot::Volume(id) => {
            let claim_ref = cluster.objects.volumes[id.index()].spec.claim_ref.clone();
            let holder = claim_ref.and_then(|r| claim(cluster, &r.namespace, &r.name));
            if let Some(holder) = holder {
                cluster.workings.storage.mark_claim(holder);
            }
        }
        _ => {}
    }
    cluster.workings.scheduler.news.storage = true;
}

/// Removes a claim for good, if no finalizer holds it.
pub fn remove_claim<P>(cluster: &mut Cluster<P>, id: ClaimId) {
    if super::finalizers::hold(cluster, Slot::Claim(id)) {
        return;
    }
    cluster.objects.claims[id.index()].header.removed = Some(cluster.clock);
    note_gone(cluster, Slot::Claim(id));
}

/// Removes a volume for good, if no finalizer holds it.
pub fn remove_volume<P>(cluster: &mut Cluster<P>, id: VolumeId) {
    if super::finalizers::hold(cluster, Slot::Volume(id)) {
        return;
    }
    cluster.objects.volumes[id.index()].header.removed = Some(cluster.clock);
    note_gone(cluster, Slot::Volume(id));
}

/// Writes a claim as a controller does.
pub fn edit_claim<P>(cluster: &mut Cluster<P>, id: ClaimId, edit: impl FnOnce(&mut Value)) {
    let row = &mut cluster.objects.claims[id.index()];
    edit(Arc::make_mut(&mut row.header.doc));
    if let Ok(spec) = read(&row.header.reference, &row.header.doc, "spec") {
        row.spec = Arc::new(spec);
    }
    row.header.annotations = Arc::new(annotations_of(&row.header.doc));
}

/// Writes a volume as a controller does.
pub fn edit_volume<P>(cluster: &mut Cluster<P>, id: VolumeId, edit: impl FnOnce(&mut Value)) {
    let row = &mut cluster.objects.volumes[id.index()];
    edit(Arc::make_mut(&mut row.header.doc));
    if let Ok(spec) = read(&row.header.reference, &row.header.doc, "spec") {
        row.spec = Arc::new(spec);
    }
    row.header.annotations = Arc::new(annotations_of(&row.header.doc));
}

fn annotations_of(document: &Value) -> Labels {
    let found = document["metadata"]["annotations"].as_object();
    let texts = found.into_iter().flatten();
    texts
        .filter_map(|(key, value)| Some((key.as_str().into(), value.as_str()?.into())))
        .collect()
}

/// The volumes of a pod that are claims: the volume's name and the claim's. Those that a
/// StatefulSet makes come first, and stand in for volumes of that name
/// (pkg/controller/statefulset/stateful_set_utils.go, `updateStorage`).
pub fn claim_names<'a>(
    objects: &'a Objects,
    pod: &'a Pod,
) -> impl Iterator<Item = (SmolStr, SmolStr)> + 'a {
    let owner = &objects.workloads[pod.workload.index()];
    let made = owner.spec.claim_templates();
    let own = made.iter().map(|template| {
        let volume = template.metadata.name.clone();
        let claim = smol_str::format_smolstr!("{volume}-{}", pod.name);
        (volume, claim)
    });
    let spec = &objects.templates[pod.template.index()].spec.spec;
    let others = spec.volumes.iter().filter_map(|volume| {
        if let Some(claim) = &volume.persistent_volume_claim {
            return Some((volume.name.clone(), claim.claim_name.clone()));
        }
        volume.ephemeral.as_ref()?;
        Some((volume.name.clone(), ephemeral_claim(pod, &volume.name)))
    });
    let others = others.filter(|(volume, _)| {
        made.iter()
            .all(|template| template.metadata.name != *volume)
    });
    own.chain(others)
}

/// The name of the claim that is made for an ephemeral volume of a pod.
#[must_use]
pub fn ephemeral_claim(pod: &Pod, volume: &str) -> SmolStr {
    smol_str::format_smolstr!("{}-{volume}", pod.name)
}

/// Volumes of a pod whose claims are made for it and go with it.
#[must_use]
pub fn ephemeral_volumes(objects: &Objects, pod: PodId) -> Vec<SmolStr> {
    let template = objects.pods[pod.index()].template;
    let volumes = objects.templates[template.index()].spec.spec.volumes.iter();
    let made = volumes.filter(|volume| volume.ephemeral.is_some());
    made.map(|volume| volume.name.clone()).collect()
}

/// Whether a claim was made for an ephemeral volume of this pod.
/// Source: component-helpers/storage/ephemeral `VolumeIsForPod`.
#[must_use]
pub fn is_made_for<P>(cluster: &Cluster<P>, claim: ClaimId, pod: &Pod) -> bool {
    let document = &cluster.objects.claims[claim.index()].header.doc;
    let owners = document["metadata"]["ownerReferences"].as_array();
    let uid = super::uid_of(pod.number);
    owners
        .into_iter()
        .flatten()
        .any(|owner| owner["uid"] == uid.as_str())
}

/// A pod is gone, and with it the claims that were made for it.
pub fn drop_ephemeral<P>(cluster: &mut Cluster<P>, pod: PodId) {
    for volume in ephemeral_volumes(&cluster.objects, pod) {
        let row = &cluster.objects.pods[pod.index()];
        let name = ephemeral_claim(row, &volume);
        let own = claim(cluster, &row.namespace, &name);
        if let Some(id) = own.filter(|id| is_made_for(cluster, *id, row)) {
            let now = cluster.clock;
            let deletion = &mut cluster.objects.claims[id.index()].deletion;
            *deletion = deletion.or(Some(now));
            cluster.workings.storage.mark_claim(id);
        }
    }
}

/// `claimRef:` to a claim.
#[must_use]
pub fn claim_reference(header: &Header) -> Value {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": header.reference.name.as_str(),
        "namespace": header.reference.namespace.as_str(),
        "uid": super::uid(header).as_str(),
    })
}

/// Notes that a pod that was bound uses its claims.
pub fn use_claims<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let row = &cluster.objects.pods[pod.index()];
    let claims: Vec<ClaimId> = claim_names(&cluster.objects, row)
        .filter_map(|(_, name)| claim(cluster, &row.namespace, &name))
        .collect();
    for id in claims {
        cluster.workings.storage.use_claim(id, pod);
    }
}

/// Notes that a pod is over: others that wait for its claims may come. As long as it is there it
/// protects them (`podUsesPVC` of the PVC protection controller asks for no phase).
pub fn end_claims<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let storage = &mut cluster.workings.storage;
    for claim in storage.claims_of(pod) {
        storage.mark_claim(claim);
        cluster.workings.scheduler.news.storage = true;
    }
}

/// Notes that a pod is gone: its claims may go, and others that wait for them may come.
pub fn leave_claims<P>(cluster: &mut Cluster<P>, pod: PodId) {
    detach(cluster, pod);
    let storage = &mut cluster.workings.storage;
    for claim in storage.leave_claims(pod) {
        storage.mark_claim(claim);
        cluster.workings.scheduler.news.storage = true;
    }
    if storage.reserved.contains_key(&pod) {
        Arc::make_mut(&mut storage.reserved).remove(&pod);
    }
}

/// The volumes of a pod that goes are taken off its node, where no other pod there uses them.
fn detach<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let Some(node) = cluster.objects.pods[pod.index()].node else {
        return;
    };
    for id in cluster.workings.storage.claims_of(pod) {
        let claim = &cluster.objects.claims[id.index()];
        let Some(volume) = crate::volumes::volume_of(cluster, claim) else {
            continue;
        };
        let mut users = cluster.workings.storage.users(id).iter();
        let shared = users
            .any(|other| *other != pod && cluster.objects.pods[other.index()].node == Some(node));
        if !shared {
            let attached = &mut cluster.objects.volumes[volume.index()].attached;
            attached.retain(|there| *there != node);
        }
    }
}

/// Claims that go with their StatefulSet: `whenDeleted: Delete`.
#[must_use]
pub fn owned_claims<P>(cluster: &Cluster<P>, workload: WorkloadId) -> Vec<ClaimId> {
    let row = &cluster.objects.workloads[workload.index()];
    let WorkloadSpec::StatefulSet(spec) = &*row.spec else {
        return Vec::new();
    };
    if !spec.claim_retention.goes_when_deleted() {
        return Vec::new();
    }
    let set = &row.header.reference;
    let of_set = |name: &str| {
        let mut templates = spec.volume_claim_templates.iter();
        templates.any(|template| {
            let base = format!("{}-{}-", template.metadata.name, set.name);
            let ordinal = name.strip_prefix(base.as_str());
            ordinal.is_some_and(|ordinal| ordinal.parse::<u32>().is_ok())
        })
    };
    let claims = cluster.objects.claims.enumerate();
    let owned = claims.filter(|(_, claim)| {
        let reference = &claim.header.reference;
        claim.header.exists() && reference.namespace == set.namespace && of_set(&reference.name)
    });
    owned.map(|(index, _)| ClaimId::from(index)).collect()
}

/// The document of a claim that is made from a template.
pub fn claim_document(
    template: &Value,
    namespace: &str,
    name: &str,
    labels: &Labels,
    owners: &Value,
) -> Doc {
    let mut document = template.clone();
    document["apiVersion"] = "v1".into();
    document["kind"] = "PersistentVolumeClaim".into();
    document["metadata"]["name"] = name.into();
    document["metadata"]["namespace"] = namespace.into();
    for (key, value) in labels {
        document["metadata"]["labels"][key.as_str()] = value.as_str().into();
    }
    if owners.is_array() {
        document["metadata"]["ownerReferences"] = owners.clone();
    }
    if let Some(fields) = document.as_object_mut() {
        fields.remove("status");
    }
    document::without_nulls(Arc::new(document))
}

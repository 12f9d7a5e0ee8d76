//! Updates: fields of the document change, and the typed row is read anew.

use super::create::{autoscaler_spec, note_default_priority, template_of, workload_spec};
use super::document::{identify, read, without_nulls};
use super::error::{ApiError, Complaint, Invalid};
use super::{
    Actor, admission, complete, finalizers, find, keep_record, owners, redefine, storage,
    templates, validate,
};
use crate::cluster::Cluster;
use crate::workings::{Slot, header, header_mut};
use aegis_model::kubernetes::{Kind, Labels, ObjectRef};
use aegis_model::objects::WorkloadSpec;
use aegis_model::path::Segment;
use aegis_model::{Doc, FieldChange, ObjectChange, PodId, ReplicaSetId, WorkloadId};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// Annotation that orders the deletion of a ReplicaSet's pods.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Changes fields of an object. Fields that have the wanted value already are left out of the
/// record, `before` is recorded as it was, and a write that changes nothing leaves no entry.
///
/// # Errors
/// Where the API server would refuse it; then nothing has changed.
pub fn update<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    fields: &[FieldChange],
    actor: Actor<'_>,
) -> Result<(), ApiError> {
    let slot = find(cluster, object).ok_or_else(|| ApiError::NotFound(object.clone()))?;
    if let Slot::Node(id) = slot {
        super::nodes::report(cluster, id, fields);
    }
    if let Slot::Pod(id) = slot {
        super::pods::report(cluster, id, fields);
    }
    let present = document_of(cluster, slot);
    let mut document = Value::clone(&present);
    validate::strategy(object, &present, fields)?;
    validate::list_is_there(&present, fields)?;
    let fields = change(&mut document, fields);
    if fields.is_empty() {
        return Ok(());
    }
    same_object(cluster, slot, object, &document, &fields)?;
    let document = complete::updated(object, &present, without_nulls(Arc::new(document)));
    if actor != Actor::Unrecorded {
        admission::user_write(
            cluster,
            object,
            &document,
            "UPDATE",
            admission::User::of(actor),
        )?;
    }
    let refusal = match object.kind {
        Kind::PriorityClass => admission::second_default(cluster, object, &document),
        _ => admission::growth_refusal(cluster, object, &present, &document),
    };
    if let Some(reason) = refusal {
        return Err(ApiError::Forbidden {
            kind: object.kind.clone(),
            name: object.name.clone(),
            reason,
        });
    }
    finalizers::check(
        object,
        finalizers::going(cluster, slot),
        &present,
        &document,
    )?;
    commit(cluster, slot, object, &document, &fields)?;
    if fields.iter().any(is_of_finalizers) {
        finalizers::let_go(cluster, slot);
    }
    if fields
        .iter()
        .any(|field| is_metadata(field, "ownerReferences"))
    {
        owners::note_of(cluster, object, &identify(&document)?.1);
    }
    keep_record(cluster, actor, object, || ObjectChange::Update {
        object: object.clone(),
        fields,
    });
    Ok(())
}

/// A write that names another uid than the object's is meant for an object that is gone.
/// Source: apiserver/pkg/registry/rest/update.go, `validateObjectUpdate`; apimachinery `ValidateObjectMetaUpdate`.
fn same_object<P>(
    cluster: &Cluster<P>,
    slot: Slot,
    object: &ObjectRef,
    document: &Value,
    fields: &[FieldChange],
) -> Result<(), ApiError> {
    let uid = header(&cluster.objects, slot).map(super::uid);
    let (Some(known), Some(given)) = (uid, document["metadata"]["uid"].as_str()) else {
        return Ok(());
    };
    if known == given || !fields.iter().any(|field| is_metadata(field, "uid")) {
        return Ok(());
    }
    let reason = format!(
        "the object has been modified: Precondition failed: UID in precondition: {given}, UID in object meta: {known}"
    );
    Err(ApiError::Conflict {
        kind: object.kind.clone(),
        name: object.name.clone(),
        reason,
    })
}

/// The document of a row; of a pod, what of it may change.
pub(super) fn document_of<P>(cluster: &Cluster<P>, slot: Slot) -> Doc {
    if let Slot::Pod(id) = slot {
        let pod = &cluster.objects.pods[id.index()];
        let template = &cluster.objects.templates[pod.template.index()];
        let mut annotations = template.spec.metadata.annotations.clone();
        if let Some(cost) = cluster.workings.control.deletion_costs.get(&id) {
            annotations.insert(DELETION_COST.into(), smol_str::format_smolstr!("{cost}"));
        }
        let own = finalizers::of_pod(cluster, id);
        return without_nulls(Arc::new(serde_json::json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": pod.name,
                "namespace": pod.namespace,
                "labels": *pod.labels,
                "annotations": annotations,
                "finalizers": own,
            },
            "spec": spec_of(cluster, id),
        })));
    }
    header(&cluster.objects, slot).map_or_else(Doc::default, |header| header.doc.clone())
}

/// `spec:` of a pod as it is now.
fn spec_of<P>(cluster: &Cluster<P>, id: PodId) -> Value {
    let pod = &cluster.objects.pods[id.index()];
    let mut spec = cluster.objects.templates[pod.template.index()].doc["spec"].clone();
    if let Some(left) = &pod.gates {
        let left = left.iter().map(|name| serde_json::json!({"name": name}));
        spec["schedulingGates"] = left.collect();
    }
    spec
}

/// Applies the changes that change something; status is not written this way.
fn change(document: &mut Value, fields: &[FieldChange]) -> Vec<FieldChange> {
    let mut effective = Vec::new();
    for field in fields.iter().filter(|field| !is_below(field, "status")) {
        let before = field.path.get(document).cloned();
        if before == field.after {
            continue;
        }
        field.path.set(document, field.after.clone());
        effective.push(FieldChange {
            path: field.path.clone(),
            before,
            after: field.after.clone(),
        });
    }
    effective
}

/// `metadata.finalizers` or an item of it.
fn is_of_finalizers(field: &FieldChange) -> bool {
    is_metadata(field, "finalizers")
}

/// `metadata.<key>` or a part of it.
fn is_metadata(field: &FieldChange, name: &str) -> bool {
    let second = field.path.0.get(1);
    is_below(field, "metadata") && matches!(second, Some(Segment::Key(key)) if key == name)
}

pub(super) fn is_below(field: &FieldChange, root: &str) -> bool {
    matches!(field.path.0.first(), Some(Segment::Key(key)) if key == root)
}

fn commit<P>(
    cluster: &mut Cluster<P>,
    slot: Slot,
    object: &ObjectRef,
    document: &Doc,
    fields: &[FieldChange],
) -> Result<(), ApiError> {
    let (reference, metadata) = identify(document)?;
    if reference != *object {
        let invalid = Invalid {
            object: object.clone(),
            path: "metadata.name".into(),
            complaint: Complaint::Invalid,
            value: format!("{}", document["metadata"]["name"]),
            detail: "field is immutable".into(),
        };
        return Err(invalid.into());
    }
    if let Slot::Pod(id) = slot {
        return commit_pod(cluster, id, object, document, &metadata, fields);
    }
    if let Some(header) = header(&cluster.objects, slot) {
        validate::may_become(object, &header.doc, document)?;
    }
    retype(cluster, slot, object, document)?;
    if let Some(header) = header_mut(&mut cluster.objects, slot) {
        header.labels = Arc::new(metadata.labels);
        header.annotations = Arc::new(metadata.annotations);
        header.doc = document.clone();
        if fields.iter().any(|field| !is_below(field, "metadata")) {
            header.generation += 1;
        }
    }
    if let Slot::ReplicaSet(id) = slot {
        super::create::drop_replicas(&mut cluster.objects.replica_sets[id.index()].header.doc);
    }
    Ok(())
}

/// Labels of a pod may change, and the annotation that orders deletions; of its spec, gates may go.
fn commit_pod<P>(
    cluster: &mut Cluster<P>,
    id: PodId,
    object: &ObjectRef,
    document: &Value,
    metadata: &aegis_model::kubernetes::Metadata,
    fields: &[FieldChange],
) -> Result<(), ApiError> {
    let of_gates = |field: &FieldChange| {
        let second = field.path.0.get(1);
        is_below(field, "spec")
            && matches!(second, Some(Segment::Key(key)) if key == "schedulingGates")
    };
    let gates_left = match fields.iter().any(of_gates) {
        true => Some(gates_after(cluster, id, object, document)?),
        false => None,
    };
    let other = |field: &FieldChange| {
        !is_below(field, "metadata") && !of_gates(field) && !redefine::may_change(field)
    };
    if fields.iter().any(other) {
        return Err(validate::pod_is_fixed(object));
    }
    if fields.iter().any(redefine::may_change) {
        redefine::redefine(cluster, id, object, document)?;
    }
    let cost = deletion_cost(&metadata.annotations);
    let costs = &mut cluster.workings.control.deletion_costs;
    if costs.get(&id).copied() != cost {
        match cost {
            Some(cost) => drop(Arc::make_mut(costs).insert(id, cost)),
            None => drop(Arc::make_mut(costs).remove(&id)),
        }
    }
    if let Some(left) = gates_left {
        cluster.objects.pods[id.index()].gates = Some(Arc::new(left));
        cluster.workings.scheduler.news.gates = true;
    }
    if fields.iter().any(is_of_finalizers) {
        let left = document["metadata"]["finalizers"].as_array();
        let names = left.into_iter().flatten().filter_map(Value::as_str);
        cluster.objects.pods[id.index()].finalizers =
            Some(Arc::new(names.map(SmolStr::from).collect()));
    }
    let row = &mut cluster.objects.pods[id.index()];
    row.labels = Arc::new(metadata.labels.clone());
    row.edits += u32::from(fields.iter().any(|field| is_below(field, "spec")));
    cluster.workings.index.topology_dirty = true;
    super::pods::touch(cluster, id);
    Ok(())
}

/// The gates that a document leaves to a pod; none may come.
fn gates_after<P>(
    cluster: &Cluster<P>,
    id: PodId,
    object: &ObjectRef,
    document: &Value,
) -> Result<Vec<SmolStr>, ApiError> {
    let before = super::pods::gates(&cluster.objects, id);
    let listed = document.pointer("/spec/schedulingGates");
    let names = listed.and_then(Value::as_array).into_iter().flatten();
    let after: Vec<SmolStr> = names
        .filter_map(|gate| gate["name"].as_str())
        .map(SmolStr::from)
        .collect();
    let Some(new) = after.iter().find(|name| !before.contains(name)) else {
        return Ok(after);
    };
    let invalid = Invalid {
        object: object.clone(),
        path: "spec.schedulingGates".into(),
        complaint: Complaint::Forbidden,
        value: format!("{new:?}"),
        detail: format!("only deletion is allowed, but found new scheduling gate '{new}'"),
    };
    Err(invalid.into())
}

/// The deletion cost that annotations set.
fn deletion_cost(annotations: &Labels) -> Option<i32> {
    annotations.get(DELETION_COST)?.parse().ok()
}

/// The deletion cost of a pod: its own annotation, else its template's, else 0.
pub fn pod_deletion_cost<P>(cluster: &Cluster<P>, pod: PodId) -> i32 {
    let own = cluster.workings.control.deletion_costs.get(&pod).copied();
    own.unwrap_or_else(|| {
        let template = cluster.objects.pods[pod.index()].template;
        let spec = &cluster.objects.templates[template.index()].spec;
        deletion_cost(&spec.metadata.annotations).unwrap_or(0)
    })
}

/// Reads the typed part of a row from its new document, and tells who must look again.
fn retype<P>(
    cluster: &mut Cluster<P>,
    slot: Slot,
    object: &ObjectRef,
    document: &Doc,
) -> Result<(), ApiError> {
    let (objects, control) = (&mut cluster.objects, &mut cluster.workings.control);
    match slot {
        Slot::Node(id) => {
            objects.nodes[id.index()].spec = Arc::new(read(object, document, "spec")?);
            control.nodes_changed = true;
        }
        Slot::Workload(id) => retype_workload(cluster, id, object, document)?,
        Slot::ReplicaSet(id) => retype_replica_set(cluster, id, object, document)?,
        Slot::Service(id) => {
            objects.services[id.index()].spec = Arc::new(read(object, document, "spec")?);
            Arc::make_mut(&mut control.dirty_services).insert(id);
            cluster.workings.index.topology_dirty = true;
        }
        Slot::Autoscaler(id) => {
            let spec = autoscaler_spec(object, document)?;
            let row = &mut objects.autoscalers[id.index()];
            row.metrics = spec.metrics.iter().map(|_| None).collect();
            row.spec = Arc::new(spec);
        }
        Slot::Policy(id) => {
            objects.policies[id.index()].spec = Arc::new(read(object, document, "spec")?);
            cluster.workings.index.topology_dirty = true;
        }
        Slot::Budget(id) => {
            let spec = read(object, document, "spec")?;
            validate::budget(object, &spec)?;
            objects.budgets[id.index()].spec = Arc::new(spec);
            Arc::make_mut(&mut control.dirty_budgets).insert(id);
        }
        Slot::Plain(_) => {
            note_default_priority(cluster, object, document);
            cluster.workings.policies.stale |= admission::sets_rules(&object.kind);
        }
        Slot::Volume(_) | Slot::Claim(_) | Slot::Class(_) => {
            storage::retype(cluster, slot, object, document)?;
        }
        Slot::Pod(_) => {}
    }
    Ok(())
}

fn retype_workload<P>(
    cluster: &mut Cluster<P>,
    id: WorkloadId,
    object: &ObjectRef,
    document: &Doc,
) -> Result<(), ApiError> {
    let spec = workload_spec(object, document)?;
    validate::immutable(object, &cluster.objects.workloads[id.index()].spec, &spec)?;
    let template = template_of(&object.kind, document);
    let present = cluster.objects.workloads[id.index()].template;
    if cluster.objects.templates[present.index()].doc != template {
        let wanted = templates::intern(cluster, id, object, &template, None)?;
        cluster.objects.workloads[id.index()].template = wanted;
    }
    cluster.objects.workloads[id.index()].spec = Arc::new(spec);
    cluster.workings.control.enqueue(id);
    mark_budgets_of(cluster, id);
    Ok(())
}

/// Budgets count what the workloads of their pods want.
fn mark_budgets_of<P>(cluster: &mut Cluster<P>, id: WorkloadId) {
    if let Some(pod) = cluster.objects.workloads[id.index()].pods.first() {
        cluster.workings.control.mark_pod(*pod);
    }
}

fn retype_replica_set<P>(
    cluster: &mut Cluster<P>,
    id: ReplicaSetId,
    object: &ObjectRef,
    document: &Doc,
) -> Result<(), ApiError> {
    let WorkloadSpec::ReplicaSet(spec) = workload_spec(object, document)? else {
        return Ok(());
    };
    let row = &mut cluster.objects.replica_sets[id.index()];
    row.replicas = spec.replicas.unwrap_or(row.replicas);
    let owner = row.owner;
    cluster.workings.control.enqueue(owner);
    Ok(())
}

/// Sets `spec.replicas` of a workload: what the scale subresource does. Leaves no record.
pub fn scale<P>(cluster: &mut Cluster<P>, workload: WorkloadId, replicas: u32) {
    let row = &mut cluster.objects.workloads[workload.index()];
    if row
        .spec
        .replicas()
        .is_none_or(|present| present == replicas)
    {
        return;
    }
    match Arc::make_mut(&mut row.spec) {
        WorkloadSpec::Deployment(spec) => spec.replicas = Some(replicas),
        WorkloadSpec::StatefulSet(spec) => spec.replicas = Some(replicas),
        WorkloadSpec::ReplicaSet(spec) => spec.replicas = Some(replicas),
        WorkloadSpec::DaemonSet(_)
        | WorkloadSpec::Job(_)
        | WorkloadSpec::CronJob(_)
        | WorkloadSpec::Pod(_) => return,
    }
    Arc::make_mut(&mut row.header.doc)["spec"]["replicas"] = replicas.into();
    row.header.generation += 1;
    cluster.workings.control.enqueue(workload);
    mark_budgets_of(cluster, workload);
}

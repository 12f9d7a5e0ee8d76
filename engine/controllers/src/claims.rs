//! Claims that a StatefulSet makes for its pods, and what becomes of them.
//! Source: pkg/controller/statefulset/stateful_set_utils.go, stateful_pod_control.go.

use aegis_cluster::Cluster;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{self, Actor, ApiError, storage};
use aegis_cluster::journal::Journal;
use aegis_model::WorkloadId;
use aegis_model::kubernetes::{Kind, ObjectRef, StatefulSetSpec};
use aegis_model::objects::{Severity, WorkloadSpec};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Value, json};

const SOURCE: Source = Source::of("statefulset-controller");

/// Makes the claims of a pod that are not there.
///
/// # Errors
/// Why the API server refuses one, or that one is on its way out; an Event has said it.
pub(crate) fn make<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    id: WorkloadId,
    ordinal: u32,
) -> Result<(), ApiError> {
    if let Some(name) = going(cluster, id, ordinal) {
        let set = cluster.objects.workloads[id.index()]
            .header
            .reference
            .clone();
        let message = format!(
            "create Pod {}-{ordinal} in StatefulSet {} failed error: pvc {name} is being deleted",
            set.name, set.name
        );
        let warning = Severity::Warning;
        record(
            cluster,
            journal,
            warning,
            "FailedCreate",
            &message,
            &set,
            SOURCE,
        );
        return Err(ApiError::Shape("a claim of the pod is being deleted"));
    }
    for (name, document) in missing(cluster, id, ordinal) {
        let set = cluster.objects.workloads[id.index()]
            .header
            .reference
            .clone();
        let document = Arc::new(document);
        let made = api::identify(&document)
            .and_then(|(object, _)| api::admit_controlled(cluster, &object, &document))
            .and_then(|()| api::create(cluster, document, Actor::Unrecorded));
        let pod = format!("Pod {}-{ordinal} in StatefulSet {}", set.name, set.name);
        let Err(why) = made else {
            let message = format!("create Claim {name} {pod} success");
            let reason = "SuccessfulCreate";
            record(
                cluster,
                journal,
                Severity::Normal,
                reason,
                &message,
                &set,
                SOURCE,
            );
            continue;
        };
        let reason = "FailedCreate";
        for message in [
            format!("create Claim {name} for {pod} failed error: {why}"),
            format!("create {pod} failed error: failed to create PVC {name}: {why}"),
        ] {
            record(
                cluster,
                journal,
                Severity::Warning,
                reason,
                &message,
                &set,
                SOURCE,
            );
        }
        return Err(why);
    }
    Ok(())
}

/// A claim of a pod that is there and is being deleted.
fn going<P>(cluster: &Cluster<P>, id: WorkloadId, ordinal: u32) -> Option<alloc::string::String> {
    let row = &cluster.objects.workloads[id.index()];
    let WorkloadSpec::StatefulSet(spec) = &*row.spec else {
        return None;
    };
    let reference = &row.header.reference;
    let templates = spec.volume_claim_templates.iter();
    let mut names =
        templates.map(|one| format!("{}-{}-{ordinal}", one.metadata.name, reference.name));
    names.find(|name| {
        let claim = storage::claim(cluster, &reference.namespace, name);
        claim.is_some_and(|id| cluster.objects.claims[id.index()].deletion.is_some())
    })
}

/// Claims of a pod that are not there, by name, with their documents.
fn missing<P>(
    cluster: &Cluster<P>,
    id: WorkloadId,
    ordinal: u32,
) -> Vec<(alloc::string::String, Value)> {
    let header = &cluster.objects.workloads[id.index()].header;
    let WorkloadSpec::StatefulSet(spec) = &*cluster.objects.workloads[id.index()].spec else {
        return Vec::new();
    };
    let (set, namespace) = (&header.reference.name, &header.reference.namespace);
    let templates = header.doc["spec"]["volumeClaimTemplates"].as_array();
    let named = templates.into_iter().flatten().filter_map(|template| {
        let name = template["metadata"]["name"].as_str()?;
        Some((format!("{name}-{set}-{ordinal}"), template))
    });
    let owners = owners(cluster, id, spec);
    let absent = named.filter(|(name, _)| storage::claim(cluster, namespace, name).is_none());
    absent
        .map(|(name, template)| {
            let labels = &spec.selector.match_labels;
            let document = storage::claim_document(template, namespace, &name, labels, &owners);
            (name, Arc::unwrap_or_clone(document))
        })
        .collect()
}

/// The set owns its claims where they go with it.
fn owners<P>(cluster: &Cluster<P>, id: WorkloadId, spec: &StatefulSetSpec) -> Value {
    if !spec.claim_retention.goes_when_deleted() {
        return Value::Null;
    }
    let header = &cluster.objects.workloads[id.index()].header;
    json!([{
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "name": header.reference.name.as_str(),
        "uid": api::uid(header).as_str(),
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

/// A pod is scaled away: where the policy says so, its claims go with it.
pub(crate) fn let_go<P>(cluster: &mut Cluster<P>, id: WorkloadId, ordinal: u32) {
    let row = &cluster.objects.workloads[id.index()];
    let WorkloadSpec::StatefulSet(spec) = &*row.spec else {
        return;
    };
    if !spec.claim_retention.goes_when_scaled() {
        return;
    }
    let reference = row.header.reference.clone();
    let templates = spec.volume_claim_templates.iter();
    let names: Vec<_> = templates
        .map(|template| format!("{}-{}-{ordinal}", template.metadata.name, reference.name))
        .collect();
    for name in names {
        let claim = ObjectRef::new(Kind::PersistentVolumeClaim, &reference.namespace, &name);
        let _ = api::delete(cluster, &claim, Actor::Unrecorded);
    }
}

//! Pods that came along with their owner: which template they run.
//!
//! A pod of a dump may differ from its owner's template: admission wrote into it when it was made,
//! or it is of an older revision. What it says of itself is believed.

use super::create::{Arrival, template_of};
use super::error::ApiError;
use super::{given, pods, templates};
use crate::cluster::Cluster;
use aegis_model::kubernetes::{Container, Kind, PodSpec, PodTemplateSpec};
use aegis_model::{Doc, TemplateId, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;

/// The template of a pod whose owner's is `base`: that, or what admission made of it for this pod.
pub(super) fn template<P>(
    cluster: &mut Cluster<P>,
    workload: WorkloadId,
    base: TemplateId,
    arrival: &Arrival,
) -> Result<TemplateId, ApiError> {
    let document = document_of(arrival);
    if says_the_same(cluster, base, arrival)? {
        return Ok(base);
    }
    let siblings = &cluster.objects.workloads[workload.index()].pods;
    let theirs = siblings
        .iter()
        .map(|id| cluster.objects.pods[id.index()].template);
    let known = theirs.clone().find(|id| {
        let row = &cluster.objects.templates[id.index()];
        row.admitted_from == Some(base) && row.doc == document
    });
    match known {
        Some(known) => Ok(known),
        None => templates::admitted(cluster, workload, base, &document),
    }
}

/// The same of a pod that a StatefulSet or DaemonSet made: its revision is known by a hash.
pub(super) fn of_revision<P>(
    cluster: &mut Cluster<P>,
    workload: WorkloadId,
    arrival: &Arrival,
) -> Result<TemplateId, ApiError> {
    let row = &cluster.objects.workloads[workload.index()];
    let (kind, wanted) = (row.header.reference.kind.clone(), row.template);
    let labels = &arrival.metadata.labels;
    let hash = labels
        .get(templates::CONTROLLER_REVISION_HASH)
        .map(|hash| given::bare_hash(&row.header.reference.name, hash));
    let is_wanted = match (&kind, &hash) {
        (Kind::StatefulSet, Some(hash)) => cluster.objects.templates[wanted.index()].hash == *hash,
        // The hash that a DaemonSet wants stands in no status: its pods of now run what it says.
        (Kind::DaemonSet, Some(_)) => runs_release(cluster, wanted, arrival)?,
        _ => true,
    };
    match hash.filter(|_| !is_wanted) {
        None => template(cluster, workload, wanted, arrival),
        Some(hash) => {
            let document = document_of(arrival);
            let older =
                templates::intern(cluster, workload, &arrival.reference, &document, Some(hash))?;
            note_revision(cluster, workload, older);
            Ok(older)
        }
    }
}

fn note_revision<P>(cluster: &mut Cluster<P>, workload: WorkloadId, older: TemplateId) {
    let history = &mut cluster.objects.workloads[workload.index()].history;
    if history.iter().all(|(known, _)| *known != older) {
        Arc::make_mut(history).insert(0, (older, 0));
        cluster.workings.control.workloads[workload.index()].current = Some(older);
    }
}

/// The template that a pod's document amounts to: what binds it to its node is no part of it.
fn document_of(arrival: &Arrival) -> Doc {
    let mut document = template_of(&Kind::Pod, &arrival.document);
    if let Some(spec) = Arc::make_mut(&mut document)
        .get_mut("spec")
        .and_then(Value::as_object_mut)
    {
        spec.remove("nodeName");
    }
    document
}

fn spec_of(arrival: &Arrival) -> Result<PodSpec, ApiError> {
    super::document::read(&arrival.reference, &arrival.document, "spec")
}

fn runs_release<P>(
    cluster: &Cluster<P>,
    template: TemplateId,
    arrival: &Arrival,
) -> Result<bool, ApiError> {
    let own = PodTemplateSpec {
        spec: spec_of(arrival)?,
        ..PodTemplateSpec::default()
    };
    Ok(own.is_same_release(&cluster.objects.templates[template.index()].spec))
}

/// Whether a pod says nothing that its template does not say. Places, tolerations, volumes and the
/// token's mount are added to every pod.
fn says_the_same<P>(
    cluster: &Cluster<P>,
    template: TemplateId,
    arrival: &Arrival,
) -> Result<bool, ApiError> {
    let base = &cluster.objects.templates[template.index()];
    let own = spec_of(arrival)?;
    let annotations = &arrival.metadata.annotations;
    let grace = |spec: &PodSpec| {
        let stated = spec.termination_grace_period_seconds;
        stated.unwrap_or(pods::DEFAULT_GRACE)
    };
    let given = &base.spec.spec;
    Ok(work(&own) == work(given)
        && grace(&own) == grace(given)
        && own.priority_class_name == given.priority_class_name
        && annotations
            .iter()
            .all(|(key, value)| base.spec.metadata.annotations.get(key) == Some(value)))
}

/// What a pod's containers are to do, without what every container gets.
fn work(spec: &PodSpec) -> Vec<Container> {
    let containers = spec.init_containers.iter().chain(&spec.containers);
    let bare = |container: &Container| Container {
        volume_mounts: Vec::new(),
        image_pull_policy: None,
        termination_message_path: None,
        termination_message_policy: None,
        ..container.clone()
    };
    containers.map(bare).collect()
}

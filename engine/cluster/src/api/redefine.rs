//! Pods whose spec changes: other images, more tolerations, another deadline. The rest is fixed.
//!
//! Source: pkg/apis/core/validation `ValidatePodUpdate`.

use super::error::ApiError;
use super::{templates, validate};
use crate::cluster::Cluster;
use aegis_model::kubernetes::{ObjectRef, PodSpec, Toleration};
use aegis_model::path::Segment;
use aegis_model::{FieldChange, PodId, TemplateId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// Whether a change is to a part of a pod's spec that may change: `spec.containers[name=c].image`, of
/// init containers too, `spec.tolerations`, `spec.activeDeadlineSeconds`.
pub(super) fn may_change(field: &FieldChange) -> bool {
    let keys = field.path.0.iter().filter_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        _ => None,
    });
    let keys: Vec<&str> = keys.collect();
    matches!(
        keys.as_slice(),
        ["spec", "containers" | "initContainers", "image"]
            | ["spec", "activeDeadlineSeconds"]
            | ["spec", "tolerations", ..]
    )
}

/// Refuses what may not become of a deadline or of tolerations: a deadline may be set and made shorter,
/// tolerations may only be added, or be given more time.
fn check(object: &ObjectRef, before: &PodSpec, after: &PodSpec) -> Result<(), ApiError> {
    let deadline = "spec.activeDeadlineSeconds";
    match (
        before.active_deadline_seconds,
        after.active_deadline_seconds,
    ) {
        (Some(old), Some(new)) if new > old => {
            let detail = "must be less than or equal to previous value";
            return Err(validate::invalid(
                object,
                deadline,
                &alloc::format!("{new}"),
                detail,
            ));
        }
        (Some(_), None) => {
            let detail = "must not update from a positive integer to nil value";
            return Err(validate::invalid(object, deadline, "null", detail));
        }
        _ => {}
    }
    let lost = before.tolerations.iter().any(|old| {
        let same = |new: &&Toleration| {
            let timeless = |one: &Toleration| Toleration {
                toleration_seconds: None,
                ..one.clone()
            };
            timeless(new) == timeless(old)
        };
        !after.tolerations.iter().any(|new| same(&new))
    });
    match lost {
        true => Err(validate::pod_is_fixed(object)),
        false => Ok(()),
    }
}

/// Gives a pod another template: its kubelet restarts the containers whose images changed.
pub(super) fn redefine<P>(
    cluster: &mut Cluster<P>,
    id: PodId,
    object: &ObjectRef,
    document: &Value,
) -> Result<(), ApiError> {
    let row = &cluster.objects.pods[id.index()];
    let (workload, before) = (row.workload, row.template);
    let known = &cluster.objects.templates[before.index()];
    let mut template = Value::clone(&known.doc);
    template["spec"] = document["spec"].clone();
    let wanted: PodSpec = super::document::read_value(object, &template["spec"], "spec")?;
    let given: PodSpec = super::document::read_value(object, &known.doc["spec"], "spec")?;
    check(object, &given, &wanted)?;
    // It is of the same revision: its controller knows it by its labels.
    let base = cluster.objects.revision(before);
    let after = templates::admitted(cluster, workload, base, &Arc::new(template))?;
    cluster.objects.pods[id.index()].template = after;
    if given.tolerations != wanted.tolerations {
        cluster.workings.scheduler.reconsider(id);
    }
    let (old, new) = (images(cluster, before), images(cluster, after));
    let now = cluster.clock;
    if let Some(run) = cluster.workings.kubelet.run_mut(id).as_mut() {
        let containers = Arc::make_mut(run).containers.iter_mut();
        for (container, (old, new)) in containers.zip(old.iter().zip(&new)) {
            container.redefined |= old != new;
        }
    }
    cluster.workings.pods.set_due(id, now);
    Ok(())
}

/// Images of the containers of a template, those of init containers first.
fn images<P>(cluster: &Cluster<P>, template: TemplateId) -> Vec<SmolStr> {
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let all = spec.init_containers.iter().chain(&spec.containers);
    all.map(|container| container.image.clone()).collect()
}

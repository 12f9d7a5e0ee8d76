//! Pods whose containers get other images: the one part of a running pod's spec that may change.

use super::error::ApiError;
use super::templates;
use crate::cluster::Cluster;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::path::Segment;
use aegis_model::{FieldChange, PodId, TemplateId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// `spec.containers[name=c].image`, of init containers too.
pub(super) fn is_image(field: &FieldChange) -> bool {
    let keys = field.path.0.iter().filter_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        _ => None,
    });
    let keys: Vec<&str> = keys.collect();
    matches!(
        keys.as_slice(),
        ["spec", "containers" | "initContainers", "image"]
    )
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
    let after = templates::intern(cluster, workload, object, &Arc::new(template), None)?;
    cluster.objects.pods[id.index()].template = after;
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

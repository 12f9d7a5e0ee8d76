//! Bare pods that are alike have one template: a thousand runs of one program are described once.
//!
//! Alike are those of one namespace with the same labels, annotations and spec. Whoever changes
//! one of them gives it a template of its own ([`super::redefine`]).

use super::create::{Arrival, template_metadata};
use crate::cluster::Cluster;
use crate::workings::{BareTemplate, Fnv};
use aegis_model::{PodId, WorkloadId};
use alloc::sync::Arc;
use core::fmt::Write;
use serde_json::Value;

/// What a pod on its way in shares with one that came before.
pub(super) fn alike<P>(cluster: &Cluster<P>, arrival: &Arrival) -> Option<BareTemplate> {
    let metadata = template_metadata(&arrival.document);
    let bare = &cluster.workings.control.bare;
    bare.by.rows(hash_of(arrival, &metadata)).find_map(|row| {
        let known = &bare.rows[row];
        let document = &cluster.objects.templates[known.template.index()].doc;
        let same = known.namespace == arrival.reference.namespace
            && document["metadata"] == metadata
            && document["spec"] == arrival.document["spec"];
        same.then(|| known.clone())
    })
}

/// Remembers a bare pod for those like it. What its RuntimeClass costs may be another for the next one.
pub(super) fn remember<P>(cluster: &mut Cluster<P>, id: WorkloadId, arrival: &Arrival) {
    if arrival.document["spec"]["runtimeClassName"].is_string() {
        return;
    }
    let row = &cluster.objects.workloads[id.index()];
    let known = BareTemplate {
        template: row.template,
        spec: row.spec.clone(),
        namespace: arrival.reference.namespace.clone(),
    };
    let hash = hash_of(arrival, &template_metadata(&arrival.document));
    let bare = &mut cluster.workings.control.bare;
    bare.by.push(hash);
    bare.rows.push(known);
}

/// What admission wrote into the annotations of a bare pod is the pod's own.
pub(super) fn keep_written<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let row = &cluster.objects.pods[pod.index()];
    let document = &cluster.objects.templates[row.template.index()].doc;
    let header = &mut cluster.objects.workloads[row.workload.index()].header;
    for (key, value) in document["metadata"]["annotations"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let Some(text) = value
            .as_str()
            .filter(|_| !header.annotations.contains_key(key.as_str()))
        else {
            continue;
        };
        Arc::make_mut(&mut header.annotations).insert(key.as_str().into(), text.into());
        Arc::make_mut(&mut header.doc)["metadata"]["annotations"][key] = value.clone();
    }
}

fn hash_of(arrival: &Arrival, metadata: &Value) -> u32 {
    let mut hash = Fnv::default();
    let spec = &arrival.document["spec"];
    // A hash takes any text.
    let _ = write!(hash, "{} {metadata} {spec}", arrival.reference.namespace);
    hash.finish()
}

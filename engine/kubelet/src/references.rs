//! ConfigMaps and Secrets that pods name.

use super::words;
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::{Reference, ReferenceKind, header};
use aegis_model::kubernetes::{Kind, ObjectRef};
use alloc::string::String;
use serde_json::Value;

/// The object that a reference names.
pub(super) fn object(namespace: &str, reference: &Reference) -> ObjectRef {
    let kind = match reference.kind {
        ReferenceKind::ConfigMap => Kind::ConfigMap,
        ReferenceKind::Secret => Kind::Secret,
    };
    ObjectRef::new(kind, namespace, &reference.name)
}

/// What is missing, in Kubernetes' words; `None` where all is there.
pub(super) fn missing<P>(
    cluster: &Cluster<P>,
    namespace: &str,
    reference: &Reference,
) -> Option<String> {
    let object = object(namespace, reference);
    // Every namespace has this one; the controller that publishes it is not simulated.
    let published = object.name == "kube-root-ca.crt";
    let slot = api::find(cluster, &object);
    let Some(slot) = slot else {
        let assumed = published || cluster.workings.kubelet.assumed.contains(&object);
        return (!assumed).then(|| words::missing_object(reference));
    };
    if reference.key.is_empty() {
        return None;
    }
    let doc = &header(&cluster.objects, slot)?.doc;
    let has = |part: &str| {
        doc.get(part)
            .and_then(Value::as_object)
            .is_some_and(|entries| entries.contains_key(reference.key.as_str()))
    };
    let found = ["data", "stringData", "binaryData"].into_iter().any(has);
    (!found).then(|| words::missing_key(reference, namespace))
}

//! ConfigMaps and Secrets that pods name.

use super::words;
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::{Reference, ReferenceKind, VolumeRecipe, header};
use aegis_model::Doc;
use aegis_model::kubernetes::{Kind, ObjectRef};
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// The object that a reference names.
pub(super) fn object(namespace: &str, reference: &Reference) -> ObjectRef {
    let kind = match reference.kind {
        ReferenceKind::ConfigMap => Kind::ConfigMap,
        ReferenceKind::Secret => Kind::Secret,
    };
    ObjectRef::new(kind, namespace, &reference.name)
}

/// What of a volume is missing, in Kubernetes' words; `None` where all is there.
pub(super) fn missing_files<P>(
    cluster: &Cluster<P>,
    namespace: &str,
    volume: &VolumeRecipe,
) -> Option<String> {
    if let Some(why) = missing(cluster, namespace, &volume.reference) {
        return Some(why);
    }
    let document = document(cluster, namespace, &volume.reference)?;
    let lacks = |key: &str| value(&document, key).is_none();
    let (key, _) = volume.items.iter().find(|(key, _)| lacks(key))?;
    Some(words::missing_item(volume.reference.kind, key))
}

/// Names and texts of the files that a volume shows.
pub(super) fn files_of<P>(
    cluster: &Cluster<P>,
    namespace: &str,
    volume: &VolumeRecipe,
) -> Vec<(SmolStr, String)> {
    if volume.items.is_empty() {
        return entries(cluster, namespace, &volume.reference);
    }
    let Some(document) = document(cluster, namespace, &volume.reference) else {
        return Vec::new();
    };
    let named = volume.items.iter();
    named
        .filter_map(|(key, path)| Some((path.clone(), value(&document, key)?)))
        .collect()
}

/// All keys of a ConfigMap or Secret with what stands under them.
pub(super) fn entries<P>(
    cluster: &Cluster<P>,
    namespace: &str,
    reference: &Reference,
) -> Vec<(SmolStr, String)> {
    let Some(document) = document(cluster, namespace, reference) else {
        return Vec::new();
    };
    let parts = PARTS.iter().filter_map(|part| document[*part].as_object());
    let keys = parts.flat_map(|entries| entries.keys());
    keys.filter_map(|key| Some((key.as_str().into(), value(&document, key)?)))
        .collect()
}

/// Where ConfigMaps and Secrets keep what they hold.
const PARTS: [&str; 2] = ["data", "binaryData"];

/// What stands under a key.
pub(super) fn value(document: &Value, key: &str) -> Option<String> {
    let mut parts = PARTS.iter().filter_map(|part| document[*part].get(key));
    let text: String = parts.next()?.as_str().unwrap_or_default().into();
    match document["kind"] == "Secret" {
        // What is no text is shown as it is written.
        true => Some(api::decode_base64(&text).unwrap_or(text)),
        false => Some(text),
    }
}

/// The document of the object that a reference names.
pub(super) fn document<P>(
    cluster: &Cluster<P>,
    namespace: &str,
    reference: &Reference,
) -> Option<Doc> {
    let slot = api::find(cluster, &object(namespace, reference))?;
    Some(header(&cluster.objects, slot)?.doc.clone())
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
    let found = PARTS.into_iter().any(has);
    (!found).then(|| words::missing_key(reference, namespace))
}

//! The default StorageClass of a cluster whose manifests bring no storage.
//!
//! Manifests of an application name no class and rely on the cluster's default one. Where they
//! bring neither a class nor a volume, and a pod mounts a claim that names no class, the cluster is
//! given the class that distributions bring: `standard`, volumes made where the first pod goes.
//! Where they describe storage, or nobody mounts such a claim, they are taken at their word.

use aegis_kube::Document;
use serde_json::{Value, json};

/// The class that a cluster of these manifests is given; none where they need none or bring storage.
#[must_use]
pub fn assumed_class(manifests: &[Document]) -> Option<Value> {
    let brings =
        |document: &Document| matches!(document.kind(), "StorageClass" | "PersistentVolume");
    if manifests.iter().any(brings) {
        return None;
    }
    let relies = manifests.iter().any(|document| {
        claims_without_class(&document.value) || mounts_one(&document.value, manifests)
    });
    relies.then(standard)
}

fn standard() -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "rancher.io/local-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    })
}

/// Whether a StatefulSet makes claims that name no class.
fn claims_without_class(document: &Value) -> bool {
    let templates = document["spec"]["volumeClaimTemplates"].as_array();
    let mut templates = templates.into_iter().flatten();
    templates.any(names_no_class)
}

fn names_no_class(claim: &Value) -> bool {
    claim["spec"]["storageClassName"].is_null() && claim["spec"]["volumeName"].is_null()
}

/// Whether the pods of a document mount a claim of the manifests that names no class and is not bound.
fn mounts_one(document: &Value, manifests: &[Document]) -> bool {
    let Some(template) = crate::objects::template(document) else {
        return false;
    };
    let volumes = template.spec.volumes.iter();
    let claims = volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref());
    let mut named = claims.map(|claim| claim.claim_name.as_str());
    named.any(|name| {
        let mut claims = manifests.iter().filter(|other| {
            other.kind() == "PersistentVolumeClaim" && other.value["metadata"]["name"] == name
        });
        claims.any(|claim| names_no_class(&claim.value))
    })
}

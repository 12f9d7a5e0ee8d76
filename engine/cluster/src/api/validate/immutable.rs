//! What may not change once an object exists, as far as its document says it.
//!
//! Source: pkg/apis/{core,apps,storage,scheduling,rbac}/validation, `Validate…Update`. What follows from the
//! typed spec (Jobs, selectors, claims) is held where it is read.

use super::{forbidden, invalid};
use crate::api::error::ApiError;
use aegis_model::FieldChange;
use aegis_model::kubernetes::{Kind, ObjectRef};
use alloc::string::ToString;
use serde_json::Value;

/// What of a StatefulSet's spec may change.
const STATEFUL_SET: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// Fields of a volume's spec that do not say where its data are.
const NOT_SOURCE: [&str; 8] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeMode",
];

/// Checks a write against what is there.
///
/// # Errors
/// [`ApiError::Invalid`] with the first field that may not change.
pub(in crate::api) fn may_become(
    object: &ObjectRef,
    before: &Value,
    after: &Value,
) -> Result<(), ApiError> {
    match object.kind.as_str() {
        "ConfigMap" | "Secret" => data(object, before, after),
        "StatefulSet" => stateful_set(object, &before["spec"], &after["spec"]),
        "Service" => service(object, &before["spec"], &after["spec"]),
        "StorageClass" => storage_class(object, before, after),
        "PriorityClass" => priority_class(object, before, after),
        "PersistentVolume" => volume(object, &before["spec"], &after["spec"]),
        "RoleBinding" | "ClusterRoleBinding" => {
            let shown = after["roleRef"].to_string();
            same(before, after, "roleRef")
                .ok_or_else(|| invalid(object, "roleRef", &shown, "cannot change roleRef"))
        }
        "ResourceQuota" => {
            let shown = after["spec"]["scopes"].to_string();
            same(&before["spec"], &after["spec"], "scopes")
                .ok_or_else(|| invalid(object, "spec.scopes", &shown, IMMUTABLE))
        }
        "IngressClass" => {
            let shown = after["spec"]["controller"].to_string();
            same(&before["spec"], &after["spec"], "controller")
                .ok_or_else(|| invalid(object, "spec.controller", &shown, IMMUTABLE))
        }
        _ => Ok(()),
    }
}

const IMMUTABLE: &str = "field is immutable";

/// `Some` where a field did not change.
fn same(before: &Value, after: &Value, key: &str) -> Option<()> {
    (before[key] == after[key]).then_some(())
}

/// The same for a field with a default.
fn is_same(before: &Value, after: &Value, key: &str, default: &str) -> bool {
    let text = |value: &Value| value[key].as_str().unwrap_or(default).to_lowercase();
    text(before) == text(after)
}

/// A Secret's type is fixed; with `immutable: true` all data are, and so is that word.
fn data(object: &ObjectRef, before: &Value, after: &Value) -> Result<(), ApiError> {
    const FIXED: &str = "field is immutable when `immutable` is set";
    if object.kind == Kind::Secret && !is_same(before, after, "type", "Opaque") {
        let shown = after["type"].to_string();
        return Err(invalid(object, "type", &shown, IMMUTABLE));
    }
    if before["immutable"] != true {
        return Ok(());
    }
    if after["immutable"] != true {
        return Err(forbidden(object, "immutable", FIXED));
    }
    let mut fields = ["data", "binaryData", "stringData"].into_iter();
    match fields.find(|key| before[key] != after[key]) {
        // What is given as text is kept as data.
        Some("binaryData") => Err(forbidden(object, "binaryData", FIXED)),
        Some(_) => Err(forbidden(object, "data", FIXED)),
        None => Ok(()),
    }
}

fn stateful_set(object: &ObjectRef, before: &Value, after: &Value) -> Result<(), ApiError> {
    let others = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|key, _| !STATEFUL_SET.contains(&key.as_str()));
            fields
                .entry("podManagementPolicy")
                .or_insert("OrderedReady".into());
        }
        spec
    };
    if others(before) == others(after) {
        return Ok(());
    }
    let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    Err(forbidden(object, "spec", detail))
}

/// The address of a Service stays, whether it was asked for or given; an ExternalName has none.
fn service(object: &ObjectRef, before: &Value, after: &Value) -> Result<(), ApiError> {
    let is_name = |spec: &Value| spec["type"] == "ExternalName";
    let asked = after["clusterIP"].as_str().unwrap_or_default();
    if is_name(before) || is_name(after) || asked.is_empty() {
        return Ok(());
    }
    if before["clusterIP"].as_str().unwrap_or_default() == asked {
        return Ok(());
    }
    let shown = alloc::format!("[{asked:?}]");
    let detail = "may not change once set";
    Err(invalid(object, "spec.clusterIPs[0]", &shown, detail))
}

fn storage_class(object: &ObjectRef, before: &Value, after: &Value) -> Result<(), ApiError> {
    if before["parameters"] != after["parameters"] {
        let detail = "updates to parameters are forbidden.";
        return Err(forbidden(object, "parameters", detail));
    }
    if before["provisioner"] != after["provisioner"] {
        let detail = "updates to provisioner are forbidden.";
        return Err(forbidden(object, "provisioner", detail));
    }
    if !is_same(before, after, "reclaimPolicy", "Delete") {
        let detail = "updates to reclaimPolicy are forbidden.";
        return Err(forbidden(object, "reclaimPolicy", detail));
    }
    if !is_same(before, after, "volumeBindingMode", "Immediate") {
        let shown = after["volumeBindingMode"].to_string();
        return Err(invalid(object, "volumeBindingMode", &shown, IMMUTABLE));
    }
    Ok(())
}

fn priority_class(object: &ObjectRef, before: &Value, after: &Value) -> Result<(), ApiError> {
    if before["value"] != after["value"] {
        let detail = "may not be changed in an update.";
        return Err(forbidden(object, "value", detail));
    }
    if !is_same(before, after, "preemptionPolicy", "PreemptLowerPriority") {
        let shown = after["preemptionPolicy"].to_string();
        return Err(invalid(object, "preemptionPolicy", &shown, IMMUTABLE));
    }
    Ok(())
}

fn volume(object: &ObjectRef, before: &Value, after: &Value) -> Result<(), ApiError> {
    let source = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|key, _| !NOT_SOURCE.contains(&key.as_str()));
        }
        spec
    };
    if source(before) != source(after) {
        let path = "spec.persistentvolumesource";
        let detail = "spec.persistentvolumesource is immutable after creation";
        return Err(forbidden(object, path, detail));
    }
    if !is_same(before, after, "volumeMode", "Filesystem") {
        let shown = after["volumeMode"].to_string();
        return Err(invalid(object, "spec.volumeMode", &shown, IMMUTABLE));
    }
    let affinity = &before["nodeAffinity"];
    if !affinity.is_null() && *affinity != after["nodeAffinity"] {
        let shown = after["nodeAffinity"].to_string();
        return Err(invalid(object, "spec.nodeAffinity", &shown, IMMUTABLE));
    }
    Ok(())
}

/// A Deployment that is to make its pods anew all at once keeps no bounds of a rolling update: who changes
/// its type alone leaves those that were given, or filled in.
/// Source: pkg/apis/apps/validation `ValidateDeploymentStrategy`.
pub(in crate::api) fn strategy(
    object: &ObjectRef,
    before: &Value,
    fields: &[FieldChange],
) -> Result<(), ApiError> {
    let is_type = |field: &&FieldChange| {
        field.path.to_string() == "spec.strategy.type"
            && field.after.as_ref().is_some_and(|kind| kind == "Recreate")
    };
    let has_bounds = before["spec"]["strategy"]["type"] != "Recreate";
    if object.kind != Kind::Deployment || !has_bounds || !fields.iter().any(|one| is_type(&one)) {
        return Ok(());
    }
    let removes = |field: &FieldChange| {
        field.path.to_string() == "spec.strategy.rollingUpdate" && field.after.is_none()
    };
    if fields.iter().any(removes) {
        return Ok(());
    }
    let detail = "may not be specified when strategy `type` is 'Recreate'";
    Err(forbidden(object, "spec.strategy.rollingUpdate", detail))
}

/// What is said of a write to another field of a pod's spec than those that may change.
pub(in crate::api) fn pod_is_fixed(object: &ObjectRef) -> ApiError {
    let detail = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
    forbidden(object, "spec", detail)
}

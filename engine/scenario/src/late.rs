//! Patches of what is not known when the schedule is written: pods that controllers will make, and fields that
//! they will write.

use crate::format::PatchOf;
use aegis_kube::patch;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{Doc, FieldChange, FieldPath};
use serde_json::{Value, json};

/// The pod of that name which a workload will make, as its template says; of several the one with the longest name.
pub fn of_maker<'a>(
    documents: impl Iterator<Item = (&'a ObjectRef, &'a Doc)>,
    object: &ObjectRef,
) -> Option<Value> {
    if object.kind != Kind::Pod {
        return None;
    }
    let makes = |owner: &ObjectRef| {
        let rest = object.name.strip_prefix(owner.name.as_str());
        owner.namespace == object.namespace && rest.is_some_and(|rest| rest.starts_with('-'))
    };
    let makers = documents.filter(|(owner, document)| {
        makes(owner) && document.pointer("/spec/template/spec").is_some()
    });
    let (_, maker) = makers.max_by_key(|(owner, _)| owner.name.len())?;
    let template = &maker["spec"]["template"];
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"]});
    for key in ["labels", "annotations", "finalizers"] {
        if !template["metadata"][key].is_null() {
            pod["metadata"][key] = template["metadata"][key].clone();
        }
    }
    pod["metadata"]["name"] = object.name.as_str().into();
    pod["metadata"]["namespace"] = object.namespace.as_str().into();
    Some(pod)
}

/// Taints that a patch appends to those of a node, one by one: the node controller writes taints too, and they
/// stay. `None` for every other patch.
pub fn added_taints(
    object: &ObjectRef,
    before: &Value,
    patch: &PatchOf,
) -> Option<Vec<FieldChange>> {
    let operations = patch.json.as_ref()?.as_array()?;
    if object.kind != Kind::Node || operations.is_empty() {
        return None;
    }
    let root = FieldPath::default().key("spec").key("taints");
    let known = before["spec"]["taints"].as_array();
    let is_known = |key: &str| known.is_some_and(|list| list.iter().any(|one| one["key"] == key));
    let added = |operation: &Value| {
        let appends = operation["op"] == "add" && operation["path"] == "/spec/taints/-";
        let key = operation["value"]["key"].as_str()?;
        (appends && !is_known(key)).then(|| FieldChange {
            path: root.item("key", key),
            before: None,
            after: Some(operation["value"].clone()),
        })
    };
    operations.iter().map(added).collect()
}

/// Whether a change of a merge patch writes a mapping of which the patch only says what is to go.
pub fn is_empty_shell(merge: &Value, field: &FieldChange) -> bool {
    let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
    let said = field.path.get(merge);
    field.before.is_none()
        && field.after.as_ref().is_some_and(is_empty)
        && said.is_some_and(|said| !is_empty(said) && is_empty(&patch::merged(&json!({}), said)))
}

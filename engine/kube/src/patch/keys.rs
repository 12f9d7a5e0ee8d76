//! Which field tells the items of a list apart.
//!
//! Source: `patchMergeKey` and `+listMapKey` in the API's types of Kubernetes 1.34.

use serde_json::Value;
use std::collections::BTreeSet;

/// The merge key of a list for strategic merge patches, by the names of the field and of the field
/// around its list; `None` for lists that are replaced as a whole.
#[must_use]
pub fn merge_key(parent: &str, field: &str) -> Option<&'static str> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims"
        | "schedulingGates" => "name",
        "ports" if is_container_list(parent) => "containerPort",
        "ports" if parent == "spec" => "port",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "hostAliases" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        "conditions" => "type",
        "ownerReferences" => "uid",
        _ => return None,
    })
}

fn is_container_list(field: &str) -> bool {
    matches!(
        field,
        "containers" | "initContainers" | "ephemeralContainers"
    )
}

/// The key by which two lists are compared: one that all items of both have, each with a value of
/// its own. `None` where there is no such key.
pub fn shared_key(parent: &str, field: &str, lists: [&[Value]; 2]) -> Option<&'static str> {
    const USUAL: [&str; 8] = [
        "name",
        "key",
        "type",
        "port",
        "containerPort",
        "path",
        "host",
        "ip",
    ];
    let known = merge_key(parent, field);
    let mut candidates = known.into_iter().chain(USUAL);
    candidates.find(|key| lists.iter().all(|list| tells_apart(list, key)))
}

fn tells_apart(list: &[Value], key: &str) -> bool {
    let mut seen = BTreeSet::new();
    list.iter()
        .all(|item| key_of(item, key).is_some_and(|value| seen.insert(value)))
}

/// The value of an item's key as a path writes it; `None` for what a path cannot write.
pub fn key_of(item: &Value, key: &str) -> Option<String> {
    let text = match item.as_object()?.get(key)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let writable = !text.is_empty() && !text.contains([']', '"', '=']);
    writable.then_some(text)
}

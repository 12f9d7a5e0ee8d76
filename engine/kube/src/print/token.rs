//! The volume with the token of a pod's ServiceAccount, which admission adds.
//!
//! Source: plugin/pkg/admission/serviceaccount/admission.go `mountServiceAccountToken`, `TokenVolumeSource`.

use super::{Context, defaults, ident};
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{Objects, Pod};
use serde_json::{Value, json};

/// Beginning of the volume's name.
const VOLUME: &str = "kube-api-access-";
/// Where every container sees it.
const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Seconds for which a token holds.
const EXPIRATION: u32 = 3607;

/// Adds the volume and its mounts, unless pod or account ask for none, or every container has
/// something there already.
pub fn mount(cx: &Context<'_>, pod: &Pod, spec: &mut Value) {
    if !is_wanted(cx, pod, spec) {
        return;
    }
    let name = volume_name(pod, spec);
    let mut mounted = false;
    for list in ["containers", "initContainers"] {
        for container in defaults::items_mut(spec, list) {
            mounted |= mount_in(container, &name);
        }
    }
    let listed = spec["volumes"].as_array();
    let is_there = listed.is_some_and(|all| all.iter().any(|one| one["name"] == *name));
    if mounted && !is_there {
        defaults::default(spec, "volumes", json!([]));
        let volumes = spec["volumes"].as_array_mut();
        volumes.into_iter().for_each(|all| all.push(volume(&name)));
    }
}

fn is_wanted(cx: &Context<'_>, pod: &Pod, spec: &Value) -> bool {
    if let Some(said) = spec["automountServiceAccountToken"].as_bool() {
        return said;
    }
    let account = spec["serviceAccountName"].as_str().unwrap_or("default");
    let mut without = cx.without_token.iter();
    !without.any(|known| *known == (pod.namespace.as_str(), account))
}

/// ServiceAccounts whose pods get no token unless they ask for it: namespace and name.
pub fn accounts_without(objects: &Objects) -> Vec<(&str, &str)> {
    let headers = objects.plain.iter().map(|row| &row.header);
    let without = headers.filter(|header| {
        header.exists()
            && header.reference.kind == Kind::ServiceAccount
            && header.doc["automountServiceAccountToken"] == false
    });
    without
        .map(|header| {
            let there = &header.reference;
            (there.namespace.as_str(), there.name.as_str())
        })
        .collect()
}

/// The name of a volume that came along, or a new one.
fn volume_name(pod: &Pod, spec: &Value) -> String {
    let listed = spec["volumes"].as_array().into_iter().flatten();
    let mut names = listed.filter_map(|volume| volume["name"].as_str());
    match names.find(|name| name.starts_with(VOLUME)) {
        Some(known) => known.to_owned(),
        None => {
            let number = ident::number_of(&format!("{}/{}", pod.namespace, pod.name));
            format!("{VOLUME}{}", ident::suffix(number))
        }
    }
}

/// Whether the container gets a mount: it has none at that path.
fn mount_in(container: &mut Value, name: &str) -> bool {
    defaults::default(container, "volumeMounts", json!([]));
    let Some(mounts) = container["volumeMounts"].as_array_mut() else {
        return false;
    };
    if mounts.iter().any(|mount| mount["mountPath"] == PATH) {
        return false;
    }
    mounts.push(json!({"mountPath": PATH, "name": name, "readOnly": true}));
    true
}

fn volume(name: &str) -> Value {
    let certificate = json!({"key": "ca.crt", "path": "ca.crt"});
    let namespace = json!({"apiVersion": "v1", "fieldPath": "metadata.namespace"});
    json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": EXPIRATION, "path": "token"}},
        {"configMap": {"items": [certificate], "name": "kube-root-ca.crt"}},
        {"downwardAPI": {"items": [{"fieldRef": namespace, "path": "namespace"}]}},
    ]}})
}

//! Whether an object is the one that a label means.

use aegis_model::bundle::Bundle;
use serde_json::Value;
use std::collections::BTreeSet;

/// Kinds that stand for an application of their name.
const OF_APPLICATION: &[&str] = &["deployment", "statefulset", "pod", "service", "configmap"];

/// Whether `found`, as `Kind/namespace/name` or `Kind/name`, is what `label` (`app/x`, `node/x`,
/// `namespace/x`, `kind/x`) means in a bundle.
#[must_use]
pub fn is_meant(label: &str, found: &str, bundle: &Bundle) -> bool {
    let (wanted, name) = label.split_once('/').unwrap_or((label, ""));
    let mut parts = found.splitn(3, '/');
    let kind = parts.next().unwrap_or("").to_ascii_lowercase();
    let rest: Vec<&str> = parts.collect();
    let (space, own) = match rest.as_slice() {
        [space, own] => (*space, *own),
        [own] => ("", *own),
        _ => ("", ""),
    };
    match wanted {
        "app" => is_of(name, &kind, own, bundle),
        "namespace" => {
            kind == "namespace" && own == name || kind == "resourcequota" && space == name
        }
        other => kind == other && own == name,
    }
}

fn is_of(application: &str, kind: &str, name: &str, bundle: &Bundle) -> bool {
    if OF_APPLICATION.contains(&kind) && name == application {
        return true;
    }
    match kind {
        "replicaset" => hashed(application, name),
        "pod" => match owners(name, bundle) {
            Some(owners) => owners.contains(application),
            None => is_pod_name(application, name),
        },
        _ => false,
    }
}

/// `NAME-5f7c9b8d`: a ReplicaSet of the Deployment of that name.
fn hashed(application: &str, name: &str) -> bool {
    let hash = name
        .strip_prefix(application)
        .and_then(|rest| rest.strip_prefix('-'));
    hash.is_some_and(|hash| is_word(hash, 5, 10))
}

fn is_pod_name(application: &str, name: &str) -> bool {
    let rest = name
        .strip_prefix(application)
        .and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| match rest.split_once('-') {
        Some((set, pod)) => is_word(set, 5, 10) && is_word(pod, 5, 5),
        None => !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()),
    })
}

fn is_word(text: &str, least: usize, most: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (least..=most).contains(&text.len()) && text.bytes().all(plain)
}

/// Who owns a pod, through its ReplicaSet, and its `app` label; nothing where the bundle has no such pod.
fn owners(pod: &str, bundle: &Bundle) -> Option<BTreeSet<String>> {
    let of_kind = |kind: &'static str, name: String| {
        let mut objects = bundle.objects.iter();
        objects.find(move |object| {
            object["kind"] == kind && object["metadata"]["name"] == name.as_str()
        })
    };
    let object = of_kind("Pod", pod.to_owned())?;
    let mut found: BTreeSet<String> = names(object).collect();
    for set in found.clone() {
        found.extend(of_kind("ReplicaSet", set).into_iter().flat_map(names));
    }
    found.extend(
        object["metadata"]["labels"]["app"]
            .as_str()
            .map(str::to_owned),
    );
    Some(found)
}

fn names(object: &Value) -> impl Iterator<Item = String> + use<'_> {
    let owners = object["metadata"]["ownerReferences"].as_array();
    let owners = owners.into_iter().flatten();
    owners.filter_map(|owner| owner["name"].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_meant_by_what_bears_its_name() {
        let none = Bundle::default();
        let is = |label: &str, found: &str| is_meant(label, found, &none);
        assert!(is("app/cart", "Deployment/shop/cart"));
        assert!(is("app/cart", "ReplicaSet/shop/cart-5f7c9b8d"));
        assert!(is("app/cart", "Pod/shop/cart-5f7c9b8d-x2x4x"));
        assert!(!is("app/cart", "Pod/shop/cart-db-5f7c9b8d-x2x4x"));
        assert!(!is("app/cart", "Secret/shop/cart"));
        assert!(is("namespace/shop", "ResourceQuota/shop/limits"));
        assert!(is("node/n1", "Node/n1") && !is("node/n1", "Node/n2"));
    }
}

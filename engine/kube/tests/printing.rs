//! Printing: each object passes through the API's own types and back without losing a field.

mod api_types;
mod cluster;

use aegis_kube::print::{EPOCH, list, wide};
use aegis_kube::yaml::to_string;
use serde_json::Value;
use std::collections::BTreeMap;

fn items() -> Vec<Value> {
    let printed = list(&cluster::cluster(), cluster::NOW, EPOCH);
    assert_eq!(
        (&printed["kind"], &printed["apiVersion"]),
        (&"List".into(), &"v1".into())
    );
    printed["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn every_object_passes_through_its_type_and_back() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for item in items() {
        let kind = item["kind"].as_str().unwrap_or_default().to_owned();
        let Some(back) = api_types::through_types(&item) else {
            assert_eq!(kind, "Widget");
            continue;
        };
        assert_eq!(back, item, "{kind}");
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 20, "{kinds:?}");
    assert_eq!(
        (kinds["Pod"], kinds["Deployment"], kinds["Node"]),
        (10, 12, 2)
    );
}

#[test]
fn uids_and_names_are_unique() {
    let mut seen = BTreeMap::new();
    for item in items() {
        let uid = item["metadata"]["uid"].to_string();
        assert_eq!(
            seen.insert(uid, item["metadata"]["name"].clone()),
            None,
            "{item:#}"
        );
    }
}

fn find(kind: &str, name: &str) -> Value {
    let found = items()
        .into_iter()
        .find(|i| i["kind"] == kind && i["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

#[test]
fn a_crashing_pod_is_shown_as_kubectl_shows_it() {
    insta::assert_snapshot!(to_string(&find("Pod", "frontend-hash3-p0001")));
}

#[test]
fn others_are_shown_as_kubectl_shows_them() {
    insta::assert_snapshot!("deployment", to_string(&find("Deployment", "frontend")));
    insta::assert_snapshot!(
        "replica_set",
        to_string(&find("ReplicaSet", "frontend-hash3"))
    );
    insta::assert_snapshot!("stateful_set", to_string(&find("StatefulSet", "db")));
    insta::assert_snapshot!(
        "autoscaler",
        to_string(&find("HorizontalPodAutoscaler", "frontend"))
    );
    insta::assert_snapshot!("node", to_string(&find("Node", "node-b")));
    insta::assert_snapshot!("service", to_string(&find("Service", "frontend-external")));
}

#[test]
fn tables_use_the_words_of_kubectl() {
    insta::assert_snapshot!(wide(&cluster::cluster(), cluster::NOW));
}

//! Printing: each object passes through the API's own types and back without losing a field.

mod cluster;

use aegis_kube::print::{EPOCH, list, wide};
use aegis_kube::yaml::to_string;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace, Node, Pod, Service, ServiceAccount};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::Serialize;
use serde::de::DeserializeOwned;
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

fn there_and_back<T: Serialize + DeserializeOwned>(item: &Value) -> Value {
    let typed: T = serde_json::from_value(item.clone()).unwrap_or_else(|e| panic!("{e}\n{item:#}"));
    serde_json::to_value(typed).expect("it serialises")
}

fn through_types(item: &Value) -> Option<Value> {
    Some(match item["kind"].as_str()? {
        "ConfigMap" => there_and_back::<ConfigMap>(item),
        "DaemonSet" => there_and_back::<DaemonSet>(item),
        "Deployment" => there_and_back::<Deployment>(item),
        "EndpointSlice" => there_and_back::<EndpointSlice>(item),
        "Event" => there_and_back::<Event>(item),
        "HorizontalPodAutoscaler" => there_and_back::<HorizontalPodAutoscaler>(item),
        "Namespace" => there_and_back::<Namespace>(item),
        "NetworkPolicy" => there_and_back::<NetworkPolicy>(item),
        "Node" => there_and_back::<Node>(item),
        "Pod" => there_and_back::<Pod>(item),
        "PodDisruptionBudget" => there_and_back::<PodDisruptionBudget>(item),
        "ReplicaSet" => there_and_back::<ReplicaSet>(item),
        "Service" => there_and_back::<Service>(item),
        "ServiceAccount" => there_and_back::<ServiceAccount>(item),
        "StatefulSet" => there_and_back::<StatefulSet>(item),
        _ => return None,
    })
}

#[test]
fn every_object_passes_through_its_type_and_back() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for item in items() {
        let kind = item["kind"].as_str().unwrap_or_default().to_owned();
        let Some(back) = through_types(&item) else {
            assert_eq!(kind, "Widget");
            continue;
        };
        assert_eq!(back, item, "{kind}");
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 15, "{kinds:?}");
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

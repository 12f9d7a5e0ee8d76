//! Objects through the types of the Kubernetes API, and back.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Event, Namespace, Node, Pod, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn there_and_back<T: Serialize + DeserializeOwned>(item: &Value) -> Value {
    let typed: T = serde_json::from_value(item.clone()).unwrap_or_else(|e| panic!("{e}\n{item:#}"));
    serde_json::to_value(typed).expect("it serialises")
}

/// The object after it has passed through its type; `None` for kinds that are not built in.
pub fn through_types(item: &Value) -> Option<Value> {
    Some(match item["kind"].as_str()? {
        "ConfigMap" => there_and_back::<ConfigMap>(item),
        "DaemonSet" => there_and_back::<DaemonSet>(item),
        "Deployment" => there_and_back::<Deployment>(item),
        "Endpoints" => there_and_back::<Endpoints>(item),
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
        "ClusterRole" => there_and_back::<k8s_openapi::api::rbac::v1::ClusterRole>(item),
        "PriorityClass" => there_and_back::<k8s_openapi::api::scheduling::v1::PriorityClass>(item),
        "ControllerRevision" => {
            there_and_back::<k8s_openapi::api::apps::v1::ControllerRevision>(item)
        }
        "Lease" => there_and_back::<k8s_openapi::api::coordination::v1::Lease>(item),
        "ServiceAccount" => there_and_back::<ServiceAccount>(item),
        "StatefulSet" => there_and_back::<StatefulSet>(item),
        _ => return None,
    })
}

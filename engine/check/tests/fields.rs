//! The lists of known fields are those of the API's types.

use aegis_check::problems;
use aegis_kube::Problem;
use k8s_openapi::api::{apps, autoscaling, core, networking, policy};
use k8s_openapi::apimachinery::pkg::apis::meta;
use serde::de::{Deserialize, Deserializer, Error, Visitor, value};
use serde_json::{Value, json};

/// Catches the names of a struct's fields and gives up.
struct Names<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
        Err(Error::custom("names only"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, value::Error> {
        self.0.extend(fields);
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn names<T: for<'a> Deserialize<'a>>() -> Vec<&'static str> {
    let mut found = Vec::new();
    let _ = T::deserialize(Names(&mut found));
    assert!(!found.is_empty());
    found
}

/// An object with a field at the end of a way; a part with `[]` is a list of one.
fn object(kind: &str, version: &str, way: &str, field: &str) -> Value {
    let mut inner = json!({field: {}});
    for part in way.split('.').rev().filter(|part| !part.is_empty()) {
        inner = match part.strip_suffix("[]") {
            Some(list) => json!({list: [inner]}),
            None => json!({part: inner}),
        };
    }
    inner["kind"] = kind.into();
    inner["apiVersion"] = version.into();
    inner
}

fn strangers(object: &Value) -> Vec<String> {
    let found = problems(object).into_iter();
    let paths = found.filter_map(|(problem, _)| match problem {
        Problem::UnknownField { path } => Some(path.to_string()),
        _ => None,
    });
    paths.collect()
}

fn compare(kind: &str, version: &str, way: &str, fields: &[&str]) {
    for field in fields {
        assert!(
            strangers(&object(kind, version, way, field)).is_empty(),
            "{kind} {way} {field}"
        );
    }
    assert_eq!(
        strangers(&object(kind, version, way, "xyzzy")).len(),
        1,
        "{kind} {way}"
    );
}

fn apps_v1(kind: &str, way: &str, fields: &[&str]) {
    compare(kind, "apps/v1", way, fields);
}

fn pod(way: &str, fields: &[&str]) {
    compare("Pod", "v1", way, fields);
}

#[test]
fn fields_of_workloads_are_those_of_the_api() {
    let deployment = |way: &str, fields: &[&str]| apps_v1("Deployment", way, fields);
    deployment("metadata", &names::<meta::v1::ObjectMeta>());
    deployment("spec", &names::<apps::v1::DeploymentSpec>());
    deployment("spec.selector", &names::<meta::v1::LabelSelector>());
    deployment("spec.strategy", &names::<apps::v1::DeploymentStrategy>());
    deployment(
        "spec.strategy.rollingUpdate",
        &names::<apps::v1::RollingUpdateDeployment>(),
    );
    deployment("spec.template", &names::<core::v1::PodTemplateSpec>());
    deployment("spec.template.spec", &names::<core::v1::PodSpec>());
    apps_v1("ReplicaSet", "spec", &names::<apps::v1::ReplicaSetSpec>());
    apps_v1("StatefulSet", "spec", &names::<apps::v1::StatefulSetSpec>());
    apps_v1("DaemonSet", "spec", &names::<apps::v1::DaemonSetSpec>());
}

#[test]
fn fields_of_pods_are_those_of_the_api() {
    pod("spec.affinity", &names::<core::v1::Affinity>());
    pod("spec.containers[]", &names::<core::v1::Container>());
    pod(
        "spec.initContainers[].ports[]",
        &names::<core::v1::ContainerPort>(),
    );
    pod("spec.containers[].env[]", &names::<core::v1::EnvVar>());
    pod(
        "spec.containers[].env[].valueFrom",
        &names::<core::v1::EnvVarSource>(),
    );
    pod(
        "spec.containers[].lifecycle",
        &names::<core::v1::Lifecycle>(),
    );
    pod(
        "spec.containers[].resources",
        &names::<core::v1::ResourceRequirements>(),
    );
    pod(
        "spec.containers[].startupProbe",
        &names::<core::v1::Probe>(),
    );
    pod(
        "spec.containers[].startupProbe.httpGet",
        &names::<core::v1::HTTPGetAction>(),
    );
    pod(
        "spec.containers[].volumeMounts[]",
        &names::<core::v1::VolumeMount>(),
    );
    pod("spec.volumes[]", &names::<core::v1::Volume>());
    pod("spec.tolerations[]", &names::<core::v1::Toleration>());
    pod(
        "spec.topologySpreadConstraints[]",
        &names::<core::v1::TopologySpreadConstraint>(),
    );
}

#[test]
fn fields_of_other_kinds_are_those_of_the_api() {
    let v1 = |kind: &str, way: &str, fields: &[&str]| compare(kind, "v1", way, fields);
    v1("Service", "spec", &names::<core::v1::ServiceSpec>());
    v1("Service", "spec.ports[]", &names::<core::v1::ServicePort>());
    v1("Node", "spec", &names::<core::v1::NodeSpec>());
    v1("Node", "spec.taints[]", &names::<core::v1::Taint>());
    v1("ConfigMap", "", &names::<core::v1::ConfigMap>());
    v1("Secret", "", &names::<core::v1::Secret>());
    let scaler = |way: &str, fields: &[&str]| {
        compare("HorizontalPodAutoscaler", "autoscaling/v2", way, fields);
    };
    scaler(
        "spec",
        &names::<autoscaling::v2::HorizontalPodAutoscalerSpec>(),
    );
    scaler("spec.metrics[]", &names::<autoscaling::v2::MetricSpec>());
    let budget = names::<policy::v1::PodDisruptionBudgetSpec>();
    compare("PodDisruptionBudget", "policy/v1", "spec", &budget);
    let network = |way: &str, fields: &[&str]| {
        compare("NetworkPolicy", "networking.k8s.io/v1", way, fields);
    };
    network("spec", &names::<networking::v1::NetworkPolicySpec>());
    network(
        "spec.ingress[]",
        &names::<networking::v1::NetworkPolicyIngressRule>(),
    );
    network(
        "spec.egress[]",
        &names::<networking::v1::NetworkPolicyEgressRule>(),
    );
    network(
        "spec.egress[].to[]",
        &names::<networking::v1::NetworkPolicyPeer>(),
    );
    network(
        "spec.ingress[].ports[]",
        &names::<networking::v1::NetworkPolicyPort>(),
    );
}

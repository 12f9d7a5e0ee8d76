//! Kinds and the versions under which Kubernetes 1.34 serves them.

use crate::error::Problem;
use crate::spelling::nearest;
use aegis_model::kubernetes::Kind;

/// The built-in API, group version by group version (kubernetes.io, API reference v1.34).
const SERVED: &[(&str, &[&str])] = &[
    (
        "v1",
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "List",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (
        "apps/v1",
        &[
            "ControllerRevision",
            "DaemonSet",
            "Deployment",
            "ReplicaSet",
            "StatefulSet",
        ],
    ),
    ("batch/v1", &["CronJob", "Job"]),
    ("autoscaling/v1", &["HorizontalPodAutoscaler", "Scale"]),
    ("autoscaling/v2", &["HorizontalPodAutoscaler"]),
    ("policy/v1", &["Eviction", "PodDisruptionBudget"]),
    (
        "networking.k8s.io/v1",
        &[
            "IPAddress",
            "Ingress",
            "IngressClass",
            "NetworkPolicy",
            "ServiceCIDR",
        ],
    ),
    ("discovery.k8s.io/v1", &["EndpointSlice"]),
    ("events.k8s.io/v1", &["Event"]),
    ("scheduling.k8s.io/v1", &["PriorityClass"]),
    (
        "storage.k8s.io/v1",
        &[
            "CSIDriver",
            "CSINode",
            "CSIStorageCapacity",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
    ),
    (
        "rbac.authorization.k8s.io/v1",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    ),
    (
        "admissionregistration.k8s.io/v1",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"],
    ),
    ("apiextensions.k8s.io/v1", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io/v1", &["APIService"]),
    ("certificates.k8s.io/v1", &["CertificateSigningRequest"]),
    ("coordination.k8s.io/v1", &["Lease"]),
    (
        "flowcontrol.apiserver.k8s.io/v1",
        &["FlowSchema", "PriorityLevelConfiguration"],
    ),
    ("node.k8s.io/v1", &["RuntimeClass"]),
    (
        "resource.k8s.io/v1",
        &[
            "DeviceClass",
            "ResourceClaim",
            "ResourceClaimTemplate",
            "ResourceSlice",
        ],
    ),
];

/// Groups that were built in once.
const GONE: [&str; 1] = ["extensions"];

/// Kinds that were in `extensions` before they moved into groups of their own.
const MOVED: [&str; 5] = [
    "DaemonSet",
    "Deployment",
    "Ingress",
    "NetworkPolicy",
    "ReplicaSet",
];

fn group(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

/// Kinds that were built in once, with the version of Kubernetes that no longer had them.
const RETIRED: [(&str, &str); 2] = [("PodSecurityPolicy", "1.25"), ("PodPreset", "1.20")];

/// Versions that are not final: `v1beta1`, `v2alpha1`.
fn is_trial(version: &str) -> bool {
    let last = version.rsplit('/').next().unwrap_or_default();
    last.contains("alpha") || last.contains("beta")
}

/// The version in which 1.34 keeps objects that were written in an older one of the same
/// kind; `None` where the version is the current one, or none that ever was.
#[must_use]
pub fn successor(version: &str, kind: &str) -> Option<&'static str> {
    let serves = |entry: &&(&'static str, &[&str])| entry.1.contains(&kind);
    let moved = GONE.contains(&group(version)) && MOVED.contains(&kind);
    let of_group = |name: &str| moved || group(name) == group(version);
    let current = SERVED
        .iter()
        .filter(serves)
        .rev()
        .map(|(name, _)| *name)
        .find(|name| of_group(name) && !is_trial(name))?;
    let served_still = version == "autoscaling/v1" && kind == "HorizontalPodAutoscaler";
    (current != version && (is_trial(version) || served_still)).then_some(current)
}

/// The problem of a kind that the API server would not know. Groups that are not built in are
/// custom resources, of which nothing is known here.
pub fn unserved(version: &str, kind: &str) -> Option<(Problem, Option<String>)> {
    let served = |entry: &&(&str, &[&'static str])| entry.1.contains(&kind);
    let of_group = |entry: &&(&str, &[&str])| group(entry.0) == group(version);
    let built_in = SERVED.iter().any(|entry| of_group(&entry)) || GONE.contains(&group(version));
    if !built_in
        || SERVED
            .iter()
            .filter(served)
            .any(|(name, _)| *name == version)
    {
        return None;
    }
    if let Some(problem) = outdated(version, kind) {
        return Some(problem);
    }
    let elsewhere = SERVED.iter().rev().find(served);
    let kinds = SERVED
        .iter()
        .filter(of_group)
        .flat_map(|(_, kinds)| kinds.iter().copied());
    let help = match elsewhere {
        Some((name, _)) => Some(format!("Kubernetes 1.34 serves {kind} as `{name}`")),
        None => nearest(kind, kinds).map(|word| format!("did you mean `{word}`?")),
    };
    let problem = Problem::UnknownKind {
        kind: kind.into(),
        version: version.into(),
    };
    Some((problem, help))
}

/// The warning about a version, or a kind, that 1.34 does not serve any more.
pub fn outdated(version: &str, kind: &str) -> Option<(Problem, Option<String>)> {
    let is_served = SERVED
        .iter()
        .any(|(name, kinds)| *name == version && kinds.contains(&kind));
    if is_served {
        return None;
    }
    let retired = RETIRED.iter().find(|(name, _)| *name == kind);
    let help = match (retired, successor(version, kind)) {
        (Some((_, since)), _) => format!("Kubernetes {since} removed {kind}; nothing acts on it"),
        (None, Some(now)) => format!("a cluster of 1.34 takes it as `{now}` alone"),
        (None, None) => return None,
    };
    let problem = Problem::OldVersion {
        kind: kind.into(),
        version: version.into(),
    };
    Some((problem, Some(help)))
}

/// Whether the simulator plays objects of this kind.
pub fn is_simulated(version: &str, kind: &str) -> bool {
    let wanted = match Kind::from(kind) {
        Kind::Namespace | Kind::Node | Kind::Pod | Kind::Service => "v1",
        Kind::ConfigMap | Kind::Secret => "v1",
        Kind::ReplicaSet | Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => "apps/v1",
        Kind::Job | Kind::CronJob => "batch/v1",
        Kind::HorizontalPodAutoscaler => "autoscaling/v2",
        Kind::NetworkPolicy => "networking.k8s.io/v1",
        Kind::PodDisruptionBudget => "policy/v1",
        _ => return false,
    };
    version == wanted
}

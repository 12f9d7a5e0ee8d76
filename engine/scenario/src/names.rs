//! Names of objects as people write them: `deployment/cart`, `svc/shop/front-end`.

use aegis_kube::spelling::nearest;
use aegis_model::kubernetes::{Kind, ObjectRef};
use serde_json::Value;

/// Kinds with the short name that kubectl takes besides the kind itself.
const KINDS: [(&str, &str); 37] = [
    ("ReplicationController", "rc"),
    ("Namespace", "ns"),
    ("Node", "no"),
    ("Pod", "po"),
    ("ReplicaSet", "rs"),
    ("Deployment", "deploy"),
    ("StatefulSet", "sts"),
    ("DaemonSet", "ds"),
    ("Job", "job"),
    ("CronJob", "cj"),
    ("Service", "svc"),
    ("EndpointSlice", "endpointslice"),
    ("HorizontalPodAutoscaler", "hpa"),
    ("NetworkPolicy", "netpol"),
    ("PodDisruptionBudget", "pdb"),
    ("ConfigMap", "cm"),
    ("Secret", "secret"),
    ("PriorityClass", "pc"),
    ("ServiceAccount", "sa"),
    ("PersistentVolumeClaim", "pvc"),
    ("PersistentVolume", "pv"),
    ("StorageClass", "sc"),
    ("Ingress", "ing"),
    ("IngressClass", "ingressclass"),
    ("ResourceQuota", "quota"),
    ("LimitRange", "limits"),
    ("Endpoints", "ep"),
    ("RuntimeClass", "runtimeclass"),
    ("Role", "role"),
    ("RoleBinding", "rolebinding"),
    ("ClusterRole", "clusterrole"),
    ("ClusterRoleBinding", "clusterrolebinding"),
    ("CSIDriver", "csidriver"),
    ("CSINode", "csinode"),
    (
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfiguration",
    ),
    (
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfiguration",
    ),
    ("Event", "ev"),
];

/// The kind of that name: any case, singular, or kubectl's short name. Others are kept as they are.
#[must_use]
pub fn kind(text: &str) -> Kind {
    let known = KINDS
        .iter()
        .find(|(kind, short)| kind.eq_ignore_ascii_case(text) || short.eq_ignore_ascii_case(text));
    known.map_or_else(|| Kind::from(text), |(kind, _)| Kind::from(*kind))
}

/// `kind/name` (in `default` where the kind has namespaces) or `kind/namespace/name`.
#[must_use]
pub fn object(text: &str) -> Option<ObjectRef> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [kind_, name] if !name.is_empty() => Some(ObjectRef::new(kind(kind_), "default", name)),
        [kind_, namespace, name] if !name.is_empty() => {
            Some(ObjectRef::new(kind(kind_), namespace, name))
        }
        _ => None,
    }
}

/// Kind, namespace and name of an object; without a namespace it is in `default`.
#[must_use]
pub fn of_value(value: &Value) -> ObjectRef {
    let metadata = &value["metadata"];
    let namespace = metadata["namespace"]
        .as_str()
        .filter(|namespace| !namespace.is_empty());
    ObjectRef::new(
        Kind::from(value["kind"].as_str().unwrap_or_default()),
        namespace.unwrap_or("default"),
        metadata["name"].as_str().unwrap_or_default(),
    )
}

/// The reference of `known` that somebody may have meant: of another namespace, another kind, or misspelt.
#[must_use]
pub fn meant(wanted: &ObjectRef, known: &[&ObjectRef]) -> Option<String> {
    let of_kind = || known.iter().filter(|other| other.kind == wanted.kind);
    let same_name = of_kind().find(|other| other.name == wanted.name);
    let same_text = known
        .iter()
        .find(|other| other.name == wanted.name && other.namespace == wanted.namespace);
    if let Some(found) = same_name.or(same_text) {
        return Some(written(found));
    }
    let near = nearest(&wanted.name, of_kind().map(|other| other.name.as_str()))?;
    of_kind()
        .find(|other| other.name == near)
        .map(|found| written(found))
}

/// As a scenario has it: kind in lower case, the namespace where it is not `default`.
#[must_use]
pub fn written(object: &ObjectRef) -> String {
    let kind = object.kind.as_str().to_lowercase();
    match object.namespace.as_str() {
        "" | "default" => format!("{kind}/{}", object.name),
        namespace => format!("{kind}/{namespace}/{}", object.name),
    }
}

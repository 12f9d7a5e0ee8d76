//! What is among the manifests: objects by reference, Services by name, pod templates.

use crate::names;
use aegis_kube::Document;
use aegis_model::kubernetes::{Kind, ObjectRef, PodTemplateSpec};
use serde::Deserialize;
use serde_json::Value;

/// Manifests by reference.
#[derive(Debug, Default, Clone)]
pub struct Index<'a> {
    rows: Vec<(ObjectRef, &'a Value)>,
}

impl<'a> Index<'a> {
    /// The index of documents.
    #[must_use]
    pub fn new(manifests: &'a [Document]) -> Self {
        let rows = manifests
            .iter()
            .map(|document| (document.reference(), &*document.value));
        Self {
            rows: rows.collect(),
        }
    }

    /// Adds an object that is no document of its own: one that a scenario applies, or a node that is made.
    pub fn add(&mut self, value: &'a Value) {
        self.rows.push((names::of_value(value), value));
    }

    /// All references, in order.
    pub fn references(&self) -> impl Iterator<Item = &ObjectRef> + Clone {
        self.rows.iter().map(|(reference, _)| reference)
    }

    /// The object of that reference.
    #[must_use]
    pub fn find(&self, reference: &ObjectRef) -> Option<&'a Value> {
        self.rows
            .iter()
            .find(|(known, _)| known == reference)
            .map(|(_, value)| *value)
    }

    /// The object written `kind/name` or `kind/namespace/name`.
    #[must_use]
    pub fn named(&self, text: &str) -> Option<(ObjectRef, &'a Value)> {
        let reference = names::object(text)?;
        let value = self.find(&reference)?;
        Some((reference, value))
    }

    /// Whether the control plane makes an object of that name: a StatefulSet of the manifests a pod or a pod's
    /// claim, another workload something whose name begins with its own.
    #[must_use]
    pub fn makes(&self, text: &str) -> bool {
        let Some(wanted) = names::object(text) else {
            return false;
        };
        if is_given(&wanted) || self.references().any(|owner| begets(owner, &wanted)) {
            return true;
        }
        let mut sets = self
            .references()
            .filter(|known| known.kind == Kind::StatefulSet);
        sets.any(|set| {
            let ordinal = wanted
                .name
                .rsplit_once('-')
                .filter(|(_, n)| n.parse::<u32>().is_ok());
            let base = ordinal.map(|(base, _)| base).unwrap_or_default();
            let of_set = match wanted.kind {
                Kind::Pod => base == set.name,
                Kind::PersistentVolumeClaim => base.ends_with(&format!("-{}", set.name)),
                _ => false,
            };
            of_set && set.namespace == wanted.namespace
        })
    }

    /// The object of a kind by its name, or `namespace/name`: without a namespace
    /// the one in `default`, else the only one of that name.
    #[must_use]
    pub fn of_kind(&self, kind: &Kind, text: &str) -> Option<&ObjectRef> {
        let mut named = self.references().filter(|known| known.kind == *kind);
        if let Some((namespace, name)) = text.split_once('/') {
            return named.find(|known| known.namespace == namespace && known.name == name);
        }
        let all: Vec<_> = named.filter(|known| known.name == text).collect();
        match all.as_slice() {
            [only] => Some(only),
            several => several
                .iter()
                .find(|known| known.namespace == "default")
                .copied(),
        }
    }

    /// The Service that a scenario names.
    #[must_use]
    pub fn service(&self, text: &str) -> Option<&ObjectRef> {
        self.of_kind(&Kind::Service, text)
    }

    /// Names of all objects of a kind.
    #[must_use]
    pub fn names_of(&self, kind: &Kind) -> Vec<&str> {
        self.references()
            .filter(|known| known.kind == *kind)
            .map(|known| known.name.as_str())
            .collect()
    }
}

/// Whether there is an object of that name without anybody writing it: of every namespace, or of the cluster.
#[must_use]
pub fn is_given(object: &ObjectRef) -> bool {
    match object.kind {
        Kind::ServiceAccount => object.name == "default",
        Kind::ConfigMap => object.name == "kube-root-ca.crt",
        Kind::Service => object.name == "kubernetes" && object.namespace == "default",
        Kind::Namespace => {
            let own = ["default", "kube-node-lease", "kube-public", "kube-system"];
            own.contains(&object.name.as_str())
        }
        _ => false,
    }
}

/// Whether a workload may make an object: by the kinds, and by the name, which begins with its own.
fn begets(owner: &ObjectRef, wanted: &ObjectRef) -> bool {
    let fits = match wanted.kind {
        Kind::ReplicaSet => owner.kind == Kind::Deployment,
        Kind::Job => owner.kind == Kind::CronJob,
        Kind::Pod => matches!(
            owner.kind,
            Kind::Deployment | Kind::ReplicaSet | Kind::DaemonSet | Kind::Job | Kind::CronJob
        ),
        _ => false,
    };
    let rest = wanted.name.strip_prefix(owner.name.as_str());
    fits && owner.namespace == wanted.namespace && rest.is_some_and(|rest| rest.starts_with('-'))
}

/// Kinds that run pods.
pub const WORKLOADS: [Kind; 5] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Pod,
];

/// The pod template of a workload's document; of a Pod the Pod itself.
#[must_use]
pub fn template(value: &Value) -> Option<PodTemplateSpec> {
    let kind = Kind::from(value["kind"].as_str()?);
    let part = match kind {
        Kind::Pod => value,
        kind if WORKLOADS.contains(&kind) => &value["spec"]["template"],
        _ => return None,
    };
    PodTemplateSpec::deserialize(part).ok()
}

/// `spec.replicas` of a workload's document; of a Pod 1.
#[must_use]
pub fn replicas(value: &Value) -> u32 {
    value["spec"]["replicas"]
        .as_u64()
        .map_or(1, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

//! Names, kinds and metadata.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// Labels or annotations, sorted by key.
pub type Labels = BTreeMap<SmolStr, SmolStr>;

macro_rules! kinds {
    ($($name:ident),* $(,)?) => {
        /// A kind of object. Kinds that are not simulated are kept by name.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each variant is the Kubernetes kind of that name")]
        pub enum Kind { $($name,)* Other(SmolStr) }

        impl Kind {
            /// The kind's name as in `kind:`.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self { $(Self::$name => stringify!($name),)* Self::Other(name) => name }
            }
        }

        impl From<&str> for Kind {
            fn from(name: &str) -> Self {
                match name { $(stringify!($name) => Self::$name,)* other => Self::Other(other.into()) }
            }
        }
    };
}
kinds! {
    Namespace, Node, Pod, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, Service, EndpointSlice,
    HorizontalPodAutoscaler, NetworkPolicy, PodDisruptionBudget, ConfigMap, Secret, PriorityClass, ServiceAccount,
    PersistentVolume, PersistentVolumeClaim, StorageClass, Event, Cluster,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(SmolStr::deserialize(deserializer)?.as_str()))
    }
}

/// Kinds without a variant that live outside namespaces.
const OTHERS: [&str; 14] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "FlowSchema",
    "PriorityLevelConfiguration",
    "ValidatingAdmissionPolicy",
    "VolumeAttachment",
    "RuntimeClass",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

impl Kind {
    /// Whether objects of this kind live outside namespaces.
    #[must_use]
    pub fn is_cluster_scoped(&self) -> bool {
        match self {
            Self::Namespace
            | Self::Node
            | Self::PriorityClass
            | Self::PersistentVolume
            | Self::StorageClass
            | Self::Cluster => true,
            Self::Other(name) => OTHERS.contains(&name.as_str()),
            _ => false,
        }
    }
}

/// An object by kind, namespace and name. Printed `Kind/namespace/name`, or `Kind/name` where cluster-scoped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Kind.
    pub kind: Kind,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: SmolStr,
    /// Name.
    pub name: SmolStr,
}

impl ObjectRef {
    /// A reference; the namespace is dropped for cluster-scoped kinds.
    #[must_use]
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        let namespace = if kind.is_cluster_scoped() {
            SmolStr::default()
        } else {
            namespace.into()
        };
        Self {
            kind,
            namespace,
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return write!(f, "{}/{}", self.kind, self.name);
        }
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

impl core::str::FromStr for ObjectRef {
    type Err = &'static str;

    /// `Kind/name` (namespace `default` where namespaced) or `Kind/namespace/name`, kinds spelt as in `kind:`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [kind, name] if !name.is_empty() => Ok(Self::new((*kind).into(), "default", name)),
            [kind, namespace, name] if !name.is_empty() => {
                Ok(Self::new((*kind).into(), namespace, name))
            }
            _ => Err("an object is written Kind/name or Kind/namespace/name"),
        }
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SmolStr::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// `metadata:` as far as it is read.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// Name; unique per kind and namespace.
    pub name: SmolStr,
    /// Namespace; empty until defaulted.
    pub namespace: SmolStr,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Unique id; text as the manifest has it, or made by the simulator.
    pub uid: SmolStr,
    /// Owners.
    pub owner_references: Vec<OwnerReference>,
    /// Finalizers.
    pub finalizers: Vec<SmolStr>,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// API version of the owner.
    pub api_version: SmolStr,
    /// Kind of the owner.
    pub kind: SmolStr,
    /// Name of the owner.
    pub name: SmolStr,
    /// Unique id of the owner.
    pub uid: SmolStr,
    /// Whether this owner manages the object.
    pub controller: bool,
}

//! Why the API server refuses a write, in its own words.

use aegis_model::kubernetes::{Kind, ObjectRef};
use alloc::boxed::Box;
use alloc::string::String;
use smol_str::SmolStr;

/// Why a write was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The document is no object of Kubernetes.
    #[error("{0}")]
    Shape(&'static str),
    /// A field has a value that the API server does not take.
    #[error("{0}")]
    Invalid(Box<Invalid>),
    /// There is an object of that name.
    #[error("{} \"{}\" already exists", resource(&.0.kind), .0.name)]
    AlreadyExists(ObjectRef),
    /// There is none.
    #[error("{} \"{}\" not found", resource(&.0.kind), .0.name)]
    NotFound(ObjectRef),
    /// Something that the API server asks could not be asked.
    #[error("Internal error occurred: {0}")]
    Internal(String),
    /// A webhook refuses it.
    #[error("{0}")]
    Denied(String),
    /// A command cannot be run where it was meant to.
    #[error("{0}")]
    Exec(String),
    /// It took too long.
    #[error("Timeout: {0}")]
    Timeout(&'static str),
    /// The object is another than the one that is meant.
    #[error("Operation cannot be fulfilled on {} {name:?}: {reason}", resource(.kind))]
    Conflict {
        /// Kind.
        kind: Kind,
        /// Name.
        name: SmolStr,
        /// Why.
        reason: String,
    },
    /// An admission plugin refuses it.
    #[error("{} \"{name}\" is forbidden: {reason}", resource(.kind))]
    Forbidden {
        /// Kind.
        kind: Kind,
        /// Name.
        name: SmolStr,
        /// Why.
        reason: String,
    },
}

/// A field with a value that the API server does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{group} \"{name}\" is invalid: {path}: {}", .complaint.in_words(.value, .detail), kind = .object.kind, group = group_of(&.object.kind), name = .object.name)]
pub struct Invalid {
    /// The object.
    pub object: ObjectRef,
    /// The field.
    pub path: String,
    /// What kind of mistake it is.
    pub complaint: Complaint,
    /// Its value, as JSON.
    pub value: String,
    /// What would be right.
    pub detail: String,
}

/// Kinds of mistakes. Source: k8s.io/apimachinery/pkg/util/validation/field `ErrorType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complaint {
    /// A value that is not taken.
    Invalid,
    /// A value is missing.
    Required,
    /// A value that another item has.
    Duplicate,
    /// A value that is none of those that exist.
    Unsupported,
    /// A field that may not be set or changed here.
    Forbidden,
}

impl Complaint {
    fn in_words(self, value: &str, detail: &str) -> String {
        match self {
            Self::Invalid => alloc::format!("Invalid value: {value}: {detail}"),
            Self::Required if detail.is_empty() => "Required value".into(),
            Self::Required => alloc::format!("Required value: {detail}"),
            Self::Duplicate => alloc::format!("Duplicate value: {value}"),
            Self::Unsupported => alloc::format!("Unsupported value: {value}: {detail}"),
            Self::Forbidden => alloc::format!("Forbidden: {detail}"),
        }
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(Box::new(invalid))
    }
}

/// `.apps` for kinds of that group, and so on; empty for the core group.
pub(super) fn group_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => ".apps",
        Kind::Job | Kind::CronJob => ".batch",
        Kind::HorizontalPodAutoscaler => ".autoscaling",
        Kind::NetworkPolicy => ".networking.k8s.io",
        Kind::PodDisruptionBudget => ".policy",
        Kind::PriorityClass => ".scheduling.k8s.io",
        Kind::EndpointSlice => ".discovery.k8s.io",
        _ => "",
    }
}

/// The resource as the API server spells it: `deployments.apps`.
#[must_use]
pub fn resource(kind: &Kind) -> String {
    plural_of(kind.as_str()) + group_of(kind)
}

/// The plural of a kind's name, in lower case.
pub(super) fn plural_of(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) => alloc::format!("{stem}ies"),
        None if lower.ends_with('s') => alloc::format!("{lower}es"),
        None => alloc::format!("{lower}s"),
    }
}

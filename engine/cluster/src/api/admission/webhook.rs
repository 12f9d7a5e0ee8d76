//! Webhooks of admission: which of them a write concerns, and what comes of calling them.
//!
//! One that cannot be reached refuses or is passed over, as its `failurePolicy` says; what the others
//! answer is in [`super::call`]. Source: k8s.io/apiserver/pkg/admission/plugin/webhook;
//! k8s.io/apiserver/pkg/util/proxy `ResolveEndpoint`.

use super::claim::list;
use crate::api::Actor;
use aegis_model::kubernetes::{Kind, LabelSelector, Labels};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Deserialize;
use serde_json::{Value, json};

/// A write as the rules of webhooks speak of it.
pub(crate) struct Write<'a> {
    /// `CREATE`, `UPDATE`, `DELETE`.
    pub(crate) operation: &'a str,
    /// Who asks for it.
    pub(crate) user: User<'a>,
    /// API group; empty for the core group.
    pub(crate) group: &'a str,
    /// API version without the group.
    pub(crate) version: &'a str,
    /// Plural name: `pods`.
    pub(crate) resource: &'a str,
    /// Its kind.
    pub(crate) kind: &'a Kind,
    /// Name of the object.
    pub(crate) name: &'a str,
    /// Its namespace.
    pub(crate) inside: Option<&'a str>,
    /// The object as it is to be; null where it goes.
    pub(crate) object: &'a Value,
    /// The object as it was; null where it comes.
    pub(crate) old: &'a Value,
    /// Labels of the object.
    pub(crate) labels: &'a Labels,
    /// Labels of its namespace; `None` for what is in none.
    pub(crate) namespace: Option<&'a Labels>,
}

/// Who asks for a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User<'a> {
    /// Somebody, by name; without one the administrator.
    Person(&'a str),
    /// A controller of kube-controller-manager, by its account's name.
    Controller(&'a str),
}

impl<'a> User<'a> {
    /// An actor of the record: `user:deployer`.
    pub(crate) fn of(actor: Actor<'a>) -> Self {
        let name = match actor {
            Actor::Recorded(name) => name,
            Actor::Unrecorded => "",
        };
        Self::Person(name.strip_prefix("user:").unwrap_or(name))
    }

    /// The controller that makes objects of a kind, or pods of an owner of a kind.
    pub(crate) fn maker(made: &Kind, owner: &Kind) -> Self {
        Self::Controller(match (made, owner) {
            (Kind::Pod, Kind::Pod) => return Self::Person(""),
            (Kind::Pod, Kind::StatefulSet) | (Kind::PersistentVolumeClaim, _) => {
                "statefulset-controller"
            }
            (Kind::Pod, Kind::DaemonSet) => "daemon-set-controller",
            (Kind::Pod, Kind::Job) => "job-controller",
            (Kind::ReplicaSet, _) => "deployment-controller",
            (Kind::Job, _) => "cronjob-controller",
            _ => "replicaset-controller",
        })
    }

    /// `request.userInfo`.
    pub(super) fn info(self) -> Value {
        let (name, groups) = match self {
            Self::Person("") => (
                "kubernetes-admin".into(),
                ["kubeadm:cluster-admins", "", ""],
            ),
            Self::Person(name) => (String::from(name), ["", "", ""]),
            Self::Controller(name) => (
                format!("system:serviceaccount:kube-system:{name}"),
                [
                    "system:serviceaccounts",
                    "system:serviceaccounts:kube-system",
                    "",
                ],
            ),
        };
        let groups = groups.into_iter().chain(["system:authenticated"]);
        let groups: Vec<&str> = groups.filter(|group| !group.is_empty()).collect();
        json!({"username": name, "groups": groups})
    }
}

/// Whether a webhook is called for a write.
pub(crate) fn concerns(hook: &Value, write: &Write<'_>) -> bool {
    list(hook, "rules").any(|rule| has_rule(rule, write)) && is_selected(hook, write)
}

/// Whether the selectors of a webhook, or of what a policy matches, take an object and its namespace.
pub(super) fn is_selected(matched: &Value, write: &Write<'_>) -> bool {
    selects(&matched["objectSelector"], write.labels)
        && write
            .namespace
            .is_none_or(|labels| selects(&matched["namespaceSelector"], labels))
}

pub(super) fn has_rule(rule: &Value, write: &Write<'_>) -> bool {
    let names = |key: &str, value: &str| {
        list(rule, key).any(|item| {
            item.as_str()
                .is_some_and(|item| item == "*" || item == value)
        })
    };
    let scope = match rule["scope"].as_str().unwrap_or("*") {
        "Namespaced" => write.namespace.is_some(),
        "Cluster" => write.namespace.is_none(),
        _ => true,
    };
    let resource = names("resources", write.resource) || names("resources", "*/*");
    scope
        && resource
        && names("operations", write.operation)
        && names("apiGroups", write.group)
        && names("apiVersions", write.version)
}

fn selects(selector: &Value, labels: &Labels) -> bool {
    // What is no selector was refused when the configuration came.
    !selector.is_object()
        || LabelSelector::deserialize(selector).is_ok_and(|selector| selector.matches(labels))
}

/// Whether a failed call refuses the write.
pub(crate) fn is_fatal(hook: &Value) -> bool {
    hook["failurePolicy"] != "Ignore"
}

/// Seconds after which a call counts as failed.
pub(crate) fn timeout(hook: &Value) -> u64 {
    hook["timeoutSeconds"].as_u64().unwrap_or(10)
}

/// The Service that a webhook calls.
pub(crate) struct Callee<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) port: u64,
    path: &'a str,
}

impl<'a> Callee<'a> {
    /// `None` where the webhook calls an address outside.
    pub(crate) fn of(hook: &'a Value) -> Option<Self> {
        let service = &hook["clientConfig"]["service"];
        Some(Self {
            namespace: service["namespace"].as_str()?,
            name: service["name"].as_str()?,
            port: service["port"].as_u64().unwrap_or(443),
            // Without a path the root is asked: `https://name.namespace.svc:443/`.
            path: service["path"].as_str().unwrap_or("/"),
        })
    }

    fn address(&self) -> String {
        let Self {
            namespace,
            name,
            port,
            path,
        } = self;
        let slash = if path.is_empty() || path.starts_with('/') {
            ""
        } else {
            "/"
        };
        format!("https://{name}.{namespace}.svc:{port}{slash}{path}")
    }
}

/// What the API server says of a webhook at an address whose host has a name that is reserved to be nobody's
/// (RFC 2606, section 2); `None` of any other.
pub(crate) fn unresolved(hook: &Value) -> Option<String> {
    let url = hook["clientConfig"]["url"].as_str()?;
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', ':', '?']).next()?;
    host.ends_with(".invalid").then(|| {
        let (name, timeout) = (hook["name"].as_str().unwrap_or_default(), timeout(hook));
        format!(
            "failed calling webhook {name:?}: failed to call webhook: Post \"{url}?timeout={timeout}s\": dial tcp: lookup {host}: no such host"
        )
    })
}

/// Why a call failed.
pub(crate) enum Failure {
    /// There is no such Service.
    Service,
    /// The Service has no such port.
    Port,
    /// No endpoint of the Service is ready.
    Endpoints,
    /// Nothing listens behind the Service; its address.
    Refused(String),
    /// The certificate is signed by another authority than the one that the webhook names.
    Untrusted,
    /// No answer came in time.
    Deadline,
}

impl Failure {
    fn words(&self, callee: &Callee<'_>) -> String {
        let Callee { name, port, .. } = callee;
        match self {
            Self::Refused(address) => {
                format!("dial tcp {address}:{port}: connect: connection refused")
            }
            Self::Untrusted => {
                "tls: failed to verify certificate: x509: certificate signed by unknown authority"
                    .into()
            }
            Self::Deadline => "context deadline exceeded".into(),
            Self::Service => format!("service {name:?} not found"),
            Self::Port => format!("no service port {port} found for service {name:?}"),
            Self::Endpoints => format!("no endpoints available for service {name:?}"),
        }
    }
}

/// What the API server says of a failed call.
pub(crate) fn in_words(hook: &Value, callee: &Callee<'_>, failure: &Failure) -> String {
    let name = hook["name"].as_str().unwrap_or_default();
    let (address, timeout) = (callee.address(), timeout(hook));
    let cause = failure.words(callee);
    format!(
        "failed calling webhook {name:?}: failed to call webhook: Post \"{address}?timeout={timeout}s\": {cause}"
    )
}

//! Role-based access control: whether an account may do something.
//!
//! Source: plugin/pkg/auth/authorizer/rbac; pkg/registry/rbac/validation `RuleAllows`; of the built-in roles
//! the four that face users (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).

use crate::cluster::Cluster;
use aegis_model::kubernetes::LabelSelector;
use aegis_model::objects::Header;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Deserialize;
use serde_json::Value;

/// A ServiceAccount that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub account: &'a str,
}

/// What it wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// `get`, `list`, `create`, …
    pub verb: &'a str,
    /// API group; empty for the core group.
    pub group: &'a str,
    /// Plural, with the subresource: `pods/log`.
    pub resource: &'a str,
    /// Name, where one is named.
    pub name: Option<&'a str>,
    /// Namespace; `None` for what lies in none, or for all of them.
    pub namespace: Option<&'a str>,
}

/// Verbs that change nothing.
const READ: [&str; 3] = ["get", "list", "watch"];
/// Resources that the role `view` does not show.
const HIDDEN: [&str; 3] = ["secrets", "roles", "rolebindings"];
/// Resources that lie in no namespace.
const CLUSTERED: [&str; 7] = [
    "clusterrolebindings",
    "clusterroles",
    "customresourcedefinitions",
    "namespaces",
    "nodes",
    "persistentvolumes",
    "storageclasses",
];

/// Whether a binding gives the subject a role that allows the request.
#[must_use]
pub fn may<P>(cluster: &Cluster<P>, subject: &Subject<'_>, request: &Request<'_>) -> bool {
    headers(cluster).any(|binding| {
        let kind = binding.reference.kind.as_str();
        let reaches = match kind {
            "ClusterRoleBinding" => true,
            "RoleBinding" => request.namespace == Some(binding.reference.namespace.as_str()),
            _ => false,
        };
        reaches && names(binding, subject) && role_allows(cluster, binding, request)
    })
}

/// What the API server says to whom it does not let.
#[must_use]
pub fn forbidden(subject: &Subject<'_>, request: &Request<'_>) -> String {
    let Subject { namespace, account } = subject;
    let Request {
        verb,
        group,
        resource,
        ..
    } = request;
    let kind = resource.split('/').next().unwrap_or(resource);
    let group_of = match *group {
        "" => String::new(),
        group => format!(".{group}"),
    };
    let what = match request.name {
        Some(name) => format!("{kind}{group_of} {name:?}"),
        None => format!("{kind}{group_of}"),
    };
    let place = match request.namespace {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".into(),
    };
    format!(
        "{what} is forbidden: User \"system:serviceaccount:{namespace}:{account}\" cannot {verb} resource {resource:?} in API group {group:?} {place}"
    )
}

/// Whether a resource lies in a namespace.
#[must_use]
pub fn is_namespaced(resource: &str) -> bool {
    !CLUSTERED.contains(&resource)
}

fn headers<P>(cluster: &Cluster<P>) -> impl Iterator<Item = &Header> {
    let rows = cluster.objects.plain.iter().map(|row| &row.header);
    rows.filter(|header| header.exists())
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// Whether a binding names the account, or a group to which it belongs.
fn names(binding: &Header, subject: &Subject<'_>) -> bool {
    let Subject { namespace, account } = subject;
    let user = format!("system:serviceaccount:{namespace}:{account}");
    let own = format!("system:serviceaccounts:{namespace}");
    items(&binding.doc, "subjects").any(|other| {
        let name = other["name"].as_str().unwrap_or_default();
        match other["kind"].as_str() {
            Some("ServiceAccount") => {
                let there = other["namespace"].as_str();
                let there = there.unwrap_or(&binding.reference.namespace);
                name == *account && there == *namespace
            }
            Some("User") => name == user,
            Some("Group") => {
                name == own || matches!(name, "system:serviceaccounts" | "system:authenticated")
            }
            _ => false,
        }
    })
}

fn role_allows<P>(cluster: &Cluster<P>, binding: &Header, request: &Request<'_>) -> bool {
    let (kind, name) = (
        &binding.doc["roleRef"]["kind"],
        binding.doc["roleRef"]["name"].as_str().unwrap_or_default(),
    );
    let namespace = match kind.as_str() {
        Some("Role") => binding.reference.namespace.as_str(),
        _ => "",
    };
    let role = headers(cluster).find(|header| {
        let there = &header.reference;
        there.name == name
            && kind.as_str() == Some(there.kind.as_str())
            && (namespace.is_empty() || there.namespace == namespace)
    });
    match role {
        Some(role) => {
            let rules = rules_of(cluster, role);
            let is_bootstrapped = role.labels.contains_key("kubernetes.io/bootstrapping");
            match rules.is_empty() && is_bootstrapped {
                // A role of every cluster whose parts were not brought along.
                true => given(name, request),
                false => rules.iter().any(|rule| allows(rule, request)),
            }
        }
        None if namespace.is_empty() => given(name, request),
        None => false,
    }
}

/// Rules of a role; of one that gathers others by label theirs alone: a controller writes them over its own.
fn rules_of<'a, P>(cluster: &'a Cluster<P>, role: &'a Header) -> Vec<&'a Value> {
    if !role.doc["aggregationRule"].is_object() {
        return items(&role.doc, "rules").collect();
    }
    let mut rules = Vec::new();
    for selector in items(&role.doc["aggregationRule"], "clusterRoleSelectors") {
        let Ok(selector) = LabelSelector::deserialize(selector) else {
            continue;
        };
        let gathered = headers(cluster).filter(|header| {
            header.reference.kind.as_str() == "ClusterRole" && selector.matches(&header.labels)
        });
        rules.extend(gathered.flat_map(|header| items(&header.doc, "rules")));
    }
    rules
}

fn allows(rule: &Value, request: &Request<'_>) -> bool {
    let has = |key: &str, wanted: &str| {
        items(rule, key).any(|item| item == "*" || item.as_str() == Some(wanted))
    };
    let below = request.resource.split_once('/');
    let by_subresource = below.is_some_and(|(_, sub)| {
        let pattern = format!("*/{sub}");
        items(rule, "resources").any(|item| item.as_str() == Some(&pattern))
    });
    let mut listed = items(rule, "resourceNames").peekable();
    let named = listed.peek().is_none()
        || request
            .name
            .is_some_and(|name| listed.any(|item| item == name));
    named
        && has("verbs", request.verb)
        && has("apiGroups", request.group)
        && (has("resources", request.resource) || by_subresource)
}

/// What the built-in roles allow.
fn given(role: &str, request: &Request<'_>) -> bool {
    let reads = READ.contains(&request.verb);
    let inside = is_namespaced(request.resource);
    match role {
        "cluster-admin" => true,
        "admin" => inside,
        "edit" => inside && !HIDDEN[1..].contains(&request.resource),
        "view" => inside && reads && !HIDDEN.contains(&request.resource),
        _ => false,
    }
}

//! `kubectl` in a container's command: what it asks of the API server.
//!
//! Known is what it asks and whether it is let; what it would change is not done. Source of verbs:
//! k8s.io/kubectl/pkg/cmd: most commands that change something read it first.

use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// What a command asks of the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Verbs, in the order of the requests.
    pub verbs: &'static [&'static str],
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Plural, with the subresource: `pods`, `pods/log`.
    pub resource: String,
    /// Name; without one all of them are meant.
    pub name: Option<SmolStr>,
    /// Namespace, where the command names one.
    pub namespace: Option<SmolStr>,
}

/// Resources: plural, group, other names.
const RESOURCES: [(&str, &str, &[&str]); 27] = [
    ("pods", "", &["pod", "po"]),
    ("services", "", &["service", "svc"]),
    ("configmaps", "", &["configmap", "cm"]),
    ("secrets", "", &["secret"]),
    ("serviceaccounts", "", &["serviceaccount", "sa"]),
    ("namespaces", "", &["namespace", "ns"]),
    ("nodes", "", &["node", "no"]),
    ("events", "", &["event", "ev"]),
    ("endpoints", "", &["endpoint", "ep"]),
    ("persistentvolumes", "", &["persistentvolume", "pv"]),
    (
        "persistentvolumeclaims",
        "",
        &["persistentvolumeclaim", "pvc"],
    ),
    ("resourcequotas", "", &["resourcequota", "quota"]),
    ("limitranges", "", &["limitrange", "limits"]),
    ("deployments", "apps", &["deployment", "deploy"]),
    ("statefulsets", "apps", &["statefulset", "sts"]),
    ("daemonsets", "apps", &["daemonset", "ds"]),
    ("replicasets", "apps", &["replicaset", "rs"]),
    ("jobs", "batch", &["job"]),
    ("cronjobs", "batch", &["cronjob", "cj"]),
    (
        "horizontalpodautoscalers",
        "autoscaling",
        &["horizontalpodautoscaler", "hpa"],
    ),
    ("ingresses", "networking.k8s.io", &["ingress", "ing"]),
    (
        "networkpolicies",
        "networking.k8s.io",
        &["networkpolicy", "netpol"],
    ),
    (
        "poddisruptionbudgets",
        "policy",
        &["poddisruptionbudget", "pdb"],
    ),
    ("storageclasses", "storage.k8s.io", &["storageclass", "sc"]),
    ("roles", "rbac.authorization.k8s.io", &["role"]),
    (
        "rolebindings",
        "rbac.authorization.k8s.io",
        &["rolebinding"],
    ),
    ("leases", "coordination.k8s.io", &["lease"]),
];

/// Flags that take the word after them.
const VALUED: [&str; 14] = [
    "-n",
    "--namespace",
    "-o",
    "--output",
    "-l",
    "--selector",
    "-f",
    "--filename",
    "-p",
    "--patch",
    "-c",
    "--container",
    "--type",
    "--timeout",
];

/// Reads the words behind `kubectl`. `None` for what asks nothing of one resource.
pub(super) fn read(args: &[SmolStr]) -> Option<Call> {
    let (plain, namespace) = split(args);
    let (command, rest) = plain.split_first()?;
    let (verbs, subresource): (&'static [&'static str], &str) = match command.as_str() {
        "get" | "describe" | "wait" => (&["get"], ""),
        "delete" => (&["delete"], ""),
        "patch" | "label" | "annotate" | "edit" | "set" => (&["get", "patch"], ""),
        "scale" => (&["get", "patch"], "/scale"),
        "rollout" => return rollout(rest, namespace),
        "logs" => return of_pod(rest, namespace, "/log", &["get"]),
        "exec" => return of_pod(rest, namespace, "/exec", &["get", "create"]),
        "create" => return created(rest, namespace),
        _ => return None,
    };
    let mut call = meant(rest, verbs, namespace)?;
    if call.name.is_none() {
        call.verbs = match verbs {
            ["delete"] => &["list", "deletecollection"],
            _ => &["list"],
        };
    }
    if !subresource.is_empty() {
        call.resource.push_str(subresource);
    }
    Some(call)
}

/// The words without flags, and the namespace that they name.
fn split(args: &[SmolStr]) -> (Vec<SmolStr>, Option<SmolStr>) {
    let mut plain = Vec::new();
    let mut namespace = None;
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(name) = word
            .strip_prefix("--namespace=")
            .or_else(|| word.strip_prefix("-n="))
        {
            namespace = Some(name.into());
        } else if VALUED.contains(&word.as_str()) {
            let value = words.next().cloned();
            if matches!(word.as_str(), "-n" | "--namespace") {
                namespace = value;
            }
        } else if !word.starts_with('-') {
            plain.push(word.clone());
        }
    }
    (plain, namespace)
}

fn resource(word: &str) -> Option<(&'static str, &'static str)> {
    let bare = word.split('.').next().unwrap_or(word).to_lowercase();
    let is_meant =
        |names: &(&str, &str, &[&str])| names.0 == bare || names.2.contains(&bare.as_str());
    let (plural, group, _) = RESOURCES.iter().find(|names| is_meant(names))?;
    Some((plural, group))
}

/// `TYPE NAME`, `TYPE/NAME` or `TYPE`.
fn meant(
    words: &[SmolStr],
    verbs: &'static [&'static str],
    namespace: Option<SmolStr>,
) -> Option<Call> {
    let first = words.first()?;
    let (kind, name) = match first.split_once('/') {
        Some((kind, name)) => (kind, Some(SmolStr::from(name))),
        None => (first.as_str(), words.get(1).cloned()),
    };
    let (plural, group) = resource(kind)?;
    Some(Call {
        verbs,
        group,
        resource: plural.into(),
        name,
        namespace,
    })
}

fn rollout(words: &[SmolStr], namespace: Option<SmolStr>) -> Option<Call> {
    let (command, rest) = words.split_first()?;
    let verbs: &'static [&'static str] = match command.as_str() {
        "status" => &["get", "list", "watch"],
        "history" => &["get", "list"],
        _ => &["get", "patch"],
    };
    meant(rest, verbs, namespace)
}

/// Commands on a pod, which may be named alone.
fn of_pod(
    words: &[SmolStr],
    namespace: Option<SmolStr>,
    subresource: &str,
    verbs: &'static [&'static str],
) -> Option<Call> {
    let first = words.first()?;
    let name = first.strip_prefix("pod/").unwrap_or(first);
    Some(Call {
        verbs,
        group: "",
        resource: alloc::format!("pods{subresource}"),
        name: Some(name.into()),
        namespace,
    })
}

/// `create configmap x`, `create secret generic x`.
fn created(words: &[SmolStr], namespace: Option<SmolStr>) -> Option<Call> {
    let (plural, group) = resource(words.first()?)?;
    Some(Call {
        verbs: &["create"],
        group,
        resource: plural.into(),
        name: None,
        namespace,
    })
}

#[cfg(test)]
mod tests {
    use super::{Call, read};
    use alloc::vec::Vec;
    use smol_str::SmolStr;

    fn call(text: &str) -> Option<Call> {
        let words: Vec<SmolStr> = text.split(' ').map(SmolStr::from).collect();
        read(&words)
    }

    #[test]
    fn commands_say_what_they_ask() {
        for (text, verbs, resource, name) in [
            ("get cm app", "get", "configmaps", Some("app")),
            ("-n shop get pods -l app=web", "list", "pods", None),
            ("get deploy/web -o yaml", "get", "deployments", Some("web")),
            ("delete pod a", "delete", "pods", Some("a")),
            (
                "rollout restart deployment web",
                "get patch",
                "deployments",
                Some("web"),
            ),
            (
                "scale --replicas=2 deploy/web",
                "get patch",
                "deployments/scale",
                Some("web"),
            ),
            ("logs web-0", "get", "pods/log", Some("web-0")),
            ("create secret generic x", "create", "secrets", None),
        ] {
            let call = call(text).expect(text);
            assert_eq!(call.verbs.join(" "), verbs, "{text}");
            assert_eq!(call.resource, resource, "{text}");
            assert_eq!(call.name.as_deref(), name, "{text}");
        }
        assert_eq!(call("version"), None);
    }
}

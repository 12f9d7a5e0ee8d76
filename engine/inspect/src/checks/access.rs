//! Programs that ask the API server for what their account may not: `kubectl` in a command, against
//! the roles that are bound to the pod's ServiceAccount.

use super::Case;
use crate::candidate::{Candidate, Weight::Documented};
use crate::doc::{items, text};
use crate::estate::{Estate, Object};
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.filter_map(|at| refused(estate, at)).collect()
}

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ask {
    verb: String,
    resource: String,
    namespace: String,
}

fn refused(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let namespace = keeper.object.namespace;
    let account = match text(keeper.pod_spec, "/serviceAccountName") {
        "" => "default",
        name => name,
    };
    // No official image brings kubectl: there it is the program that is missing.
    let may_ask = |one: &&Value| !aegis_images::Image::of(text(one, "/image")).is_of_library();
    let asks = items(keeper.pod_spec, "/containers")
        .filter(may_ask)
        .flat_map(|one| items(one, "/command").chain(items(one, "/args")))
        .filter_map(Value::as_str)
        .flat_map(|script| {
            let mut all = asks(script, namespace);
            all.extend(asks_of_api(script));
            all
        });
    let denied = { asks }.find(|ask| !allowed(estate, namespace, account, ask))?;
    let words = format!(
        "it asks to {} {} in {}, and nothing that is bound to {account} allows it",
        denied.verb, denied.resource, denied.namespace
    );
    let candidate = Candidate::at_workload("permission_denied_by_rbac", estate, at)?
        .field("spec.template.spec.serviceAccountName")
        .value("value", account)
        .seen(Documented, "object", keeper.object.reference(), words);
    Some(candidate.by_itself())
}

/// What the `kubectl` commands of a script ask for, those that read or delete.
fn asks(script: &str, home: &str) -> Vec<Ask> {
    let commands = script.split([';', '\n', '|', '&']);
    let words = commands.map(|command| command.split_whitespace().collect::<Vec<_>>());
    words
        .filter_map(|words| {
            let at = words.iter().position(|word| *word == "kubectl")?;
            ask(&words[at + 1..], home)
        })
        .collect()
}

/// What a script asks of the API server by itself: `curl …/api/v1/namespaces/shop/pods`.
fn asks_of_api(script: &str) -> Vec<Ask> {
    let local = script.contains("kubernetes.default") || script.contains("KUBERNETES_SERVICE_HOST");
    let words = script.split([' ', '"', '\'', '\n', ')']).filter(|_| local);
    words
        .filter_map(|word| {
            let at = word.find("/api/v1/").map(|at| at + 8).or_else(|| {
                let at = word.find("/apis/")? + 6;
                let rest = word[at..].splitn(3, '/').nth(2)?;
                Some(word.len() - rest.len())
            })?;
            let path = word[at..].split('?').next()?;
            let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            let (namespace, rest) = match parts.as_slice() {
                ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
                rest => ("*", rest),
            };
            let plain = !namespace.contains('$')
                && rest.first()?.bytes().all(|byte| byte.is_ascii_lowercase());
            plain.then(|| {
                Some(Ask {
                    verb: if rest.len() > 1 { "get" } else { "list" }.to_owned(),
                    resource: (*rest.first()?).to_owned(),
                    namespace: namespace.to_owned(),
                })
            })?
        })
        .collect()
}

fn ask(words: &[&str], home: &str) -> Option<Ask> {
    let mut plain = Vec::new();
    let mut namespace = home.to_owned();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-n" | "--namespace" => namespace = (*rest.next()?).to_owned(),
            "-A" | "--all-namespaces" => namespace = "*".to_owned(),
            "-o" | "-l" | "--output" | "--selector" => drop(rest.next()),
            flag if flag.starts_with('-') => {}
            word => plain.push(word.trim_matches(['"', '\''])),
        }
    }
    let (verb, resource) = (*plain.first()?, *plain.get(1)?);
    let (resource, named) = match resource.split_once('/') {
        Some((resource, _)) => (resource, true),
        None => (resource, plain.len() > 2),
    };
    let verb = match (verb, named) {
        ("get", true) => "get",
        ("get" | "describe", false) => "list",
        ("delete", _) => "delete",
        ("scale" | "patch" | "label" | "annotate" | "set", _) => "patch",
        ("create" | "run" | "expose", _) => "create",
        _ => return None,
    };
    let resource = match verb {
        "create" if resource == "-f" => return None,
        _ => resource,
    };
    let known = resource.bytes().all(|byte| byte.is_ascii_lowercase());
    known.then(|| Ask {
        verb: verb.to_owned(),
        resource: plural(resource),
        namespace,
    })
}

/// The name of a resource in rules.
fn plural(word: &str) -> String {
    const SHORT: &[(&str, &str)] = &[
        ("po", "pods"),
        ("svc", "services"),
        ("deploy", "deployments"),
        ("cm", "configmaps"),
        ("ns", "namespaces"),
        ("no", "nodes"),
        ("sa", "serviceaccounts"),
        ("pvc", "persistentvolumeclaims"),
        ("ing", "ingresses"),
        ("ingress", "ingresses"),
        ("sts", "statefulsets"),
        ("ds", "daemonsets"),
        ("rs", "replicasets"),
        ("ev", "events"),
    ];
    let found = SHORT.iter().find(|(short, _)| *short == word);
    match found {
        Some((_, long)) => (*long).to_owned(),
        None if word.ends_with('s') => word.to_owned(),
        None => format!("{word}s"),
    }
}

/// Whether a role that is bound to an account allows it. Of a role that is not in the input nothing is
/// known: it is taken to allow.
fn allowed(estate: &Estate<'_>, namespace: &str, account: &str, ask: &Ask) -> bool {
    let bound = |binding: &Object<'_>| {
        items(binding.doc, "/subjects").any(|subject| {
            let own = text(subject, "/namespace") == namespace
                || text(subject, "/namespace").is_empty() && binding.namespace == namespace;
            text(subject, "/kind") == "ServiceAccount" && text(subject, "/name") == account && own
        })
    };
    let everywhere = estate.of_kind("ClusterRoleBinding").filter(&bound);
    let here = estate
        .of_kind("RoleBinding")
        .filter(|binding| binding.namespace == ask.namespace)
        .filter(&bound);
    let mut bindings = everywhere.chain(here);
    bindings.any(|binding| {
        let (kind, name) = (
            text(binding.doc, "/roleRef/kind"),
            text(binding.doc, "/roleRef/name"),
        );
        let space = if kind == "Role" {
            binding.namespace
        } else {
            ""
        };
        estate
            .find(kind, space, name)
            .is_none_or(|role| items(role.doc, "/rules").any(|rule| takes(rule, ask)))
    })
}

/// The API groups of resources. Source: `kubectl api-resources` of 1.34.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "pods",
            "services",
            "configmaps",
            "secrets",
            "nodes",
            "namespaces",
            "serviceaccounts",
            "persistentvolumeclaims",
            "persistentvolumes",
        ],
    ),
    (
        "apps",
        &["deployments", "statefulsets", "daemonsets", "replicasets"],
    ),
    ("batch", &["jobs", "cronjobs"]),
    ("networking.k8s.io", &["ingresses", "networkpolicies"]),
];

fn takes(rule: &Value, ask: &Ask) -> bool {
    let holds = |list: &str, word: &str| {
        items(rule, list)
            .filter_map(Value::as_str)
            .any(|one| one == "*" || one == word)
    };
    let group = GROUPS
        .iter()
        .find(|(_, all)| all.contains(&ask.resource.as_str()));
    let of_group = group.is_none_or(|(group, _)| holds("/apiGroups", group));
    let scaled = format!("{}/scale", ask.resource);
    let of_resource =
        holds("/resources", &ask.resource) || ask.verb == "patch" && holds("/resources", &scaled);
    holds("/verbs", &ask.verb) && of_resource && of_group
}

#[cfg(test)]
mod tests {
    use super::{Ask, asks};

    #[test]
    fn what_a_script_asks_for_is_read_out_of_it() {
        let ask = |verb: &str, resource: &str, namespace: &str| Ask {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
        };
        let script =
            "while true; do\n  if kubectl get pods -n shop; then echo ok; fi; sleep 5; done";
        assert_eq!(asks(script, "home"), [ask("list", "pods", "shop")]);
        assert_eq!(
            asks("kubectl get cm settings", "home"),
            [ask("get", "configmaps", "home")]
        );
        assert_eq!(
            asks("kubectl get po -A", "home"),
            [ask("list", "pods", "*")]
        );
        assert!(asks("kubectl version; echo kubectl", "home").is_empty());
    }
}

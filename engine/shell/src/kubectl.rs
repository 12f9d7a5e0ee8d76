//! `kubectl` in a container's command: what it asks of the API server.
//!
//! Known is what it asks and whether it is let, and of what it changes scales, restarts, labels, deletions, and
//! what closes nodes; patches are not followed. Source of verbs:
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
    /// Where it looks.
    pub place: Place,
    /// What it does besides asking.
    pub deed: Deed,
}

/// What a command does to what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Nothing, or nothing that is followed.
    Asks,
    /// `auth can-i`: it tells whether it is let.
    CanI,
    /// `scale --replicas`.
    Scales(u32),
    /// `rollout restart`.
    Restarts,
    /// `rollout undo`.
    Undoes,
    /// `cordon`.
    Cordons,
    /// `uncordon`.
    Uncordons,
    /// `drain`.
    Drains,
    /// `delete`, of one object by name, with the word of `--cascade`.
    Deletes(Option<Cascade>),
    /// `label`: keys, and their values; a key without one goes.
    Labels(Vec<(SmolStr, Option<SmolStr>)>),
    /// `annotate`.
    Annotates(Vec<(SmolStr, Option<SmolStr>)>),
}

/// `--cascade` of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "kubectl's words")]
pub enum Cascade {
    Background,
    Foreground,
    Orphan,
}

/// The word of `--cascade`, with those that it had before 1.20.
fn cascade(args: &[SmolStr]) -> Option<Cascade> {
    let mut words = args
        .iter()
        .filter_map(|word| word.strip_prefix("--cascade"));
    Some(match words.next()? {
        "=foreground" => Cascade::Foreground,
        "=orphan" | "=false" => Cascade::Orphan,
        _ => Cascade::Background,
    })
}

/// The namespaces of which a command speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// That of the pod.
    Own,
    /// One by name.
    Named(SmolStr),
    /// All of them: `-A`.
    All,
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
const VALUED: [&str; 15] = [
    "--replicas",
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
    let (plain, place) = split(args);
    let (command, rest) = plain.split_first()?;
    if let Some(call) = of_node(command, rest) {
        return Some(call);
    }
    let (verbs, subresource): (&'static [&'static str], &str) = match command.as_str() {
        "get" | "describe" | "wait" => (&["get"], ""),
        "delete" => (&["delete"], ""),
        "patch" | "label" | "annotate" | "edit" | "set" => (&["get", "patch"], ""),
        "scale" => (&["get", "patch"], "/scale"),
        "rollout" => return rollout(rest, place),
        "logs" => return of_pod(rest, place, "/log", &["get"]),
        "exec" => return of_pod(rest, place, "/exec", &["get", "create"]),
        "create" => return created(rest, place),
        "auth" => return can_i(rest, place),
        _ => return None,
    };
    let mut call = meant(rest, verbs, place)?;
    if call.name.is_none() {
        call.verbs = match verbs {
            ["delete"] => &["list", "deletecollection"],
            _ => &["list"],
        };
    }
    if !subresource.is_empty() {
        call.resource.push_str(subresource);
    }
    call.deed = deed(command, rest, args);
    Some(call)
}

/// What a command does to the object that it names.
fn deed(command: &str, words: &[SmolStr], args: &[SmolStr]) -> Deed {
    let replicas = || {
        let mut words = args.iter();
        let at = words.position(|word| word.starts_with("--replicas"))?;
        let text = args[at].strip_prefix("--replicas=");
        text.or_else(|| args.get(at + 1).map(SmolStr::as_str))?
            .parse()
            .ok()
    };
    match command {
        "scale" => replicas().map_or(Deed::Asks, Deed::Scales),
        "delete" if words.len() < 3 => Deed::Deletes(cascade(args)),
        "label" => Deed::Labels(pairs(words)),
        "annotate" => Deed::Annotates(pairs(words)),
        _ => Deed::Asks,
    }
}

/// `key=value` and `key-`.
fn pairs(words: &[SmolStr]) -> Vec<(SmolStr, Option<SmolStr>)> {
    let pair = |word: &SmolStr| match word.split_once('=') {
        Some((key, value)) => Some((SmolStr::from(key), Some(SmolStr::from(value)))),
        None => word.strip_suffix('-').map(|key| (SmolStr::from(key), None)),
    };
    words.iter().filter_map(pair).collect()
}

/// `cordon`, `uncordon` and `drain` of a node.
fn of_node(command: &str, words: &[SmolStr]) -> Option<Call> {
    let deed = match command {
        "cordon" => Deed::Cordons,
        "uncordon" => Deed::Uncordons,
        "drain" => Deed::Drains,
        _ => return None,
    };
    let name = words.first()?;
    Some(Call {
        verbs: &["get", "patch"],
        group: "",
        resource: "nodes".into(),
        name: Some(name.strip_prefix("node/").unwrap_or(name).into()),
        place: Place::Own,
        deed,
    })
}

/// Verbs by name, as a command gives them.
const VERBS: [(&str, &[&str]); 9] = [
    ("create", &["create"]),
    ("delete", &["delete"]),
    ("deletecollection", &["deletecollection"]),
    ("get", &["get"]),
    ("list", &["list"]),
    ("patch", &["patch"]),
    ("update", &["update"]),
    ("watch", &["watch"]),
    ("*", &["*"]),
];

/// `auth can-i VERB TYPE[/NAME]`.
fn can_i(words: &[SmolStr], place: Place) -> Option<Call> {
    let [command, verb, what @ ..] = words else {
        return None;
    };
    let (_, verbs) = VERBS.iter().find(|(name, _)| name == verb)?;
    let first = what.first().filter(|_| command == "can-i")?;
    let (kind, name) = first.split_once('/').unwrap_or((first, ""));
    // A subresource is written as a name is: `pods/log`.
    let (plural, group) = resource(kind)?;
    let is_part = matches!(
        name,
        "exec" | "log" | "scale" | "status" | "eviction" | "portforward"
    );
    Some(Call {
        verbs,
        group,
        resource: match is_part {
            true => alloc::format!("{plural}/{name}"),
            false => plural.into(),
        },
        name: (!is_part && !name.is_empty()).then(|| name.into()),
        place,
        deed: Deed::CanI,
    })
}

/// The words without flags, and the namespace that they name.
fn split(args: &[SmolStr]) -> (Vec<SmolStr>, Place) {
    let mut plain = Vec::new();
    let mut place = Place::Own;
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(name) = word
            .strip_prefix("--namespace=")
            .or_else(|| word.strip_prefix("-n="))
        {
            place = Place::Named(name.into());
        } else if VALUED.contains(&word.as_str()) {
            let value = words.next().cloned();
            if let ("-n" | "--namespace", Some(name)) = (word.as_str(), value) {
                place = Place::Named(name);
            }
        } else if matches!(
            word.as_str(),
            "-A" | "--all-namespaces" | "--all-namespaces=true"
        ) {
            place = Place::All;
        } else if !word.starts_with('-') {
            plain.push(word.clone());
        }
    }
    (plain, place)
}

fn resource(word: &str) -> Option<(&'static str, &'static str)> {
    let bare = word.split('.').next().unwrap_or(word).to_lowercase();
    let is_meant =
        |names: &(&str, &str, &[&str])| names.0 == bare || names.2.contains(&bare.as_str());
    let (plural, group, _) = RESOURCES.iter().find(|names| is_meant(names))?;
    Some((plural, group))
}

/// `TYPE NAME`, `TYPE/NAME` or `TYPE`.
fn meant(words: &[SmolStr], verbs: &'static [&'static str], place: Place) -> Option<Call> {
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
        place,
        deed: Deed::Asks,
    })
}

fn rollout(words: &[SmolStr], place: Place) -> Option<Call> {
    let (command, rest) = words.split_first()?;
    let (verbs, deed): (&'static [&'static str], Deed) = match command.as_str() {
        "status" => (&["get", "list", "watch"], Deed::Asks),
        "history" => (&["get", "list"], Deed::Asks),
        "restart" => (&["get", "patch"], Deed::Restarts),
        "undo" => (&["get", "patch"], Deed::Undoes),
        _ => (&["get", "patch"], Deed::Asks),
    };
    let call = meant(rest, verbs, place)?;
    Some(Call { deed, ..call })
}

/// Commands on a pod, which may be named alone.
fn of_pod(
    words: &[SmolStr],
    place: Place,
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
        place,
        deed: Deed::Asks,
    })
}

/// `create configmap x`, `create secret generic x`.
fn created(words: &[SmolStr], place: Place) -> Option<Call> {
    let (plural, group) = resource(words.first()?)?;
    Some(Call {
        verbs: &["create"],
        group,
        resource: plural.into(),
        name: None,
        place,
        deed: Deed::Asks,
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

//! ResourceQuotas: what an object uses of them, which of them watch it, and what they refuse.
//!
//! Source: pkg/quota/v1/evaluator/core; k8s.io/apiserver/pkg/admission/plugin/resourcequota `CheckRequest`.

use super::claim::{self, Amounts, Side};
use aegis_model::amount::Amount;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::Value;

/// An object as a quota sees it.
pub(crate) struct Used<'a> {
    /// Its resource: `pods`, `deployments.apps`.
    pub(crate) resource: &'a str,
    /// Its document: of a pod, with what admission wrote into it.
    pub(crate) document: &'a Value,
    /// Whether it is over: a pod in a terminal phase, or gone past its deadline.
    pub(crate) life: Life,
}

/// Whether a pod's resources still count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// They do.
    Alive,
    /// The object alone counts.
    Over,
}

/// Resources that a quota cannot watch without every container stating them.
const REQUIRED: [&str; 6] = [
    "cpu",
    "limits.cpu",
    "limits.memory",
    "memory",
    "requests.cpu",
    "requests.memory",
];
/// What quotas watch of a pod, beside what has a prefix.
const OF_PODS: [&str; 11] = [
    "count/pods",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "pods",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
/// Resources counted under their own name too, as before `count/` came.
const NAMED: [&str; 6] = [
    "configmaps",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];

/// What an object uses of all that can be watched.
pub(crate) fn usage(used: &Used<'_>) -> Amounts {
    let one = Amount::whole(1);
    let mut usage = Amounts::from([(format!("count/{}", used.resource), one)]);
    if NAMED.contains(&used.resource) {
        usage.insert(used.resource.to_string(), one);
    }
    let more = match used.resource {
        "pods" if used.life == Life::Alive => of_pod(&used.document["spec"]),
        "services" => of_service(&used.document["spec"]),
        "persistentvolumeclaims" => of_claim(used.document),
        _ => Amounts::new(),
    };
    usage.extend(more);
    usage
}

fn of_pod(spec: &Value) -> Amounts {
    let requests = claim::with_overhead(spec, Side::Requests);
    let limits = claim::with_overhead(spec, Side::Limits);
    let mut usage = stated(&requests, &limits);
    usage.insert("pods".into(), Amount::whole(1));
    usage
}

/// Requests and limits under the names that quotas have for them.
fn stated(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut usage = Amounts::new();
    for (name, amount) in requests {
        let native = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage");
        if native || name.starts_with("hugepages-") {
            usage.insert(name.clone(), *amount);
        }
        usage.insert(format!("requests.{name}"), *amount);
    }
    for (name, amount) in limits {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{name}"), *amount);
        }
    }
    usage
}

/// Ports on nodes and load balancers of a Service.
fn of_service(spec: &Value) -> Amounts {
    let ports = spec["ports"].as_array().map_or(0, Vec::len) as u64;
    let balanced = spec["type"] == "LoadBalancer";
    let without_ports = balanced && spec["allocateLoadBalancerNodePorts"] == false;
    let given = spec["ports"].as_array().into_iter().flatten();
    let given = given.filter(|port| !port["nodePort"].is_null()).count() as u64;
    let node_ports = match spec["type"].as_str() {
        Some("NodePort") => ports,
        Some("LoadBalancer") if without_ports => given,
        Some("LoadBalancer") => ports,
        _ => 0,
    };
    Amounts::from([
        (
            "services.loadbalancers".into(),
            Amount::whole(u64::from(balanced)),
        ),
        ("services.nodeports".into(), Amount::whole(node_ports)),
    ])
}

/// Storage that a claim asks for, in all and of its class.
fn of_claim(claim: &Value) -> Amounts {
    let mut usage = Amounts::new();
    let asked = &claim["spec"]["resources"]["requests"]["storage"];
    let class = claim["spec"]["storageClassName"].as_str();
    let class = class.filter(|class| !class.is_empty());
    if let Some(asked) = claim::amount(asked) {
        usage.insert("requests.storage".into(), asked);
        if let Some(class) = class {
            let name = format!("{class}.storageclass.storage.k8s.io/requests.storage");
            usage.insert(name, asked);
        }
    }
    if let Some(class) = class {
        let name = format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims");
        usage.insert(name, Amount::whole(1));
    }
    usage
}

/// Whether a quota on `name` has to do with objects of a resource.
fn watches(name: &str, resource: &str) -> bool {
    let count = name
        .strip_prefix("count/")
        .is_some_and(|counted| counted == resource);
    let own = match resource {
        "pods" => {
            OF_PODS.contains(&name)
                || name.starts_with("hugepages-")
                || name.starts_with("requests.hugepages-")
                || name
                    .strip_prefix("requests.")
                    .is_some_and(|of| of.contains('/'))
        }
        "services" => matches!(name, "services.loadbalancers" | "services.nodeports"),
        "persistentvolumeclaims" => {
            name == "requests.storage" || name.contains(".storageclass.storage.k8s.io/")
        }
        _ => false,
    };
    count || own || (NAMED.contains(&name) && name == resource)
}

/// One condition on the pods that a quota watches.
struct Scope<'a> {
    name: &'a str,
    operator: &'a str,
    values: Vec<&'a str>,
}

fn scopes(quota: &Value) -> Vec<Scope<'_>> {
    let plain = claim::list(&quota["spec"], "scopes").filter_map(Value::as_str);
    let plain = plain.map(|name| Scope {
        name,
        operator: "Exists",
        values: Vec::new(),
    });
    let selector = claim::list(&quota["spec"]["scopeSelector"], "matchExpressions");
    let selected = selector.map(|term| Scope {
        name: term["scopeName"].as_str().unwrap_or_default(),
        operator: term["operator"].as_str().unwrap_or_default(),
        values: claim::list(term, "values")
            .filter_map(Value::as_str)
            .collect(),
    });
    plain.chain(selected).collect()
}

fn is_in(scope: &Scope<'_>, used: &Used<'_>) -> bool {
    let spec = &used.document["spec"];
    if used.resource != "pods" {
        return false;
    }
    let terminating = spec["activeDeadlineSeconds"]
        .as_i64()
        .is_some_and(|s| s >= 0);
    match scope.name {
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "BestEffort" => is_best_effort(spec),
        "NotBestEffort" => !is_best_effort(spec),
        "PriorityClass" => has_class(scope, spec),
        "CrossNamespacePodAffinity" => reaches_out(spec),
        _ => false,
    }
}

fn has_class(scope: &Scope<'_>, spec: &Value) -> bool {
    let class = spec["priorityClassName"]
        .as_str()
        .filter(|name| !name.is_empty());
    let named = class.is_some_and(|class| scope.values.contains(&class));
    match scope.operator {
        "Exists" => class.is_some(),
        "DoesNotExist" => class.is_none(),
        "In" => named,
        "NotIn" => !named,
        _ => false,
    }
}

/// Whether no container states CPU or memory.
fn is_best_effort(spec: &Value) -> bool {
    let states = |of: &Value| {
        ["requests", "limits"].into_iter().any(|side| {
            ["cpu", "memory"].into_iter().any(|name| {
                claim::amount(&of["resources"][side][name]).is_some_and(|amount| !amount.is_zero())
            })
        })
    };
    let mut all = claim::list(spec, "containers").chain(claim::list(spec, "initContainers"));
    !states(spec) && !all.any(states)
}

/// Whether its (anti-)affinity names other namespaces.
fn reaches_out(spec: &Value) -> bool {
    ["podAffinity", "podAntiAffinity"].into_iter().any(|kind| {
        let rules = &spec["affinity"][kind];
        let required = claim::list(rules, "requiredDuringSchedulingIgnoredDuringExecution");
        let preferred = claim::list(rules, "preferredDuringSchedulingIgnoredDuringExecution");
        let mut terms = required.chain(preferred.map(|term| &term["podAffinityTerm"]));
        terms.any(|term| {
            claim::list(term, "namespaces").next().is_some()
                || term["namespaceSelector"].is_object()
        })
    })
}

/// Whether a quota watches an object.
pub(crate) fn matches(quota: &Value, hard: &Amounts, used: &Used<'_>) -> bool {
    hard.keys().any(|name| watches(name, used.resource))
        && scopes(quota).iter().all(|scope| is_in(scope, used))
}

/// What an object adds to what a quota counts.
pub(crate) fn share(quota: &Value, hard: &Amounts, used: &Used<'_>) -> Amounts {
    if !matches(quota, hard, used) {
        return Amounts::new();
    }
    let all = usage(used).into_iter();
    all.filter(|(name, _)| hard.contains_key(name)).collect()
}

/// Why a quota refuses a new object; `None` where it does not.
pub(crate) fn refusal(
    name: &str,
    quota: &Value,
    (hard, taken): (&Amounts, &Amounts),
    used: &Used<'_>,
) -> Option<String> {
    if !matches(quota, hard, used) {
        return None;
    }
    if let Some(missing) = unstated(hard, used) {
        return Some(format!("failed quota: {name}: {missing}"));
    }
    exceeded(name, (hard, taken), &share(quota, hard, used))
}

/// Why a quota refuses what an object is to become; `None` where it does not. What it had already is its own.
pub(crate) fn growth_refusal(
    name: &str,
    quota: &Value,
    (hard, taken): (&Amounts, &Amounts),
    before: &Used<'_>,
    after: &Used<'_>,
) -> Option<String> {
    let had = share(quota, hard, before);
    let mut more = share(quota, hard, after);
    for (name, amount) in &had {
        let more = more.entry(name.clone()).or_default();
        *more = match *more > *amount {
            true => more.minus(*amount),
            false => Amount::default(),
        };
    }
    exceeded(name, (hard, taken), &more)
}

/// What of a quota would be exceeded, in words.
fn exceeded(name: &str, (hard, taken): (&Amounts, &Amounts), asked: &Amounts) -> Option<String> {
    let taken_of = |name: &str| taken.get(name).copied().unwrap_or_default();
    let beyond: BTreeSet<&String> = asked
        .iter()
        .filter(|(name, amount)| !amount.is_zero() && taken_of(name).plus(**amount) > hard[*name])
        .map(|(name, _)| name)
        .collect();
    if beyond.is_empty() {
        return None;
    }
    let told = |amount: &dyn Fn(&str) -> Amount| {
        let parts = beyond.iter().map(|name| format!("{name}={}", amount(name)));
        parts.collect::<Vec<_>>().join(",")
    };
    Some(format!(
        "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
        told(&|name| asked[name]),
        told(&taken_of),
        told(&|name| hard[name]),
    ))
}

/// What containers would have to state, in words; `None` where nothing is missing.
fn unstated(hard: &Amounts, used: &Used<'_>) -> Option<String> {
    let spec = &used.document["spec"];
    if used.resource != "pods" || spec["resources"].as_object().is_some_and(|r| !r.is_empty()) {
        return None;
    }
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for container in claim::list(spec, "containers").chain(claim::list(spec, "initContainers")) {
        let given = stated(
            &claim::of_container(container, Side::Requests),
            &claim::of_container(container, Side::Limits),
        );
        for name in REQUIRED.into_iter().filter(|name| hard.contains_key(*name)) {
            if !given.contains_key(name) {
                let container = container["name"].as_str().unwrap_or_default();
                missing.entry(name).or_default().insert(container);
            }
        }
    }
    let parts = missing.iter().map(|(name, containers)| {
        let containers: Vec<&str> = containers.iter().copied().collect();
        format!("{name} for: {}", containers.join(","))
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| format!("must specify {}", parts.join("; ")))
}

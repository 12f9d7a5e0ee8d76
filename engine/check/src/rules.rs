//! What sets rules for other objects: quotas, limits, priorities, webhooks, bindings of roles.
//!
//! Source: pkg/apis/core/validation, scheduling/validation, admissionregistration/validation,
//! rbac/validation.

use super::findings::Findings;
use super::values;
use aegis_model::{Amount, FieldPath};
use serde_json::Value;

const COUNTED: [&str; 16] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
];

/// Whether a quota may watch a resource of this name.
fn is_watched(name: &str) -> bool {
    COUNTED.contains(&name)
        || name.contains('/')
        || name == "services"
        || name.starts_with("services.")
        || name.starts_with("hugepages-")
        || name.starts_with("requests.hugepages-")
}

/// A ResourceQuota's spec at `path`.
pub fn quota(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    for (name, amount, at) in values::amounts(spec, path, "hard", findings) {
        if !is_watched(&name) {
            let detail = "must be a standard resource type or fully qualified";
            findings.invalid(&at, name.as_str(), detail);
        }
        if amount < Amount::default() {
            let detail = "must be greater than or equal to 0";
            findings.invalid(&at, amount.to_string(), detail);
        }
    }
    let scopes = [
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "PriorityClass",
        "Terminating",
        "VolumeAttributesClass",
    ];
    for (scope, at) in values::items(spec, path, "scopes") {
        let scope = scope.as_str().unwrap_or_default();
        findings.one_of(&at, scope, &scopes);
        let watched = spec["hard"].as_object().into_iter().flatten();
        for (name, _) in watched.filter(|(name, _)| !fits(scope, name)) {
            let detail = format!("unsupported scope applied to resource: {name}");
            findings.invalid(&at, scope, &detail);
        }
    }
    let given = |scope: &str| {
        let mut scopes = values::items(spec, path, "scopes");
        scopes.any(|(given, _)| given == scope)
    };
    for (one, other) in [
        ("BestEffort", "NotBestEffort"),
        ("Terminating", "NotTerminating"),
    ] {
        if given(one) && given(other) {
            findings.invalid(
                &path.key("scopes"),
                format!("[{one} {other}]"),
                "conflicting scopes",
            );
        }
    }
    let at = path.key("scopeSelector");
    for (term, at) in values::items(&spec["scopeSelector"], &at, "matchExpressions") {
        values::one_of(term, &at, "scopeName", &scopes, findings);
        let operators = ["DoesNotExist", "Exists", "In", "NotIn"];
        values::one_of(term, &at, "operator", &operators, findings);
    }
}

/// Whether a scope can be of a resource: pods without requests have nothing but their number.
/// Source: pkg/apis/core/helper `IsResourceQuotaScopeValidForResource`.
fn fits(scope: &str, resource: &str) -> bool {
    const OF_PODS: [&str; 8] = [
        "cpu",
        "limits.cpu",
        "limits.memory",
        "memory",
        "pods",
        "requests.cpu",
        "requests.memory",
        "count/pods",
    ];
    match scope {
        "BestEffort" => matches!(resource, "pods" | "count/pods"),
        "Terminating"
        | "NotTerminating"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => {
            OF_PODS.contains(&resource)
                || resource.contains("ephemeral-storage")
                || resource.contains("hugepages-")
                || resource
                    .strip_prefix("requests.")
                    .is_some_and(|name| name.contains('/'))
        }
        _ => true,
    }
}

/// A LimitRange's spec at `path`.
pub fn limits(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let types: Vec<&str> = values::items(spec, path, "limits")
        .map(|(limit, _)| limit["type"].as_str().unwrap_or_default())
        .collect();
    findings.unique(types.iter().copied(), |index| {
        super::item(&path.key("limits"), index).key("type")
    });
    for (limit, at) in values::items(spec, path, "limits") {
        let holds = |key: &str| !limit[key]["storage"].is_null();
        if limit["type"] == "PersistentVolumeClaim" && !holds("min") && !holds("max") {
            let detail =
                "either minimum or maximum storage value is required, but neither was provided";
            findings.required(&at.key("limits"), detail);
        }
        if limit["type"].as_str().unwrap_or_default().is_empty() {
            findings.required(&at.key("type"), "");
        }
        if limit["type"] == "Pod" {
            for key in ["default", "defaultRequest"] {
                if limit[key].as_object().is_some_and(|list| !list.is_empty()) {
                    let detail = "may not be specified when `type` is 'Pod'";
                    findings.forbidden(&at.key(key), detail);
                }
            }
        }
        for pair in PAIRS {
            ordered(limit, &at, pair, findings);
        }
        let at = at.key("maxLimitRequestRatio");
        for (name, ratio) in limit["maxLimitRequestRatio"]
            .as_object()
            .into_iter()
            .flatten()
        {
            if let Ok(amount) = values::amount(ratio)
                && amount < Amount::whole(1)
            {
                let detail = format!("ratio {amount} is less than 1");
                findings.invalid(&at.key(name), amount.to_string(), &detail);
            }
        }
    }
}

/// Two lists of a limit of which the first must not be above the second, and their names in words.
type Pair = ((&'static str, &'static str), (&'static str, &'static str));
const PAIRS: [Pair; 6] = [
    (("min", "min"), ("max", "max")),
    (("min", "min"), ("defaultRequest", "default request")),
    (("min", "min"), ("default", "default")),
    (("defaultRequest", "default request"), ("max", "max")),
    (
        ("defaultRequest", "default request"),
        ("default", "default"),
    ),
    (("default", "default"), ("max", "max")),
];

fn ordered(limit: &Value, at: &FieldPath, (low, high): Pair, findings: &mut Findings) {
    let mut none = Findings::default();
    let high_amounts = values::amounts(limit, at, high.0, &mut none);
    let low_amounts = values::amounts(limit, at, low.0, &mut none);
    for (name, amount, at) in low_amounts {
        let above = high_amounts.iter().find(|(other, ..)| *other == name);
        let Some((_, most, _)) = above.filter(|(_, most, _)| amount > *most) else {
            continue;
        };
        let of_limit = if high.0 == "default" { " limit" } else { "" };
        let detail = format!(
            "{} value {amount} is greater than {}{of_limit} value {most}",
            low.1, high.1
        );
        findings.invalid(&at, amount.to_string(), &detail);
    }
}

/// Highest value of a PriorityClass that is not the system's.
const HIGHEST: i64 = 1_000_000_000;

/// A PriorityClass.
pub fn priority_class(object: &Value, findings: &mut Findings) {
    let root = FieldPath::default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let system = ["system-cluster-critical", "system-node-critical"];
    let value = object["value"].as_i64().unwrap_or(0);
    if system.contains(&name) {
        return;
    }
    if name.starts_with("system-") {
        let detail = format!(
            "priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class"
        );
        findings.forbidden(&root.key("metadata").key("name"), &detail);
    }
    if value > HIGHEST {
        let detail = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        findings.forbidden(&root.key("value"), &detail);
    }
    let policies = ["Never", "PreemptLowerPriority"];
    values::one_of(object, &root, "preemptionPolicy", &policies, findings);
}

/// A configuration of webhooks.
pub fn webhooks(object: &Value, findings: &mut Findings) {
    for (hook, at) in values::items(object, &FieldPath::default(), "webhooks") {
        let name = hook["name"].as_str().unwrap_or_default();
        if name.split('.').count() < 3 {
            let detail = "should be a domain with at least three segments separated by dots";
            findings.invalid(&at.key("name"), name, detail);
        }
        let seconds = hook["timeoutSeconds"].as_i64().unwrap_or(10);
        if !(1..=30).contains(&seconds) {
            let detail = "the timeout value must be between 1 and 30 seconds";
            findings.invalid(&at.key("timeoutSeconds"), seconds, detail);
        }
        values::one_of(hook, &at, "failurePolicy", &["Fail", "Ignore"], findings);
        let sides = ["None", "NoneOnDryRun"];
        if hook["sideEffects"].is_null() {
            let detail = "must specify one of None, NoneOnDryRun";
            findings.required(&at.key("sideEffects"), detail);
        }
        values::one_of(hook, &at, "sideEffects", &sides, findings);
        let client = &hook["clientConfig"];
        if client["url"].is_null() == client["service"].is_null() {
            let detail = "exactly one of url or service is required";
            findings.required(&at.key("clientConfig"), detail);
        }
    }
}

/// A RoleBinding or ClusterRoleBinding.
pub fn binding(object: &Value, findings: &mut Findings) {
    let root = FieldPath::default();
    let at = root.key("roleRef");
    let kinds: &[&'static str] = match object["kind"].as_str() {
        Some("ClusterRoleBinding") => &["ClusterRole"],
        _ => &["Role", "ClusterRole"],
    };
    values::one_of(&object["roleRef"], &at, "kind", kinds, findings);
    if object["roleRef"]["name"]
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        findings.required(&at.key("name"), "");
    }
    for (subject, at) in values::items(object, &root, "subjects") {
        let kinds = ["ServiceAccount", "User", "Group"];
        values::one_of(subject, &at, "kind", &kinds, findings);
        let anywhere = subject["namespace"].as_str().unwrap_or_default().is_empty();
        if subject["kind"] == "ServiceAccount" && anywhere {
            findings.required(&at.key("namespace"), "");
        }
    }
}

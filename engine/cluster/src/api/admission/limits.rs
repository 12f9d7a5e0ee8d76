//! LimitRanges: what they add to a pod, and what they refuse.
//!
//! Source: plugin/pkg/admission/limitranger; pkg/apis/core/v1/defaults.go `SetDefaults_LimitRangeItem`.

use super::claim::{self, Amounts, Side, amounts};
use aegis_model::amount::Amount;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Map, Value};

/// Annotation that says what a LimitRange added.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// The items of a LimitRange's document.
pub(crate) fn items(document: &Value) -> Vec<Value> {
    claim::list(&document["spec"], "limits")
        .map(defaulted)
        .collect()
}

/// Writes the defaults of a LimitRange into its document, as the API server does.
pub(crate) fn complete(document: &mut Value) {
    let items = document["spec"]
        .get_mut("limits")
        .and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        *item = defaulted(item);
    }
}

/// `default` from `max`, `defaultRequest` from `default` and then from `min`, for containers.
fn defaulted(item: &Value) -> Value {
    let mut item = item.clone();
    if item["type"] != "Container" {
        return item;
    }
    for (to, from) in [
        ("default", "max"),
        ("defaultRequest", "default"),
        ("defaultRequest", "min"),
    ] {
        fill(&mut item, to, from);
    }
    item
}

fn fill(item: &mut Value, to: &str, from: &str) {
    let Some(source) = item[from].as_object().cloned() else {
        return;
    };
    if !item[to].is_object() {
        item[to] = Value::Object(Map::new());
    }
    for (name, amount) in source {
        if item[to][&name].is_null() {
            item[to][&name] = amount;
        }
    }
}

/// Writes what is missing into the containers of a pod's template, and says so in its annotation.
pub(crate) fn set_defaults(items: &[Value], template: &mut Value) {
    let mut notes = Vec::new();
    for (list, word) in [
        ("containers", "container"),
        ("initContainers", "init container"),
    ] {
        let containers = template["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default().to_string();
            // A limit of its own is a request already; one that is added below is none.
            let requests = merge(items, container, "requests", "defaultRequest");
            let limits = merge(items, container, "limits", "default");
            for (set, what) in [(requests, "request"), (limits, "limit")] {
                if !set.is_empty() {
                    notes.push(format!("{} {what} for {word} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        template["metadata"]["annotations"][ANNOTATION] = note.into();
    }
}

/// Adds what a container does not say; gives the names of what was added, sorted.
fn merge(items: &[Value], container: &mut Value, list: &str, default: &str) -> Vec<String> {
    let mut wanted = Map::new();
    for item in items.iter().filter(|item| item["type"] == "Container") {
        wanted.extend(item[default].as_object().cloned().unwrap_or_default());
    }
    let own = &container["resources"];
    let stated = |name: &String| {
        !own[list][name].is_null() || (list == "requests" && !own["limits"][name].is_null())
    };
    let missing = wanted.into_iter().filter(|(name, _)| !stated(name));
    let missing: Vec<_> = missing.collect();
    let mut names: Vec<String> = missing.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    for (name, amount) in missing {
        container["resources"][list][&name] = amount;
    }
    names
}

/// What is asked for, and at most given.
struct Claim {
    requests: Amounts,
    limits: Amounts,
}

impl Claim {
    fn of(container: &Value) -> Self {
        Self {
            requests: claim::of_container(container, Side::Requests),
            limits: claim::of_container(container, Side::Limits),
        }
    }

    fn of_pod(template: &Value) -> Self {
        Self {
            requests: claim::of_pod(&template["spec"], Side::Requests),
            limits: claim::of_pod(&template["spec"], Side::Limits),
        }
    }
}

/// Why the limits refuse a pod; `None` where they do not.
pub(crate) fn refusal(items: &[Value], template: &Value) -> Option<String> {
    let mut findings: Vec<String> = Vec::new();
    for item in items {
        let kind = item["type"].as_str().unwrap_or_default();
        let claims: Vec<Claim> = match kind {
            "Container" => ["containers", "initContainers"]
                .into_iter()
                .filter_map(|list| template["spec"][list].as_array())
                .flatten()
                .map(Claim::of)
                .collect(),
            "Pod" => Vec::from([Claim::of_pod(template)]),
            _ => continue,
        };
        findings.extend(claims.iter().flat_map(|claim| held(item, kind, claim)));
    }
    aggregate(findings)
}

/// Several findings as upstream joins them, each told once.
pub(super) fn aggregate(findings: Vec<String>) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    for finding in findings {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    match told.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("[{}]", several.join(", "))),
    }
}

/// A claim against one item.
fn held(item: &Value, kind: &str, claim: &Claim) -> Vec<String> {
    let of = |key: &str| amounts(&item[key]);
    let min = of("min");
    let min = min
        .iter()
        .filter_map(|(name, least)| below(kind, name, *least, claim));
    let max = of("max");
    let max = max
        .iter()
        .filter_map(|(name, most)| above(kind, name, *most, claim));
    let ratio = of("maxLimitRequestRatio");
    let ratio = ratio
        .iter()
        .filter_map(|(name, most)| apart(kind, name, *most, claim));
    min.chain(max).chain(ratio).collect()
}

fn below(kind: &str, name: &str, least: Amount, claim: &Claim) -> Option<String> {
    let start = format!("minimum {name} usage per {kind} is {least}");
    let Some(request) = claim.requests.get(name) else {
        return Some(format!("{start}.  No request is specified"));
    };
    if *request < least {
        return Some(format!("{start}, but request is {request}"));
    }
    let limit = claim.limits.get(name).filter(|limit| **limit < least)?;
    Some(format!("{start}, but limit is {limit}"))
}

fn above(kind: &str, name: &str, most: Amount, claim: &Claim) -> Option<String> {
    let start = format!("maximum {name} usage per {kind} is {most}");
    let Some(limit) = claim.limits.get(name) else {
        return Some(format!("{start}.  No limit is specified"));
    };
    if *limit > most {
        return Some(format!("{start}, but limit is {limit}"));
    }
    let request = claim
        .requests
        .get(name)
        .filter(|request| **request > most)?;
    Some(format!("{start}, but request is {request}"))
}

fn apart(kind: &str, name: &str, most: Amount, claim: &Claim) -> Option<String> {
    let start = format!("{name} max limit to request ratio per {kind} is {most}");
    let given = |list: &Amounts| list.get(name).copied().filter(|amount| !amount.is_zero());
    let Some(request) = given(&claim.requests) else {
        return Some(format!(
            "{start}, but no request is specified or request is 0"
        ));
    };
    let Some(limit) = given(&claim.limits) else {
        return Some(format!("{start}, but no limit is specified or limit is 0"));
    };
    let ratio = limit.quantity.milli as f64 / request.quantity.milli as f64;
    let is_wide = ratio * 1000.0 > most.quantity.milli as f64;
    is_wide.then(|| format!("{start}, but provided ratio is {ratio:.6}"))
}

/// Why the limits refuse a claim on storage; `None` where they do not.
pub(crate) fn claim_refusal(items: &[Value], claim: &Value) -> Option<String> {
    let asked = amounts(&claim["spec"]["resources"]["requests"]);
    let of_claims = items
        .iter()
        .filter(|item| item["type"] == "PersistentVolumeClaim");
    let findings = of_claims.flat_map(|item| {
        let (min, max) = (amounts(&item["min"]), amounts(&item["max"]));
        let low = min
            .iter()
            .filter_map(|(name, least)| too_little(name, *least, &asked));
        let high = max
            .iter()
            .filter_map(|(name, most)| too_much(name, *most, &asked));
        low.chain(high).collect::<Vec<_>>()
    });
    aggregate(findings.collect())
}

const CLAIM: &str = "PersistentVolumeClaim";

fn too_little(name: &str, least: Amount, asked: &Amounts) -> Option<String> {
    let start = format!("minimum {name} usage per {CLAIM} is {least}");
    match asked.get(name) {
        None => Some(format!("{start}.  No request is specified")),
        Some(amount) if *amount < least => Some(format!("{start}, but request is {amount}")),
        Some(_) => None,
    }
}

fn too_much(name: &str, most: Amount, asked: &Amounts) -> Option<String> {
    let start = format!("maximum {name} usage per {CLAIM} is {most}");
    match asked.get(name) {
        None => Some(format!("{start}.  No request is specified")),
        Some(amount) if *amount > most => Some(format!("{start}, but request is {amount}")),
        Some(_) => None,
    }
}

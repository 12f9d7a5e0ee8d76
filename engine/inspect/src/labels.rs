//! Label selectors, node affinity, taints, over documents.

use crate::doc::{items, text, texts};
use serde_json::Value;
use std::collections::BTreeMap;

/// Labels by key.
pub type Labels<'a> = BTreeMap<&'a str, &'a str>;

/// Whether a label selector takes an object with these labels. An empty selector takes all.
#[must_use]
pub fn selects(selector: &Value, labels: &Labels<'_>) -> bool {
    texts(selector, "/matchLabels").all(|(key, value)| labels.get(key) == Some(&value))
        && items(selector, "/matchExpressions").all(|rule| holds(rule, labels))
}

/// Whether a requirement holds: the operators of label selectors and of node selectors.
#[must_use]
pub fn holds(rule: &Value, labels: &Labels<'_>) -> bool {
    let found = labels.get(text(rule, "/key")).copied();
    let values: Vec<&str> = items(rule, "/values").filter_map(Value::as_str).collect();
    let bound = values.first().and_then(|value| value.parse::<i64>().ok());
    let have = found.and_then(|value| value.parse::<i64>().ok());
    match text(rule, "/operator") {
        "In" => found.is_some_and(|value| values.contains(&value)),
        "NotIn" => found.is_none_or(|value| !values.contains(&value)),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" => have.zip(bound).is_some_and(|(have, bound)| have > bound),
        "Lt" => have.zip(bound).is_some_and(|(have, bound)| have < bound),
        _ => true,
    }
}

/// Whether a pod's `nodeSelector` takes a node.
#[must_use]
pub fn node_selector_takes(pod_spec: &Value, node: &Labels<'_>) -> bool {
    texts(pod_spec, "/nodeSelector").all(|(key, value)| node.get(key) == Some(&value))
}

/// Whether a pod's required node affinity takes a node.
#[must_use]
pub fn affinity_takes(pod_spec: &Value, name: &str, node: &Labels<'_>) -> bool {
    const TERMS: &str =
        "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    let mut terms = items(pod_spec, TERMS).peekable();
    if terms.peek().is_none() {
        return true;
    }
    let fields: Labels<'_> = [("metadata.name", name)].into();
    terms.any(|term| {
        items(term, "/matchExpressions").all(|rule| holds(rule, node))
            && items(term, "/matchFields").all(|rule| holds(rule, &fields))
    })
}

/// The taints of a node that keep a pod off it, cordons apart.
#[must_use]
pub fn untolerated<'a>(pod_spec: &Value, node: &'a Value) -> Vec<&'a Value> {
    items(node, "/spec/taints")
        .filter(|taint| matches!(text(taint, "/effect"), "NoSchedule" | "NoExecute"))
        .filter(|taint| text(taint, "/key") != "node.kubernetes.io/unschedulable")
        .filter(|taint| !items(pod_spec, "/tolerations").any(|has| tolerates(has, taint)))
        .collect()
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let (key, effect) = (text(toleration, "/key"), text(toleration, "/effect"));
    let same_effect = effect.is_empty() || effect == text(taint, "/effect");
    let same_key = key.is_empty() || key == text(taint, "/key");
    let any_value = text(toleration, "/operator") == "Exists";
    let same_value = any_value || text(toleration, "/value") == text(taint, "/value");
    same_effect && same_key && same_value && (any_value || !key.is_empty())
}

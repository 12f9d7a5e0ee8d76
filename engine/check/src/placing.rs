//! Where a pod may go: terms of affinity, as documents have them.
//!
//! Source: pkg/apis/core/validation `ValidateNodeSelectorRequirement`, `ValidateNodeFieldSelectorRequirement`,
//! `ValidatePodAffinityTermSelector`; apimachinery metav1 `ValidateLabelSelectorRequirement`.

use super::findings::Findings;
use super::{names, values};
use aegis_model::FieldPath;
use serde_json::Value;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// `affinity:` of a pod.
pub fn affinity(affinity: &Value, path: &FieldPath, findings: &mut Findings) {
    let node = &affinity["nodeAffinity"];
    let at = path.key("nodeAffinity");
    for (term, at) in values::items(&node[REQUIRED], &at.key(REQUIRED), "nodeSelectorTerms") {
        node_term(term, &at, findings);
    }
    for (wish, at) in values::items(node, &at, PREFERRED) {
        node_term(&wish["preference"], &at.key("preference"), findings);
    }
    for key in ["podAffinity", "podAntiAffinity"] {
        let (of, at) = (&affinity[key], path.key(key));
        for (term, at) in values::items(of, &at, REQUIRED) {
            pod_term(term, &at, findings);
        }
        for (wish, at) in values::items(of, &at, PREFERRED) {
            pod_term(
                &wish["podAffinityTerm"],
                &at.key("podAffinityTerm"),
                findings,
            );
        }
    }
}

/// A term over labels and fields of nodes.
pub fn node_term(term: &Value, path: &FieldPath, findings: &mut Findings) {
    for (expression, at) in values::items(term, path, "matchExpressions") {
        let operators = ["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"];
        requirement(
            expression,
            &at,
            &operators,
            "not a valid selector operator",
            findings,
        );
    }
    for (field, at) in values::items(term, path, "matchFields") {
        if field["values"].as_array().map_or(0, Vec::len) != 1 {
            let detail =
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            findings.required(&at.key("values"), detail);
        }
        let operator = text(field, "operator");
        if !matches!(operator, "In" | "NotIn") {
            findings.invalid(
                &at.key("operator"),
                operator,
                "not a valid selector operator",
            );
        }
        let key = text(field, "key");
        if key != "metadata.name" {
            findings.invalid(&at.key("key"), key, "not a valid field selector key");
        }
    }
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or_default()
}

fn requirement(
    of: &Value,
    at: &FieldPath,
    operators: &[&'static str],
    wrong: &str,
    findings: &mut Findings,
) {
    let operator = text(of, "operator");
    let count = of["values"].as_array().map_or(0, Vec::len);
    let values = at.key("values");
    match operator {
        other if !operators.contains(&other) => {
            findings.invalid(&at.key("operator"), other, wrong);
        }
        "In" | "NotIn" if count == 0 => {
            let detail = "must be specified when `operator` is 'In' or 'NotIn'";
            findings.required(&values, detail);
        }
        "Exists" | "DoesNotExist" if count > 0 => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            findings.forbidden(&values, detail);
        }
        "Gt" | "Lt" if count != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            findings.required(&values, detail);
        }
        _ => {}
    }
    names::label_key(text(of, "key"), &at.key("key"), findings);
}

fn pod_term(term: &Value, path: &FieldPath, findings: &mut Findings) {
    for key in ["labelSelector", "namespaceSelector"] {
        let at = path.key(key);
        for (expression, at) in values::items(&term[key], &at, "matchExpressions") {
            let operators = ["DoesNotExist", "Exists", "In", "NotIn"];
            let wrong = "not a valid selector operator";
            requirement(expression, &at, &operators, wrong, findings);
        }
    }
    let key = text(term, "topologyKey");
    if !key.is_empty() {
        names::label_key(key, &path.key("topologyKey"), findings);
    }
    for (name, at) in values::items(term, path, "namespaces") {
        names::label(name.as_str().unwrap_or_default(), &at, findings);
    }
    let given = ["matchLabelKeys", "mismatchLabelKeys"];
    for key in given.iter().filter(|key| term[**key].is_array()) {
        if term["labelSelector"].is_null() {
            let detail = "must not be specified when labelSelector is not set";
            findings.forbidden(&path.key(key), detail);
        }
    }
}

//! HorizontalPodAutoscalers (autoscaling/v2).

use super::status::{Extra, put_conditions};
use super::{Context, defaults, meta};
use aegis_model::kubernetes::MetricSpec;
use aegis_model::objects::{Autoscaler, Measured};
use serde_json::{Value, json};

/// A HorizontalPodAutoscaler as `kubectl get hpa -o yaml` shows it.
pub fn print(cx: &Context<'_>, row: &Autoscaler) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta::metadata(cx, &row.header),
        "spec": spec(row),
        "status": status(cx, row),
    })
}

fn spec(row: &Autoscaler) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    defaults::default(&mut spec, "minReplicas", 1);
    defaults::default(
        &mut spec,
        "metrics",
        json!([
            {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
        ]),
    );
    if let Some(behavior) = spec.get_mut("behavior") {
        rules(
            behavior,
            "scaleUp",
            0,
            &json!([
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15},
            ]),
        );
        rules(
            behavior,
            "scaleDown",
            300,
            &json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]),
        );
    }
    spec
}

/// Once there is a `behavior`, both directions are filled in (pkg/apis/autoscaling/v2/defaults.go).
fn rules(behavior: &mut Value, direction: &str, window: u32, policies: &Value) {
    defaults::default(behavior, direction, json!({}));
    let rules = &mut behavior[direction];
    if direction == "scaleUp" {
        defaults::default(rules, "stabilizationWindowSeconds", window);
    }
    defaults::default(rules, "selectPolicy", "Max");
    defaults::default(rules, "policies", policies.clone());
}

fn status(cx: &Context<'_>, row: &Autoscaler) -> Value {
    let mut out = json!({"currentReplicas": row.current, "desiredReplicas": row.desired});
    if let Some(at) = row.last_scale {
        out["lastScaleTime"] = cx.epoch.rfc3339(at).into();
    }
    let pairs = row.spec.metrics.iter().zip(&row.metrics);
    let metrics: Vec<Value> = pairs
        .filter_map(|(spec, value)| metric(spec, (*value)?))
        .collect();
    out["currentMetrics"] = match metrics.is_empty() {
        true => Value::Null,
        false => metrics.into(),
    };
    put_conditions(cx, &mut out, &row.conditions, Extra::None);
    out
}

/// One entry of `currentMetrics`: percent of the request, or an amount, as the target counts.
fn metric(spec: &MetricSpec, measured: Measured) -> Option<Value> {
    let (field, resource) = match (&spec.resource, &spec.container_resource) {
        (Some(resource), _) => ("resource", resource),
        (None, Some(resource)) => ("containerResource", resource),
        (None, None) => return None,
    };
    let mut current = json!({"averageValue": amount(&resource.name, measured.mean)});
    if resource.target.average_value.is_none() {
        current["averageUtilization"] = measured.value.into();
    }
    let mut entry = json!({"name": resource.name.as_str(), "current": current});
    if !resource.container.is_empty() {
        entry["container"] = resource.container.as_str().into();
    }
    Some(json!({"type": spec.kind.as_str(), field: entry}))
}

/// An amount as Kubernetes prints it: `250m` or `2` of CPU, bytes of memory.
pub fn amount(resource: &str, amount: u64) -> String {
    match resource {
        "cpu" if !amount.is_multiple_of(1000) => format!("{amount}m"),
        "cpu" => (amount / 1000).to_string(),
        _ => amount.to_string(),
    }
}

//! Alerts, as Alertmanager and Prometheus list them.

use aegis_model::bundle::Alert;
use serde_json::Value;

const SERVICE: &[&str] = &[
    "service",
    "service_name",
    "destination_service_name",
    "destination_workload",
    "workload",
    "deployment",
    "statefulset",
    "app",
    "pod",
    "container",
];
const NODE: &[&str] = &["node", "nodename", "instance"];
const PATH: &[&str] = &["url", "path", "uri", "handler", "route"];

/// A list, or Prometheus' answer with one in it. Resolved and silenced ones are left out.
pub(super) fn alerts(value: &Value) -> Result<Vec<Alert>, String> {
    let list = value
        .as_array()
        .or_else(|| value.pointer("/data/alerts")?.as_array())
        .or_else(|| value.get("alerts")?.as_array())
        .ok_or("it is no list of alerts")?;
    Ok(list
        .iter()
        .filter(|alert| fires(alert))
        .map(alert)
        .collect())
}

fn fires(alert: &Value) -> bool {
    let state = alert
        .pointer("/status/state")
        .or_else(|| alert.get("state"));
    let ended = alert.get("status").and_then(Value::as_str) == Some("resolved");
    !ended
        && !matches!(
            state.and_then(Value::as_str),
            Some("suppressed" | "inactive" | "pending")
        )
}

fn alert(alert: &Value) -> Alert {
    let label = |names: &[&str]| {
        let found = names.iter().find_map(|name| {
            let text = alert.pointer("/labels")?.get(*name)?.as_str()?;
            (!text.is_empty()).then_some(text)
        });
        found.unwrap_or("").to_owned()
    };
    let notes = alert.get("annotations").and_then(Value::as_object);
    let texts = notes
        .into_iter()
        .flatten()
        .filter_map(|(_, text)| text.as_str());
    Alert {
        name: label(&["alertname"]),
        service: label(SERVICE),
        node: label(NODE),
        path: label(PATH),
        text: texts.collect::<Vec<_>>().join(" | "),
    }
}

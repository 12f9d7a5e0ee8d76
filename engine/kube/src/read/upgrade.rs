//! Objects in an older version of the API, to the version in which they are kept.
//!
//! What 1.34 still serves is converted as the API server does; what it serves no longer,
//! as the older ones did, with the defaults of the version that was written. Source:
//! kubernetes.io, Deprecated API Migration Guide, and pkg/apis/*/v1beta*/defaults.go.

use crate::versions::successor;
use aegis_model::kubernetes::Kind;
use serde_json::{Map, Value, json};

/// Brings an object of a kind that is simulated to the version that 1.34 keeps, and gives
/// the version that it came in, where that is another one.
pub fn upgrade(object: &mut Value) -> Option<String> {
    let given = object["apiVersion"].as_str()?.to_owned();
    let kind = object["kind"].as_str()?.to_owned();
    let now = successor(&given, &kind)?;
    if !converted(&mut object["spec"], &given, &Kind::from(kind.as_str())) {
        return None;
    }
    object["apiVersion"] = now.into();
    Some(given)
}

/// Converts a spec; false for kinds that are kept as they came.
fn converted(spec: &mut Value, given: &str, kind: &Kind) -> bool {
    let mut none = Map::new();
    let spec = spec.as_object_mut().unwrap_or(&mut none);
    let extensions = given == "extensions/v1beta1";
    match kind {
        Kind::Deployment => deployment(spec, extensions),
        Kind::ReplicaSet => selector(spec),
        Kind::DaemonSet => daemon_set(spec, extensions),
        Kind::StatefulSet => stateful_set(spec, given == "apps/v1beta1"),
        Kind::HorizontalPodAutoscaler => autoscaler(spec),
        Kind::PodDisruptionBudget | Kind::NetworkPolicy | Kind::PriorityClass => {}
        _ => return false,
    }
    true
}

/// Without a selector, the labels of the template.
fn selector(spec: &mut Map<String, Value>) {
    let labels = spec
        .get("template")
        .map(|template| &template["metadata"]["labels"]);
    if let (None, Some(labels @ Value::Object(_))) = (spec.get("selector"), labels) {
        let labels = labels.clone();
        spec.insert("selector".into(), json!({"matchLabels": labels}));
    }
}

fn deployment(spec: &mut Map<String, Value>, extensions: bool) {
    selector(spec);
    spec.remove("rollbackTo");
    if !extensions {
        return;
    }
    spec.entry("progressDeadlineSeconds")
        .or_insert(i32::MAX.into());
    let strategy = spec.entry("strategy").or_insert_with(|| json!({}));
    if let Some(strategy) = strategy.as_object_mut()
        && strategy
            .get("type")
            .is_none_or(|kind| kind == "RollingUpdate")
    {
        let rolling = strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
        for bound in ["maxSurge", "maxUnavailable"] {
            default(rolling, bound, &json!(1));
        }
    }
}

fn daemon_set(spec: &mut Map<String, Value>, extensions: bool) {
    selector(spec);
    spec.remove("templateGeneration");
    if extensions {
        default_update(spec);
    }
}

fn stateful_set(spec: &mut Map<String, Value>, first: bool) {
    selector(spec);
    if first {
        default_update(spec);
    }
}

/// The oldest versions left pods of an older revision until somebody deleted them.
fn default_update(spec: &mut Map<String, Value>) {
    let strategy = spec.entry("updateStrategy").or_insert_with(|| json!({}));
    default(strategy, "type", &json!("OnDelete"));
}

fn default(of: &mut Value, key: &str, value: &Value) {
    if let Some(fields) = of.as_object_mut() {
        fields.entry(key).or_insert_with(|| value.clone());
    }
}

/// autoscaling/v1 has one CPU target; v2beta1 has targets as fields beside the metric's name;
/// v2beta2 is v2 by another name.
fn autoscaler(spec: &mut Map<String, Value>) {
    if let Some(target) = spec.remove("targetCPUUtilizationPercentage") {
        let target = json!({"type": "Utilization", "averageUtilization": target});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        spec.insert("metrics".into(), json!([metric]));
    }
    let metrics = spec.get_mut("metrics").and_then(Value::as_array_mut);
    for metric in metrics.into_iter().flatten() {
        for source in ["resource", "pods", "object", "external"] {
            if let Some(fields) = metric.get_mut(source).and_then(Value::as_object_mut) {
                targets(fields);
            }
        }
    }
}

/// The targets of a v2beta1 metric as one of v2.
fn targets(fields: &mut Map<String, Value>) {
    if let Some(name) = fields.remove("metricName") {
        let mut metric = json!({"name": name});
        let selector = fields
            .remove("metricSelector")
            .or_else(|| fields.remove("selector"));
        if let Some(selector) = selector {
            metric["selector"] = selector;
        }
        fields.insert("metric".into(), metric);
    }
    if let Some(described) = fields
        .get("target")
        .filter(|target| target.get("type").is_none())
    {
        let described = described.clone();
        fields.insert("describedObject".into(), described);
        fields.remove("target");
    }
    let forms = [
        (
            "targetAverageUtilization",
            "Utilization",
            "averageUtilization",
        ),
        ("targetAverageValue", "AverageValue", "averageValue"),
        ("averageValue", "AverageValue", "averageValue"),
        ("targetValue", "Value", "value"),
    ];
    for (old, kind, new) in forms {
        if let Some(amount) = fields.remove(old) {
            fields.insert("target".into(), json!({"type": kind, new: amount}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::upgrade;
    use serde_json::{Value, json};

    fn upgraded(version: &str, kind: &str, spec: &Value) -> Value {
        let mut object = json!({"apiVersion": version, "kind": kind, "spec": spec});
        assert_eq!(upgrade(&mut object).as_deref(), Some(version));
        object
    }

    #[test]
    fn each_older_form_of_an_autoscaler_becomes_metrics() {
        let cases = [
            (
                "autoscaling/v1",
                json!({"targetCPUUtilizationPercentage": 70}),
            ),
            (
                "autoscaling/v2beta1",
                json!({"metrics": [{"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 70}}]}),
            ),
            (
                "autoscaling/v2beta2",
                json!({"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]}),
            ),
        ];
        for (version, spec) in cases {
            let object = upgraded(version, "HorizontalPodAutoscaler", &spec);
            let expected = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}});
            assert_eq!(object["spec"]["metrics"][0], expected, "{version}");
            assert_eq!(object["apiVersion"], "autoscaling/v2");
        }
    }

    #[test]
    fn other_metrics_of_v2beta1_keep_name_object_and_amount() {
        let metrics = json!([
            {"type": "Pods", "pods": {"metricName": "rps", "targetAverageValue": "1k"}},
            {"type": "Object", "object": {"metricName": "hits", "target": {"kind": "Ingress", "name": "i"}, "targetValue": "10"}},
        ]);
        let object = upgraded(
            "autoscaling/v2beta1",
            "HorizontalPodAutoscaler",
            &json!({"metrics": metrics}),
        );
        assert_eq!(
            object["spec"]["metrics"],
            json!([
                {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "1k"}}},
                {"type": "Object", "object": {"metric": {"name": "hits"}, "describedObject": {"kind": "Ingress", "name": "i"}, "target": {"type": "Value", "value": "10"}}},
            ])
        );
    }

    #[test]
    fn a_workload_of_extensions_keeps_the_defaults_of_its_time() {
        let spec = json!({"template": {"metadata": {"labels": {"app": "a"}}}});
        let object = upgraded("extensions/v1beta1", "Deployment", &spec);
        assert_eq!(
            object["spec"]["selector"],
            json!({"matchLabels": {"app": "a"}})
        );
        assert_eq!(
            object["spec"]["strategy"]["rollingUpdate"],
            json!({"maxSurge": 1, "maxUnavailable": 1})
        );
        assert_eq!(object["spec"]["progressDeadlineSeconds"], i32::MAX);
        let object = upgraded("extensions/v1beta1", "DaemonSet", &spec);
        assert_eq!(object["spec"]["updateStrategy"]["type"], "OnDelete");
        let object = upgraded("apps/v1beta2", "StatefulSet", &spec);
        assert_eq!(object["spec"]["updateStrategy"], Value::Null);
        assert_eq!(object["apiVersion"], "apps/v1");
    }

    #[test]
    fn what_nothing_acts_on_is_kept_as_it_came() {
        let mut object = json!({"apiVersion": "networking.k8s.io/v1beta1", "kind": "Ingress", "spec": {"backend": {}}});
        assert_eq!(upgrade(&mut object), None);
        assert_eq!(object["apiVersion"], "networking.k8s.io/v1beta1");
    }
}

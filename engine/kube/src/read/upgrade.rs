//! Objects in an older version that is still served, to the version in which they are kept.

use serde_json::{Value, json};

/// A HorizontalPodAutoscaler of autoscaling/v1 becomes one of autoscaling/v2, as the API server
/// converts it: its one CPU target becomes a metric.
pub fn upgrade(object: &mut Value) {
    if object["apiVersion"] != "autoscaling/v1" || object["kind"] != "HorizontalPodAutoscaler" {
        return;
    }
    object["apiVersion"] = "autoscaling/v2".into();
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(target) = spec.remove("targetCPUUtilizationPercentage") {
        let target = json!({"type": "Utilization", "averageUtilization": target});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        spec.insert("metrics".into(), json!([metric]));
    }
}

#[cfg(test)]
mod tests {
    use super::upgrade;
    use serde_json::json;

    #[test]
    fn a_cpu_target_becomes_a_metric() {
        let mut object = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 70}});
        upgrade(&mut object);
        let metric = &object["spec"]["metrics"][0]["resource"];
        assert_eq!(metric["target"]["averageUtilization"], 70);
        assert_eq!(object["apiVersion"], "autoscaling/v2");
    }
}

//! What the API server checks of a HorizontalPodAutoscaler.
//!
//! Source: pkg/apis/autoscaling/validation.

use super::{Complaint, invalid, wrong};
use crate::api::error::ApiError;
use aegis_model::kubernetes::{
    HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget, ObjectRef, ResourceMetric,
    ScalingPolicy, ScalingRules,
};
use alloc::format;
use alloc::string::ToString;

/// Longest window, s.
const LONGEST_WINDOW: u32 = 3600;
/// Longest period of a policy, s.
const LONGEST_PERIOD: u32 = 1800;

/// Checks an autoscaler: its bounds, its rules, its targets.
pub(in crate::api) fn autoscaler(
    object: &ObjectRef,
    spec: &HorizontalPodAutoscalerSpec,
) -> Result<(), ApiError> {
    let max = spec.max_replicas.to_string();
    if spec.min_replicas == Some(0) {
        let detail = "must be greater than or equal to 1";
        return Err(invalid(object, "spec.minReplicas", "0", detail));
    }
    if spec.max_replicas < 1 {
        let detail = "must be greater than 0";
        return Err(invalid(object, "spec.maxReplicas", &max, detail));
    }
    if spec.max_replicas < spec.min_replicas.unwrap_or(1) {
        let detail = "must be greater than or equal to `minReplicas`";
        return Err(invalid(object, "spec.maxReplicas", &max, detail));
    }
    for (position, metric) in spec.metrics.iter().enumerate() {
        target(object, position, metric)?;
    }
    let behavior = spec.behavior.iter();
    let directions = behavior.flat_map(|behavior| {
        let up = behavior.scale_up.iter().map(|rules| ("scaleUp", rules));
        up.chain(behavior.scale_down.iter().map(|rules| ("scaleDown", rules)))
    });
    for (direction, rules) in directions {
        self::rules(object, &format!("spec.behavior.{direction}"), rules)?;
    }
    Ok(())
}

fn target(object: &ObjectRef, position: usize, metric: &MetricSpec) -> Result<(), ApiError> {
    let (key, of) = match (&metric.resource, &metric.container_resource) {
        (Some(of), _) => ("resource", of),
        (None, Some(of)) => ("containerResource", of),
        (None, None) => return Ok(()),
    };
    let path = format!("spec.metrics[{position}].{key}.target");
    let MetricTarget {
        average_utilization,
        average_value,
        ..
    } = &of.target;
    match (average_utilization, average_value) {
        (Some(0), _) => {
            let path = format!("{path}.averageUtilization");
            Err(invalid(object, &path, "0", "must be greater than 0"))
        }
        (None, None) => {
            let path = format!("{path}.averageUtilization");
            let detail = "must set either a target raw value or a target utilization";
            Err(wrong(object, Complaint::Required, &path, "", detail))
        }
        _ => Ok(()),
    }
}

fn rules(object: &ObjectRef, path: &str, rules: &ScalingRules) -> Result<(), ApiError> {
    if let Some(window) = rules.stabilization_window_seconds
        && window > LONGEST_WINDOW
    {
        let path = format!("{path}.stabilizationWindowSeconds");
        let detail = format!("must be less than or equal to {LONGEST_WINDOW}");
        return Err(invalid(object, &path, &window.to_string(), &detail));
    }
    if let Some(select) = rules.select_policy.as_deref()
        && !matches!(select, "Max" | "Min" | "Disabled")
    {
        let path = format!("{path}.selectPolicy");
        let supported = "supported values: \"Disabled\", \"Max\", \"Min\"";
        let value = format!("{select:?}");
        return Err(wrong(
            object,
            Complaint::Unsupported,
            &path,
            &value,
            supported,
        ));
    }
    for (position, policy) in rules.policies.iter().enumerate() {
        self::policy(object, &format!("{path}.policies[{position}]"), policy)?;
    }
    Ok(())
}

fn policy(object: &ObjectRef, path: &str, policy: &ScalingPolicy) -> Result<(), ApiError> {
    if !matches!(policy.kind.as_str(), "Pods" | "Percent") {
        let path = format!("{path}.type");
        let supported = "supported values: \"Percent\", \"Pods\"";
        let value = format!("{:?}", policy.kind.as_str());
        return Err(wrong(
            object,
            Complaint::Unsupported,
            &path,
            &value,
            supported,
        ));
    }
    let above_nothing = [
        ("value", policy.value),
        ("periodSeconds", policy.period_seconds),
    ];
    if let Some((key, _)) = above_nothing.into_iter().find(|(_, number)| *number == 0) {
        let path = format!("{path}.{key}");
        return Err(invalid(object, &path, "0", "must be greater than zero"));
    }
    if policy.period_seconds > LONGEST_PERIOD {
        let path = format!("{path}.periodSeconds");
        let detail = format!("must be less than or equal to {LONGEST_PERIOD}");
        let value = policy.period_seconds.to_string();
        return Err(invalid(object, &path, &value, &detail));
    }
    Ok(())
}

/// A metric on mean CPU utilisation, percent of the requests.
pub(in crate::api) fn cpu_metric(percent: u32) -> MetricSpec {
    MetricSpec {
        kind: "Resource".into(),
        resource: Some(ResourceMetric {
            name: "cpu".into(),
            target: MetricTarget {
                kind: "Utilization".into(),
                average_utilization: Some(percent),
                ..MetricTarget::default()
            },
            ..ResourceMetric::default()
        }),
        container_resource: None,
    }
}

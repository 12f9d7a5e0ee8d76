//! HorizontalPodAutoscalers (autoscaling/v2).

use crate::quantity::Quantity;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// `spec:` of a HorizontalPodAutoscaler.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HorizontalPodAutoscalerSpec {
    /// What is scaled.
    pub scale_target_ref: ScaleTargetRef,
    /// Fewest pods; 1 by default.
    pub min_replicas: Option<u32>,
    /// Most pods.
    pub max_replicas: u32,
    /// Metrics; CPU at 80 % by default.
    pub metrics: Vec<MetricSpec>,
    /// Rates and windows.
    pub behavior: Option<ScalingBehavior>,
}

/// `scaleTargetRef:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScaleTargetRef {
    /// API version.
    pub api_version: SmolStr,
    /// Kind.
    pub kind: SmolStr,
    /// Name.
    pub name: SmolStr,
}

/// One metric.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricSpec {
    /// `Resource`, `ContainerResource`, `Pods`, `Object`, `External`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// For `Resource`.
    pub resource: Option<ResourceMetric>,
    /// For `ContainerResource`.
    pub container_resource: Option<ResourceMetric>,
}

/// `resource:` or `containerResource:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceMetric {
    /// `cpu` or `memory`.
    pub name: SmolStr,
    /// Container, for `containerResource`.
    pub container: SmolStr,
    /// Target.
    pub target: MetricTarget,
}

/// `target:` of a metric.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricTarget {
    /// `Utilization`, `AverageValue`, `Value`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// Percent of the request.
    pub average_utilization: Option<u32>,
    /// Amount per pod.
    pub average_value: Option<Quantity>,
    /// Amount in all.
    pub value: Option<Quantity>,
}

/// `behavior:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingBehavior {
    /// Towards more pods.
    pub scale_up: Option<ScalingRules>,
    /// Towards fewer pods.
    pub scale_down: Option<ScalingRules>,
}

/// Rules of one direction.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingRules {
    /// Seconds over which recommendations are held together, 0..=3600.
    pub stabilization_window_seconds: Option<u32>,
    /// `Max` (default), `Min`, `Disabled`.
    pub select_policy: Option<SmolStr>,
    /// Rates.
    pub policies: Vec<ScalingPolicy>,
}

/// One rate.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingPolicy {
    /// `Pods` or `Percent`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// How many.
    pub value: u32,
    /// In how many seconds, 1..=1800.
    pub period_seconds: u32,
}

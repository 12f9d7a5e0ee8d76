//! Deployments, ReplicaSets, StatefulSets, DaemonSets.

use super::meta::Metadata;
use super::pod::PodTemplateSpec;
use super::selector::LabelSelector;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A number or a text: a port by number or name, an amount or a percentage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A text.
    Text(SmolStr),
}

impl Default for IntOrString {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Which way a percentage of pods is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards more.
    Up,
    /// Towards fewer.
    Down,
}

impl IntOrString {
    /// The number, or the percentage of `total` rounded; a text that is neither counts as 0.
    #[must_use]
    pub fn of(&self, total: u32, rounding: Rounding) -> u32 {
        let share = match self {
            Self::Int(number) => return u32::try_from((*number).max(0)).unwrap_or(u32::MAX),
            Self::Text(text) => text.trim_end_matches('%').parse::<u64>().unwrap_or(0),
        };
        let hundredths = share.saturating_mul(u64::from(total));
        let rounded = match rounding {
            Rounding::Up => hundredths.div_ceil(100),
            Rounding::Down => hundredths / 100,
        };
        u32::try_from(rounded).unwrap_or(u32::MAX)
    }
}

/// `spec:` of a Deployment.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentSpec {
    /// Wanted pods; 1 by default.
    pub replicas: Option<u32>,
    /// Its pods.
    pub selector: LabelSelector,
    /// How they are made.
    pub template: PodTemplateSpec,
    /// How they are replaced.
    pub strategy: DeploymentStrategy,
    /// Seconds a pod must be ready to count as available.
    pub min_ready_seconds: u32,
    /// Old ReplicaSets kept; 10 by default.
    pub revision_history_limit: Option<u32>,
    /// Whether rollouts stand still.
    pub paused: bool,
    /// Seconds without progress until `ProgressDeadlineExceeded`; 600 by default.
    pub progress_deadline_seconds: Option<u32>,
}

/// `strategy:` of a Deployment.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentStrategy {
    /// `RollingUpdate` (default) or `Recreate`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// Bounds of a rolling update.
    pub rolling_update: Option<RollingUpdate>,
}

/// `rollingUpdate:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    /// Pods above the wanted number; 25 % by default, rounded up.
    pub max_surge: Option<IntOrString>,
    /// Pods that may be missing; 25 % by default, rounded down.
    pub max_unavailable: Option<IntOrString>,
    /// StatefulSet: ordinals below this keep their revision.
    pub partition: Option<u32>,
}

/// `spec:` of a ReplicaSet.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetSpec {
    /// Wanted pods; 1 by default.
    pub replicas: Option<u32>,
    /// Its pods.
    pub selector: LabelSelector,
    /// How they are made.
    pub template: PodTemplateSpec,
    /// Seconds a pod must be ready to count as available.
    pub min_ready_seconds: u32,
}

/// `spec:` of a StatefulSet.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetSpec {
    /// Wanted pods; 1 by default.
    pub replicas: Option<u32>,
    /// Its pods.
    pub selector: LabelSelector,
    /// How they are made.
    pub template: PodTemplateSpec,
    /// Headless Service of the set.
    pub service_name: SmolStr,
    /// `OrderedReady` (default) or `Parallel`.
    pub pod_management_policy: Option<SmolStr>,
    /// How pods are replaced.
    pub update_strategy: UpdateStrategy,
    /// Seconds a pod must be ready to count as available.
    pub min_ready_seconds: u32,
    /// Where ordinals start.
    pub ordinals: Ordinals,
    /// Claims that each pod gets; the rest of a template is read from the document.
    pub volume_claim_templates: Vec<VolumeClaimTemplate>,
    /// What becomes of them.
    #[serde(rename = "persistentVolumeClaimRetentionPolicy")]
    pub claim_retention: ClaimRetentionPolicy,
}

/// `volumeClaimTemplates:` entry.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeClaimTemplate {
    /// Name, and labels of the claims.
    pub metadata: Metadata,
}

/// `persistentVolumeClaimRetentionPolicy:`, each `Retain` (default) or `Delete`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimRetentionPolicy {
    /// When the set is deleted.
    pub when_deleted: SmolStr,
    /// When a pod is scaled away.
    pub when_scaled: SmolStr,
}

impl ClaimRetentionPolicy {
    /// Whether claims go with their set.
    #[must_use]
    pub fn goes_when_deleted(&self) -> bool {
        self.when_deleted == "Delete"
    }

    /// Whether claims go with a pod that is scaled away.
    #[must_use]
    pub fn goes_when_scaled(&self) -> bool {
        self.when_scaled == "Delete"
    }
}

/// `ordinals:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ordinals {
    /// First ordinal.
    pub start: u32,
}

/// `updateStrategy:` of StatefulSets and DaemonSets.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate` (default) or `OnDelete`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// Bounds.
    pub rolling_update: Option<RollingUpdate>,
}

/// `spec:` of a DaemonSet.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DaemonSetSpec {
    /// Its pods.
    pub selector: LabelSelector,
    /// How they are made.
    pub template: PodTemplateSpec,
    /// How pods are replaced.
    pub update_strategy: UpdateStrategy,
    /// Seconds a pod must be ready to count as available.
    pub min_ready_seconds: u32,
}

//! Jobs and CronJobs (batch/v1).

use super::meta::Metadata;
use super::pod::PodTemplateSpec;
use super::selector::LabelSelector;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// `spec:` of a Job.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobSpec {
    /// Most pods at a time; 1 by default.
    pub parallelism: Option<u32>,
    /// Successful pods that are wanted; 1 by default, unless `parallelism` is given.
    pub completions: Option<u32>,
    /// `NonIndexed` (default) or `Indexed`.
    pub completion_mode: Option<SmolStr>,
    /// Failures until the Job fails; 6 by default.
    pub backoff_limit: Option<u32>,
    /// The same per index.
    pub backoff_limit_per_index: Option<u32>,
    /// Failed indexes until the Job fails.
    pub max_failed_indexes: Option<u32>,
    /// Seconds for which the Job may be active.
    pub active_deadline_seconds: Option<u32>,
    /// Seconds after its end after which the Job is deleted.
    pub ttl_seconds_after_finished: Option<u32>,
    /// Whether it makes no pods.
    pub suspend: bool,
    /// `TerminatingOrFailed` (default) or `Failed`.
    pub pod_replacement_policy: Option<SmolStr>,
    /// What failures mean.
    pub pod_failure_policy: Option<PodFailurePolicy>,
    /// What is success before all completions.
    pub success_policy: Option<SuccessPolicy>,
    /// Its pods; made by the API server unless `manualSelector`.
    pub selector: Option<LabelSelector>,
    /// Another controller than Kubernetes' own.
    pub managed_by: Option<SmolStr>,
    /// How pods are made.
    pub template: PodTemplateSpec,
}

/// `podFailurePolicy:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodFailurePolicy {
    /// The first that matches decides.
    pub rules: Vec<PodFailureRule>,
}

/// One rule; it has codes or conditions.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodFailureRule {
    /// `FailJob`, `FailIndex`, `Ignore`, `Count`.
    pub action: SmolStr,
    /// Exit codes that match.
    pub on_exit_codes: Option<OnExitCodes>,
    /// Conditions that match, any of them.
    pub on_pod_conditions: Vec<OnPodCondition>,
}

/// `onExitCodes:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OnExitCodes {
    /// The container; any where absent.
    pub container_name: Option<SmolStr>,
    /// `In` or `NotIn`.
    pub operator: SmolStr,
    /// The codes.
    pub values: Vec<i32>,
}

/// One of `onPodConditions:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnPodCondition {
    /// Type of the condition.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// Its status; `True` where absent.
    pub status: Option<SmolStr>,
}

/// `successPolicy:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SuccessPolicy {
    /// The first that matches decides.
    pub rules: Vec<SuccessRule>,
}

/// One rule.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SuccessRule {
    /// Indexes, as `0-2,4`.
    pub succeeded_indexes: Option<SmolStr>,
    /// How many of them, or of all.
    pub succeeded_count: Option<u32>,
}

/// `spec:` of a CronJob.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CronJobSpec {
    /// When, in cron's syntax.
    pub schedule: SmolStr,
    /// Name of the time zone; UTC where absent.
    pub time_zone: Option<SmolStr>,
    /// Seconds by which a start may be late.
    pub starting_deadline_seconds: Option<u32>,
    /// `Allow` (default), `Forbid`, `Replace`.
    pub concurrency_policy: Option<SmolStr>,
    /// Whether no Job is started.
    pub suspend: bool,
    /// Complete Jobs that are kept; 3 by default.
    pub successful_jobs_history_limit: Option<u32>,
    /// Failed Jobs that are kept; 1 by default.
    pub failed_jobs_history_limit: Option<u32>,
    /// How Jobs are made.
    pub job_template: JobTemplateSpec,
}

/// `jobTemplate:`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobTemplateSpec {
    /// Labels and annotations of the Jobs.
    pub metadata: Metadata,
    /// Their spec.
    pub spec: JobSpec,
}

impl JobSpec {
    /// Most pods at a time.
    #[must_use]
    pub fn parallelism(&self) -> u32 {
        self.parallelism.unwrap_or(1)
    }

    /// Successful pods that are wanted; `None` is any number, of a work queue.
    #[must_use]
    pub fn completions(&self) -> Option<u32> {
        match (self.completions, self.parallelism) {
            (None, None) => Some(1),
            (given, _) => given,
        }
    }

    /// Failures until the Job fails.
    #[must_use]
    pub fn backoff_limit(&self) -> u32 {
        let default = match self.backoff_limit_per_index {
            Some(_) => i32::MAX as u32,
            None => 6,
        };
        self.backoff_limit.unwrap_or(default)
    }

    /// Whether each pod stands for an index.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.completion_mode.as_deref() == Some("Indexed")
    }

    /// Whether a pod is replaced only once it is over.
    #[must_use]
    pub fn replaces_failed_only(&self) -> bool {
        self.pod_replacement_policy.as_deref() == Some("Failed")
            || self.pod_failure_policy.is_some()
    }
}

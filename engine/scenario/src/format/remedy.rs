//! `remedy`: a recorded good plan, by the names of things.

use crate::amount::{Length, Share};
use aegis_model::Quantity;
use aegis_model::overlay::ProbeKind;
use aegis_model::procedure::Procedure;
use serde::Deserialize;
use serde_json::Value;

/// One step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RemedyStep {
    /// When it is taken; without it with the step before, the first two minutes after the first cause.
    #[serde(default)]
    pub at: Option<Length>,
    /// What is done.
    #[serde(flatten)]
    pub action: RemedyAction,
}

/// What is done; objects are `kind/name`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RemedyAction {
    /// `kubectl scale`.
    Scale {
        /// The workload.
        workload: String,
        /// Wanted pods.
        replicas: u32,
    },
    /// `kubectl rollout restart`.
    RestartRollout(String),
    /// `kubectl rollout undo`.
    RollBack(String),
    /// `kubectl exec`, `kubectl debug`: a repair by its id.
    Exec {
        /// The workload, node or Service; without it the cluster.
        #[serde(default)]
        on: Option<String>,
        /// The repair.
        procedure: Procedure,
    },
    /// `kubectl rollout pause`.
    PauseRollout(String),
    /// `kubectl rollout resume`.
    ResumeRollout(String),
    /// `kubectl set resources`: limits; requests stay, at most at the limit.
    SetResources {
        /// The workload.
        workload: String,
        /// The container.
        container: String,
        /// CPU.
        #[serde(default)]
        cpu: Option<Quantity>,
        /// Memory.
        #[serde(default)]
        memory: Option<Quantity>,
    },
    /// `kubectl set image`.
    SetImage {
        /// The workload.
        workload: String,
        /// The container.
        container: String,
        /// The image.
        image: String,
    },
    /// `kubectl set env`.
    SetEnv {
        /// The workload.
        workload: String,
        /// The container.
        container: String,
        /// The variable.
        name: String,
        /// Its value; without it it is removed.
        #[serde(default)]
        value: Option<String>,
    },
    /// `kubectl patch hpa`.
    PatchAutoscaler {
        /// The autoscaler.
        autoscaler: String,
        /// Fewest pods.
        #[serde(default)]
        min: Option<u32>,
        /// Most pods.
        #[serde(default)]
        max: Option<u32>,
    },
    /// `kubectl cordon`.
    Cordon(String),
    /// `kubectl uncordon`.
    Uncordon(String),
    /// `kubectl drain`.
    Drain(String),
    /// `kubectl delete networkpolicy`.
    DeletePolicy(String),
    /// `kubectl patch`: a probe.
    PatchProbe {
        /// The workload.
        workload: String,
        /// The container.
        container: String,
        /// Which probe.
        probe: ProbeKind,
        /// The whole new probe; without it it is removed.
        #[serde(default)]
        value: Option<Value>,
    },
    /// `kubectl patch service`.
    PatchService {
        /// The Service.
        service: String,
        /// The field.
        field: String,
        /// Its value; without it it is removed.
        #[serde(default)]
        value: Option<Value>,
    },
    /// Bounds the requests in each pod.
    LimitConcurrency {
        /// The workload.
        workload: String,
        /// Workers per pod.
        #[serde(default)]
        workers: Option<u32>,
        /// Queue per pod.
        #[serde(default)]
        queue: Option<u32>,
    },
    /// Changes how callers try.
    SetRetries {
        /// The caller.
        workload: String,
        /// The called Service.
        service: String,
        /// Retries.
        #[serde(default)]
        retries: Option<u32>,
        /// Time-out of an attempt.
        #[serde(default)]
        timeout: Option<Length>,
    },
    /// Turns requests away at the entry.
    ShedTraffic {
        /// The entry.
        service: String,
        /// Share of requests.
        share: Share,
    },
    /// Waits.
    Wait(Length),
}

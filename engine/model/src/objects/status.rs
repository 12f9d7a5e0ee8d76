//! Conditions, phases and states.

use crate::units::Tick;
use alloc::sync::Arc;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// One entry of `status.conditions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// `type`.
    pub kind: SmolStr,
    /// `status`.
    pub status: ConditionStatus,
    /// `reason`.
    pub reason: SmolStr,
    /// `message`.
    pub message: Arc<str>,
    /// `lastTransitionTime`.
    pub since: Tick,
    /// `lastUpdateTime` or `lastProbeTime` or heartbeat.
    pub updated: Tick,
}

/// `status` of a condition.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl ConditionStatus {
    /// As printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// `status.phase` of a pod.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[allow(
    missing_docs,
    reason = "each variant is the Kubernetes phase of that name"
)]
pub enum PodPhase {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

impl PodPhase {
    /// As printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }

    /// Whether the pod is over: it will not run again.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// State of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// Not running yet, or not again.
    Waiting {
        /// As Kubernetes spells it: `ContainerCreating`, `CrashLoopBackOff`, …
        reason: SmolStr,
        /// Message.
        message: Option<Arc<str>>,
    },
    /// Running.
    Running {
        /// `startedAt`.
        since: Tick,
    },
    /// Ended.
    Terminated(Termination),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Termination {
    /// Exit code.
    pub exit_code: i32,
    /// `Completed`, `Error`, `OOMKilled`, …
    pub reason: SmolStr,
    /// `startedAt`.
    pub started: Tick,
    /// `finishedAt`.
    pub finished: Tick,
    /// `message`: what the container left, or why it could not be started.
    #[serde(default)]
    pub message: Option<Arc<str>>,
}

/// One entry of `containerStatuses` or `initContainerStatuses`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// State.
    pub state: ContainerState,
    /// State before.
    pub last: Option<Termination>,
    /// Readiness probe passes (or there is none).
    pub ready: bool,
    /// Start-up probe has passed (or there is none).
    pub started: bool,
    /// `restartCount`.
    pub restarts: u32,
}

impl ContainerStatus {
    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.state, ContainerState::Running { .. })
    }
}

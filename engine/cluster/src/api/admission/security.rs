//! Pod Security admission: what a namespace's labels demand of its pods.
//!
//! Levels and checks are those of the Pod Security Standards as of 1.34; of the versions that a label may
//! ask for, those in which a check began count. Source of checks and words:
//! k8s.io/pod-security-admission/policy.

use super::checks::{CHECKS, Level};
use aegis_model::kubernetes::Labels;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// What comes before the mode in the label of a namespace.
const PREFIX: &str = "pod-security.kubernetes.io/";
/// The newest minor version whose checks are known.
const NEWEST: u32 = 34;

/// What the labels of a namespace say of one mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demand {
    level: Level,
    /// As written: `latest`, `v1.34`.
    version: SmolStr,
}

impl Demand {
    /// The demand of a mode (`enforce`, `audit`, `warn`); `None` where it demands nothing.
    pub(crate) fn of(labels: &Labels, mode: &str) -> Option<Self> {
        let level = labels.get(format!("{PREFIX}{mode}").as_str())?;
        let version = labels.get(format!("{PREFIX}{mode}-version").as_str());
        Some(Self {
            // A level that does not exist is read as the strictest, as upstream does.
            level: match level.as_str() {
                "privileged" => return None,
                "baseline" => Level::Baseline,
                _ => Level::Restricted,
            },
            version: version.cloned().unwrap_or_else(|| "latest".into()),
        })
    }

    /// Why a pod does not meet it; `None` where it does. `spec` and `metadata` are as documents have them.
    pub(crate) fn violation(&self, metadata: &Value, spec: &Value) -> Option<String> {
        let minor = minor_of(&self.version);
        let applies = |check: &&super::checks::Check| match self.level {
            Level::Baseline => check.level == Level::Baseline,
            Level::Restricted => !check.overridden,
        };
        let known = CHECKS.iter().filter(|check| check.since <= minor);
        let failed = known
            .filter(applies)
            .filter_map(|check| (check.test)(metadata, spec));
        let failed: Vec<String> = failed.collect();
        let level = self.level.as_str();
        let version = &self.version;
        (!failed.is_empty()).then(|| {
            format!(
                "violates PodSecurity \"{level}:{version}\": {}",
                failed.join(", ")
            )
        })
    }
}

/// The minor version that a label names; `latest` and what is newer than known are the newest known.
fn minor_of(version: &str) -> u32 {
    let minor = version
        .strip_prefix("v1.")
        .and_then(|text| text.parse().ok());
    minor.unwrap_or(NEWEST).min(NEWEST)
}

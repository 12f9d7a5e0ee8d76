//! Quality of service classes. Source: pkg/apis/core/v1/helper/qos.

use super::{PodSpec, ResourceRequirements};
use crate::Quantity;

/// `status.qosClass`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the class of that name")]
pub enum Qos {
    Guaranteed,
    Burstable,
    BestEffort,
}

const COUNTED: [&str; 2] = ["cpu", "memory"];

fn positive(amount: Option<Quantity>) -> bool {
    amount.is_some_and(|amount| amount.milli > 0)
}

fn asks(resources: &ResourceRequirements) -> bool {
    COUNTED
        .iter()
        .any(|name| positive(resources.request(name)) || positive(resources.limits.get(name)))
}

fn is_bound(resources: &ResourceRequirements) -> bool {
    COUNTED.iter().all(|name| {
        positive(resources.limits.get(name))
            && resources.request(name) == resources.limits.get(name)
    })
}

impl Qos {
    /// The class of a pod: only CPU and memory count, of the whole pod where it says any, else of all
    /// containers.
    #[must_use]
    pub fn of(spec: &PodSpec) -> Self {
        if asks(&spec.resources) {
            return match is_bound(&spec.resources) {
                true => Self::Guaranteed,
                false => Self::Burstable,
            };
        }
        let containers = || spec.containers.iter().chain(&spec.init_containers);
        let all = || containers().map(|container| &container.resources);
        if !all().any(asks) {
            Self::BestEffort
        } else if all().all(is_bound) {
            Self::Guaranteed
        } else {
            Self::Burstable
        }
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // Cases of qos_test.go: the resources of the containers, and the class.
    const CASES: [(&str, Qos); 9] = [
        (
            r#"[{"limits": {"cpu": "1", "memory": "1Gi"}}]"#,
            Qos::Guaranteed,
        ),
        (
            r#"[{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}]"#,
            Qos::Guaranteed,
        ),
        (
            r#"[{"limits": {"cpu": "1", "memory": "1Gi"}}, {}]"#,
            Qos::Burstable,
        ),
        (
            r#"[{"requests": {"cpu": "1", "memory": "1Gi"}}]"#,
            Qos::Burstable,
        ),
        (r#"[{"limits": {"cpu": "1"}}]"#, Qos::Burstable),
        (
            r#"[{"requests": {"cpu": "50m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}]"#,
            Qos::Burstable,
        ),
        ("[{}, {}]", Qos::BestEffort),
        (
            r#"[{"requests": {"example.com/gpu": "1"}}]"#,
            Qos::BestEffort,
        ),
        (
            r#"[{"requests": {"cpu": "0", "memory": "0"}}]"#,
            Qos::BestEffort,
        ),
    ];

    #[test]
    fn classes_follow_requests_and_limits() {
        for (resources, expected) in CASES {
            let resources: Vec<serde_json::Value> = serde_json::from_str(resources).unwrap();
            let containers: Vec<_> = resources
                .iter()
                .map(|resources| json!({"name": "a", "resources": resources}))
                .collect();
            let spec = serde_json::from_value(json!({"containers": containers})).unwrap();
            assert_eq!(Qos::of(&spec), expected, "{resources:?}");
        }
    }

    use alloc::vec::Vec;
}

//! Quality of service classes. Source: pkg/apis/core/v1/helper/qos.

use aegis_model::Quantity;
use aegis_model::kubernetes::{PodSpec, ResourceRequirements};

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

/// The class of a pod: only CPU and memory count, of the whole pod where it says any, else of all
/// containers.
#[must_use]
pub fn class_of(spec: &PodSpec) -> Qos {
    if asks(&spec.resources) {
        return match is_bound(&spec.resources) {
            true => Qos::Guaranteed,
            false => Qos::Burstable,
        };
    }
    let containers = || spec.containers.iter().chain(&spec.init_containers);
    let all = || containers().map(|container| &container.resources);
    if !all().any(asks) {
        Qos::BestEffort
    } else if all().all(is_bound) {
        Qos::Guaranteed
    } else {
        Qos::Burstable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // Cases of qos_test.go.
    #[test]
    fn classes_follow_requests_and_limits() {
        let both = json!({"cpu": "100m", "memory": "100Mi"});
        for (resources, expected) in [
            (json!([{"limits": both}]), Qos::Guaranteed),
            (json!([{"requests": both, "limits": both}]), Qos::Guaranteed),
            (json!([{"limits": both}, {}]), Qos::Burstable),
            (json!([{"requests": both}]), Qos::Burstable),
            (json!([{"limits": {"cpu": "1"}}]), Qos::Burstable),
            (
                json!([{"requests": {"cpu": "50m", "memory": "100Mi"}, "limits": both}]),
                Qos::Burstable,
            ),
            (json!([{}, {}]), Qos::BestEffort),
            (
                json!([{"requests": {"example.com/gpu": "1"}}]),
                Qos::BestEffort,
            ),
            (
                json!([{"requests": {"cpu": "0", "memory": "0"}}]),
                Qos::BestEffort,
            ),
        ] {
            let containers: Vec<_> = resources
                .as_array()
                .unwrap()
                .iter()
                .map(|resources| json!({"name": "a", "resources": resources}))
                .collect();
            let spec: PodSpec = serde_json::from_value(json!({"containers": containers})).unwrap();
            assert_eq!(class_of(&spec), expected, "{resources}");
        }
    }

    use alloc::vec::Vec;
}

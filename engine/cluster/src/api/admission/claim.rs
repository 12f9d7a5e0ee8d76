//! What a pod as a whole asks for and is at most given.
//!
//! Source: k8s.io/component-helpers/resource `PodRequests`, `PodLimits`.

use aegis_model::amount::Amount;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use serde_json::Value;

/// Amounts by resource.
pub(crate) type Amounts = BTreeMap<String, Amount>;

/// Which side of `resources:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// `requests`.
    Requests,
    /// `limits`.
    Limits,
}

impl Side {
    /// The field's name.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Limits => "limits",
        }
    }
}

/// The amounts of a resource list; what is no quantity is left out, validation has refused it.
pub(crate) fn amounts(list: &Value) -> Amounts {
    let fields = list.as_object().into_iter().flatten();
    fields
        .filter_map(|(name, value)| Some((name.clone(), amount(value)?)))
        .collect()
}

/// One amount, as documents have it.
pub(crate) fn amount(value: &Value) -> Option<Amount> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// What one container states; a request that it does not state is its limit.
pub(crate) fn of_container(container: &Value, side: Side) -> Amounts {
    let stated = amounts(&container["resources"][side.key()]);
    if side == Side::Limits {
        return stated;
    }
    let mut requests = amounts(&container["resources"]["limits"]);
    requests.extend(stated);
    requests
}

/// What a pod states: the sum over its containers and sidecars, but not less than any step of its
/// initialisation; amounts for the whole pod stand in their place.
pub(crate) fn of_pod(spec: &Value, side: Side) -> Amounts {
    let mut total = Amounts::new();
    for container in list(spec, "containers") {
        add(&mut total, &of_container(container, side));
    }
    let (mut sidecars, mut steps) = (Amounts::new(), Amounts::new());
    for container in list(spec, "initContainers") {
        let own = of_container(container, side);
        let step = if container["restartPolicy"] == "Always" {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            sidecars.clone()
        } else {
            let mut step = own;
            add(&mut step, &sidecars);
            step
        };
        raise(&mut steps, &step);
    }
    raise(&mut total, &steps);
    for (name, amount) in amounts(&spec["resources"][side.key()]) {
        if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
            total.insert(name, amount);
        }
    }
    total
}

/// The same with what running the pod costs beside.
pub(crate) fn with_overhead(spec: &Value, side: Side) -> Amounts {
    let mut total = of_pod(spec, side);
    let overhead = amounts(&spec["overhead"]);
    match side {
        Side::Requests => add(&mut total, &overhead),
        Side::Limits => {
            for (name, amount) in &overhead {
                if let Some(known) = total.get_mut(name) {
                    *known = known.plus(*amount);
                }
            }
        }
    }
    total
}

/// The containers of a list.
pub(crate) fn list<'a>(spec: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    spec[key].as_array().into_iter().flatten()
}

/// Adds amounts to others.
pub(crate) fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let known = total.entry(name.clone()).or_default();
        *known = known.plus(*amount);
    }
}

fn raise(total: &mut Amounts, least: &Amounts) {
    for (name, amount) in least {
        match total.get_mut(name) {
            Some(known) if *known >= *amount => {}
            Some(known) => *known = *amount,
            None => drop(total.insert(name.to_string(), *amount)),
        }
    }
}

//! Resources of containers and of whole pods, as documents have them.
//!
//! Source: pkg/apis/core/validation `ValidateContainerResourceRequirements`, `validatePodResources`.

use super::findings::Findings;
use super::values;
use aegis_model::{Amount, FieldPath};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names without a domain that containers know.
const STANDARD: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];
const HUGE: &str = "hugepages-";
/// What a pod as a whole may ask for (component-helpers/resource `SupportedPodLevelResources`).
const WHOLE: [&str; 3] = ["cpu", HUGE, "memory"];

type Amounts = BTreeMap<String, (Amount, FieldPath)>;

/// The containers of a pod's spec, and the pod itself.
pub fn of_pod(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let whole = amounts(&spec["resources"], &path.key("resources"));
    let [requests, limits] = &whole;
    for (name, (_, at)) in requests.iter().chain(limits) {
        if !WHOLE.contains(&name.as_str()) && !name.starts_with(HUGE) {
            findings.one_of(at, name, &WHOLE);
        }
    }
    for (name, (request, at)) in requests {
        if let Some((limit, _)) = limits.get(name).filter(|(limit, _)| request > limit) {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            findings.invalid(at, request.to_string(), &detail);
        }
    }
    let mut sums: BTreeMap<String, Amount> = BTreeMap::new();
    for (container, at) in values::items(spec, path, "containers") {
        let own = amounts(&container["resources"], &at);
        for name in STANDARD {
            // A limit without a request stands for both.
            let asked = own[0].get(name).or_else(|| own[1].get(name));
            if let Some((amount, _)) = asked {
                let sum = sums.entry(name.to_owned()).or_default();
                *sum = sum.plus(*amount);
            }
        }
    }
    for (name, (request, at)) in requests {
        if let Some(sum) = sums.get(name).filter(|sum| *sum > request) {
            let detail =
                format!("must be greater than or equal to aggregate container requests of {sum}");
            findings.invalid(at, request.to_string(), &detail);
        }
    }
    for list in ["initContainers", "containers"] {
        for (container, at) in values::items(spec, path, list) {
            let at = at.key("resources");
            of_container(&container["resources"], &at, findings);
            within(&amounts(&container["resources"], &at)[1], limits, findings);
        }
    }
}

/// No container may have more than its pod.
fn within(own: &Amounts, all: &Amounts, findings: &mut Findings) {
    for (name, (limit, at)) in own {
        if let Some((most, _)) = all.get(name).filter(|(most, _)| limit > most) {
            let detail = format!("must be less than or equal to pod limits of {most}");
            findings.invalid(at, limit.to_string(), &detail);
        }
    }
}

fn of_container(resources: &Value, path: &FieldPath, findings: &mut Findings) {
    let [requests, limits] = amounts(resources, path);
    let mut seen = requests.iter().chain(&limits);
    for (name, (_, at)) in seen.clone() {
        if !is_known(name) {
            findings.invalid(
                at,
                name.as_str(),
                "must be a standard resource for containers",
            );
        }
    }
    for (name, (amount, at)) in seen.clone() {
        whole_units(name, *amount, at, findings);
    }
    let huge = seen.any(|(name, _)| name.starts_with(HUGE));
    let plain = |name: &str| requests.contains_key(name) || limits.contains_key(name);
    if huge && !plain("cpu") && !plain("memory") {
        findings.forbidden(path, "HugePages require cpu or memory");
    }
    for (name, (request, at)) in &requests {
        let whole = name.starts_with(HUGE) || name.contains('/');
        match limits.get(name) {
            Some((limit, _)) if whole && request != limit => {
                let detail = format!("must be equal to {name} limit of {limit}");
                findings.invalid(at, request.to_string(), &detail);
            }
            None if whole => {
                let at = path.key("limits").key(name);
                findings.required(&at, "Limit must be set for non overcommitable resources");
            }
            _ => {}
        }
    }
}

/// Devices come whole, and huge pages in pages. Source: `ValidateResourceQuantityValue`, `validateResourceName`.
fn whole_units(name: &str, amount: Amount, path: &FieldPath, findings: &mut Findings) {
    let milli = amount.quantity.milli;
    if name.contains('/') && milli % 1000 != 0 {
        findings.invalid(path, amount.to_string(), "must be an integer");
    }
    let size = name.strip_prefix(HUGE).map(str::parse::<Amount>);
    if let Some(Ok(size)) = size
        && (size.is_zero() || milli % size.quantity.milli != 0)
    {
        let detail = format!("{amount} is not positive integer multiple of {size}");
        findings.invalid(path, amount.to_string(), &detail);
    }
}

fn is_known(name: &str) -> bool {
    name.contains('/') || name.starts_with(HUGE) || STANDARD.contains(&name)
}

/// Requests and limits that can be read.
fn amounts(resources: &Value, path: &FieldPath) -> [Amounts; 2] {
    ["requests", "limits"].map(|key| {
        // What cannot be read is found where the types are.
        let read = values::amounts(resources, path, key, &mut Findings::default());
        let named = read
            .into_iter()
            .map(|(name, amount, at)| (name, (amount, at)));
        named.collect()
    })
}

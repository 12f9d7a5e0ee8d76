//! Services: selectors, ports, protocols, and those that are not there.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Doubts, Fits, Proven, Said},
};
use crate::doc::{items, number, text, texts};
use crate::estate::{Estate, Object};
use crate::symptoms::Symptom;
use aegis_model::bundle::Origin;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for service in estate
        .of_kind("Service")
        .filter(|service| estate.is_home(service.namespace))
    {
        if text(service.doc, "/spec/type") == "ExternalName"
            || texts(service.doc, "/spec/selector").next().is_none()
        {
            continue;
        }
        let behind = estate.behind(&service);
        if behind.is_empty() {
            found.extend(wrong_selector(case, &service));
            continue;
        }
        for port in items(service.doc, "/spec/ports") {
            found.extend(wrong_port(case, &service, &behind, port));
        }
        found.extend(
            behind
                .iter()
                .filter_map(|at| scaled_down(case, *at, &service)),
        );
        found.extend(local_only(case, &service, &behind));
    }
    found.extend(deleted(case));
    found
}

/// A Service at a workload that it stands for, so that both names are at hand.
fn at(
    id: &str,
    estate: &Estate<'_>,
    service: &Object<'_>,
    behind: Option<usize>,
) -> Option<Candidate> {
    let candidate = match behind {
        Some(at) => Candidate::at_workload(id, estate, at)?,
        None => Candidate::new(id, String::new())?,
    };
    let mut candidate = candidate.cuts(service.name).value("service", service.name);
    candidate.object = service.reference();
    Some(candidate)
}

/// The workload that a Service with a selector that takes none was meant for.
pub(super) fn meant(estate: &Estate<'_>, service: &Object<'_>) -> Option<usize> {
    let shares = |at: &usize| {
        let keeper = &estate.workloads[*at];
        let mut wanted = texts(service.doc, "/spec/selector");
        keeper.object.namespace == service.namespace
            && wanted.any(|(key, value)| keeper.labels.get(key) == Some(&value))
    };
    estate
        .workload_named(service.namespace, service.name)
        .or_else(|| (0..estate.workloads.len()).find(shares))
        .or_else(|| only_one_left(estate, service))
}

/// The one workload of a namespace before which no Service stands, of manifests alone: there is
/// nothing else that the Service may be for.
fn only_one_left(estate: &Estate<'_>, service: &Object<'_>) -> Option<usize> {
    let mut left = (0..estate.workloads.len()).filter(|at| {
        let keeper = &estate.workloads[*at];
        keeper.object.namespace == service.namespace
            && keeper.object.kind != "Job"
            && estate.services_of(*at).is_empty()
    });
    let first = left
        .next()
        .filter(|_| estate.bundle.origin == Origin::Settled)?;
    left.next().is_none().then_some(first)
}

fn wrong_selector(case: &Case<'_>, service: &Object<'_>) -> Option<Candidate> {
    let estate = &case.estate;
    let meant = meant(estate, service)?;
    let keeper = &estate.workloads[meant];
    let selector: Vec<String> = texts(service.doc, "/spec/selector")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let labels: Vec<String> = keeper
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let words = format!(
        "it selects {}; the pods of {} have {}",
        selector.join(","),
        keeper.object.reference(),
        labels.join(",")
    );
    let candidate = at("service_selector_wrong", estate, service, Some(meant))?
        .field("spec.selector")
        .value("value", labels.join(","))
        .seen(Proven, "object", service.reference(), words);
    Some(missed_by_callers(
        case,
        service,
        by_itself(estate, candidate),
    ))
}

/// Of manifests no symptom is needed where two objects contradict each other: whoever asks will meet it.
fn by_itself(estate: &Estate<'_>, mut candidate: Candidate) -> Candidate {
    if estate.bundle.origin == Origin::Settled {
        candidate.hurts.clear();
        candidate.services.clear();
    }
    candidate
}

/// With the workloads that are not well as they ask for the Service.
pub(super) fn missed_by_callers(
    case: &Case<'_>,
    service: &Object<'_>,
    candidate: Candidate,
) -> Candidate {
    let estate = &case.estate;
    let callers = match estate.bundle.origin {
        Origin::Settled => super::names::askers(case, service),
        Origin::Collected => Vec::new(),
    };
    let Some(first) = callers.first() else {
        return candidate;
    };
    let words = format!(
        "{} asks for it, and is not well",
        estate.workloads[*first].object.reference()
    );
    let reference = service.reference();
    candidate
        .hurting(callers.iter().copied())
        .seen(Fits, "object", reference, words)
}

fn wrong_port(
    case: &Case<'_>,
    service: &Object<'_>,
    behind: &[usize],
    port: &Value,
) -> Option<Candidate> {
    let estate = &case.estate;
    let listening: Vec<&Value> = behind
        .iter()
        .flat_map(|at| items(estate.workloads[*at].pod_spec, "/containers"))
        .flat_map(|container| items(container, "/ports"))
        .collect();
    if listening.is_empty() {
        return None;
    }
    let target = port.get("targetPort").or_else(|| port.get("port"))?;
    let named: Vec<&Value> = listening
        .iter()
        .copied()
        .filter(|one| is_port(one, target))
        .collect();
    let make = |id: &str| {
        Some(by_itself(
            estate,
            at(id, estate, service, behind.first().copied())?,
        ))
    };
    if named.is_empty() {
        let shown = target
            .as_str()
            .map_or_else(|| target.to_string(), str::to_owned);
        let have: Vec<String> = listening
            .iter()
            .filter_map(|one| number(one, "/containerPort"))
            .map(|port| port.to_string())
            .collect();
        let words = format!(
            "it sends to port {shown}; the pods declare {}",
            have.join(", ")
        );
        let candidate = make("service_target_port_wrong")?.field("spec.ports[].targetPort");
        let reference = service.reference();
        let candidate = candidate
            .value("value", shown)
            .seen(Proven, "object", reference, words);
        return Some(missed_by_callers(case, service, candidate));
    }
    let asked = protocol(port);
    let spoken = named.first().map(|one| protocol(one))?;
    if named.iter().any(|one| protocol(one) == asked) {
        return None;
    }
    let words = format!("it forwards {asked}; the pods declare {spoken} on that port");
    let candidate = make("service_protocol_wrong")?.field("spec.ports[].protocol");
    Some(
        candidate
            .value("value", asked)
            .seen(Proven, "object", service.reference(), words),
    )
}

/// Whether a container's port is the one that a Service names, by number or name.
fn is_port(port: &Value, target: &Value) -> bool {
    let wanted = target.as_i64().or_else(|| target.as_str()?.parse().ok());
    match wanted {
        Some(wanted) => number(port, "/containerPort") == Some(wanted),
        None => target.as_str() == Some(text(port, "/name")),
    }
}

fn protocol(port: &Value) -> &str {
    match text(port, "/protocol") {
        "" => "TCP",
        given => given,
    }
}

fn scaled_down(case: &Case<'_>, at: usize, service: &Object<'_>) -> Option<Candidate> {
    let keeper = &case.estate.workloads[at];
    if keeper.desired != Some(0) || keeper.object.kind == "DaemonSet" {
        return None;
    }
    Some(
        Candidate::at_workload("replicas_zero", &case.estate, at)?
            .field("spec.replicas")
            .cuts(service.name)
            .seen(
                Proven,
                "object",
                keeper.object.reference(),
                "spec.replicas is 0",
            )
            .seen(
                Fits,
                "object",
                service.reference(),
                "a Service stands before it",
            ),
    )
}

fn local_only(case: &Case<'_>, service: &Object<'_>, behind: &[usize]) -> Option<Candidate> {
    if text(service.doc, "/spec/internalTrafficPolicy") != "Local" {
        return None;
    }
    Some(
        at(
            "service_traffic_policy_local",
            &case.estate,
            service,
            behind.first().copied(),
        )?
        .field("spec.internalTrafficPolicy")
        .seen(
            Fits,
            "object",
            service.reference(),
            "internalTrafficPolicy is Local",
        ),
    )
}

/// Names that callers miss, and that a workload bears for which there is no Service.
fn deleted(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let gone = (0..estate.workloads.len()).filter(|at| {
        let keeper = &estate.workloads[*at];
        let known = estate.knows("Service", keeper.object.namespace);
        estate.is_home(keeper.object.namespace)
            && known
            && estate
                .find("Service", keeper.object.namespace, keeper.object.name)
                .is_none()
            && estate.services_of(*at).is_empty()
    });
    gone.filter_map(|at| missed(case, at)).collect()
}

fn missed(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let keeper = &case.estate.workloads[at];
    let name = keeper.object.name;
    let by_logs = case
        .picture
        .symptoms
        .iter()
        .any(|symptom| matches!(symptom, Symptom::Misses { service, .. } if service == name));
    let by_attempt = case
        .picture
        .symptoms
        .contains(&Symptom::Unreachable(name.to_owned()));
    if !by_logs && !by_attempt {
        return None;
    }
    let listens = items(keeper.pod_spec, "/containers")
        .any(|container| items(container, "/ports").next().is_some());
    let candidate = Candidate::at_workload("service_deleted", &case.estate, at)?
        .field("metadata.name")
        .cuts(name)
        .seen(
            Proven,
            "object",
            keeper.object.reference(),
            format!("there is no Service {name}, and callers ask for it"),
        );
    let candidate = if super::quotas::services_used_up(case, keeper.object.namespace) {
        let words = "the namespace's quota on Services is used up: it may never have been there";
        candidate.seen(Doubts, "object", keeper.object.namespace, words)
    } else {
        candidate
    };
    Some(match (by_logs, listens) {
        (true, _) => candidate.seen(Said, "log", "logs", format!("{name} does not resolve")),
        (false, true) => candidate.seen(
            Fits,
            "object",
            keeper.object.reference(),
            "its pods listen, and no Service stands before them",
        ),
        (false, false) => candidate,
    })
}

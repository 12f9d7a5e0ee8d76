//! Names, addresses and policies: who asks whom, under which name, and who is kept out.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Hints, Proven, Said},
};
use crate::doc::{has, items, number, text};
use crate::estate::{Estate, Pod};
use crate::settings::{Address, addresses};
use crate::symptoms::Symptom;
use aegis_model::bundle::{Condition, Origin};
use std::collections::BTreeMap;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let home = (0..estate.workloads.len())
        .filter(|at| estate.is_home(estate.workloads[*at].object.namespace));
    let mut found = Vec::new();
    for at in home {
        found.extend(dns(case, at));
        found.extend(variables(case, at));
        found.extend(shadowed(estate, at));
        found.extend(aliases(estate, at));
    }
    found.extend(policies(case));
    found
}

/// Pods that ask a name server of their own choice.
fn dns(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let keeper = &case.estate.workloads[at];
    let policy = text(keeper.pod_spec, "/dnsPolicy");
    let own: Vec<&str> = items(keeper.pod_spec, "/dnsConfig/nameservers")
        .filter_map(|one| one.as_str())
        .collect();
    let odd = policy == "None" || (policy == "Default" && !has(keeper.pod_spec, "/hostNetwork"));
    if !odd {
        return None;
    }
    let words = format!("dnsPolicy {policy}, name servers {}", own.join(", "));
    let candidate = Candidate::at_workload("dns_settings_wrong", &case.estate, at)?
        .field("spec.template.spec.dnsPolicy")
        .value("value", own.join(","))
        .seen(Proven, "object", keeper.object.reference(), words);
    let asked = super::names::asked(&case.estate, at);
    let down = case.picture.symptoms.contains(&Symptom::Down(at));
    let asks = { asked }.into_iter().find(|ask| ask.by_command && down);
    let candidate = match asks.filter(|_| case.estate.bundle.origin == Origin::Settled) {
        Some(ask) => {
            let words = format!("it asks for {}, and is not well", ask.host);
            candidate.seen(Fits, "object", keeper.object.reference(), words)
        }
        None => candidate,
    };
    let unresolved = own_complaint(case, at, &[Condition::NameNotFound]);
    let blind = own_complaint(case, at, &[Condition::TimedOut, Condition::NoInstance]);
    Some(match (unresolved, blind) {
        (Some(sample), _) => candidate.seen(Said, "log", keeper.object.reference(), sample),
        (None, Some(sample)) => candidate.seen(Fits, "log", keeper.object.reference(), sample),
        (None, None) => candidate,
    })
}

fn own_complaint(case: &Case<'_>, at: usize, conditions: &[Condition]) -> Option<String> {
    let logs = case.estate.bundle.logs.iter();
    let mut words = logs
        .filter(|log| case.estate.meant_by(&log.of) == Some(at))
        .flat_map(|log| &log.complaints);
    let found = words.find(|complaint| conditions.contains(&complaint.condition));
    found.map(|complaint| complaint.sample.clone())
}

/// Variables that name a Service's host and a port that it has not.
fn variables(case: &Case<'_>, at: usize) -> Vec<Candidate> {
    let given = addresses(&case.estate, at);
    given
        .iter()
        .filter_map(|address| wrong_address(case, at, address))
        .collect()
}

fn wrong_address(case: &Case<'_>, at: usize, address: &Address) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let port = address.port?;
    let field = format!(
        "spec.template.spec.containers[name={}].env[name={}].value",
        address.container, address.variable
    );
    let make = |value: String| {
        Some(
            Candidate::at_workload("env_var_wrong", estate, at)?
                .field(field.clone())
                .value("value", value),
        )
    };
    let Some(service) = estate.find("Service", keeper.object.namespace, &address.host) else {
        return missing_host(
            case,
            at,
            address,
            make(format!("{}=HOST:{port}", address.variable))?,
        );
    };
    let ports: Vec<i64> = items(service.doc, "/spec/ports")
        .filter_map(|one| number(one, "/port"))
        .collect();
    let headless = text(service.doc, "/spec/clusterIP") == "None";
    if ports.is_empty() || headless || ports.iter().any(|one| u64::try_from(*one) == Ok(port)) {
        return None;
    }
    let right = format!("{}={}:{}", address.variable, address.host, ports[0]);
    let words = format!(
        "{} is {}:{port}; Service {} has {ports:?}",
        address.variable, address.host, address.host
    );
    let mut candidate = make(right)?.seen(Proven, "object", keeper.object.reference(), words);
    if estate.bundle.origin == Origin::Settled {
        candidate.hurts.clear();
    }
    let refused = case.estate.bundle.logs.iter().any(|log| {
        let ours = estate.meant_by(&log.of) == Some(at);
        ours && log
            .complaints
            .iter()
            .any(|one| one.target.ends_with(&format!(":{port}")))
    });
    Some(if refused {
        candidate.seen(
            Said,
            "log",
            keeper.object.reference(),
            format!("it complains of port {port}"),
        )
    } else {
        candidate
    })
}

/// A host that no Service has is at fault only if the workload keeps complaining of it.
fn missing_host(
    case: &Case<'_>,
    at: usize,
    address: &Address,
    candidate: Candidate,
) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let unknown = !address.host.contains('.')
        && estate
            .workload_named(keeper.object.namespace, &address.host)
            .is_none();
    let logs = estate
        .bundle
        .logs
        .iter()
        .filter(|log| estate.meant_by(&log.of) == Some(at));
    let mut words = logs.flat_map(|log| &log.complaints);
    let said = words.find(|one| {
        one.condition == Condition::NameNotFound
            && (one.target == address.host || one.sample.contains(&address.host))
    });
    let said = said.filter(|_| unknown)?;
    let words = format!(
        "{} names {}, which is no Service",
        address.variable, address.host
    );
    Some(
        candidate
            .seen(Proven, "object", keeper.object.reference(), words)
            .seen(Said, "log", keeper.object.reference(), said.sample.clone()),
    )
}

/// A variable that a container has twice: the last one wins.
fn shadowed(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let twice = items(keeper.pod_spec, "/containers").find_map(|container| {
        let mut values: BTreeMap<&str, &str> = BTreeMap::new();
        let mut all = items(container, "/env");
        let again = all.find(|one| {
            let (name, value) = (text(one, "/name"), text(one, "/value"));
            values
                .insert(name, value)
                .is_some_and(|before| before != value)
        })?;
        Some((text(container, "/name"), text(again, "/name")))
    });
    let (container, variable) = twice?;
    let weight = match estate.bundle.origin {
        Origin::Settled => Proven,
        Origin::Collected => Fits,
    };
    let mut candidate = Candidate::at_workload("env_var_shadowed", estate, at)?;
    if weight == Proven {
        candidate.hurts.clear();
    }
    Some(
        candidate
            .field(format!(
                "spec.template.spec.containers[name={container}].env[name={variable}]"
            ))
            .value("value", variable)
            .seen(
                weight,
                "object",
                keeper.object.reference(),
                format!("{variable} is set twice, to different values"),
            ),
    )
}

fn aliases(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let stale = items(keeper.pod_spec, "/hostAliases").find_map(|alias| {
        let ip = text(alias, "/ip");
        let mut names = items(alias, "/hostnames").filter_map(|name| name.as_str());
        let name = names.find(|name| {
            let host = name.split('.').next().unwrap_or(name);
            let service = estate.find("Service", keeper.object.namespace, host);
            service.is_some_and(|service| text(service.doc, "/spec/clusterIP") != ip)
        })?;
        Some((ip, name))
    });
    let (ip, name) = stale?;
    Some(
        Candidate::at_workload("host_alias_stale", estate, at)?
            .field("spec.template.spec.hostAliases")
            .value("value", name)
            .seen(
                Proven,
                "object",
                keeper.object.reference(),
                format!("hostAliases sends {name} to {ip}, which is not its Service"),
            ),
    )
}

/// Policies that let nobody in, in front of pods that somebody complains of.
fn policies(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = estate
        .of_kind("NetworkPolicy")
        .filter(|policy| estate.is_home(policy.namespace));
    all.flat_map(|policy| {
        let shut = text(policy.doc, "/metadata/deletionTimestamp").is_empty()
            && lets_nobody_in(policy.doc);
        let takes = move |at: &usize| {
            let keeper = &estate.workloads[*at];
            shut && keeper.object.namespace == policy.namespace
                && policy
                    .doc
                    .pointer("/spec/podSelector")
                    .is_none_or(|selector| crate::labels::selects(selector, &keeper.labels))
        };
        (0..estate.workloads.len())
            .filter(takes)
            .filter_map(move |at| shut_out(case, at, &policy))
            .collect::<Vec<_>>()
    })
    .collect()
}

fn lets_nobody_in(policy: &serde_json::Value) -> bool {
    let types: Vec<&str> = items(policy, "/spec/policyTypes")
        .filter_map(|one| one.as_str())
        .collect();
    let ingress = types.is_empty() || types.contains(&"Ingress");
    ingress && items(policy, "/spec/ingress").next().is_none()
}

fn shut_out(case: &Case<'_>, at: usize, policy: &crate::estate::Object<'_>) -> Option<Candidate> {
    let estate = &case.estate;
    let services: Vec<String> = estate
        .services_of(at)
        .iter()
        .map(|service| service.name.to_owned())
        .collect();
    let complained = case.picture.symptoms.iter().any(|symptom| match symptom {
        Symptom::Complains { of, .. } => *of == at,
        Symptom::Unreachable(service) => services.contains(service),
        _ => false,
    });
    let mut pods = estate.pods_of(at).peekable();
    let ready = pods.peek().is_some() && pods.all(Pod::is_ready);
    let mut candidate = Candidate::at_workload("network_policy_block", estate, at)?
        .field("spec.ingress")
        .value("value", policy.name)
        .seen(
            Fits,
            "object",
            policy.reference(),
            "it selects the pods and lets nobody in",
        );
    candidate.object = policy.reference();
    candidate.services = services;
    Some(if complained && ready {
        candidate.seen(
            Proven,
            "log",
            "logs",
            "callers cannot reach pods that are ready",
        )
    } else {
        candidate.seen(Hints, "object", policy.reference(), "it may be meant so")
    })
}

//! NetworkPolicies that keep pods from what they plainly need: names, and those whom they call.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Hints, Proven, Said},
};
use crate::doc::{items, number, text};
use crate::estate::{Estate, Object, Pod};
use crate::labels::{Labels, selects};
use aegis_model::bundle::{AttemptOutcome, Origin};
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = estate
        .of_kind("NetworkPolicy")
        .filter(|policy| estate.is_home(policy.namespace));
    let mut found = Vec::new();
    for policy in all {
        found.extend((0..estate.workloads.len()).find_map(|at| nameless(estate, &policy, at)));
        found.extend(lets_in_nobody(estate, &policy));
    }
    found.extend(denied(case));
    found
}

fn isolates(policy: &Object<'_>, direction: &str) -> bool {
    let mut types = items(policy.doc, "/spec/policyTypes").filter_map(Value::as_str);
    types.any(|one| one == direction)
}

/// A workload that is isolated for egress by policies of which none lets it ask for names, though
/// it calls others by theirs.
fn nameless(estate: &Estate<'_>, policy: &Object<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let takes = |policy: &Object<'_>| {
        keeper.object.namespace == policy.namespace
            && isolates(policy, "Egress")
            && policy
                .doc
                .pointer("/spec/podSelector")
                .is_none_or(|selector| selects(selector, &keeper.labels))
    };
    if !takes(policy) {
        return None;
    }
    let mut all = estate.of_kind("NetworkPolicy").filter(|one| takes(one));
    if all.any(|one| items(one.doc, "/spec/egress").any(lets_names_out)) {
        return None;
    }
    let by_name = called_by_name(estate, at);
    let has_rules = items(policy.doc, "/spec/egress").next().is_some();
    // Written by hand and without any rule: nothing at all leaves the pods.
    let is_shut = estate.bundle.origin == Origin::Settled && !has_rules;
    let words = match &by_name {
        Some(name) => format!("it asks for {name}, and no egress rule lets it ask a name server"),
        None if is_shut => "no rule lets its pods reach anybody, name servers included".to_owned(),
        None => "no egress rule lets its pods ask a name server".to_owned(),
    };
    let weight = if by_name.is_some() || is_shut {
        Documented
    } else {
        Hints
    };
    let mut candidate = Candidate::at_workload("network_policy_blocks_dns", estate, at)?
        .field("spec.egress")
        .value("value", policy.name)
        .seen(weight, "object", policy.reference(), words);
    candidate.object = policy.reference();
    candidate.hurts.clear();
    Some(candidate)
}

/// A policy before a Service that lets nobody in: it has no rule, or each lets in pods of its own namespace
/// that are not there; and no other policy opens to its pods.
fn lets_in_nobody(estate: &Estate<'_>, policy: &Object<'_>) -> Option<Candidate> {
    if estate.bundle.origin != Origin::Settled || is_open(estate, policy) {
        return None;
    }
    let takes = |policy: &Object<'_>, at: usize| {
        let keeper = &estate.workloads[at];
        let selector = policy.doc.pointer("/spec/podSelector");
        isolates(policy, "Ingress")
            && keeper.object.namespace == policy.namespace
            && selector.is_none_or(|selector| selects(selector, &keeper.labels))
    };
    let is_shut = |at: &usize| {
        let mut others = estate
            .of_kind("NetworkPolicy")
            .filter(|one| takes(one, *at));
        takes(policy, *at)
            && !estate.services_of(*at).is_empty()
            && !others.any(|other| is_open(estate, &other))
    };
    let behind = (0..estate.workloads.len()).find(is_shut)?;
    let has_rules = items(policy.doc, "/spec/ingress").next().is_some();
    let (field, words) = match has_rules {
        true => (
            "spec.ingress[].from",
            "its rules let in pods that are not there, and nobody else may ask its Service",
        ),
        false => (
            "spec.ingress",
            "no rule lets anybody in, and pods behind a Service are among those that it takes",
        ),
    };
    let mut candidate = Candidate::at_workload("network_policy_block", estate, behind)?
        .field(field)
        .value("value", policy.name)
        .seen(Proven, "object", policy.reference(), words);
    candidate.object = policy.reference();
    candidate.hurts.clear();
    Some(candidate)
}

/// Whether a rule lets anybody in who is there, or who is not known here.
fn is_open(estate: &Estate<'_>, policy: &Object<'_>) -> bool {
    let is_nobody = |peer: &Value| {
        let Some(selector) = peer.pointer("/podSelector") else {
            return false;
        };
        let local = peer.as_object().is_some_and(|fields| fields.len() == 1);
        let keepers = estate.workloads.iter();
        let own = policy.doc.pointer("/spec/podSelector");
        // Pods that it takes itself ask each other; whoever else is there is kept out.
        let is_other = |labels: &Labels<'_>| own.is_some_and(|own| !selects(own, labels));
        let near: Vec<_> = keepers
            .filter(|keeper| keeper.object.namespace == policy.namespace)
            .collect();
        let others = near.iter().any(|keeper| is_other(&keeper.labels));
        let lets_in =
            |labels: &Labels<'_>| selects(selector, labels) && (!others || is_other(labels));
        local && !near.iter().any(|keeper| lets_in(&keeper.labels))
    };
    items(policy.doc, "/spec/ingress").any(|rule| {
        let mut peers = items(rule, "/from").peekable();
        peers.peek().is_none() || !peers.all(is_nobody)
    })
}

/// Whether an egress rule lets connections to port 53 out.
fn lets_names_out(rule: &Value) -> bool {
    let mut ports = items(rule, "/ports").peekable();
    ports.peek().is_none()
        || ports.any(|port| {
            let first = number(port, "/port");
            let last = number(port, "/endPort").or(first);
            first.is_none_or(|first| first <= 53) && last.is_none_or(|last| last >= 53)
        })
}

/// A host that a workload's variables or commands name.
fn called_by_name(estate: &Estate<'_>, at: usize) -> Option<String> {
    let keeper = &estate.workloads[at];
    let variables = crate::settings::addresses(estate, at);
    let service = variables.iter().find(|address| {
        estate
            .find("Service", keeper.object.namespace, &address.host)
            .is_some()
    });
    let commands = || {
        let containers = items(keeper.pod_spec, "/containers");
        let words = containers
            .flat_map(|one| items(one, "/command").chain(items(one, "/args")))
            .filter_map(Value::as_str)
            .flat_map(|text| text.split([' ', '\n', ';', '"', '\'']));
        let mut words = words.skip_while(|word| !asks(word));
        words.find(|word| is_host(word)).map(str::to_owned)
    };
    service
        .map(|address| address.host.clone())
        .or_else(commands)
}

/// Whether a program asks for a host.
fn asks(word: &str) -> bool {
    const PROGRAMS: &[&str] = &[
        "nslookup", "dig", "getent", "wget", "curl", "nc", "ping", "host",
    ];
    PROGRAMS.contains(&word.rsplit('/').next().unwrap_or(word))
}

fn is_host(word: &str) -> bool {
    let host = word.rsplit_once("://").map_or(word, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or(host);
    let plain = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let numeric = host.parse::<core::net::Ipv4Addr>().is_ok();
    plain && !numeric && (host.contains('.') || word.contains("://")) && !host.starts_with('-')
}

/// Attempts that a policy, and nothing else, keeps from a Service whose pods are ready.
fn denied(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let refused = estate.bundle.attempts.iter().filter(|attempt| {
        attempt.outcome == AttemptOutcome::Failed && attempt.said.contains("NetworkPolicy ")
    });
    refused
        .filter_map(|attempt| {
            let name = attempt.said.rsplit("NetworkPolicy ").next()?;
            let (namespace, name) = name.split_once('/')?;
            let policy = estate.find("NetworkPolicy", namespace, name)?;
            let from = estate.meant_by(&attempt.from)?;
            let mut pods = estate.pods_of(from);
            let words = format!(
                "{} asks {}:{}: {}",
                attempt.from, attempt.service, attempt.port, attempt.said
            );
            let mut candidate = Candidate::at_workload("network_policy_block", estate, from)?
                .field(field(&policy))
                .value("value", policy.name)
                .cuts(&attempt.service)
                .seen(Said, "connectivity", policy.reference(), words);
            candidate.object = policy.reference();
            Some(if pods.any(Pod::is_ready) {
                candidate.seen(
                    Proven,
                    "object",
                    text(policy.doc, "/metadata/name"),
                    "both ends run",
                )
            } else {
                candidate
            })
        })
        .collect()
}

fn field(policy: &Object<'_>) -> &'static str {
    match isolates(policy, "Egress") && !isolates(policy, "Ingress") {
        true => "spec.egress",
        false => "spec.ingress",
    }
}

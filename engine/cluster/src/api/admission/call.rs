//! Calls of webhooks: whether each is reached in time, what it says, what it writes.
//!
//! What a webhook decides is its own program's doing. Two annotations of its configuration say it here:
//! `aegis.dev/deny` with a message, and, of a mutating one, `aegis.dev/patch`: what it writes into a pod, as
//! JSON. Without them it allows and changes nothing. How long it takes is the latency of the workload behind
//! its Service. Source: k8s.io/apiserver/pkg/admission/plugin/webhook; registry/generic handlers
//! `requestTimeoutUpperBound`.

use super::policy;
use super::webhook::{self, Callee, Failure, Write};
use super::{HookKind, claim};
use crate::api::error::ApiError;
use crate::api::find;
use crate::cluster::Cluster;
use crate::reach::service_address;
use crate::workings::{Slot, header};
use aegis_model::kubernetes::{IntOrString, Kind, ObjectRef, PodSpec, ServicePort};
use aegis_model::objects::Service;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;

/// Annotation of a configuration: its webhooks refuse what they are asked about, with this message.
const DENY: &str = "aegis.dev/deny";
/// Annotation of a configuration: what its webhooks write into pods.
const PATCH: &str = "aegis.dev/patch";
/// Seconds that a request may take in the API server.
const LONGEST_REQUEST: f64 = 34.0;

/// What is left of a request's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience(f64);

impl Patience {
    pub(super) const fn new() -> Self {
        Self(LONGEST_REQUEST)
    }
}

/// Calls the webhooks of a kind that a write concerns; gives what they write. Mutating ones are called one
/// after the other, validating ones at once.
pub(super) fn all<P>(
    cluster: &Cluster<P>,
    write: &Write<'_>,
    kind: HookKind,
    patience: &mut Patience,
) -> Result<Vec<String>, ApiError> {
    let configurations = cluster.workings.policies.hooks.iter();
    let of_kind = configurations.filter(|document| document["kind"] == kind.configuration());
    let mut written = Vec::new();
    let mut longest = 0.0_f64;
    for document in of_kind {
        let hooks = claim::list(document, "webhooks");
        for hook in hooks.filter(|hook| webhook::concerns(hook, write)) {
            if !policy::meets(&hook["matchConditions"], write) {
                continue;
            }
            let (took, answer) = one(cluster, hook, patience.0);
            match kind {
                HookKind::Mutating => patience.0 -= took,
                HookKind::Validating => longest = longest.max(took),
            }
            if heard(hook, answer, patience.0)? == Heard::Nothing {
                continue;
            }
            let said = &document["metadata"]["annotations"];
            if let Some(message) = said[DENY].as_str() {
                return Err(ApiError::Denied(denied(hook, message)));
            }
            written.extend(said[PATCH].as_str().map(String::from));
        }
    }
    patience.0 -= longest;
    Ok(written)
}

/// Whether a webhook said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Answer,
    Nothing,
}

/// What a call comes to: a failed one refuses the write, or is passed over.
fn heard(hook: &Value, answer: Result<(), String>, left: f64) -> Result<Heard, ApiError> {
    match answer {
        Ok(()) => Ok(Heard::Answer),
        Err(words) if webhook::is_fatal(hook) => Err(ApiError::Internal(words)),
        Err(_) if left <= 0.0 => Err(ApiError::Timeout(
            "request did not complete within requested timeout",
        )),
        Err(_) => Ok(Heard::Nothing),
    }
}

fn denied(hook: &Value, message: &str) -> String {
    let name = hook["name"].as_str().unwrap_or_default();
    match message {
        "" => format!("admission webhook {name:?} denied the request without explanation"),
        _ => format!("admission webhook {name:?} denied the request: {message}"),
    }
}

/// One call: the seconds that it took, and the words of its failure.
fn one<P>(cluster: &Cluster<P>, hook: &Value, left: f64) -> (f64, Result<(), String>) {
    // An address outside is not known here, and answers; a name that cannot be anybody's does not.
    let Some(callee) = Callee::of(hook) else {
        let unknown = webhook::unresolved(hook);
        return (0.0, unknown.map_or(Ok(()), Err));
    };
    let failed = |failure| Err(webhook::in_words(hook, &callee, &failure));
    let latency = match reached(cluster, hook, &callee) {
        Ok(latency) => latency,
        Err(failure) => return (0.0, failed(failure)),
    };
    let allowed = (webhook::timeout(hook) as f64).min(left).max(0.0);
    match latency < allowed {
        true => (latency, Ok(())),
        false => (allowed, failed(Failure::Deadline)),
    }
}

/// How long the program behind a Service takes, s, or why it cannot be called.
fn reached<P>(cluster: &Cluster<P>, hook: &Value, callee: &Callee<'_>) -> Result<f64, Failure> {
    let object = ObjectRef::new(Kind::Service, callee.namespace, callee.name);
    let Some(Slot::Service(id)) = find(cluster, &object) else {
        return Err(Failure::Service);
    };
    let service = &cluster.objects.services[id.index()];
    let mut ports = service.spec.ports.iter();
    let Some(port) = ports.find(|port| u64::from(port.port) == callee.port) else {
        return Err(Failure::Port);
    };
    let Some(pod) = service.endpoints.iter().find(|endpoint| endpoint.ready) else {
        // Endpoints of a Service without a selector are made by hand; what stands behind them answers.
        return match service.spec.selector.is_empty() {
            true => Ok(0.0),
            false => Err(Failure::Endpoints),
        };
    };
    let row = &cluster.objects.pods[pod.pod.index()];
    let spec = &cluster.objects.templates[row.template.index()].spec.spec;
    if !listens(spec, port) {
        return Err(Failure::Refused(address_of(service)));
    }
    if !is_trusted(cluster, hook, callee.namespace, spec) {
        return Err(Failure::Untrusted);
    }
    let behaviour = cluster.workings.behaviour(row.workload);
    Ok(behaviour.map_or(0.0, |known| known.latency + known.cpu_per_request))
}

fn address_of(service: &Service) -> String {
    let given = service.spec.cluster_ip.as_deref();
    let given = given.filter(|given| !given.is_empty() && *given != "None");
    given.map_or_else(
        || format!("{}", service_address(service.header.number)),
        String::from,
    )
}

/// Whether a pod that declares its ports declares the one that a Service leads to.
fn listens(spec: &PodSpec, port: &ServicePort) -> bool {
    let mut declared = spec
        .containers
        .iter()
        .flat_map(|container| &container.ports)
        .peekable();
    if declared.peek().is_none() {
        return true;
    }
    let target = port.target_port.clone();
    match target.unwrap_or_else(|| IntOrString::Int(port.port.into())) {
        IntOrString::Int(number) => declared.any(|own| i64::from(own.container_port) == number),
        IntOrString::Text(name) => declared.any(|own| own.name.as_deref() == Some(name.as_str())),
    }
}

/// Whether the authority that a webhook names signed what its pod serves with: the certificate in a Secret
/// that the pod mounts. Where either is not known, it did.
fn is_trusted<P>(cluster: &Cluster<P>, hook: &Value, namespace: &str, spec: &PodSpec) -> bool {
    let Some(bundle) = hook["clientConfig"]["caBundle"].as_str() else {
        return true;
    };
    let mounted = spec
        .volumes
        .iter()
        .filter_map(|volume| volume.secret.as_ref());
    let mut served = mounted.filter_map(|secret| {
        let object = ObjectRef::new(Kind::Secret, namespace, &secret.secret_name);
        let found = find(cluster, &object)?;
        let data = &header(&cluster.objects, found)?.doc["data"];
        data["tls.crt"].is_string().then_some(data)
    });
    let Some(data) = served.next() else {
        return true;
    };
    bundle.is_empty() || data["ca.crt"] == bundle || data["tls.crt"] == bundle
}

/// Writes what a webhook writes into a document: mappings field by field, items of lists by their `name`
/// (`*` is each of them), new ones at the end.
pub(super) fn write_into(document: &mut Value, patch: &Value) {
    match (document, patch) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (key, change) in changes {
                write_into(fields.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
        (Value::Array(items), Value::Array(changes)) if changes.iter().all(has_name) => {
            for change in changes {
                write_item(items, change);
            }
        }
        (document, patch) => *document = patch.clone(),
    }
}

fn has_name(item: &Value) -> bool {
    item["name"].is_string()
}

fn write_item(items: &mut Vec<Value>, change: &Value) {
    let mut plain = change.clone();
    if change["name"] == "*" {
        if let Some(fields) = plain.as_object_mut() {
            fields.remove("name");
        }
        return items.iter_mut().for_each(|item| write_into(item, &plain));
    }
    match items.iter_mut().find(|item| item["name"] == change["name"]) {
        Some(item) => write_into(item, &plain),
        None => items.push(plain),
    }
}

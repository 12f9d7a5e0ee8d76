//! Whether those whom a workload's variables and commands name can be reached, as policies are.

use aegis_model::Objects;
use aegis_model::bundle::{Attempt, AttemptOutcome};
use aegis_model::kubernetes::IntOrString;
use aegis_scenario::reach::{Answer, Question, Transport, answer};
use serde_json::Value;
use std::collections::BTreeSet;

/// Calls that are asked for at most.
const MOST: usize = 2_000;

/// A workload's call of a Service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    from: (String, String, String),
    /// Namespace and name.
    service: (String, String),
    port: u16,
}

/// An attempt for each call that policies decide about.
pub fn attempts(documents: &[Value], objects: &Objects) -> Vec<Attempt> {
    let isolated = documents.iter().any(|one| one["kind"] == "NetworkPolicy");
    if !isolated {
        return Vec::new();
    }
    let calls: BTreeSet<Call> = documents
        .iter()
        .flat_map(|one| of(one, documents))
        .collect();
    calls
        .into_iter()
        .take(MOST)
        .filter_map(|call| attempt(&call, objects))
        .collect()
}

fn attempt(call: &Call, objects: &Objects) -> Option<Attempt> {
    let (kind, namespace, name) = &call.from;
    let (home, service) = &call.service;
    let question = Question {
        from: format!("{}/{namespace}/{name}", kind.to_ascii_lowercase()),
        to: format!("svc/{home}/{service}"),
        port: IntOrString::Int(i64::from(call.port)),
        protocol: Transport::Tcp,
    };
    let found = answer(objects, &question).ok()?;
    let outcome = match &found {
        Answer::Allowed => AttemptOutcome::Connected,
        Answer::Denied { .. } => AttemptOutcome::Failed,
        Answer::Refused(_) => return None,
    };
    Some(Attempt {
        from: name.clone(),
        service: service.clone(),
        port: u64::from(call.port),
        outcome,
        said: found.to_string(),
    })
}

/// The Services that a workload's words name: those of its own namespace by name, others with theirs.
fn of(document: &Value, documents: &[Value]) -> Vec<Call> {
    let kind = document["kind"].as_str().unwrap_or_default();
    let spec = match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => &document["spec"]["template"]["spec"],
        "Pod" if document["metadata"]["ownerReferences"].is_null() => &document["spec"],
        _ => return Vec::new(),
    };
    let word = |pointer: &str| {
        let value = document.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let from = (
        kind.to_owned(),
        word("/metadata/namespace"),
        word("/metadata/name"),
    );
    let words = words(spec);
    let services = documents.iter().filter(|one| one["kind"] == "Service");
    services
        .filter_map(|service| {
            let name = service["metadata"]["name"].as_str()?;
            let home = service["metadata"]["namespace"]
                .as_str()
                .unwrap_or_default();
            let called = match home == from.1 {
                true => name.to_owned(),
                false => format!("{name}.{home}"),
            };
            let mut asked = words.iter();
            let port = asked.find_map(|word| port_of(word, &called, service))?;
            Some(Call {
                from: from.clone(),
                service: (home.to_owned(), name.to_owned()),
                port,
            })
        })
        .collect()
}

/// The values of variables, and the words of commands.
fn words(spec: &Value) -> Vec<&str> {
    let containers = spec["containers"].as_array().into_iter().flatten();
    let mut found = Vec::new();
    for container in containers {
        let values = container["env"].as_array().into_iter().flatten();
        let values = values.filter_map(|one| one["value"].as_str());
        let commands = ["command", "args"]
            .into_iter()
            .filter_map(|list| container[list].as_array())
            .flatten()
            .filter_map(Value::as_str);
        for text in values.chain(commands) {
            found.extend(text.split([' ', '\n', ';', '"', '\'', ',', '(', ')', '=']));
        }
    }
    found
}

/// The port at which a word names a Service; its first where the word gives none.
fn port_of(word: &str, name: &str, service: &Value) -> Option<u16> {
    let rest = word.rsplit_once("://").map_or(word, |(_, rest)| rest);
    let authority = rest.split('/').next()?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let is_it = host == name
        || host
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('.'));
    let first = service["spec"]["ports"][0]["port"].as_u64()?;
    let asked = port.parse().ok().or_else(|| u16::try_from(first).ok());
    asked.filter(|_| is_it)
}

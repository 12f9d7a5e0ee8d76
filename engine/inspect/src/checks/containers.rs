//! Containers that cannot be made: references that are missing, accounts, commands, init containers.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven, Said},
};
use crate::doc::{items, number, text};
use crate::estate::{Estate, Pod};
use aegis_model::bundle::{ClusterEvent, Origin};

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        let pods = estate.pods_of(at);
        for pod in pods.filter(|pod| !pod.is_ready()) {
            found.extend(missing(case, at, pod));
            found.extend(stuck(case, at, pod));
        }
        found.extend(refused(case, at));
    }
    found
}

/// Words in which the kubelet names a missing object, the cause, and its kind.
const REFERENCES: &[(&str, &str, &str)] = &[
    (
        "couldn't find key",
        "configuration_key_missing",
        "ConfigMap",
    ),
    (
        "references non-existent config key",
        "configuration_key_missing",
        "ConfigMap",
    ),
    (
        "references non-existent secret key",
        "configuration_key_missing",
        "Secret",
    ),
    ("secret \"", "secret_missing", "Secret"),
    ("secrets \"", "secret_missing", "Secret"),
    ("configmap \"", "configuration_missing", "ConfigMap"),
    ("configmaps \"", "configuration_missing", "ConfigMap"),
];

fn missing(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let object = &pod.object;
    let waiting = pod
        .statuses()
        .map(|status| text(status, "/state/waiting/message"));
    let events = case
        .estate
        .warnings("Pod", object.namespace, object.name)
        .filter(|event| matches!(event.reason.as_str(), "Failed" | "FailedMount"))
        .map(|event| event.message.as_str());
    let said = events.chain(waiting).find_map(|message| {
        let not_there = message.contains("not found")
            || message.contains("couldn't find key")
            || message.contains("non-existent");
        let row = REFERENCES
            .iter()
            .find(|(words, ..)| not_there && message.contains(words))?;
        Some((message, *row))
    });
    let (message, (words, id, kind)) = said?;
    let name = quoted_after(message, words);
    if id != "configuration_key_missing"
        && (case.estate.find(kind, object.namespace, &name).is_some()
            || case.estate.is_refused(kind, object.namespace, &name))
    {
        return None;
    }
    let field = match id {
        "configuration_key_missing" => key_field(pod, message),
        _ => None,
    };
    let candidate = Candidate::at_workload(id, &case.estate, at)?
        .field(field.unwrap_or_else(|| reference_field(pod, &name)))
        .value("value", name)
        .value("value_kind", kind.to_ascii_lowercase())
        .seen(Said, "event", object.reference(), message);
    let holds = pod
        .statuses()
        .any(|status| text(status, "/state/waiting/reason") == "CreateContainerConfigError");
    Some(if holds {
        candidate.seen(
            Proven,
            "object",
            object.reference(),
            "CreateContainerConfigError",
        )
    } else {
        candidate
    })
}

fn quoted_after(message: &str, words: &str) -> String {
    let rest = message
        .find(words)
        .map_or("", |at| &message[at + words.len()..]);
    rest.split('"').next().unwrap_or("").trim().to_owned()
}

/// Where a pod asks for a key that the kubelet does not find.
fn key_field(pod: &Pod<'_>, message: &str) -> Option<String> {
    let words: Vec<&str> = message.split([' ', ':', '"']).collect();
    let is_said = |key: &str| !key.is_empty() && words.contains(&key);
    let by_variable = || {
        let mut containers = items(pod.object.doc, "/spec/containers");
        containers.find_map(|container| {
            let variable = items(container, "/env").find(|one| {
                is_said(text(one, "/valueFrom/configMapKeyRef/key"))
                    || is_said(text(one, "/valueFrom/secretKeyRef/key"))
            })?;
            Some(format!(
                "spec.template.spec.containers[name={}].env[name={}].valueFrom",
                text(container, "/name"),
                text(variable, "/name")
            ))
        })
    };
    let by_volume = || {
        let volume = items(pod.object.doc, "/spec/volumes").find(|volume| {
            let chosen = ["/configMap/items", "/secret/items"];
            let mut chosen = chosen.iter().flat_map(|list| items(volume, list));
            chosen.any(|item| is_said(text(item, "/key")))
        })?;
        Some(format!(
            "spec.template.spec.volumes[name={}].items",
            text(volume, "/name")
        ))
    };
    by_variable().or_else(by_volume)
}

/// Where a pod refers to an object of that name.
fn reference_field(pod: &Pod<'_>, name: &str) -> String {
    let spec = "/spec/containers";
    for container in items(pod.object.doc, spec) {
        let whole = items(container, "/envFrom").any(|from| {
            text(from, "/secretRef/name") == name || text(from, "/configMapRef/name") == name
        });
        if whole {
            return format!(
                "spec.template.spec.containers[name={}].envFrom",
                text(container, "/name")
            );
        }
    }
    for container in items(pod.object.doc, spec) {
        let of = |one: &&serde_json::Value| {
            let from = |kind: &str| text(one, &format!("/valueFrom/{kind}/name")) == name;
            from("secretKeyRef") || from("configMapKeyRef")
        };
        if let Some(variable) = items(container, "/env").find(of) {
            return format!(
                "spec.template.spec.containers[name={}].env[name={}].valueFrom",
                text(container, "/name"),
                text(variable, "/name")
            );
        }
    }
    let mounts = items(pod.object.doc, "/spec/volumes").find(|volume| {
        text(volume, "/secret/secretName") == name || text(volume, "/configMap/name") == name
    });
    match mounts {
        Some(volume) => format!("spec.template.spec.volumes[name={}]", text(volume, "/name")),
        None => "spec.template.spec".to_owned(),
    }
}

/// Containers that the runtime cannot start, and init containers that do not end.
fn stuck(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    const COMMAND: &[&str] = &[
        "executable file not found",
        "exec: \"",
        "no such file or directory: unknown",
    ];
    let object = &pod.object;
    let mut messages = pod.statuses().flat_map(|status| {
        [
            text(status, "/state/waiting/message"),
            text(status, "/lastState/terminated/message"),
            text(status, "/state/terminated/message"),
        ]
    });
    if let Some(message) =
        messages.find(|message| COMMAND.iter().any(|words| message.contains(words)))
    {
        let candidate = Candidate::at_workload("command_wrong", &case.estate, at)?
            .field(format!("{}.command", never_started(pod)))
            .seen(Said, "object", object.reference(), message);
        return Some(match command_of(pod, message) {
            Some(words) => candidate.seen(Fits, "object", object.reference(), words),
            None => candidate,
        });
    }
    if let Some(message) = messages_of(pod)
        .find(|message| message.contains("runAsNonRoot") || message.contains("non-root policy"))
    {
        return Some(
            Candidate::at_workload("security_context_forbidden", &case.estate, at)?
                .field("spec.template.spec.securityContext.runAsNonRoot")
                .seen(Said, "object", object.reference(), message)
                .seen(
                    Proven,
                    "object",
                    object.reference(),
                    "CreateContainerConfigError",
                ),
        );
    }
    init_unfinished(case, at, pod)
}

/// An init container that does not end, or ends with an error each time.
fn init_unfinished(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let object = &pod.object;
    let init = items(object.doc, "/status/initContainerStatuses")
        .find(|status| text(status, "/state/terminated/reason") != "Completed")?;
    let name = text(init, "/name");
    let restarts = number(init, "/restartCount").unwrap_or(0);
    let runs = init.pointer("/state/running").is_some();
    let waits = items(object.doc, "/spec/initContainers")
        .find(|one| text(one, "/name") == name)
        .and_then(|one| waits_for(case, one, object.namespace));
    let failed = ["/state", "/lastState"].iter().any(|state| {
        let code = number(init, &format!("{state}/terminated/exitCode"));
        code.is_some_and(|code| code != 0)
    });
    let code = ["/state", "/lastState"]
        .iter()
        .find_map(|state| number(init, &format!("{state}/terminated/exitCode")));
    let settled = case.estate.bundle.origin == Origin::Settled;
    let (id, part) = match failed && waits.is_none() {
        true if settled && matches!(code, Some(126 | 127)) => ("command_wrong", ".command"),
        true => ("init_container_fails", ""),
        false => ("init_container_stuck", ""),
    };
    (runs || restarts > 0 || failed).then(|| {
        let candidate = Candidate::at_workload(id, &case.estate, at)?
            .field(format!(
                "spec.template.spec.initContainers[name={name}]{part}"
            ))
            .value("container", name)
            .seen(
                Proven,
                "object",
                object.reference(),
                format!("init container {name} has not ended, {restarts} restarts"),
            );
        let words = super::crashes::last_words(case, pod, name);
        let candidate = match words {
            Some(said) => candidate.seen(Fits, "log", object.reference(), said),
            None => candidate,
        };
        Some(match waits {
            Some(host) => candidate.seen(Proven, "object", object.reference(), host),
            None => candidate,
        })
    })?
}

/// Words in which the API server refuses pods, the cause, and the field.
const REFUSALS: &[(&str, &str, &str)] = &[
    (
        "violates PodSecurity",
        "security_context_forbidden",
        "spec.template.spec.securityContext",
    ),
    (
        "failed calling webhook",
        "admission_webhook_fails",
        "spec.template",
    ),
    (
        "admission webhook",
        "admission_webhook_fails",
        "spec.template",
    ),
    (
        "usage per ",
        "limit_range_exceeded",
        "spec.template.spec.containers[].resources",
    ),
    (
        "must be less than or equal to",
        "limit_range_exceeded",
        "spec.template.spec.containers[].resources",
    ),
    (
        "failed quota: ",
        "quota_wants_resources",
        "spec.template.spec.containers[].resources",
    ),
    (
        "PriorityClass with name",
        "priority_class_missing",
        "spec.template.spec.priorityClassName",
    ),
];

/// Pods that the API server refuses to make.
fn refused(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let estate = &case.estate;
    let keeper = &estate.workloads[at];
    let is_job =
        keeper.object.kind == "Job" && number(keeper.object.doc, "/status/succeeded").is_none();
    let wanted = keeper.desired.unwrap_or(i64::from(is_job));
    if keeper.pods.len() >= usize::try_from(wanted).unwrap_or(0) {
        return None;
    }
    let warnings = estate.warnings_of(at);
    let failed = warnings
        .iter()
        .filter(|event| event.reason == "FailedCreate")
        .max_by_key(|event| event.last);
    account(estate, at, failed.copied()).or_else(|| {
        let event = failed?;
        let said = |id: &str| {
            let candidate = Candidate::at_workload(id, estate, at)?;
            Some(candidate.seen(
                Said,
                "event",
                keeper.object.reference(),
                event.message.clone(),
            ))
        };
        let message = event.message.as_str();
        let row = REFUSALS.iter().find(|(words, ..)| message.contains(words));
        let (_, id, field) = row?;
        if *id == "admission_webhook_fails" && super::policies::is_backendless(estate, message) {
            return None;
        }
        Some(said(id)?.field(*field))
    })
}

/// A ServiceAccount that is not there now: it may have come later than the first attempts.
fn account(estate: &Estate<'_>, at: usize, failed: Option<&ClusterEvent>) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let namespace = keeper.object.namespace;
    let name = text(keeper.pod_spec, "/serviceAccountName");
    let absent = !name.is_empty()
        && !estate.is_refused("ServiceAccount", namespace, name)
        && estate.knows("ServiceAccount", namespace)
        && estate.find("ServiceAccount", namespace, name).is_none();
    let said = failed.filter(|event| event.message.contains("serviceaccount \""));
    if !absent && (said.is_none() || estate.knows("ServiceAccount", namespace)) {
        return None;
    }
    let candidate = Candidate::at_workload("service_account_missing", estate, at)?
        .field("spec.template.spec.serviceAccountName")
        .value("value", name);
    let candidate = match said {
        Some(event) => candidate.seen(
            Said,
            "event",
            keeper.object.reference(),
            event.message.clone(),
        ),
        None => candidate,
    };
    let words = format!("there is no ServiceAccount {name}, and no pod");
    Some(candidate.seen(
        if absent { Proven } else { Fits },
        "object",
        keeper.object.reference(),
        words,
    ))
}

fn messages_of<'a>(pod: &'a Pod<'_>) -> impl Iterator<Item = &'a str> {
    pod.statuses()
        .map(|status| text(status, "/state/waiting/message"))
}

/// Where the container stands that did not start.
fn never_started(pod: &Pod<'_>) -> String {
    let is_init = |status: &&serde_json::Value| {
        items(pod.object.doc, "/status/initContainerStatuses").any(|init| init == *status)
    };
    let failed = |status: &&serde_json::Value| {
        let reasons = ["/state/waiting/reason", "/lastState/terminated/reason"];
        reasons.iter().any(|reason| {
            matches!(
                text(status, reason),
                "RunContainerError" | "CreateContainerError" | "StartError" | "ContainerCannotRun"
            )
        })
    };
    let found = pod.statuses().find(failed);
    let list = match found.as_ref().is_some_and(is_init) {
        true => "initContainers",
        false => "containers",
    };
    let name = found.map_or("", |status| text(status, "/name"));
    format!("spec.template.spec.{list}[name={name}]")
}

/// The command that names the program of a message.
fn command_of(pod: &Pod<'_>, message: &str) -> Option<String> {
    let mut all = ["/spec/initContainers", "/spec/containers"]
        .into_iter()
        .flat_map(|list| items(pod.object.doc, list));
    all.find_map(|container| {
        let words: Vec<&str> = items(container, "/command")
            .chain(items(container, "/args"))
            .filter_map(|word| word.as_str())
            .collect();
        let first = words.first()?;
        message
            .contains(first)
            .then(|| format!("its command is {}", words.join(" ")))
    })
}

/// A host that a container's script asks for, and no Service is called.
fn waits_for(case: &Case<'_>, container: &serde_json::Value, namespace: &str) -> Option<String> {
    let scripts = items(container, "/command").chain(items(container, "/args"));
    let words: Vec<&str> = scripts
        .filter_map(|word| word.as_str())
        .flat_map(|script| script.split([' ', '\n', ';', '"', '\'']))
        .collect();
    let named = words.iter().filter_map(|word| {
        let host = word.rsplit_once("://").map_or(*word, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or(host);
        let short = host.split('.').next().unwrap_or(host);
        let asked = word.contains("://")
            || host.ends_with(".svc.cluster.local")
            || host.ends_with(".svc")
            || is_asked(&words, word);
        (asked && !short.is_empty()).then_some((host, short))
    });
    let mut gone = named.filter(|(_, short)| {
        case.estate.knows("Service", namespace)
            && case.estate.find("Service", namespace, short).is_none()
    });
    let (host, _) = gone.next()?;
    Some(format!("it waits for {host}, which no Service is called"))
}

/// Whether a word stands behind a program that asks for a host.
fn is_asked(words: &[&str], word: &str) -> bool {
    const ASKING: &[&str] = &[
        "nslookup",
        "nc",
        "ping",
        "dig",
        "host",
        "pg_isready",
        "getent",
    ];
    let at = words.iter().position(|other| *other == word);
    at.is_some_and(|at| {
        let mut before = words[..at].iter().rev();
        let program = before.find(|word| !word.starts_with('-') && !word.is_empty());
        program.is_some_and(|program| ASKING.contains(program))
    })
}

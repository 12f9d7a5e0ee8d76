//! Probes that cannot succeed: a port on which nothing listens, a protocol that the port does not
//! speak, too little time.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Hints, Proven, Said},
};
use crate::doc::{has, items, number, text};
use crate::estate::Pod;
use aegis_model::bundle::{ClusterEvent, Origin};
use aegis_shell::is_plainly_absent;
use serde_json::Value;

struct Probe<'a> {
    field: &'static str,
    word: &'static str,
    spec: &'a Value,
    container: &'a Value,
}

const KINDS: &[(&str, &str, &str)] = &[
    ("livenessProbe", "liveness", "Liveness probe"),
    ("startupProbe", "liveness", "Startup probe"),
    ("readinessProbe", "readiness", "Readiness probe"),
];

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        found.extend(patient(case, at));
        found.extend(unserved(case, at));
        let pods = estate.pods_of(at);
        let hurt: Vec<&Pod<'_>> = pods
            .filter(|pod| pod.phase == "Running" && (!pod.is_ready() || pod.restarts_again()))
            .collect();
        let Some(pod) = hurt.first() else {
            continue;
        };
        let said = estate.warnings_of(at);
        for container in items(estate.workloads[at].pod_spec, "/containers") {
            for (field, family, word) in KINDS {
                if let Some(spec) = container.get(*field) {
                    let probe = Probe {
                        field,
                        word,
                        spec,
                        container,
                    };
                    found.extend(judge(case, at, pod, &probe, family, &said));
                }
            }
        }
    }
    found
}

/// A path that says of itself that nobody serves it: a word, and no more.
fn unserved(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let estate = &case.estate;
    if estate.bundle.origin != Origin::Settled {
        return None;
    }
    let keeper = &estate.workloads[at];
    items(keeper.pod_spec, "/containers").find_map(|container| {
        KINDS.iter().find_map(|(field, family, _)| {
            let path = text(container, &format!("/{field}/httpGet/path"));
            let nowhere = is_plainly_absent(path);
            let name = text(container, "/name");
            let words =
                format!("{field} asks for {path}, and a path of that name is served by nobody");
            nowhere.then(|| {
                let found = Candidate::at_workload(&format!("{family}_probe_fails"), estate, at)?
                    .field(format!(
                        "spec.template.spec.containers[name={name}].{field}"
                    ))
                    .seen(Fits, "object", keeper.object.reference(), words);
                Some(found)
            })?
        })
    })
}

/// Failures of a liveness probe that has not failed often enough yet to restart the container.
const OFTEN: u64 = 10;

/// A liveness probe that fails every time, with so much patience that nothing has come of it yet.
fn patient(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let estate = &case.estate;
    let warnings = estate.warnings_of(at);
    let failed = warnings.iter().find(|event| {
        event.reason == "Unhealthy"
            && event.message.starts_with("Liveness probe")
            && event.count >= OFTEN
    })?;
    let container = items(estate.workloads[at].pod_spec, "/containers")
        .find(|container| has(container, "/livenessProbe"))?;
    let mut pods = estate.pods_of(at);
    if !pods.all(|pod| pod.is_ready() && !restarted(pod)) {
        return None;
    }
    let name = text(container, "/name");
    let mut candidate = Candidate::at_workload("liveness_probe_fails", estate, at)?
        .field(format!(
            "spec.template.spec.containers[name={name}].livenessProbe"
        ))
        .seen(
            Proven,
            "event",
            estate.workloads[at].object.reference(),
            failed.message.clone(),
        )
        .seen(
            Fits,
            "event",
            estate.workloads[at].object.reference(),
            format!(
                "it failed {} times, and was not restarted yet",
                failed.count
            ),
        );
    candidate.hurts.clear();
    Some(candidate)
}

fn judge(
    case: &Case<'_>,
    at: usize,
    pod: &Pod<'_>,
    probe: &Probe<'_>,
    family: &str,
    said: &[&ClusterEvent],
) -> Option<Candidate> {
    let failed = said
        .iter()
        .filter(|event| event.reason == "Unhealthy" && event.message.starts_with(probe.word))
        .max_by_key(|event| (event.count, event.last))?;
    if family == "liveness" && !restarted(pod) || family == "readiness" && pod.is_ready() {
        return None;
    }
    if is_told_elsewhere(case, at, probe, &failed.message) {
        return None;
    }
    let (what, weight, words) = fault(probe, &failed.message)?;
    let container = text(probe.container, "/name");
    let candidate = Candidate::at_workload(&format!("{family}_probe_{what}"), &case.estate, at)?
        .field(format!(
            "spec.template.spec.containers[name={container}].{}",
            probe.field
        ))
        .value("value", port(probe.spec))
        .seen(
            weight,
            "object",
            case.estate.workloads[at].object.reference(),
            words,
        )
        .seen(
            Fits,
            "event",
            pod.object.reference(),
            failed.message.clone(),
        );
    Some(if failed.count >= 3 || family == "liveness" {
        candidate.seen(
            Fits,
            "event",
            pod.object.reference(),
            format!("it failed {} times", failed.count),
        )
    } else {
        candidate
    })
}

/// Whether nobody listens on the port by what is known of the program: that is the better answer.
fn is_told_elsewhere(case: &Case<'_>, at: usize, probe: &Probe<'_>, message: &str) -> bool {
    let estate = &case.estate;
    let mut containers = crate::containers::of_workload(estate, at);
    let own = containers.find(|one| core::ptr::eq(one.doc, probe.container));
    let refused = estate.bundle.origin == Origin::Settled && message.contains("connection refused");
    let asked: Option<i64> = port(probe.spec).parse().ok();
    own.filter(|_| refused).is_some_and(|one| {
        let listening = super::served::listening(estate, &one);
        listening
            .zip(asked)
            .is_some_and(|(known, asked)| !known.ports.contains(&asked))
    })
}

/// What a probe asks for.
fn asked_for(spec: &Value) -> Option<String> {
    let command: Vec<&str> = items(spec, "/exec/command")
        .filter_map(Value::as_str)
        .collect();
    let path = spec.pointer("/httpGet").map(|get| {
        let path = match text(get, "/path") {
            "" => "/",
            path => path,
        };
        format!("it asks for {path} at port {}", port(spec))
    });
    match command.is_empty() {
        true => path,
        false => Some(format!("it runs {}", command.join(" "))),
    }
}

fn restarted(pod: &Pod<'_>) -> bool {
    // A probe ends a container with SIGTERM or SIGKILL, or with what it makes of a SIGTERM.
    pod.statuses()
        .any(|status| number(status, "/restartCount").unwrap_or(0) > 0)
}

/// What is wrong with a probe that fails, how telling that is, and in words.
fn fault(
    probe: &Probe<'_>,
    message: &str,
) -> Option<(&'static str, crate::candidate::Weight, String)> {
    const MALFORMED: &[&str] = &[
        "malformed HTTP",
        "transport connection broken",
        "server gave HTTP response to HTTPS",
        "error reading server preface",
        "first record does not look like a TLS",
        "frame too large",
    ];
    if MALFORMED.iter().any(|words| message.contains(words)) {
        let words = format!(
            "{} asks in {}, and the port answers in something else",
            probe.field,
            protocol(probe.spec)
        );
        return Some(("wrong_protocol", Said, words));
    }
    let asked = port(probe.spec);
    if !listens(probe.container, &asked) {
        let words = format!(
            "{} asks port {asked}; the container declares {}",
            probe.field,
            declared(probe.container).join(", ")
        );
        return Some(("wrong_port", Proven, words));
    }
    if let Some(other) = other_protocol(probe) {
        return Some(("wrong_protocol", Proven, other));
    }
    let patience = patience(probe.spec);
    let late = serves_after(probe.container).filter(|after| i64::from(*after) > patience);
    if let Some(after) = late.filter(|_| probe.field != "readinessProbe") {
        let words = format!(
            "its command serves after {after} s, and the probe gives up after {patience} s"
        );
        return Some(("wrong_timing", Proven, words));
    }
    if probe.field == "livenessProbe" && patience <= SHORTEST {
        return Some((
            "wrong_timing",
            Proven,
            format!("a container that does not answer within {patience} s of its start is killed"),
        ));
    }
    let word = match probe.field {
        "readinessProbe" => "the readiness probe fails",
        "startupProbe" => "the startup probe fails",
        _ => "the liveness probe fails",
    };
    let weight = match probe.spec.get("exec") {
        Some(_) => Fits,
        None => Hints,
    };
    let words = match asked_for(probe.spec) {
        Some(what) => format!("{word}: {what}"),
        None => word.to_owned(),
    };
    Some(("fails", weight, words))
}

/// Seconds that a container's command takes before it serves.
fn serves_after(container: &Value) -> Option<u32> {
    let words = items(container, "/command").chain(items(container, "/args"));
    let script = words.filter_map(Value::as_str).last()?;
    let mut rounds = 1;
    let mut slept = 0_u32;
    for words in crate::containers::commands(script) {
        match words[0].as_str() {
            // `for x in a b c`: its body is passed for each.
            "for" => {
                rounds = u32::try_from(words.len().saturating_sub(3))
                    .unwrap_or(1)
                    .max(1);
            }
            "done" => rounds = 1,
            "sleep" => {
                let seconds: u32 = words.get(1).and_then(|word| word.parse().ok())?;
                slept = slept.saturating_add(seconds.saturating_mul(rounds));
            }
            "until" | "true" | "false" | "[" | ":" => return None,
            _ => {}
        }
    }
    let serves = ["httpd", "http.server", "nc ", "listen"]
        .iter()
        .any(|word| script.contains(word));
    (serves && slept > 0).then_some(slept)
}

/// Seconds in which hardly any server is up.
const SHORTEST: i64 = 6;

/// Seconds from the start of a container until its probe has failed for good.
fn patience(spec: &Value) -> i64 {
    let or = |field: &str, default: i64| number(spec, &format!("/{field}")).unwrap_or(default);
    let failures = or("failureThreshold", 3).max(1);
    or("initialDelaySeconds", 0)
        + or("periodSeconds", 10) * (failures - 1)
        + or("timeoutSeconds", 1)
}

const HANDLERS: &[&str] = &["httpGet", "tcpSocket", "grpc"];

fn port(spec: &Value) -> String {
    let handler = HANDLERS
        .iter()
        .find_map(|handler| spec.get(*handler)?.get("port"));
    match handler {
        Some(Value::String(name)) => name.clone(),
        Some(number) => number.to_string(),
        None => String::new(),
    }
}

fn protocol(spec: &Value) -> &'static str {
    let named = HANDLERS
        .iter()
        .find(|handler| has(spec, &format!("/{handler}")));
    match named {
        Some(&"httpGet") => "HTTP",
        Some(&"grpc") => "gRPC",
        _ => "TCP",
    }
}

fn declared(container: &Value) -> Vec<String> {
    let ports = items(container, "/ports");
    ports
        .filter_map(|port| number(port, "/containerPort"))
        .map(|port| port.to_string())
        .collect()
}

/// Whether a container declares a port, by number or name; one that declares none may listen on any.
fn listens(container: &Value, asked: &str) -> bool {
    let mut ports = items(container, "/ports").peekable();
    if asked.is_empty() || ports.peek().is_none() {
        return true;
    }
    ports.any(|port| {
        text(port, "/name") == asked
            || number(port, "/containerPort").is_some_and(|port| port.to_string() == asked)
    })
}

/// Another probe of the same container asks the same port in another protocol, and is content.
fn other_protocol(probe: &Probe<'_>) -> Option<String> {
    let mine = protocol(probe.spec);
    let others = KINDS.iter().filter(|(field, ..)| *field != probe.field);
    let other = others
        .filter_map(|(field, ..)| Some((field, probe.container.get(*field)?)))
        .find(|(_, spec)| {
            port(spec) == port(probe.spec)
                && protocol(spec) != mine
                && protocol(spec) != "TCP"
                && mine != "TCP"
        })?;
    Some(format!(
        "{} asks in {mine}, {} asks the same port in {}",
        probe.field,
        other.0,
        protocol(other.1)
    ))
}

//! Containers that start and end: what they wrote before they did.

use super::Case;
use crate::candidate::{
    Candidate, Weight,
    Weight::{Fits, Hints, Proven, Said},
};
use crate::doc::{items, number, quantity, text, texts};
use crate::estate::Pod;
use aegis_model::bundle::{Complaint, Condition, Log, Origin};
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        let pods = estate.pods_of(at);
        found.extend(tiny(case, at));
        let hurt: Vec<&Pod<'_>> = pods
            .filter(|pod| !pod.is_ready() || pod.restarts_again())
            .collect();
        if hurt.is_empty() {
            continue;
        }
        found.extend(hurt.iter().find_map(|pod| killed_for_memory(case, at, pod)));
        found.extend(hurt.iter().find_map(|pod| evicted(case, at, pod)));
        found.extend(hurt.iter().find_map(|pod| forbidden(case, at, pod)));
        found.extend(
            hurt.iter()
                .find_map(|pod| super::mounts::optional_key(case, at, pod)),
        );
        found.extend(
            hurt.iter()
                .find_map(|pod| super::mounts::elsewhere(case, at, pod)),
        );
        found.extend(by_its_words(case, at, &hurt));
    }
    found
}

fn killed_for_memory(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let object = &pod.object;
    let status = pod.statuses().find(|status| {
        [
            "/state/terminated",
            "/lastState/terminated",
            "/state/waiting",
        ]
        .iter()
        .any(|state| {
            let reason = text(status, &format!("{state}/reason"));
            let message = text(status, &format!("{state}/message"));
            reason == "OOMKilled" || message.contains("OOM-killed")
        })
    });
    let event = case
        .estate
        .warnings("Pod", object.namespace, object.name)
        .find(|event| event.message.contains("OOM-killed") || event.message.contains("OOMKilled"));
    let name = status
        .map(|status| text(status, "/name"))
        .unwrap_or_default();
    let said = match (status, event) {
        (Some(_), _) => format!("container {name} was killed for its memory"),
        (None, Some(event)) => event.message.clone(),
        (None, None) => return None,
    };
    let container = items(case.estate.workloads[at].pod_spec, "/containers")
        .find(|container| name.is_empty() || text(container, "/name") == name)?;
    let limit = text(container, "/resources/limits/memory");
    Some(
        Candidate::at_workload("memory_limit_too_low", &case.estate, at)?
            .field(format!(
                "spec.template.spec.containers[name={}].resources.limits.memory",
                text(container, "/name")
            ))
            .value("value", limit)
            .seen(Said, "object", object.reference(), said)
            .seen(
                Proven,
                "object",
                object.reference(),
                format!("its limit is {limit}"),
            ),
    )
}

/// Memory below which no container starts: what runc itself takes while it sets one up.
/// Source: moby, `linuxMinMemory`.
const LEAST_MEMORY: i128 = 6 << 20;

/// A limit so low that no program could run within it, of manifests that nobody has run.
fn tiny(case: &Case<'_>, at: usize) -> Option<Candidate> {
    let estate = &case.estate;
    if estate.bundle.origin != Origin::Settled {
        return None;
    }
    let keeper = &estate.workloads[at];
    let is_tiny = |container: &&Value| {
        let limit = text(container, "/resources/limits/memory");
        !limit.is_empty()
            && quantity(container, "/resources/limits/memory")
                .is_some_and(|given| given < LEAST_MEMORY * 1000)
    };
    let container = items(keeper.pod_spec, "/containers").find(is_tiny)?;
    let (name, limit) = (
        text(container, "/name"),
        text(container, "/resources/limits/memory"),
    );
    let words = format!("container {name} may take {limit}, and none starts with less than 6Mi");
    let mut candidate = Candidate::at_workload("memory_limit_too_low", estate, at)?
        .field(format!(
            "spec.template.spec.containers[name={name}].resources.limits.memory"
        ))
        .value("value", limit)
        .seen(Proven, "object", keeper.object.reference(), words);
    // The simulator lets it start: nothing hurts there yet.
    candidate.hurts.clear();
    Some(candidate)
}

/// A pod that the kubelet put out as it used more of the node's disk than it may.
fn evicted(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let object = &pod.object;
    let message = text(object.doc, "/status/message");
    let by_status = text(object.doc, "/status/reason") == "Evicted";
    let warnings = case.estate.warnings_of(at);
    let event = warnings.iter().find(|event| event.reason == "Evicted");
    let said = match (by_status, event) {
        (true, _) => message,
        (false, Some(event)) => event.message.as_str(),
        (false, None) => return None,
    };
    let field = if said.contains("EmptyDir") {
        "spec.template.spec.volumes[].emptyDir.sizeLimit"
    } else if said.contains("ephemeral") {
        "spec.template.spec.containers[].resources.limits.ephemeral-storage"
    } else {
        return None;
    };
    Some(
        Candidate::at_workload("ephemeral_storage_exceeded", &case.estate, at)?
            .field(field)
            .seen(Said, "event", object.reference(), said)
            .seen(Proven, "object", object.reference(), "the pod was evicted"),
    )
}

/// A program that asks the API server for what its account may not.
fn forbidden(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let words = pod.statuses().find_map(|status| {
        let words = last_words(case, pod, text(status, "/name"))?;
        let refused = words.contains("orbidden") && words.contains("system:serviceaccount");
        refused.then_some(words)
    })?;
    let spec = case.estate.workloads[at].pod_spec;
    let account = match text(spec, "/serviceAccountName") {
        "" => "default",
        name => name,
    };
    let words_of = |one: &str| one.to_owned();
    Some(
        Candidate::at_workload("permission_denied_by_rbac", &case.estate, at)?
            .field("spec.template.spec.serviceAccountName")
            .value("value", account)
            .seen(Said, "log", pod.object.reference(), words_of(&words))
            .seen(
                Proven,
                "object",
                pod.object.reference(),
                format!("it runs as {account}, and no binding allows it"),
            ),
    )
}

/// What a condition in the log of a container that ends makes likely.
struct Row {
    condition: Condition,
    cause: &'static str,
    weight: Weight,
    field: &'static str,
}

const fn row(
    condition: Condition,
    cause: &'static str,
    weight: Weight,
    field: &'static str,
) -> Row {
    Row {
        condition,
        cause,
        weight,
        field,
    }
}

const ROWS: &[Row] = &[
    row(
        Condition::AccessDenied,
        "database_credentials_wrong",
        Said,
        "spec.template.spec.containers[].envFrom",
    ),
    row(
        Condition::AddressInUse,
        "port_taken_in_pod",
        Said,
        "spec.template.spec.containers[].ports",
    ),
    row(
        Condition::PermissionDenied,
        "volume_permission_denied",
        Said,
        "spec.template.spec.securityContext",
    ),
    row(
        Condition::ExecFormat,
        "image_architecture_wrong",
        Said,
        "spec.template.spec.containers[].image",
    ),
    row(
        Condition::MissingConfiguration,
        "command_wrong",
        Hints,
        "spec.template.spec.containers[].command",
    ),
    row(
        Condition::OutOfMemory,
        "memory_limit_too_low",
        Fits,
        "spec.template.spec.containers[].resources.limits.memory",
    ),
];

fn by_its_words(case: &Case<'_>, at: usize, hurt: &[&Pod<'_>]) -> Vec<Candidate> {
    let logs: Vec<&Log> = own_logs(case, at, hurt);
    let words: Vec<(&Log, &Complaint)> = logs
        .iter()
        .flat_map(|log| log.complaints.iter().map(|complaint| (*log, complaint)))
        .collect();
    let mut found: Vec<Candidate> = ROWS
        .iter()
        .filter_map(|row| told(case, at, row, &words))
        .collect();
    found.extend(database_port(case, at, &words));
    if hurt.iter().any(|pod| crashes(pod)) {
        found.extend(plain(case, at, hurt[0]));
    }
    found
}

/// Logs of the containers that end, of the sidecars only where those end too.
fn own_logs<'a>(case: &'a Case<'_>, at: usize, hurt: &[&Pod<'_>]) -> Vec<&'a Log> {
    let names: Vec<&str> = hurt
        .iter()
        .flat_map(|pod| pod.statuses())
        .filter(|status| number(status, "/restartCount").unwrap_or(0) > 0)
        .map(|status| text(status, "/name"))
        .collect();
    let logs = case.estate.bundle.logs.iter();
    logs.filter(|log| case.estate.meant_by(&log.of) == Some(at))
        .filter(|log| {
            log.container.is_empty() || names.is_empty() || names.contains(&log.container.as_str())
        })
        .collect()
}

fn told(case: &Case<'_>, at: usize, row: &Row, words: &[(&Log, &Complaint)]) -> Option<Candidate> {
    let (log, complaint) = words
        .iter()
        .find(|(_, complaint)| complaint.condition == row.condition)?;
    let said = complaint.sample.to_ascii_lowercase();
    if row.condition == Condition::PermissionDenied && said.contains("read-only file system") {
        return super::mounts::read_only(case, at, log, complaint);
    }
    let keeper = &case.estate.workloads[at];
    let secret = crate::settings::secrets(keeper.pod_spec);
    let value = match row.condition {
        Condition::AccessDenied => secret
            .first()
            .copied()
            .unwrap_or("the client's Secret")
            .to_owned(),
        _ => complaint.target.clone(),
    };
    let candidate = Candidate::at_workload(row.cause, &case.estate, at)?
        .field(row.field)
        .value("value", value)
        .seen(
            row.weight,
            "log",
            format!("logs/{}", log.of),
            complaint.sample.clone(),
        );
    Some(match row.condition {
        Condition::AddressInUse => taken_by_sidecar(case, at, candidate, &complaint.target),
        Condition::PermissionDenied => mounted(case, at, candidate),
        _ => candidate,
    })
}

/// A sidecar that is told, by an annotation or a port of its own, to listen on the same port.
fn taken_by_sidecar(case: &Case<'_>, at: usize, candidate: Candidate, port: &str) -> Candidate {
    let keeper = &case.estate.workloads[at];
    let pods = case.estate.pods_of(at).map(|pod| pod.object);
    let told = pods.chain([keeper.object]).find_map(|object| {
        let notes = texts(object.doc, "/metadata/annotations")
            .chain(texts(object.doc, "/spec/template/metadata/annotations"));
        let mut notes = notes.filter(|(key, _)| !key.contains("last-applied"));
        notes
            .find(|(_, value)| value.contains(port))
            .map(|(key, value)| (object.reference(), format!("{key}: {value}")))
    });
    match told {
        Some((reference, note)) if !port.is_empty() => candidate
            .field("spec.template.metadata.annotations")
            .seen(Proven, "object", reference, note),
        _ => candidate,
    }
}

fn mounted(case: &Case<'_>, at: usize, candidate: Candidate) -> Candidate {
    let keeper = &case.estate.workloads[at];
    let mounts: Vec<&str> = items(keeper.pod_spec, "/containers")
        .flat_map(|container| items(container, "/volumeMounts"))
        .map(|mount| text(mount, "/mountPath"))
        .filter(|path| !path.starts_with("/var/run/secrets"))
        .collect();
    if mounts.is_empty() {
        return candidate;
    }
    let said = format!("it mounts {}", mounts.join(", "));
    candidate.seen(Fits, "object", keeper.object.reference(), said)
}

/// A database that refuses connections of this client while it is up for others.
fn database_port(case: &Case<'_>, at: usize, words: &[(&Log, &Complaint)]) -> Option<Candidate> {
    let said = |condition: Condition| {
        words
            .iter()
            .find(|(_, complaint)| complaint.condition == condition)
    };
    let link = said(Condition::DatabaseLink)?;
    let refused = said(Condition::ConnectionRefused)?;
    let others = [
        Condition::TooManyConnections,
        Condition::NameNotFound,
        Condition::AccessDenied,
    ];
    if others.iter().any(|condition| said(*condition).is_some()) {
        return None;
    }
    let keeper = &case.estate.workloads[at];
    let secret = crate::settings::secrets(keeper.pod_spec);
    let where_from = secret.first().copied().unwrap_or("the client's Secret");
    let candidate = Candidate::at_workload("database_port_wrong", &case.estate, at)?
        .field("spec.template.spec.containers[].envFrom")
        .value("value", where_from)
        .seen(
            Fits,
            "log",
            format!("logs/{}", link.0.of),
            link.1.sample.clone(),
        )
        .seen(
            Said,
            "log",
            format!("logs/{}", refused.0.of),
            refused.1.sample.clone(),
        );
    let mut stores = super::databases::stores(case).into_iter();
    let up = stores.any(|store| case.estate.pods_of(store).any(Pod::is_ready));
    Some(if up {
        candidate.seen(
            Fits,
            "object",
            "pods",
            "databases of the namespace are ready",
        )
    } else {
        candidate
    })
}

fn crashes(pod: &Pod<'_>) -> bool {
    pod.statuses().any(|status| {
        text(status, "/state/waiting/reason") == "CrashLoopBackOff"
            || number(status, "/state/terminated/exitCode").is_some_and(|code| code != 0)
    })
}

/// The fallback: it ends, and nothing better is known.
fn plain(case: &Case<'_>, at: usize, pod: &Pod<'_>) -> Option<Candidate> {
    let ended = |status: &&Value| {
        number(status, "/restartCount").unwrap_or(0) > 0
            || number(status, "/state/terminated/exitCode").is_some_and(|code| code != 0)
    };
    let status = items(pod.object.doc, "/status/containerStatuses").find(ended)?;
    let name = text(status, "/name");
    let code = number(status, "/lastState/terminated/exitCode")
        .or_else(|| number(status, "/state/terminated/exitCode"))
        .unwrap_or(0);
    let said = format!("container {name} ends with code {code}, again and again");
    let words = last_words(case, pod, name);
    let ended_by_kubelet = case.estate.warnings_of(at).iter().any(|event| {
        event.reason == "FailedPostStartHook"
            || ["Liveness probe", "Startup probe"]
                .iter()
                .any(|words| event.message.starts_with(words))
    });
    let settled = case.estate.bundle.origin == Origin::Settled && !ended_by_kubelet;
    let by_command = settled && by_command(code, words.as_deref().unwrap_or_default());
    let (id, part) = if by_command && code != 0 {
        ("command_wrong", command_field(pod, name))
    } else if case.estate.workloads[at].is_batch() {
        ("job_pods_fail", "")
    } else if by_command {
        ("command_wrong", command_field(pod, name))
    } else {
        ("crash_at_start", "")
    };
    let reference = pod.object.reference();
    let candidate = Candidate::at_workload(id, &case.estate, at)?
        .field(format!("spec.template.spec.containers[name={name}]{part}"))
        .seen(Proven, "object", reference.clone(), said);
    let candidate = match words {
        Some(words) => candidate.seen(Hints, "log", reference.clone(), words),
        None => candidate,
    };
    let warnings = case.estate.warnings_of(at);
    let probed = warnings.iter().find(|event| {
        event.message.starts_with("Liveness probe failed")
            || event.message.starts_with("Startup probe failed")
    });
    let candidate = match probed {
        Some(event) => candidate.seen(
            Weight::Doubts,
            "event",
            reference.clone(),
            format!("the kubelet ends it: {}", event.message),
        ),
        None => candidate,
    };
    Some(match command(pod, name) {
        Some(words) => candidate.seen(Hints, "object", reference, words),
        None => candidate,
    })
}

/// Words in which programs refuse a flag.
const NO_FLAG: &[&str] = &[
    "invalid option",
    "unknown option",
    "unrecognized option",
    "illegal option",
    "Bad directive",
    "unknown flag",
    "flag provided but not defined",
    "requires a value",
];

/// Whether it is the command itself that cannot stay: it has done its work at once, there is no such
/// program, or it does not take a flag.
pub(super) fn by_command(code: i64, words: &str) -> bool {
    matches!(code, 0 | 126 | 127) || NO_FLAG.iter().any(|one| words.contains(one))
}

/// Where a container's command stands.
fn command_field(pod: &Pod<'_>, container: &str) -> &'static str {
    let mut all = items(pod.object.doc, "/spec/containers");
    let own = all.find(|one| text(one, "/name") == container);
    match own {
        Some(one) if items(one, "/args").next().is_some() => ".args",
        _ => ".command",
    }
}

/// Letters of a text that are repeated.
const REPEATED: usize = 300;

/// What a container that ended had written last.
pub(super) fn last_words(case: &Case<'_>, pod: &Pod<'_>, container: &str) -> Option<String> {
    let status = pod
        .statuses()
        .find(|status| text(status, "/name") == container)?;
    let message = ["/lastState/terminated/message", "/state/terminated/message"]
        .iter()
        .map(|place| text(status, place))
        .find(|message| !message.is_empty());
    let logged = || {
        let logs = case.estate.bundle.logs.iter();
        let mut own = logs.filter(|log| log.of == pod.object.name && log.container == container);
        let complaint = own.find_map(|log| log.complaints.first())?;
        Some(complaint.sample.as_str())
    };
    let words = message.or_else(logged)?;
    let lines: Vec<&str> = words.lines().rev().take(3).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    Some(lines.join(" / ").chars().take(REPEATED).collect())
}

/// The command of a container, where it has one of its own.
fn command(pod: &Pod<'_>, container: &str) -> Option<String> {
    let mut all = ["/spec/initContainers", "/spec/containers"]
        .into_iter()
        .flat_map(|list| items(pod.object.doc, list));
    let own = all.find(|one| text(one, "/name") == container)?;
    let words: Vec<&str> = items(own, "/command")
        .chain(items(own, "/args"))
        .filter_map(|word| word.as_str())
        .collect();
    let whole = words.join(" ");
    (!whole.is_empty()).then(|| {
        let cut: String = whole.chars().take(REPEATED).collect();
        format!("its command is {cut}")
    })
}

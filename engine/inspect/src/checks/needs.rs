//! What images need, by their own documentation: variables without which they end, memory below which they
//! do not start, folders that they must be able to write, capabilities, users.

use super::Case;
use crate::candidate::Candidate;
use crate::containers::{Container, of_workload};
use crate::doc::{items, quantity, text};
use crate::estate::Estate;
use aegis_images::User;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.flat_map(|at| {
        let mut found = Vec::new();
        for one in of_workload(estate, at) {
            found.extend(starved(estate, &one));
            found.extend(unverified(estate, &one));
            found.extend(unprivileged(estate, &one));
            if one.is_plain() {
                found.extend(unset(estate, &one));
                found.extend(unwritable(estate, &one));
                found.extend(powerless(estate, &one));
            }
        }
        found
    })
    .collect()
}

/// A variable without which the image ends at its first start.
fn unset(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let row = one.known()?;
    let given = |names: &&&[&str]| {
        names
            .iter()
            .any(|name| one.may_have(name) || one.may_have(&format!("{name}_FILE")))
    };
    let missing = row.needs.iter().find(|names| !given(names))?;
    // What is configured by files needs no variables.
    let configured = one.mounts().any(|mount| {
        let path = text(mount, "/mountPath");
        path.contains("/config") || path.contains("/etc/") || path.contains("local.d")
    });
    if configured {
        return None;
    }
    let words = format!(
        "{} ends at its first start where {} is not set",
        text(one.doc, "/image"),
        missing.join(", or ")
    );
    Some(
        Candidate::documented(estate, one, ("variable_missing", "env"), words)?
            .value("value", missing[0]),
    )
}

/// A limit of memory with which the image does not get through its start.
fn starved(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let row = one.known()?;
    let runs = one.is_plain() || one.command().next().is_none();
    let limit = quantity(one.doc, "/resources/limits/memory")?;
    let least = i128::from(row.starves_at) << 20;
    if !runs || limit >= least * 1000 || limit <= 0 {
        return None;
    }
    let shown = text(one.doc, "/resources/limits/memory");
    let words = format!(
        "{} takes more than {} MiB at its start; its limit is {shown}",
        text(one.doc, "/image"),
        row.starves_at
    );
    let field = "resources.limits.memory";
    let found = Candidate::documented(estate, one, ("memory_limit_too_low", field), words)?;
    Some(
        found
            .value("value", shown)
            .value("value_right", format!("{}Mi", row.starves_at * 2)),
    )
}

/// `runAsNonRoot` of an image whose user has a name, or is root: the kubelet does not start it.
/// Source: pkg/kubelet/kuberuntime/security_context.go, `verifyRunAsNonRoot`.
fn unverified(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let asked = one.security("runAsNonRoot") == Some(&Value::Bool(true));
    if !asked || one.user().is_some() {
        return None;
    }
    let words = match one.known()?.user {
        User::Named(name) => format!(
            "container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root"
        ),
        User::Root => "container has runAsNonRoot and image will run as root".to_owned(),
        User::Unknown | User::Number => return None,
    };
    let field = "securityContext.runAsNonRoot";
    Candidate::documented(estate, one, ("security_context_forbidden", field), words)
}

/// Docker within a container mounts and makes networks.
fn unprivileged(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let image = one.image();
    let is_daemon = image.repository == "docker"
        && image.tag.contains("dind")
        && !image.tag.contains("rootless");
    let privileged = one.doc.pointer("/securityContext/privileged") == Some(&Value::Bool(true));
    (is_daemon && !privileged).then(|| {
        let words = "Docker's daemon mounts and makes networks: without securityContext.privileged it ends at its start";
        let found = Candidate::documented(estate, one, ("capability_missing", "securityContext.privileged"), words.to_owned())?;
        Some(found.value("value", "privileged: true"))
    })?
}

/// Folders in which an image writes at its start, and may not.
fn unwritable(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let row = one.known()?;
    let mounted = |folder: &&&str| {
        one.mount_at(folder).is_some()
            || folder.starts_with("/var/run") && one.mount_at("/run").is_some()
    };
    let missing = row.writes.iter().find(|folder| !mounted(folder))?;
    let image = text(one.doc, "/image");
    let read_only = one.security("readOnlyRootFilesystem") == Some(&Value::Bool(true));
    let other = one.user().is_some_and(|user| user != 0) && row.user == User::Root;
    // These two write as root alone; databases make their folders open to all.
    let as_root = matches!(one.image().repository, "nginx" | "httpd");
    let (id, field, words) = if read_only {
        let words = format!("the root file system is for reading, and {image} writes to {missing}");
        (
            "filesystem_read_only",
            "securityContext.readOnlyRootFilesystem",
            words,
        )
    } else if other && as_root {
        let user = one.user()?;
        let words = format!("user {user} may not write to {missing}, and {image} does");
        (
            "volume_permission_denied",
            "securityContext.runAsUser",
            words,
        )
    } else {
        return None;
    };
    let found = Candidate::documented(estate, one, (id, field), words)?;
    Some(
        found
            .value("value", format!("an emptyDir at {missing}"))
            .value("value_path", *missing),
    )
}

/// Capabilities that images need whose first program runs as root: it gives folders to another user,
/// becomes that user, or opens a port below 1024. Sources: the images' entrypoints.
const POWERS: &[(&str, &[&str])] = &[
    ("nginx", &["CHOWN", "SETGID", "SETUID"]),
    ("httpd", &["NET_BIND_SERVICE", "SETGID", "SETUID"]),
    ("redis", &["SETGID", "SETUID"]),
    ("postgres", &["CHOWN", "SETGID", "SETUID"]),
    ("mysql", &["CHOWN", "SETGID", "SETUID"]),
    ("mariadb", &["CHOWN", "SETGID", "SETUID"]),
    ("mongo", &["CHOWN", "SETGID", "SETUID"]),
];

/// Whether a container drops a capability and does not take it back.
pub(super) fn has_dropped(one: &Container<'_>, name: &str) -> bool {
    let listed = |list: &str, name: &str| {
        let pointer = format!("/securityContext/capabilities/{list}");
        items(one.doc, &pointer)
            .filter_map(Value::as_str)
            .any(|one| one.trim_start_matches("CAP_").eq_ignore_ascii_case(name))
    };
    (listed("drop", "ALL") || listed("drop", name)) && !listed("add", name) && !listed("add", "ALL")
}

/// An image that runs as root without the capabilities that it needs for that.
fn powerless(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let image = one.image();
    let (_, needs) = POWERS
        .iter()
        .find(|(name, _)| image.is_of_library() && *name == image.repository)?;
    let missing: Vec<&str> = needs
        .iter()
        .filter(|name| has_dropped(one, name))
        .copied()
        .collect();
    if missing.is_empty() || one.user().is_some_and(|user| user != 0) {
        return None;
    }
    let value = missing.join(", ");
    let words = format!(
        "{} starts as root and needs {value}, which the container drops",
        image.repository
    );
    let field = "securityContext.capabilities";
    Some(
        Candidate::documented(estate, one, ("capability_missing", field), words)?
            .value("value", value),
    )
}

//! What common images need, by their own documentation: variables without which they end, ports on
//! which alone they listen, folders that they must be able to write.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Proven, Said},
};
use crate::doc::{has, items, number, text};
use crate::estate::Estate;
use aegis_model::bundle::Origin;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    if estate.bundle.origin != Origin::Settled {
        return Vec::new();
    }
    let mut found = Vec::new();
    for at in 0..estate.workloads.len() {
        found.extend(uncredited(estate, at));
        found.extend(placeholder(estate, at));
        found.extend(unpublished(estate, at));
        for container in items(estate.workloads[at].pod_spec, "/containers") {
            found.extend(line_as_program(estate, at, container));
            if is_plain(container) {
                found.extend(unset(estate, at, container));
                found.extend(unwritable(estate, at, container));
                found.extend(powerless(estate, at, container));
                found.extend(elsewhere(estate, at, container));
            }
        }
    }
    found
}

/// The image of a container of the workload at `at` does not exist, and why.
fn no_image(estate: &Estate<'_>, at: usize, container: &Value, why: &str) -> Option<Candidate> {
    let (name, image) = (text(container, "/name"), text(container, "/image"));
    Some(
        alone(Candidate::at_workload("image_missing", estate, at)?)
            .field(format!("spec.template.spec.containers[name={name}].image"))
            .value("value", image)
            .seen(
                Proven,
                "object",
                estate.workloads[at].object.reference(),
                format!("{image} {why}"),
            ),
    )
}

/// An image whose name says that somebody has to fill it in: `yourcompany/app`, `your-registry/app`.
fn placeholder(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    const WORDS: &[&str] = &["your", "changeme", "change-me", "replace-me", "replaceme"];
    let keeper = &estate.workloads[at];
    let container = items(keeper.pod_spec, "/containers").find(|container| {
        let image = text(container, "/image").to_ascii_lowercase();
        let first = image.split(['/', ':']).next().unwrap_or_default();
        WORDS.iter().any(|word| first.starts_with(word)) || image.contains(['<', '>', '$'])
    })?;
    no_image(estate, at, container, "is a name to be filled in")
}

/// Words that tags of official images are made of, beside versions. Source: their pages.
const TAG_WORDS: &[&str] = &[
    "latest",
    "stable",
    "mainline",
    "alpine",
    "slim",
    "bookworm",
    "bullseye",
    "buster",
    "trixie",
    "sid",
    "jammy",
    "noble",
    "focal",
    "bionic",
    "xenial",
    "perl",
    "otel",
    "rc",
    "edge",
    "lts",
    "current",
    "musl",
    "glibc",
    "uclibc",
    "management",
    "fpm",
    "apache",
    "cli",
    "zts",
    "jdk",
    "jre",
    "debian",
    "oracle",
    "oraclelinux",
    "ubi",
    "innovation",
    "unstable",
    "rolling",
    "devel",
    "testing",
    "oldstable",
    "stretch",
    "krypton",
    "jod",
    "iron",
    "hydrogen",
    "gallium",
    "ltsc",
    "windowsservercore",
    "nanoserver",
    "php",
    "onbuild",
    "experimental",
];

/// An official image with a tag that is neither a version nor one of the words that its tags are made of.
fn unpublished(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let families: Vec<&str> = PORTS.iter().map(|(name, _)| *name).collect();
    let keeper = &estate.workloads[at];
    let container = items(keeper.pod_spec, "/containers").find(|container| {
        let known = official(container).is_some_and(|name| {
            families.contains(&name) || matches!(name, "busybox" | "alpine" | "python" | "node")
        });
        let image = text(container, "/image");
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        known && !image.contains('@') && tag.is_some_and(|tag| !is_tag(tag))
    })?;
    let why = "is none of the tags that this official image has";
    no_image(estate, at, container, why)
}

fn is_tag(tag: &str) -> bool {
    let first = tag.split(['-', '_', '.']).next().unwrap_or(tag);
    first.bytes().any(|byte| byte.is_ascii_digit()) || TAG_WORDS.contains(&first)
}

/// A pull secret that is not there.
fn uncredited(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let gone = items(keeper.pod_spec, "/imagePullSecrets")
        .map(|one| text(one, "/name"))
        .find(|name| {
            estate
                .find("Secret", keeper.object.namespace, name)
                .is_none()
        })?;
    let words = format!("it names the pull secret {gone}, which does not exist");
    let found = Candidate::at_workload("image_pull_secret_missing", estate, at)?;
    Some(
        alone(found)
            .field("spec.template.spec.imagePullSecrets")
            .seen(Proven, "object", keeper.object.reference(), words),
    )
}

/// Whether a container runs what its image runs, as it comes.
fn is_plain(container: &Value) -> bool {
    !has(container, "/command") && !has(container, "/args")
}

/// The repository of an official image: `nginx` of `docker.io/library/nginx:1.27`.
fn official(container: &Value) -> Option<&str> {
    let image = text(container, "/image");
    let name = image.split('@').next().unwrap_or(image);
    let name = name
        .trim_start_matches("docker.io/")
        .trim_start_matches("library/");
    let name = name.split(':').next().unwrap_or(name);
    (!name.contains('/') && !name.is_empty()).then_some(name)
}

/// Images that end at their first start where none of these variables is set.
/// Sources: the images' pages, "Environment Variables".
const NEEDS: &[(&str, &[&str])] = &[
    (
        "mysql",
        &[
            "MYSQL_ROOT_PASSWORD",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "MYSQL_RANDOM_ROOT_PASSWORD",
        ],
    ),
    (
        "mariadb",
        &[
            "MARIADB_ROOT_PASSWORD",
            "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
            "MARIADB_RANDOM_ROOT_PASSWORD",
            "MYSQL_ROOT_PASSWORD",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "MYSQL_RANDOM_ROOT_PASSWORD",
            "MARIADB_ROOT_PASSWORD_HASH",
        ],
    ),
    (
        "postgres",
        &["POSTGRES_PASSWORD", "POSTGRES_HOST_AUTH_METHOD"],
    ),
];

fn unset(estate: &Estate<'_>, at: usize, container: &Value) -> Option<Candidate> {
    let image = official(container)?;
    let (_, needs) = NEEDS.iter().find(|(name, _)| *name == image)?;
    let given = items(container, "/env").any(|one| {
        let name = text(one, "/name");
        needs.contains(&name.trim_end_matches("_FILE"))
    });
    let whole = items(container, "/envFrom").next().is_some();
    if given || whole {
        return None;
    }
    let name = text(container, "/name");
    let words = format!(
        "{image} ends at its first start where none of {} is set",
        needs.join(", ")
    );
    Some(
        alone(Candidate::at_workload("variable_missing", estate, at)?)
            .field(format!("spec.template.spec.containers[name={name}].env"))
            .value("value", needs[0])
            .seen(
                Said,
                "object",
                estate.workloads[at].object.reference(),
                words,
            ),
    )
}

/// What is read off the image alone: no symptom is asked for.
fn alone(mut candidate: Candidate) -> Candidate {
    candidate.hurts.clear();
    candidate
}

/// Folders in which nginx writes at its start. Source: the image's page, "Running nginx in
/// read-only mode", "Running nginx as a non-root user".
const WRITTEN: &[&str] = &["/var/cache/nginx", "/var/run"];

fn unwritable(estate: &Estate<'_>, at: usize, container: &Value) -> Option<Candidate> {
    if official(container)? != "nginx" {
        return None;
    }
    let pod = estate.workloads[at].pod_spec;
    let own = |field: &str| {
        let pointer = format!("/securityContext/{field}");
        let value = container.pointer(&pointer);
        value.or_else(|| pod.pointer(&pointer)).cloned()
    };
    let read_only = own("readOnlyRootFilesystem") == Some(Value::Bool(true));
    let user = own("runAsUser").and_then(|user| user.as_i64());
    let mounted = |folder: &&&str| {
        items(container, "/volumeMounts").any(|mount| {
            let path = text(mount, "/mountPath").trim_end_matches('/');
            path == **folder || folder.starts_with(&format!("{path}/")) || path == "/run"
        })
    };
    let missing = WRITTEN.iter().find(|folder| !mounted(folder))?;
    let (id, field, words) = if read_only {
        (
            "filesystem_read_only",
            "securityContext.readOnlyRootFilesystem",
            format!("the root filesystem is read-only, and nginx writes to {missing}"),
        )
    } else if user.is_some_and(|user| user != 0) {
        (
            "volume_permission_denied",
            "securityContext.runAsUser",
            format!("user {} may not write to {missing}, and nginx does", user?),
        )
    } else {
        return None;
    };
    let name = text(container, "/name");
    Some(
        alone(Candidate::at_workload(id, estate, at)?)
            .field(format!(
                "spec.template.spec.containers[name={name}].{field}"
            ))
            .value("value", format!("an emptyDir at {missing}"))
            .seen(
                Said,
                "object",
                estate.workloads[at].object.reference(),
                words,
            ),
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

/// An image that runs as root without the capabilities that it needs for that.
fn powerless(estate: &Estate<'_>, at: usize, container: &Value) -> Option<Candidate> {
    let image = official(container)?;
    let (_, needs) = POWERS.iter().find(|(name, _)| *name == image)?;
    let pod = estate.workloads[at].pod_spec;
    let user = number(container, "/securityContext/runAsUser")
        .or_else(|| number(pod, "/securityContext/runAsUser"));
    let listed = |list: &str, name: &str| {
        let pointer = format!("/securityContext/capabilities/{list}");
        items(container, &pointer)
            .filter_map(Value::as_str)
            .any(|one| one.trim_start_matches("CAP_").eq_ignore_ascii_case(name))
    };
    let lost = |name: &&&str| {
        (listed("drop", "ALL") || listed("drop", name))
            && !listed("add", name)
            && !listed("add", "ALL")
    };
    let missing: Vec<&str> = needs.iter().filter(lost).copied().collect();
    if missing.is_empty() || user.is_some_and(|user| user != 0) {
        return None;
    }
    let (name, value) = (text(container, "/name"), missing.join(", "));
    let words = format!("{image} starts as root and needs {value}, which the container drops");
    Some(
        alone(Candidate::at_workload("capability_missing", estate, at)?)
            .field(format!(
                "spec.template.spec.containers[name={name}].securityContext.capabilities"
            ))
            .value("value", value)
            .seen(
                Said,
                "object",
                estate.workloads[at].object.reference(),
                words,
            ),
    )
}

/// Ports on which images listen as they come, and on no others.
/// Sources: the images' pages and default configurations.
const PORTS: &[(&str, &[i64])] = &[
    ("nginx", &[80]),
    ("httpd", &[80]),
    ("redis", &[6379]),
    ("memcached", &[11211]),
    ("postgres", &[5432]),
    ("mysql", &[3306]),
    ("mariadb", &[3306]),
    ("mongo", &[27017]),
];

/// Whether a container mounts more than what the API server adds.
fn is_mounted(container: &Value) -> bool {
    let mut mounts = items(container, "/volumeMounts").map(|mount| text(mount, "/mountPath"));
    mounts.any(|path| !path.starts_with("/var/run/secrets/"))
}

/// The ports on which a container listens whose image is known and runs as it comes.
pub(super) fn listens_on(container: &Value) -> Option<&'static [i64]> {
    let configured = is_mounted(container) || items(container, "/envFrom").next().is_some();
    let image = official(container).filter(|_| is_plain(container) && !configured)?;
    let found = PORTS.iter().find(|(name, _)| *name == image);
    found.map(|(_, ports)| *ports)
}

/// A Service, or a probe, that asks such an image on another port.
fn elsewhere(estate: &Estate<'_>, at: usize, container: &Value) -> Option<Candidate> {
    let image = official(container)?;
    let (_, ports) = PORTS.iter().find(|(name, _)| *name == image)?;
    let configured = is_mounted(container)
        || ["/envFrom", "/env"]
            .iter()
            .any(|list| items(container, list).next().is_some());
    let only = items(estate.workloads[at].pod_spec, "/containers").count() == 1;
    if configured || !only {
        return None;
    }
    let reference = estate.workloads[at].object.reference();
    let listens = |port: &Value| resolved(port, container).is_none_or(|port| ports.contains(&port));
    let words = |port: i64| format!("{image} listens on {} as it comes, not on {port}", ports[0]);
    // Where it declares the port too, somebody may have built an image of that name for it.
    let declares = |port: i64| {
        items(container, "/ports").any(|one| number(one, "/containerPort") == Some(port))
    };
    let weight = |port: i64| if declares(port) { Proven } else { Said };
    for service in estate.services_of(at) {
        let asked = items(service.doc, "/spec/ports")
            .filter_map(|port| port.get("targetPort").or_else(|| port.get("port")))
            .find(|port| !listens(port));
        if let Some(port) = asked.and_then(|port| resolved(port, container)) {
            let mut found = alone(Candidate::at_workload(
                "service_target_port_wrong",
                estate,
                at,
            )?);
            found.object = service.reference();
            return Some(
                found
                    .field("spec.ports[].targetPort")
                    .value("service", service.name)
                    .value("value", port.to_string())
                    .seen(weight(port), "object", reference, words(port)),
            );
        }
    }
    let misasked = misasked(container, image);
    let name = text(container, "/name");
    if let Some((probe, id, words)) = misasked {
        return Some(
            alone(Candidate::at_workload(id, estate, at)?)
                .field(format!(
                    "spec.template.spec.containers[name={name}].{probe}"
                ))
                .seen(Said, "object", reference, words),
        );
    }
    probed(container, &listens).and_then(|(probe, id, port)| {
        let name = text(container, "/name");
        Some(
            alone(Candidate::at_workload(id, estate, at)?)
                .field(format!(
                    "spec.template.spec.containers[name={name}].{probe}"
                ))
                .value("value", port.to_string())
                .seen(weight(port), "object", reference, words(port)),
        )
    })
}

/// Images that do not speak HTTP. Mongo answers it, to say that it does not.
const NOT_HTTP: &[&str] = &["redis", "memcached", "postgres", "mysql", "mariadb"];

/// A probe in another protocol than an image speaks as it comes.
fn misasked(container: &Value, image: &str) -> Option<(&'static str, &'static str, String)> {
    const PROBES: &[(&str, &str)] = &[
        ("livenessProbe", "liveness_probe_wrong_protocol"),
        ("startupProbe", "liveness_probe_wrong_protocol"),
        ("readinessProbe", "readiness_probe_wrong_protocol"),
    ];
    PROBES.iter().find_map(|(probe, id)| {
        let get = container.pointer(&format!("/{probe}/httpGet"))?;
        let secure = text(get, "/scheme") == "HTTPS";
        let words = match image {
            _ if NOT_HTTP.contains(&image) => format!("{image} does not speak HTTP"),
            "nginx" | "httpd" if secure => format!("{image} speaks no TLS as it comes"),
            _ => return None,
        };
        Some((*probe, *id, words))
    })
}

/// A command whose first word is a whole line: there is no program of that name.
fn line_as_program(estate: &Estate<'_>, at: usize, container: &Value) -> Option<Candidate> {
    let first = text(container, "/command/0");
    let line = first.trim();
    if !line.contains(' ') || line.contains(['$', '\n']) {
        return None;
    }
    let name = text(container, "/name");
    let words = format!("exec: \"{line}\": executable file not found: it is a line, not a program");
    let reference = estate.workloads[at].object.reference();
    Some(
        alone(Candidate::at_workload("command_wrong", estate, at)?)
            .field(format!(
                "spec.template.spec.containers[name={name}].command"
            ))
            .seen(Said, "object", reference.clone(), words)
            .seen(
                Proven,
                "object",
                reference,
                "words of a command stand apart",
            ),
    )
}

fn probed(
    container: &Value,
    listens: &dyn Fn(&Value) -> bool,
) -> Option<(&'static str, &'static str, i64)> {
    const PROBES: &[(&str, &str)] = &[
        ("livenessProbe", "liveness_probe_wrong_port"),
        ("startupProbe", "liveness_probe_wrong_port"),
        ("readinessProbe", "readiness_probe_wrong_port"),
    ];
    PROBES.iter().find_map(|(probe, id)| {
        let spec = container.get(*probe)?;
        let port = spec
            .pointer("/httpGet/port")
            .or_else(|| spec.pointer("/tcpSocket/port"))?;
        let wrong = !listens(port);
        wrong.then(|| Some((*probe, *id, resolved(port, container)?)))?
    })
}

/// A port by its number, or by the name that the container gives it.
fn resolved(port: &Value, container: &Value) -> Option<i64> {
    let by_name = |name: &str| {
        let mut ports = items(container, "/ports");
        ports
            .find(|port| text(port, "/name") == name)
            .and_then(|port| number(port, "/containerPort"))
    };
    port.as_i64()
        .or_else(|| port.as_str()?.parse().ok())
        .or_else(|| by_name(port.as_str()?))
}

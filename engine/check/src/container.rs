//! Containers.

use super::findings::Findings;
use super::{item, names};
use aegis_model::FieldPath;
use aegis_model::kubernetes::{Container, ContainerPort, EnvVar, IntOrString, Probe};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// A container at `path`.
pub fn container(container: &Container, path: &FieldPath, findings: &mut Findings) {
    names::label(&container.name, &path.key("name"), findings);
    if container.image.trim().is_empty() {
        findings.required(&path.key("image"), "");
    } else if container.image.trim() != container.image {
        let detail = "must not have leading or trailing whitespace";
        findings.invalid(&path.key("image"), container.image.as_str(), detail);
    }
    let policy = container.image_pull_policy.as_deref().unwrap_or_default();
    let policies = ["Always", "IfNotPresent", "Never"];
    findings.one_of(&path.key("imagePullPolicy"), policy, &policies);
    ports(&container.ports, &path.key("ports"), findings);
    environment(&container.env, &path.key("env"), findings);
    resources(container, &path.key("resources"), findings);
    probes(container, path, findings);
    let mounts = container.volume_mounts.iter();
    findings.unique(mounts.map(|mount| mount.mount_path.as_str()), |index| {
        item(&path.key("volumeMounts"), index).key("mountPath")
    });
}

fn ports(ports: &[ContainerPort], path: &FieldPath, findings: &mut Findings) {
    let named = ports
        .iter()
        .map(|port| port.name.as_deref().unwrap_or_default());
    findings.unique(named, |index| item(path, index).key("name"));
    for (index, port) in ports.iter().enumerate() {
        let at = item(path, index);
        if port.container_port == 0 {
            findings.required(&at.key("containerPort"), "");
        }
        if let Some(name) = &port.name {
            port_name(name, &at.key("name"), findings);
        }
        let protocol = port.protocol.as_deref().unwrap_or_default();
        findings.one_of(&at.key("protocol"), protocol, &PROTOCOLS);
    }
}

/// A port's name by RFC 6335, 5.1.
pub fn port_name(name: &str, path: &FieldPath, findings: &mut Findings) {
    if name.len() > 15 {
        findings.invalid(path, name, "must be no more than 15 characters");
    }
    if !names::is_label(name) {
        let detail = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        findings.invalid(path, name, detail);
    }
    if !name.contains(|c: char| c.is_ascii_lowercase()) {
        findings.invalid(path, name, "must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        findings.invalid(path, name, "must not contain consecutive hyphens");
    }
}

/// A port by number or name.
pub fn port(port: &IntOrString, path: &FieldPath, findings: &mut Findings) {
    match port {
        IntOrString::Int(number) if !(1..=65535).contains(number) => {
            findings.invalid(path, *number, "must be between 1 and 65535, inclusive");
        }
        IntOrString::Text(name) => port_name(name, path, findings),
        IntOrString::Int(_) => {}
    }
}

fn environment(env: &[EnvVar], path: &FieldPath, findings: &mut Findings) {
    for (index, variable) in env.iter().enumerate() {
        let at = item(path, index);
        if variable.name.is_empty() {
            findings.required(&at.key("name"), "");
        } else if variable.name.contains('=') {
            let detail = "a valid environment variable name must consist only of printable ASCII characters other than '='";
            findings.invalid(&at.key("name"), variable.name.as_str(), detail);
        }
        let literal = variable
            .value
            .as_deref()
            .is_some_and(|value| !value.is_empty());
        if literal && variable.value_from.is_some() {
            let detail = "may not be specified when `value` is not empty";
            findings.invalid(&at.key("valueFrom"), "", detail);
        }
    }
}

/// Amounts must not be negative, and a request not above its limit.
fn resources(container: &Container, path: &FieldPath, findings: &mut Findings) {
    let resources = &container.resources;
    for (list, key) in [
        (&resources.limits, "limits"),
        (&resources.requests, "requests"),
    ] {
        for (name, amount) in &list.0 {
            if amount.milli < 0 {
                let at = path.key(key).key(name);
                findings.invalid(
                    &at,
                    amount.to_string(),
                    "must be greater than or equal to 0",
                );
            }
        }
    }
    for (name, request) in &resources.requests.0 {
        let Some(limit) = resources.limits.get(name).filter(|limit| request > limit) else {
            continue;
        };
        let detail = format!("must be less than or equal to {name} limit of {limit}");
        findings.invalid(&path.key("requests"), request.to_string(), &detail);
    }
}

fn probes(container: &Container, path: &FieldPath, findings: &mut Findings) {
    let probes = [
        (&container.liveness_probe, "livenessProbe", Some(1)),
        (&container.readiness_probe, "readinessProbe", None),
        (&container.startup_probe, "startupProbe", Some(1)),
    ];
    for (found, key, successes) in probes {
        let Some(found) = found else { continue };
        let at = path.key(key);
        probe(found, &at, findings);
        if successes.is_some_and(|only| found.success_threshold != only) {
            findings.invalid(
                &at.key("successThreshold"),
                found.success_threshold,
                "must be 1",
            );
        }
    }
}

fn probe(probe: &Probe, path: &FieldPath, findings: &mut Findings) {
    let ports = [
        ("httpGet", probe.http_get.as_ref().map(|get| &get.port)),
        (
            "tcpSocket",
            probe.tcp_socket.as_ref().map(|socket| &socket.port),
        ),
        ("grpc", probe.grpc.as_ref().map(|grpc| &grpc.port)),
    ];
    let handlers = ports.iter().filter(|(_, port)| port.is_some()).count();
    match handlers + usize::from(probe.exec.is_some()) {
        0 => findings.required(path, "must specify a handler type"),
        1 => {}
        _ => findings.forbidden(path, "may not specify more than 1 handler type"),
    }
    for (handler, found) in ports {
        if let Some(found) = found {
            port(found, &path.key(handler).key("port"), findings);
        }
    }
    if probe
        .exec
        .as_ref()
        .is_some_and(|exec| exec.command.is_empty())
    {
        findings.required(&path.key("exec").key("command"), "");
    }
}

/// What may not stand on an init container that is no sidecar.
pub fn init(container: &Container, path: &FieldPath, findings: &mut Findings) {
    let sidecar = container.restart_policy == Some(aegis_model::kubernetes::RestartPolicy::Always);
    let probes = [
        (&container.liveness_probe, "livenessProbe"),
        (&container.readiness_probe, "readinessProbe"),
        (&container.startup_probe, "startupProbe"),
    ];
    for (_, key) in probes
        .iter()
        .filter(|(probe, _)| probe.is_some() && !sidecar)
    {
        let detail = "may not be set for init containers without restartPolicy=Always";
        findings.forbidden(&path.key(key), detail);
    }
}

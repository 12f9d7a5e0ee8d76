//! What kubelets say. Texts: pkg/kubelet (events/event.go, kuberuntime, images, prober, lifecycle) of 1.34.

use aegis_cluster::reach::pod_address;
use aegis_cluster::workings::{Answered, ProbeRecipe, Reference, ReferenceKind, User};
use aegis_model::objects::Pod;
use alloc::format;
use alloc::string::String;

/// SplitMix64's finaliser, as printing uses it for uids.
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `metadata.uid` of a pod, as it is printed.
fn uid(number: u32) -> String {
    let (a, b) = (mix(u64::from(number)), mix(!u64::from(number)));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        8 | (b >> 62),
        (b >> 48) & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

fn full_name(pod: &Pod) -> String {
    format!("{}_{}({})", pod.name, pod.namespace, uid(pod.number))
}

pub(super) fn back_off_event(container: &str, pod: &Pod) -> String {
    let pod = full_name(pod);
    format!("Back-off restarting failed container {container} in pod {pod}")
}

pub(super) fn back_off_status(container: &str, pod: &Pod, delay: u32) -> String {
    let pod = full_name(pod);
    let delay = duration(delay);
    format!("back-off {delay} restarting failed container={container} pod={pod}")
}

/// Seconds as Go prints a duration.
fn duration(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

pub(super) fn pulled(image: &str, milliseconds: u32, size: u64) -> String {
    let (whole, part) = (milliseconds / 1000, milliseconds % 1000);
    let time = match whole {
        0 => format!("{part}ms"),
        _ => format!(
            "{}s",
            format!("{whole}.{part:03}")
                .trim_end_matches('0')
                .trim_end_matches('.')
        ),
    };
    format!(
        "Successfully pulled image \"{image}\" in {time} ({time} including waiting). Image size: {size} bytes."
    )
}

/// An image's name in full, as the runtime resolves it.
fn full_image(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = match last.contains(':') || image.contains('@') {
        true => "",
        false => ":latest",
    };
    match name.split_once('/') {
        None => format!("docker.io/library/{image}{tag}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => {
            format!("{image}{tag}")
        }
        Some(_) => format!("docker.io/{image}{tag}"),
    }
}

/// What the container runtime says of an image that cannot be had.
pub(super) fn pull_error(image: &str) -> String {
    let full = full_image(image);
    let unpacked = format!(
        "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\""
    );
    if !super::images::is_of_unknown_registry(image) {
        return format!("rpc error: code = NotFound desc = {unpacked}: {full}: not found");
    }
    let (host, path) = full.split_once('/').unwrap_or(("", &full));
    let (path, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
    format!(
        "{unpacked}: failed to do request: Head \"https://{host}/v2/{path}/manifests/{tag}\": dial tcp: lookup {host}: no such host"
    )
}

pub(super) fn pull_failed(image: &str) -> String {
    let error = pull_error(image);
    format!("Failed to pull image \"{image}\": {error}")
}

/// Why a name of an image cannot be read: the distribution project's reference grammar.
pub(super) fn bad_name(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let host = name
        .split_once('/')
        .filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost");
    let rest = host.map_or(name, |(_, rest)| rest);
    let rest = rest.split(':').next().unwrap_or(rest);
    let official = host.is_none() && !rest.contains('/');
    let detail = match (rest.chars().any(char::is_uppercase), official) {
        (true, true) => format!(": repository name (library/{rest}) must be lowercase"),
        (true, false) => format!(": repository name ({rest}) must be lowercase"),
        (false, _) => String::new(),
    };
    format!(
        "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid reference format{detail}"
    )
}

/// What containerd and runc say of a program that is not there.
pub(super) fn start_error(program: &str) -> String {
    let why = match program.contains('/') {
        true => format!("stat {program}: no such file or directory"),
        false => "executable file not found in $PATH".into(),
    };
    format!(
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"{program}\": {why}: unknown"
    )
}

/// Why a container may not run as its user. Source: pkg/kubelet/kuberuntime/security_context.go.
pub(super) fn refused_user(user: User, container: &str, pod: &Pod) -> Option<String> {
    let pod = full_name(pod);
    let why = match user {
        User::Fits => return None,
        User::ImageIsRoot => "container has runAsNonRoot and image will run as root",
        User::IsRoot => "container's runAsUser breaks non-root policy",
    };
    Some(format!("{why} (pod: \"{pod}\", container: {container})"))
}

/// A key that a volume must have and that is not there.
pub(super) fn missing_item(kind: ReferenceKind, key: &str) -> String {
    match kind {
        ReferenceKind::ConfigMap => format!("configmap references non-existent config key: {key}"),
        ReferenceKind::Secret => format!("references non-existent secret key: {key}"),
    }
}

/// An object that is missing, in the words of container configuration.
pub(super) fn missing_object(reference: &Reference) -> String {
    let kind = match reference.kind {
        ReferenceKind::ConfigMap => "configmap",
        ReferenceKind::Secret => "secret",
    };
    format!("{kind} \"{}\" not found", reference.name)
}

/// A key that is missing in an object that is there.
pub(super) fn missing_key(reference: &Reference, namespace: &str) -> String {
    let kind = match reference.kind {
        ReferenceKind::ConfigMap => "ConfigMap",
        ReferenceKind::Secret => "Secret",
    };
    let Reference { name, key, .. } = reference;
    format!("couldn't find key {key} in {kind} {namespace}/{name}")
}

fn scheme_of(recipe: &ProbeRecipe, address: &str) -> String {
    let get = recipe.probe.http_get.as_ref();
    let path = get.and_then(|get| get.path.as_deref()).unwrap_or("/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("http://{address}{slash}{path}")
}

/// Why a probe failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its command ended with a status that is not 0, and printed this.
    Said(String),
    /// Nothing listens.
    Refused,
    /// The answer came too late.
    TooLate,
    /// The answer was an error.
    Answered(u16),
}

/// Output of a failed probe.
pub(super) fn probe_output(recipe: &ProbeRecipe, pod: &Pod, failure: Failure) -> String {
    let address = format!("{}:{}", pod_address(pod.number), recipe.port);
    let probe = &recipe.probe;
    let timeout = probe.timeout_seconds;
    if let Some(exec) = &probe.exec {
        let command = exec.command.join(" ");
        return match failure {
            Failure::TooLate => {
                format!("command timed out: \"{command}\" timed out after {timeout}s")
            }
            Failure::Said(output) => output,
            _ => String::new(),
        };
    }
    if probe.http_get.is_some() {
        let url = scheme_of(recipe, &address);
        return match failure {
            Failure::Answered(code) => format!("HTTP probe failed with statuscode: {code}"),
            Failure::Refused => {
                format!("Get \"{url}\": dial tcp {address}: connect: connection refused")
            }
            Failure::Said(output) => output,
            Failure::TooLate => format!(
                "Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            ),
        };
    }
    if probe.grpc.is_some() {
        return match failure {
            Failure::Answered(_) => "service unhealthy (responded with \"NOT_SERVING\")".into(),
            _ => format!(
                "timeout: failed to connect service \"{address}\" within {timeout}s: context deadline exceeded"
            ),
        };
    }
    match failure {
        Failure::TooLate => format!("dial tcp {address}: i/o timeout"),
        _ => format!("dial tcp {address}: connect: connection refused"),
    }
}

/// The failure that this probe sees where an error is all that is known.
pub(super) fn failure_of(recipe: &ProbeRecipe) -> Failure {
    match recipe.answered {
        Answered::ByNobody => Failure::Refused,
        Answered::NotFound => Failure::Answered(404),
        _ => Failure::Answered(503),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_as_go_prints_them() {
        assert_eq!(duration(10), "10s");
        assert_eq!(duration(80), "1m20s");
        assert_eq!(duration(300), "5m0s");
        assert!(
            pulled("a", 1234, 7)
                .contains("in 1.234s (1.234s including waiting). Image size: 7 bytes.")
        );
        assert!(pulled("a", 250, 7).contains("in 250ms"));
    }

    #[test]
    fn references_that_are_missing_are_named() {
        let reference = Reference {
            kind: ReferenceKind::ConfigMap,
            name: "app".into(),
            key: "mode".into(),
        };
        assert_eq!(missing_object(&reference), "configmap \"app\" not found");
        let text = "couldn't find key mode in ConfigMap shop/app";
        assert_eq!(missing_key(&reference, "shop"), text);
    }
}

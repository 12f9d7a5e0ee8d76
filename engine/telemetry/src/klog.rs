//! Log lines of Kubernetes' own components, as klog formats them.
//!
//! Each is the line that the component prints where it records the Event that is given: what the
//! scheduler says of a pod that fits nowhere, the kubelet of a probe that fails. Names of messages and
//! keys: pkg/scheduler/schedule_one.go, pkg/kubelet (prober, pod_workers, kuberuntime, eviction) and
//! client-go's event recorder, which the controllers' lines come from. A line number of a source
//! file is that of no release: it is 0.

use aegis_model::kubernetes::ObjectRef;
use aegis_model::objects::Severity;

/// An Event at the moment at which it was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// When, RFC 3339 in UTC.
    pub at: &'a str,
    /// `source.component`.
    pub component: &'a str,
    /// `type`.
    pub severity: Severity,
    /// `reason`.
    pub reason: &'a str,
    /// `message`.
    pub message: &'a str,
    /// `involvedObject`.
    pub object: &'a ObjectRef,
    /// Its `apiVersion`.
    pub api_version: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// Why a container of the pod waits, in the kubelet's words.
    pub waits: &'a str,
}

/// How bad a line is.
#[derive(Clone, Copy)]
enum Level {
    Info,
    Warning,
    Error,
}

/// The line that a component prints; `None` where it prints none at its usual verbosity.
#[must_use]
pub fn line(event: &Recorded<'_>) -> Option<String> {
    match event.component {
        "default-scheduler" => scheduler(event),
        "kubelet" => kubelet(event),
        _ => Some(occurred(event)),
    }
}

fn headed(event: &Recorded<'_>, level: Level, file: &str, text: &str) -> String {
    let letter = match level {
        Level::Info => 'I',
        Level::Warning => 'W',
        Level::Error => 'E',
    };
    let part = |range: std::ops::Range<usize>| event.at.get(range).unwrap_or_default();
    let (month, day, time) = (part(5..7), part(8..10), part(11..19));
    format!("{letter}{month}{day} {time}.000000       1 {file}:0] {text}")
}

/// A text in quotes, as Go's `%q` has it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

/// `namespace/name`, or the name alone.
fn named(object: &ObjectRef) -> String {
    if object.namespace.is_empty() {
        quoted(&object.name)
    } else {
        quoted(&format!("{}/{}", object.namespace, object.name))
    }
}

fn scheduler(event: &Recorded<'_>) -> Option<String> {
    let pod = named(event.object);
    let text = match event.reason {
        "FailedScheduling" => {
            let err = quoted(event.message);
            format!("\"Unable to schedule pod; no fit; waiting\" pod={pod} err={err}")
        }
        "Scheduled" => {
            let (_, node) = event.message.rsplit_once(" to ")?;
            format!(
                "\"Successfully bound pod to node\" pod={pod} node={}",
                quoted(node)
            )
        }
        _ => return None,
    };
    Some(headed(event, Level::Info, "schedule_one.go", &text))
}

fn kubelet(event: &Recorded<'_>) -> Option<String> {
    let pod = format!("pod={} podUID={}", named(event.object), quoted(event.uid));
    let (level, file, text) = match event.reason {
        "Unhealthy" => (Level::Info, "prober.go", probe(event, &pod)?),
        "BackOff" => (Level::Error, "pod_workers.go", back_off(event, &pod)),
        "Failed" => (Level::Error, "log.go", pull(event)?),
        "Killing" => {
            let container = container_of(event.message);
            let text = format!(
                "\"Killing container with a grace period\" {pod} containerName={container}"
            );
            (Level::Info, "kuberuntime_container.go", text)
        }
        "FailedMount" => {
            let err = quoted(event.message);
            let text = format!(
                "\"Unable to attach or mount volumes for pod; skipping pod\" err={err} {pod}"
            );
            (Level::Error, "kubelet.go", text)
        }
        "Evicted" => {
            let text = format!(
                "\"Eviction manager: pod is evicted successfully\" pod={}",
                named(event.object)
            );
            (Level::Info, "eviction_manager.go", text)
        }
        "EvictionThresholdMet" => {
            let text =
                "\"Eviction manager: attempting to reclaim\" resourceName=\"memory\"".to_owned();
            (Level::Warning, "eviction_manager.go", text)
        }
        "SystemOOM" => {
            let text = format!("\"Got sys oom event\" event={}", quoted(event.message));
            (Level::Info, "oom_watcher_linux.go", text)
        }
        _ => return None,
    };
    Some(headed(event, level, file, &text))
}

/// `Readiness probe failed: output`.
fn probe(event: &Recorded<'_>, pod: &str) -> Option<String> {
    let (kind, output) = event.message.split_once(" probe failed: ")?;
    let (kind, output) = (quoted(kind), quoted(output));
    Some(format!(
        "\"Probe failed\" probeType={kind} {pod} probeResult=\"failure\" output={output}"
    ))
}

/// A container or an image that is waited for.
fn back_off(event: &Recorded<'_>, pod: &str) -> String {
    let reason = if event.message.contains("pulling image") {
        "ImagePullBackOff"
    } else {
        "CrashLoopBackOff"
    };
    let why = if event.waits.is_empty() {
        event.message
    } else {
        event.waits
    };
    let container = container_of(event.message);
    let err = format!(
        "failed to \"StartContainer\" for {container} with {reason}: {}",
        quoted(why)
    );
    format!("\"Error syncing pod, skipping\" err={} {pod}", quoted(&err))
}

/// `Failed to pull image "name": why`.
fn pull(event: &Recorded<'_>) -> Option<String> {
    let rest = event.message.strip_prefix("Failed to pull image \"")?;
    let (image, why) = rest.split_once("\": ")?;
    let (image, err) = (quoted(image), quoted(why));
    Some(format!(
        "\"PullImage from image service failed\" err={err} image={image}"
    ))
}

/// The container that a message names: `… container server in pod …`, `Container server failed …`.
fn container_of(message: &str) -> String {
    let mut words = message.split(' ');
    let found = words.find(|word| word.eq_ignore_ascii_case("container"));
    quoted(found.and_then(|_| words.next()).unwrap_or_default())
}

/// What client-go's recorder prints for a controller.
fn occurred(event: &Recorded<'_>) -> String {
    let object = event.object;
    let kind = match event.severity {
        Severity::Normal => "Normal",
        Severity::Warning => "Warning",
    };
    let text = format!(
        "\"Event occurred\" object={} fieldPath=\"\" kind={} apiVersion={} type=\"{kind}\" reason={} message={}",
        named(object),
        quoted(object.kind.as_str()),
        quoted(event.api_version),
        quoted(event.reason),
        quoted(event.message),
    );
    headed(event, Level::Info, "event.go", &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::kubernetes::Kind;

    fn said(component: &str, reason: &str, message: &str, waits: &str) -> Option<String> {
        line(&Recorded {
            at: "2025-01-01T00:03:20Z",
            component,
            severity: Severity::Warning,
            reason,
            message,
            object: &ObjectRef::new(Kind::Pod, "shop", "cart-0"),
            api_version: "v1",
            uid: "u-1",
            waits,
        })
    }

    #[test]
    fn each_component_speaks_in_its_own_words() {
        let cases = [
            (
                said(
                    "default-scheduler",
                    "FailedScheduling",
                    "0/1 nodes are available: 1 Insufficient cpu.",
                    "",
                ),
                r#"I0101 00:03:20.000000       1 schedule_one.go:0] "Unable to schedule pod; no fit; waiting" pod="shop/cart-0" err="0/1 nodes are available: 1 Insufficient cpu.""#,
            ),
            (
                said(
                    "kubelet",
                    "Unhealthy",
                    "Readiness probe failed: connection refused",
                    "",
                ),
                r#"I0101 00:03:20.000000       1 prober.go:0] "Probe failed" probeType="Readiness" pod="shop/cart-0" podUID="u-1" probeResult="failure" output="connection refused""#,
            ),
            (
                said(
                    "kubelet",
                    "BackOff",
                    "Back-off restarting failed container server in pod cart-0_shop(u-1)",
                    "back-off 10s restarting failed container=server",
                ),
                r#"E0101 00:03:20.000000       1 pod_workers.go:0] "Error syncing pod, skipping" err="failed to \"StartContainer\" for \"server\" with CrashLoopBackOff: \"back-off 10s restarting failed container=server\"" pod="shop/cart-0" podUID="u-1""#,
            ),
            (
                said(
                    "kubelet",
                    "Failed",
                    "Failed to pull image \"a:1\": not found",
                    "",
                ),
                r#"E0101 00:03:20.000000       1 log.go:0] "PullImage from image service failed" err="not found" image="a:1""#,
            ),
            (
                said(
                    "replicaset-controller",
                    "SuccessfulCreate",
                    "Created pod: a",
                    "",
                ),
                r#"I0101 00:03:20.000000       1 event.go:0] "Event occurred" object="shop/cart-0" fieldPath="" kind="Pod" apiVersion="v1" type="Warning" reason="SuccessfulCreate" message="Created pod: a""#,
            ),
        ];
        for (line, wanted) in cases {
            assert_eq!(line.as_deref(), Some(wanted));
        }
        assert_eq!(
            said("kubelet", "Pulled", "Container image present", ""),
            None
        );
    }
}

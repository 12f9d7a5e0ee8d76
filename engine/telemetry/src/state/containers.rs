//! Containers of pods, and init containers, which have families of their own.

use super::read::{fields, flag, items, number, one, quantity, resource, text, time, with};
use crate::family::{Kind, Labels};
use crate::sheet::Sheet;
use serde_json::Value;

/// Where one of the two kinds of containers stands, and how its families are named.
struct Sort {
    spec: &'static str,
    statuses: &'static str,
    info: Name,
    waiting: Name,
    waiting_reason: Name,
    running: Name,
    terminated: Name,
    terminated_reason: Name,
    last_terminated_reason: Name,
    ready: Name,
    restarts: Name,
    requests: Name,
    limits: Name,
}

/// Name and help.
type Name = (&'static str, &'static str);

const MAIN: Sort = Sort {
    spec: "/spec/containers",
    statuses: "/status/containerStatuses",
    info: (
        "kube_pod_container_info",
        "Information about a container in a pod.",
    ),
    waiting: (
        "kube_pod_container_status_waiting",
        "Describes whether the container is currently in waiting state.",
    ),
    waiting_reason: (
        "kube_pod_container_status_waiting_reason",
        "Describes the reason the container is currently in waiting state.",
    ),
    running: (
        "kube_pod_container_status_running",
        "Describes whether the container is currently in running state.",
    ),
    terminated: (
        "kube_pod_container_status_terminated",
        "Describes whether the container is currently in terminated state.",
    ),
    terminated_reason: (
        "kube_pod_container_status_terminated_reason",
        "Describes the reason the container is currently in terminated state.",
    ),
    last_terminated_reason: (
        "kube_pod_container_status_last_terminated_reason",
        "Describes the last reason the container was in terminated state.",
    ),
    ready: (
        "kube_pod_container_status_ready",
        "Describes whether the containers readiness check succeeded.",
    ),
    restarts: (
        "kube_pod_container_status_restarts",
        "The number of container restarts per container.",
    ),
    requests: (
        "kube_pod_container_resource_requests",
        "The number of requested request resource by a container.",
    ),
    limits: (
        "kube_pod_container_resource_limits",
        "The number of requested limit resource by a container.",
    ),
};

const INIT: Sort = Sort {
    spec: "/spec/initContainers",
    statuses: "/status/initContainerStatuses",
    info: (
        "kube_pod_init_container_info",
        "Information about an init container in a pod.",
    ),
    waiting: (
        "kube_pod_init_container_status_waiting",
        "Describes whether the init container is currently in waiting state.",
    ),
    waiting_reason: (
        "kube_pod_init_container_status_waiting_reason",
        "Describes the reason the init container is currently in waiting state.",
    ),
    running: (
        "kube_pod_init_container_status_running",
        "Describes whether the init container is currently in running state.",
    ),
    terminated: (
        "kube_pod_init_container_status_terminated",
        "Describes whether the init container is currently in terminated state.",
    ),
    terminated_reason: (
        "kube_pod_init_container_status_terminated_reason",
        "Describes the reason the init container is currently in terminated state.",
    ),
    last_terminated_reason: (
        "kube_pod_init_container_status_last_terminated_reason",
        "Describes the last reason the init container was in terminated state.",
    ),
    ready: (
        "kube_pod_init_container_status_ready",
        "Describes whether the init containers readiness check succeeded.",
    ),
    restarts: (
        "kube_pod_init_container_status_restarts",
        "The number of restarts for the init container.",
    ),
    requests: (
        "kube_pod_init_container_resource_requests",
        "The number of requested request resource by an init container.",
    ),
    limits: (
        "kube_pod_init_container_resource_limits",
        "The number of requested limit resource by an init container.",
    ),
};

/// Adds the samples of a pod's containers.
pub(super) fn of(pod: &Value, labels: &Labels, sheet: &mut Sheet) {
    for sort in [&MAIN, &INIT] {
        for status in items(pod, sort.statuses) {
            let name = text(status, "/name");
            let spec = items(pod, sort.spec).find(|container| text(container, "/name") == name);
            let labels = with(labels, &[("container", name)]);
            info(sort, status, spec, &labels, sheet);
            states(sort, status, &labels, sheet);
            past(sort, status, &labels, sheet);
        }
        for container in items(pod, sort.spec) {
            let labels = with(labels, &[("container", text(container, "/name"))]);
            resources(sort, pod, container, &labels, sheet);
        }
    }
    for status in items(pod, MAIN.statuses) {
        moments(
            status,
            &with(labels, &[("container", text(status, "/name"))]),
            sheet,
        );
    }
}

fn info(sort: &Sort, status: &Value, spec: Option<&Value>, labels: &Labels, sheet: &mut Sheet) {
    let more = [
        ("image", text(status, "/image")),
        ("image_id", text(status, "/imageID")),
        ("image_spec", spec.map_or("", |spec| text(spec, "/image"))),
        ("container_id", text(status, "/containerID")),
    ];
    sheet
        .gauge(sort.info.0, sort.info.1)
        .add(with(labels, &more), 1.0);
}

fn states(sort: &Sort, status: &Value, labels: &Labels, sheet: &mut Sheet) {
    let rows = [
        (sort.waiting, status.pointer("/state/waiting").is_some()),
        (sort.running, status.pointer("/state/running").is_some()),
        (
            sort.terminated,
            status.pointer("/state/terminated").is_some(),
        ),
        (sort.ready, flag(status, "/ready")),
    ];
    for ((name, help), holds) in rows {
        sheet.gauge(name, help).add(labels.clone(), one(holds));
    }
    let reasons = [
        (sort.waiting_reason, "/state/waiting/reason"),
        (sort.terminated_reason, "/state/terminated/reason"),
    ];
    for ((name, help), pointer) in reasons {
        let family = sheet.gauge(name, help);
        let reason = text(status, pointer);
        if !reason.is_empty() {
            family.add(with(labels, &[("reason", reason)]), 1.0);
        }
    }
}

fn past(sort: &Sort, status: &Value, labels: &Labels, sheet: &mut Sheet) {
    let restarts = number(status, "/restartCount").unwrap_or(0.0);
    sheet
        .family(Kind::Counter, sort.restarts.0, sort.restarts.1)
        .add(labels.clone(), restarts);
    let family = sheet.gauge(sort.last_terminated_reason.0, sort.last_terminated_reason.1);
    let reason = text(status, "/lastState/terminated/reason");
    if !reason.is_empty() {
        family.add(with(labels, &[("reason", reason)]), 1.0);
    }
}

/// What only the families of main containers tell.
fn moments(status: &Value, labels: &Labels, sheet: &mut Sheet) {
    let rows = [
        (
            "kube_pod_container_state_started",
            "Start time in unix timestamp for a pod container.",
            time(status, "/state/running/startedAt")
                .or_else(|| time(status, "/state/terminated/startedAt")),
        ),
        (
            "kube_pod_container_status_last_terminated_exitcode",
            "Describes the exit code for the last container in terminated state.",
            number(status, "/lastState/terminated/exitCode"),
        ),
        (
            "kube_pod_container_status_last_terminated_timestamp",
            "Last terminated time for a pod container in unix timestamp.",
            time(status, "/lastState/terminated/finishedAt"),
        ),
    ];
    for (name, help, value) in rows {
        let family = sheet.gauge(name, help);
        if let Some(value) = value {
            family.add(labels.clone(), value);
        }
    }
}

fn resources(sort: &Sort, pod: &Value, container: &Value, labels: &Labels, sheet: &mut Sheet) {
    let rows = [
        (sort.requests, "/resources/requests"),
        (sort.limits, "/resources/limits"),
    ];
    for ((name, help), pointer) in rows {
        let family = sheet.gauge(name, help);
        for (key, amount) in fields(container, pointer) {
            let (label, unit) = resource(key);
            let node = text(pod, "/spec/nodeName");
            let more = [("node", node), ("resource", label.as_str()), ("unit", unit)];
            if let Some(amount) = quantity(amount) {
                family.add(with(labels, &more), amount);
            }
        }
    }
}

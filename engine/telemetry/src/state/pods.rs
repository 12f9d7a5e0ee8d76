//! Pods: docs/metrics/workload/pod-metrics.md of kube-state-metrics.

use super::conditions;
use super::read::{flag, items, named, one, text, time, with, word};
use crate::family::{Kind, Labels};
use crate::sheet::Sheet;
use serde_json::Value;

const PHASES: [&str; 5] = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];
const CLASSES: [&str; 3] = ["BestEffort", "Burstable", "Guaranteed"];
const REASONS: [&str; 8] = [
    "Evicted",
    "NodeAffinity",
    "NodeLost",
    "PreemptionByScheduler",
    "SchedulingGated",
    "Shutdown",
    "TerminationByKubelet",
    "UnexpectedAdmissionError",
];

/// Adds the samples of a pod and of its containers.
pub(super) fn of(pod: &Value, sheet: &mut Sheet) {
    let mut labels = named(pod, "pod");
    labels.push(("uid", text(pod, "/metadata/uid").to_owned()));
    info(pod, &labels, sheet);
    times(pod, &labels, sheet);
    phase(pod, &labels, sheet);
    standing(pod, &labels, sheet);
    claims(pod, &labels, sheet);
    super::containers::of(pod, &labels, sheet);
}

fn info(pod: &Value, labels: &Labels, sheet: &mut Sheet) {
    let owner = items(pod, "/metadata/ownerReferences").find(|owner| flag(owner, "/controller"));
    let none = Value::Null;
    let (kind, name) = (
        text(owner.unwrap_or(&none), "/kind"),
        text(owner.unwrap_or(&none), "/name"),
    );
    let host_network = word(flag(pod, "/spec/hostNetwork"));
    let more = [
        ("host_ip", text(pod, "/status/hostIP")),
        ("pod_ip", text(pod, "/status/podIP")),
        ("node", text(pod, "/spec/nodeName")),
        ("created_by_kind", kind),
        ("created_by_name", name),
        ("priority_class", text(pod, "/spec/priorityClassName")),
        ("host_network", host_network.as_str()),
    ];
    sheet
        .gauge("kube_pod_info", "Information about pod.")
        .add(with(labels, &more), 1.0);
    let is_owned = if owner.is_some() { "true" } else { "" };
    let more = [
        ("owner_kind", kind),
        ("owner_name", name),
        ("owner_is_controller", is_owned),
    ];
    sheet
        .gauge("kube_pod_owner", "Information about the Pod's owner.")
        .add(with(labels, &more), 1.0);
    labelled(pod, labels, sheet);
}

/// Families of which one label says it.
fn labelled(pod: &Value, labels: &Labels, sheet: &mut Sheet) {
    let rows = [
        (
            "kube_pod_restart_policy",
            "Describes the restart policy in use by this pod.",
            "type",
            "/spec/restartPolicy",
        ),
        (
            "kube_pod_service_account",
            "The service account for a pod.",
            "service_account",
            "/spec/serviceAccountName",
        ),
        (
            "kube_pod_scheduler",
            "The scheduler for a pod.",
            "name",
            "/spec/schedulerName",
        ),
    ];
    for (name, help, key, pointer) in rows {
        let family = sheet.gauge(name, help);
        family.add(with(labels, &[(key, text(pod, pointer))]), 1.0);
    }
    for address in items(pod, "/status/podIPs") {
        let ip = text(address, "/ip");
        let family = if ip.contains(':') { "6" } else { "4" };
        let labels = with(labels, &[("ip", ip), ("ip_family", family)]);
        sheet
            .gauge("kube_pod_ips", "Pod IP addresses.")
            .add(labels, 1.0);
    }
}

fn times(pod: &Value, labels: &Labels, sheet: &mut Sheet) {
    let since = |kind: &str| {
        let condition = conditions::find(pod, kind)?;
        let holds = text(condition, "/status") == "True";
        holds
            .then(|| time(condition, "/lastTransitionTime"))
            .flatten()
    };
    let unscheduled = conditions::find(pod, "PodScheduled")
        .filter(|condition| text(condition, "/status") == "False")
        .and_then(|condition| time(condition, "/lastTransitionTime"));
    let rows = [
        (
            "kube_pod_created",
            "Unix creation timestamp.",
            time(pod, "/metadata/creationTimestamp"),
        ),
        (
            "kube_pod_deletion_timestamp",
            "Unix deletion timestamp.",
            time(pod, "/metadata/deletionTimestamp"),
        ),
        (
            "kube_pod_start_time",
            "Start time in unix timestamp for a pod.",
            time(pod, "/status/startTime"),
        ),
        (
            "kube_pod_completion_time",
            "Completion time in unix timestamp for a pod.",
            completion(pod),
        ),
        (
            "kube_pod_status_initialized_time",
            "Time when the pod is initialized.",
            since("Initialized"),
        ),
        (
            "kube_pod_status_ready_time",
            "Time when pod passed readiness probes.",
            since("Ready"),
        ),
        (
            "kube_pod_status_container_ready_time",
            "Time when the container of the pod entered Ready state.",
            since("ContainersReady"),
        ),
        (
            "kube_pod_status_scheduled_time",
            "Unix timestamp when pod moved into scheduled status.",
            since("PodScheduled"),
        ),
        (
            "kube_pod_status_unscheduled_time",
            "Unix timestamp when pod moved into unscheduled status.",
            unscheduled,
        ),
    ];
    for (name, help, at) in rows {
        let family = sheet.gauge(name, help);
        if let Some(at) = at {
            family.add(labels.clone(), at);
        }
    }
}

/// When the last container of a pod that is over ended.
fn completion(pod: &Value) -> Option<f64> {
    let is_over = ["Succeeded", "Failed"].contains(&text(pod, "/status/phase"));
    let ends = items(pod, "/status/containerStatuses")
        .filter_map(|status| time(status, "/state/terminated/finishedAt"));
    ends.filter(|_| is_over)
        .fold(None, |last: Option<f64>, end| {
            Some(last.map_or(end, |last| last.max(end)))
        })
}

/// The phase; of a pod of a lost node it is `Unknown`, as kube-state-metrics has it.
fn phase(pod: &Value, labels: &Labels, sheet: &mut Sheet) {
    let own = text(pod, "/status/phase");
    let family = sheet.gauge("kube_pod_status_phase", "The pods current phase.");
    for phase in PHASES {
        family.add(with(labels, &[("phase", phase)]), one(phase == own));
    }
    let own = text(pod, "/status/qosClass");
    let family = sheet.gauge("kube_pod_status_qos_class", "The pods current qosClass.");
    for class in CLASSES {
        family.add(with(labels, &[("qos_class", class)]), one(class == own));
    }
}

fn standing(pod: &Value, labels: &Labels, sheet: &mut Sheet) {
    let rows = [
        (
            "kube_pod_status_ready",
            "Describes whether the pod is ready to serve requests.",
            "Ready",
        ),
        (
            "kube_pod_status_scheduled",
            "Describes the status of the scheduling process for the pod.",
            "PodScheduled",
        ),
    ];
    for (name, help, kind) in rows {
        let family = sheet.gauge(name, help);
        if let Some(condition) = conditions::find(pod, kind) {
            conditions::add(family, labels, "condition", condition);
        }
    }
    let family = sheet.gauge("kube_pod_status_reason", "The pod status reasons.");
    for reason in REASONS {
        family.add(
            with(labels, &[("reason", reason)]),
            one(has_reason(pod, reason)),
        );
    }
    let scheduled = conditions::find(pod, "PodScheduled");
    let is_unschedulable = scheduled.is_some_and(|condition| {
        text(condition, "/status") == "False" && text(condition, "/reason") == "Unschedulable"
    });
    let family = sheet.gauge(
        "kube_pod_status_unschedulable",
        "Describes the unschedulable status for the pod.",
    );
    if is_unschedulable {
        family.add(labels.clone(), 1.0);
    }
}

/// A pod's own reason, or that of a condition.
fn has_reason(pod: &Value, reason: &str) -> bool {
    let of_condition = |condition: &Value| text(condition, "/reason") == reason;
    text(pod, "/status/reason") == reason || conditions::all(pod).any(of_condition)
}

fn claims(pod: &Value, labels: &Labels, sheet: &mut Sheet) {
    for volume in items(pod, "/spec/volumes") {
        let claim = text(volume, "/persistentVolumeClaim/claimName");
        if claim.is_empty() {
            continue;
        }
        let more = [
            ("volume", text(volume, "/name")),
            ("persistentvolumeclaim", claim),
        ];
        let labels = with(labels, &more);
        sheet
            .gauge(
                "kube_pod_spec_volumes_persistentvolumeclaims_info",
                "Information about persistentvolumeclaim volumes in a pod.",
            )
            .add(labels.clone(), 1.0);
        let read_only = one(flag(volume, "/persistentVolumeClaim/readOnly"));
        sheet
            .family(
                Kind::Gauge,
                "kube_pod_spec_volumes_persistentvolumeclaims_readonly",
                "Describes whether a persistentvolumeclaim is mounted read only.",
            )
            .add(labels, read_only);
    }
}

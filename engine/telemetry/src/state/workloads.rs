//! What the tables of figures cannot say of workloads: conditions, owners, amounts that are computed.

use super::conditions;
use super::read::{flag, items, named, number, one, quantity, text, with, word};
use crate::family::Labels;
use crate::sheet::Sheet;
use serde_json::Value;

/// Reasons of a failed Job (kube-state-metrics, internal/store/job.go).
const FAILURES: [&str; 3] = ["BackoffLimitExceeded", "DeadlineExceeded", "Evicted"];

/// Adds the samples of a workload, a Job, a CronJob or an autoscaler.
pub(super) fn of(kind: &str, object: &Value, sheet: &mut Sheet) {
    match kind {
        "Deployment" => deployment(object, sheet),
        "ReplicaSet" => owners(
            object,
            &named(object, "replicaset"),
            (
                "kube_replicaset_owner",
                "Information about the ReplicaSet's owner.",
            ),
            sheet,
        ),
        "StatefulSet" => stateful_set(object, sheet),
        "Job" => job(object, sheet),
        "CronJob" => cron_job(object, sheet),
        _ => autoscaler(object, sheet),
    }
}

fn deployment(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "deployment");
    let family = sheet.gauge(
        "kube_deployment_status_condition",
        "The current status conditions of a deployment.",
    );
    for condition in conditions::all(object) {
        let more = [
            ("reason", text(condition, "/reason")),
            ("condition", text(condition, "/type")),
        ];
        conditions::add(family, &with(&labels, &more), "status", condition);
    }
    let replicas = number(object, "/spec/replicas").unwrap_or(1.0);
    let bound = |field: &str| object.pointer(&format!("/spec/strategy/rollingUpdate/{field}"));
    let rows = [
        (
            "kube_deployment_spec_strategy_rollingupdate_max_unavailable",
            "Maximum number of unavailable replicas during a rolling update of a deployment.",
            bound("maxUnavailable").and_then(|value| of_replicas(value, replicas, f64::floor)),
        ),
        (
            "kube_deployment_spec_strategy_rollingupdate_max_surge",
            "Maximum number of replicas that can be scheduled above the desired number of replicas during a rolling update of a deployment.",
            bound("maxSurge").and_then(|value| of_replicas(value, replicas, f64::ceil)),
        ),
    ];
    for (name, help, value) in rows {
        let family = sheet.gauge(name, help);
        if let Some(value) = value {
            family.add(labels.clone(), value);
        }
    }
}

/// A number, or a share of the replicas.
fn of_replicas(value: &Value, replicas: f64, round: fn(f64) -> f64) -> Option<f64> {
    match value.as_str().and_then(|text| text.strip_suffix('%')) {
        Some(percent) => Some(round(percent.parse::<f64>().ok()? * replicas / 100.0)),
        None => quantity(value),
    }
}

fn owners(
    object: &Value,
    labels: &Labels,
    (name, help): (&'static str, &'static str),
    sheet: &mut Sheet,
) {
    let family = sheet.gauge(name, help);
    let add = |kind: &str, owner: &str, controls: &str| {
        let more = [
            ("owner_kind", kind),
            ("owner_name", owner),
            ("owner_is_controller", controls),
        ];
        with(labels, &more)
    };
    let mut owners = items(object, "/metadata/ownerReferences").peekable();
    if owners.peek().is_none() {
        return family.add(add("", "", ""), 1.0);
    }
    for owner in owners {
        let controls = word(flag(owner, "/controller"));
        family.add(
            add(text(owner, "/kind"), text(owner, "/name"), &controls),
            1.0,
        );
    }
}

fn stateful_set(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "statefulset");
    let rows = [
        (
            "kube_statefulset_status_current_revision",
            "Indicates the version of the StatefulSet used to generate Pods in the sequence [0,currentReplicas).",
            "/status/currentRevision",
        ),
        (
            "kube_statefulset_status_update_revision",
            "Indicates the version of the StatefulSet used to generate Pods in the sequence [replicas-updatedReplicas,replicas).",
            "/status/updateRevision",
        ),
    ];
    for (name, help, pointer) in rows {
        let family = sheet.gauge(name, help);
        family.add(with(&labels, &[("revision", text(object, pointer))]), 1.0);
    }
    let family = sheet.gauge(
        "kube_statefulset_persistentvolumeclaim_retention_policy",
        "Count of retention policy for StatefulSet template PVCs.",
    );
    let policy = |field: &str| {
        text(
            object,
            &format!("/spec/persistentVolumeClaimRetentionPolicy/{field}"),
        )
    };
    if !policy("whenDeleted").is_empty() {
        let more = [
            ("when_deleted", policy("whenDeleted")),
            ("when_scaled", policy("whenScaled")),
        ];
        family.add(with(&labels, &more), 1.0);
    }
}

fn job(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "job_name");
    owners(
        object,
        &labels,
        ("kube_job_owner", "Information about the Job's owner."),
        sheet,
    );
    let rows = [
        (
            "kube_job_complete",
            "The job has completed its execution.",
            "Complete",
        ),
        (
            "kube_job_failed",
            "The job has failed its execution.",
            "Failed",
        ),
    ];
    for (name, help, kind) in rows {
        let family = sheet.gauge(name, help);
        if let Some(condition) = conditions::find(object, kind) {
            conditions::add(family, &labels, "condition", condition);
        }
    }
    failed(object, &labels, sheet);
}

/// Failed pods: 0, or the known reason of the Job's failure, or a count without one.
fn failed(object: &Value, labels: &Labels, sheet: &mut Sheet) {
    let family = sheet.gauge(
        "kube_job_status_failed",
        "The number of pods which reached Phase Failed and the reason for failure.",
    );
    let failed = number(object, "/status/failed").unwrap_or(0.0);
    if failed == 0.0 {
        return family.add(labels.clone(), 0.0);
    }
    let own = conditions::find(object, "Failed").map_or("", |condition| text(condition, "/reason"));
    if conditions::find(object, "Failed").is_some() {
        for reason in FAILURES {
            family.add(with(labels, &[("reason", reason)]), one(reason == own));
        }
    }
    if !FAILURES.contains(&own) {
        family.add(with(labels, &[("reason", "")]), failed);
    }
}

fn cron_job(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "cronjob");
    let more = [
        ("schedule", text(object, "/spec/schedule")),
        (
            "concurrency_policy",
            text(object, "/spec/concurrencyPolicy"),
        ),
        ("timezone", text(object, "/spec/timeZone")),
    ];
    sheet
        .gauge("kube_cronjob_info", "Info about cronjob.")
        .add(with(&labels, &more), 1.0);
    let active = items(object, "/status/active").count() as f64;
    sheet
        .gauge(
            "kube_cronjob_status_active",
            "Active holds pointers to currently running jobs.",
        )
        .add(labels, active);
}

fn autoscaler(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "horizontalpodautoscaler");
    let more = [
        (
            "scaletargetref_api_version",
            text(object, "/spec/scaleTargetRef/apiVersion"),
        ),
        (
            "scaletargetref_kind",
            text(object, "/spec/scaleTargetRef/kind"),
        ),
        (
            "scaletargetref_name",
            text(object, "/spec/scaleTargetRef/name"),
        ),
    ];
    sheet
        .gauge(
            "kube_horizontalpodautoscaler_info",
            "Information about this autoscaler.",
        )
        .add(with(&labels, &more), 1.0);
    let family = sheet.gauge(
        "kube_horizontalpodautoscaler_status_condition",
        "The condition of this autoscaler.",
    );
    for condition in conditions::all(object) {
        let labels = with(&labels, &[("condition", text(condition, "/type"))]);
        conditions::add(family, &labels, "status", condition);
    }
    let rows = [
        (
            "kube_horizontalpodautoscaler_spec_target_metric",
            "The metric specifications used by this autoscaler when calculating the desired replica count.",
            "/spec/metrics",
            "target",
        ),
        (
            "kube_horizontalpodautoscaler_status_target_metric",
            "The current metric status used by this autoscaler when calculating the desired replica count.",
            "/status/currentMetrics",
            "current",
        ),
    ];
    for (name, help, list, part) in rows {
        let family = sheet.gauge(name, help);
        for metric in items(object, list) {
            for (kind, amount) in targets(metric, part) {
                let more = [
                    ("metric_name", metric_name(metric)),
                    ("metric_target_type", kind),
                ];
                family.add(with(&labels, &more), amount);
            }
        }
    }
}

/// Where a metric's own words stand: under the name of its type in lower case.
fn body(metric: &Value) -> &Value {
    let fields = [
        "resource",
        "containerResource",
        "pods",
        "object",
        "external",
    ];
    let found = fields.iter().find_map(|field| metric.get(field));
    found.unwrap_or(&Value::Null)
}

fn metric_name(metric: &Value) -> &str {
    let body = body(metric);
    match text(body, "/name") {
        "" => text(body, "/metric/name"),
        name => name,
    }
}

/// Amounts of a target by the type under which kube-state-metrics lists them; a utilisation is a share.
fn targets(metric: &Value, part: &str) -> Vec<(&'static str, f64)> {
    let of = |field: &str| number(body(metric), &format!("/{part}/{field}"));
    let rows = [
        ("value", of("value")),
        ("average", of("averageValue")),
        ("utilization", of("averageUtilization")),
    ];
    let given = rows.into_iter();
    given
        .filter_map(|(kind, amount)| Some((kind, amount?)))
        .collect()
}

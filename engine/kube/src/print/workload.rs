//! Deployments, StatefulSets, DaemonSets, Jobs, CronJobs, and ReplicaSets that nobody owns.

use super::status::{Extra, counts, put_conditions};
use super::{Context, batch, defaults, meta, status};
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{Template, Workload, WorkloadSpec};
use serde_json::{Value, json};

/// A workload as `kubectl get … -o yaml` shows it.
pub fn print(cx: &Context<'_>, row: &Workload) -> Value {
    let spec = spec(row);
    let mut metadata = match &*row.spec {
        WorkloadSpec::Job(_) => batch::job_metadata(cx, row, &spec),
        _ => meta::metadata(cx, &row.header),
    };
    if row.header.reference.kind == Kind::Deployment {
        metadata["annotations"]["deployment.kubernetes.io/revision"] =
            row.revision.max(1).to_string().into();
    }
    json!({
        "apiVersion": meta::api_version(&row.header.reference.kind),
        "kind": row.header.reference.kind.as_str(),
        "metadata": metadata,
        "spec": spec,
        "status": status_of(cx, row),
    })
}

fn spec(row: &Workload) -> Value {
    match &*row.spec {
        WorkloadSpec::Job(typed) => return batch::job_spec(row, typed),
        WorkloadSpec::CronJob(_) => return batch::cron_job_spec(row),
        _ => {}
    }
    let mut spec = meta::part(&row.header.doc, "spec");
    if let Some(replicas) = row.spec.replicas() {
        spec["replicas"] = replicas.into();
    }
    defaults::pod_spec(&mut spec["template"]["spec"]);
    if row.header.reference.kind.as_str() == "ReplicationController" {
        let labels = spec["template"]["metadata"]["labels"].clone();
        defaults::default(&mut spec, "selector", labels);
    }
    match &*row.spec {
        WorkloadSpec::Deployment(typed) => {
            defaults::deployment(&mut spec);
            pause(&mut spec, typed.paused);
        }
        WorkloadSpec::StatefulSet(_) => defaults::stateful_set(&mut spec),
        WorkloadSpec::DaemonSet(_) => defaults::daemon_set(&mut spec),
        WorkloadSpec::ReplicaSet(_)
        | WorkloadSpec::Pod(_)
        | WorkloadSpec::Job(_)
        | WorkloadSpec::CronJob(_) => {}
    }
    spec
}

fn pause(spec: &mut Value, paused: bool) {
    if paused {
        spec["paused"] = true.into();
    } else if let Some(fields) = spec.as_object_mut() {
        fields.remove("paused");
    }
}

fn status_of(cx: &Context<'_>, row: &Workload) -> Value {
    let mut out = match &*row.spec {
        WorkloadSpec::Deployment(_) => deployment(row),
        WorkloadSpec::StatefulSet(_) => stateful_set(cx, row),
        WorkloadSpec::DaemonSet(_) => daemon_set(row),
        WorkloadSpec::Job(_) | WorkloadSpec::CronJob(_) => return batch::status(cx, row),
        WorkloadSpec::ReplicaSet(_) | WorkloadSpec::Pod(_) => {
            let pods = row
                .pods
                .iter()
                .filter_map(|id| cx.objects.pods.get(id.index()));
            let labels = &row.spec.template().metadata.labels;
            let fully = status::fully_labelled(pods, labels).min(row.status.replicas);
            return status::replica_set(cx, &row.status, fully);
        }
    };
    let extra = match &*row.spec {
        WorkloadSpec::Deployment(_) => Extra::Update,
        _ => Extra::None,
    };
    put_conditions(cx, &mut out, &row.status.conditions, extra);
    out
}

fn deployment(row: &Workload) -> Value {
    let status = &row.status;
    counts([
        ("availableReplicas", status.available),
        ("observedGeneration", status.observed_generation),
        ("readyReplicas", status.ready),
        ("replicas", status.replicas),
        ("unavailableReplicas", status.unavailable),
        ("updatedReplicas", status.updated),
    ])
}

fn stateful_set(cx: &Context<'_>, row: &Workload) -> Value {
    let status = &row.status;
    let mut out = counts([
        ("observedGeneration", status.observed_generation),
        ("readyReplicas", status.ready),
        ("updatedReplicas", status.updated),
        ("currentReplicas", current(row)),
    ]);
    out["replicas"] = status.replicas.into();
    out["availableReplicas"] = status.available.into();
    out["collisionCount"] = 0.into();
    if let Some(template) = cx.objects.templates.get(row.template.index()) {
        out["updateRevision"] = revision_name(row, template).into();
    }
    if let Some(template) = current_template(cx, row) {
        out["currentRevision"] = revision_name(row, template).into();
    }
    out
}

/// Pods of the current revision: all of them once nothing is left of an older one.
fn current(row: &Workload) -> u32 {
    let status = &row.status;
    if status.updated >= status.replicas {
        status.updated
    } else {
        status.replicas - status.updated
    }
}

/// The revision that pods still run while a newer one is rolled out; else the wanted one.
fn current_template<'a>(cx: &Context<'a>, row: &Workload) -> Option<&'a Template> {
    let older = row.pods.iter().filter_map(|id| {
        let pod = cx.objects.pods.get(id.index())?;
        let revision = cx.objects.revision(pod.template);
        (pod.exists() && revision != row.template).then_some(revision)
    });
    let id = older.min().unwrap_or(row.template);
    cx.objects.templates.get(id.index())
}

fn revision_name(row: &Workload, template: &Template) -> String {
    format!("{}-{}", row.header.reference.name, template.hash)
}

fn daemon_set(row: &Workload) -> Value {
    let status = &row.status;
    let mut out = counts([
        ("numberAvailable", status.available),
        ("numberUnavailable", status.unavailable),
        ("observedGeneration", status.observed_generation),
        ("updatedNumberScheduled", status.updated),
    ]);
    out["currentNumberScheduled"] = status.replicas.into();
    out["desiredNumberScheduled"] = status.desired.into();
    out["numberMisscheduled"] = status.misscheduled.into();
    out["numberReady"] = status.ready.into();
    out
}

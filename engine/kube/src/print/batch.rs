//! Jobs and CronJobs (batch/v1).

use super::{Context, defaults, meta};
use aegis_model::kubernetes::JobSpec;
use aegis_model::objects::{BatchStatus, Condition, Header, Workload, WorkloadSpec};
use aegis_model::units::Tick;
use serde_json::{Map, Value, json};

/// The labels that the API server gives to the pods of a Job.
/// Source: pkg/registry/batch/job/strategy.go `generateSelector`.
fn labels(header: &Header) -> [(String, String); 4] {
    let (uid, name) = (meta::uid(header), header.reference.name.to_string());
    [
        ("batch.kubernetes.io/controller-uid".into(), uid.clone()),
        ("batch.kubernetes.io/job-name".into(), name.clone()),
        ("controller-uid".into(), uid),
        ("job-name".into(), name),
    ]
}

/// `metadata:` of a Job: without labels of its own it has those of its template.
/// Source: pkg/apis/batch/v1/defaults.go `SetDefaults_Job`.
pub fn job_metadata(cx: &Context<'_>, row: &Workload, spec: &Value) -> Value {
    let mut metadata = meta::metadata(cx, &row.header);
    if row.header.labels.is_empty() {
        metadata["labels"] = spec["template"]["metadata"]["labels"].clone();
    }
    metadata
}

/// `spec:` of a Job with what the API server fills in.
pub fn job_spec(row: &Workload, typed: &JobSpec) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    job_defaults(&mut spec, typed);
    if spec["manualSelector"] != true {
        let labels = labels(&row.header);
        for (key, value) in &labels {
            spec["template"]["metadata"]["labels"][key] = value.as_str().into();
        }
        let (key, uid) = &labels[0];
        spec["selector"] = json!({"matchLabels": {key: uid}});
    }
    defaults::default(&mut spec, "manualSelector", false);
    spec
}

/// Source: pkg/apis/batch/v1/defaults.go.
fn job_defaults(spec: &mut Value, typed: &JobSpec) {
    if let Some(completions) = typed.completions() {
        defaults::default(spec, "completions", completions);
    }
    defaults::default(spec, "parallelism", typed.parallelism());
    defaults::default(spec, "backoffLimit", typed.backoff_limit());
    defaults::default(spec, "completionMode", "NonIndexed");
    defaults::default(spec, "suspend", false);
    let replacement = match typed.pod_failure_policy {
        Some(_) => "Failed",
        None => "TerminatingOrFailed",
    };
    defaults::default(spec, "podReplacementPolicy", replacement);
    if let Some(policy) = spec.get_mut("podFailurePolicy") {
        for rule in defaults::items_mut(policy, "rules") {
            let conditions = defaults::items_mut(rule, "onPodConditions");
            conditions.for_each(|condition| defaults::default(condition, "status", "True"));
        }
    }
    defaults::pod_spec(&mut spec["template"]["spec"]);
}

/// `spec:` of a CronJob with what the API server fills in.
pub fn cron_job_spec(row: &Workload) -> Value {
    let mut spec = meta::part(&row.header.doc, "spec");
    defaults::default(&mut spec, "concurrencyPolicy", "Allow");
    defaults::default(&mut spec, "suspend", false);
    defaults::default(&mut spec, "successfulJobsHistoryLimit", 3);
    defaults::default(&mut spec, "failedJobsHistoryLimit", 1);
    let job = &mut spec["jobTemplate"]["spec"];
    defaults::pod_spec(&mut job["template"]["spec"]);
    spec
}

/// `status:` of a Job or CronJob.
pub fn status(cx: &Context<'_>, row: &Workload) -> Value {
    let mut out = match &row.status.batch {
        BatchStatus::Job(_) => job_status(cx, row),
        BatchStatus::CronJob(_) => cron_job_status(cx, row),
        BatchStatus::None => json!({}),
    };
    if !row.status.conditions.is_empty() {
        let conditions = row.status.conditions.iter();
        out["conditions"] = conditions.map(|one| condition(cx, one)).collect();
    }
    out
}

fn job_status(cx: &Context<'_>, row: &Workload) -> Value {
    let BatchStatus::Job(status) = &row.status.batch else {
        return json!({});
    };
    let mut out = super::status::counts([
        ("active", status.active),
        ("failed", status.failed),
        ("succeeded", status.succeeded),
    ]);
    out["ready"] = row.status.ready.into();
    out["terminating"] = status.terminating.into();
    out["uncountedTerminatedPods"] = json!({});
    put_time(cx, &mut out, "startTime", status.started);
    put_time(cx, &mut out, "completionTime", status.completed);
    let completed = status.completed_indexes.to_string();
    if !completed.is_empty() {
        out["completedIndexes"] = completed.into();
    }
    if let Some(failed) = &status.failed_indexes {
        out["failedIndexes"] = failed.to_string().into();
    }
    out
}

fn cron_job_status(cx: &Context<'_>, row: &Workload) -> Value {
    let BatchStatus::CronJob(status) = &row.status.batch else {
        return json!({});
    };
    let mut out = Value::Object(Map::new());
    let active = status.active.iter().filter_map(|id| {
        let job = cx.objects.workloads.get(id.index())?;
        let metadata = meta::metadata(cx, &job.header);
        Some(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "resourceVersion": metadata["resourceVersion"],
            "uid": metadata["uid"],
        }))
    });
    let active: Vec<Value> = active.collect();
    if !active.is_empty() {
        out["active"] = active.into();
    }
    put_time(cx, &mut out, "lastScheduleTime", status.last_schedule);
    put_time(cx, &mut out, "lastSuccessfulTime", status.last_success);
    out
}

fn put_time(cx: &Context<'_>, out: &mut Value, key: &str, at: Option<Tick>) {
    if let Some(at) = at {
        out[key] = cx.epoch.rfc3339(at).into();
    }
}

/// A Job's conditions carry `lastProbeTime`.
fn condition(cx: &Context<'_>, row: &Condition) -> Value {
    let mut out = json!({
        "type": row.kind.as_str(),
        "status": row.status.as_str(),
        "lastProbeTime": cx.epoch.rfc3339(row.updated),
        "lastTransitionTime": cx.epoch.rfc3339(row.since),
    });
    if !row.reason.is_empty() {
        out["reason"] = row.reason.as_str().into();
    }
    if !row.message.is_empty() {
        out["message"] = (*row.message).into();
    }
    out
}

/// What a Job adds to its pods, the index of an Indexed Job included.
/// Source: job_controller.go `manageJob`, indexed_job_utils.go.
pub fn adorn(spec: &mut Value, job: &Workload, index: Option<&str>) {
    let (WorkloadSpec::Job(_), Some(index)) = (&*job.spec, index) else {
        return;
    };
    let hostname = format!("{}-{index}", job.header.reference.name);
    defaults::default(spec, "hostname", hostname);
    let variable = json!({
        "name": "JOB_COMPLETION_INDEX",
        "valueFrom": {"fieldRef": {
            "apiVersion": "v1",
            "fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']",
        }},
    });
    for list in ["initContainers", "containers"] {
        for container in defaults::items_mut(spec, list) {
            defaults::default(container, "env", json!([]));
            let Some(env) = container["env"].as_array_mut() else {
                continue;
            };
            if env.iter().all(|one| one["name"] != "JOB_COMPLETION_INDEX") {
                env.push(variable.clone());
            }
        }
    }
}

//! What the API server checks beyond the types, as far as a scenario may get it wrong.
//!
//! Source: pkg/apis/{apps,core,autoscaling,policy}/validation.

use super::error::{ApiError, Complaint, Invalid};
use aegis_model::FieldChange;
use aegis_model::kubernetes::{
    Container, IntOrString, ObjectRef, PodDisruptionBudgetSpec, PodSpec, RestartPolicy,
    StatefulSetSpec,
};
use aegis_model::objects::WorkloadSpec;
use aegis_model::path::Segment;
use alloc::format;
use serde_json::Value;

mod autoscaling;
mod batch;
mod immutable;

pub(super) use autoscaling::{autoscaler, cpu_metric};
pub(super) use immutable::{may_become, pod_is_fixed, strategy};

/// A value at a path that the API server refuses.
pub(super) fn invalid(object: &ObjectRef, path: &str, value: &str, detail: &str) -> ApiError {
    wrong(object, Complaint::Invalid, path, value, detail)
}

/// A field that the API server does not let be set, or be changed, as it is.
pub(super) fn forbidden(object: &ObjectRef, path: &str, detail: &str) -> ApiError {
    wrong(object, Complaint::Forbidden, path, "", detail)
}

/// Something wrong with a field.
fn wrong(
    object: &ObjectRef,
    complaint: Complaint,
    path: &str,
    value: &str,
    detail: &str,
) -> ApiError {
    let invalid = Invalid {
        object: object.clone(),
        path: path.into(),
        complaint,
        value: value.into(),
        detail: detail.into(),
    };
    invalid.into()
}

/// Nothing can be appended to a list that is not there: RFC 6902, 4.1.
pub(super) fn list_is_there(present: &Value, fields: &[FieldChange]) -> Result<(), ApiError> {
    let taints = |field: &&FieldChange| match field.path.0.as_slice() {
        [Segment::Key(spec), Segment::Key(list), Segment::Item { .. }] => {
            spec == "spec" && list == "taints" && field.after.is_some()
        }
        _ => false,
    };
    let missing = present["spec"]["taints"].is_null();
    match fields.iter().find(taints).filter(|_| missing) {
        Some(_) => Err(ApiError::Shape(
            "the server rejected our request due to an error in our request",
        )),
        None => Ok(()),
    }
}

/// Checks a workload's spec.
pub(super) fn workload(object: &ObjectRef, spec: &WorkloadSpec) -> Result<(), ApiError> {
    if matches!(spec, WorkloadSpec::Pod(_)) {
        return pod(object, &spec.template().spec, "spec");
    }
    match spec {
        WorkloadSpec::Job(job) => return batch::job(object, job, "spec"),
        WorkloadSpec::CronJob(cron) => return batch::cron_job(object, cron),
        _ => {}
    }
    selector(object, spec)?;
    if let WorkloadSpec::StatefulSet(set) = spec {
        retention(object, set)?;
    }
    let template = &spec.template().spec;
    if template.restart_policy != RestartPolicy::Always {
        let value = format!("\"{:?}\"", template.restart_policy);
        let path = "spec.template.spec.restartPolicy";
        let supported = "supported values: \"Always\"";
        return Err(wrong(
            object,
            Complaint::Unsupported,
            path,
            &value,
            supported,
        ));
    }
    pod(object, template, "spec.template.spec")
}

/// What becomes of a StatefulSet's claims is one of two words.
fn retention(object: &ObjectRef, spec: &StatefulSetSpec) -> Result<(), ApiError> {
    let policy = &spec.claim_retention;
    for (key, word) in [
        ("whenDeleted", &policy.when_deleted),
        ("whenScaled", &policy.when_scaled),
    ] {
        if !matches!(word.as_str(), "" | "Retain" | "Delete") {
            let path = format!("spec.persistentVolumeClaimRetentionPolicy.{key}");
            let supported = "supported values: \"Delete\", \"Retain\"";
            let value = format!("{word:?}");
            return Err(wrong(
                object,
                Complaint::Unsupported,
                &path,
                &value,
                supported,
            ));
        }
    }
    Ok(())
}

fn selector(object: &ObjectRef, spec: &WorkloadSpec) -> Result<(), ApiError> {
    let Some(selector) = spec.selector() else {
        return Ok(());
    };
    if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
        let kind = object.kind.as_str().to_lowercase();
        let detail = format!("empty selector is invalid for {kind}");
        return Err(invalid(object, "spec.selector", "{}", &detail));
    }
    let labels = &spec.template().metadata.labels;
    if selector.matches(labels) {
        return Ok(());
    }
    let shown = serde_json::to_string(labels).unwrap_or_default();
    let detail = "`selector` does not match template `labels`";
    Err(invalid(
        object,
        "spec.template.metadata.labels",
        &shown,
        detail,
    ))
}

pub(super) fn pod(object: &ObjectRef, spec: &PodSpec, path: &str) -> Result<(), ApiError> {
    if spec.containers.is_empty() {
        let path = format!("{path}.containers");
        return Err(wrong(object, Complaint::Required, &path, "", ""));
    }
    let init = ("initContainers", &spec.init_containers);
    for (list, containers) in [init, ("containers", &spec.containers)] {
        for (position, one) in containers.iter().enumerate() {
            let path = format!("{path}.{list}[{position}]");
            container(object, one, &path)?;
            if containers[..position].iter().any(|c| c.name == one.name) {
                let value = format!("{:?}", one.name.as_str());
                let path = path + ".name";
                return Err(wrong(object, Complaint::Duplicate, &path, &value, ""));
            }
        }
    }
    Ok(())
}

fn container(object: &ObjectRef, container: &Container, path: &str) -> Result<(), ApiError> {
    for (field, value) in [("name", &container.name), ("image", &container.image)] {
        if value.is_empty() {
            let path = format!("{path}.{field}");
            return Err(wrong(object, Complaint::Required, &path, "", ""));
        }
    }
    let resources = &container.resources;
    for (name, request) in &resources.requests.0 {
        let limit = resources.limits.get(name).filter(|limit| request > limit);
        if let Some(limit) = limit {
            let path = format!("{path}.resources.requests");
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            let value = format!("\"{request}\"");
            return Err(invalid(object, &path, &value, &detail));
        }
    }
    Ok(())
}

/// What may not change once the object exists.
pub(super) fn immutable(
    object: &ObjectRef,
    before: &WorkloadSpec,
    after: &WorkloadSpec,
) -> Result<(), ApiError> {
    if let (WorkloadSpec::Job(before), WorkloadSpec::Job(after)) = (before, after) {
        return batch::immutable(object, before, after);
    }
    if before.selector() == after.selector() {
        return Ok(());
    }
    let shown = after.selector().map(serde_json::to_string);
    let shown = shown.and_then(Result::ok).unwrap_or_default();
    Err(invalid(
        object,
        "spec.selector",
        &shown,
        "field is immutable",
    ))
}

/// Checks a budget.
pub(super) fn budget(object: &ObjectRef, spec: &PodDisruptionBudgetSpec) -> Result<(), ApiError> {
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        return Err(invalid(object, "spec", "{}", detail));
    }
    let policy = spec.unhealthy_pod_eviction_policy.as_deref();
    if let Some(other) = policy.filter(|one| !matches!(*one, "IfHealthyBudget" | "AlwaysAllow")) {
        let path = "spec.unhealthyPodEvictionPolicy";
        let supported = "supported values: \"AlwaysAllow\", \"IfHealthyBudget\"";
        let value = format!("{other:?}");
        return Err(wrong(
            object,
            Complaint::Unsupported,
            path,
            &value,
            supported,
        ));
    }
    for (key, bound) in [
        ("minAvailable", &spec.min_available),
        ("maxUnavailable", &spec.max_unavailable),
    ] {
        if let Some(IntOrString::Text(text)) = bound
            && percent(text).is_some_and(|share| share > 100)
        {
            let path = format!("spec.{key}");
            let detail = "must not be greater than 100%";
            return Err(invalid(object, &path, &format!("{text:?}"), detail));
        }
    }
    Ok(())
}

fn percent(text: &str) -> Option<u32> {
    text.strip_suffix('%')?.parse().ok()
}

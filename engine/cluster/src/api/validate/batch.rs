//! Jobs and CronJobs. Source: pkg/apis/batch/validation.

use super::{invalid, pod, wrong};
use crate::api::error::{ApiError, Complaint};
use crate::cron::{Schedule, Zone};
use aegis_model::kubernetes::{Affinity, CronJobSpec, JobSpec, ObjectRef, RestartPolicy};
use alloc::format;

/// Characters that the name of a CronJob may have: 63 less those of `-` and ten digits.
const LONGEST_NAME: usize = 52;

/// Checks a Job's spec at a path of its document.
pub(super) fn job(object: &ObjectRef, spec: &JobSpec, path: &str) -> Result<(), ApiError> {
    let template = &spec.template.spec;
    let at = |field: &str| format!("{path}.{field}");
    if template.restart_policy == RestartPolicy::Always {
        let path = at("template.spec.restartPolicy");
        let detail = "supported values: \"OnFailure\", \"Never\"";
        let value = "\"Always\"";
        return Err(wrong(object, Complaint::Unsupported, &path, value, detail));
    }
    let given = format!("{:?}", spec.completion_mode.as_deref().unwrap_or_default());
    if spec.is_indexed() && spec.completions().is_none() {
        let detail = "when completion mode is Indexed, a value is required";
        let path = at("completions");
        return Err(wrong(object, Complaint::Required, &path, "", detail));
    }
    if !spec.is_indexed() && spec.backoff_limit_per_index.is_some() {
        let detail = "requires indexed completion mode";
        return Err(invalid(object, &at("backoffLimitPerIndex"), &given, detail));
    }
    if !spec.is_indexed() && spec.success_policy.is_some() {
        let detail = "requires indexed completion mode";
        return Err(invalid(object, &at("successPolicy"), &given, detail));
    }
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        let detail = "when maxFailedIndexes is specified, a value is required";
        let path = at("backoffLimitPerIndex");
        return Err(wrong(object, Complaint::Required, &path, "", detail));
    }
    if spec.pod_failure_policy.is_some() && template.restart_policy != RestartPolicy::Never {
        let path = at("template.spec.restartPolicy");
        let value = format!("\"{:?}\"", template.restart_policy);
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        return Err(invalid(object, &path, &value, detail));
    }
    pod(object, template, &at("template.spec"))
}

/// Checks a CronJob's spec.
pub(super) fn cron_job(object: &ObjectRef, spec: &CronJobSpec) -> Result<(), ApiError> {
    if object.name.len() > LONGEST_NAME {
        let value = format!("{:?}", object.name.as_str());
        let detail = format!("must be no more than {LONGEST_NAME} characters");
        return Err(invalid(object, "metadata.name", &value, &detail));
    }
    if let Err(error) = Schedule::parse(&spec.schedule) {
        let value = format!("{:?}", spec.schedule.as_str());
        return Err(invalid(object, "spec.schedule", &value, &error));
    }
    if let Some(name) = spec
        .time_zone
        .as_deref()
        .filter(|n| Zone::named(n).is_none())
    {
        let detail = format!("unknown time zone {name}");
        return Err(invalid(
            object,
            "spec.timeZone",
            &format!("{name:?}"),
            &detail,
        ));
    }
    job(object, &spec.job_template.spec, "spec.jobTemplate.spec")
}

/// Whether a Job's template may become another: of one that is suspended, where its pods may go. Source: pkg/apis/batch/validation `validatePodTemplateUpdate`.
fn may_become(before: &JobSpec, after: &JobSpec) -> bool {
    if !before.suspend {
        return before.template == after.template;
    }
    let placed = |spec: &JobSpec| {
        let mut template = spec.template.clone();
        template.metadata.labels.clear();
        template.metadata.annotations.clear();
        let pod = &mut template.spec;
        pod.affinity = Affinity::default();
        pod.node_selector.clear();
        pod.tolerations.clear();
        pod.scheduling_gates.clear();
        template
    };
    placed(before) == placed(after)
}

/// A Job's template never changes, nor do the completions of one without indexes.
pub(super) fn immutable(
    object: &ObjectRef,
    before: &JobSpec,
    after: &JobSpec,
) -> Result<(), ApiError> {
    let elastic = after.is_indexed() && after.completions == after.parallelism;
    let changes = [
        (
            "spec.completions",
            before.completions != after.completions && !elastic,
        ),
        ("spec.selector", before.selector != after.selector),
        (
            "spec.completionMode",
            before.completion_mode != after.completion_mode,
        ),
        (
            "spec.podFailurePolicy",
            before.pod_failure_policy != after.pod_failure_policy,
        ),
        ("spec.template", !may_become(before, after)),
    ];
    match changes.into_iter().find(|(_, changed)| *changed) {
        Some((path, _)) => Err(invalid(object, path, "{}", "field is immutable")),
        None => Ok(()),
    }
}

//! What a pod's failure means (`podFailurePolicy`), and what is success early (`successPolicy`).
//!
//! Source: pkg/controller/job/{pod_failure_policy,success_policy}.go.

use aegis_cluster::cluster::Cluster;
use aegis_model::PodId;
use aegis_model::kubernetes::{JobSpec, OnExitCodes, OnPodCondition, SuccessRule};
use aegis_model::objects::{
    ConditionStatus, ContainerState, ContainerStatus, Indexes, Pod, PodCondition,
};
use alloc::format;
use alloc::string::String;

/// What is done about a failed pod.
pub(super) enum Action {
    /// It counts towards the limits.
    Count,
    /// It does not.
    Ignore,
    /// Its index has failed.
    FailIndex,
    /// The Job has failed, with this message.
    FailJob(String),
}

/// What the policy says of a failed pod; `Count` where no rule matches.
pub(super) fn action<P>(cluster: &Cluster<P>, spec: &JobSpec, pod: PodId) -> Action {
    let rules = spec.pod_failure_policy.iter().flat_map(|p| &p.rules);
    let row = &cluster.objects.pods[pod.index()];
    for (position, rule) in rules.enumerate() {
        let what = match &rule.on_exit_codes {
            Some(codes) => failed_container(cluster, row, codes),
            None => failed_condition(row, &rule.on_pod_conditions),
        };
        let Some(what) = what else {
            continue;
        };
        return match rule.action.as_str() {
            "Ignore" => Action::Ignore,
            "FailIndex" => Action::FailIndex,
            "FailJob" => Action::FailJob(format!(
                "{what} matching {} rule at index {position}",
                rule.action
            )),
            _ => Action::Count,
        };
    }
    Action::Count
}

/// Whether a failed pod counts towards `backoffLimit`.
pub(super) fn counts<P>(cluster: &Cluster<P>, spec: &JobSpec, pod: PodId) -> bool {
    !matches!(action(cluster, spec, pod), Action::Ignore)
}

/// The container whose exit code matches: containers first, then init containers.
fn failed_container<P>(cluster: &Cluster<P>, pod: &Pod, codes: &OnExitCodes) -> Option<String> {
    let spec = &cluster.objects.templates[pod.template.index()].spec.spec;
    let inits = spec.init_containers.len();
    let (before, main) = pod.containers.split_at(inits.min(pod.containers.len()));
    let named = (spec.containers.iter().zip(main)).chain(spec.init_containers.iter().zip(before));
    named
        .filter(|(container, _)| {
            let wanted = codes.container_name.as_ref();
            wanted.is_none_or(|name| *name == container.name)
        })
        .find_map(|(container, status)| {
            let code = exit_code(status).filter(|code| is_matched(codes, *code))?;
            Some(format!(
                "Container {} for pod {}/{} failed with exit code {code}",
                container.name, pod.namespace, pod.name
            ))
        })
}

fn exit_code(status: &ContainerStatus) -> Option<i32> {
    match &status.state {
        ContainerState::Terminated(end) => Some(end.exit_code).filter(|code| *code != 0),
        _ => None,
    }
}

fn is_matched(codes: &OnExitCodes, code: i32) -> bool {
    match codes.operator.as_str() {
        "In" => codes.values.contains(&code),
        "NotIn" => !codes.values.contains(&code),
        _ => false,
    }
}

fn failed_condition(pod: &Pod, patterns: &[OnPodCondition]) -> Option<String> {
    let pattern = patterns.iter().find(|pattern| holds(pod, pattern))?;
    Some(format!(
        "Pod {}/{} has condition {}",
        pod.namespace, pod.name, pattern.kind
    ))
}

fn holds(pod: &Pod, pattern: &OnPodCondition) -> bool {
    let conditions = &pod.conditions;
    let present: Option<&PodCondition> = match pattern.kind.as_str() {
        "DisruptionTarget" => conditions.disruption.as_ref(),
        "PodScheduled" => Some(&conditions.scheduled),
        "PodReadyToStartContainers" => Some(&conditions.sandbox),
        "Initialized" => Some(&conditions.initialized),
        "ContainersReady" => Some(&conditions.containers_ready),
        "Ready" => Some(&conditions.ready),
        _ => None,
    };
    let wanted = match pattern.status.as_deref() {
        Some("False") => ConditionStatus::False,
        Some("Unknown") => ConditionStatus::Unknown,
        _ => ConditionStatus::True,
    };
    present.is_some_and(|condition| condition.status == wanted)
}

/// The first rule of the success policy that the succeeded indexes meet.
pub(super) fn success(spec: &JobSpec, succeeded: &Indexes) -> Option<usize> {
    let rules = &spec.success_policy.as_ref()?.rules;
    let completions = spec.completions().unwrap_or(0);
    let is_met = |rule: &SuccessRule| is_met(rule, succeeded, completions);
    (succeeded.total() > 0)
        .then(|| rules.iter().position(is_met))
        .flatten()
}

fn is_met(rule: &SuccessRule, succeeded: &Indexes, completions: u32) -> bool {
    let Some(text) = &rule.succeeded_indexes else {
        let enough = |count| succeeded.total() >= count;
        return rule.succeeded_count.is_some_and(enough);
    };
    let Some(wanted) = Indexes::parse(text, completions).filter(|wanted| wanted.total() > 0) else {
        return false;
    };
    let there = wanted.iter().filter(|index| succeeded.contains(*index));
    let there = there.count() as u32;
    there == wanted.total() || rule.succeeded_count.is_some_and(|count| there >= count)
}

//! Deployments, ReplicaSets, StatefulSets, DaemonSets.

use super::findings::Findings;
use super::{names, pod, selector};
use aegis_model::FieldPath;
use aegis_model::kubernetes::{
    DaemonSetSpec, DeploymentSpec, DeploymentStrategy, IntOrString, LabelSelector, PodTemplateSpec,
    ReplicaSetSpec, RestartPolicy, RollingUpdate, StatefulSetSpec, UpdateStrategy,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A StatefulSet's spec, with the claims that the model does not type.
#[derive(Default, Deserialize)]
pub struct StatefulSetWithClaims {
    #[serde(flatten)]
    spec: StatefulSetSpec,
    #[serde(default, rename = "volumeClaimTemplates")]
    claims: Vec<Value>,
}

/// A Deployment.
pub fn deployment(spec: &DeploymentSpec, path: &FieldPath, findings: &mut Findings) {
    selected(&spec.selector, &spec.template, "deployment", path, findings);
    template(&spec.template, &[], path, findings);
    strategy(&spec.strategy, &path.key("strategy"), findings);
    let deadline = spec.progress_deadline_seconds.unwrap_or(600);
    if deadline <= spec.min_ready_seconds {
        let at = path.key("progressDeadlineSeconds");
        findings.invalid(&at, deadline, "must be greater than minReadySeconds");
    }
}

/// A ReplicaSet.
pub fn replica_set(spec: &ReplicaSetSpec, path: &FieldPath, findings: &mut Findings) {
    selected(&spec.selector, &spec.template, "deployment", path, findings);
    template(&spec.template, &[], path, findings);
}

/// A StatefulSet.
pub fn stateful_set(set: &StatefulSetWithClaims, path: &FieldPath, findings: &mut Findings) {
    let spec = &set.spec;
    let claims: Vec<String> = set.claims.iter().filter_map(name_of).collect();
    selected(
        &spec.selector,
        &spec.template,
        "statefulset",
        path,
        findings,
    );
    template(&spec.template, &claims, path, findings);
    let management = spec.pod_management_policy.as_deref().unwrap_or_default();
    let at = path.key("podManagementPolicy");
    findings.one_of(&at, management, &["OrderedReady", "Parallel"]);
    update(&spec.update_strategy, path, findings);
    if spec.update_strategy.kind == "OnDelete" && spec.update_strategy.rolling_update.is_some() {
        let at = path.key("updateStrategy").key("rollingUpdate");
        findings.invalid(&at, "", "only allowed for updateStrategy 'RollingUpdate'");
    }
}

fn name_of(claim: &Value) -> Option<String> {
    claim["metadata"]["name"].as_str().map(str::to_owned)
}

/// A DaemonSet.
pub fn daemon_set(spec: &DaemonSetSpec, path: &FieldPath, findings: &mut Findings) {
    selected(&spec.selector, &spec.template, "daemonset", path, findings);
    template(&spec.template, &[], path, findings);
    update(&spec.update_strategy, path, findings);
    if let Some(bounds) = &spec.update_strategy.rolling_update {
        one_side(
            bounds,
            &path.key("updateStrategy").key("rollingUpdate"),
            findings,
        );
    }
}

/// A DaemonSet has new pods beside the old ones or lets old ones go first, never both nor neither
/// (pkg/apis/apps/validation `ValidateRollingUpdateDaemonSet`); without a word one old one goes first.
fn one_side(bounds: &RollingUpdate, path: &FieldPath, findings: &mut Findings) {
    let at = |key: &str| path.key(key);
    let surge = bounds.max_surge.clone().unwrap_or(IntOrString::Int(0));
    let unavailable = bounds.max_unavailable.clone();
    let unavailable = unavailable.unwrap_or(IntOrString::Int(1));
    for (key, bound) in [("maxUnavailable", &unavailable), ("maxSurge", &surge)] {
        amount(bound, &at(key), findings);
        at_most_all(bound, &at(key), findings);
    }
    match (is_zero(&unavailable), is_zero(&surge)) {
        (false, false) => {
            let detail = "may not be set when maxUnavailable is non-zero";
            findings.invalid(&at("maxSurge"), surge.to_string(), detail);
        }
        (true, true) => {
            findings.required(&at("maxUnavailable"), "cannot be 0 when maxSurge is 0");
        }
        _ => {}
    }
}

fn update(strategy: &UpdateStrategy, path: &FieldPath, findings: &mut Findings) {
    let at = path.key("updateStrategy").key("type");
    findings.one_of(&at, &strategy.kind, &["OnDelete", "RollingUpdate"]);
}

/// The selector must be there and select the template's pods.
fn selected(
    found: &LabelSelector,
    template: &PodTemplateSpec,
    kind: &str,
    path: &FieldPath,
    findings: &mut Findings,
) {
    let at = path.key("selector");
    if selector::is_empty(found) {
        let detail = format!("empty selector is invalid for {kind}");
        return findings.required(&at, &detail);
    }
    selector::selector(found, &at, findings);
    let labels = &template.metadata.labels;
    if !found.matches(labels) {
        let at = path.key("template").key("metadata").key("labels");
        findings.invalid(
            &at,
            value(labels),
            "`selector` does not match template `labels`",
        );
    }
}

fn value(content: &impl Serialize) -> Value {
    serde_json::to_value(content).unwrap_or_default()
}

fn template(found: &PodTemplateSpec, claims: &[String], path: &FieldPath, findings: &mut Findings) {
    let at = path.key("template");
    names::labels(
        &found.metadata.labels,
        &at.key("metadata").key("labels"),
        findings,
    );
    pod::spec_with_claims(&found.spec, claims, &at.key("spec"), findings);
    if found.spec.restart_policy != RestartPolicy::Always {
        let policy = format!("{:?}", found.spec.restart_policy);
        let at = at.key("spec").key("restartPolicy");
        findings.one_of(&at, &policy, &["Always"]);
    }
}

fn strategy(strategy: &DeploymentStrategy, path: &FieldPath, findings: &mut Findings) {
    findings.one_of(
        &path.key("type"),
        &strategy.kind,
        &["Recreate", "RollingUpdate"],
    );
    let Some(bounds) = &strategy.rolling_update else {
        return;
    };
    let at = path.key("rollingUpdate");
    if strategy.kind == "Recreate" {
        let detail = "may not be specified when strategy `type` is 'Recreate'";
        return findings.forbidden(&at, detail);
    }
    rolling(bounds, &at, findings);
}

fn rolling(bounds: &RollingUpdate, path: &FieldPath, findings: &mut Findings) {
    let sides = [
        ("maxSurge", &bounds.max_surge),
        ("maxUnavailable", &bounds.max_unavailable),
    ];
    for (key, bound) in sides {
        if let Some(bound) = bound {
            amount(bound, &path.key(key), findings);
        }
    }
    if let Some(bound) = &bounds.max_unavailable {
        at_most_all(bound, &path.key("maxUnavailable"), findings);
    }
    let zero = |bound: &Option<IntOrString>| bound.as_ref().is_some_and(is_zero);
    if zero(&bounds.max_surge) && zero(&bounds.max_unavailable) {
        let at = path.key("maxUnavailable");
        findings.invalid(&at, 0, "may not be 0 when `maxSurge` is 0");
    }
}

/// Percentages end at 100.
fn at_most_all(bound: &IntOrString, path: &FieldPath, findings: &mut Findings) {
    if let IntOrString::Text(text) = bound
        && is_percentage(text)
        && text
            .trim_end_matches('%')
            .parse()
            .is_ok_and(|percent: u32| percent > 100)
    {
        findings.invalid(path, text.as_str(), "must not be greater than 100%");
    }
}

fn is_zero(bound: &IntOrString) -> bool {
    matches!(bound, IntOrString::Int(0)) || matches!(bound, IntOrString::Text(text) if text == "0%")
}

/// A number that is not negative, or a percentage.
pub fn amount(bound: &IntOrString, path: &FieldPath, findings: &mut Findings) {
    match bound {
        IntOrString::Int(number) if *number < 0 => {
            findings.invalid(path, *number, "must be greater than or equal to 0");
        }
        IntOrString::Text(text) if !is_percentage(text) => {
            let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
            findings.invalid(path, text.as_str(), detail);
        }
        _ => {}
    }
}

fn is_percentage(text: &str) -> bool {
    let digits = text.strip_suffix('%').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

//! ValidatingAdmissionPolicies, and the conditions under which a webhook is called.
//!
//! Expressions that are not read ([`aegis_cel`] says which) refuse nothing: a policy with one lets every
//! write pass, a condition with one holds. Parameters are objects of the cluster, by name. Source:
//! k8s.io/apiserver/pkg/admission/plugin/policy/validating; .../plugin/webhook/matchconditions.

use super::claim::list;
use super::webhook::{Write, has_rule, is_selected};
use crate::api::error::{ApiError, plural_of};
use crate::api::find;
use crate::cluster::Cluster;
use crate::workings::header;
use aegis_cel::{Expression, Variables};
use aegis_model::kubernetes::{Kind, ObjectRef};
use alloc::format;
use alloc::string::String;
use serde_json::{Map, Value, json};

/// Whether all conditions hold for a write. One that has no value does not keep a webhook from being asked.
pub(super) fn meets(conditions: &Value, write: &Write<'_>) -> bool {
    let conditions = conditions.as_array().into_iter().flatten();
    let mut texts = conditions.filter_map(|one| one["expression"].as_str());
    let variables = variables(write, &Value::Null);
    texts.all(|text| value(text, &variables).is_none_or(|value| value != Ok(Value::Bool(false))))
}

/// Holds a write against all policies that are bound.
///
/// # Errors
/// [`ApiError::Forbidden`] where one denies it.
pub(super) fn all<P>(cluster: &Cluster<P>, write: &Write<'_>) -> Result<(), ApiError> {
    let hooks = &cluster.workings.policies.hooks;
    let of_kind = |kind: &'static str| {
        hooks
            .iter()
            .filter(move |document| document["kind"] == kind)
    };
    for binding in of_kind("ValidatingAdmissionPolicyBinding") {
        let denies = list(&binding["spec"], "validationActions").any(|action| action == "Deny");
        let mut policies = of_kind("ValidatingAdmissionPolicy");
        let named = policies.find(|one| one["metadata"]["name"] == binding["spec"]["policyName"]);
        let Some(policy) = named.filter(|_| denies && is_matched(&binding["spec"], write)) else {
            continue;
        };
        if let Some(reason) = refusal(cluster, policy, binding, write) {
            let names = (&policy["metadata"]["name"], &binding["metadata"]["name"]);
            return Err(denied(write, names, &reason));
        }
    }
    Ok(())
}

fn denied(write: &Write<'_>, (policy, binding): (&Value, &Value), reason: &str) -> ApiError {
    let text = |value: &Value| String::from(value.as_str().unwrap_or_default());
    ApiError::Forbidden {
        kind: write.kind.clone(),
        name: write.name.into(),
        reason: format!(
            "ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {reason}",
            text(policy),
            text(binding)
        ),
    }
}

/// Whether a binding takes a write: it may say less than its policy, and says all where it says nothing.
fn is_matched(binding: &Value, write: &Write<'_>) -> bool {
    let resources = &binding["matchResources"];
    let mut rules = list(resources, "resourceRules").peekable();
    (rules.peek().is_none() || rules.any(|rule| has_rule(rule, write)))
        && !list(resources, "excludeResourceRules").any(|rule| has_rule(rule, write))
        && is_selected(resources, write)
}

/// Why a policy denies a write; `None` where it does not, or has nothing to do with it.
fn refusal<P>(
    cluster: &Cluster<P>,
    policy: &Value,
    binding: &Value,
    write: &Write<'_>,
) -> Option<String> {
    let spec = &policy["spec"];
    let matched = &spec["matchConstraints"];
    let concerned = list(matched, "resourceRules").any(|rule| has_rule(rule, write))
        && !list(matched, "excludeResourceRules").any(|rule| has_rule(rule, write))
        && is_selected(matched, write);
    if !concerned || !meets(&spec["matchConditions"], write) {
        return None;
    }
    let parameters = match parameters(cluster, spec, &binding["spec"]["paramRef"], write) {
        Parameters::Known(value) => value,
        Parameters::Missing => return missing(&binding["spec"]["paramRef"]),
    };
    let mut variables = variables(write, &parameters);
    define(list(spec, "variables"), &mut variables);
    let fatal = spec["failurePolicy"] != "Ignore";
    let mut refusals = list(spec, "validations").filter_map(|one| {
        let text = one["expression"].as_str()?;
        match value(text, &variables)? {
            Ok(Value::Bool(true)) => None,
            Ok(_) => Some(in_words(one, text, &variables)),
            Err(why) if fatal => Some(format!(
                "expression '{}' resulted in error: {why}",
                text.trim()
            )),
            Err(_) => None,
        }
    });
    refusals.next()
}

/// What a policy says of a write that it denies.
fn in_words(validation: &Value, text: &str, variables: &Variables<'_>) -> String {
    let written = validation["messageExpression"].as_str();
    let written = written.and_then(|text| value(text, variables)?.ok());
    let said = written.as_ref().and_then(Value::as_str);
    match said.or_else(|| validation["message"].as_str()) {
        Some(message) if !message.trim().is_empty() => message.into(),
        _ => format!("failed expression: {}", text.trim()),
    }
}

/// The object that a policy is parametrised with.
enum Parameters {
    /// It, or null where the policy takes none.
    Known(Value),
    /// There is none of that name.
    Missing,
}

fn parameters<P>(
    cluster: &Cluster<P>,
    spec: &Value,
    reference: &Value,
    write: &Write<'_>,
) -> Parameters {
    let (Some(kind), Some(name)) = (
        spec["paramKind"]["kind"].as_str(),
        reference["name"].as_str(),
    ) else {
        return Parameters::Known(Value::Null);
    };
    let namespace = reference["namespace"]
        .as_str()
        .or(write.inside)
        .unwrap_or_default();
    let near = ObjectRef::new(Kind::from(kind), namespace, name);
    let wide = ObjectRef::new(Kind::from(kind), "", name);
    let found = find(cluster, &near).or_else(|| find(cluster, &wide));
    match found.and_then(|slot| header(&cluster.objects, slot)) {
        Some(header) => Parameters::Known(Value::clone(&header.doc)),
        None => Parameters::Missing,
    }
}

fn missing(reference: &Value) -> Option<String> {
    let denies = reference["parameterNotFoundAction"] == "Deny";
    let said = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    denies.then(|| said.into())
}

/// What expressions may speak of.
fn variables(write: &Write<'_>, parameters: &Value) -> Variables<'static> {
    let labels = write
        .namespace
        .map_or_else(Value::default, |labels| json!(labels));
    let namespace = write.inside.map_or(
        Value::Null,
        |name| json!({"metadata": {"name": name, "labels": labels}}),
    );
    let request = json!({
        "operation": write.operation,
        "userInfo": write.user.info(),
        "name": write.name,
        "namespace": write.inside.unwrap_or_default(),
        "kind": {"group": write.group, "version": write.version, "kind": write.kind.as_str()},
        "resource": {
            "group": write.group,
            "version": write.version,
            "resource": plural_of(write.kind.as_str()),
        },
    });
    Variables::from([
        ("object", write.object.clone()),
        ("oldObject", write.old.clone()),
        ("request", request),
        ("params", parameters.clone()),
        ("namespaceObject", namespace),
    ])
}

/// A policy's own variables, each after those before it; one without a value is not there.
fn define<'a>(given: impl Iterator<Item = &'a Value>, variables: &mut Variables<'static>) {
    let mut defined = Map::new();
    variables.insert("variables", Value::Object(Map::new()));
    for one in given {
        let (Some(name), Some(text)) = (one["name"].as_str(), one["expression"].as_str()) else {
            continue;
        };
        if let Some(Ok(value)) = value(text, variables) {
            defined.insert(name.into(), value);
            variables.insert("variables", Value::Object(defined.clone()));
        }
    }
}

/// The value of an expression; `None` where it is not read.
fn value(text: &str, variables: &Variables<'_>) -> Option<Result<Value, String>> {
    let expression = Expression::read(text).ok()?;
    Some(expression.value(variables).map_err(|why| why.0))
}

//! Admission: what namespaces, quotas, limits and webhooks make of a write, in the API server's order.
//!
//! Defaults first, then what looks things up (accounts, classes, mutating webhooks), then what may only
//! refuse: limits, Pod Security, validating webhooks, and quotas last. Source:
//! pkg/kubeapiserver/options/plugins.go, `AllOrderedPlugins`.

mod call;
mod checks;
mod claim;
mod limits;
mod policy;
mod quota;
mod quotas;
mod rules;
mod security;
mod webhook;

pub(crate) use claim::Amounts;
pub(crate) use limits::complete;
pub(crate) use quota::Life;
pub use quotas::settle_quotas;
pub(crate) use quotas::{charge, growth_refusal, object_refusal};
pub(crate) use rules::sets_rules;
pub(crate) use security::Demand;

use super::error::ApiError;
use super::templates;
use super::{find, pods, validate};
use crate::cluster::Cluster;
use crate::workings::Rules;
use aegis_model::kubernetes::{Kind, Labels, ObjectRef};
use aegis_model::objects::Header;
use aegis_model::{Doc, TemplateId, WorkloadId};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use call::Patience;
use serde_json::Value;
use smol_str::SmolStr;
pub(crate) use webhook::User;
use webhook::Write;

/// A pod that asks to be let in.
pub(crate) struct Applicant<'a> {
    /// Its workload.
    pub(crate) workload: WorkloadId,
    /// Its revision's template.
    pub(crate) template: TemplateId,
    /// Its namespace.
    pub(crate) namespace: &'a SmolStr,
    /// Its name.
    pub(crate) name: &'a SmolStr,
    /// What it is called before it has a name: `metadata.generateName`, else its name.
    pub(crate) called: SmolStr,
    /// Its labels.
    pub(crate) labels: &'a Labels,
}

/// Admits a pod: gives the template with what was written into it.
///
/// # Errors
/// [`ApiError::Forbidden`], [`ApiError::Invalid`] or [`ApiError::Internal`], in the words of whoever refuses.
pub(crate) fn pod<P>(
    cluster: &mut Cluster<P>,
    applicant: &Applicant<'_>,
) -> Result<TemplateId, ApiError> {
    rules::freshen(cluster);
    let rules = cluster
        .workings
        .policies
        .namespaces
        .get(applicant.namespace);
    let rules = rules.cloned().unwrap_or_default();
    pods::account_of(cluster, applicant)?;
    let template = with_defaults(cluster, applicant, &rules)?;
    pods::priority_of(cluster, &applicant.called, template)?;
    let mut patience = Patience::new();
    let written = ask(cluster, applicant, template, |write| {
        call::all(cluster, write, HookKind::Mutating, &mut patience)
    })?;
    let template = mutated(cluster, applicant, template, &written)?;
    limits_and_security(cluster, applicant, &rules, template)?;
    ask(cluster, applicant, template, |write| {
        policy::all(cluster, write)?;
        call::all(cluster, write, HookKind::Validating, &mut patience)
    })?;
    let document = cluster.objects.templates[template.index()].doc.clone();
    let used = quota::Used {
        resource: "pods",
        document: &document,
        life: Life::Alive,
    };
    match quotas::refusal(cluster, &rules, &used) {
        Some(reason) => Err(forbidden(applicant.name, reason)),
        None => Ok(template),
    }
}

fn forbidden(name: &SmolStr, reason: String) -> ApiError {
    ApiError::Forbidden {
        kind: Kind::Pod,
        name: name.clone(),
        reason,
    }
}

/// The template with the defaults of LimitRanges; the same one where they add nothing.
fn with_defaults<P>(
    cluster: &mut Cluster<P>,
    applicant: &Applicant<'_>,
    rules: &Rules,
) -> Result<TemplateId, ApiError> {
    let base = applicant.template;
    let class = class_of(cluster, base);
    let runtime = runtime_class(cluster, applicant)?;
    let secrets = pull_secrets(cluster, applicant);
    let none = class.is_none() && runtime.is_none() && secrets.is_none();
    if rules.limits.is_empty() && none {
        return Ok(base);
    }
    if let Some(known) = cluster.workings.policies.variants.get(&base) {
        return Ok(*known);
    }
    let document = &cluster.objects.templates[base.index()].doc;
    let mut written = Value::clone(document);
    for items in &rules.limits {
        limits::set_defaults(items, &mut written);
    }
    if let Some(class) = class {
        set_class(&class, &mut written["spec"]);
    }
    if let Some(secrets) = secrets {
        written["spec"]["imagePullSecrets"] = secrets;
    }
    if let Some(class) = runtime {
        set_runtime(&class, &mut written["spec"]);
    }
    let same = written == **document;
    let template = match same {
        true => base,
        false => templates::admitted(cluster, applicant.workload, base, &Arc::new(written))?,
    };
    Arc::make_mut(&mut cluster.workings.policies.variants).insert(base, template);
    Ok(template)
}

/// The PriorityClass by name.
pub(crate) fn priority_class<'a, P>(cluster: &'a Cluster<P>, name: &str) -> Option<&'a Header> {
    let reference = ObjectRef::new(Kind::PriorityClass, "", name);
    let slot = find(cluster, &reference)?;
    crate::workings::header(&cluster.objects, slot)
}

/// Why a PriorityClass may not be the default one: another one is.
/// Source: plugin/pkg/admission/priority `validatePriorityClass`.
pub(crate) fn second_default<P>(
    cluster: &Cluster<P>,
    object: &ObjectRef,
    document: &Value,
) -> Option<String> {
    let is_default = |document: &Value| document["globalDefault"] == true;
    if !is_default(document) {
        return None;
    }
    let mut classes = cluster.objects.plain.iter().map(|row| &row.header);
    let other = classes.find(|header| {
        let other = &header.reference;
        header.exists() && other.kind == object.kind && other != object && is_default(&header.doc)
    })?;
    Some(alloc::format!(
        "PriorityClass {} is already marked as default. Only one default can exist",
        other.reference.name
    ))
}

/// The document of the class of a template's pods: the one that it names, or the one for those that name none.
fn class_of<P>(cluster: &Cluster<P>, template: TemplateId) -> Option<Doc> {
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let named = spec.priority_class_name.as_deref().unwrap_or_default();
    if named.is_empty() {
        return cluster.workings.policies.default_class.clone();
    }
    priority_class(cluster, named).map(|header| header.doc.clone())
}

/// The document of the RuntimeClass that a pod names (plugin/pkg/admission/runtimeclass).
///
/// # Errors
/// [`ApiError::Forbidden`] where there is none of that name.
fn runtime_class<P>(
    cluster: &Cluster<P>,
    applicant: &Applicant<'_>,
) -> Result<Option<Doc>, ApiError> {
    let template = &cluster.objects.templates[applicant.template.index()];
    let Some(name) = &template.spec.spec.runtime_class_name else {
        return Ok(None);
    };
    let class = ObjectRef::new(Kind::from("RuntimeClass"), "", name);
    let found = find(cluster, &class);
    match found.and_then(|slot| crate::workings::header(&cluster.objects, slot)) {
        Some(header) => {
            let (own, fixed) = (
                &template.doc["spec"]["overhead"],
                &header.doc["overhead"]["podFixed"],
            );
            if own.is_object() && !is_same_overhead(own, fixed) {
                let reason =
                    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
                return Err(forbidden(&applicant.called, reason.into()));
            }
            Ok(Some(header.doc.clone()))
        }
        None => {
            let reason = alloc::format!("pod rejected: RuntimeClass {name:?} not found");
            Err(forbidden(&applicant.called, reason))
        }
    }
}

/// Whether a pod states the overhead of its class.
fn is_same_overhead(own: &Value, fixed: &Value) -> bool {
    let amounts = |of: &Value| -> Amounts {
        let named = of.as_object().into_iter().flatten();
        named
            .filter_map(|(name, amount)| Some((name.clone(), claim::amount(amount)?)))
            .collect()
    };
    amounts(own) == amounts(fixed)
}

/// Writes what running under a RuntimeClass costs, and where it can be done, into a pod.
fn set_runtime(class: &Value, spec: &mut Value) {
    let overhead = &class["overhead"]["podFixed"];
    if overhead.is_object() {
        spec["overhead"] = overhead.clone();
    }
    let labels = class["scheduling"]["nodeSelector"].as_object();
    for (key, value) in labels.into_iter().flatten() {
        spec["nodeSelector"][key] = value.clone();
    }
    let more = claim::list(&class["scheduling"], "tolerations");
    let more: Vec<Value> = more.cloned().collect();
    if !more.is_empty() {
        let own = claim::list(spec, "tolerations").cloned();
        spec["tolerations"] = own.chain(more).collect();
    }
}

/// Secrets for the registry that a pod's account names, where the pod names none
/// (plugin/pkg/admission/serviceaccount).
fn pull_secrets<P>(cluster: &Cluster<P>, applicant: &Applicant<'_>) -> Option<Value> {
    let template = &cluster.objects.templates[applicant.template.index()];
    if claim::list(&template.doc["spec"], "imagePullSecrets")
        .next()
        .is_some()
    {
        return None;
    }
    let named = template.spec.spec.service_account_name.as_deref();
    let named = named.filter(|name| !name.is_empty()).unwrap_or("default");
    let account = ObjectRef::new(Kind::ServiceAccount, applicant.namespace, named);
    let header = crate::workings::header(&cluster.objects, find(cluster, &account)?)?;
    let secrets = &header.doc["imagePullSecrets"];
    secrets.as_array().filter(|list| !list.is_empty())?;
    Some(secrets.clone())
}

/// Writes what a class says beside its value into a pod.
fn set_class(class: &Value, spec: &mut Value) {
    if spec["priorityClassName"]
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        spec["priorityClassName"] = class["metadata"]["name"].clone();
    }
    let policy = &class["preemptionPolicy"];
    if policy.is_string() && spec["preemptionPolicy"].is_null() {
        spec["preemptionPolicy"] = policy.clone();
    }
}

/// What only refuses, before the webhooks.
fn limits_and_security<P>(
    cluster: &Cluster<P>,
    applicant: &Applicant<'_>,
    rules: &Rules,
    template: TemplateId,
) -> Result<(), ApiError> {
    let row = &cluster.objects.templates[template.index()];
    let object = ObjectRef::new(Kind::Pod, applicant.namespace, applicant.name);
    if template != applicant.template {
        validate::pod(&object, &row.spec.spec, "spec")?;
    }
    let mut ranges = rules.limits.iter();
    let refusal = ranges.find_map(|items| limits::refusal(items, &row.doc));
    let refusal = refusal.or_else(|| {
        let demand = rules.enforce.as_ref()?;
        demand.violation(&row.doc["metadata"], &row.doc["spec"])
    });
    refusal.map_or(Ok(()), |reason| Err(forbidden(applicant.name, reason)))
}

/// Which of the two kinds of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookKind {
    /// They change, and come first.
    Mutating,
    /// They only refuse.
    Validating,
}

impl HookKind {
    const fn configuration(self) -> &'static str {
        match self {
            Self::Mutating => "MutatingWebhookConfiguration",
            Self::Validating => "ValidatingWebhookConfiguration",
        }
    }
}

/// Asks whoever an administrator has put before the writing of pods.
fn ask<P, T>(
    cluster: &Cluster<P>,
    applicant: &Applicant<'_>,
    template: TemplateId,
    question: impl FnOnce(&Write<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError>
where
    T: Default,
{
    if cluster.workings.policies.hooks.is_empty() {
        return Ok(T::default());
    }
    let namespace = crate::reach::namespace_labels(&cluster.objects, applicant.namespace);
    let object = shown(cluster, applicant, template);
    let owner = &cluster.objects.workloads[applicant.workload.index()].header;
    question(&Write {
        operation: "CREATE",
        user: User::maker(&Kind::Pod, &owner.reference.kind),
        group: "",
        version: "v1",
        resource: "pods",
        kind: &Kind::Pod,
        name: applicant.name,
        inside: Some(applicant.namespace),
        labels: applicant.labels,
        namespace: Some(&namespace),
        object: &object,
        old: &Value::Null,
    })
}

/// The pod as those who are asked see it.
fn shown<P>(cluster: &Cluster<P>, applicant: &Applicant<'_>, template: TemplateId) -> Value {
    let mut pod = Value::clone(&cluster.objects.templates[template.index()].doc);
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = applicant.name.as_str().into();
    pod["metadata"]["namespace"] = applicant.namespace.as_str().into();
    if !applicant.labels.is_empty() {
        pod["metadata"]["labels"] = serde_json::json!(applicant.labels);
    }
    pod
}

/// The template with what mutating webhooks wrote into it; the same one where they wrote nothing.
fn mutated<P>(
    cluster: &mut Cluster<P>,
    applicant: &Applicant<'_>,
    base: TemplateId,
    written: &[String],
) -> Result<TemplateId, ApiError> {
    if written.is_empty() {
        return Ok(base);
    }
    let key = (base, written.concat());
    if let Some(known) = cluster.workings.policies.mutated.get(&key) {
        return Ok(*known);
    }
    let mut document = Value::clone(&cluster.objects.templates[base.index()].doc);
    for patch in written {
        // What is no JSON is what a webhook would be refused for: it changes nothing.
        if let Ok(patch) = serde_json::from_str(patch) {
            call::write_into(&mut document, &patch);
        }
    }
    let template = templates::admitted(cluster, applicant.workload, base, &Arc::new(document))?;
    Arc::make_mut(&mut cluster.workings.policies.mutated).insert(key, template);
    Ok(template)
}

/// Calls the webhooks for a write that a user makes to an object that is no pod of a controller.
///
/// # Errors
/// [`ApiError::Internal`] where one with `failurePolicy: Fail` cannot be called.
pub(crate) fn user_write<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    document: &Doc,
    operation: &'static str,
    user: User<'_>,
) -> Result<(), ApiError> {
    rules::freshen(cluster);
    let version = document["apiVersion"].as_str().unwrap_or("v1");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    if cluster.workings.policies.hooks.is_empty() || group == "admissionregistration.k8s.io" {
        return Ok(());
    }
    let labels = super::identify(document).map(|(_, metadata)| metadata.labels);
    let inside = (!object.namespace.is_empty())
        .then(|| crate::reach::namespace_labels(&cluster.objects, &object.namespace));
    let before = find(cluster, object).map(|slot| super::update::document_of(cluster, slot));
    let before = before.unwrap_or_default();
    let write = Write {
        operation,
        user,
        group,
        version,
        resource: &rules::plural(&object.kind),
        kind: &object.kind,
        name: &object.name,
        inside: Some(object.namespace.as_str()).filter(|namespace| !namespace.is_empty()),
        labels: &labels.unwrap_or_default(),
        namespace: inside.as_deref(),
        object: if operation == "DELETE" {
            &Value::Null
        } else {
            document
        },
        old: &before,
    };
    let mut patience = Patience::new();
    call::all(cluster, &write, HookKind::Mutating, &mut patience)?;
    policy::all(cluster, &write)?;
    call::all(cluster, &write, HookKind::Validating, &mut patience).map(drop)
}

/// Admission of what a controller makes that is no pod: webhooks, then quotas.
///
/// # Errors
/// [`ApiError::Forbidden`], [`ApiError::Internal`] or [`ApiError::Denied`], in the words of whoever refuses.
pub fn of_controller<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    document: &Doc,
) -> Result<(), ApiError> {
    let user = User::maker(&object.kind, &Kind::Deployment);
    user_write(cluster, object, document, "CREATE", user)?;
    match object_refusal(cluster, object, document) {
        Some(reason) => Err(ApiError::Forbidden {
            kind: object.kind.clone(),
            name: object.name.clone(),
            reason,
        }),
        None => Ok(()),
    }
}

/// All items of all LimitRanges of a namespace against a claim on storage.
pub(crate) fn claim_refusal<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    claim: &Value,
) -> Option<String> {
    rules::freshen(cluster);
    let rules = cluster
        .workings
        .policies
        .namespaces
        .get(&object.namespace)?;
    let findings: Vec<String> = rules
        .limits
        .iter()
        .filter_map(|items| limits::claim_refusal(items, claim))
        .collect();
    findings.into_iter().next()
}

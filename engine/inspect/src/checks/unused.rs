//! Objects that select, name or serve nothing: classes, budgets, policies, governing Services.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Fits, Proven},
};
use crate::doc::{has, items, text, texts};
use crate::estate::{Estate, Object, Workload};
use crate::labels::selects;
use aegis_model::bundle::Origin;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let home = |object: &Object<'_>| estate.is_home(object.namespace);
    let of = |kind: &'static str| estate.objects.iter().filter(move |one| one.kind == kind);
    let mut found = Vec::new();
    for ingress in of("Ingress").filter(|one| home(one)) {
        found.extend(classless(estate, ingress));
    }
    for policy in of("NetworkPolicy").filter(|one| home(one)) {
        found.extend(policy_of_nothing(estate, policy));
    }
    for budget in of("PodDisruptionBudget").filter(|one| home(one)) {
        found.extend(budget_of_nothing(estate, budget));
    }
    for set in of("StatefulSet").filter(|one| home(one)) {
        found.extend(ungoverned(estate, set));
    }
    for service in of("Service").filter(|one| home(one) && estate.bundle.origin == Origin::Settled)
    {
        found.extend(too_broad(estate, service));
        found.extend(not_headless(estate, service));
    }
    for service in of("Service").filter(|one| home(one)) {
        let podless = podless(estate, service);
        found.extend(podless.map(|one| super::services::missed_by_callers(case, service, one)));
    }
    found.extend(defaults(estate));
    found
}

/// Classes that clusters have under these names from their installers; manifests bring none of them.
/// Sources: the controllers' installation guides.
const USUAL_CLASSES: &[&str] = &[
    "nginx",
    "public",
    "private",
    "internal",
    "external",
    "traefik",
    "haproxy",
    "kong",
    "alb",
    "gce",
    "gce-internal",
    "istio",
    "contour",
    "cilium",
    "tailscale",
    "openshift-default",
    "azure-application-gateway",
    "webapprouting.kubernetes.azure.com",
    "nginx-internal",
    "nginx-external",
    "internal-nginx",
    "external-nginx",
    "ingress-nginx",
];

/// An Ingress of a class that is not there.
fn classless(estate: &Estate<'_>, ingress: &Object<'_>) -> Option<Candidate> {
    let by_field = text(ingress.doc, "/spec/ingressClassName");
    let by_note = texts(ingress.doc, "/metadata/annotations")
        .find(|(key, _)| *key == "kubernetes.io/ingress.class")
        .map_or("", |(_, value)| value);
    let class = if by_field.is_empty() {
        by_note
    } else {
        by_field
    };
    let known = estate.of_kind("IngressClass").next().is_some();
    let settled = estate.bundle.origin == Origin::Settled;
    let there = estate.find("IngressClass", "", class).is_some()
        || !known && USUAL_CLASSES.contains(&class);
    if class.is_empty() || there || !(known || settled) || by_field.is_empty() && !known {
        return None;
    }
    let words = format!("it names IngressClass {class}, which does not exist");
    Some(
        Candidate::new("ingress_class_missing", ingress.reference())?
            .field("spec.ingressClassName")
            .value("value", class)
            .seen(Proven, "object", ingress.reference(), words),
    )
}

fn in_namespace<'a, 'b>(
    estate: &'b Estate<'a>,
    namespace: &'b str,
) -> impl Iterator<Item = &'b Workload<'a>> {
    let all = estate.workloads.iter();
    all.filter(move |keeper| keeper.object.namespace == namespace)
}

/// Whether a selector takes the pods of none of the workloads of a namespace that has some.
fn takes_nobody(estate: &Estate<'_>, namespace: &str, selector: &Value) -> bool {
    let mut keepers = in_namespace(estate, namespace).peekable();
    let narrow = texts(selector, "/matchLabels").next().is_some()
        || items(selector, "/matchExpressions").next().is_some();
    narrow
        && keepers.peek().is_some()
        && !keepers.any(|keeper| {
            selects(selector, &keeper.labels)
                || keeper
                    .pod_labels
                    .iter()
                    .any(|labels| selects(selector, labels))
        })
}

fn words_of(selector: &Value) -> String {
    let labels = texts(selector, "/matchLabels").map(|(key, value)| format!("{key}={value}"));
    let rules = items(selector, "/matchExpressions").map(|rule| {
        let (key, operator) = (text(rule, "/key"), text(rule, "/operator"));
        format!("{key} {operator}")
    });
    labels.chain(rules).collect::<Vec<_>>().join(",")
}

fn policy_of_nothing(estate: &Estate<'_>, policy: &Object<'_>) -> Option<Candidate> {
    let selector = policy.doc.pointer("/spec/podSelector")?;
    takes_nobody(estate, policy.namespace, selector).then(|| {
        let words = format!("no pod has {}", words_of(selector));
        Some(
            Candidate::new("network_policy_selects_nothing", policy.reference())?
                .field("spec.podSelector")
                .seen(weight(estate), "object", policy.reference(), words),
        )
    })?
}

/// In manifests what is not there is not there; a collected part of a cluster may lack it.
fn weight(estate: &Estate<'_>) -> crate::candidate::Weight {
    match estate.bundle.origin {
        Origin::Settled => Documented,
        Origin::Collected => Fits,
    }
}

fn budget_of_nothing(estate: &Estate<'_>, budget: &Object<'_>) -> Option<Candidate> {
    let selector = budget.doc.pointer("/spec/selector")?;
    takes_nobody(estate, budget.namespace, selector).then(|| {
        let words = format!("no pod has {}", words_of(selector));
        Some(
            Candidate::new("disruption_budget_selects_nothing", budget.reference())?
                .field("spec.selector")
                .seen(weight(estate), "object", budget.reference(), words),
        )
    })?
}

fn ungoverned(estate: &Estate<'_>, set: &Object<'_>) -> Option<Candidate> {
    let name = text(set.doc, "/spec/serviceName");
    let gone = !name.is_empty()
        && estate.knows("Service", set.namespace)
        && estate.find("Service", set.namespace, name).is_none();
    gone.then(|| {
        let words = format!("spec.serviceName is {name}, and there is no such Service");
        Some(
            Candidate::new("stateful_set_service_missing", set.reference())?
                .field("spec.serviceName")
                .value("value", name)
                .seen(Proven, "object", set.reference(), words),
        )
    })?
}

/// A Service of one workload whose selector takes the pods of another as well, which has a Service of its own.
fn too_broad(estate: &Estate<'_>, service: &Object<'_>) -> Option<Candidate> {
    let behind = estate.behind(service);
    let is_named = |at: &&usize| {
        let name = estate.workloads[**at].object.name;
        service.name == name || service.name.starts_with(&format!("{name}-"))
    };
    let meant = behind.iter().find(is_named)?;
    let name = estate.workloads[*meant].object.name;
    let other = behind.iter().filter(|at| !is_named(at)).find(|at| {
        let keeper = &estate.workloads[**at];
        let related = keeper.object.name.contains(name) || name.contains(keeper.object.name);
        let served = estate.services_of(**at);
        !related
            && served
                .iter()
                .any(|one| one.name != service.name && estate.behind(one) == [**at])
    })?;
    let keeper = &estate.workloads[*other];
    let words = format!(
        "its selector takes the pods of {} as well, which has a Service of its own: requests go to both",
        keeper.object.reference()
    );
    Some(
        Candidate::new("misconfiguration", service.reference())?
            .field("spec.selector")
            .value("service", service.name)
            .seen(Documented, "object", service.reference(), words),
    )
}

/// The governing Service of a StatefulSet that has an address of its own, where somebody asks for pods by name:
/// only a headless one gives them names.
fn not_headless(estate: &Estate<'_>, service: &Object<'_>) -> Option<Candidate> {
    let own = text(service.doc, "/spec/clusterIP") != "None";
    let set = estate.of_kind("StatefulSet").find(|set| {
        set.namespace == service.namespace && text(set.doc, "/spec/serviceName") == service.name
    })?;
    let names = [0, 1].map(|number| format!("{}-{number}.{}", set.name, service.name));
    let asked = own
        && estate.objects.iter().any(|object| {
            let written = object.doc.to_string();
            names.iter().any(|name| written.contains(name.as_str()))
        });
    asked.then(|| {
        let words = format!(
            "pods of {} are asked for by name, and the Service is not headless: it gives them none",
            set.reference()
        );
        Some(
            Candidate::new("stateful_set_service_missing", service.reference())?
                .field("spec.clusterIP")
                .value("value", service.name)
                .seen(Documented, "object", service.reference(), words),
        )
    })?
}

/// A Service that no workload of its namespace stands behind, nor was meant to by its name.
fn podless(estate: &Estate<'_>, service: &Object<'_>) -> Option<Candidate> {
    let selector = texts(service.doc, "/spec/selector");
    let wanted: Vec<String> = selector
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let outside = text(service.doc, "/spec/type") == "ExternalName" || wanted.is_empty();
    let others = in_namespace(estate, service.namespace).next().is_some();
    // Of a Service alone in its namespace nobody knows who stands behind it: that it selects nobody here
    // is all that there is to say.
    let alone = estate.bundle.origin == Origin::Settled && !others;
    if outside || !(others || alone) || !estate.behind(service).is_empty() {
        return None;
    }
    // Where it was meant for a workload that is there, that is the better answer.
    if super::services::meant(estate, service).is_some() {
        return None;
    }
    let labels = wanted.join(",");
    let elsewhere = estate.workloads.iter().find(|keeper| {
        let mut selector = texts(service.doc, "/spec/selector");
        selector.all(|(key, value)| keeper.labels.get(key) == Some(&value))
    });
    let (field, words) = match elsewhere {
        Some(keeper) => (
            "metadata.namespace",
            format!(
                "{} has {labels}, and is in another namespace",
                keeper.object.reference()
            ),
        ),
        None => ("spec.selector", format!("no pod has {labels}")),
    };
    Some(
        Candidate::new("service_without_pods", service.reference())?
            .field(field)
            .seen(weight(estate), "object", service.reference(), words),
    )
}

/// More than one StorageClass that is the default.
fn defaults(estate: &Estate<'_>) -> Option<Candidate> {
    let all: Vec<Object<'_>> = estate
        .of_kind("StorageClass")
        .filter(|class| {
            texts(class.doc, "/metadata/annotations").any(|(key, value)| {
                key.ends_with("storageclass.kubernetes.io/is-default-class") && value == "true"
            })
        })
        .collect();
    let [first, second, ..] = all.as_slice() else {
        return None;
    };
    let words = format!("{} and {} are both the default", first.name, second.name);
    (!has(first.doc, "/metadata/deletionTimestamp")).then(|| {
        Some(
            Candidate::new("storage_class_broken", first.reference())?
                .field("metadata.annotations")
                .value("value", "two with (default)")
                .seen(Fits, "object", first.reference(), words),
        )
    })?
}

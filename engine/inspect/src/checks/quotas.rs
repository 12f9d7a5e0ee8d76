//! Quotas of namespaces: used up, with something that they kept from being made.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven, Said},
};
use crate::doc::{items, quantity, text};
use crate::estate::Object;
use crate::symptoms::Symptom;
use serde_json::Value;

/// Words of a resource, and the cause.
const RESOURCES: &[(&str, &str)] = &[
    ("cpu", "quota_cpu_exceeded"),
    ("memory", "quota_memory_exceeded"),
    ("persistentvolumeclaims", "quota_storage_exceeded"),
    ("storage", "quota_storage_exceeded"),
    ("services", "quota_services_exceeded"),
    ("pods", "quota_pods_exceeded"),
];

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let quotas = estate
        .of_kind("ResourceQuota")
        .filter(|quota| estate.is_home(quota.namespace));
    let mut found: Vec<Candidate> = quotas.flat_map(|quota| by_resource(case, &quota)).collect();
    if found.is_empty() {
        found.extend(by_words(case));
    }
    found
}

fn by_resource(case: &Case<'_>, quota: &Object<'_>) -> Vec<Candidate> {
    let hard = quota
        .doc
        .pointer("/spec/hard")
        .or_else(|| quota.doc.pointer("/status/hard"));
    let names = hard
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str());
    names
        .filter_map(|name| limited(case, quota, name))
        .collect()
}

fn cause_of(resource: &str) -> Option<&'static str> {
    let last = resource.rsplit('.').next().unwrap_or(resource);
    let known =
        |word: &str| resource == word || last == word || resource.ends_with(&format!("/{word}"));
    RESOURCES
        .iter()
        .find(|(word, _)| known(word))
        .map(|(_, id)| *id)
}

fn limited(case: &Case<'_>, quota: &Object<'_>, resource: &str) -> Option<Candidate> {
    let id = cause_of(resource)?;
    let escaped = resource.replace('~', "~0").replace('/', "~1");
    let hard_at = |place: &str| quantity(quota.doc, &format!("/{place}/hard/{escaped}"));
    let hard = hard_at("spec").or_else(|| hard_at("status"))?;
    let used = quantity(quota.doc, &format!("/status/used/{escaped}"));
    let shown = |place: &str| {
        let value = quota.doc.pointer(&format!("/{place}/{escaped}"));
        value.map_or_else(
            || "?".to_owned(),
            |value| value.to_string().trim_matches('"').to_owned(),
        )
    };
    let words = format!(
        "{resource}: {} of {} used",
        shown("status/used"),
        shown("spec/hard")
    );
    let full = used.is_some_and(|used| used >= hard);
    let mut candidate = Candidate::new(id, quota.reference())?
        .field(format!("spec.hard.{resource}"))
        .value("value", quota.name)
        .seen(Fits, "object", quota.reference(), words);
    if full {
        candidate = candidate.seen(Fits, "object", quota.reference(), "it is used up");
    }
    match id {
        "quota_services_exceeded" => full.then(|| services(case, candidate))?,
        "quota_storage_exceeded" => claims(case, quota, candidate, hard - used.unwrap_or(0)),
        _ => refusals(case, quota, resource, candidate),
    }
}

/// Pods that the quota refused and that are still not there.
fn refusals(
    case: &Case<'_>,
    quota: &Object<'_>,
    resource: &str,
    candidate: Candidate,
) -> Option<Candidate> {
    let estate = &case.estate;
    let named = format!("exceeded quota: {}", quota.name);
    let mut refused = Vec::new();
    let mut said = None;
    for (at, keeper) in estate.workloads.iter().enumerate() {
        if keeper.object.namespace != quota.namespace {
            continue;
        }
        let wanted = usize::try_from(keeper.desired.unwrap_or(0)).unwrap_or(0);
        let warnings = estate.warnings_of(at);
        let event = warnings.iter().find(|event| {
            let requested = event.message.split("used:").next().unwrap_or("");
            event.message.contains(&named) && requested.contains(resource)
        });
        if let Some(event) = event.filter(|_| keeper.pods.len() < wanted) {
            refused.push(at);
            said.get_or_insert((keeper.object.reference(), event.message.clone()));
        }
    }
    let (reference, message) = said?;
    Some(
        candidate
            .seen(Said, "event", reference, message)
            .hurting(refused),
    )
}

/// A Service that callers miss, while the namespace may hold no more of them.
fn services(case: &Case<'_>, candidate: Candidate) -> Option<Candidate> {
    let estate = &case.estate;
    let gone: Vec<usize> = (0..estate.workloads.len())
        .filter(|at| estate.is_home(estate.workloads[*at].object.namespace))
        .filter(|at| {
            let name = estate.workloads[*at].object.name;
            let missed = case.picture.symptoms.iter().any(|symptom| match symptom {
                Symptom::Misses { service, .. } | Symptom::Unreachable(service) => service == name,
                _ => false,
            });
            missed && estate.services_of(*at).is_empty()
        })
        .collect();
    let first = *gone.first()?;
    let name = estate.workloads[first].object.name;
    let words = format!("there is no Service before {name}, and none can be made");
    let mut candidate = candidate.seen(
        Said,
        "object",
        estate.workloads[first].object.reference(),
        words,
    );
    candidate.services = gone
        .iter()
        .map(|at| estate.workloads[*at].object.name.to_owned())
        .collect();
    Some(candidate.hurting(gone))
}

/// Whether a namespace may hold no more Services.
pub(super) fn services_used_up(case: &Case<'_>, namespace: &str) -> bool {
    let mut quotas = case.estate.of_kind("ResourceQuota");
    quotas.any(|quota| {
        let hard = quantity(quota.doc, "/spec/hard/services");
        let used = quantity(quota.doc, "/status/used/services");
        quota.namespace == namespace && hard.is_some() && used >= hard
    })
}

/// A claim that a pod waits for and that does not exist, while the namespace may claim no more.
fn claims(
    case: &Case<'_>,
    quota: &Object<'_>,
    candidate: Candidate,
    left: i128,
) -> Option<Candidate> {
    let estate = &case.estate;
    let mut waiting = Vec::new();
    let mut missing = "";
    for (at, keeper) in estate.workloads.iter().enumerate() {
        if keeper.object.namespace != quota.namespace {
            continue;
        }
        let names = items(keeper.pod_spec, "/volumes")
            .map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
        for name in names.filter(|name| !name.is_empty()) {
            if estate
                .find("PersistentVolumeClaim", quota.namespace, name)
                .is_none()
            {
                waiting.push(at);
                missing = name;
            }
        }
    }
    if waiting.is_empty() {
        return None;
    }
    let words = format!("claim {missing} does not exist; {} is left", left / 1000);
    Some(
        candidate
            .seen(Proven, "object", quota.reference(), words)
            .seen(
                Fits,
                "object",
                quota.reference(),
                "a quota on storage is in force",
            )
            .hurting(waiting),
    )
}

/// Refusals whose quota is not in the bundle: the namespace is at fault.
fn by_words(case: &Case<'_>) -> Option<Candidate> {
    let estate = &case.estate;
    for (at, keeper) in estate.workloads.iter().enumerate() {
        let wanted = usize::try_from(keeper.desired.unwrap_or(0)).unwrap_or(0);
        if keeper.pods.len() >= wanted {
            continue;
        }
        let warnings = estate.warnings_of(at);
        let Some(event) = warnings
            .iter()
            .find(|event| event.message.contains("exceeded quota: "))
        else {
            continue;
        };
        let (_, rest) = event.message.split_once("exceeded quota: ")?;
        let name = rest.split(',').next().unwrap_or("");
        let requested = rest
            .split("requested: ")
            .nth(1)
            .and_then(|words| words.split('=').next())
            .unwrap_or("");
        let id = cause_of(requested)?;
        return Some(
            Candidate::new(
                id,
                crate::estate::reference("ResourceQuota", keeper.object.namespace, name),
            )?
            .field(format!("spec.hard.{requested}"))
            .value("value", name)
            .seen(
                Said,
                "event",
                keeper.object.reference(),
                event.message.clone(),
            )
            .hurting([at]),
        );
    }
    None
}

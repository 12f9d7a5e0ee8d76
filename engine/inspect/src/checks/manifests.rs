//! Documents that kubectl or the API server does not take as they are: what they say of each.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Proven, Said},
};
use aegis_model::bundle::{Refusal, RefusalKind};

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let refused = case.estate.bundle.refused.iter();
    let own = refused.filter(|one| !super::policies::is_backendless(&case.estate, &one.message));
    own.filter_map(candidate).collect()
}

/// Words of admission, and the cause that they tell of.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "violates PodSecurity",
        "security_context_forbidden",
        "spec.securityContext",
    ),
    (
        "serviceaccount \"",
        "service_account_missing",
        "spec.serviceAccountName",
    ),
    (
        "failed calling webhook",
        "admission_webhook_fails",
        "metadata",
    ),
    (
        "admission webhook \"",
        "admission_webhook_fails",
        "metadata",
    ),
    (
        "no PriorityClass with name",
        "priority_class_missing",
        "spec.priorityClassName",
    ),
    (
        "exceeded quota",
        "quota_exceeded",
        "spec.containers[].resources",
    ),
    (
        "failed quota",
        "quota_wants_resources",
        "spec.containers[].resources",
    ),
    (
        "usage per",
        "limit_range_exceeded",
        "spec.containers[].resources",
    ),
    (
        "does not match template",
        "selector_not_of_template",
        "spec.selector",
    ),
];

fn candidate(refusal: &Refusal) -> Option<Candidate> {
    let by_words = WORDS
        .iter()
        .find(|(words, ..)| refusal.message.contains(words));
    let (id, field) = match (by_words, refusal.kind) {
        (Some((_, id, field)), _) => (*id, *field),
        (None, RefusalKind::Unreadable) => ("manifest_unreadable", ""),
        (None, RefusalKind::UnknownKind) => ("api_version_unknown", "apiVersion"),
        (None, RefusalKind::UnknownField) => ("field_unknown", ""),
        (None, RefusalKind::Repeated) => ("manifest_repeats", ""),
        (None, RefusalKind::Invalid | RefusalKind::Forbidden) => ("manifest_invalid", ""),
    };
    let field = match refusal.field.as_str() {
        "" => in_message(&refusal.message).unwrap_or(field),
        given => given,
    };
    let source = match refusal.kind {
        RefusalKind::Unreadable => "file",
        _ => "object",
    };
    let made = Candidate::new(id, refusal.object.clone())?
        .value("value", field)
        .seen(
            Said,
            source,
            refusal.object.clone(),
            refusal.message.clone(),
        );
    let made = match refusal.kind {
        RefusalKind::Repeated => made,
        _ => made.seen(
            Proven,
            source,
            refusal.object.clone(),
            "it is not taken as it stands",
        ),
    };
    Some(if field.is_empty() {
        made
    } else {
        made.field(field)
    })
}

/// The field that the API server names: `Service "web" is invalid: spec.ports[0].nodePort: Invalid value: …`.
fn in_message(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(" is invalid: ")?;
    let (field, _) = rest.split_once(": ")?;
    (!field.contains(' ')).then_some(field)
}

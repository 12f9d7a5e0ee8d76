//! Bindings whose role or account is not there: they let nobody do anything.

use super::Case;
use crate::candidate::{Candidate, Weight::Proven};
use crate::doc::{items, text};
use crate::estate::{Estate, Object};

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    ["RoleBinding", "ClusterRoleBinding"]
        .into_iter()
        .flat_map(|kind| {
            let all: Vec<Object<'_>> = estate.of_kind(kind).collect();
            all.into_iter().filter_map(|one| broken(estate, &one))
        })
        .collect()
}

fn broken(estate: &Estate<'_>, binding: &Object<'_>) -> Option<Candidate> {
    let (field, words) = roleless(estate, binding).or_else(|| nobody(estate, binding))?;
    Some(
        Candidate::new("role_binding_broken", binding.reference())?
            .field(field)
            .value("value", words.clone())
            .seen(Proven, "object", binding.reference(), words),
    )
}

/// A Role of its own namespace that is not in the input; ClusterRoles come with clusters.
fn roleless(estate: &Estate<'_>, binding: &Object<'_>) -> Option<(&'static str, String)> {
    let (kind, name) = (
        text(binding.doc, "/roleRef/kind"),
        text(binding.doc, "/roleRef/name"),
    );
    let there = estate.find("Role", binding.namespace, name).is_some();
    (kind == "Role" && !there).then(|| {
        (
            "roleRef.name",
            format!("there is no Role {name} in {}", binding.namespace),
        )
    })
}

/// An account that is not there, while one of the namespace is bound nowhere.
fn nobody(estate: &Estate<'_>, binding: &Object<'_>) -> Option<(&'static str, String)> {
    let place = |subject: &serde_json::Value| match text(subject, "/namespace") {
        "" => binding.namespace.to_owned(),
        namespace => namespace.to_owned(),
    };
    let accounts =
        || items(binding.doc, "/subjects").filter(|one| text(one, "/kind") == "ServiceAccount");
    let gone = accounts().find(|subject| {
        let name = text(subject, "/name");
        name != "default"
            && estate
                .find("ServiceAccount", &place(subject), name)
                .is_none()
    })?;
    let namespace = place(gone);
    let is_bound = |account: &Object<'_>| {
        let bindings = estate
            .of_kind("RoleBinding")
            .chain(estate.of_kind("ClusterRoleBinding"));
        { bindings }.any(|one| {
            items(one.doc, "/subjects").any(|subject| text(subject, "/name") == account.name)
        })
    };
    let meant = estate
        .of_kind("ServiceAccount")
        .find(|one| one.namespace == namespace && one.name != "default" && !is_bound(one))?;
    let words = format!(
        "there is no ServiceAccount {} in {namespace}; {} is there, and nothing binds it",
        text(gone, "/name"),
        meant.name
    );
    Some(("subjects", words))
}

//! What we take from others: licences, sources, versions, and how much of it.

use crate::finding::Finding;
use crate::house::{GRAPH_CRATES, LICENCES, REGISTRY};
use crate::metadata::Package;
use crate::spdx;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

const LOCK: &str = "Cargo.lock";

/// Every crate of others has a licence that we can ship.
pub fn licences(tree: &Tree) -> Vec<Finding> {
    let refused = foreign(tree).filter_map(|package| {
        let licence = package.licence.as_deref().unwrap_or("none stated");
        let good = spdx::is_allowed(licence, LICENCES);
        (!good).then(|| {
            at_lock(
                package,
                &format!("licence: {licence}"),
                "take another crate, or extend LICENCES in xtask/src/house.rs with a reason",
            )
        })
    });
    refused.collect()
}

/// Every crate of others comes from the registry.
pub fn sources(tree: &Tree) -> Vec<Finding> {
    let elsewhere = foreign(tree).filter(|package| package.source.as_deref() != Some(REGISTRY));
    elsewhere
        .map(|package| {
            let source = package.source.as_deref().unwrap_or("a folder");
            at_lock(
                package,
                &format!("comes from {source}"),
                "only the crate registry",
            )
        })
        .collect()
}

/// No crate of others stands in more versions than the list allows.
pub fn duplicates(tree: &Tree) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in foreign(tree) {
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let extra = versions.iter().filter(|(name, versions)| {
        tree.duplicates
            .allows(name)
            .is_none_or(|allowed| versions.len() > allowed)
    });
    let mut findings: Vec<Finding> = extra
        .map(|(name, versions)| {
            let listed: Vec<&str> = versions.iter().copied().collect();
            let what = format!("`{name}` stands in versions {}", listed.join(", "));
            Finding::at(
                LOCK,
                1,
                what,
                "agree on one, or list it in xtask/duplicates.txt with who asks for it",
            )
        })
        .collect();
    let needed = versions
        .iter()
        .map(|(name, versions)| ((*name).to_owned(), versions.len()))
        .collect();
    findings.extend(tree.duplicates.slack(&needed));
    findings
}

/// The binary's graph stays small.
pub fn graph(tree: &Tree) -> Vec<Finding> {
    let crates = tree.metadata.built_for("aegis").len();
    if crates <= GRAPH_CRATES {
        return Vec::new();
    }
    let what = format!("{crates} crates in the default graph of `aegis`");
    vec![Finding::at(
        "cli/Cargo.toml",
        1,
        what,
        format!("at most {GRAPH_CRATES}: put what is heavy behind a feature"),
    )]
}

fn foreign(tree: &Tree) -> impl Iterator<Item = &Package> {
    let ours: BTreeSet<&str> = tree
        .metadata
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    tree.metadata
        .packages
        .iter()
        .filter(move |package| package.source.is_some() || !ours.contains(package.name.as_str()))
}

fn at_lock(package: &Package, what: &str, right: &str) -> Finding {
    Finding::at(
        LOCK,
        1,
        format!("`{} {}`: {what}", package.name, package.version),
        right,
    )
}

//! Settings that a crate could forget, and so step out of the rules that the compiler and clippy hold.

use crate::finding::Finding;
use crate::house::{Room, UNSAFE_MANIFEST, find};
use crate::tree::{DETERMINISTIC_CLIPPY, Tree};

/// Every crate takes the lints of the workspace.
pub fn lints(tree: &Tree) -> Vec<Finding> {
    let manifests = tree
        .metadata
        .members
        .iter()
        .map(|member| format!("{}/Cargo.toml", member.folder));
    let silent = manifests.filter(|path| {
        let strict = if path == UNSAFE_MANIFEST {
            "unsafe_code = \"deny\"\nmissing_docs = \"deny\""
        } else {
            "[lints]\nworkspace = true"
        };
        tree.texts
            .get(path)
            .is_some_and(|text| !text.contains(strict))
    });
    silent
        .map(|path| {
            Finding::at(
                &path,
                1,
                "the crate sets its own lints",
                "`[lints]` with `workspace = true`",
            )
        })
        .collect()
}

/// Every deterministic crate is held by the stricter settings of clippy.
pub fn clippy(tree: &Tree) -> Vec<Finding> {
    let strict = tree.texts.get(DETERMINISTIC_CLIPPY);
    let outside = tree.metadata.members.iter().filter(|member| {
        let deterministic = find(&member.name).is_some_and(Room::is_deterministic);
        deterministic && !member.folder.starts_with("engine/")
    });
    let files = outside.map(|member| format!("{}/clippy.toml", member.folder));
    files
        .filter(|path| strict.is_none() || tree.texts.get(path) != strict)
        .map(|path| {
            let right = format!("link it to {DETERMINISTIC_CLIPPY}");
            Finding::at(
                &path,
                1,
                "clippy's settings for deterministic crates are not here",
                right,
            )
        })
        .collect()
}

/// Every relative link of a page leads to something.
pub fn links(tree: &Tree) -> Vec<Finding> {
    let pages = tree.texts.iter().filter(|(path, _)| path.ends_with(".md"));
    pages
        .flat_map(|(path, text)| broken_links(tree, path, text))
        .collect()
}

fn broken_links(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for target in line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            let elsewhere = target.is_empty() || target.contains(':');
            if !elsewhere && !leads_somewhere(tree, path, target) {
                let what = format!("the link to `{target}` leads nowhere");
                findings.push(Finding::at(
                    path,
                    index + 1,
                    what,
                    "a path relative to this page",
                ));
            }
        }
    }
    findings
}

fn leads_somewhere(tree: &Tree, page: &str, target: &str) -> bool {
    let folder = std::path::Path::new(page)
        .parent()
        .unwrap_or(std::path::Path::new(""));
    tree.metadata.root.join(folder).join(target).exists()
}

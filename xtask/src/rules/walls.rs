//! Walls: who may depend on whom.

use crate::finding::Finding;
use crate::house::{BLIND, EFFECTFUL_CRATES, HIDDEN, MayUse, Nature, Room, find};
use crate::metadata::{Dependency, Kind, Member};
use crate::tree::Tree;

/// Every crate is in the house's list and in its folder.
pub fn rooms(tree: &Tree) -> Vec<Finding> {
    let wrong = tree.metadata.members.iter().filter_map(|member| {
        let right = match find(&member.name) {
            None => "add it to `ROOMS` in xtask/src/house.rs and to ARCHITECTURE.md".to_owned(),
            Some(room) if room.folder != member.folder => {
                format!("its folder is `{}`", room.folder)
            }
            Some(_) => return None,
        };
        Some(at_dependency(
            tree,
            member,
            "name",
            format!("crate `{}` is not in its room", member.name),
            &right,
        ))
    });
    wrong.collect()
}

/// Normal and build dependencies stay within what the room may use.
pub fn may_use(tree: &Tree) -> Vec<Finding> {
    each_dependency(tree, |room, dependency| {
        let ours = find(&dependency.name).is_some();
        let refused = dependency.kind == Kind::Build && ours && !room.may_use(&dependency.name);
        refused.then_some(match room.may_use {
            MayUse::Only([]) => "it may use none of ours".to_owned(),
            MayUse::Only(list) => format!("it may use {} of ours", list.join(", ")),
            MayUse::AllBelow => "it may use what is on lower floors".to_owned(),
        })
    })
}

/// Deterministic crates depend on nothing that would bring an effect in.
pub fn no_effectful_crates(tree: &Tree) -> Vec<Finding> {
    each_dependency(tree, |room, dependency| {
        let refused = dependency.kind == Kind::Build
            && room.is_deterministic()
            && EFFECTFUL_CRATES.contains(&dependency.name.as_str());
        refused.then(|| "effects live in the runner, and hashes iterate in no order".to_owned())
    })
}

fn each_dependency(
    tree: &Tree,
    judge: impl Fn(&Room, &Dependency) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.metadata.members {
        let Some(room) = find(&member.name) else {
            continue;
        };
        for dependency in &member.dependencies {
            if let Some(right) = judge(room, dependency) {
                let what = format!("`{}` depends on `{}`", member.name, dependency.name);
                findings.push(at_dependency(tree, member, &dependency.name, what, &right));
            }
        }
    }
    findings
}

/// What thinks reaches nothing that is hidden, by no path, in tests neither.
pub fn no_oracle(tree: &Tree) -> Vec<Finding> {
    let thinkers = tree
        .metadata
        .members
        .iter()
        .filter(|member| BLIND.contains(&member.name.as_str()));
    thinkers
        .flat_map(|member| oracles_of(tree, member))
        .collect()
}

fn oracles_of(tree: &Tree, member: &Member) -> Vec<Finding> {
    let oracles = member.dependencies.iter().filter_map(|dependency| {
        let hidden = reached(tree, &dependency.name).into_iter().find(|name| HIDDEN.contains(name))?;
        let what = format!("`{}` reaches `{hidden}` through `{}`", member.name, dependency.name);
        let right = "what thinks never sees what is hidden: test it from the runner, or build the observations by hand";
        Some(at_dependency(tree, member, &dependency.name, what, right))
    });
    oracles.collect()
}

/// Crates of ours that building `name` builds, itself included.
fn reached<'a>(tree: &'a Tree, name: &'a str) -> Vec<&'a str> {
    let mut reached = vec![name];
    let mut next = 0;
    while let Some(&name) = reached.get(next) {
        next += 1;
        let member = tree
            .metadata
            .members
            .iter()
            .find(|member| member.name == name);
        for dependency in member.into_iter().flat_map(|member| &member.dependencies) {
            if dependency.kind == Kind::Build && !reached.contains(&dependency.name.as_str()) {
                reached.push(&dependency.name);
            }
        }
    }
    reached
}

/// The rooms that promise it do without `std`.
pub fn no_std(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.metadata.members {
        let promised =
            find(&member.name).is_some_and(|room| room.nature == Nature::DeterministicNoStd);
        let root = format!("{}/src/lib.rs", member.folder);
        let source = tree.sources.iter().find(|source| source.path == root);
        if promised && source.is_some_and(|source| !source.code.contains("#![no_std]")) {
            let what = format!("`{}` is built with std", member.name);
            findings.push(Finding::at(
                &root,
                1,
                what,
                "`#![no_std]` with `extern crate alloc`",
            ));
        }
    }
    findings
}

/// A finding at the line of a manifest that opens with that key.
fn at_dependency(tree: &Tree, member: &Member, key: &str, what: String, right: &str) -> Finding {
    let file = format!("{}/Cargo.toml", member.folder);
    let text = tree.texts.get(&file).map_or("", String::as_str);
    let starts_with_key = |line: &str| line.split(['=', '.', ' ']).next() == Some(key);
    let line = text
        .lines()
        .position(starts_with_key)
        .map_or(1, |index| index + 1);
    Finding::at(&file, line, what, right)
}

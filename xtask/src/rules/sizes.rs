//! Sizes that fit a reader's head, and the sentence that opens each file.

use crate::finding::Finding;
use crate::functions::Function;
use crate::house::{CRATE_LINES, FILE_LINES, FUNCTION_LINES, MODEL_FUNCTION_LINES};
use crate::source::Source;
use crate::tree::Tree;
use std::collections::BTreeMap;

/// Every crate and module opens with what it is for.
pub fn opening(tree: &Tree) -> Vec<Finding> {
    let silent = tree
        .sources
        .iter()
        .filter(|source| !source.text.trim_start().starts_with("//!"));
    let right = "open with `//!`: what it is for, what it must never do";
    silent
        .map(|source| Finding::at(&source.path, 1, "the file does not say its purpose", right))
        .collect()
}

/// No file is too long.
pub fn files(tree: &Tree) -> Vec<Finding> {
    let long = tree
        .sources
        .iter()
        .filter(|source| source.lines() > FILE_LINES);
    long.map(|source| {
        let what = format!("{} lines in one file", source.lines());
        Finding::at(
            &source.path,
            FILE_LINES + 1,
            what,
            format!("at most {FILE_LINES}: split it by subject"),
        )
    })
    .collect()
}

/// No function is too long, but for those on the list, which only shrinks.
pub fn functions(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut needed = BTreeMap::new();
    for source in &tree.sources {
        let limit = function_limit(tree, source);
        for function in source
            .functions
            .iter()
            .filter(|function| function.lines > limit)
        {
            let name = format!("{}::{}", source.path, function.name);
            if tree
                .long_functions
                .allows(&name)
                .is_none_or(|allowed| function.lines > allowed)
            {
                findings.push(too_long(source, function, limit));
            }
            let longest = needed.entry(name).or_insert(0);
            *longest = function.lines.max(*longest);
        }
    }
    findings.extend(tree.long_functions.slack(&needed));
    findings
}

fn function_limit(tree: &Tree, source: &Source) -> usize {
    let is_model = tree
        .member_of(&source.path)
        .is_some_and(|member| member.name == "aegis-model");
    if is_model {
        MODEL_FUNCTION_LINES
    } else {
        FUNCTION_LINES
    }
}

fn too_long(source: &Source, function: &Function, limit: usize) -> Finding {
    let what = format!("`{}` takes {} lines", function.name, function.lines);
    Finding::at(
        &source.path,
        function.line,
        what,
        format!("at most {limit} here: name its parts"),
    )
}

/// No crate is too long.
pub fn crates(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &tree.metadata.members {
        let folder = format!("{}/", member.folder);
        let ours = tree
            .sources
            .iter()
            .filter(|source| source.path.starts_with(&folder));
        let lines: usize = ours.map(Source::lines).sum();
        if lines > CRATE_LINES {
            let what = format!("crate `{}` has {lines} lines", member.name);
            let right = format!("at most {CRATE_LINES}: found a crate for one of its ideas");
            findings.push(Finding::at(&format!("{folder}Cargo.toml"), 1, what, right));
        }
    }
    findings
}

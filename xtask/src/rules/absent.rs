//! What is absent: effects and hash order from the deterministic crates, `unsafe` and panics from
//! all of them.

use crate::finding::Finding;
use crate::functions::{line_of, words as positions};
use crate::house::{ABSENT_PATHS, ABSENT_WORDS, PANICS, UNSAFE_FILE, find};
use crate::source::Source;
use crate::tree::Tree;

const PURE: &str = "this crate computes from its arguments alone: pass the value in, return what is to be done, keep order with BTreeMap (`Duration` is `core::time::Duration`)";

/// Words and paths that no deterministic crate uses.
pub fn words(tree: &Tree) -> Vec<Finding> {
    let absent = ABSENT_PATHS.iter().chain(ABSENT_WORDS);
    deterministic(tree)
        .flat_map(|source| {
            absent.clone().flat_map(|word| {
                at_each(
                    source,
                    word,
                    &format!("`{word}` in a deterministic crate"),
                    PURE,
                )
            })
        })
        .collect()
}

/// The same, where an import hides the path: `use std::{fs, time::Duration}`.
pub fn imports(tree: &Tree) -> Vec<Finding> {
    deterministic(tree).flat_map(imports_of).collect()
}

fn imports_of(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for at in positions(&source.code, "use").filter(|&at| !source.is_test(at)) {
        let rest = &source.code[at + 3..];
        let mut paths = Vec::new();
        expand("", rest.split(';').next().unwrap_or_default(), &mut paths);
        for path in paths.iter().filter_map(|path| forbidden(path)) {
            let what = format!("`{path}` in a deterministic crate");
            findings.push(Finding::at(
                &source.path,
                line_of(&source.code, at),
                what,
                PURE,
            ));
        }
    }
    findings
}

fn forbidden(path: &str) -> Option<&'static str> {
    let is_inside = |absent: &&&str| {
        let rest = path.strip_prefix(**absent);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    ABSENT_PATHS.iter().find(is_inside).copied()
}

/// Writes out the paths of a `use` tree.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let leaf = tree.split(" as ").next().unwrap_or_default().trim();
        return paths.push(
            format!("{prefix}{leaf}")
                .trim_start_matches("::")
                .to_owned(),
        );
    };
    let prefix = format!("{prefix}{}", head.trim());
    let inside = rest.rsplit_once('}').map_or(rest, |(inside, _)| inside);
    let mut depth = 0_i32;
    let parts = inside.split(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        letter == ',' && depth == 0
    });
    for part in parts.filter(|part| !part.trim().is_empty()) {
        expand(&prefix, part, paths);
    }
}

/// No crate of ours is unsafe, but for one file.
pub fn unsafe_code(tree: &Tree) -> Vec<Finding> {
    let all = tree
        .sources
        .iter()
        .filter(|source| source.path != UNSAFE_FILE);
    let found = all.flat_map(|source| {
        positions(&source.code, "unsafe").map(|at| {
            Finding::at(
                &source.path,
                line_of(&source.code, at),
                "`unsafe`",
                "safe Rust: no line of ours needs it",
            )
        })
    });
    found.collect()
}

/// No crate of ours stops the program by intent, but for its tests.
pub fn panics(tree: &Tree) -> Vec<Finding> {
    let right = "return an error, or let-else with a value that is true";
    let found = tree.sources.iter().flat_map(|source| {
        PANICS.iter().flat_map(move |way| {
            at_each(
                source,
                way,
                &format!("`{}` outside tests", way.trim_end_matches(['(', '"'])),
                right,
            )
        })
    });
    found.collect()
}

fn at_each(source: &Source, word: &'static str, what: &str, right: &str) -> Vec<Finding> {
    let lines = source.product_lines(word);
    lines
        .map(|line| Finding::at(&source.path, line, what, right))
        .collect()
}

fn deterministic(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.sources.iter().filter(|source| {
        let room = tree
            .member_of(&source.path)
            .and_then(|member| find(&member.name));
        room.is_some_and(|room| {
            room.is_deterministic() && source.path.starts_with(&format!("{}/src/", room.folder))
        })
    })
}

//! A tiny house that breaks each rule once, and is caught.

use super::{Rule, absent, settings, sizes, supply, walls};
use crate::exceptions::Exceptions;
use crate::house::{CRATE_LINES, FILE_LINES, REGISTRY, UNSAFE_FILE};
use crate::metadata::{Dependency, Kind, Member, Metadata, Package};
use crate::source::{Source, mark_test_modules};
use crate::tree::Tree;
use std::collections::BTreeMap;

/// A house of these crates, each as `name`, folder, what it builds with, what its tests use.
fn house(rooms: &[(&str, &str, &[&str], &[&str])]) -> Tree {
    let member = |(name, folder, build, dev): &(&str, &str, &[&str], &[&str])| Member {
        name: (*name).to_owned(),
        folder: (*folder).to_owned(),
        dependencies: dependencies(build, Kind::Build)
            .chain(dependencies(dev, Kind::Dev))
            .collect(),
    };
    Tree {
        metadata: Metadata {
            members: rooms.iter().map(member).collect(),
            ..Metadata::default()
        },
        ..Tree::default()
    }
}

fn dependencies(names: &[&str], kind: Kind) -> impl Iterator<Item = Dependency> {
    names.iter().map(move |name| Dependency {
        name: (*name).to_owned(),
        kind,
    })
}

/// A house with one source in a deterministic crate, or in the runner.
fn source(path: &str, text: &str) -> Tree {
    let mut tree = house(&[
        ("aegis-model", "engine/model", &[], &[]),
        ("aegis-reason", "engine/reason", &[], &[]),
        ("aegis-runner", "runner", &[], &[]),
    ]);
    tree.sources = vec![Source::new(path, text)];
    mark_test_modules(&mut tree.sources);
    tree
}

/// A house with these packages of others: name, version, licence, source.
fn supplied(packages: &[(&str, &str, &str, &str)]) -> Tree {
    let package = |(name, version, licence, source): &(&str, &str, &str, &str)| Package {
        id: format!("{name}@{version}"),
        name: (*name).to_owned(),
        version: (*version).to_owned(),
        licence: (!licence.is_empty()).then(|| (*licence).to_owned()),
        source: (!source.is_empty()).then(|| (*source).to_owned()),
    };
    Tree {
        metadata: Metadata {
            packages: packages.iter().map(package).collect(),
            ..Metadata::default()
        },
        ..Tree::default()
    }
}

/// Each expected text is part of one finding, in order, and there is no finding more.
fn check(rule: Rule, tree: &Tree, expected: &[&str]) {
    let found: Vec<String> = rule(tree).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}\nlacks {expected}");
    }
}

#[test]
fn a_crate_stands_in_its_room() {
    check(
        walls::rooms,
        &house(&[("aegis-sim", "engine/sim", &[], &[])]),
        &[],
    );
    check(
        walls::rooms,
        &house(&[("aegis-sim", "sim", &[], &[])]),
        &["its folder is `engine/sim`"],
    );
    check(
        walls::rooms,
        &house(&[("aegis-magic", "magic", &[], &[])]),
        &["add it to `ROOMS`"],
    );
}

#[test]
fn a_wall_is_not_walked_through() {
    let mut tree = house(&[
        (
            "aegis-reason",
            "engine/reason",
            &["aegis-sim", "aegis-world", "libm"],
            &[],
        ),
        ("aegis-model", "engine/model", &["aegis-sim"], &[]),
        (
            "aegis-runner",
            "runner",
            &["aegis-world", "aegis-api"],
            &["aegis-testkit"],
        ),
    ]);
    tree.texts.insert(
        "engine/reason/Cargo.toml".into(),
        "[dependencies]\naegis-sim = 1\naegis-world = 1\n".into(),
    );
    check(
        walls::may_use,
        &tree,
        &[
            "engine/reason/Cargo.toml:3: `aegis-reason` depends on `aegis-world`; it may use aegis-faults, aegis-sim, aegis-model of ours",
            "engine/model/Cargo.toml:1: `aegis-model` depends on `aegis-sim`; it may use none of ours",
            "`aegis-runner` depends on `aegis-api`; it may use what is on lower floors",
        ],
    );
}

#[test]
fn what_thinks_reaches_nothing_hidden() {
    let testkit = (
        "aegis-testkit",
        "testkit",
        &["aegis-world"] as &[&str],
        &[] as &[&str],
    );
    let direct = house(&[("aegis-reason", "engine/reason", &[], &["aegis-world"])]);
    check(
        walls::no_oracle,
        &direct,
        &["`aegis-reason` reaches `aegis-world` through `aegis-world`"],
    );
    let around = house(&[("aegis-graphs", "graphs", &[], &["aegis-testkit"]), testkit]);
    check(
        walls::no_oracle,
        &around,
        &["`aegis-graphs` reaches `aegis-world` through `aegis-testkit`"],
    );
    let others = house(&[
        ("aegis-sim", "engine/sim", &[], &["aegis-testkit"]),
        testkit,
    ]);
    check(walls::no_oracle, &others, &[]);
}

#[test]
fn no_effect_comes_in_as_a_dependency() {
    let tree = house(&[
        ("aegis-sim", "engine/sim", &["rayon"], &["tempfile"]),
        ("aegis-runner", "runner", &["rayon"], &[]),
    ]);
    check(
        walls::no_effectful_crates,
        &tree,
        &["`aegis-sim` depends on `rayon`"],
    );
}

#[test]
fn the_ground_floor_does_without_std() {
    check(
        walls::no_std,
        &source("engine/model/src/lib.rs", "//! A.\n#![no_std]\n"),
        &[],
    );
    check(
        walls::no_std,
        &source("engine/model/src/lib.rs", "//! #![no_std]\n"),
        &["`aegis-model` is built with std"],
    );
    check(
        walls::no_std,
        &source("engine/reason/src/lib.rs", "//! A.\n"),
        &[],
    );
}

#[test]
fn absent_words_are_seen_in_code_alone() {
    let text = "// HashMap\nuse std::time::Duration;\nfn a() { let m = HashMap::new(); print!(\"HashSet\"); }\n";
    check(
        absent::words,
        &source("engine/reason/src/a.rs", text),
        &[
            "a.rs:2: `std::time`",
            "a.rs:3: `HashMap`",
            "a.rs:3: `print!`",
        ],
    );
    check(absent::words, &source("runner/src/a.rs", text), &[]);
    check(
        absent::words,
        &source("engine/reason/tests/a.rs", text),
        &[],
    );
    check(
        absent::words,
        &source(
            "engine/reason/src/a.rs",
            "struct MyHashMap; fn instant() {}\n#[cfg(test)]\nmod tests { use std::time::Instant; }",
        ),
        &[],
    );
}

#[test]
fn absent_imports_are_seen_in_braces() {
    let text = "use std::{\n    collections::{BTreeMap, BTreeSet},\n    {fs as files, io::{self, stdout}},\n    fmt,\n};\n";
    check(
        absent::imports,
        &source("engine/reason/src/a.rs", text),
        &["a.rs:1: `std::fs`", "a.rs:1: `std::io::stdout`"],
    );
    check(absent::imports, &source("runner/src/a.rs", text), &[]);
    check(
        absent::imports,
        &source(
            "engine/reason/src/a.rs",
            "use std::timeline;\nuse std::fmt;\n",
        ),
        &[],
    );
}

#[test]
fn unsafe_is_absent_everywhere() {
    let text = "#![forbid(unsafe_code)]\n// unsafe\nfn a() { unsafe { b() } }\n";
    check(
        absent::unsafe_code,
        &source("runner/tests/a.rs", text),
        &["runner/tests/a.rs:3: `unsafe`"],
    );
    let beside = "memory/src/vectors/sqlite.rs";
    check(absent::unsafe_code, &source(beside, text), &["3: `unsafe`"]);
    check(absent::unsafe_code, &source(UNSAFE_FILE, text), &[]);
}

#[test]
fn nobody_stops_the_program() {
    let text = "fn a() {\n x.unwrap();\n x.expect(\"why\");\n todo!()\n}\nfn b() { x.unwrap_or(1); parser.expect(Token); }\n#[test]\nfn c() { x.unwrap(); }\n";
    check(
        absent::panics,
        &source("runner/src/a.rs", text),
        &[
            "a.rs:2: `.unwrap()` outside",
            "a.rs:3: `.expect` outside",
            "a.rs:4: `todo!` outside",
        ],
    );
    check(absent::panics, &source("runner/tests/a.rs", text), &[]);
}

#[test]
fn a_file_says_its_purpose() {
    check(sizes::opening, &source("runner/src/a.rs", "//! A.\n"), &[]);
    check(
        sizes::opening,
        &source("runner/src/a.rs", "// A.\n"),
        &["runner/src/a.rs:1: the file does not say its purpose"],
    );
}

#[test]
fn a_file_fits() {
    check(
        sizes::files,
        &source("runner/src/a.rs", &"\n".repeat(FILE_LINES)),
        &[],
    );
    check(
        sizes::files,
        &source("runner/src/a.rs", &"\n".repeat(FILE_LINES + 1)),
        &["a.rs:801: 801 lines in one file"],
    );
}

/// A function of so many lines.
fn long(lines: usize) -> String {
    format!("\nfn a() {{{}}}\n", "\n".repeat(lines - 1))
}

#[test]
fn a_function_fits() {
    check(sizes::functions, &source("runner/src/a.rs", &long(70)), &[]);
    check(
        sizes::functions,
        &source("runner/src/a.rs", &long(71)),
        &["runner/src/a.rs:2: `a` takes 71 lines; at most 70"],
    );
    check(
        sizes::functions,
        &source("engine/model/src/a.rs", &long(21)),
        &["`a` takes 21 lines; at most 20"],
    );
}

#[test]
fn an_exception_is_no_freedom() -> anyhow::Result<()> {
    let with = |lines, list| -> anyhow::Result<Tree> {
        let mut tree = source("runner/src/a.rs", &long(lines));
        tree.long_functions = Exceptions::parse("long.txt", list)?;
        Ok(tree)
    };
    check(sizes::functions, &with(75, "runner/src/a.rs::a 75")?, &[]);
    check(
        sizes::functions,
        &with(76, "runner/src/a.rs::a 75")?,
        &["takes 76 lines"],
    );
    check(
        sizes::functions,
        &with(74, "runner/src/a.rs::a 75")?,
        &["is at 74, the exception says 75"],
    );
    check(
        sizes::functions,
        &with(7, "runner/src/a.rs::a 75")?,
        &["needs no exception any more"],
    );
    Ok(())
}

#[test]
fn a_crate_fits() {
    let mut tree = source("runner/src/a.rs", &"\n".repeat(CRATE_LINES));
    check(sizes::crates, &tree, &[]);
    tree.sources.push(Source::new("runner/src/b.rs", "\n"));
    check(
        sizes::crates,
        &tree,
        &["crate `aegis-runner` has 15001 lines"],
    );
}

#[test]
fn no_crate_sets_its_own_lints() {
    let mut tree = house(&[("aegis-sim", "engine/sim", &[], &[])]);
    let with = |tree: &mut Tree, text: &str| {
        tree.texts
            .insert("engine/sim/Cargo.toml".into(), text.into())
    };
    with(&mut tree, "[package]\n\n[lints]\nworkspace = true\n");
    check(settings::lints, &tree, &[]);
    with(&mut tree, "[package]\n");
    check(
        settings::lints,
        &tree,
        &["engine/sim/Cargo.toml:1: the crate sets its own lints"],
    );
}

#[test]
fn deterministic_crates_have_the_strict_settings() {
    let mut tree = house(&[
        ("aegis-sim", "engine/sim", &[], &[]),
        ("aegis-graphs", "graphs", &[], &[]),
        ("aegis-runner", "runner", &[], &[]),
    ]);
    tree.texts
        .insert("engine/clippy.toml".into(), "strict".into());
    check(
        settings::clippy,
        &tree,
        &["graphs/clippy.toml:1: clippy's settings"],
    );
    tree.texts.insert("graphs/clippy.toml".into(), "lax".into());
    check(
        settings::clippy,
        &tree,
        &["graphs/clippy.toml:1: clippy's settings"],
    );
    tree.texts
        .insert("graphs/clippy.toml".into(), "strict".into());
    check(settings::clippy, &tree, &[]);
}

#[test]
fn links_lead_somewhere() {
    let mut tree = Tree::default();
    tree.metadata.root = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = "[a](../Cargo.toml) [b](https://example.com)\n[c](nowhere.md#part) [d](#here)\n";
    tree.texts.insert("src/page.md".into(), page.into());
    check(
        settings::links,
        &tree,
        &["src/page.md:2: the link to `nowhere.md` leads nowhere"],
    );
}

#[test]
fn only_licences_that_we_can_ship() {
    let tree = supplied(&[
        ("good", "1.0.0", "MIT OR GPL-3.0-only", REGISTRY),
        ("bad", "1.0.0", "GPL-3.0-only", REGISTRY),
        ("silent", "1.0.0", "", REGISTRY),
    ]);
    check(
        supply::licences,
        &tree,
        &[
            "`bad 1.0.0`: licence: GPL-3.0-only",
            "`silent 1.0.0`: licence: none stated",
        ],
    );
}

#[test]
fn only_the_registry() {
    let tree = supplied(&[
        ("good", "1.0.0", "MIT", REGISTRY),
        ("bad", "1.0.0", "MIT", "git+https://example.com/bad"),
        ("vendored", "1.0.0", "MIT", ""),
    ]);
    check(
        supply::sources,
        &tree,
        &[
            "`bad 1.0.0`: comes from git+",
            "`vendored 1.0.0`: comes from a folder",
        ],
    );
}

#[test]
fn one_version_of_each() -> anyhow::Result<()> {
    let mut tree = supplied(&[
        ("twice", "1.0.0", "MIT", REGISTRY),
        ("twice", "2.0.0", "MIT", REGISTRY),
        ("once", "1.0.0", "MIT", REGISTRY),
    ]);
    check(
        supply::duplicates,
        &tree,
        &["`twice` stands in versions 1.0.0, 2.0.0"],
    );
    tree.duplicates = Exceptions::parse("list", "twice 2")?;
    check(supply::duplicates, &tree, &[]);
    tree.duplicates = Exceptions::parse("list", "twice 2\nonce 2")?;
    check(
        supply::duplicates,
        &tree,
        &["list:2: `once` needs no exception"],
    );
    Ok(())
}

#[test]
fn the_graph_stays_small() {
    let with = |crates: usize| {
        let mut tree = supplied(&[("aegis", "0.1.0", "", "")]);
        let ids = (0..crates).map(|index| format!("crate{index}")).collect();
        tree.metadata.edges = BTreeMap::from([("aegis@0.1.0".to_owned(), ids)]);
        tree
    };
    check(supply::graph, &with(349), &[]);
    check(
        supply::graph,
        &with(350),
        &["351 crates in the default graph of `aegis`"],
    );
}

#[test]
fn every_rule_is_applied_to_this_house() -> anyhow::Result<()> {
    let tree = Tree::read()?;
    assert!(
        tree.sources
            .iter()
            .any(|source| source.path == "xtask/src/rules/tests.rs")
    );
    assert!(
        tree.metadata
            .members
            .iter()
            .any(|member| member.name == "aegis-model")
    );
    assert!(
        tree.metadata.built_for("aegis").len() > 10,
        "the graph was not read"
    );
    Ok(())
}

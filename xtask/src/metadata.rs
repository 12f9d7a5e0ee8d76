//! What `cargo metadata` says about the packages, as far as the rules ask.

use anyhow::{Context, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// The packages of the graph, ours and others'.
#[derive(Debug, Default)]
pub struct Metadata {
    /// Where the workspace stands.
    pub root: PathBuf,
    /// Crates of ours.
    pub members: Vec<Member>,
    /// Every package that the graph holds on this platform.
    pub packages: Vec<Package>,
    /// What each package builds with (normal and build dependencies), by id.
    pub edges: BTreeMap<String, Vec<String>>,
}

/// A crate of ours.
#[derive(Debug, Default)]
pub struct Member {
    /// Its package name.
    pub name: String,
    /// Its folder under the root.
    pub folder: String,
    /// Everything that its `Cargo.toml` names.
    pub dependencies: Vec<Dependency>,
}

/// A line of a `Cargo.toml`.
#[derive(Debug)]
pub struct Dependency {
    /// The package that is named.
    pub name: String,
    /// Whether it is for the crate or for its tests.
    pub kind: Kind,
}

/// What a dependency is for.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Kind {
    /// The crate itself, or its build script.
    Build,
    /// Tests, examples, benches.
    Dev,
}

/// A package of the graph.
#[derive(Debug, Default, Clone)]
pub struct Package {
    /// Cargo's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expression, where it states one.
    pub licence: Option<String>,
    /// Where it comes from; none for ours.
    pub source: Option<String>,
}

impl Metadata {
    /// Asks cargo, for the platform of this machine.
    pub fn read() -> anyhow::Result<Self> {
        let host = host()?;
        let text = cargo(&["metadata", "--format-version=1", "--filter-platform", &host])?;
        Self::parse(&serde_json::from_slice(&text)?)
    }

    /// Reads cargo's answer.
    pub fn parse(value: &Value) -> anyhow::Result<Self> {
        let root = text(value, "workspace_root").context("no workspace root")?;
        let ours: BTreeSet<_> = list(value, "workspace_members")
            .filter_map(Value::as_str)
            .collect();
        let is_ours = |package: &&Value| package["id"].as_str().is_some_and(|id| ours.contains(id));
        Ok(Self {
            members: list(value, "packages")
                .filter(is_ours)
                .map(|it| member(it, &root))
                .collect(),
            packages: list(value, "packages").map(package).collect(),
            edges: list(&value["resolve"], "nodes").map(edges).collect(),
            root: root.into(),
        })
    }

    /// Ids of what is built for the package of that name, itself included.
    pub fn built_for(&self, name: &str) -> BTreeSet<&str> {
        let start = self
            .packages
            .iter()
            .find(|it| it.name == name && it.source.is_none());
        let mut open: Vec<&str> = start.map(|it| it.id.as_str()).into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.edges.get(id).into_iter().flatten().map(String::as_str));
            }
        }
        seen
    }
}

fn cargo(arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(arguments))
}

/// The triple of this machine, as rustc prints it.
fn host() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = String::from_utf8(run(Command::new(rustc).arg("-vV"))?)?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}

fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(output.stdout)
}

fn member(package: &Value, root: &str) -> Member {
    let manifest = text(package, "manifest_path").unwrap_or_default();
    let folder = manifest.trim_end_matches("/Cargo.toml");
    Member {
        name: text(package, "name").unwrap_or_default(),
        folder: folder
            .trim_start_matches(root)
            .trim_start_matches('/')
            .to_owned(),
        dependencies: list(package, "dependencies").map(dependency).collect(),
    }
}

fn dependency(value: &Value) -> Dependency {
    Dependency {
        name: text(value, "name").unwrap_or_default(),
        kind: kind(value),
    }
}

fn kind(value: &Value) -> Kind {
    match value["kind"].as_str() {
        Some("dev") => Kind::Dev,
        _ => Kind::Build,
    }
}

fn package(value: &Value) -> Package {
    Package {
        id: text(value, "id").unwrap_or_default(),
        name: text(value, "name").unwrap_or_default(),
        version: text(value, "version").unwrap_or_default(),
        licence: text(value, "license"),
        source: text(value, "source"),
    }
}

fn edges(node: &Value) -> (String, Vec<String>) {
    let built =
        list(node, "deps").filter(|dep| list(dep, "dep_kinds").any(|it| kind(it) == Kind::Build));
    let ids = built.filter_map(|dep| text(dep, "pkg")).collect();
    (text(node, "id").unwrap_or_default(), ids)
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

//! Everything that the rules look at, read once.

use crate::exceptions::Exceptions;
use crate::metadata::{Member, Metadata};
use crate::source::{Source, mark_test_modules};
use anyhow::Context;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the allowed long functions stand.
pub const LONG_FUNCTIONS: &str = "xtask/long-functions.txt";
/// Where the allowed duplicate versions stand.
pub const DUPLICATES: &str = "xtask/duplicates.txt";

/// Clippy's settings for the deterministic crates.
pub const DETERMINISTIC_CLIPPY: &str = "engine/clippy.toml";

/// The house as it is on disk.
#[derive(Debug, Default)]
pub struct Tree {
    /// What cargo says.
    pub metadata: Metadata,
    /// Every Rust source of ours.
    pub sources: Vec<Source>,
    /// Texts of the manifests, of clippy's settings and of the pages, by path under the root.
    pub texts: BTreeMap<String, String>,
    /// Functions that may be long, as `path::name`, with their lines.
    pub long_functions: Exceptions,
    /// Packages that may stand in several versions, with how many.
    pub duplicates: Exceptions,
}

impl Tree {
    /// Reads the workspace that this program was built from.
    pub fn read() -> anyhow::Result<Self> {
        let metadata = Metadata::read()?;
        let root = metadata.root.clone();
        Ok(Self {
            sources: sources(&root)?,
            texts: texts(&root, &metadata.members)?,
            long_functions: Exceptions::read(&root, LONG_FUNCTIONS)?,
            duplicates: Exceptions::read(&root, DUPLICATES)?,
            metadata,
        })
    }

    /// The crate of ours that a path under the root belongs to.
    pub fn member_of(&self, path: &str) -> Option<&Member> {
        let inside = |member: &&Member| {
            let rest = path.strip_prefix(member.folder.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        self.metadata.members.iter().find(inside)
    }
}

fn sources(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut paths = Vec::new();
    collect(root, ".rs", &mut paths)?;
    paths.sort();
    let mut sources = Vec::new();
    for path in paths {
        let text = read(&path)?;
        sources.push(Source::new(&under(root, &path)?, &text));
    }
    mark_test_modules(&mut sources);
    Ok(sources)
}

/// Adds the files under a folder that end so; hidden folders and what is built stay out.
fn collect(folder: &Path, end: &str, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, kind, name) = (entry.path(), entry.file_type()?, entry.file_name());
        let name = name.to_string_lossy();
        if kind.is_dir() && is_ours(&name) {
            collect(&path, end, paths)?;
        } else if kind.is_file() && name.ends_with(end) {
            paths.push(path);
        }
    }
    Ok(())
}

fn is_ours(folder: &str) -> bool {
    !folder.starts_with('.') && !["target", "node_modules", "runs"].contains(&folder)
}

fn texts(root: &Path, members: &[Member]) -> anyhow::Result<BTreeMap<String, String>> {
    let folders = members.iter().map(|member| member.folder.as_str());
    let settings = folders.flat_map(|folder| {
        [
            format!("{folder}/Cargo.toml"),
            format!("{folder}/clippy.toml"),
        ]
    });
    let mut paths: Vec<PathBuf> = settings.map(|path| root.join(path)).collect();
    paths.push(root.join(DETERMINISTIC_CLIPPY));
    paths.retain(|path| path.exists());
    collect(root, ".md", &mut paths)?;
    let texts = paths
        .iter()
        .map(|path| Ok((under(root, path)?, read(path)?)));
    texts.collect()
}

/// A path under the root, with forward slashes.
fn under(root: &Path, path: &Path) -> anyhow::Result<String> {
    Ok(path
        .strip_prefix(root)?
        .to_string_lossy()
        .replace('\\', "/"))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

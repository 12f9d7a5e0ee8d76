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

/// The house as it is on disk.
#[derive(Debug, Default)]
pub struct Tree {
    /// What cargo says.
    pub metadata: Metadata,
    /// Every Rust source of ours.
    pub sources: Vec<Source>,
    /// Texts of the manifests and of clippy's settings, by path under the root.
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
    collect(root, &mut paths)?;
    paths.sort();
    let mut sources = Vec::new();
    for path in paths {
        let text = read(&path)?;
        let under = path
            .strip_prefix(root)?
            .to_string_lossy()
            .replace('\\', "/");
        sources.push(Source::new(&under, &text));
    }
    mark_test_modules(&mut sources);
    Ok(sources)
}

/// Adds the `.rs` files under a folder; hidden folders and what is built or fetched stay out.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, kind, name) = (entry.path(), entry.file_type()?, entry.file_name());
        let name = name.to_string_lossy();
        if kind.is_dir()
            && !name.starts_with('.')
            && !["target", "node_modules", "runs"].contains(&&*name)
        {
            collect(&path, paths)?;
        } else if kind.is_file() && name.ends_with(".rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn texts(root: &Path, members: &[Member]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for member in members {
        let manifest = format!("{}/Cargo.toml", member.folder);
        texts.insert(manifest.clone(), read(&root.join(&manifest))?);
    }
    Ok(texts)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

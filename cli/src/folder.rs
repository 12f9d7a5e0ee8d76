//! Files of a folder by their endings, in order of paths: manifests, tables.
//!
//! Hidden files and folders are passed over, links to folders are not followed. What is a recipe for
//! manifests and not manifests (a Helm chart, a kustomization) is said to be one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders in folders, at most.
const DEPTH: usize = 32;

/// What a folder is made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Files that may hold manifests.
    pub files: Vec<PathBuf>,
    /// Files that say how manifests are made, with what makes them.
    pub recipes: Vec<(PathBuf, &'static str)>,
}

/// Endings of files with manifests.
pub const MANIFESTS: &[&str] = &["yaml", "yml", "json"];
/// Endings of tables.
pub const TABLES: &[&str] = &["csv"];

/// Looks through a folder for files with these endings.
///
/// # Errors
/// A folder cannot be read.
pub fn look(folder: &Path, endings: &[&str]) -> io::Result<Folder> {
    let mut found = Folder::default();
    walk(folder, endings, 0, &mut found)?;
    found.files.sort();
    found.recipes.sort();
    Ok(found)
}

fn walk(folder: &Path, endings: &[&str], depth: usize, found: &mut Folder) -> io::Result<()> {
    if depth > DEPTH {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let path = entry.path();
        match name.to_str() {
            Some(name) if name.starts_with('.') => {}
            _ if entry.file_type()?.is_dir() => walk(&path, endings, depth + 1, found)?,
            Some(name) => take(name, path, endings, found),
            None => {}
        }
    }
    Ok(())
}

fn take(name: &str, path: PathBuf, endings: &[&str], found: &mut Folder) {
    let made_by = match name {
        "Chart.yaml" => Some("helm template NAME"),
        "kustomization.yaml" | "kustomization.yml" => Some("kubectl kustomize"),
        _ => None,
    };
    let ending = path
        .extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default();
    match made_by {
        Some(made_by) => found.recipes.push((path, made_by)),
        None if endings.contains(&ending) && path.is_file() => {
            found.files.push(path);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_found_in_order_and_recipes_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "b.yaml",
            "a/c.yml",
            "a/d.json",
            "a/kustomization.yaml",
            ".git/e.yaml",
            "notes.md",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "").expect("written");
        }
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).expect("linked");
        let found = look(folder.path(), MANIFESTS).expect("read");
        let below = |path: &PathBuf| {
            path.strip_prefix(folder.path())
                .expect("below")
                .display()
                .to_string()
        };
        let files: Vec<String> = found.files.iter().map(below).collect();
        assert_eq!(files, ["a/c.yml", "a/d.json", "b.yaml"]);
        let recipes: Vec<String> = found.recipes.iter().map(|(path, _)| below(path)).collect();
        assert_eq!(recipes, ["a/kustomization.yaml"]);
    }
}

//! The files of a bundle, by their path below its root.

use super::archive;
use aegis_telemetry::bundle::Part;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Bytes of one file at most; the rest is left out, and that is told.
pub const MAX_FILE: u64 = 64 << 20;
/// Bytes of all files at most.
pub const MAX_TOTAL: u64 = 1 << 30;
/// Files at most.
pub const MAX_FILES: usize = 50_000;
/// Folders within folders at most.
const MAX_DEPTH: usize = 12;

/// The files, and those that were not read.
#[derive(Debug, Default, Clone)]
pub struct Files {
    /// Contents by path, parted by `/`.
    pub read: BTreeMap<String, Vec<u8>>,
    /// Path and reason.
    pub unread: Vec<(String, String)>,
    total: u64,
}

/// Reads a folder, a `.tar`, `.tar.gz`, `.tgz`, `.tar.zst`, or a dump in one file.
///
/// # Errors
/// When the path itself cannot be opened.
pub fn gather(path: &Path) -> io::Result<Files> {
    let mut files = Files::default();
    if path.is_dir() {
        folder(path, "", 0, &mut files)?;
    } else if let Some(packing) = archive::packing(path) {
        archive::unpack(fs::File::open(path)?, packing, &mut files);
    } else {
        let name = path
            .file_name()
            .map_or_else(|| "dump".into(), |name| name.to_string_lossy());
        files.add(&name, fs::File::open(path)?);
        return Ok(files.into_dump());
    }
    Ok(files.into_root())
}

/// A dump from a stream: standard input.
pub fn gather_dump(name: &str, from: impl io::Read) -> Files {
    let mut files = Files::default();
    files.add(name, from);
    files.into_dump()
}

fn folder(at: &Path, below: &str, depth: usize, files: &mut Files) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(at)?.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        let kind = entry.file_type();
        if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
            if depth >= MAX_DEPTH {
                files.skip(&path, "it lies too deep");
            } else if let Err(error) = folder(&entry.path(), &path, depth + 1, files) {
                files.skip(&path, &error.to_string());
            }
        } else if kind.as_ref().is_ok_and(fs::FileType::is_file) {
            match fs::File::open(entry.path()) {
                Ok(file) => files.add(&path, file),
                Err(error) => files.skip(&path, &error.to_string()),
            }
        } else {
            files.skip(&path, "it is neither a file nor a folder");
        }
    }
    Ok(())
}

impl Files {
    /// Reads a file, within the bounds.
    pub(super) fn add(&mut self, path: &str, from: impl io::Read) {
        if self.read.len() >= MAX_FILES || self.total >= MAX_TOTAL {
            self.skip(path, "the bundle is too large");
            return;
        }
        let mut bytes = Vec::new();
        let room = MAX_FILE.min(MAX_TOTAL - self.total);
        let read = io::Read::read_to_end(&mut io::Read::take(from, room + 1), &mut bytes);
        if let Err(error) = read {
            self.skip(path, &format!("it could be read in part alone: {error}"));
        }
        if bytes.len() as u64 > room {
            bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            self.skip(path, &format!("only its first {room} bytes were read"));
        }
        self.total += bytes.len() as u64;
        self.read.insert(path.to_owned(), bytes);
    }

    /// Tells that something was not read.
    pub(super) fn skip(&mut self, path: &str, why: &str) {
        self.unread.push((path.to_owned(), why.to_owned()));
    }

    /// One file alone is a dump of objects, whatever its name; one that could be a manifest's is kept.
    fn into_dump(mut self) -> Self {
        let texts = std::mem::take(&mut self.read);
        for (name, text) in texts {
            let keeps = [".yaml", ".yml", ".json"]
                .iter()
                .any(|end| name.ends_with(end))
                && Part::of(&name) == Part::Other;
            let name = if keeps {
                name
            } else {
                "objects.yaml".to_owned()
            };
            self.read.insert(name, text);
        }
        self
    }

    /// Without the one folder in which an archive, or an outer folder, holds the bundle.
    fn into_root(mut self) -> Self {
        let first = self
            .read
            .keys()
            .next()
            .and_then(|path| path.split_once('/'));
        let Some(folder) = first.map(|(folder, _)| format!("{folder}/")) else {
            return self;
        };
        let inside = self.read.keys().all(|path| path.starts_with(&folder));
        let holds = ["objects.json", "events.json", "objects.yaml"]
            .iter()
            .any(|name| self.read.contains_key(&format!("{folder}{name}")));
        if inside && holds {
            let read = std::mem::take(&mut self.read);
            self.read = read
                .into_iter()
                .map(|(path, bytes)| (path[folder.len()..].to_owned(), bytes))
                .collect();
        }
        self
    }
}

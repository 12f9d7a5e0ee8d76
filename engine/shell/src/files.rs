//! Files that the scripts of a pod write and look at.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// A file, or a folder that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Bytes.
    pub size: u64,
    /// What it says, where that is short and known.
    pub text: Option<SmolStr>,
}

/// The files of a pod that its scripts wrote: those in the layers of its containers, and those in its volumes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Files(BTreeMap<SmolStr, File>);

/// A volume in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Name of the volume.
    pub volume: SmolStr,
    /// Where it is.
    pub path: SmolStr,
    /// Whose files it has.
    pub files: Filled,
    /// Whether it can be written to.
    pub access: Access,
    /// What its files lie on.
    pub backing: Backing,
}

/// What files lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    /// A disk.
    Disk,
    /// The memory of the container that writes them.
    Memory,
}

/// Whether files can be made and changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// They can.
    Writable,
    /// The file system is mounted for reading alone.
    ReadOnly,
    /// Its files belong to another user.
    Denied,
}

/// Who fills a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// The pod's own scripts: what they did not write is not there.
    ByScripts,
    /// A ConfigMap, a Secret, the node: what is asked for is taken to be there.
    Elsewhere,
}

/// What is known of the files of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A base system: what is not listed here is not there.
    Base,
    /// A program with files of its own, under the usual folders.
    Program,
}

/// The files as one container sees them.
#[derive(Debug)]
pub struct Disk<'a> {
    /// All files of the pod.
    pub files: &'a mut Files,
    /// The container's mounts.
    pub mounts: &'a [Mount],
    /// Position of the container.
    pub container: usize,
    /// What its image holds.
    pub content: Content,
    /// Whether its own layer can be written to.
    pub layer: Access,
}

/// What every image of a base system has.
const BASE: [&str; 24] = [
    "/",
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
    "/var/log",
    "/var/run",
    "/bin/sh",
    "/dev/null",
    "/etc/hosts",
    "/etc/passwd",
    "/etc/resolv.conf",
];
/// Where programs keep what came with their image.
const OF_PROGRAMS: [&str; 9] = [
    "/etc/",
    "/usr/",
    "/opt/",
    "/app/",
    "/srv/",
    "/lib/",
    "/bin/",
    "/home/",
    "/var/lib/",
];
/// What the kubelet puts into each container.
pub(super) const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Longer texts are kept by their size alone.
const SHORT: usize = 4096;

impl Files {
    /// Forgets what stood in a container's own layer, as it is made anew.
    pub fn forget_layer(&mut self, container: usize) {
        let layer = layer(container);
        self.0.retain(|key, _| !key.starts_with(layer.as_str()));
    }

    /// Bytes in a volume.
    #[must_use]
    pub fn in_volume(&self, volume: &str) -> u64 {
        self.sum(&format!("volume/{volume}/"))
    }

    /// Bytes in a container's own layer.
    #[must_use]
    pub fn in_layer(&self, container: usize) -> u64 {
        self.sum(&layer(container))
    }

    fn sum(&self, prefix: &str) -> u64 {
        let within = self.0.range(SmolStr::from(prefix)..);
        let within = within.take_while(|(key, _)| key.starts_with(prefix));
        within.map(|(_, file)| file.size).sum()
    }

    /// Puts a file into a volume.
    pub fn put(&mut self, volume: &str, name: &str, text: &str) {
        self.0
            .insert(format!("volume/{volume}/{name}").into(), File::of(text));
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn layer(container: usize) -> alloc::string::String {
    format!("layer{container}/")
}

impl File {
    fn of(text: &str) -> Self {
        Self {
            size: text.len() as u64,
            text: (text.len() <= SHORT).then(|| text.into()),
        }
    }
}

/// A path without doubled and closing slashes.
fn clean(path: &str) -> alloc::string::String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    format!("/{}", parts.join("/"))
}

/// Whether `other` is `path` or lies below it.
fn is_at_or_above(path: &str, other: &str) -> bool {
    let rest = other.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Disk<'_> {
    /// The innermost mount that a path lies in.
    fn mount_of(&self, path: &str) -> Option<&Mount> {
        let within = |mount: &&Mount| {
            let at = clean(&mount.path);
            at == "/" || is_at_or_above(&at, path)
        };
        let mounts = self.mounts.iter().filter(within);
        mounts.max_by_key(|mount| mount.path.len())
    }

    fn key(&self, path: &str) -> SmolStr {
        let path = clean(path);
        match self.mount_of(&path) {
            Some(mount) => {
                let rest = path.strip_prefix(&clean(&mount.path)).unwrap_or_default();
                format!("volume/{}/{}", mount.volume, rest.trim_start_matches('/')).into()
            }
            None => format!("{}{path}", layer(self.container)).into(),
        }
    }

    /// Why a path cannot be written, in the kernel's words; `None` where it can. Devices always can.
    #[must_use]
    pub fn refuses(&self, path: &str) -> Option<&'static str> {
        let path = clean(path);
        let device = path.starts_with("/dev/") || path.starts_with("/proc/");
        let access = self
            .mount_of(&path)
            .map_or(self.layer, |mount| mount.access);
        match access {
            _ if device => None,
            Access::Writable => None,
            Access::ReadOnly => Some("Read-only file system"),
            Access::Denied => Some("Permission denied"),
        }
    }

    /// Whether what is written there is held in memory.
    pub(super) fn is_memory(&self, path: &str) -> bool {
        let mount = self.mount_of(&clean(path));
        mount.is_some_and(|mount| mount.backing == Backing::Memory)
    }

    /// The file of that path, if a script wrote it.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.0.get(&self.key(path))
    }

    /// Whether there is such a file or folder; of `folder/*`, whether there is the folder.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        let path = &clean(path.strip_suffix("/*").unwrap_or(path));
        if self
            .mount_of(path)
            .is_some_and(|mount| mount.files == Filled::Elsewhere)
        {
            return true;
        }
        let key = self.key(path);
        let folder = format!("{}/", key.trim_end_matches('/'));
        let mut inside = self.files.0.range(SmolStr::from(folder.as_str())..);
        self.files.0.contains_key(&key)
            || inside
                .next()
                .is_some_and(|(key, _)| key.starts_with(&folder))
            || self
                .mounts
                .iter()
                .any(|mount| is_at_or_above(path, &clean(&mount.path)))
            || (!key.starts_with("volume/") && self.came_with_the_image(path))
    }

    fn came_with_the_image(&self, path: &str) -> bool {
        let of_program = OF_PROGRAMS.iter().any(|folder| path.starts_with(folder));
        BASE.contains(&path)
            || path.starts_with(ACCOUNT)
            || (self.content == Content::Program && of_program)
    }

    /// Writes a text, or bytes of which only the number is known.
    pub fn write(&mut self, path: &str, text: &str) {
        let key = self.key(path);
        self.files.0.insert(key, File::of(text));
    }

    /// Adds a text at the end.
    pub fn append(&mut self, path: &str, text: &str) {
        let before = self
            .get(path)
            .and_then(|file| file.text.clone())
            .unwrap_or_default();
        let all = format!("{before}{text}");
        self.write(path, &all);
    }

    /// Makes a file of so many bytes.
    pub fn fill(&mut self, path: &str, size: u64) {
        let key = self.key(path);
        self.files.0.insert(key, File { size, text: None });
    }

    /// Makes a file if there is none.
    pub fn touch(&mut self, path: &str) {
        if self.get(path).is_none() {
            self.write(path, "");
        }
    }

    /// Removes a file, or a folder with all that is in it; returns whether there was any.
    pub fn remove(&mut self, path: &str) -> bool {
        let key = self.key(path);
        let folder = format!("{key}/");
        let before = self.files.0.len();
        self.files
            .0
            .retain(|other, _| *other != key && !other.starts_with(folder.as_str()));
        self.files.0.len() != before
    }
}

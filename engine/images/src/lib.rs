//! What well-known images do as they come: where they listen, what they need, as whom they run, and
//! what they hold. Tables of facts, with the pages that say them; of an image that stands in none
//! nothing is said.

mod bases;
mod databases;
mod published;
mod servers;

pub use published::{is_official, is_reserved, nearest, newest_major};

/// A reference to an image, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// The host of the registry, with its port; empty for Docker Hub.
    pub registry: &'a str,
    /// The repository, without `library/` of Docker Hub.
    pub repository: &'a str,
    /// The tag; empty where none is given.
    pub tag: &'a str,
    /// The digest; empty where none is given.
    pub digest: &'a str,
}

impl<'a> Image<'a> {
    /// Reads a reference. Source: the distribution project's reference grammar.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let (whole, digest) = text.split_once('@').unwrap_or((text, ""));
        let (name, tag) = match whole.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (whole, ""),
        };
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => ("", name),
        };
        let of_hub = matches!(registry, "" | "docker.io" | "index.docker.io");
        Self {
            registry: if of_hub { "" } else { registry },
            repository: match of_hub {
                true => path.strip_prefix("library/").unwrap_or(path),
                false => path,
            },
            tag,
            digest,
        }
    }

    /// Whether it is of Docker Hub's official library by its name: without a folder.
    #[must_use]
    pub fn is_of_library(&self) -> bool {
        self.registry.is_empty() && !self.repository.is_empty() && !self.repository.contains('/')
    }

    /// What is known of it.
    #[must_use]
    pub fn known(&self) -> Option<&'static Known> {
        let whole = match self.registry {
            "" => self.repository.to_owned(),
            registry => format!("{registry}/{}", self.repository),
        };
        let rows = TABLES.iter().flat_map(|table| table.iter());
        { rows }.find(|row| {
            row.names.contains(&whole.as_str())
                && (row.tags.is_empty() || row.tags.iter().any(|part| self.tag.contains(part)))
        })
    }
}

const TABLES: &[&[Known]] = &[servers::ROWS, databases::ROWS, bases::ROWS];

/// What an image does where nobody tells it otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Repositories under which it is published, with their registry where it is not Docker Hub.
    pub names: &'static [&'static str],
    /// Parts of tags of which one must be there for the row to hold; none: any tag.
    pub tags: &'static [&'static str],
    /// What its first program does.
    pub entry: Entry,
    /// Ports on which it listens, and on no others.
    pub ports: &'static [i64],
    /// What it answers to HTTP on its first port.
    pub http: Http,
    /// As whom it runs.
    pub user: User,
    /// Variables without which it ends: one of each list.
    pub needs: &'static [&'static [&'static str]],
    /// Folders of its own in which it writes at its start.
    pub writes: &'static [&'static str],
    /// MiB with which it does not get through its start.
    pub starves_at: i64,
}

/// What the first program of an image does without arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It serves until it is stopped.
    Serves,
    /// It ends at once: a shell or an interpreter without input, a program that prints its usage.
    Ends(&'static str),
    /// It ends where nothing is mounted there: its configuration.
    Wants(&'static str),
}

/// How an image answers HTTP as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    /// Nobody knows.
    Unknown,
    /// It speaks something else.
    Never,
    /// It has these paths alone; one that ends with `*` stands for all below it.
    Only(&'static [&'static str]),
    /// It refuses these paths.
    Refuses(&'static [&'static str]),
}

/// As whom an image runs: the user of its recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// Nobody knows.
    Unknown,
    /// As root.
    Root,
    /// By its number, which is not root's.
    Number,
    /// By a name: the kubelet cannot tell that it is not root.
    Named(&'static str),
}

const fn row(names: &'static [&'static str]) -> Known {
    Known {
        names,
        tags: &[],
        entry: Entry::Serves,
        ports: &[],
        http: Http::Unknown,
        user: User::Unknown,
        needs: &[],
        writes: &[],
        starves_at: 0,
    }
}

impl Known {
    const fn tagged(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    const fn entry(mut self, entry: Entry) -> Self {
        self.entry = entry;
        self
    }

    const fn ports(mut self, ports: &'static [i64]) -> Self {
        self.ports = ports;
        self
    }

    const fn http(mut self, http: Http) -> Self {
        self.http = http;
        self
    }

    const fn user(mut self, user: User) -> Self {
        self.user = user;
        self
    }

    const fn needs(mut self, needs: &'static [&'static [&'static str]]) -> Self {
        self.needs = needs;
        self
    }

    const fn writes(mut self, writes: &'static [&'static str]) -> Self {
        self.writes = writes;
        self
    }

    const fn starves_at(mut self, mebi: i64) -> Self {
        self.starves_at = mebi;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Image, TABLES};

    #[test]
    fn references_are_read_in_their_parts() {
        for (text, registry, repository, tag) in [
            ("nginx", "", "nginx", ""),
            ("docker.io/library/nginx:1.27", "", "nginx", "1.27"),
            ("grafana/grafana:10", "", "grafana/grafana", "10"),
            ("localhost:5000/a", "localhost:5000", "a", ""),
            ("ghcr.io/a/b:1@sha256:0", "ghcr.io", "a/b", "1"),
        ] {
            let image = Image::of(text);
            assert_eq!(
                (image.registry, image.repository, image.tag),
                (registry, repository, tag)
            );
        }
    }

    #[test]
    fn rows_are_found_by_name_and_tag() {
        let ports = |text: &str| Image::of(text).known().map(|row| row.ports);
        assert_eq!(ports("nginx:1.27"), Some([80].as_slice()));
        assert_eq!(ports("php:8.3-fpm"), Some([9000].as_slice()));
        assert_eq!(ports("php:8.3-apache"), Some([80].as_slice()));
        assert_eq!(ports("team/nginx"), None);
        let shell = Image::of("ubuntu:24.04").known().map(|row| row.entry);
        assert!(matches!(shell, Some(Entry::Ends(_))));
    }

    #[test]
    fn what_is_known_is_said_once() {
        let mut seen = std::collections::BTreeSet::new();
        for row in TABLES.iter().flat_map(|table| table.iter()) {
            for name in row.names {
                assert!(seen.insert((name, row.tags)), "{name}");
            }
        }
    }
}

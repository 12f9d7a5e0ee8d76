//! Configuration files of nginx that ConfigMaps hold and containers mount: directives that nginx does not
//! have and that are a slip of one that it has, and braces that do not close. nginx ends at its start.

use super::Case;
use super::directives;
use super::names::distance;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven},
};
use crate::doc::{items, text, texts};
use crate::estate::Estate;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.filter_map(|at| {
        let mut containers = items(estate.workloads[at].pod_spec, "/containers");
        containers.find_map(|container| refused(estate, at, container))
    })
    .collect()
}

fn refused(estate: &Estate<'_>, at: usize, container: &Value) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let image = text(container, "/image");
    let is_nginx = is_official(image);
    let mut mounts = items(container, "/volumeMounts")
        .filter(|mount| is_nginx && text(mount, "/mountPath").starts_with("/etc/nginx"));
    let (map, file, words) = mounts.find_map(|mount| {
        let volume = items(keeper.pod_spec, "/volumes")
            .find(|volume| text(volume, "/name") == text(mount, "/name"))?;
        let name = text(volume, "/configMap/name");
        let map = estate.find("ConfigMap", keeper.object.namespace, name)?;
        let wanted = text(mount, "/subPath");
        let mut files = texts(map.doc, "/data")
            .filter(|(file, _)| file.ends_with(".conf") && (wanted.is_empty() || *file == wanted));
        files.find_map(|(file, content)| Some((map, file.to_owned(), wrong(content)?)))
    })?;
    let found = Candidate::at_workload("misconfiguration", estate, at)?
        .field(format!("{}: data.{file}", map.reference()))
        .seen(Proven, "object", map.reference(), words)
        .seen(
            Fits,
            "object",
            keeper.object.reference(),
            "nginx reads it at its start, and ends",
        );
    Some(found.by_itself())
}

/// Whether an image is nginx' official one.
fn is_official(image: &str) -> bool {
    let digestless = image.split('@').next().unwrap_or(image);
    let name = digestless.strip_prefix("docker.io/").unwrap_or(digestless);
    let name = name.strip_prefix("library/").unwrap_or(name);
    name.split(':').next() == Some("nginx")
}

/// What nginx says of a file.
fn wrong(content: &str) -> Option<String> {
    let read = read(content);
    if read.closed_too_often || !read.blocks.is_empty() {
        return Some("unexpected end of file, or \"}\": its braces do not close".to_owned());
    }
    // Modules that are loaded bring directives of their own; the official image loads none by itself.
    let loads = read.directives.iter().any(|word| word == "load_module");
    let slip = |word: &String| {
        let allowed = |known: &str| 1 + usize::from(known.len() > 12);
        let near =
            || directives::all().any(|one| one.len() > 4 && distance(one, word) <= allowed(one));
        word.len() > 4 && !directives::all().any(|one| one == word) && (!loads || near())
    };
    let word = read.directives.into_iter().find(slip)?;
    Some(format!("[emerg] unknown directive \"{word}\""))
}

/// Blocks that hold no directives, but data or what another language says.
const DATA: &[&str] = &[
    "map",
    "geo",
    "types",
    "upstream",
    "charset_map",
    "split_clients",
    "match",
    "num_map",
];

/// Where in a file a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Between words.
    Gap,
    Word,
    Quoted(char),
    Comment,
}

/// What was read of a file. As nginx reads it, quotes and `#` count where a word begins, and `${` within
/// a word opens no block.
#[derive(Debug, Default)]
struct Reading {
    /// First words of statements outside of data.
    directives: Vec<String>,
    /// Blocks that are open.
    blocks: Vec<String>,
    closed_too_often: bool,
    /// The first word of the statement.
    first: String,
    /// Whether a word of the statement is whole.
    has_first: bool,
}

fn read(content: &str) -> Reading {
    let mut reading = Reading::default();
    let (mut at, mut before) = (At::Gap, ' ');
    for letter in content.chars() {
        at = match (at, letter) {
            (At::Comment, '\n') => At::Gap,
            (At::Comment, _) => At::Comment,
            (At::Quoted(quote), _) if letter == quote && before != '\\' => At::Gap,
            (At::Quoted(quote), _) => At::Quoted(quote),
            _ => reading.plain(at, before, letter),
        };
        before = if before == '\\' { ' ' } else { letter };
    }
    reading
}

impl Reading {
    /// A letter outside of quotes and comments.
    fn plain(&mut self, at: At, before: char, letter: char) -> At {
        match letter {
            _ if before == '\\' => self.letter(letter),
            '#' if at == At::Gap => At::Comment,
            '\'' | '"' if at == At::Gap => {
                self.has_first = true;
                At::Quoted(letter)
            }
            ';' => self.ended(),
            '{' if before == '$' => self.letter(letter),
            '{' => {
                let name = self.first.clone();
                self.ended();
                self.blocks.push(name);
                At::Gap
            }
            '}' if at == At::Gap => {
                self.closed_too_often |= self.blocks.pop().is_none();
                At::Gap
            }
            _ if letter.is_whitespace() => {
                self.has_first |= !self.first.is_empty();
                At::Gap
            }
            _ => self.letter(letter),
        }
    }

    fn letter(&mut self, letter: char) -> At {
        if !self.has_first {
            self.first.push(letter);
        }
        At::Word
    }

    fn ended(&mut self) -> At {
        let first = core::mem::take(&mut self.first);
        self.has_first = false;
        let data = self.blocks.iter().any(|one| DATA.contains(&one.as_str()));
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !data && !first.is_empty() && first.bytes().all(named) {
            self.directives.push(first);
        }
        At::Gap
    }
}

#[cfg(test)]
mod tests {
    use super::{is_official, wrong};

    #[test]
    fn slips_of_directives_are_told() {
        for (text, is_wrong) in [
            ("worker_procesess auto;\nevents {}\n", true),
            ("events {}\nhttp { server { listen 80; } }\n", false),
            ("server {\n  lisen 80;\n}\n", true),
            ("server {\n  listen 80;\n", true),
            ("server {\n  more_set_headers x;\n}\n", true),
            ("load_module a.so;\nhttp { more_set_headers x; }\n", false),
            (
                "server { http3 on; quic_retry on; add_header A \"{\"; }\n",
                false,
            ),
            ("map $a $b {\n  default 1;\n  lisen 2;\n}\n", false),
            (
                "types { text/html html; }\nupstream a { servr b; }\n",
                false,
            ),
            (
                "server { set $a ${b}c; location ~ \\.php$ { retrn 404; } }\n",
                true,
            ),
            ("# {\nserver { return 200 '}'; }\n", false),
            ("server { } }\n", true),
        ] {
            assert_eq!(wrong(text).is_some(), is_wrong, "{text}");
        }
    }

    #[test]
    fn only_the_official_image_is_as_it_is_known() {
        assert!(is_official("nginx:1.27") && is_official("docker.io/library/nginx@sha256:0"));
        assert!(!is_official("nginx-custom:1") && !is_official("bitnami/nginx"));
    }
}

//! Containers of workloads: where they stand, what they are told, what they mount.

use crate::doc::{has, items, number, text};
use crate::estate::Estate;
use aegis_images::{Entry, Image, Known};
use serde_json::Value;

/// A container of a workload.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    /// The workload, as a position in [`Estate::workloads`].
    pub at: usize,
    /// The list in which it stands: `containers` or `initContainers`.
    pub list: &'static str,
    /// What its pod asks for.
    pub pod: &'a Value,
    /// What it asks for.
    pub doc: &'a Value,
}

/// The containers of a workload, init containers first.
pub fn of_workload<'a>(
    estate: &Estate<'a>,
    at: usize,
) -> impl Iterator<Item = Container<'a>> + use<'a> {
    let pod = estate.workloads[at].pod_spec;
    let of = move |list: &'static str| {
        let pointer = match list {
            "containers" => "/containers",
            _ => "/initContainers",
        };
        items(pod, pointer).map(move |doc| Container { at, list, pod, doc })
    };
    of("initContainers").chain(of("containers"))
}

impl<'a> Container<'a> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        text(self.doc, "/name")
    }

    /// Its image.
    #[must_use]
    pub fn image(&self) -> Image<'a> {
        Image::of(text(self.doc, "/image"))
    }

    /// What is known of its image.
    #[must_use]
    pub fn known(&self) -> Option<&'static Known> {
        self.image().known()
    }

    /// The path of a field of it, from its workload on.
    #[must_use]
    pub fn field(&self, rest: &str) -> String {
        let dot = if rest.is_empty() { "" } else { "." };
        format!(
            "spec.template.spec.{}[name={}]{dot}{rest}",
            self.list,
            self.name()
        )
    }

    /// Its command.
    pub fn command(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        items(self.doc, "/command").filter_map(Value::as_str)
    }

    /// Its arguments.
    pub fn args(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        items(self.doc, "/args").filter_map(Value::as_str)
    }

    /// The words that it runs, as far as they stand in the manifest.
    #[must_use]
    pub fn words(&self) -> Vec<&'a str> {
        self.command().chain(self.args()).collect()
    }

    /// The list in which the words of its command stand last, for the field at fault.
    #[must_use]
    pub fn list_of_words(&self) -> &'static str {
        if self.args().next().is_some() {
            "args"
        } else {
            "command"
        }
    }

    /// The text that a shell of it runs: `sh -c TEXT`.
    #[must_use]
    pub fn script(&self) -> Option<&'a str> {
        let words = self.words();
        let shell = words.first().map(|word| base(word))?;
        let flag = words.get(1)?;
        let is_shell = matches!(shell, "sh" | "bash" | "ash" | "dash" | "zsh");
        let is_flag = flag.starts_with('-') && !flag.starts_with("--") && flag.contains('c');
        if is_shell && is_flag {
            words.get(2).copied()
        } else {
            None
        }
    }

    /// Whether it runs what its image runs, without a word of its own.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !has(self.doc, "/command") && !has(self.doc, "/args")
    }

    /// Folders and files that manifests mount into it; those that the API server adds are left out.
    pub fn mounts(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        items(self.doc, "/volumeMounts")
            .filter(|mount| !text(mount, "/mountPath").starts_with("/var/run/secrets/"))
    }

    /// The mount that shows a path, the deepest one.
    #[must_use]
    pub fn mount_at(&self, path: &str) -> Option<&'a Value> {
        let shows = |mount: &&Value| {
            let folder = text(mount, "/mountPath").trim_end_matches('/');
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.mounts()
            .filter(shows)
            .max_by_key(|mount| text(mount, "/mountPath").len())
    }

    /// Whether something is mounted at a folder, above it or below it.
    #[must_use]
    pub fn mounts_near(&self, folder: &str) -> bool {
        let below = |mount: &Value| text(mount, "/mountPath").starts_with(folder);
        self.mount_at(folder).is_some() || self.mounts().any(below)
    }

    /// The volume that a mount shows.
    #[must_use]
    pub fn volume(&self, mount: &Value) -> Option<&'a Value> {
        let name = text(mount, "/name");
        items(self.pod, "/volumes").find(|volume| text(volume, "/name") == name)
    }

    /// Names of the variables that it sets one by one.
    pub fn variables(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        items(self.doc, "/env").map(|one| (text(one, "/name"), text(one, "/value")))
    }

    /// Whether it takes whole sets of variables, of which not all may be known.
    #[must_use]
    pub fn takes_sets(&self) -> bool {
        items(self.doc, "/envFrom").next().is_some()
    }

    /// Whether a variable of that name is set, or may be.
    #[must_use]
    pub fn may_have(&self, name: &str) -> bool {
        self.takes_sets() || self.variables().any(|(own, _)| own == name)
    }

    /// A field of its security context, or of its pod's.
    #[must_use]
    pub fn security(&self, field: &str) -> Option<&'a Value> {
        let pointer = format!("/securityContext/{field}");
        self.doc
            .pointer(&pointer)
            .or_else(|| self.pod.pointer(&pointer))
    }

    /// The number of its user, where one is asked for.
    #[must_use]
    pub fn user(&self) -> Option<i64> {
        self.security("runAsUser").and_then(Value::as_i64)
    }

    /// The number of a port that it declares under a name, or the number itself.
    #[must_use]
    pub fn port(&self, port: &Value) -> Option<i64> {
        let named = |name: &str| {
            items(self.doc, "/ports")
                .find(|one| text(one, "/name") == name)
                .and_then(|one| number(one, "/containerPort"))
        };
        port.as_i64()
            .or_else(|| port.as_str()?.parse().ok())
            .or_else(|| named(port.as_str()?))
    }

    /// Whether it declares a port.
    #[must_use]
    pub fn declares(&self, port: i64) -> bool {
        items(self.doc, "/ports").any(|one| number(one, "/containerPort") == Some(port))
    }

    /// Whether somebody keeps its standard input open.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        ["/stdin", "/tty"]
            .iter()
            .any(|field| self.doc.pointer(field) == Some(&Value::Bool(true)))
    }

    /// Whether its image is one of a base system or a language: it holds no program of anybody's.
    #[must_use]
    pub fn is_base(&self) -> bool {
        let known = self.known();
        known.is_some_and(|row| matches!(row.entry, Entry::Ends(_)) && row.ports.is_empty())
    }
}

/// A program's name without its folder.
#[must_use]
pub fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The commands of a script, each as its words, without quotes: parts between `;`, `&&`, `||`, `|`, `&`
/// and ends of lines. What a shell would expand stays as it stands.
#[must_use]
pub fn commands(script: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut quote = None;
    for letter in script.chars() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => quote = Some(letter),
            (None, ' ' | '\t') => finish(&mut words, &mut word),
            (None, ';' | '\n' | '|' | '&') => {
                finish(&mut words, &mut word);
                all.extend(Some(core::mem::take(&mut words)).filter(|words| !words.is_empty()));
            }
            (None, _) => word.push(letter),
        }
    }
    finish(&mut words, &mut word);
    all.extend(Some(words).filter(|words| !words.is_empty()));
    all
}

fn finish(words: &mut Vec<String>, word: &mut String) {
    const OPENING: &[&str] = &[
        "do", "then", "else", "exec", "nohup", "(", "{", "if", "while",
    ];
    let done = core::mem::take(word);
    let opens = words.is_empty() && OPENING.contains(&done.as_str());
    if !done.is_empty() && !opens {
        words.push(done);
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn scripts_are_parted_into_commands() {
        let found = commands("echo 'a; b' && exec httpd -f -p 8080\nif x; then y z; fi");
        let lines: Vec<String> = found.iter().map(|words| words.join(" ")).collect();
        assert_eq!(lines, ["echo a; b", "httpd -f -p 8080", "x", "y z", "fi"]);
    }
}

//! What a container's command plainly does, read from its words.
//!
//! A small reader of shell: it knows what `exit 1`, `sleep 5`, `tail /dev/zero`
//! and a loop that waits for a host do, and it owns up to all else: a program it
//! does not know is taken for a server that runs until it is stopped. It follows
//! `;`, `&&`, `||`, pipes, `while`, `until`, `if` and `exec`; it expands no
//! variable and reads no file.

mod commands;
mod run;
mod words;

use alloc::vec::Vec;
use smol_str::SmolStr;

/// What a container does from its start on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// What comes first, in order.
    pub steps: Vec<Step>,
    /// What comes then.
    pub end: End,
    /// What SIGTERM does to it.
    pub on_term: OnTerm,
}

/// One thing that a script does before it ends or serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sleeps: seconds.
    Sleep(u32),
    /// Tries again and again until a host answers.
    Await(Host),
}

/// A host that a script waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Name as written: `db`, `db.shop`, `db.shop.svc.cluster.local`.
    pub name: SmolStr,
    /// Port, where one is given.
    pub port: Option<u16>,
    /// What counts as an answer.
    pub question: Question,
}

/// What counts as an answer of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Its name resolves.
    Name,
    /// It accepts a connection.
    Connection,
}

/// How a script goes on after its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Ends with this code.
    Exit(i32),
    /// Does nothing, for ever.
    Idle,
    /// Takes memory until it is killed.
    EatMemory,
    /// Uses a core, for ever.
    Spin,
    /// Runs a program that is not known: a server.
    Serve,
}

/// What SIGTERM does to the first process of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTerm {
    /// It ends soon.
    Ends,
    /// Nothing: the kernel gives process 1 no default action, and neither a
    /// shell nor `sleep` sets one.
    Ignores,
}

impl Script {
    /// A server from the start.
    #[must_use]
    pub const fn server() -> Self {
        Self {
            steps: Vec::new(),
            end: End::Serve,
            on_term: OnTerm::Ends,
        }
    }

    /// Seconds for which it plainly runs, where it only sleeps and exits.
    #[must_use]
    pub fn runs_for(&self) -> Option<u32> {
        let End::Exit(_) = self.end else {
            return None;
        };
        self.steps.iter().try_fold(0_u32, |sum, step| match step {
            Step::Sleep(seconds) => Some(sum.saturating_add(*seconds)),
            Step::Await(_) => None,
        })
    }
}

/// Images without an entry point: `args` alone are the command, and nothing at
/// all is a shell that ends as its standard input is closed.
const SHELL_IMAGES: [&str; 12] = [
    "busybox",
    "alpine",
    "ubuntu",
    "debian",
    "bash",
    "centos",
    "fedora",
    "rockylinux",
    "amazonlinux",
    "curl-busybox",
    "ubi8",
    "ubi9",
];

/// Last part of an image's repository: `busybox` of `docker.io/library/busybox:1.36`.
pub fn image_family(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split('@').next().unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}

/// What a container with this command, these arguments and this image does.
#[must_use]
pub fn read(command: &[SmolStr], args: &[SmolStr], image: &str) -> Script {
    let family = image_family(image);
    if family == "pause" || family.starts_with("pause-") {
        return Script {
            end: End::Idle,
            ..Script::server()
        };
    }
    let is_shell_image = SHELL_IMAGES.contains(&family);
    if command.is_empty() && !is_shell_image {
        return Script::server();
    }
    let words: Vec<SmolStr> = command.iter().chain(args).cloned().collect();
    if words.is_empty() {
        return run::script_of(&[], "exit 0");
    }
    run::read_words(&words)
}

#[cfg(test)]
mod tests;

//! What a container's command plainly does, read from its words.
//!
//! A small shell: it knows what `exit 1`, `sleep 5`, `touch /tmp/ready`, `[ -f /data/x ]`, a trap and
//! a loop that waits for a host do, and it owns up to all else: a program it does not know is taken for
//! a server that runs until it is stopped. It follows lists, pipes, loops, branches, groups, variables,
//! sums and redirections; files are those that scripts of the pod wrote ([`Files`]). Functions and globs of
//! files are not followed: such a script is taken for a server.
#![no_std]

extern crate alloc;

mod builtins;
mod commands;
mod compile;
mod expand;
mod files;
mod flags;
mod glob;
mod kubectl;
mod memory;
mod parse;
mod programs;
mod replies;
mod run;
mod words;

pub use commands::is_plainly_absent;
pub use files::{Access, Backing, Content, Disk, File, Files, Filled, Mount};
pub use kubectl::{Call, Cascade, Deed as KubectlDeed, Place};
pub use replies::{Heard, Reply};

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use commands::basename;
use parse::Simple;
use smol_str::SmolStr;
use words::Word;

/// What a container does from its start on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    ops: Vec<Op>,
    strict: bool,
    trap: Trap,
    dialect: Dialect,
    /// Last part of its image's repository.
    family: SmolStr,
    supply: Supply,
    /// What its image holds.
    pub content: Content,
    /// The program that cannot be started, as there is none of that name.
    pub missing: Option<SmolStr>,
    /// How it usually goes on: where every host answers and no file is there.
    pub usually: Usually,
}

/// How a script ends or goes on, once it has slept and waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usually {
    /// It ends with this status.
    Ends(i32),
    /// It serves.
    Serves,
    /// Anything else: it idles, or uses what it can.
    Stays,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    Command(Simple),
    Pipe(Vec<Simple>),
    Jump(usize),
    /// Where the last status is a success, or is not.
    JumpIf(bool, usize),
    /// Turns the last status round.
    Not,
    /// Sets the last status; without a word to success.
    Status(Option<Word>),
    Assign(SmolStr, SmolStr),
    /// What the patterns of a `case` are held against from here on.
    Consider(Word),
    /// Whether one of the patterns fits.
    Fits(Vec<Word>),
    /// `set -e` looks at the last status.
    CheckStrict,
    /// Something runs in the background for so many seconds.
    Behind(u32),
    /// A loop until a host answers.
    Await(Host),
    /// A loop without end that pauses for so long.
    Idle(u32),
    /// A loop without end or pause.
    Spin,
    /// Not followed from here on.
    Serve,
}

/// Where a script's programs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// Its image alone.
    Image,
    /// The script itself may have brought some.
    Script,
}

/// Whose words programs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Busybox,
    Coreutils,
}

/// Why a script does not go on at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// It sleeps: seconds.
    Sleep(u32),
    /// It waits for what it started in the background: seconds.
    Wait(u32),
    /// It tries again and again until a host answers.
    Await(Host),
    /// It asks a host once; the answer is its next status.
    Ask(Host),
    /// It asks the API server once; the answer is its next status.
    Call(Call),
    /// It ended with this status.
    Ended(i32),
    /// It does nothing that matters, for ever; it looks up after so many seconds.
    Idle(u32),
    /// It uses a core, for ever.
    Spin,
    /// It takes memory until it is killed.
    EatMemory,
    /// It takes so many bytes, and keeps them.
    TakeMemory(u64),
    /// It takes so many bytes, keeps them for so many seconds, and goes on.
    Holds {
        /// Bytes.
        bytes: u64,
        /// Seconds.
        seconds: u32,
    },
    /// It runs a program that is not known: a server.
    Serve,
}

/// A host that a script asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Name as written: `db`, `db.shop`, `db.shop.svc.cluster.local`, with a closing dot where it has one.
    pub name: SmolStr,
    /// Port, where one is given.
    pub port: Option<u16>,
    /// What counts as an answer.
    pub question: Question,
    /// The program that asks.
    pub program: SmolStr,
    /// Whether anybody hears what it says.
    pub voice: Voice,
}

/// Where a program's words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// To the container's log.
    Aloud,
    /// Elsewhere: into a file, into nothing.
    Away,
}

/// What counts as an answer of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Its name resolves.
    Name,
    /// It accepts a connection.
    Connection,
}

/// What a script does at SIGTERM.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trap {
    /// What the kernel does: nothing, for process 1 of a container.
    None,
    Ignores,
    Runs(SmolStr),
}

/// What SIGTERM does to the first process of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTerm {
    /// It ends as servers do.
    Ends,
    /// It ends after so many seconds with a status.
    EndsWith {
        /// Seconds.
        after: u32,
        /// Status.
        status: i32,
    },
    /// Nothing: the kernel gives process 1 no default action, and neither a
    /// shell nor `sleep` sets one.
    Ignores,
}

/// Under this name a shell is told its pod's namespace, which the kubelet leaves in a file: no
/// variable can have it.
pub const NAMESPACE: &str = "0namespace";

/// Under this name a shell is told its pod's resolv.conf, where it is to look at it.
pub const RESOLV_CONF: &str = "0resolv.conf";

/// A script under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    variables: BTreeMap<SmolStr, SmolStr>,
    /// `$?`.
    pub status: i32,
    strict: bool,
    behind: u32,
    trap: Trap,
    dialect: Dialect,
    family: SmolStr,
    supply: Supply,
    seed: u64,
    /// Whether a variable has outgrown what is kept of one.
    outgrown: bool,
    /// The end of what it printed.
    pub output: String,
    /// Why it stopped where it is.
    pub halt: Halt,
}

/// How a command answered that was run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It ended with this status, after so many seconds, and printed this.
    Ended {
        /// Status.
        status: i32,
        /// Seconds.
        after: u32,
        /// Output.
        output: String,
    },
    /// It asks, or is, the server.
    Server,
    /// It does not end.
    Hangs,
}

/// Pauses that a trial follows.
const MOST_PAUSES: u32 = 64;

impl Script {
    /// A server from the start.
    #[must_use]
    pub fn server() -> Self {
        Self::of(alloc::vec![Op::Serve], false, "")
    }

    /// What the pause image does: nothing, until SIGTERM ends it with status 0.
    fn pause(image: &str) -> Self {
        Self {
            trap: Trap::Runs("exit 0".into()),
            ..Self::of(alloc::vec![Op::Idle(0)], false, image)
        }
    }

    /// What a pause image does that stands in for a server: the same, and it listens.
    #[must_use]
    pub fn stand_in(image: &str) -> Self {
        Self {
            ops: alloc::vec![Op::Serve],
            usually: Usually::Serves,
            ..Self::pause(image)
        }
    }

    fn of(ops: Vec<Op>, strict: bool, image: &str) -> Self {
        let family = image_family(image);
        let base = SHELL_IMAGES.contains(&family);
        let mut script = Self {
            ops,
            strict,
            trap: Trap::None,
            dialect: match family {
                "busybox" | "alpine" | "curl" | "" => Dialect::Busybox,
                _ => Dialect::Coreutils,
            },
            content: if base {
                Content::Base
            } else {
                Content::Program
            },
            missing: None,
            usually: Usually::Serves,
            family: family.into(),
            supply: Supply::Image,
        };
        script.usually = script.trial();
        script
    }

    /// A process at its start, with the container's variables. `seed` makes its random numbers.
    #[must_use]
    pub fn begin(&self, variables: BTreeMap<SmolStr, SmolStr>, seed: u64) -> Shell {
        Shell {
            variables,
            status: 0,
            strict: self.strict,
            behind: 0,
            trap: self.trap.clone(),
            dialect: self.dialect,
            family: self.family.clone(),
            supply: self.supply,
            outgrown: false,
            seed,
            output: String::new(),
            halt: Halt::Sleep(0),
        }
    }

    /// Goes on at `at`; returns where the script is then. Why it stopped there is in `shell.halt`.
    pub fn go_on(&self, shell: &mut Shell, at: u16, disk: &mut Disk<'_>) -> u16 {
        let (at, halt) = shell.go(&self.ops, usize::from(at), disk, run::DEEPEST);
        shell.halt = halt;
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// Runs a command in a container to its end, as a probe or a hook does.
    #[must_use]
    pub fn ask(&self, variables: BTreeMap<SmolStr, SmolStr>, disk: &mut Disk<'_>) -> Answer {
        let mut shell = self.begin(variables, 0);
        let (mut at, mut after) = (0, 0_u32);
        for _ in 0..MOST_PAUSES {
            at = self.go_on(&mut shell, at, disk);
            match shell.halt {
                Halt::Sleep(seconds) | Halt::Wait(seconds) | Halt::Holds { seconds, .. } => {
                    after = after.saturating_add(seconds);
                }
                Halt::Ended(status) => {
                    let output = shell.output;
                    return Answer::Ended {
                        status,
                        after,
                        output,
                    };
                }
                Halt::Serve | Halt::Ask(_) | Halt::Call(_) | Halt::Await(_) => {
                    return Answer::Server;
                }
                _ => return Answer::Hangs,
            }
        }
        Answer::Hangs
    }

    /// Runs it where every host answers and no file is there.
    fn trial(&self) -> Usually {
        let mut files = Files::default();
        let mut disk = Disk {
            files: &mut files,
            mounts: &[],
            container: 0,
            content: self.content,
            layer: Access::Writable,
        };
        let mut shell = self.begin(BTreeMap::new(), 0);
        let mut at = 0;
        for _ in 0..MOST_PAUSES {
            at = self.go_on(&mut shell, at, &mut disk);
            match shell.halt {
                Halt::Sleep(_) | Halt::Wait(_) | Halt::Holds { .. } => {}
                Halt::Ask(_) | Halt::Call(_) => shell.status = 0,
                Halt::Await(_) => at += 1,
                Halt::Ended(status) => return Usually::Ends(status),
                Halt::Serve => return Usually::Serves,
                _ => return Usually::Stays,
            }
        }
        Usually::Stays
    }

    /// What SIGTERM does now, where the present pause has `left` seconds to go.
    #[must_use]
    pub fn on_term(&self, shell: &Shell, left: u32) -> OnTerm {
        match (&shell.trap, &shell.halt) {
            (Trap::None, Halt::Serve | Halt::EatMemory | Halt::Ask(_) | Halt::Call(_)) => {
                OnTerm::Ends
            }
            (Trap::None | Trap::Ignores, _) => OnTerm::Ignores,
            (Trap::Runs(handler), _) => shell.trapped(handler, left),
        }
    }
}

impl Shell {
    /// Takes what a program printed into the output.
    pub fn hear(&mut self, text: &str) {
        self.print(text);
        self.print("\n");
    }

    /// A host has answered, or not: the program ends as that tells.
    pub fn answered(&mut self, host: &Host, heard: &Heard) {
        self.status = heard.status(host);
        if host.voice == Voice::Aloud {
            self.print(&heard.words(host));
        }
    }

    /// The handler runs when the command in the foreground has ended; `wait` returns at once.
    fn trapped(&self, handler: &str, left: u32) -> OnTerm {
        let wait = match self.halt {
            Halt::Wait(_) | Halt::Serve => 0,
            Halt::Idle(nap) => left.min(nap),
            _ => left,
        };
        let script = Script::of_text(handler, false, "busybox");
        let mut files = Files::default();
        let mut disk = Disk {
            files: &mut files,
            mounts: &[],
            container: 0,
            content: Content::Base,
            layer: Access::Writable,
        };
        match script.ask(self.variables.clone(), &mut disk) {
            Answer::Ended { status, after, .. } if handler.contains("exit") => OnTerm::EndsWith {
                after: wait.saturating_add(after),
                status,
            },
            Answer::Ended { .. } if matches!(self.halt, Halt::Wait(_)) => OnTerm::EndsWith {
                after: 0,
                status: 143,
            },
            _ => OnTerm::Ignores,
        }
    }
}

fn compile_text(text: &str) -> Vec<Op> {
    compile::compile(&parse::parse(&words::split(text)))
}

impl Script {
    /// What a shell does with `text`.
    fn of_text(text: &str, strict: bool, image: &str) -> Self {
        let mut script = Self::of(compile_text(text), strict, image);
        script.supply = programs::supply(text);
        script.usually = script.trial();
        script
    }

    /// A program that ends at once, as it does not take one of its flags.
    fn refusing(refused: &flags::Refused, image: &str) -> Self {
        let words = [SmolStr::new("echo"), refused.words.as_str().into()];
        let says = Simple {
            words: words.iter().map(|word| Word::plain(word)).collect(),
            ..Simple::default()
        };
        let status = Word::plain(&smol_str::format_smolstr!("{}", refused.status));
        Self::of(
            alloc::vec![Op::Command(says), Op::Status(Some(status))],
            false,
            image,
        )
    }

    /// A program without a shell: its words stand as they are.
    fn of_words(words: &[SmolStr], image: &str) -> Self {
        let words = words.iter().map(|word| Word::plain(word)).collect();
        let simple = Simple {
            words,
            ..Simple::default()
        };
        Self::of(alloc::vec![Op::Command(simple)], false, image)
    }
}

const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "busybox"];

/// Whether a program is a shell.
fn is_shell(program: &str) -> bool {
    SHELLS.contains(&basename(program))
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

/// Images that have no bash.
const WITHOUT_BASH: [&str; 2] = ["busybox", "alpine"];

/// Last part of an image's repository: `busybox` of `docker.io/library/busybox:1.36`.
#[must_use]
pub fn image_family(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split('@').next().unwrap_or(name);
    name.split(':').next().unwrap_or(name)
}

/// Whether the image is the one that only waits.
#[must_use]
pub fn is_pause(image: &str) -> bool {
    let family = image_family(image);
    family == "pause" || family.starts_with("pause-")
}

/// What a container with this command, these arguments and this image does.
#[must_use]
pub fn read(command: &[SmolStr], args: &[SmolStr], image: &str) -> Script {
    let family = image_family(image);
    if is_pause(image) {
        // The image holds one program, at its root, and nothing else.
        let mut script = Script::pause(image);
        let own = |program: &&SmolStr| basename(program) != "pause";
        script.missing = command.first().filter(own).cloned();
        return script;
    }
    let is_shell_image = SHELL_IMAGES.contains(&family);
    let mut words: Vec<SmolStr> = command.iter().chain(args).cloned().collect();
    if command.is_empty() && family.starts_with("stress") && !args.is_empty() {
        words.insert(0, "stress".into());
    } else if command.is_empty() && family == "kubectl" && !args.is_empty() {
        words.insert(0, "kubectl".into());
    } else if command.is_empty() && !is_shell_image {
        let refused = flags::refused(&words, family);
        return refused.map_or_else(Script::server, |refused| Script::refusing(&refused, image));
    }
    if words.is_empty() {
        return Script::of_text("exit 0", false, image);
    }
    if let Some(refused) = flags::refused(&words, family).filter(|_| !is_shell(&words[0])) {
        return Script::refusing(&refused, image);
    }
    let mut script = read_words(&words, image);
    script.missing = missing(&words, family);
    script
}

/// The program that an image plainly does not have.
fn missing(words: &[SmolStr], family: &str) -> Option<SmolStr> {
    let program = words.first()?;
    let no_bash = basename(program) == "bash" && WITHOUT_BASH.contains(&family);
    let absent = is_plainly_absent(program)
        || programs::lacks(program, family)
        || programs::lacks_bare(program, family);
    (no_bash || absent).then(|| program.clone())
}

/// What the words of `command` and `args` do.
fn read_words(words: &[SmolStr], image: &str) -> Script {
    let words = after_init(words);
    let Some((program, args)) = words.split_first() else {
        return Script::server();
    };
    if is_shell(program) {
        return shell(args, image);
    }
    Script::of_words(words, image)
}

/// Small init programs run what follows them.
fn after_init(words: &[SmolStr]) -> &[SmolStr] {
    let is_init = |word: &&SmolStr| matches!(basename(word), "tini" | "dumb-init" | "--");
    let count = words.iter().take_while(is_init).count();
    &words[count..]
}

/// `sh -c text`, `bash -ec text`; a shell with a file is a program that is not known.
fn shell(args: &[SmolStr], image: &str) -> Script {
    let flags: Vec<&SmolStr> = args
        .iter()
        .take_while(|arg| arg.starts_with('-') || *arg == "sh")
        .collect();
    let given = |letter: char| {
        flags
            .iter()
            .any(|flag| !flag.starts_with("--") && flag.starts_with('-') && flag.contains(letter))
    };
    match args.get(flags.len()) {
        Some(text) if given('c') => Script::of_text(text, given('e'), image),
        Some(_) => Script::server(),
        None => Script::of_text("exit 0", false, image),
    }
}

#[cfg(test)]
mod tests;

//! Commands that look at files or variables, or change them.

use super::commands::{self, Deed, basename};
use super::files::Disk;
use super::{Dialect, Shell, Trap};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// What a command did: how it ends, and what it printed.
pub(super) struct Done {
    pub deed: Deed,
    pub output: String,
}

impl Done {
    fn silent(status: i32) -> Self {
        Self {
            deed: commands::ends(status),
            output: String::new(),
        }
    }

    fn saying(status: i32, output: String) -> Self {
        Self {
            deed: commands::ends(status),
            output,
        }
    }
}

/// Kibibytes, mebibytes and gibibytes as `dd`, `fallocate` and `truncate` write them.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok()?;
    let unit = match text[digits.len()..].trim_end_matches(['B', 'i', 'b']) {
        "" | "c" => 1.0,
        "k" | "K" => 1024.0,
        "m" | "M" => 1024.0 * 1024.0,
        "g" | "G" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number * unit) as u64)
}

fn operands(args: &[SmolStr]) -> impl Iterator<Item = &SmolStr> {
    args.iter()
        .filter(|arg| !arg.starts_with('-') || *arg == "-")
}

fn value_of<'a>(args: &'a [SmolStr], name: &str) -> Option<&'a str> {
    args.iter().find_map(|arg| arg.strip_prefix(name))
}

fn flag_of<'a>(args: &'a [SmolStr], flag: &str) -> Option<&'a str> {
    let at = args.iter().position(|arg| arg == flag);
    let next = at.and_then(|at| args.get(at + 1)).map(SmolStr::as_str);
    next.or_else(|| {
        args.iter()
            .find_map(|arg| arg.strip_prefix(flag).filter(|rest| !rest.is_empty()))
    })
}

impl Shell {
    /// Runs one command; `input` is what a pipe gives it.
    pub(super) fn run_command(
        &mut self,
        words: &[SmolStr],
        input: Option<&str>,
        disk: &mut Disk<'_>,
    ) -> Done {
        let words = commands::innermost(words);
        let Some((program, args)) = words.split_first() else {
            return Done::silent(0);
        };
        match basename(program) {
            "test" => Done::silent(self.test(args, disk)),
            "[" | "[[" => Done::silent(self.test(&args[..args.len().saturating_sub(1)], disk)),
            "echo" => Done::saying(0, echo(args)),
            "printf" => Done::saying(0, printed(args)),
            "set" => self.set(args),
            "export" | "local" | "readonly" => self.export(args),
            "unset" => {
                args.iter()
                    .for_each(|name| drop(self.variables.remove(name)));
                Done::silent(0)
            }
            "trap" => self.set_trap(args),
            "touch" | "mkdir" => self.make(program, args, disk),
            "rm" | "rmdir" => self.remove(args, disk),
            "cp" | "mv" => self.copy(program, args, disk),
            "cat" | "ls" | "stat" | "head" | "tail" => self.show(program, words, input, disk),
            "grep" | "egrep" => self.grep(args, input, disk),
            "wc" => Done::saying(0, counted(args, input.unwrap_or_default())),
            "seq" => Done::saying(0, sequence(args)),
            "hostname" | "whoami" | "id" | "date" => Done::saying(0, self.told(program)),
            "expr" => self.expr(args),
            "dd" => dd(args, disk),
            "fallocate" => filled(flag_of(args, "-l"), args, disk),
            "truncate" => filled(flag_of(args, "-s"), args, disk),
            _ => Done {
                deed: commands::read(words),
                output: String::new(),
            },
        }
    }

    fn told(&self, program: &str) -> String {
        match basename(program) {
            "hostname" => format!(
                "{}\n",
                self.variables.get("HOSTNAME").cloned().unwrap_or_default()
            ),
            "whoami" => "root\n".into(),
            _ => String::new(),
        }
    }

    fn set(&mut self, args: &[SmolStr]) -> Done {
        for arg in args {
            if arg.starts_with('-') && arg.contains('e') {
                self.strict = true;
            } else if arg.starts_with('+') && arg.contains('e') {
                self.strict = false;
            }
        }
        Done::silent(0)
    }

    fn export(&mut self, args: &[SmolStr]) -> Done {
        for (name, value) in args.iter().filter_map(|arg| arg.split_once('=')) {
            self.variables.insert(name.into(), value.into());
        }
        Done::silent(0)
    }

    /// `trap 'exit 0' TERM INT`, `trap '' TERM`, `trap - TERM`.
    fn set_trap(&mut self, args: &[SmolStr]) -> Done {
        let args = match args.first().map(SmolStr::as_str) {
            Some("--") => &args[1..],
            _ => args,
        };
        let of_term = args
            .iter()
            .skip(1)
            .any(|name| matches!(name.as_str(), "TERM" | "SIGTERM" | "15"));
        if of_term {
            self.trap = match args[0].as_str() {
                "" => Trap::Ignores,
                "-" => Trap::None,
                handler => Trap::Runs(handler.into()),
            };
        }
        Done::silent(0)
    }

    fn make(&mut self, program: &str, args: &[SmolStr], disk: &mut Disk<'_>) -> Done {
        let refused = operands(args).find_map(|path| Some((path, disk.refuses(path)?)));
        if let Some((path, why)) = refused {
            let program = basename(program);
            return Done::saying(1, format!("{program}: {path}: {why}\n"));
        }
        for path in operands(args) {
            match basename(program) {
                "touch" => disk.touch(path),
                _ => disk.touch(&format!("{path}/.")),
            }
        }
        Done::silent(0)
    }

    fn remove(&mut self, args: &[SmolStr], disk: &mut Disk<'_>) -> Done {
        let forced = args
            .iter()
            .any(|arg| arg.starts_with('-') && arg.contains('f'));
        let mut status = 0;
        for path in operands(args) {
            let removed = match path.strip_suffix("/*") {
                Some(folder) => disk.remove(folder),
                None => disk.remove(path),
            };
            if !removed && !forced {
                status = 1;
            }
        }
        Done::silent(status)
    }

    fn copy(&mut self, program: &str, args: &[SmolStr], disk: &mut Disk<'_>) -> Done {
        let paths: Vec<&SmolStr> = operands(args).collect();
        let [from, to] = paths.as_slice() else {
            return Done::silent(0);
        };
        if !disk.exists(from) {
            return Done::saying(1, self.not_there(basename(program), from));
        }
        if let Some(why) = disk.refuses(to) {
            let program = basename(program);
            return Done::saying(1, format!("{program}: can't create '{to}': {why}\n"));
        }
        match disk.get(from).cloned() {
            Some(file) => match &file.text {
                Some(text) => disk.write(to, text),
                None => disk.fill(to, file.size),
            },
            None => disk.touch(to),
        }
        if basename(program) == "mv" {
            disk.remove(from);
        }
        Done::silent(0)
    }

    /// What a program says of a file that is not there.
    pub(super) fn not_there(&self, program: &str, path: &str) -> String {
        match (self.dialect, program) {
            (Dialect::Busybox, "ls" | "stat") => {
                format!("{program}: {path}: No such file or directory\n")
            }
            (Dialect::Busybox, "cp" | "mv" | "rm") => {
                format!("{program}: can't stat '{path}': No such file or directory\n")
            }
            (Dialect::Busybox, _) => {
                format!("{program}: can't open '{path}': No such file or directory\n")
            }
            (Dialect::Coreutils, "ls") => {
                format!("ls: cannot access '{path}': No such file or directory\n")
            }
            (Dialect::Coreutils, "cp" | "mv" | "stat") => {
                format!("{program}: cannot stat '{path}': No such file or directory\n")
            }
            (Dialect::Coreutils, _) => format!("{program}: {path}: No such file or directory\n"),
        }
    }

    /// `cat`, `ls`, `stat`, `head`, `tail` of files. What reads a device, or follows, is no matter of files.
    fn show(
        &mut self,
        program: &str,
        words: &[SmolStr],
        input: Option<&str>,
        disk: &mut Disk<'_>,
    ) -> Done {
        let name = basename(program);
        let args = &words[1..];
        let by_itself = args
            .iter()
            .any(|arg| arg.starts_with("/dev/") && arg != "/dev/termination-log")
            || (name == "tail" && args.iter().any(|arg| matches!(arg.as_str(), "-f" | "-F")));
        if by_itself {
            return Done {
                deed: commands::read(words),
                output: String::new(),
            };
        }
        let counts = matches!(name, "head" | "tail");
        let paths =
            operands(args).filter(|path| !counts || !path.chars().all(|c| c.is_ascii_digit()));
        let mut output = String::from(
            input
                .filter(|_| operands(args).next().is_none())
                .unwrap_or_default(),
        );
        let mut status = 0;
        for path in paths {
            if !disk.exists(path) {
                status = if self.dialect == Dialect::Coreutils && name == "ls" {
                    2
                } else {
                    1
                };
                output.push_str(&self.not_there(name, path));
            } else if matches!(name, "ls" | "stat") {
                output.push_str(&format!("{path}\n"));
            } else {
                output.push_str(&self.text_of(path, disk));
            }
        }
        Done::saying(status, output)
    }

    /// What a file says, as far as it is known.
    fn text_of(&self, path: &str, disk: &Disk<'_>) -> SmolStr {
        let of_account = path.strip_prefix(super::files::ACCOUNT);
        if of_account == Some("/namespace") {
            return self
                .variables
                .get(super::NAMESPACE)
                .cloned()
                .unwrap_or_default();
        }
        let written = disk.get(path).and_then(|file| file.text.clone());
        let of_kubelet = || {
            let name = (path == "/etc/resolv.conf").then_some(super::RESOLV_CONF)?;
            self.variables.get(name).cloned()
        };
        written.or_else(of_kubelet).unwrap_or_default()
    }

    /// `grep text`, of a pipe or of files. Where neither is known it is taken to find it.
    fn grep(&mut self, args: &[SmolStr], input: Option<&str>, disk: &mut Disk<'_>) -> Done {
        let flags: String = args
            .iter()
            .filter(|arg| arg.starts_with('-'))
            .map(|arg| &arg[1..])
            .collect();
        let mut rest = operands(args);
        let Some(pattern) = rest.next() else {
            return Done::silent(2);
        };
        let mut text = String::from(input.unwrap_or_default());
        for path in rest {
            if !disk.exists(path) {
                return Done::saying(2, self.not_there("grep", path));
            }
            text.push_str(&self.text_of(path, disk));
        }
        let simple = pattern
            .chars()
            .all(|c| c.is_alphanumeric() || " -_:=/.,^$".contains(c));
        if !simple {
            return Done::silent(0);
        }
        let fits = |line: &str| {
            let (line, pattern) = match flags.contains('i') {
                true => (line.to_lowercase(), pattern.to_lowercase()),
                false => (line.into(), pattern.as_str().into()),
            };
            let core = pattern.trim_start_matches('^').trim_end_matches('$');
            match (pattern.starts_with('^'), pattern.ends_with('$')) {
                (true, true) => line == core,
                (true, false) => line.starts_with(core),
                (false, true) => line.ends_with(core),
                (false, false) => line.contains(core),
            }
        };
        let found: Vec<&str> = text
            .lines()
            .filter(|line| fits(line) != flags.contains('v'))
            .collect();
        let status = i32::from(found.is_empty());
        let output = match flags.contains('q') {
            true => String::new(),
            false => found.iter().map(|line| format!("{line}\n")).collect(),
        };
        Done::saying(status, output)
    }

    fn expr(&mut self, args: &[SmolStr]) -> Done {
        let text = args.join(" ");
        match self.sum(&text) {
            Some(value) => Done::saying(i32::from(value == 0), format!("{value}\n")),
            None => Done::silent(2),
        }
    }

    /// `test` and `[`: 0 where it holds, 1 where not, 2 where it makes no sense.
    fn test(&mut self, args: &[SmolStr], disk: &mut Disk<'_>) -> i32 {
        let words: Vec<&str> = args.iter().map(SmolStr::as_str).collect();
        match tested(&words, disk) {
            Some(holds) => i32::from(!holds),
            None => 2,
        }
    }
}

fn tested(words: &[&str], disk: &Disk<'_>) -> Option<bool> {
    for (joint, all) in [("-o", false), ("||", false), ("-a", true), ("&&", true)] {
        if let Some(at) = words.iter().position(|word| *word == joint)
            && at > 0
            && words.len() > 3
        {
            let left = tested(&words[..at], disk)?;
            let right = tested(&words[at + 1..], disk)?;
            return Some(if all { left && right } else { left || right });
        }
    }
    match words {
        [] => Some(false),
        ["!", rest @ ..] if !rest.is_empty() => tested(rest, disk).map(|holds| !holds),
        ["-f" | "-e" | "-d" | "-r" | "-w" | "-x" | "-S" | "-p", path] => Some(disk.exists(path)),
        ["-s", path] => Some(match disk.get(path) {
            Some(file) => file.size > 0,
            None => disk.exists(path),
        }),
        ["-n", text] => Some(!text.is_empty()),
        ["-z", text] => Some(text.is_empty()),
        [text] => Some(!text.is_empty()),
        [left, "=" | "==", right] => Some(left == right),
        [left, "!=", right] => Some(left != right),
        [left, operator, right] => {
            let (left, right): (i64, i64) = (left.parse().ok()?, right.parse().ok()?);
            match *operator {
                "-eq" => Some(left == right),
                "-ne" => Some(left != right),
                "-lt" => Some(left < right),
                "-le" => Some(left <= right),
                "-gt" => Some(left > right),
                "-ge" => Some(left >= right),
                _ => None,
            }
        }
        _ => None,
    }
}

fn echo(args: &[SmolStr]) -> String {
    let flags = args
        .iter()
        .take_while(|arg| matches!(arg.as_str(), "-n" | "-e" | "-ne" | "-en"));
    let flags: Vec<&SmolStr> = flags.collect();
    let end = match flags.iter().any(|flag| flag.contains('n')) {
        true => "",
        false => "\n",
    };
    format!("{}{end}", args[flags.len()..].join(" "))
}

/// `printf` with `%s`, `%d` and line ends.
fn printed(args: &[SmolStr]) -> String {
    let Some((format, rest)) = args.split_first() else {
        return String::new();
    };
    let mut rest = rest.iter();
    let mut output = String::new();
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n') => output.push('\n'),
                Some('t') => output.push('\t'),
                other => output.extend(other),
            },
            '%' => match characters.next() {
                Some('%') => output.push('%'),
                _ => output.push_str(rest.next().map_or("", SmolStr::as_str)),
            },
            c => output.push(c),
        }
    }
    output
}

fn counted(args: &[SmolStr], input: &str) -> String {
    let flag = args.first().map_or("", SmolStr::as_str);
    let number = match flag {
        "-l" => input.lines().count(),
        "-w" => input.split_whitespace().count(),
        _ => input.len(),
    };
    format!("{number}\n")
}

fn sequence(args: &[SmolStr]) -> String {
    let numbers: Vec<i64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let (first, last) = match numbers.as_slice() {
        [last] => (1, *last),
        [first, last] => (*first, *last),
        _ => return String::new(),
    };
    let last = last.min(first.saturating_add(1000));
    (first..=last).map(|number| format!("{number}\n")).collect()
}

/// `dd if=/dev/zero of=file bs=1M count=10`. It holds one block at a time.
fn dd(args: &[SmolStr], disk: &mut Disk<'_>) -> Done {
    let block = value_of(args, "bs=")
        .map_or(Some(512), bytes)
        .unwrap_or(512);
    let Some(count) = value_of(args, "count=").and_then(|count| count.parse::<u64>().ok()) else {
        let deed = match block < LARGE_BLOCK {
            true => Deed::Spin,
            false => Deed::TakeMemory(block),
        };
        return Done {
            deed,
            output: String::new(),
        };
    };
    let mut done = write_bytes(value_of(args, "of="), count.saturating_mul(block), disk);
    if let (Deed::Ends { after, status: 0 }, true) = (&done.deed, block >= LARGE_BLOCK) {
        done.deed = Deed::Holds {
            bytes: block,
            after: (*after).max(1),
            status: 0,
        };
    }
    done
}

/// Blocks from which what `dd` holds matters to a container's limit.
const LARGE_BLOCK: u64 = 8 << 20;

/// What the runtime gives `/dev/shm` at most: a file system in the container's own memory.
/// Source: containerd, `oci.WithDefaultSpec`: size=65536k.
const SHARED_MEMORY: u64 = 64 << 20;

/// Files in `/dev/shm` are memory, until they are removed; more than fits is refused.
fn into_memory(size: u64) -> Done {
    let full = size > SHARED_MEMORY;
    let output = if full {
        String::from("dd: error writing '/dev/shm': No space left on device\n")
    } else {
        String::new()
    };
    Done {
        deed: Deed::Holds {
            bytes: size.min(SHARED_MEMORY),
            after: 1,
            status: i32::from(full),
        },
        output,
    }
}

fn filled(size: Option<&str>, args: &[SmolStr], disk: &mut Disk<'_>) -> Done {
    let Some(size) = size.and_then(bytes) else {
        return Done::silent(1);
    };
    write_bytes(operands(args).last().map(SmolStr::as_str), size, disk)
}

/// Bytes per second that a disk takes.
const RATE: u64 = 500 << 20;

fn write_bytes(path: Option<&str>, size: u64, disk: &mut Disk<'_>) -> Done {
    if path.is_some_and(|path| path.starts_with("/dev/shm/")) {
        return into_memory(size);
    }
    let file = path.filter(|path| !path.starts_with("/dev/"));
    if let Some(path) = file {
        if let Some(why) = disk.refuses(path) {
            return Done::saying(1, format!("can't open '{path}': {why}\n"));
        }
        disk.fill(path, size);
        if disk.is_memory(path) {
            return Done {
                deed: Deed::Holds {
                    bytes: size,
                    after: 1,
                    status: 0,
                },
                output: String::new(),
            };
        }
    }
    Done {
        deed: Deed::Ends {
            after: u32::try_from(size / RATE).unwrap_or(u32::MAX),
            status: 0,
        },
        output: String::new(),
    }
}

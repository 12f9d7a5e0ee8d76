//! Runs operations until the script sleeps, asks, ends or serves.

use super::builtins::Done;
use super::commands::{self, Deed};
use super::files::Disk;
use super::parse::Simple;
use super::words::{Part, RedirectKind, Word};
use super::{Halt, Host, Op, Shell, Supply, Voice, glob, programs};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Operations in one second; a script that takes more without a pause uses a core.
const MOST_AT_ONCE: u32 = 20_000;
/// Commands inside of commands.
pub(super) const DEEPEST: u32 = 8;
/// Under this name the word of a `case` is kept: no variable can have it.
const CONSIDERED: &str = "0case";
/// Bytes of a variable that are kept. A text that outgrows them was made longer again and again.
const LONGEST: usize = 4 << 20;
/// Output that is kept: what a termination message may hold of a log (kubelet, 2048 bytes).
const KEPT: usize = 2048;

impl Shell {
    /// Goes on at operation `at`; returns where it stopped, and why. It goes on at the place that is given.
    pub(super) fn go(
        &mut self,
        ops: &[Op],
        mut at: usize,
        disk: &mut Disk<'_>,
        depth: u32,
    ) -> (usize, Halt) {
        for _ in 0..MOST_AT_ONCE {
            let Some(op) = ops.get(at) else {
                return (at, Halt::Ended(self.status));
            };
            at += 1;
            let halt = match op {
                Op::Jump(to) => {
                    at = *to;
                    None
                }
                Op::JumpIf(wanted, to) => {
                    if (self.status == 0) == *wanted {
                        at = *to;
                    }
                    None
                }
                Op::Command(simple) => self.simple(simple, disk, depth),
                Op::Pipe(commands) => self.pipe(commands, disk, depth),
                Op::Serve => Some(Halt::Serve),
                Op::Spin => Some(Halt::Spin),
                Op::Idle(nap) => Some(Halt::Idle(*nap)),
                Op::Await(host) => return (at - 1, Halt::Await(host.clone())),
                other => self.note(other, disk, depth),
            };
            if let Some(halt) = halt {
                return (at, halt);
            }
        }
        (at, Halt::Spin)
    }

    /// Operations that only change the shell itself.
    fn note(&mut self, op: &Op, disk: &mut Disk<'_>, depth: u32) -> Option<Halt> {
        match op {
            Op::Not => self.status = i32::from(self.status == 0),
            Op::Status(None) => self.status = 0,
            Op::Status(Some(word)) => {
                let code = self.expand_one(word, disk, depth);
                self.status = code.parse().unwrap_or(2);
            }
            Op::Assign(name, value) => drop(self.variables.insert(name.clone(), value.clone())),
            Op::Consider(word) => {
                let text = self.expand_one(word, disk, depth);
                self.variables.insert(CONSIDERED.into(), text);
            }
            Op::Fits(patterns) => {
                let text = self.variables.get(CONSIDERED).cloned().unwrap_or_default();
                let fits = patterns.iter().any(|pattern| {
                    let wanted = self.expand_one(pattern, disk, depth);
                    match pattern.is_quoted() {
                        true => wanted == text,
                        false => glob::fits(wanted.as_bytes(), text.as_bytes()),
                    }
                });
                self.status = i32::from(!fits);
            }
            Op::Behind(seconds) => self.behind = self.behind.max(*seconds),
            Op::CheckStrict if self.strict && self.status != 0 => {
                return Some(Halt::Ended(self.status));
            }
            _ => {}
        }
        None
    }

    fn simple(&mut self, simple: &Simple, disk: &mut Disk<'_>, depth: u32) -> Option<Halt> {
        let words = self.words_of(simple, disk, depth);
        if core::mem::take(&mut self.outgrown) {
            return Some(Halt::EatMemory);
        }
        if words.is_empty() {
            if !self.may_not_write(simple, disk, depth) {
                self.redirect(simple, "", disk, depth);
            }
            return None;
        }
        if self.may_not_write(simple, disk, depth) {
            return None;
        }
        if let Some(text) = inner_shell(&words) {
            return self.inner(&text, disk, depth);
        }
        let Done { deed, output } = self.run_command(&words, None, disk);
        self.redirect(simple, &output, disk, depth);
        let halt = self.deed(deed, &words, disk);
        halt.map(|halt| if_heard(halt, simple))
    }

    /// `sh -c text` inside a script: to its end, or to where it never ends. What it sleeps is slept at once.
    fn inner(&mut self, text: &str, disk: &mut Disk<'_>, depth: u32) -> Option<Halt> {
        if depth == 0 {
            return Some(Halt::Serve);
        }
        let ops = super::compile_text(text);
        let mut inner = self.clone();
        inner.output.clear();
        let (mut at, mut halt) = inner.go(&ops, 0, disk, depth - 1);
        let mut slept = 0_u32;
        let mut held = 0_u64;
        while let Halt::Sleep(seconds) | Halt::Holds { seconds, .. } = halt {
            slept = slept.saturating_add(seconds);
            if let Halt::Holds { bytes, .. } = halt {
                held = held.max(bytes);
            }
            (at, halt) = inner.go(&ops, at, disk, depth - 1);
        }
        self.print(&inner.output);
        match halt {
            Halt::Ended(status) => {
                self.status = status;
                match (held, slept) {
                    (0, 0) => None,
                    (0, slept) => Some(Halt::Sleep(slept)),
                    (bytes, seconds) => Some(Halt::Holds { bytes, seconds }),
                }
            }
            other => Some(other),
        }
    }

    /// Words with what they expand to; leading assignments are made.
    fn words_of(&mut self, simple: &Simple, disk: &mut Disk<'_>, depth: u32) -> Vec<SmolStr> {
        let assignments = simple
            .words
            .iter()
            .take_while(|word| assignment(word).is_some())
            .count();
        let mut inner_status = None;
        for word in &simple.words[..assignments] {
            let (name, _) = assignment(word).unwrap_or_default();
            self.status = 0;
            let text = self.expand_one(word, disk, depth);
            inner_status = Some(self.status);
            let value = text.get(name.len() + 1..).unwrap_or_default();
            self.outgrown |= value.len() > LONGEST;
            let kept = if self.outgrown { "" } else { value };
            self.variables.insert(name, kept.into());
        }
        let mut words = Vec::new();
        for word in &simple.words[assignments..] {
            words.extend(self.expand(word, disk, depth));
        }
        if words.is_empty() {
            self.status = inner_status.unwrap_or(0);
        }
        words
    }

    /// Whether output is to go to a file that cannot be written: then the command does not run.
    fn may_not_write(&mut self, simple: &Simple, disk: &mut Disk<'_>, depth: u32) -> bool {
        for redirect in &simple.redirects {
            if !matches!(redirect.kind, RedirectKind::Write | RedirectKind::Append) {
                continue;
            }
            let target = self.expand_one(&redirect.target, disk, depth);
            if let Some(why) = disk.refuses(&target) {
                self.print(&format!("sh: can't create {target}: {why}\n"));
                self.status = 1;
                return true;
            }
        }
        false
    }

    /// Sends what was printed where it belongs.
    fn redirect(&mut self, simple: &Simple, output: &str, disk: &mut Disk<'_>, depth: u32) {
        let mut kept = true;
        for redirect in &simple.redirects {
            let target = self.expand_one(&redirect.target, disk, depth);
            let to_file = matches!(redirect.kind, RedirectKind::Write | RedirectKind::Append);
            if !to_file || redirect.descriptor == 2 {
                continue;
            }
            kept = matches!(
                target.as_str(),
                "/dev/stdout" | "/dev/stderr" | "/proc/1/fd/1"
            );
            let device = target.starts_with("/dev/") && target != "/dev/termination-log";
            match redirect.kind {
                _ if kept || device || target.starts_with("/proc/") => {}
                RedirectKind::Append => disk.append(&target, output),
                _ => disk.write(&target, output),
            }
        }
        if kept {
            self.print(output);
        }
    }

    pub(super) fn print(&mut self, output: &str) {
        self.output.push_str(output);
        if self.output.len() > KEPT {
            let mut from = self.output.len() - KEPT;
            while !self.output.is_char_boundary(from) {
                from += 1;
            }
            self.output = String::from(&self.output[from..]);
        }
    }

    /// A pipeline: what does not end, or asks a host, decides; else each feeds the next.
    fn pipe(&mut self, commands: &[Simple], disk: &mut Disk<'_>, depth: u32) -> Option<Halt> {
        let mut input: Option<String> = None;
        for (index, simple) in commands.iter().enumerate() {
            let words = self.words_of(simple, disk, depth);
            let done = self.run_command(&words, input.as_deref(), disk);
            let last = index + 1 == commands.len();
            if last && self.may_not_write(simple, disk, depth) {
                return None;
            }
            if last {
                self.redirect(simple, &done.output, disk, depth);
                let halt = self.deed(done.deed, &words, disk);
                return halt.map(|halt| if_heard(halt, simple));
            }
            match done.deed {
                Deed::Ends { .. } => input = Some(done.output),
                // What a program that is not known prints is not known either.
                Deed::Unknown => input = None,
                deed => return self.deed(deed, &words, disk).map(away),
            }
        }
        None
    }

    fn deed(&mut self, deed: Deed, words: &[SmolStr], disk: &Disk<'_>) -> Option<Halt> {
        match deed {
            Deed::Ends { after, status } => {
                self.status = status;
                self.behind = match self.behind {
                    u32::MAX => u32::MAX,
                    left => left.saturating_sub(after),
                };
                (after > 0).then_some(Halt::Sleep(after))
            }
            Deed::Exit(code) => Some(Halt::Ended(code.unwrap_or(self.status))),
            Deed::Waits => self.wait(),
            Deed::Idle => Some(Halt::Idle(u32::MAX)),
            Deed::EatMemory => Some(Halt::EatMemory),
            Deed::TakeMemory(bytes) => Some(Halt::TakeMemory(bytes)),
            Deed::Holds {
                bytes,
                after: seconds,
                status,
            } => {
                self.status = status;
                Some(Halt::Holds { bytes, seconds })
            }
            Deed::Spin => Some(Halt::Spin),
            Deed::Ask(host) => Some(Halt::Ask(host)),
            Deed::Call(_) if lacks_first(words, &self.family) => self.unknown(words, disk),
            Deed::Call(call) => Some(Halt::Call(call)),
            Deed::Unknown => self.unknown(words, disk),
        }
    }

    fn wait(&mut self) -> Option<Halt> {
        let left = core::mem::take(&mut self.behind);
        self.status = 0;
        match left {
            0 => None,
            // A background program that is not known goes on for ever.
            u32::MAX => Some(Halt::Serve),
            left => Some(Halt::Wait(left)),
        }
    }

    fn unknown(&mut self, words: &[SmolStr], disk: &Disk<'_>) -> Option<Halt> {
        let program = words.first().cloned().unwrap_or_default();
        let by_image = self.supply == Supply::Image && !programs::is_mounted_over(disk.mounts);
        let absent = commands::is_plainly_absent(&program)
            || programs::lacks(&program, &self.family)
            || by_image && programs::lacks_bare(&program, &self.family);
        if !absent {
            return Some(Halt::Serve);
        }
        self.status = 127;
        self.print(&format!("sh: {program}: not found\n"));
        None
    }
}

/// What a program says that asks a host is heard unless it is sent elsewhere.
fn if_heard(halt: Halt, simple: &Simple) -> Halt {
    let sent = |kind| matches!(kind, RedirectKind::Write | RedirectKind::Append);
    match simple.redirects.iter().any(|redirect| sent(redirect.kind)) {
        true => away(halt),
        false => halt,
    }
}

/// Nobody hears it.
fn away(halt: Halt) -> Halt {
    match halt {
        Halt::Ask(host) => Halt::Ask(Host {
            voice: Voice::Away,
            ..host
        }),
        other => other,
    }
}

/// Whether the image is known to have no program of the first word.
fn lacks_first(words: &[SmolStr], family: &str) -> bool {
    let first = words.first();
    first.is_some_and(|program| programs::lacks(program, family))
}

/// `name=value`: the name, and that it is one.
fn assignment(word: &Word) -> Option<(SmolStr, ())> {
    let Some(Part::Text(text)) = word.parts.first() else {
        return None;
    };
    let (name, _) = text.split_once('=')?;
    let mut characters = name.chars();
    let begins = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let goes_on = characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    (begins && goes_on).then(|| (name.into(), ()))
}

/// The text of `sh -c text`, behind `exec` too.
fn inner_shell(words: &[SmolStr]) -> Option<SmolStr> {
    let words = match words.split_first() {
        Some((exec, rest)) if exec == "exec" => rest,
        _ => words,
    };
    match words {
        [shell, flag, text, ..] if super::is_shell(shell) && flag == "-c" => Some(text.clone()),
        _ => None,
    }
}

//! Runs a script in the head: which steps it takes and how it ends.

use super::commands::{self, Deed, basename};
use super::words::{Token, split};
use super::{End, Host, OnTerm, Script, Step};
use alloc::vec::Vec;
use smol_str::SmolStr;

const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "busybox"];

/// Longer scripts are taken for servers.
const MOST_STEPS: usize = 256;
/// Scripts inside scripts beyond this depth are taken for servers.
const DEEPEST: u32 = 8;

/// What the words of `command` and `args` do.
pub(super) fn read_words(words: &[SmolStr]) -> Script {
    let words = after_init(words);
    let Some((program, args)) = words.split_first() else {
        return Script::server();
    };
    if SHELLS.contains(&basename(program)) {
        return shell(args);
    }
    let mut run = Run::default();
    let status = run.command(words);
    run.finish(status)
}

/// Small init programs run what follows them.
fn after_init(words: &[SmolStr]) -> &[SmolStr] {
    let is_init = |word: &&SmolStr| matches!(basename(word), "tini" | "dumb-init" | "--");
    let count = words.iter().take_while(is_init).count();
    &words[count..]
}

/// `sh -c text`, `bash -ec text`; a shell with a file is a program that is not known.
fn shell(args: &[SmolStr]) -> Script {
    let flags: Vec<&SmolStr> = args
        .iter()
        .take_while(|arg| arg.starts_with('-') || *arg == "sh")
        .collect();
    let with_text = flags
        .iter()
        .any(|flag| !flag.starts_with("--") && flag.contains('c'));
    match args.get(flags.len()) {
        Some(text) if with_text => script_of(&flags, text),
        Some(_) => Script::server(),
        None => script_of(&[], "exit 0"),
    }
}

/// What a shell does with `text`.
pub(super) fn script_of(flags: &[&SmolStr], text: &str) -> Script {
    let mut run = Run {
        strict: flags
            .iter()
            .any(|flag| !flag.starts_with("--") && flag.starts_with('-') && flag.contains('e')),
        ..Run::default()
    };
    let tokens = split(text);
    let status = run.list(&tokens);
    run.finish(status)
}

/// A script under way.
#[derive(Debug, Default)]
struct Run {
    steps: Vec<Step>,
    end: Option<End>,
    strict: bool,
    depth: u32,
    /// The command replaces the shell, so that the program's own handling of SIGTERM counts.
    replaced: bool,
}

impl Run {
    fn finish(self, status: i32) -> Script {
        if self.steps.len() > MOST_STEPS {
            return Script::server();
        }
        let end = self.end.unwrap_or(End::Exit(status));
        let on_term = match end {
            End::Serve => OnTerm::Ends,
            End::EatMemory => OnTerm::Ends,
            End::Idle | End::Spin | End::Exit(_) => OnTerm::Ignores,
        };
        Script {
            steps: self.steps,
            end,
            on_term,
        }
    }

    /// Runs a list of commands; returns the last status.
    fn list(&mut self, tokens: &[Token]) -> i32 {
        self.depth += 1;
        let mut status = 0;
        let mut rest = tokens;
        let mut joined_by = Token::Then;
        if self.depth > DEEPEST || rest.contains(&Token::Group) {
            self.end = Some(End::Serve);
        }
        while !rest.is_empty() && self.end.is_none() {
            let length = statement(rest);
            let wanted = match joined_by {
                Token::And => status == 0,
                Token::Or => status != 0,
                _ => true,
            };
            let next = rest.get(length).cloned().unwrap_or(Token::Then);
            if wanted && length > 0 {
                status = self.statement(&rest[..length], &next);
                self.stop_if_strict(status, &next);
            }
            joined_by = next;
            rest = rest.get(length + 1..).unwrap_or(&[]);
        }
        self.depth -= 1;
        status
    }

    fn stop_if_strict(&mut self, status: i32, next: &Token) {
        if self.strict && status != 0 && !matches!(next, Token::And | Token::Or) {
            self.end = self.end.or(Some(End::Exit(status)));
        }
    }

    /// One statement: a compound, a pipeline or a command.
    fn statement(&mut self, tokens: &[Token], next: &Token) -> i32 {
        match keyword(tokens) {
            Some("while") => self.repeat(tokens, Loop::While),
            Some("until") => self.repeat(tokens, Loop::Until),
            Some("if") => self.branch(tokens),
            Some("for" | "case" | "function" | "select") => self.unknown(),
            _ if matches!(next, Token::Behind) => 0,
            _ => self.pipeline(tokens),
        }
    }

    fn unknown(&mut self) -> i32 {
        self.end = Some(End::Serve);
        0
    }

    /// A pipeline counts as its last command that waits for a host or does not end.
    fn pipeline(&mut self, tokens: &[Token]) -> i32 {
        let commands: Vec<Vec<SmolStr>> = tokens
            .split(|token| *token == Token::Pipe)
            .map(words)
            .collect();
        let deciding = commands
            .iter()
            .find(|command| !matches!(commands::read(command), Deed::Ends { .. } | Deed::Unknown));
        match deciding.or(commands.last()) {
            Some(command) => self.command(&command.clone()),
            None => 0,
        }
    }

    fn command(&mut self, words: &[SmolStr]) -> i32 {
        if let [set, flags, ..] = words
            && set == "set"
            && flags.starts_with('-')
            && flags.contains('e')
        {
            self.strict = true;
        }
        if let Some(text) = inner_shell(words) {
            return self.list(&split(&text));
        }
        self.replaced |= words.first().is_some_and(|word| word == "exec");
        self.deed(commands::read(words))
    }

    fn deed(&mut self, deed: Deed) -> i32 {
        match deed {
            Deed::Ends { after, status } => {
                if after > 0 {
                    self.steps.push(Step::Sleep(after));
                }
                status
            }
            Deed::Exit(code) => {
                self.end = Some(End::Exit(code.unwrap_or(0)));
                0
            }
            Deed::Idle => self.ends_with(End::Idle),
            Deed::EatMemory => self.ends_with(End::EatMemory),
            Deed::Spin => self.ends_with(End::Spin),
            Deed::Ask(host) => self.ask_once(host),
            Deed::Unknown => self.unknown(),
        }
    }

    fn ends_with(&mut self, end: End) -> i32 {
        self.end = Some(end);
        0
    }

    /// Asked once outside of a loop: whether it answers is not known here, and
    /// most scripts go on only if it does.
    fn ask_once(&mut self, host: Host) -> i32 {
        self.steps.push(Step::Await(host));
        0
    }

    /// `while c; do …; done`: waits if the condition asks a host, else runs the body once and for ever.
    fn repeat(&mut self, tokens: &[Token], kind: Loop) -> i32 {
        let Some((condition, body)) = loop_parts(tokens) else {
            return self.unknown();
        };
        let (negated, condition) = negation(condition);
        if let Some(host) = awaited(condition) {
            self.steps.push(Step::Await(host));
            return 0;
        }
        let mut tried = Self {
            depth: self.depth,
            ..Self::default()
        };
        let status = tried.list(condition);
        let holds = (status == 0) != negated;
        if tried.end.is_some() {
            return self.unknown();
        }
        match (kind, holds) {
            (Loop::While, true) | (Loop::Until, false) => self.for_ever(body),
            _ => 0,
        }
    }

    /// A loop without an end: its body's exit ends it, and a body that never
    /// sleeps or asks uses a core.
    fn for_ever(&mut self, body: &[Token]) -> i32 {
        let before = self.steps.len();
        self.list(body);
        if self.end.is_some() {
            return 0;
        }
        let rests = self.steps.len() > before;
        self.steps.truncate(before);
        self.ends_with(if rests { End::Idle } else { End::Spin })
    }

    /// `if c; then …; fi`, with a condition that is plainly true or false.
    fn branch(&mut self, tokens: &[Token]) -> i32 {
        let Some((condition, then, otherwise)) = branch_parts(tokens) else {
            return self.unknown();
        };
        let mut tried = Self {
            depth: self.depth,
            ..Self::default()
        };
        let status = tried.list(condition);
        if tried.end.is_some() || !tried.steps.is_empty() {
            return self.unknown();
        }
        self.list(if status == 0 { then } else { otherwise })
    }
}

#[derive(Debug, Clone, Copy)]
enum Loop {
    While,
    Until,
}

/// `sh -c text` inside a script.
fn inner_shell(words: &[SmolStr]) -> Option<SmolStr> {
    let words = match words.split_first() {
        Some((exec, rest)) if exec == "exec" => rest,
        _ => words,
    };
    match words {
        [shell, flag, text, ..] if SHELLS.contains(&basename(shell)) && flag == "-c" => {
            Some(text.clone())
        }
        _ => None,
    }
}

fn words(tokens: &[Token]) -> Vec<SmolStr> {
    tokens
        .iter()
        .filter_map(|token| match token {
            Token::Word(word) => Some(word.clone()),
            _ => None,
        })
        .collect()
}

fn keyword(tokens: &[Token]) -> Option<&str> {
    match tokens.first() {
        Some(Token::Word(word)) => Some(word.as_str()),
        _ => None,
    }
}

fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word) if word == text)
}

/// Number of tokens of the first statement: up to an operator outside of compounds.
fn statement(tokens: &[Token]) -> usize {
    let mut open = 0_i32;
    let mut first = true;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word(word) if first => open += opens(word),
            Token::Word(_) | Token::Group => {}
            Token::Pipe => {}
            _ if open == 0 => return at,
            _ => {}
        }
        first = !matches!(token, Token::Word(word) if !is_prefix(word));
    }
    tokens.len()
}

/// Words after which another command begins.
fn is_prefix(word: &str) -> bool {
    matches!(
        word,
        "do" | "then" | "else" | "elif" | "while" | "until" | "if" | "!"
    )
}

fn opens(word: &str) -> i32 {
    match word {
        "while" | "until" | "for" | "if" | "case" => 1,
        "done" | "fi" | "esac" => -1,
        _ => 0,
    }
}

/// Where `text` stands as a command of this compound, not of one inside it.
fn find(tokens: &[Token], text: &str) -> Option<usize> {
    let mut open = 0_i32;
    let mut first = true;
    for (at, token) in tokens.iter().enumerate() {
        if first && let Token::Word(word) = token {
            if open == 1 && word == text {
                return Some(at);
            }
            open += opens(word);
        }
        first = !matches!(token, Token::Word(word) if !is_prefix(word));
    }
    None
}

/// Condition and body of `while … do … done`.
fn loop_parts(tokens: &[Token]) -> Option<(&[Token], &[Token])> {
    let start = find(tokens, "do")?;
    let end = find(tokens, "done")?;
    Some((tokens.get(1..start)?, tokens.get(start + 1..end)?))
}

/// Condition, branch and other branch of `if … then … else … fi`; `elif` is not followed.
fn branch_parts(tokens: &[Token]) -> Option<(&[Token], &[Token], &[Token])> {
    let then = find(tokens, "then")?;
    let end = find(tokens, "fi")?;
    if find(tokens, "elif").is_some() {
        return None;
    }
    let middle = find(tokens, "else").unwrap_or(end);
    let otherwise = tokens.get(middle + 1..end).unwrap_or(&[]);
    Some((
        tokens.get(1..then)?,
        tokens.get(then + 1..middle)?,
        otherwise,
    ))
}

fn negation(tokens: &[Token]) -> (bool, &[Token]) {
    match tokens.split_first() {
        Some((first, rest)) if is_word(first, "!") => (true, rest),
        _ => (false, tokens),
    }
}

/// The host that a condition asks.
fn awaited(condition: &[Token]) -> Option<Host> {
    condition
        .split(|token| !matches!(token, Token::Word(_)))
        .find_map(|command| match commands::read(&words(command)) {
            Deed::Ask(host) => Some(host),
            _ => None,
        })
}

//! Compiles a list into operations with jumps, so that it can stop at a sleep and go on later.

use super::commands::{self, Deed};
use super::parse::{Element, Joint, List, LoopKind, Node, Simple};
use super::words::Word;
use super::{Host, Op};
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Longer programs are taken for servers.
const MOST_OPS: usize = 4096;

/// The operations of a list; what is not followed ends in [`Op::Serve`].
pub(super) fn compile(list: &List) -> Vec<Op> {
    let mut compiler = Compiler::default();
    compiler.list(list, Place::Plain);
    if compiler.ops.len() > MOST_OPS {
        return alloc::vec![Op::Serve];
    }
    compiler.ops
}

/// Whether `set -e` looks at a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Plain,
    Condition,
}

/// Jumps out of a compound that wait for its end.
#[derive(Debug)]
enum Frame {
    Loop(LoopFrame),
    Subshell { exits: Vec<usize> },
}

/// A loop that is being compiled: where it begins, where that is known, and who jumps out of it.
#[derive(Debug, Default)]
struct LoopFrame {
    start: Option<usize>,
    continues: Vec<usize>,
    breaks: Vec<usize>,
}

#[derive(Debug, Default)]
struct Compiler {
    ops: Vec<Op>,
    frames: Vec<Frame>,
}

/// To be filled in when the target is known.
const LATER: usize = usize::MAX;

impl Compiler {
    fn emit(&mut self, op: Op) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    fn land(&mut self, from: usize) {
        let here = self.ops.len();
        if let Some(Op::Jump(to) | Op::JumpIf(_, to)) = self.ops.get_mut(from) {
            *to = here;
        }
    }

    fn list(&mut self, list: &List, place: Place) {
        for (at, element) in list.iter().enumerate() {
            if self.ops.len() > MOST_OPS {
                return;
            }
            let skip = match element.joint {
                Joint::Then => None,
                Joint::And => Some(self.emit(Op::JumpIf(false, LATER))),
                Joint::Or => Some(self.emit(Op::JumpIf(true, LATER))),
            };
            self.element(element, place);
            let last = list
                .get(at + 1)
                .is_none_or(|next| next.joint == Joint::Then);
            if place == Place::Plain && last && !matches!(element.node, Node::Not(_)) {
                self.emit(Op::CheckStrict);
            }
            if let Some(skip) = skip {
                self.land(skip);
            }
        }
    }

    fn element(&mut self, element: &Element, place: Place) {
        if element.behind {
            let seconds = nap_of(core::slice::from_ref(element));
            self.emit(Op::Behind(seconds));
        } else {
            self.node(&element.node, place);
        }
    }

    fn node(&mut self, node: &Node, place: Place) {
        match node {
            Node::Simple(simple) => self.simple(simple),
            Node::Pipe(commands) => {
                self.emit(Op::Pipe(commands.clone()));
            }
            Node::Not(inner) => {
                self.node(inner, Place::Condition);
                self.emit(Op::Not);
            }
            Node::If(arms, otherwise) => self.branch(arms, otherwise, place),
            Node::Loop(kind, condition, body) => self.repeat(*kind, condition, body),
            Node::For(name, items, body) => self.each(name, items, body),
            Node::Case(subject, arms) => self.choose(subject, arms, place),
            Node::Group(list) => self.list(list, place),
            Node::Subshell(list) => self.subshell(list, place),
            Node::Unknown => {
                self.emit(Op::Serve);
            }
        }
    }

    fn simple(&mut self, simple: &Simple) {
        match simple.words.first().and_then(Word::keyword) {
            Some("break") => self.leave(|frame, at| match frame {
                Frame::Loop(frame) => {
                    frame.breaks.push(at);
                    Some(LATER)
                }
                Frame::Subshell { .. } => None,
            }),
            Some("continue") => self.leave(|frame, at| match frame {
                Frame::Loop(frame) => Some(frame.start.unwrap_or_else(|| {
                    frame.continues.push(at);
                    LATER
                })),
                Frame::Subshell { .. } => None,
            }),
            Some("exit") if self.in_subshell() => {
                self.emit(Op::Status(simple.words.get(1).cloned()));
                self.leave(|frame, at| match frame {
                    Frame::Subshell { exits } => {
                        exits.push(at);
                        Some(LATER)
                    }
                    Frame::Loop(_) => None,
                });
            }
            _ => {
                self.emit(Op::Command(simple.clone()));
            }
        }
    }

    fn in_subshell(&self) -> bool {
        let mut frames = self.frames.iter();
        frames.any(|frame| matches!(frame, Frame::Subshell { .. }))
    }

    /// Jumps out of the innermost frame that says where to.
    fn leave(&mut self, mut of: impl FnMut(&mut Frame, usize) -> Option<usize>) {
        let at = self.emit(Op::Jump(LATER));
        let target = self.frames.iter_mut().rev().find_map(|frame| of(frame, at));
        self.ops[at] = Op::Jump(target.unwrap_or(at + 1));
    }

    fn branch(&mut self, arms: &[(List, List)], otherwise: &List, place: Place) {
        let mut ends = Vec::new();
        for (condition, then) in arms {
            self.list(condition, Place::Condition);
            let next = self.emit(Op::JumpIf(false, LATER));
            self.list(then, place);
            ends.push(self.emit(Op::Jump(LATER)));
            self.land(next);
        }
        self.emit(Op::Status(None));
        self.list(otherwise, place);
        for end in ends {
            self.land(end);
        }
    }

    fn choose(&mut self, subject: &Word, arms: &[(Vec<Word>, List)], place: Place) {
        let mut ends = Vec::new();
        self.emit(Op::Consider(subject.clone()));
        for (patterns, body) in arms {
            self.emit(Op::Fits(patterns.clone()));
            let next = self.emit(Op::JumpIf(false, LATER));
            self.list(body, place);
            ends.push(self.emit(Op::Jump(LATER)));
            self.land(next);
        }
        self.emit(Op::Status(None));
        for end in ends {
            self.land(end);
        }
    }

    fn subshell(&mut self, list: &List, place: Place) {
        self.frames.push(Frame::Subshell { exits: Vec::new() });
        self.list(list, place);
        if let Some(Frame::Subshell { exits }) = self.frames.pop() {
            exits.into_iter().for_each(|exit| self.land(exit));
        }
    }

    fn repeat(&mut self, kind: LoopKind, condition: &List, body: &List) {
        if let Some(host) = awaited(kind, condition) {
            self.emit(Op::Await(host));
            return;
        }
        if runs_for_ever(kind, condition) && body.iter().all(is_inert) {
            let nap = nap_of(body);
            self.emit(if nap == 0 && !body.iter().any(asks) {
                Op::Spin
            } else {
                Op::Idle(nap.max(1))
            });
            return;
        }
        let start = self.ops.len();
        self.list(condition, Place::Condition);
        let end = self.emit(Op::JumpIf(kind == LoopKind::Until, LATER));
        let frame = self.body(Some(start), body);
        self.emit(Op::Jump(start));
        self.land(end);
        self.emit(Op::Status(None));
        frame.breaks.into_iter().for_each(|from| self.land(from));
    }

    fn body(&mut self, start: Option<usize>, body: &List) -> LoopFrame {
        self.frames.push(Frame::Loop(LoopFrame {
            start,
            ..LoopFrame::default()
        }));
        self.list(body, Place::Plain);
        match self.frames.pop() {
            Some(Frame::Loop(frame)) => frame,
            _ => LoopFrame::default(),
        }
    }

    fn each(&mut self, name: &Word, items: &[Word], body: &List) {
        let items: Option<Vec<Vec<SmolStr>>> = items.iter().map(values).collect();
        let (Some(items), Some(name)) = (items, name.literal()) else {
            self.emit(Op::Serve);
            return;
        };
        let mut breaks = Vec::new();
        for item in items.into_iter().flatten() {
            if self.ops.len() > MOST_OPS {
                return;
            }
            self.emit(Op::Assign(name.clone(), item));
            let frame = self.body(None, body);
            frame.continues.into_iter().for_each(|from| self.land(from));
            breaks.extend(frame.breaks);
        }
        for from in breaks {
            self.land(from);
        }
    }
}

/// The words that an item of `for` stands for: itself, or the numbers of `$(seq 1 5)` and `{1..5}`.
fn values(word: &Word) -> Option<Vec<SmolStr>> {
    use super::words::Part;
    let range = |from: i64, to: i64| {
        let long = to - from > 1000;
        (!long).then(|| {
            (from..=to)
                .map(|n| smol_str::format_smolstr!("{n}"))
                .collect()
        })
    };
    if let [Part::Output(text)] = word.parts.as_slice() {
        let mut numbers = text.strip_prefix("seq ")?.split_whitespace();
        let first: i64 = numbers.next()?.parse().ok()?;
        return match numbers.next() {
            Some(last) if numbers.next().is_none() => range(first, last.parse().ok()?),
            Some(_) => None,
            None => range(1, first),
        };
    }
    let text = word.literal()?;
    let braces = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    match braces.and_then(|inner| inner.split_once("..")) {
        Some((first, last)) if !word.quoted => range(first.parse().ok()?, last.parse().ok()?),
        _ => Some(alloc::vec![text]),
    }
}

/// The words of a command without anything to expand.
fn literals(simple: &Simple) -> Option<Vec<SmolStr>> {
    simple.words.iter().map(Word::literal).collect()
}

fn deed(simple: &Simple) -> Option<Deed> {
    Some(commands::read(&literals(simple)?))
}

/// The host that a loop waits for: `until <asks>`, `while ! <asks>`.
fn awaited(kind: LoopKind, condition: &List) -> Option<Host> {
    let [element] = condition.as_slice() else {
        return None;
    };
    let inner = match (kind, &element.node) {
        (LoopKind::While, Node::Not(inner)) => inner,
        (LoopKind::Until, node) => node,
        _ => return None,
    };
    let asked = |simple: &Simple| match deed(simple) {
        Some(Deed::Ask(host)) => Some(host),
        _ => None,
    };
    match inner {
        Node::Simple(simple) => asked(simple),
        Node::Pipe(all) => all.iter().find_map(asked),
        _ => None,
    }
}

/// Whether a condition never ends its loop, whatever happens.
fn runs_for_ever(kind: LoopKind, condition: &List) -> bool {
    let [element] = condition.as_slice() else {
        return false;
    };
    let Node::Simple(simple) = &element.node else {
        return false;
    };
    let words = literals(simple).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(SmolStr::as_str).collect();
    matches!(
        (kind, words.as_slice()),
        (
            LoopKind::While,
            ["true" | ":" | "/bin/true"] | ["[", "1", "]"]
        ) | (LoopKind::Until, ["false"])
    )
}

/// Whether a step of an endless loop changes nothing that anybody could see.
fn is_inert(element: &Element) -> bool {
    let simple_is = |simple: &Simple| {
        let writes = simple.redirects.iter().any(|redirect| {
            let target = redirect.target.literal().unwrap_or_default();
            redirect.kind != super::words::RedirectKind::Copy && !target.starts_with("/dev/")
        });
        let first = simple.words.first().and_then(Word::literal);
        let first = first.unwrap_or_default();
        let quiet = matches!(
            commands::basename(&first),
            "echo" | "printf" | "date" | ":" | "true" | "wait"
        );
        let asks = is_asking(simple);
        let known = asks || matches!(deed(simple), Some(Deed::Ends { .. }));
        let sleeps = commands::basename(&first) == "sleep" && known;
        !writes && (quiet || sleeps || asks)
    };
    match &element.node {
        Node::Simple(simple) => simple_is(simple),
        Node::Pipe(all) => all.iter().all(simple_is),
        Node::Group(list) | Node::Subshell(list) => list.iter().all(is_inert),
        _ => false,
    }
}

fn is_asking(simple: &Simple) -> bool {
    matches!(deed(simple), Some(Deed::Ask(_) | Deed::Call(_)))
}

/// Whether a step asks a host, which takes a while.
fn asks(element: &Element) -> bool {
    match &element.node {
        Node::Simple(simple) => is_asking(simple),
        Node::Pipe(all) => all.iter().any(is_asking),
        _ => false,
    }
}

/// Seconds that a list plainly sleeps; for what does not end, the longest time there is.
fn nap_of(list: &[Element]) -> u32 {
    let of_simple = |simple: &Simple| match deed(simple) {
        Some(Deed::Ends { after, .. }) => after,
        Some(Deed::Ask(_) | Deed::Call(_)) => 1,
        Some(Deed::Exit(_)) => 0,
        _ => u32::MAX,
    };
    let of = |element: &Element| match &element.node {
        Node::Simple(simple) => of_simple(simple),
        Node::Pipe(all) => all.iter().map(of_simple).max().unwrap_or(0),
        Node::Group(list) | Node::Subshell(list) => nap_of(list),
        _ => u32::MAX,
    };
    list.iter().map(of).fold(0, u32::saturating_add)
}

//! The grammar of a shell, as far as it is followed: lists, pipelines, loops, branches, groups.

use super::words::{Redirect, Token, Word};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A command with its words and redirections.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Simple {
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// How an element of a list is joined to what comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    Then,
    And,
    Or,
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub joint: Joint,
    pub node: Node,
    /// `&`.
    pub behind: bool,
}

pub(super) type List = Vec<Element>;

/// What a shell runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Simple(Simple),
    Pipe(Vec<Simple>),
    Not(Box<Node>),
    /// Conditions with what follows them, and what follows if none holds.
    If(Vec<(List, List)>, List),
    Loop(LoopKind, List, List),
    For(Word, Vec<Word>, List),
    /// A word, and the patterns that it is held against, each with what follows it.
    Case(Word, Vec<(Vec<Word>, List)>),
    /// `{ … }`.
    Group(List),
    /// `( … )`.
    Subshell(List),
    /// Not followed.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopKind {
    While,
    Until,
}

/// Compounds inside compounds beyond this depth are not followed.
const DEEPEST: u32 = 24;

/// The list that the tokens are; what cannot be parsed is [`Node::Unknown`].
pub(super) fn parse(tokens: &[Token]) -> List {
    let mut parser = Parser {
        rest: tokens,
        depth: 0,
    };
    let mut list = parser.list(&[]).unwrap_or_default();
    if !parser.rest.is_empty() || parser.depth == u32::MAX {
        list.push(unknown());
    }
    list
}

const fn unknown() -> Element {
    Element {
        joint: Joint::Then,
        node: Node::Unknown,
        behind: false,
    }
}

struct Parser<'a> {
    rest: &'a [Token],
    depth: u32,
}

impl Parser<'_> {
    fn keyword(&self) -> Option<&str> {
        match self.rest.first()? {
            Token::Word(word) => word.keyword(),
            _ => None,
        }
    }

    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn keyword_is(&mut self, word: &str) -> Option<()> {
        let found = self.keyword() == Some(word);
        found.then(|| self.rest = &self.rest[1..])
    }

    /// Elements up to one of these words, a closing bracket or the end. Of nonsense it gives `None`.
    fn list(&mut self, ends: &[&str]) -> Option<List> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let mut list = List::new();
        let mut joint = Joint::Then;
        loop {
            while joint == Joint::Then && self.rest.first() == Some(&Token::Then) {
                self.next();
            }
            let over = match self.rest.first() {
                None | Some(Token::Close | Token::NextArm) => true,
                Some(_) => self.keyword().is_some_and(|word| ends.contains(&word)),
            };
            if over {
                break;
            }
            let node = self.pipeline()?;
            let mut behind = false;
            let mut next = Joint::Then;
            match self.rest.first() {
                Some(Token::And) => next = Joint::And,
                Some(Token::Or) => next = Joint::Or,
                Some(Token::Behind) => behind = true,
                _ => {}
            }
            let joined = !matches!(
                self.rest.first(),
                None | Some(Token::Close | Token::NextArm)
            );
            list.push(Element {
                joint,
                node,
                behind,
            });
            if joined && self.keyword().is_none() {
                self.next();
            }
            while next != Joint::Then && self.rest.first() == Some(&Token::Then) {
                self.next();
            }
            joint = next;
        }
        self.depth -= 1;
        Some(list)
    }

    fn pipeline(&mut self) -> Option<Node> {
        if self.keyword_is("!").is_some() {
            return Some(Node::Not(Box::new(self.pipeline()?)));
        }
        let first = self.command()?;
        if self.rest.first() != Some(&Token::Pipe) {
            return Some(first);
        }
        let mut all = alloc::vec![first];
        while self.rest.first() == Some(&Token::Pipe) {
            self.next();
            while self.rest.first() == Some(&Token::Then) {
                self.next();
            }
            all.push(self.command()?);
        }
        let simple = |node: Node| match node {
            Node::Simple(simple) => Some(simple),
            _ => None,
        };
        let all: Option<Vec<Simple>> = all.into_iter().map(simple).collect();
        Some(all.map_or(Node::Unknown, Node::Pipe))
    }

    fn command(&mut self) -> Option<Node> {
        match self.keyword() {
            Some("while") => self.repeat(LoopKind::While),
            Some("until") => self.repeat(LoopKind::Until),
            Some("if") => self.branch(),
            Some("for") => self.each(),
            Some("case") => self.choose(),
            Some("{") => self.group(),
            Some("function" | "select" | "then" | "do" | "done" | "fi" | "else") => None,
            _ if self.rest.first() == Some(&Token::Open) => self.subshell(),
            _ => self.simple(),
        }
    }

    fn simple(&mut self) -> Option<Node> {
        let mut simple = Simple::default();
        loop {
            match self.rest.first() {
                Some(Token::Word(word)) => simple.words.push(word.clone()),
                Some(Token::Redirect(redirect)) => simple.redirects.push(redirect.clone()),
                // `name() …` is a function.
                Some(Token::Open) => return None,
                _ => break,
            }
            self.next();
        }
        let empty = simple.words.is_empty() && simple.redirects.is_empty();
        (!empty).then_some(Node::Simple(simple))
    }

    fn group(&mut self) -> Option<Node> {
        self.next();
        let list = self.list(&["}"])?;
        self.keyword_is("}")?;
        self.skip_redirects();
        Some(Node::Group(list))
    }

    fn subshell(&mut self) -> Option<Node> {
        self.next();
        let list = self.list(&[])?;
        if self.next() != Some(&Token::Close) {
            return None;
        }
        self.skip_redirects();
        Some(Node::Subshell(list))
    }

    fn skip_redirects(&mut self) {
        while matches!(self.rest.first(), Some(Token::Redirect(_))) {
            self.next();
        }
    }

    fn repeat(&mut self, kind: LoopKind) -> Option<Node> {
        self.next();
        let condition = self.list(&["do"])?;
        self.keyword_is("do")?;
        let body = self.list(&["done"])?;
        self.keyword_is("done")?;
        self.skip_redirects();
        Some(Node::Loop(kind, condition, body))
    }

    fn each(&mut self) -> Option<Node> {
        self.next();
        let Some(Token::Word(name)) = self.next().cloned() else {
            return None;
        };
        self.keyword_is("in")?;
        let mut items = Vec::new();
        while let Some(Token::Word(word)) = self.rest.first() {
            items.push(word.clone());
            self.next();
        }
        self.skip_lines();
        self.keyword_is("do")?;
        let body = self.list(&["done"])?;
        self.keyword_is("done")?;
        self.skip_redirects();
        Some(Node::For(name, items, body))
    }

    fn choose(&mut self) -> Option<Node> {
        self.next();
        let Some(Token::Word(subject)) = self.next().cloned() else {
            return None;
        };
        self.skip_lines();
        self.keyword_is("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.keyword_is("esac").is_some() {
                self.skip_redirects();
                return Some(Node::Case(subject, arms));
            }
            let patterns = self.patterns()?;
            let body = self.list(&["esac"])?;
            arms.push((patterns, body));
            if self.rest.first() == Some(&Token::NextArm) {
                self.next();
            }
        }
    }

    fn skip_lines(&mut self) {
        while self.rest.first() == Some(&Token::Then) {
            self.next();
        }
    }

    /// `a | b )`.
    fn patterns(&mut self) -> Option<Vec<Word>> {
        if self.rest.first() == Some(&Token::Open) {
            self.next();
        }
        let mut all = Vec::new();
        loop {
            let Some(Token::Word(word)) = self.next().cloned() else {
                return None;
            };
            all.push(word);
            match self.next()? {
                Token::Pipe => {}
                Token::Close => return Some(all),
                _ => return None,
            }
        }
    }

    fn branch(&mut self) -> Option<Node> {
        self.next();
        let mut arms = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.keyword_is("then")?;
            let then = self.list(&["elif", "else", "fi"])?;
            arms.push((condition, then));
            if self.keyword_is("elif").is_some() {
                continue;
            }
            let otherwise = match self.keyword_is("else") {
                Some(()) => self.list(&["fi"])?,
                None => List::new(),
            };
            self.keyword_is("fi")?;
            self.skip_redirects();
            return Some(Node::If(arms, otherwise));
        }
    }
}

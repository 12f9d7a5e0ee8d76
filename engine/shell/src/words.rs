//! Splits shell text into words, operators and redirections.

use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word.
    Word(Word),
    /// `> file`, `>> file`, `< file`, of a descriptor.
    Redirect(Redirect),
    /// `;` or a line's end.
    Then,
    /// `;;`: the next arm of a `case`.
    NextArm,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `|`.
    Pipe,
    /// `&`.
    Behind,
    /// `(`.
    Open,
    /// `)`.
    Close,
}

/// A word: text and what is to be expanded in it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Word {
    pub(super) parts: Vec<Part>,
    /// Part of it stood in quotes: it stays one word, though it may be empty.
    pub(super) quoted: bool,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// As it stands.
    Text(SmolStr),
    /// `$name`, `${name}`, `${name:-default}`.
    Variable(SmolStr, SmolStr),
    /// `$((…))`.
    Sum(SmolStr),
    /// `$(…)`, or backquotes.
    Output(SmolStr),
}

/// Where output goes, or input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// 0, 1 or 2.
    pub(super) descriptor: u8,
    pub(super) kind: RedirectKind,
    pub(super) target: Word,
}

/// How.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RedirectKind {
    Read,
    Write,
    Append,
    /// `2>&1`.
    Copy,
}

impl Word {
    /// A word that stands as it is.
    pub(super) fn plain(text: &str) -> Self {
        let parts = alloc::vec![Part::Text(text.into())];
        Self {
            parts,
            quoted: true,
        }
    }

    /// Its text, where nothing is to be expanded.
    pub(super) fn literal(&self) -> Option<SmolStr> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(more) => text.push_str(more),
                _ => return None,
            }
        }
        Some(text.into())
    }

    /// A word of the language, which no quotes may touch.
    pub(super) fn keyword(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.quoted => Some(text),
            _ => None,
        }
    }

    /// Whether quotes keep its special characters from being any.
    pub(super) fn is_quoted(&self) -> bool {
        self.quoted
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && !self.quoted
    }
}

/// The tokens of `text`. Comments are dropped.
pub(super) fn split(text: &str) -> Vec<Token> {
    let mut splitter = Splitter::default();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        splitter.take(c, &mut rest);
    }
    splitter.end_word();
    splitter.tokens
}

#[derive(Default)]
struct Splitter {
    tokens: Vec<Token>,
    word: Word,
    /// Text at the end of the word.
    text: String,
    /// A redirection waits for its target.
    redirect: Option<(u8, RedirectKind)>,
}

type Rest<'a> = core::iter::Peekable<core::str::Chars<'a>>;

impl Splitter {
    fn take(&mut self, c: char, rest: &mut Rest<'_>) {
        match c {
            '\'' => self.single(rest),
            '"' => self.double(rest),
            '\\' => self.escape(rest),
            '$' => self.expansion(rest),
            '`' => self.backquoted(rest),
            '#' if self.word.is_empty() && self.text.is_empty() => skip_line(rest),
            '>' | '<' => self.redirection(c, rest),
            ' ' | '\t' | '\r' => self.end_word(),
            ';' if rest.next_if_eq(&';').is_some() => self.operator(Token::NextArm),
            ';' | '\n' => self.operator(Token::Then),
            '&' if rest.next_if_eq(&'&').is_some() => self.operator(Token::And),
            '&' => self.operator(Token::Behind),
            '|' if rest.next_if_eq(&'|').is_some() => self.operator(Token::Or),
            '|' => self.operator(Token::Pipe),
            '(' => self.operator(Token::Open),
            ')' => self.operator(Token::Close),
            c => self.text.push(c),
        }
    }

    fn single(&mut self, rest: &mut Rest<'_>) {
        self.word.quoted = true;
        for c in rest.by_ref() {
            if c == '\'' {
                return;
            }
            self.text.push(c);
        }
    }

    fn double(&mut self, rest: &mut Rest<'_>) {
        self.word.quoted = true;
        while let Some(c) = rest.next() {
            match c {
                '"' => return,
                '\\' => match rest.next() {
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.text.push(c),
                    Some('\n') | None => {}
                    Some(c) => {
                        self.text.push('\\');
                        self.text.push(c);
                    }
                },
                '$' => self.expansion(rest),
                '`' => self.backquoted(rest),
                c => self.text.push(c),
            }
        }
    }

    /// A backslash: joins lines, or takes the next character as it is.
    fn escape(&mut self, rest: &mut Rest<'_>) {
        match rest.next() {
            Some('\n') | None => {}
            Some(c) => self.text.push(c),
        }
    }

    fn expansion(&mut self, rest: &mut Rest<'_>) {
        match rest.peek() {
            Some('(') => {
                let inner = bracketed(rest, '(', ')');
                let sum = inner
                    .strip_prefix('(')
                    .and_then(|text| text.strip_suffix(')'));
                self.part(match sum {
                    Some(sum) => Part::Sum(sum.into()),
                    None => Part::Output(inner.into()),
                });
            }
            Some('{') => {
                let inner = bracketed(rest, '{', '}');
                let (name, default) = with_default(&inner);
                self.part(Part::Variable(name.into(), default.into()));
            }
            Some(c) if c.is_ascii_alphabetic() || *c == '_' => {
                let mut name = String::new();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                self.part(Part::Variable(name.into(), SmolStr::default()));
            }
            Some('?' | '$' | '!' | '@' | '*' | '#' | '0'..='9') => {
                let name: String = rest.next().into_iter().collect();
                self.part(Part::Variable(name.into(), SmolStr::default()));
            }
            _ => self.text.push('$'),
        }
    }

    fn backquoted(&mut self, rest: &mut Rest<'_>) {
        let inner: String = rest.by_ref().take_while(|c| *c != '`').collect();
        self.part(Part::Output(inner.into()));
    }

    /// `> file`, `2>&1`, `< file`, `>> file`.
    fn redirection(&mut self, c: char, rest: &mut Rest<'_>) {
        let number = self.text.parse().ok().filter(|_| self.word.is_empty());
        if number.is_some() {
            self.text.clear();
        }
        self.end_word();
        let mut kind = match c {
            '<' => RedirectKind::Read,
            _ => RedirectKind::Write,
        };
        while let Some(more) = rest.next_if(|c| matches!(c, '>' | '<' | '&' | '|')) {
            match more {
                '>' => kind = RedirectKind::Append,
                '&' => kind = RedirectKind::Copy,
                _ => {}
            }
        }
        let usual = u8::from(c == '>');
        self.redirect = Some((number.unwrap_or(usual), kind));
    }

    fn part(&mut self, part: Part) {
        self.flush();
        self.word.parts.push(part);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = core::mem::take(&mut self.text);
            self.word.parts.push(Part::Text(text.into()));
        }
    }

    fn end_word(&mut self) {
        self.flush();
        if self.word.is_empty() {
            return;
        }
        let word = core::mem::take(&mut self.word);
        self.tokens.push(match self.redirect.take() {
            Some((descriptor, kind)) => Token::Redirect(Redirect {
                descriptor,
                kind,
                target: word,
            }),
            None => Token::Word(word),
        });
    }

    fn operator(&mut self, token: Token) {
        self.end_word();
        self.redirect = None;
        self.tokens.push(token);
    }
}

/// `name:-default`, `name-default`: the name and the default; what else follows a name stays with it.
fn with_default(inner: &str) -> (&str, &str) {
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (name, rest) = inner.split_at(end.unwrap_or(inner.len()));
    let default = [":-", ":=", "-", "="]
        .into_iter()
        .find_map(|how| rest.strip_prefix(how));
    default.map_or((inner, ""), |default| (name, default))
}

/// What stands between a bracket, which comes next, and its counterpart.
fn bracketed(rest: &mut Rest<'_>, open: char, close: char) -> String {
    let mut text = String::new();
    let mut depth = 0_u32;
    for c in rest.by_ref() {
        if c == close {
            depth -= 1;
            if depth == 0 {
                break;
            }
        }
        if depth > 0 {
            text.push(c);
        }
        if c == open {
            depth += 1;
        }
    }
    text
}

fn skip_line(rest: &mut Rest<'_>) {
    while rest.next_if(|c| *c != '\n').is_some() {}
}

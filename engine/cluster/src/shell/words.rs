//! Splits shell text into words and operators.

use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, quotes removed.
    Word(SmolStr),
    /// `;` or a line's end.
    Then,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `|`.
    Pipe,
    /// `&`.
    Behind,
    /// `(`, `)`, `{`, `}`: grouping, which this reader does not follow.
    Group,
}

/// The tokens of `text`. Redirections and comments are dropped.
pub(super) fn split(text: &str) -> Vec<Token> {
    let mut splitter = Splitter {
        tokens: Vec::new(),
        word: String::new(),
        quoted: false,
    };
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        splitter.take(c, &mut rest);
    }
    splitter.end_word();
    splitter.tokens
}

struct Splitter {
    tokens: Vec<Token>,
    word: String,
    quoted: bool,
}

type Rest<'a> = core::iter::Peekable<core::str::Chars<'a>>;

impl Splitter {
    fn take(&mut self, c: char, rest: &mut Rest<'_>) {
        match c {
            '\'' => self.quote(c, rest),
            '"' => self.quote(c, rest),
            '\\' => self.escape(rest),
            '$' if rest.peek() == Some(&'(') => self.substitution(rest),
            '#' if self.word.is_empty() && !self.quoted => skip_line(rest),
            '>' | '<' => self.redirection(rest),
            ' ' | '\t' | '\r' => self.end_word(),
            ';' | '\n' => self.operator(Token::Then),
            '&' if rest.next_if_eq(&'&').is_some() => self.operator(Token::And),
            '&' => self.operator(Token::Behind),
            '|' if rest.next_if_eq(&'|').is_some() => self.operator(Token::Or),
            '|' => self.operator(Token::Pipe),
            '(' | ')' => self.operator(Token::Group),
            c => self.word.push(c),
        }
    }

    fn quote(&mut self, quote: char, rest: &mut Rest<'_>) {
        self.quoted = true;
        while let Some(c) = rest.next() {
            if c == quote {
                return;
            }
            if c == '\\' && quote == '"' {
                self.word.extend(rest.next());
            } else {
                self.word.push(c);
            }
        }
    }

    /// A backslash: joins lines, or takes the next character as it is.
    fn escape(&mut self, rest: &mut Rest<'_>) {
        match rest.next() {
            Some('\n') | None => {}
            Some(c) => self.word.push(c),
        }
    }

    /// `$(…)` is kept as one unexpanded word.
    fn substitution(&mut self, rest: &mut Rest<'_>) {
        self.word.push('$');
        let mut depth = 0_u32;
        for c in rest.by_ref() {
            self.word.push(c);
            match c {
                '(' => depth += 1,
                ')' if depth == 1 => return,
                ')' => depth -= 1,
                _ => {}
            }
        }
    }

    /// `> file`, `2>&1`, `< file`: drops the operator, its number and its target.
    fn redirection(&mut self, rest: &mut Rest<'_>) {
        if !self.word.is_empty() && self.word.chars().all(|c| c.is_ascii_digit()) {
            self.word.clear();
        }
        self.end_word();
        while rest
            .next_if(|c| matches!(c, '>' | '<' | '&' | ' '))
            .is_some()
        {}
        while rest
            .next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '&' | '|' | ')'))
            .is_some()
        {}
    }

    fn end_word(&mut self) {
        if self.word.is_empty() && !self.quoted {
            return;
        }
        let word = core::mem::take(&mut self.word);
        let token = match word.as_str() {
            "{" | "}" if !self.quoted => Token::Group,
            _ => Token::Word(word.into()),
        };
        self.quoted = false;
        self.tokens.push(token);
    }

    fn operator(&mut self, token: Token) {
        self.end_word();
        self.tokens.push(token);
    }
}

fn skip_line(rest: &mut Rest<'_>) {
    while rest.next_if(|c| *c != '\n').is_some() {}
}

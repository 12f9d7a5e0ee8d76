//! From text to tokens.

use super::Unread;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Number, Value};

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Literal(Value),
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "!", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]",
    "{", "}", ".", ",", "?", ":",
];

/// All tokens of a text.
pub(crate) fn of(text: &str) -> Result<Vec<Token>, Unread> {
    let mut rest = text;
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
            continue;
        }
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let (token, left) = match first {
            '"' | '\'' => quoted(rest, Escapes::Known)?,
            'r' | 'R' if rest[1..].starts_with(['"', '\'']) => quoted(&rest[1..], Escapes::None)?,
            '0'..='9' => number(rest)?,
            'a'..='z' | 'A'..='Z' | '_' => word(rest),
            _ => sign(rest)?,
        };
        tokens.push(token);
        rest = left;
    }
}

fn sign(text: &str) -> Result<(Token, &str), Unread> {
    let mut known = SIGNS.iter();
    match known.find(|sign| text.starts_with(**sign)) {
        Some(sign) => Ok((Token::Sign(sign), &text[sign.len()..])),
        None => Err(Unread::Unknown(format!(
            "`{}` is not known",
            text.chars().next().unwrap_or(' ')
        ))),
    }
}

fn word(text: &str) -> (Token, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    let token = match word {
        "true" => Token::Literal(true.into()),
        "false" => Token::Literal(false.into()),
        "null" => Token::Literal(Value::Null),
        "in" => Token::Sign("in"),
        _ => Token::Name(word.to_string()),
    };
    (token, rest)
}

fn number(text: &str) -> Result<(Token, &str), Unread> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    let plain = digits.trim_end_matches(['u', 'U']);
    let hexadecimal = plain.strip_prefix("0x");
    let whole = match hexadecimal {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => plain.parse::<i64>().ok(),
    };
    let value = whole.map(Value::from).or_else(|| {
        let number = plain.parse::<f64>().ok()?;
        Some(Value::Number(Number::from_f64(number)?))
    });
    match value {
        Some(value) => Ok((Token::Literal(value), rest)),
        None => Err(Unread::Unknown(format!("`{digits}` is no number"))),
    }
}

/// Whether a backslash means something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Known,
    None,
}

fn quoted(text: &str, escapes: Escapes) -> Result<(Token, &str), Unread> {
    let quote = &text[..1];
    let long = [quote, quote, quote].concat();
    let end = if text.starts_with(&long) {
        long.as_str()
    } else {
        quote
    };
    let mut rest = &text[end.len()..];
    let mut content = String::new();
    while !rest.starts_with(end) {
        let mut chars = rest.chars();
        let Some(next) = chars.next() else {
            return Err(Unread::Broken("a text does not end".into()));
        };
        rest = chars.as_str();
        if next != '\\' || escapes == Escapes::None {
            content.push(next);
            continue;
        }
        let Some(escaped) = chars.next() else {
            return Err(Unread::Broken("a text does not end".into()));
        };
        rest = chars.as_str();
        content.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '\\' | '\'' | '"' | '`' | '?' => escaped,
            other => return Err(Unread::Unknown(format!("`\\{other}` is not known"))),
        });
    }
    Ok((Token::Literal(content.into()), &rest[end.len()..]))
}

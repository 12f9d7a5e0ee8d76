//! Values as YAML, the way kubectl writes it.
//!
//! Keys in order of the alphabet, lists not indented below their key, texts that
//! another reader could take for something else in double quotes, texts of several
//! lines as literal blocks. What is written here reads back as the same value.

use crate::read::means;
use serde_json::Value;
use std::fmt::Write as _;

/// A value as one YAML document, with a line break at its end.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => map(&mut out, fields, 0),
        Value::Array(items) if !items.is_empty() => list(&mut out, items, 0),
        other => {
            scalar(&mut out, other, 0);
            out.push('\n');
        }
    }
    out
}

/// Several values as documents parted by `---`.
#[must_use]
pub fn documents(values: &[Value]) -> String {
    let texts: Vec<String> = values.iter().map(to_string).collect();
    texts.join("---\n")
}

fn map(out: &mut String, fields: &serde_json::Map<String, Value>, indent: usize) {
    for (position, (key, value)) in fields.iter().enumerate() {
        if position > 0 {
            pad(out, indent);
        }
        text(out, key, None);
        out.push(':');
        child(out, value, indent, indent + 2);
    }
}

/// What stands behind a key: nested values on lines of their own, lists without more indentation.
fn child(out: &mut String, value: &Value, list_indent: usize, map_indent: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            pad(out, map_indent);
            map(out, fields, map_indent);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            pad(out, list_indent);
            list(out, items, list_indent);
        }
        other => {
            out.push(' ');
            scalar(out, other, map_indent);
            out.push('\n');
        }
    }
}

fn list(out: &mut String, items: &[Value], indent: usize) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Object(fields) if !fields.is_empty() => map(out, fields, indent + 2),
            Value::Array(inner) if !inner.is_empty() => list(out, inner, indent + 2),
            other => {
                scalar(out, other, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push(' ');
    }
}

fn scalar(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(content) => text(out, content, Some(indent)),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

/// A text in the plainest style that reads back as itself; `block` is the indentation of a literal
/// block, where one may stand.
fn text(out: &mut String, content: &str, block: Option<usize>) {
    if let Some(indent) = block.filter(|_| fits_block(content)) {
        return literal(out, content, indent);
    }
    if !content.chars().all(is_printable) || is_ambiguous(content) {
        double(out, content);
    } else if is_plain(content) {
        out.push_str(content);
    } else {
        let _ = write!(out, "'{}'", content.replace('\'', "''"));
    }
}

/// YAML's `nb-char` without what needs care: byte order marks and line separators.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether a plain scalar of that text would mean something else, here or to an older reader.
fn is_ambiguous(content: &str) -> bool {
    let digits = content.bytes().take_while(u8::is_ascii_digit).count();
    let date = digits == 4 && content.as_bytes().get(4) == Some(&b'-');
    let base60 = digits > 0
        && content.contains(':')
        && content
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'_'));
    date || base60
        || means(content) != Some(Value::String(content.into()))
        || matches!(content, "<<" | "=")
}

fn is_plain(content: &str) -> bool {
    let indicator = |c: char| "-?:,[]{}#&*!|>'\"%@`".contains(c);
    let mut chars = content.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let follows = chars.next().is_some_and(|c| !c.is_whitespace());
    let starts = !indicator(first) || (matches!(first, '-' | '?' | ':') && follows);
    let inside = content.contains(": ") || content.contains(" #") || content.ends_with(':');
    let blanks = content.starts_with(char::is_whitespace) || content.ends_with(char::is_whitespace);
    let marker = content.starts_with("---") || content.starts_with("...");
    starts && !inside && !blanks && !marker && !content.contains('\t')
}

fn fits_block(content: &str) -> bool {
    let printable = content
        .chars()
        .all(|c| c == '\n' || c == '\t' || is_printable(c));
    let start = content.starts_with(|c: char| c.is_whitespace());
    let blank_line_ends = content.lines().any(|line| line.ends_with([' ', '\t']));
    content.contains('\n') && printable && !start && !blank_line_ends
}

fn literal(out: &mut String, content: &str, indent: usize) {
    let kept = content.trim_end_matches('\n');
    out.push_str(match content.len() - kept.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    let body = content.strip_suffix('\n').unwrap_or(content);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
}

fn double(out: &mut String, content: &str) {
    out.push('"');
    for c in content.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_printable(c) => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::to_string;
    use serde_json::json;

    #[test]
    fn yaml_is_written_as_kubectl_writes_it() {
        let value = json!({
            "a": {"list": [{"x": 1, "y": [1, [2, 3], {}]}, "text", []], "none": null},
            "b": ["8080", "yes", "1.5", "", "2025-01-01T00:00:00Z", "a: b", "- x", "it's", " pad", "12:30:45", "-v", "250m"],
            "c": {"script": "set -e\nrun --all\n", "last": "x\ny", "more": "x\n\n", "odd": "a\u{7}b"},
            "n": 5
        });
        insta::assert_snapshot!(to_string(&value));
    }
}

//! Finds the functions of a source and how many lines each takes.
//!
//! A function's length is the number of lines from its `fn` to its closing brace, both counted:
//! what a reader has to hold on one screen. Functions without a body (in traits) have no length.

use crate::lexer::is_ident;
use std::ops::Range;

/// One function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, without its module.
    pub name: String,
    /// Line of `fn`, counted from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
}

/// All functions of a source, in order; `code` must have been blanked.
pub fn functions(code: &str) -> Vec<Function> {
    words(code, "fn")
        .filter_map(|at| function(code, at))
        .collect()
}

fn function(code: &str, at: usize) -> Option<Function> {
    let name = name_after(code, at + 2)?;
    let open = body_start(code, at)?;
    let end = matching_brace(code, open)?;
    let lines = newlines(&code[at..end]) + 1;
    Some(Function {
        name,
        line: line_of(code, at),
        lines,
        span: at..end,
    })
}

fn name_after(code: &str, at: usize) -> Option<String> {
    let rest = code[at..].trim_start();
    let rest = rest.strip_prefix("r#").unwrap_or(rest);
    let end = rest.bytes().position(|byte| !is_ident(byte))?;
    (end > 0).then(|| rest[..end].to_owned())
}

/// Offset of the `{` that opens the item which starts at `at`; none where a `;` ends it first.
pub fn body_start(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    let mut skip_to = at;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            _ if offset < skip_to => {}
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if is_constant_argument(code, offset) => skip_to = matching_brace(code, offset)?,
            b'{' if depth == 0 => return Some(offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// `Matrix<{ N }>`: a brace that opens no body.
fn is_constant_argument(code: &str, brace: usize) -> bool {
    code[..brace].trim_end().ends_with('<')
}

/// Offset just past the brace that closes the one at `open`.
pub fn matching_brace(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(offset + 1);
        }
    }
    None
}

/// Offsets at which `word` stands as a word of its own: no identifier goes on before or after it.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    let ident_at = move |at: usize| bytes.get(at).copied().is_some_and(is_ident);
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let end = at + word.len();
            let runs_on_before = at > 0 && ident_at(at - 1) && ident_at(at);
            let runs_on_after = ident_at(end - 1) && ident_at(end);
            !runs_on_before && !runs_on_after
        })
}

/// Line of an offset, counted from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    newlines(&text[..at]) + 1
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::functions;
    use crate::lexer::blank;

    /// Name, line, lines of each function of a source.
    fn found(source: &str) -> Vec<(String, usize, usize)> {
        let found = functions(&blank(source)).into_iter();
        found.map(|f| (f.name, f.line, f.lines)).collect()
    }

    #[test]
    fn counts_from_fn_to_brace() {
        let source =
            "/// Doc.\n#[inline]\npub const fn a(\n    x: u8,\n) -> u8 {\n    x\n}\nfn b() {}\n";
        assert_eq!(found(source), [("a".into(), 3, 5), ("b".into(), 8, 1)]);
    }

    #[test]
    fn braces_in_text_do_not_count() {
        let source = "fn a() {\n let _ = ('{', \"}}\", r#\"}\"#); // }\n /* } */\n}\n";
        assert_eq!(found(source), [("a".into(), 1, 4)]);
    }

    #[test]
    fn nested_functions_count_for_both() {
        let source = "fn a() {\n fn b() {\n }\n}";
        assert_eq!(found(source), [("a".into(), 1, 4), ("b".into(), 2, 2)]);
    }

    #[test]
    fn what_has_no_body_has_no_length() {
        assert_eq!(found("trait T { fn a(&self, x: [u8; 3]); }"), []);
        assert_eq!(found("type F = fn(u8) -> u8; struct S { f: fn() }"), []);
        assert_eq!(found("macro_rules! m { ($n:ident) => { fn $n() {} } }"), []);
    }

    #[test]
    fn a_constant_argument_opens_no_body() {
        let source = "fn a() -> M<{ 1 + 1 }> where M<{\n 2 }>: T {\n}";
        assert_eq!(found(source), [("a".into(), 1, 3)]);
    }
}

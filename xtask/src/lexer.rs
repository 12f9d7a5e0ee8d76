//! Blanks out what is not code in a Rust source, so that the rules can look for words and braces.
//!
//! It knows comments (nested ones too), strings, raw strings, byte and C strings, characters and
//! lifetimes, and nothing else of the language. It never fails: on a source that does not compile
//! the answer is merely less useful.

/// The same text with the inside of comments, strings and characters replaced by spaces.
///
/// Length in bytes, line breaks and the quotes of strings stay, so offsets and line numbers of the
/// result are those of the source.
pub fn blank(source: &str) -> String {
    let mut lexer = Lexer {
        bytes: source.as_bytes(),
        at: 0,
        out: Vec::with_capacity(source.len()),
    };
    while lexer.at < lexer.bytes.len() {
        lexer.token();
    }
    // Every byte that is kept is copied in order, and whole tokens are blanked, so this holds.
    String::from_utf8_lossy(&lexer.out).into_owned()
}

/// Whether a byte can stand inside an identifier.
pub fn is_ident(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

impl Lexer<'_> {
    fn token(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (b'/', b'/') => self.line_comment(),
            (b'/', b'*') => self.block_comment(),
            (b'"', _) => self.string(),
            (b'\'', _) => self.quote(),
            (byte, _) if is_ident(byte) => self.word(),
            _ => self.keep(1),
        }
    }

    /// The byte `ahead` of here, or 0 past the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn keep(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        self.out.extend_from_slice(&self.bytes[self.at..end]);
        self.at = end;
    }

    fn hide(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        let hidden = self.bytes[self.at..end].iter();
        self.out
            .extend(hidden.map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }));
        self.at = end;
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == b'\n');
        self.hide(end.unwrap_or(rest.len()));
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => (depth, _) = (depth + 1, self.hide(2)),
                (b'*', b'/') => (depth, _) = (depth - 1, self.hide(2)),
                _ => self.hide(1),
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep(1);
        while self.at < self.bytes.len() && self.peek(0) != b'"' {
            let escaped = self.peek(0) == b'\\';
            self.hide(if escaped { 2 } else { 1 });
        }
        self.keep(1);
    }

    /// A character, or the tick of a lifetime.
    fn quote(&mut self) {
        match self.character_length() {
            Some(inside) => {
                self.keep(1);
                self.hide(inside);
                self.keep(1);
            }
            None => self.keep(1),
        }
    }

    /// Bytes between the quotes of the character that starts here; none for a lifetime.
    fn character_length(&self) -> Option<usize> {
        let rest = &self.bytes[self.at + 1..];
        if rest.first() == Some(&b'\\') {
            let close = rest.iter().skip(2).position(|&byte| byte == b'\'')?;
            return Some(close + 2);
        }
        let wide = utf8_length(*rest.first()?);
        (rest.get(wide) == Some(&b'\'')).then_some(wide)
    }

    /// An identifier, which may turn out to open a raw string.
    fn word(&mut self) {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|&&byte| is_ident(byte)).count();
        let raw = matches!(&rest[..length], b"r" | b"br" | b"cr");
        let hashes = rest[length..].iter().take_while(|&&b| b == b'#').count();
        self.keep(length);
        if raw && self.peek(hashes) == b'"' {
            self.raw_string(hashes);
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        self.keep(hashes + 1);
        let mut close = vec![b'#'; hashes + 1];
        close[0] = b'"';
        while self.at < self.bytes.len() && !self.bytes[self.at..].starts_with(&close) {
            self.hide(1);
        }
        self.keep(close.len());
    }
}

fn utf8_length(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::blank;

    /// Source and what must be left of it; `_` stands for a blanked byte.
    fn check(source: &str, left: &str) {
        assert_eq!(blank(source), left.replace('_', " "), "of {source}");
    }

    #[test]
    fn comments_go() {
        check("a // {\nb", "a ____\nb");
        check("a /* { /* } */ { */ b", "a _________________ b");
        check("/* open", "_______");
    }

    #[test]
    fn strings_go_with_their_escapes() {
        check(r#"f("{", "\"{")"#, r#"f("_", "___")"#);
        check("\"a\nb\"", "\"_\n_\"");
        check("\"é\" }", "\"__\" }");
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        check(r###"r#"a"{"# }"###, r###"r#"___"# }"###);
        check(r#"br"\" }"#, r#"br"_" }"#);
        check("r#type {", "r#type {");
    }

    #[test]
    fn characters_go_and_lifetimes_stay() {
        check("'{' 'a' '\\'' '\\u{7b}'", "'_' '_' '__' '______'");
        check("<'a> &'static str", "<'a> &'static str");
        check("b'}' 'é'", "b'_' '__'");
    }
}

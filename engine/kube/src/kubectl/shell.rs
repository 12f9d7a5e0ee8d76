//! Words for a POSIX shell.

/// A word in single quotes where the shell would read it as something else.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_where_they_must_be() {
        let cases = [
            ("web-1", "web-1"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("{\"a\":1}", "'{\"a\":1}'"),
        ];
        for (word, text) in cases {
            assert_eq!(quoted(word), text);
        }
    }
}

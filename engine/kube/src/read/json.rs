//! JSON texts, one or several in a row, to trees.
//!
//! Grammar: RFC 8259. Duplicate keys are refused; depth is bounded.

use super::tree::{Content, Entry, Fault, MAX_DEPTH, Node};
use crate::error::Problem;
use crate::place::Span;
use serde_json::Value;
use std::collections::BTreeSet;

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// The values in `text`.
pub fn parse(text: &str) -> Result<Vec<Node>, Fault> {
    let mut scanner = Scanner {
        text,
        at: 0,
        depth: 0,
    };
    let mut roots = Vec::new();
    scanner.blanks();
    while scanner.peek().is_some() {
        roots.push(scanner.value()?);
        scanner.blanks();
    }
    Ok(roots)
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, what: &str) -> Fault {
        Fault {
            problem: Problem::Json(what.into()),
            span: Span {
                start: self.at,
                end: (self.at + 1).min(self.text.len()),
            },
        }
    }

    /// The next byte that is no blank must be `byte`.
    fn expect(&mut self, byte: u8, what: &str) -> Result<(), Fault> {
        self.blanks();
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault(what))
    }

    fn value(&mut self) -> Result<Node, Fault> {
        self.blanks();
        let start = self.at;
        let content = match self.peek() {
            Some(b'{') => self.nested(Self::map)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Content::Scalar(Value::String(self.string()?)),
            Some(_) => self.word()?,
            None => return Err(self.fault("the text ends where a value was expected")),
        };
        Ok(Node {
            span: Span {
                start,
                end: self.at,
            },
            content,
        })
    }

    fn nested(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<Content, Fault>,
    ) -> Result<Content, Fault> {
        if self.depth >= MAX_DEPTH {
            let fault = self.fault("");
            let problem = Problem::TooDeep { limit: MAX_DEPTH };
            return Err(Fault { problem, ..fault });
        }
        self.depth += 1;
        self.at += 1;
        let content = inside(self);
        self.depth -= 1;
        content
    }

    /// Whether a list or mapping goes on: `,` or its closing bracket comes next.
    fn goes_on(&mut self, first: bool, close: u8) -> Result<bool, Fault> {
        self.blanks();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        if !first {
            self.expect(b',', "expected `,` or the closing bracket")?;
            self.blanks();
            if self.peek() == Some(close) {
                return Err(self.fault("a comma stands before the closing bracket"));
            }
        }
        Ok(true)
    }

    fn list(&mut self) -> Result<Content, Fault> {
        let mut items = Vec::new();
        while self.goes_on(items.is_empty(), b']')? {
            items.push(self.value()?);
        }
        Ok(Content::List(items))
    }

    fn map(&mut self) -> Result<Content, Fault> {
        let mut entries = Vec::new();
        let mut keys = BTreeSet::new();
        while self.goes_on(entries.is_empty(), b'}')? {
            let entry = self.entry()?;
            if !keys.insert(entry.key.clone()) {
                let problem = Problem::DuplicateKey(entry.key);
                return Err(Fault {
                    problem,
                    span: entry.span,
                });
            }
            entries.push(entry);
        }
        Ok(Content::Map(entries))
    }

    fn entry(&mut self) -> Result<Entry, Fault> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.fault("expected a key in double quotes"));
        }
        let key = self.string()?;
        let span = Span {
            start,
            end: self.at,
        };
        self.expect(b':', "expected `:` after the key")?;
        let node = self.value()?;
        Ok(Entry { key, span, node })
    }

    /// A string at its opening quote.
    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let literal = self.text.get(start..=end);
        let decoded = literal.and_then(|literal| serde_json::from_str(literal).ok());
        let Some(text) = decoded else {
            return Err(self.fault("a string is not closed, or holds an unknown escape"));
        };
        self.at = end + 1;
        Ok(text)
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self) -> Result<Content, Fault> {
        let rest = &self.text[self.at..];
        let stops =
            |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | ':' | '"' | '[' | '{');
        let word = &rest[..rest.find(stops).unwrap_or(rest.len())];
        let Ok(value) = serde_json::from_str::<Value>(word) else {
            return Err(self.fault("expected a value"));
        };
        self.at += word.len();
        Ok(Content::Scalar(value))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::error::Problem;
    use serde_json::{Value, json};

    fn values(text: &str) -> Vec<Value> {
        let nodes = parse(text).unwrap();
        nodes.into_iter().map(super::Node::into_value).collect()
    }

    #[test]
    fn json_is_read_as_it_is_written() {
        let text = "{\"a\": [1, -2.5, true, null, \"\\ud83d\\ude00\\n\"], \"b\": {}} [] 7";
        let first = json!({"a": [1, -2.5, true, null, "😀\n"], "b": {}});
        assert_eq!(values(text), [first, json!([]), json!(7)]);
    }

    #[test]
    fn faults_have_a_place() {
        let at = |text: &str| parse(text).unwrap_err().span.start;
        assert_eq!(at("{\"a\": tru}"), 6);
        assert_eq!(at("{\"a\": 1,}"), 8);
        assert_eq!(at("{\"a\" 1}"), 5);
        assert_eq!(at("[1 2]"), 3);
        assert_eq!(at("{\"a\": \"x"), 6);
        let twice = parse("{\"a\":1,\"a\":2}").unwrap_err();
        assert_eq!(twice.problem, Problem::DuplicateKey("a".into()));
        let deep = parse(&"[".repeat(1_000_000)).unwrap_err();
        assert_eq!(deep.problem, Problem::TooDeep { limit: 128 });
    }
}

//! Reading: a text to documents, each of which knows its place.
//!
//! Multi-document YAML, JSON, `v1 List` (nested ones are flattened), dumps of
//! `kubectl get -A -o yaml`, Helm's output. Every problem of the text is reported,
//! one per document; nothing is dropped silently but documents that hold comments
//! alone, and fields that are null (to the API server they are not there).

mod compose;
mod document;
mod json;
pub mod lenient;
mod list;
mod scalar;
mod split;
mod tree;
mod upgrade;

use compose::Composed;
pub use compose::MAX_EXPANSION;
use document::Part;
pub use document::{Document, reference};
pub(crate) use scalar::plain as means;
pub use tree::MAX_DEPTH;

use crate::error::{Problem, ReadError};
use crate::place::{Source, Span};
use std::sync::Arc;
use tree::{Fault, Node};

/// Most bytes of one input.
pub const MAX_BYTES: usize = 256 << 20;

/// Most objects of one input.
pub const MAX_DOCUMENTS: usize = 100_000;

/// Reads all documents of a text.
///
/// # Errors
/// All problems found, in order of their place, if there is one.
pub fn read(name: &str, text: &str) -> Result<Vec<Document>, Vec<ReadError>> {
    let source = Arc::new(Source::new(name, text));
    if let Some(problem) = unreadable(text) {
        let fault = Fault {
            problem,
            span: Span::default(),
        };
        return Err(vec![document::error(&source, 0, fault, None)]);
    }
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for piece in split::split(text) {
        match piece_of(&source, piece) {
            Ok(more) => documents.extend(more),
            Err(more) => errors.extend(more),
        }
        if documents.len() > MAX_DOCUMENTS {
            errors.push(too_many(&source, piece));
            break;
        }
    }
    if errors.is_empty() {
        Ok(documents)
    } else {
        Err(errors)
    }
}

/// Reads all documents of a file's bytes.
///
/// # Errors
/// As [`read`]; also where the bytes are not UTF-8.
pub fn read_bytes(name: &str, bytes: &[u8]) -> Result<Vec<Document>, Vec<ReadError>> {
    match encoding(bytes) {
        Ok(text) => read(name, text),
        Err(problem) => {
            let source = Arc::new(Source::new(name, ""));
            let fault = Fault {
                problem,
                span: Span::default(),
            };
            Err(vec![document::error(&source, 0, fault, None)])
        }
    }
}

fn encoding(bytes: &[u8]) -> Result<&str, Problem> {
    let start = bytes.get(..2).unwrap_or_default();
    if matches!(start, [0xff, 0xfe] | [0xfe, 0xff]) {
        return Err(Problem::Encoding("it starts as UTF-16 does".into()));
    }
    if start == [0x1f, 0x8b] {
        return Err(Problem::Encoding("it starts as a gzip archive does".into()));
    }
    let wrong = |error: std::str::Utf8Error| format!("byte {} is not", error.valid_up_to() + 1);
    std::str::from_utf8(bytes).map_err(|error| Problem::Encoding(wrong(error)))
}

fn unreadable(text: &str) -> Option<Problem> {
    if text.len() > MAX_BYTES {
        return Some(Problem::TooMany {
            what: "bytes",
            limit: MAX_BYTES,
        });
    }
    let zero = text.contains('\0');
    zero.then(|| Problem::Encoding("it holds a zero byte, as binary files do".into()))
}

fn too_many(source: &Arc<Source>, piece: Span) -> ReadError {
    let problem = Problem::TooMany {
        what: "documents",
        limit: MAX_DOCUMENTS,
    };
    let span = Span { start: 0, end: 0 };
    document::error(source, piece.start, Fault { problem, span }, None)
}

/// The trees of one piece.
fn trees(text: &str) -> Result<Composed, Fault> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if !start.starts_with(['{', '[']) {
        return compose::compose(text);
    }
    // A flow mapping of YAML begins like JSON, but for the quote behind the bracket.
    let plain = |roots: Vec<Node>| Composed {
        roots,
        ..Composed::default()
    };
    let read = json::parse(blanked(text).as_ref());
    read.map(plain).or_else(|fault| {
        let inside = start[1..].trim_start();
        if inside.starts_with(['"', '{', '[', '}', ']']) {
            Err(fault)
        } else {
            compose::compose(text)
        }
    })
}

/// The text with a byte order mark blanked out, so that bytes keep their place.
fn blanked(text: &str) -> std::borrow::Cow<'_, str> {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => format!("   {rest}").into(),
        None => text.into(),
    }
}

fn piece_of(source: &Arc<Source>, piece: Span) -> Result<Vec<Document>, Vec<ReadError>> {
    let text = &source.text()[piece.start..piece.end];
    let composed = trees(text).map_err(|fault| {
        let help = document::help_for_text(text, &fault.problem);
        vec![document::error(source, piece.start, fault, help)]
    })?;
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for (index, node) in composed.roots.into_iter().enumerate() {
        let part = Part::whole(source, piece, index);
        list::flatten(node, &part, &mut documents, &mut errors);
    }
    let own = documents.iter().any(|one| document::is_own(&one.value));
    let repeated = composed.repeated.into_iter().map(|(key, span)| {
        let fault = match own {
            true => compose::duplicate(key, span),
            false => Fault {
                problem: Problem::RepeatedKey(key),
                span,
            },
        };
        document::error(source, piece.start, fault, None)
    });
    match documents.first_mut() {
        Some(first) if !own => first.warnings.extend(repeated),
        _ => errors.extend(repeated),
    }
    if errors.is_empty() {
        Ok(documents)
    } else {
        Err(errors)
    }
}

//! `v1 List` and the lists of single kinds, to the objects in them.

use super::document::{self, Document, Part};
use super::tree::{Content, Entry, Fault, Node};
use crate::error::{Problem, ReadError};
use crate::place::Span;
use aegis_model::path::Segment;
use serde_json::Value;

/// Appends the objects of a tree: itself, or the items of a list, however deep.
pub fn flatten(
    node: Node,
    part: &Part,
    documents: &mut Vec<Document>,
    errors: &mut Vec<ReadError>,
) {
    let kind = text_of(&node, "kind");
    let version = text_of(&node, "apiVersion");
    let items = match (kind.as_deref().and_then(item_kind), node.entry("items")) {
        (Some(item), Some(_)) => item.to_owned(),
        _ => {
            match document::admit(node, part) {
                Ok(document) => documents.push(document),
                Err(error) => errors.push(*error),
            }
            return;
        }
    };
    let part = part.below(Segment::Key("items".into()));
    for (index, mut item) in items_of(node).into_iter().enumerate() {
        complete(&mut item, &items, version.as_deref());
        flatten(item, &part.below(Segment::Index(index)), documents, errors);
    }
}

/// The kind of a list's items: empty for `List`, whose items name their own.
fn item_kind(kind: &str) -> Option<&str> {
    kind.strip_suffix("List")
}

fn text_of(node: &Node, key: &str) -> Option<String> {
    match &node.entry(key)?.node.content {
        Content::Scalar(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn items_of(node: Node) -> Vec<Node> {
    let Content::Map(entries) = node.content else {
        return Vec::new();
    };
    let items = entries.into_iter().find(|entry| entry.key == "items");
    match items.map(|entry| entry.node.content) {
        Some(Content::List(items)) => items,
        _ => Vec::new(),
    }
}

/// Items of `PodList` and the like leave kind and version out: they are the list's.
fn complete(item: &mut Node, kind: &str, version: Option<&str>) {
    let span = item.span;
    let missing = |key: &str| item.entry(key).is_none();
    let (no_kind, no_version) = (missing("kind"), missing("apiVersion"));
    if kind.is_empty() {
        return;
    }
    let Content::Map(entries) = &mut item.content else {
        return;
    };
    if no_kind {
        entries.push(entry("kind", kind, span));
    }
    if let Some(version) = version.filter(|_| no_version) {
        entries.push(entry("apiVersion", version, span));
    }
}

fn entry(key: &str, value: &str, span: Span) -> Entry {
    let span = Span {
        start: span.start,
        end: span.start,
    };
    Entry {
        key: key.into(),
        span,
        node: Node {
            span,
            content: Content::Scalar(value.into()),
        },
    }
}

/// What is wrong with something that is not an object.
pub fn not_an_object(node: &Node) -> Option<Fault> {
    let fault = |what: &str, span| Fault {
        problem: Problem::NotAnObject(what.into()),
        span,
    };
    let Content::Map(entries) = &node.content else {
        return Some(fault("it is no mapping", node.span));
    };
    for key in ["apiVersion", "kind"] {
        let Some(entry) = entries.iter().find(|entry| entry.key == key) else {
            return Some(fault(&format!("it has no `{key}`"), first_line(node)));
        };
        if !matches!(&entry.node.content, Content::Scalar(Value::String(_))) {
            let what = format!("its `{key}` is not a text");
            return Some(fault(&what, entry.node.span));
        }
    }
    None
}

/// The first key, or the beginning.
pub fn first_line(node: &Node) -> Span {
    match &node.content {
        Content::Map(entries) if !entries.is_empty() => entries[0].span,
        _ => node.span,
    }
}

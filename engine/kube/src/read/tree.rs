//! A document as a tree that knows where each of its parts stands.

use crate::error::Problem;
use crate::place::Span;
use aegis_model::path::{FieldPath, Segment};
use serde_json::{Map, Value};

/// Most levels of nesting.
pub const MAX_DEPTH: usize = 128;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    pub span: Span,
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub span: Span,
    pub node: Node,
}

/// A problem in a piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub problem: Problem,
    pub span: Span,
}

/// Where a field stands: its key, if it has one, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    pub key: Option<Span>,
    pub value: Span,
}

impl Node {
    /// The value alone.
    pub fn into_value(self) -> Value {
        match self.content {
            Content::Scalar(value) => value,
            Content::List(items) => items.into_iter().map(Self::into_value).collect(),
            Content::Map(entries) => {
                let fields = entries.into_iter().map(|e| (e.key, e.node.into_value()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The entry of a key; nothing where this is no mapping.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    fn has(&self, key: &str, wanted: &str) -> bool {
        match self.entry(key).map(|entry| &entry.node.content) {
            Some(Content::Scalar(Value::String(text))) => text == wanted,
            Some(Content::Scalar(other)) => format!("{other}") == wanted,
            _ => false,
        }
    }

    fn child(&self, segment: &Segment) -> Option<(Option<Span>, &Self)> {
        match segment {
            Segment::Key(key) => self.entry(key).map(|e| (Some(e.span), &e.node)),
            Segment::Index(index) => self.items().get(*index).map(|node| (None, node)),
            Segment::Item { key, value } => {
                let item = self.items().iter().find(|item| item.has(key, value));
                item.map(|node| (None, node))
            }
        }
    }

    /// Where a field stands, or the nearest that is around it.
    pub fn locate(&self, path: &FieldPath) -> Spot {
        let (mut at, mut key) = (self, None);
        for segment in &path.0 {
            let Some((span, node)) = at.child(segment) else {
                break;
            };
            (at, key) = (node, span);
        }
        Spot {
            key,
            value: at.span,
        }
    }
}

//! YAML events to a tree.
//!
//! Bounded: depth by [`MAX_DEPTH`], aliases by [`MAX_EXPANSION`]. A key that stands twice is
//! refused at the top, where a `---` is missing; further down the last value counts, as it
//! does to kubectl, and is noted. Merge keys (`<<`) are expanded as YAML 1.1 does.

use super::scalar;
use super::tree::{Content, Entry, Fault, MAX_DEPTH, Node};
use crate::error::Problem;
use crate::place::Span;
use serde_json::Value;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span as EventSpan, Tag};
use std::collections::{BTreeMap, BTreeSet};

/// Most values that the aliases of one document may stand for.
pub const MAX_EXPANSION: usize = 100_000;

/// A node with how much it holds and how deep it is.
#[derive(Clone)]
struct Sized {
    node: Node,
    weight: usize,
    height: usize,
}

enum Shape {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        keys: BTreeMap<String, usize>,
        merged: Vec<Node>,
        key: Option<Key>,
    },
}

struct Key {
    text: String,
    span: Span,
    merge: bool,
}

/// A collection that is not closed yet.
struct Frame {
    shape: Shape,
    start: Span,
    anchor: usize,
    weight: usize,
    height: usize,
}

struct Composer<'a> {
    text: &'a str,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Sized>,
    expanded: usize,
    roots: Vec<Node>,
    repeated: Vec<(String, Span)>,
}

/// What a text holds.
#[derive(Debug, Default)]
pub struct Composed {
    /// The documents; empty ones are left out.
    pub roots: Vec<Node>,
    /// Keys that stand twice in a mapping, where they do so again.
    pub repeated: Vec<(String, Span)>,
}

/// The documents in `text`.
pub fn compose(text: &str) -> Result<Composed, Fault> {
    let mut composer = Composer {
        text,
        frames: Vec::new(),
        anchors: BTreeMap::new(),
        expanded: 0,
        roots: Vec::new(),
        repeated: Vec::new(),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = byte_of(text, error.marker().byte_offset(), error.marker().index());
            Fault {
                problem: Problem::Yaml(error.info()),
                span: Span { start: at, end: at },
            }
        })?;
        let span = composer.span(&span);
        composer.event(event, span)?;
    }
    composer.roots.retain(|node| !is_empty(node));
    Ok(Composed {
        roots: composer.roots,
        repeated: composer.repeated,
    })
}

fn is_empty(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(Value::Null))
}

/// The byte offset, or the offset of the character where bytes are not tracked.
fn byte_of(text: &str, byte: Option<usize>, index: usize) -> usize {
    byte.unwrap_or_else(|| {
        let found = text.char_indices().nth(index);
        found.map_or(text.len(), |(at, _)| at)
    })
}

impl Composer<'_> {
    fn span(&self, span: &EventSpan) -> Span {
        Span {
            start: byte_of(self.text, span.start.byte_offset(), span.start.index()),
            end: byte_of(self.text, span.end.byte_offset(), span.end.index()),
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar_value(&text, style, tag.as_deref()).map_err(at(span))?;
                let merge = style == ScalarStyle::Plain && text == "<<";
                self.scalar(value, merge, anchor, span)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Shape::List(Vec::new()), anchor, span),
            Event::MappingStart(_, anchor, _) => self.open(
                Shape::Map {
                    entries: Vec::new(),
                    keys: BTreeMap::new(),
                    merged: Vec::new(),
                    key: None,
                },
                anchor,
                span,
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            _ => Ok(()),
        }
    }

    fn open(&mut self, shape: Shape, anchor: usize, start: Span) -> Result<(), Fault> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(start));
        }
        self.frames.push(Frame {
            shape,
            start,
            anchor,
            weight: 1,
            height: 1,
        });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let span = Span {
            start: frame.start.start,
            end: end.end.max(frame.start.end),
        };
        let content = match frame.shape {
            Shape::List(items) => Content::List(items),
            Shape::Map {
                entries, merged, ..
            } => Content::Map(with_merged(entries, merged)),
        };
        let sized = Sized {
            node: Node { span, content },
            weight: frame.weight,
            height: frame.height,
        };
        self.anchor(frame.anchor, &sized);
        self.add(sized)
    }

    fn scalar(&mut self, value: Value, merge: bool, id: usize, span: Span) -> Result<(), Fault> {
        let sized = Sized {
            node: Node {
                span,
                content: Content::Scalar(value),
            },
            weight: 1,
            height: 0,
        };
        self.anchor(id, &sized);
        match self.frames.last_mut().map(|frame| &mut frame.shape) {
            Some(Shape::Map { key, .. }) if key.is_none() => {
                *key = Some(Key {
                    text: key_text(self.text, &sized.node),
                    span,
                    merge,
                });
                Ok(())
            }
            _ => self.add(sized),
        }
    }

    fn anchor(&mut self, id: usize, sized: &Sized) {
        if id != 0 {
            self.anchors.insert(id, sized.clone());
        }
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Fault> {
        let Some(target) = self.anchors.get(&id) else {
            let problem = Problem::Yaml("an alias stands inside of what it stands for".into());
            return Err(Fault { problem, span });
        };
        if self.frames.len() + target.height > MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.expanded += target.weight;
        if self.expanded > MAX_EXPANSION {
            let problem = Problem::TooMany {
                what: "values by expansion of aliases",
                limit: MAX_EXPANSION,
            };
            return Err(Fault { problem, span });
        }
        let mut copy = target.clone();
        copy.node.span = span;
        self.add(copy)
    }

    /// Puts a complete node where it belongs.
    fn add(&mut self, sized: Sized) -> Result<(), Fault> {
        let outermost = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else {
            self.roots.push(sized.node);
            return Ok(());
        };
        frame.weight += sized.weight;
        frame.height = frame.height.max(sized.height + 1);
        match &mut frame.shape {
            Shape::List(items) => items.push(sized.node),
            Shape::Map {
                entries,
                keys,
                merged,
                key,
            } => match key.take() {
                None => *key = Some(key_of(self.text, &sized.node)?),
                Some(key) if key.merge => merged.push(sized.node),
                Some(Key { text, span, .. }) => {
                    let entry = Entry {
                        key: text.clone(),
                        span,
                        node: sized.node,
                    };
                    match keys.insert(text.clone(), entries.len()) {
                        None => entries.push(entry),
                        Some(_) if outermost => return Err(duplicate(text, span)),
                        Some(place) => {
                            keys.insert(text.clone(), place);
                            self.repeated.push((text, span));
                            entries[place] = entry;
                        }
                    }
                }
            },
        }
        Ok(())
    }
}

/// A key that stands twice where it may not.
pub fn duplicate(key: String, span: Span) -> Fault {
    let problem = Problem::DuplicateKey(key);
    Fault { problem, span }
}

/// A key that came through an alias: scalars only.
fn key_of(text: &str, node: &Node) -> Result<Key, Fault> {
    if matches!(node.content, Content::Scalar(_)) {
        return Ok(Key {
            text: key_text(text, node),
            span: node.span,
            merge: false,
        });
    }
    Err(Fault {
        problem: Problem::Yaml("a key must be a text, not a mapping or a list".into()),
        span: node.span,
    })
}

/// A key as JSON has it: `on:` is the key `true`, as it is to kubectl.
fn key_text(_text: &str, node: &Node) -> String {
    match &node.content {
        Content::Scalar(Value::String(text)) => text.clone(),
        Content::Scalar(other) => other.to_string(),
        _ => String::new(),
    }
}

/// What `<<` brings in stands behind what the mapping says itself; the first of several wins.
fn with_merged(mut entries: Vec<Entry>, merged: Vec<Node>) -> Vec<Entry> {
    let mut sources = Vec::new();
    for node in merged {
        match node.content {
            Content::Map(more) => sources.push(more),
            Content::List(items) => sources.extend(items.into_iter().filter_map(map_of)),
            Content::Scalar(_) => {}
        }
    }
    let mut known: BTreeSet<String> = match sources.is_empty() {
        true => return entries,
        false => entries.iter().map(|entry| entry.key.clone()).collect(),
    };
    for entry in sources.into_iter().flatten() {
        if known.insert(entry.key.clone()) {
            entries.push(entry);
        }
    }
    entries
}

fn map_of(node: Node) -> Option<Vec<Entry>> {
    match node.content {
        Content::Map(entries) => Some(entries),
        _ => None,
    }
}

fn too_deep(span: Span) -> Fault {
    Fault {
        problem: Problem::TooDeep { limit: MAX_DEPTH },
        span,
    }
}

fn at(span: Span) -> impl FnOnce(Problem) -> Fault {
    move |problem| Fault { problem, span }
}

/// The value of a scalar by style and tag.
fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Problem> {
    let core = tag.and_then(Tag::core_suffix);
    let plain = style == ScalarStyle::Plain && tag.is_none();
    match core {
        Some("str" | "binary") => Ok(Value::String(text.into())),
        Some("null") => Ok(Value::Null),
        Some("int" | "float" | "bool") => resolved(text),
        _ if plain => resolved(text),
        _ => Ok(Value::String(text.into())),
    }
}

fn resolved(text: &str) -> Result<Value, Problem> {
    let refused = || Problem::Yaml(format!("`{text}` is no number that JSON can hold"));
    scalar::plain(text).ok_or_else(refused)
}

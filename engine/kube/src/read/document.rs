//! One object of an input and where it stands.

use super::list;
use super::tree::{Content, Fault, Node, Spot};
use super::upgrade;
use crate::error::{Problem, ReadError};
use crate::place::{Place, Source, Span};
use crate::typed::described;
use aegis_model::ids::Doc;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::path::{FieldPath, Segment};
use serde_json::Value;
use std::sync::Arc;

/// Which part of an input an object is.
#[derive(Debug, Clone)]
pub struct Part {
    source: Arc<Source>,
    piece: Span,
    index: usize,
    within: FieldPath,
}

impl Part {
    /// The tree number `index` of a piece.
    pub(super) fn whole(source: &Arc<Source>, piece: Span, index: usize) -> Self {
        Self {
            source: Arc::clone(source),
            piece,
            index,
            within: FieldPath::default(),
        }
    }

    pub(super) fn below(&self, segment: Segment) -> Self {
        let mut below = self.clone();
        below.within.0.push(segment);
        below
    }
}

/// One object: its value, and where it stands.
#[derive(Debug, Clone)]
pub struct Document {
    /// The object; null fields are left out, but in kinds of our own.
    pub value: Doc,
    /// Where it begins.
    pub place: Place,
    /// The API version that was written, where the object is kept in a newer one.
    pub written_as: Option<String>,
    /// What the text says twice.
    pub(crate) warnings: Vec<ReadError>,
    part: Part,
}

impl Document {
    /// What was said while it was read.
    #[must_use]
    pub fn warnings(&self) -> &[ReadError] {
        &self.warnings
    }

    /// `kind:`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    /// `apiVersion:`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.value["apiVersion"].as_str().unwrap_or_default()
    }

    /// The object that this document describes; without a namespace it is in `default`.
    #[must_use]
    pub fn reference(&self) -> ObjectRef {
        reference(&self.value)
    }

    /// The text that it is part of.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.part.source
    }

    /// Where a field stands: its key where there is one, and its value. For a field that
    /// is not there, the nearest around it. Reads the text again, so it is for errors.
    #[must_use]
    pub fn spans_of(&self, path: &FieldPath) -> (Option<Span>, Span) {
        let piece = self.part.piece;
        let text = &self.part.source.text()[piece.start..piece.end];
        let trees = super::trees(text).unwrap_or_default().roots;
        let Some(tree) = trees.get(self.part.index) else {
            return (None, piece);
        };
        let mut whole = self.part.within.clone();
        whole.0.extend(path.0.iter().cloned());
        let Spot { key, value } = tree.locate(&whole);
        let shift = |span: Span| span.shifted(piece.start);
        (key.map(shift), shift(value))
    }

    /// Line and column of a field's value.
    #[must_use]
    pub fn place_of(&self, path: &FieldPath) -> Place {
        self.part.source.place(self.spans_of(path).1.start)
    }

    /// A problem at the place of the field that it is about.
    #[must_use]
    pub fn error(&self, problem: Problem, help: Option<String>) -> ReadError {
        let path = problem.path().cloned().unwrap_or_default();
        let (key, value) = self.spans_of(&path);
        let at_key = matches!(problem, Problem::UnknownField { .. });
        let span = if at_key { key.unwrap_or(value) } else { value };
        let span = first_line(self.part.source.text(), span);
        ReadError {
            problem,
            place: self.part.source.place(span.start),
            span,
            help,
        }
    }
}

/// Kind, namespace and name of an object.
#[must_use]
pub fn reference(value: &Value) -> ObjectRef {
    let kind = Kind::from(value["kind"].as_str().unwrap_or_default());
    let meta = &value["metadata"];
    let namespace = meta["namespace"].as_str().filter(|name| !name.is_empty());
    let name = meta["name"].as_str().or(meta["generateName"].as_str());
    ObjectRef::new(
        kind,
        namespace.unwrap_or("default"),
        name.unwrap_or_default(),
    )
}

/// A span cut at the end of its first line: what a terminal underlines.
fn first_line(text: &str, span: Span) -> Span {
    let inside = text.get(span.start..span.end).unwrap_or_default();
    let end = inside.find('\n').map_or(span.end, |at| span.start + at);
    Span {
        start: span.start,
        end,
    }
}

/// A tree as a document, if it is an object.
pub(super) fn admit(node: Node, part: &Part) -> Result<Document, Box<ReadError>> {
    let piece = part.piece;
    if let Some(fault) = list::not_an_object(&node) {
        let help = help_for_tree(&node);
        return Err(error(&part.source, piece.start, fault, help).into());
    }
    let start = list::first_line(&node).shifted(piece.start);
    let mut value = node.into_value();
    let mut written_as = None;
    if !is_own(&value) {
        drop_nulls(&mut value);
        written_as = upgrade::upgrade(&mut value);
    }
    let document = Document {
        value: Arc::new(value),
        place: part.source.place(start.start),
        written_as,
        warnings: Vec::new(),
        part: part.clone(),
    };
    match nameless(&document) {
        Some(problem) => Err(document.error(problem, None).into()),
        None => Ok(document),
    }
}

/// Whether an object is of a kind of our own.
pub(super) fn is_own(value: &Value) -> bool {
    let version = value["apiVersion"].as_str().unwrap_or_default();
    version.starts_with("aegis.dev/")
}

fn nameless(document: &Document) -> Option<Problem> {
    let configuration = ["Kustomization", "Component"].contains(&document.kind());
    if configuration {
        let what = "Kustomize's configuration; give what `kubectl kustomize` prints";
        return Some(Problem::NotAnObject(what.into()));
    }
    let path = FieldPath::default().key("metadata").key("name");
    match path.get(&document.value) {
        Some(name) if !name.is_string() => Some(Problem::WrongType {
            found: described(name),
            path,
            expected: "a text".into(),
        }),
        _ if document.reference().name.is_empty() => Some(Problem::Required {
            path,
            detail: "name or generateName is required".into(),
        }),
        _ => None,
    }
}

/// A field that is null is a field that is not there.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// A fault of a piece that begins at byte `shift`.
pub(super) fn error(
    source: &Source,
    shift: usize,
    fault: Fault,
    help: Option<String>,
) -> ReadError {
    let span = first_line(source.text(), fault.span.shifted(shift));
    ReadError {
        problem: fault.problem,
        place: source.place(span.start),
        span,
        help,
    }
}

/// Help for a piece that could not be parsed.
pub(super) fn help_for_text(text: &str, problem: &Problem) -> Option<String> {
    if !matches!(problem, Problem::Yaml(_) | Problem::Json(_)) {
        return None;
    }
    if text.contains("{{") {
        return Some(
            "this looks like a template; render it with `helm template NAME CHART`".into(),
        );
    }
    if is_notes(text) {
        return Some(NOTES.into());
    }
    let tab = text
        .lines()
        .any(|line| line.trim_start_matches(' ').starts_with('\t'));
    tab.then(|| "a line is indented with a tab; YAML wants spaces".into())
}

const NOTES: &str =
    "this looks like what `helm install` prints; give the output of `helm template NAME CHART`";

fn is_notes(text: &str) -> bool {
    let starts = |word: &str| text.lines().any(|line| line.starts_with(word));
    starts("NOTES:") || (starts("LAST DEPLOYED:") && starts("REVISION:"))
}

/// Help for a tree that is not an object.
fn help_for_tree(node: &Node) -> Option<String> {
    let has = |key: &str| node.entry(key).is_some();
    if has("NOTES") || (has("NAME") && has("LAST DEPLOYED")) {
        return Some(NOTES.into());
    }
    if has("apiVersion") && has("version") && !has("kind") {
        return Some(
            "this looks like Chart.yaml; give what `helm template NAME CHART` prints".into(),
        );
    }
    let values = matches!(&node.content, Content::Map(_)) && !has("apiVersion");
    values.then(|| {
        "every document needs `apiVersion`, `kind` and `metadata.name`; values files are not manifests".into()
    })
}

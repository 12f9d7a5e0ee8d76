//! Paths of fields in a document, by list key.
//!
//! Written `spec.template.spec.containers[name=server].image`; a key with a dot
//! or bracket is quoted: `metadata.labels["app.kubernetes.io/name"]`, or its dots
//! stand behind backslashes, as kubectl's JSONPath has them; a list without keys
//! is indexed: `spec.taints[0]`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use smol_str::SmolStr;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A field of an object.
    Key(SmolStr),
    /// The item of a list whose field has a value.
    Item {
        /// The field, as `name`.
        key: SmolStr,
        /// Its value, as text.
        value: SmolStr,
    },
    /// The item of a list by position.
    Index(usize),
}

/// Where a field stands in a document.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(pub Vec<Segment>);

/// Why a text is not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathError;

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path is written spec.template.spec.containers[name=server].image")
    }
}

impl core::error::Error for PathError {}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && !key.contains(['.', '[', ']', '"', '\\'])
}

/// A key in quotes; quotes and backslashes in it stand behind a backslash.
fn write_quoted(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    f.write_str("[\"")?;
    for c in key.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"]")
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if is_plain(key) && position == 0 => f.write_str(key)?,
                Segment::Key(key) if is_plain(key) => write!(f, ".{key}")?,
                Segment::Key(key) => write_quoted(f, key)?,
                Segment::Item { key, value } => write!(f, "[{key}={value}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What stands between brackets.
fn bracket(inner: &str) -> Result<Segment, PathError> {
    if let Some(key) = inner
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return Ok(Segment::Key(unescaped(key)));
    }
    if let Some((key, value)) = inner.split_once('=') {
        return Ok(Segment::Item {
            key: key.into(),
            value: value.into(),
        });
    }
    inner.parse().map(Segment::Index).map_err(|_| PathError)
}

/// A key without its backslashes.
fn unescaped(key: &str) -> SmolStr {
    let mut escaped = false;
    let kept = key.chars().filter(|c| {
        escaped = !escaped && *c == '\\';
        !escaped
    });
    kept.collect::<String>().into()
}

/// The first of these characters that stands behind no backslash.
fn first_bare(text: &str, ends: &[char]) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let closes = !escaped && ends.contains(c);
        escaped = !escaped && *c == '\\';
        closes
    });
    end.map(|(at, _)| at)
}

/// The length of a bracket's inside; quotes hide brackets.
fn inside(rest: &str) -> Option<usize> {
    let Some(quoted) = rest.strip_prefix('"') else {
        return rest.find(']');
    };
    let end = first_bare(quoted, &['"'])? + 2;
    rest[end..].starts_with(']').then_some(end)
}

/// The first segment of a text and what follows it.
fn first_segment(text: &str) -> Result<(Segment, &str), PathError> {
    if let Some(open) = text.strip_prefix('[') {
        let end = inside(open).ok_or(PathError)?;
        return Ok((bracket(&open[..end])?, &open[end + 1..]));
    }
    let text = text.strip_prefix('.').unwrap_or(text);
    let end = first_bare(text, &['.', '[']).unwrap_or(text.len());
    if end == 0 {
        Err(PathError)
    } else {
        Ok((Segment::Key(unescaped(&text[..end])), &text[end..]))
    }
}

impl core::str::FromStr for FieldPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (segment, after) = first_segment(rest)?;
            segments.push(segment);
            rest = after;
        }
        Ok(Self(segments))
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

fn has(item: &Value, key: &str, value: &str) -> bool {
    match &item[key] {
        Value::String(text) => text == value,
        Value::Null => false,
        other => alloc::format!("{other}") == value,
    }
}

impl Segment {
    fn get<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Key(key) => value.get(key.as_str()),
            Self::Index(index) => value.get(index),
            Self::Item { key, value: wanted } => {
                value.as_array()?.iter().find(|item| has(item, key, wanted))
            }
        }
    }

    /// The place of this segment, made where it is missing.
    fn entry<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        match self {
            Self::Key(key) => field_of(value, key),
            Self::Index(index) => place_of(list_of(value)?, *index),
            Self::Item { key, value: wanted } => item_of(list_of(value)?, key, wanted),
        }
    }

    fn remove(&self, value: &mut Value) {
        match self {
            Self::Key(key) => drop(
                value
                    .as_object_mut()
                    .and_then(|fields| fields.remove(key.as_str())),
            ),
            Self::Index(index) => {
                if let Some(list) = value.as_array_mut().filter(|list| *index < list.len()) {
                    list.remove(*index);
                }
            }
            Self::Item { key, value: wanted } => {
                if let Some(list) = value.as_array_mut() {
                    list.retain(|item| !has(item, key, wanted));
                }
            }
        }
    }
}

fn field_of<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    if value.is_null() {
        *value = Value::Object(serde_json::Map::new());
    }
    Some(value.as_object_mut()?.entry(key).or_insert(Value::Null))
}

fn place_of(list: &mut Vec<Value>, index: usize) -> Option<&mut Value> {
    if index == list.len() {
        list.push(Value::Null);
    }
    list.get_mut(index)
}

fn list_of(value: &mut Value) -> Option<&mut Vec<Value>> {
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut()
}

fn item_of<'a>(list: &'a mut Vec<Value>, key: &str, wanted: &str) -> Option<&'a mut Value> {
    let position = list.iter().position(|item| has(item, key, wanted));
    let position = position.unwrap_or_else(|| {
        let mut fields = serde_json::Map::new();
        fields.insert(key.into(), wanted.into());
        list.push(Value::Object(fields));
        list.len() - 1
    });
    list.get_mut(position)
}

impl FieldPath {
    /// This path with a field appended.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(Segment::Key(key.into()));
        Self(segments)
    }

    /// This path with the list item whose `key` is `value` appended.
    #[must_use]
    pub fn item(&self, key: &str, value: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(Segment::Item {
            key: key.into(),
            value: value.into(),
        });
        Self(segments)
    }

    /// The value at this path, if there is one.
    #[must_use]
    pub fn get<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.0
            .iter()
            .try_fold(document, |value, segment| segment.get(value))
    }

    /// Sets the value at this path, making what is missing on the way; `None` removes it.
    /// Nothing happens where the path leads through a value of another shape.
    pub fn set(&self, document: &mut Value, value: Option<Value>) {
        let Some((last, way)) = self.0.split_last() else {
            return;
        };
        match value {
            None => self.remove(document),
            Some(new) => {
                let parent = way
                    .iter()
                    .try_fold(document, |at, segment| segment.entry(at));
                if let Some(place) = parent.and_then(|at| last.entry(at)) {
                    *place = new;
                }
            }
        }
    }

    fn remove(&self, document: &mut Value) {
        let Some((last, way)) = self.0.split_last() else {
            return;
        };
        if FieldPath(way.to_vec()).get(document).is_none() {
            return;
        }
        if let Some(parent) = way
            .iter()
            .try_fold(document, |at, segment| segment.entry(at))
        {
            last.remove(parent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldPath, Segment};
    use alloc::string::ToString;
    use alloc::vec;

    #[test]
    fn any_key_survives_being_written() {
        for key in [
            "a", "a.b", "", "\"]", "a\"b", "\\", "\\\"", "]", "[", "a\\]b", "é.ü",
        ] {
            let path = FieldPath(vec![Segment::Key(key.into()), Segment::Index(3)]);
            assert_eq!(path.to_string().parse(), Ok(path));
        }
    }

    #[test]
    fn dots_behind_backslashes_belong_to_the_key() {
        let path: FieldPath = "metadata.annotations.deployment\\.kubernetes\\.io/revision"
            .parse()
            .expect("a path");
        let keys = [
            "metadata",
            "annotations",
            "deployment.kubernetes.io/revision",
        ];
        assert_eq!(
            path,
            FieldPath(keys.map(|key| Segment::Key(key.into())).to_vec())
        );
    }

    #[test]
    fn what_is_not_closed_is_no_path() {
        for text in ["[", "[\"a]", "[\"a\"", "[\"a\"b]", "[x]", "a..b", "."] {
            assert!(text.parse::<FieldPath>().is_err(), "{text}");
        }
    }
}

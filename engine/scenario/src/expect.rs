//! Holds the objects of a cluster against what a scenario expects of them.
//!
//! Works on the printed `v1 List`, as a person would with `kubectl get -o yaml`; connections
//! are asked as `aegis reach` asks them.

use crate::format::Expectation;
use crate::names;
use crate::reach::{Question, answer};
use aegis_model::{FieldPath, Objects};
use serde_json::Value;
use std::fmt;

/// An expectation that does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// What was expected.
    pub expected: Expectation,
    /// What is there; `None` where the field or the object is not.
    pub found: Option<Value>,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expectation {
            at, object, path, ..
        } = &self.expected;
        match &self.expected.reach {
            Some(asked) => write!(f, "at {at}: {} to {}", asked.from, asked.to)?,
            None => write!(f, "at {at}: {object} {path}")?,
        }
        write!(f, ": expected {}", wanted(&self.expected))?;
        match &self.found {
            Some(value) => write!(f, ", found {value}"),
            None => f.write_str(", found nothing"),
        }
    }
}

fn wanted(expected: &Expectation) -> String {
    match test_of(expected) {
        Test::Equals(value) => value.to_string(),
        Test::Matches(pattern) => format!("something like `{pattern}`"),
        Test::AtLeast(least) => format!("at least {least}"),
        Test::AtMost(most) => format!("at most {most}"),
        Test::Count(count) => format!("{count} such objects"),
        Test::Missing => "no such field".into(),
        Test::Anything => "anything".into(),
    }
}

/// What is asked of a field, or of the objects.
enum Test<'a> {
    Equals(&'a Value),
    Matches(&'a str),
    AtLeast(f64),
    AtMost(f64),
    Count(usize),
    Missing,
    Anything,
}

fn test_of(expected: &Expectation) -> Test<'_> {
    if let Some(value) = &expected.equals {
        return Test::Equals(value);
    }
    if let Some(pattern) = &expected.matches {
        return Test::Matches(pattern);
    }
    match (expected.at_least, expected.at_most, expected.count) {
        (Some(least), _, _) => Test::AtLeast(least),
        (_, Some(most), _) => Test::AtMost(most),
        (_, _, Some(count)) => Test::Count(count),
        _ if expected.missing.is_some() => Test::Missing,
        _ => Test::Anything,
    }
}

/// The expectations that `list`, a `v1 List`, does not meet. All of them are
/// held against this one list: the caller chooses those of its time.
#[must_use]
pub fn check_expectations(list: &Value, expects: &[Expectation]) -> Vec<Miss> {
    expects
        .iter()
        .filter_map(|expected| missed(list, expected))
        .collect()
}

/// What a connection comes to, where it is not what is expected.
#[must_use]
pub fn check_connection(
    objects: &Objects,
    expected: &Expectation,
    asked: &Question,
) -> Option<Miss> {
    let found = match answer(objects, asked) {
        Ok(found) => found.to_string(),
        Err(error) => format!("{error}; {}", error.help),
    };
    let found = Value::from(found);
    (!meets(Some(&found), &test_of(expected))).then(|| Miss {
        expected: expected.clone(),
        found: Some(found),
    })
}

fn missed(list: &Value, expected: &Expectation) -> Option<Miss> {
    let miss = |found: Option<Value>| {
        let expected = expected.clone();
        Some(Miss { expected, found })
    };
    let objects = meant(list, expected);
    let test = test_of(expected);
    if let Test::Count(count) = test {
        let found = objects.len();
        return (found != count).then(|| miss(Some(found.into()))).flatten();
    }
    if objects.is_empty() && !matches!(test, Test::Missing) {
        return miss(None);
    }
    let mut fields = objects.iter().map(|object| field(object, &expected.path));
    let wrong = fields.find(|value| !meets(*value, &test))?;
    miss(wrong.cloned())
}

/// The objects of that name in which the fields of `where` have what they say.
fn meant<'a>(list: &'a Value, expected: &Expectation) -> Vec<&'a Value> {
    let (Some(wanted), Some(items)) = (names::object(&expected.object), list["items"].as_array())
    else {
        return Vec::new();
    };
    let named = items.iter().filter(|item| {
        let there = names::of_value(item);
        there.kind == wanted.kind
            && matches_pattern(&wanted.namespace, &there.namespace)
            && matches_pattern(&wanted.name, &there.name)
    });
    let picked = named.filter(|item| {
        let mut conditions = expected.picked.iter();
        conditions.all(|(path, pattern)| {
            field(item, path).is_some_and(|value| matches_pattern(pattern, &text(value)))
        })
    });
    picked.collect()
}

/// The field at `.status.phase`; the dot in front may be left out.
fn field<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let path: FieldPath = path.strip_prefix('.').unwrap_or(path).parse().ok()?;
    path.get(object)
}

fn meets(value: Option<&Value>, test: &Test<'_>) -> bool {
    let Some(value) = value else {
        return matches!(test, Test::Missing);
    };
    match test {
        Test::Equals(wanted) => same(value, wanted),
        Test::Matches(pattern) => matches_pattern(pattern, &text(value)),
        Test::AtLeast(least) => value.as_f64().is_some_and(|number| number >= *least),
        Test::AtMost(most) => value.as_f64().is_some_and(|number| number <= *most),
        Test::Count(_) | Test::Anything => true,
        Test::Missing => false,
    }
}

/// Equal as JSON; 1 and 1.0 are one number.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value.as_f64(), wanted.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => value == wanted,
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether `text` has the form of `pattern`, in which `*` is any run of characters.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut tail: Vec<&str> = parts.collect();
    let Some(last) = tail.pop() else {
        return rest.is_empty();
    };
    for part in tail {
        let Some(found) = rest.find(part) else {
            return false;
        };
        rest = &rest[found + part.len()..];
    }
    rest.ends_with(last)
}

//! Holds the objects of a cluster against what a scenario expects of them.
//!
//! Works on the printed `v1 List`, as a person would with `kubectl get -o yaml`.

use crate::format::Expectation;
use crate::names;
use aegis_model::FieldPath;
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
        write!(
            f,
            "at {at}: {object} {path}: expected {}",
            wanted(&self.expected)
        )?;
        match &self.found {
            Some(value) => write!(f, ", found {value}"),
            None => f.write_str(", found nothing"),
        }
    }
}

fn wanted(expected: &Expectation) -> String {
    match (&expected.equals, &expected.matches, expected.at_least) {
        (Some(value), _, _) => value.to_string(),
        (_, Some(pattern), _) => format!("something like `{pattern}`"),
        (_, _, Some(least)) => format!("at least {least}"),
        _ => "anything".into(),
    }
}

/// The expectations that `list`, a `v1 List`, does not meet. All of them are
/// held against this one list: the caller chooses those of its time.
#[must_use]
pub fn check_expectations(list: &Value, expects: &[Expectation]) -> Vec<Miss> {
    expects
        .iter()
        .filter_map(|expected| {
            let found =
                find(list, &expected.object).and_then(|object| field(object, &expected.path));
            let met = found.is_some_and(|value| meets(value, expected));
            (!met).then(|| Miss {
                expected: expected.clone(),
                found: found.cloned(),
            })
        })
        .collect()
}

fn find<'a>(list: &'a Value, object: &str) -> Option<&'a Value> {
    let wanted = names::object(object)?;
    list["items"]
        .as_array()?
        .iter()
        .find(|item| names::of_value(item) == wanted)
}

/// The field at `.status.phase`; the dot in front may be left out.
fn field<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let path: FieldPath = path.strip_prefix('.').unwrap_or(path).parse().ok()?;
    path.get(object)
}

fn meets(value: &Value, expected: &Expectation) -> bool {
    match (&expected.equals, &expected.matches, expected.at_least) {
        (Some(wanted), _, _) => same(value, wanted),
        (_, Some(pattern), _) => matches_pattern(pattern, &text(value)),
        (_, _, Some(least)) => value.as_f64().is_some_and(|number| number >= least),
        _ => true,
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

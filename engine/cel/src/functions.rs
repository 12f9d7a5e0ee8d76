//! Functions and methods.
//!
//! Source: cel-spec doc/langdef.md, "Standard definitions"; cel-go ext/strings.go; apiserver
//! pkg/cel/library/lists.go.

use super::evaluate::{compare, equal};
use super::{NoValue, Operator};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;
use serde_json::{Number, Value};

/// A function that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the function of that name")]
pub(crate) enum Function {
    Size,
    StartsWith,
    EndsWith,
    Contains,
    LowerAscii,
    UpperAscii,
    Trim,
    Split,
    Join,
    Replace,
    IndexOf,
    Sum,
    Min,
    Max,
    IsSorted,
    Text,
    Int,
    Double,
}

/// Names, numbers of arguments (the object of a method among them), and what they are.
const KNOWN: [(&str, usize, Function); 19] = [
    ("size", 1, Function::Size),
    ("startsWith", 2, Function::StartsWith),
    ("endsWith", 2, Function::EndsWith),
    ("contains", 2, Function::Contains),
    ("lowerAscii", 1, Function::LowerAscii),
    ("upperAscii", 1, Function::UpperAscii),
    ("trim", 1, Function::Trim),
    ("split", 2, Function::Split),
    ("join", 1, Function::Join),
    ("join", 2, Function::Join),
    ("replace", 3, Function::Replace),
    ("indexOf", 2, Function::IndexOf),
    ("sum", 1, Function::Sum),
    ("min", 1, Function::Min),
    ("max", 1, Function::Max),
    ("isSorted", 1, Function::IsSorted),
    ("string", 1, Function::Text),
    ("int", 1, Function::Int),
    ("double", 1, Function::Double),
];

impl Function {
    /// The function of that name with so many arguments.
    pub(crate) fn named(name: &str, arguments: usize) -> Option<Self> {
        let mut known = KNOWN.iter();
        let found = known.find(|(known, count, _)| *known == name && *count == arguments);
        found.map(|(.., function)| *function)
    }
}

/// What is said of arguments that do not fit.
pub(crate) fn no_overload() -> NoValue {
    NoValue("no such overload".into())
}

/// Calls a function.
pub(crate) fn call(function: Function, arguments: &[Value]) -> Result<Value, NoValue> {
    let text = |place: usize| arguments.get(place).and_then(Value::as_str);
    let answer = match function {
        Function::Size => size(arguments),
        Function::Text => return Ok(as_text(&arguments[0]).into()),
        Function::Int => whole(&arguments[0]),
        Function::Double => real(&arguments[0]),
        Function::Join => join(arguments),
        Function::Sum => sum(&arguments[0]),
        Function::Min => extreme(&arguments[0], Ordering::Less),
        Function::Max => extreme(&arguments[0], Ordering::Greater),
        Function::IsSorted => is_sorted(&arguments[0]),
        _ => match (function, text(0), text(1)) {
            (Function::LowerAscii, Some(of), _) => Some(of.to_ascii_lowercase().into()),
            (Function::UpperAscii, Some(of), _) => Some(of.to_ascii_uppercase().into()),
            (Function::Trim, Some(of), _) => Some(of.trim().into()),
            (Function::StartsWith, Some(of), Some(start)) => Some(of.starts_with(start).into()),
            (Function::EndsWith, Some(of), Some(end)) => Some(of.ends_with(end).into()),
            (Function::Contains, Some(of), Some(part)) => Some(of.contains(part).into()),
            (Function::Split, Some(of), Some(by)) => Some(of.split(by).collect()),
            (Function::Replace, Some(of), Some(old)) => {
                text(2).map(|new| of.replace(old, new).into())
            }
            (Function::IndexOf, Some(of), Some(part)) => Some(index_of(of, part).into()),
            _ => None,
        },
    };
    answer.ok_or_else(no_overload)
}

fn size(arguments: &[Value]) -> Option<Value> {
    let count = match &arguments[0] {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => return None,
    };
    Some(count.into())
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn whole(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => text.parse::<i64>().ok().map(Value::from),
        Value::Number(number) => {
            let cut = |real: f64| real as i64;
            number
                .as_i64()
                .or_else(|| number.as_f64().map(cut))
                .map(Value::from)
        }
        _ => None,
    }
}

fn real(value: &Value) -> Option<Value> {
    let real = match value {
        Value::String(text) => text.parse::<f64>().ok()?,
        Value::Number(number) => number.as_f64()?,
        _ => return None,
    };
    Number::from_f64(real).map(Value::Number)
}

fn join(arguments: &[Value]) -> Option<Value> {
    let between = arguments.get(1).map_or(Some(""), Value::as_str)?;
    let texts = arguments[0].as_array()?.iter().map(Value::as_str);
    let texts: Vec<&str> = texts.collect::<Option<_>>()?;
    Some(texts.join(between).into())
}

fn index_of(text: &str, part: &str) -> i64 {
    let found = text.find(part).map(|at| text[..at].chars().count());
    found.map_or(-1, |at| at as i64)
}

fn sum(list: &Value) -> Option<Value> {
    let mut items = list.as_array()?.iter();
    items.try_fold(Value::from(0), |sum, item| {
        super::evaluate::arithmetic(Operator::Plus, &sum, item).ok()
    })
}

fn extreme(list: &Value, wanted: Ordering) -> Option<Value> {
    let mut items = list.as_array()?.iter();
    let first = items.next()?;
    let best = items.try_fold(first, |best, item| {
        Some(if compare(item, best)? == wanted {
            item
        } else {
            best
        })
    })?;
    Some(best.clone())
}

fn is_sorted(list: &Value) -> Option<Value> {
    let items = list.as_array()?;
    let pairs = items
        .windows(2)
        .map(|pair| match equal(&pair[0], &pair[1]) {
            true => Some(true),
            false => compare(&pair[0], &pair[1]).map(Ordering::is_lt),
        });
    let ordered: Vec<bool> = pairs.collect::<Option<_>>()?;
    Some(ordered.into_iter().all(|ordered| ordered).into())
}

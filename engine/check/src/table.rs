//! Rules that concern one field each, as a table: where, what, and what is said.
//!
//! A place is a path of keys; `[]` goes through a list, `{}` through the values of a mapping. What is not there
//! is not judged, unless the rule says that it must be. Rules over several fields stand in the files of their
//! kinds. Source: pkg/apis/*/validation of kubernetes/kubernetes.

use super::findings::Findings;
use super::rows_of_kinds::{JOB, KINDS};
use super::rows_of_pods::{CONTAINER, POD};
use super::{item, names, values};
use aegis_model::{Amount, FieldPath};
use serde_json::Value;

/// What a field must be.
#[derive(Clone, Copy)]
pub enum Rule {
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A number not below this one.
    AtLeast(i64),
    /// A number above 0.
    Positive,
    /// A number between the two, both included.
    Between(i64, i64),
    /// A mapping with this field, which is not empty; and what is said besides.
    Needs(&'static str, &'static str),
    /// A mapping with one of these fields, not none.
    NeedsOne(&'static [&'static str], &'static str),
    /// A mapping with one of these fields at most.
    NotBoth(&'static [&'static str], &'static str),
    /// An amount that is not negative.
    NotNegative,
    /// An amount above 0.
    PositiveAmount,
    /// A path from the root.
    Absolute,
    /// A path that does not lead up.
    NotUpwards,
    /// A path below another.
    Relative,
    /// A name of an object.
    Name,
    /// A key of labels.
    Key,
    /// It may not be set.
    Never(&'static str),
    /// Items that differ by this key.
    Unique(&'static str),
    /// A list of so many items at most.
    AtMost(usize, &'static str),
}

use Rule::{
    Absolute, AtLeast, AtMost, Between, Key, Name, Needs, NeedsOne, Never, NotBoth, NotNegative,
    NotUpwards, OneOf, Positive, PositiveAmount, Relative, Unique,
};

/// A row of a table: the place, and the rule.
pub type Row = (&'static str, Rule);

/// Holds an object of a kind against the rows of that kind.
pub fn object(object: &Value, version: &str, kind: &str, findings: &mut Findings) {
    let of_kind = KINDS
        .iter()
        .filter(|(served, name, _)| *served == version && *name == kind);
    for (_, _, rows) in of_kind {
        hold(object, &FieldPath::default(), rows, findings);
    }
    if let Some(template) = object
        .pointer("/spec/jobTemplate")
        .filter(|_| kind == "CronJob")
    {
        let at = FieldPath::default().key("spec").key("jobTemplate");
        hold(template, &at, JOB, findings);
    }
}

/// Holds a pod's spec at `path` against the rows of pods and containers.
pub fn pod(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    hold(spec, path, POD, findings);
    for list in ["initContainers", "containers"] {
        for (container, at) in values::items(spec, path, list) {
            hold(container, &at, CONTAINER, findings);
        }
    }
}

fn hold(of: &Value, path: &FieldPath, rows: &[Row], findings: &mut Findings) {
    let before = findings.list.len();
    for (place, rule) in rows {
        visit(of, path, place, &mut |value, at| {
            judge(value, at, *rule, findings);
        });
    }
    findings.only_news(before);
}

/// Goes to all fields of a place that are there.
fn visit(of: &Value, path: &FieldPath, place: &str, seen: &mut dyn FnMut(&Value, &FieldPath)) {
    let (first, rest) = place.split_once('.').unwrap_or((place, ""));
    if first.is_empty() {
        return seen(of, path);
    }
    let key = first.trim_end_matches("[]").trim_end_matches("{}");
    let Some(value) = of.get(key).filter(|value| !value.is_null()) else {
        return;
    };
    let at = path.key(key);
    if first.ends_with("[]") {
        for (index, found) in value.as_array().into_iter().flatten().enumerate() {
            visit(found, &item(&at, index), rest, seen);
        }
    } else if first.ends_with("{}") {
        for (name, found) in value.as_object().into_iter().flatten() {
            visit(found, &at.key(name), rest, seen);
        }
    } else {
        visit(value, &at, rest, seen);
    }
}

fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

fn judge(value: &Value, at: &FieldPath, rule: Rule, findings: &mut Findings) {
    match rule {
        OneOf(supported) => {
            if let Some(text) = value.as_str() {
                findings.one_of(at, text, supported);
            }
        }
        AtLeast(_) | Positive | Between(..) => number(value, at, rule, findings),
        NotNegative | PositiveAmount => amount(value, at, rule, findings),
        Absolute | NotUpwards | Relative | Name | Key => text(value, at, rule, findings),
        Needs(key, detail) if !is_given(&value[key]) => findings.required(&at.key(key), detail),
        NeedsOne(keys, detail) if !keys.iter().any(|key| is_given(&value[*key])) => {
            findings.required(at, detail);
        }
        NotBoth(keys, detail) if keys.iter().filter(|key| is_given(&value[**key])).count() > 1 => {
            findings.forbidden(at, detail);
        }
        Never(detail) => findings.forbidden(at, detail),
        Unique(key) => {
            let items = value.as_array().into_iter().flatten();
            let names: Vec<&str> = items.map(|one| one[key].as_str().unwrap_or("")).collect();
            findings.unique(names, |index| item(at, index).key(key));
        }
        AtMost(most, detail) if value.as_array().is_some_and(|list| list.len() > most) => {
            findings.invalid(at, value.clone(), detail);
        }
        _ => {}
    }
}

fn number(value: &Value, at: &FieldPath, rule: Rule, findings: &mut Findings) {
    let Some(number) = value.as_i64() else { return };
    let detail = match rule {
        AtLeast(least) if number < least => {
            format!("must be greater than or equal to {least}")
        }
        Positive if number <= 0 => "must be greater than 0".into(),
        Between(least, most) if !(least..=most).contains(&number) => {
            format!("must be between {least} and {most}, inclusive")
        }
        _ => return,
    };
    findings.invalid(at, number, &detail);
}

fn amount(value: &Value, at: &FieldPath, rule: Rule, findings: &mut Findings) {
    let Ok(amount) = values::amount(value) else {
        return;
    };
    let zero = Amount::default();
    match rule {
        NotNegative if amount < zero => {
            let detail = "must be greater than or equal to 0";
            findings.invalid(at, amount.to_string(), detail);
        }
        PositiveAmount if amount <= zero => {
            findings.invalid(at, amount.to_string(), "must be positive");
        }
        _ => {}
    }
}

fn text(value: &Value, at: &FieldPath, rule: Rule, findings: &mut Findings) {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return;
    };
    match rule {
        Absolute if !text.starts_with('/') => {
            findings.invalid(at, text, "must be an absolute path");
        }
        Relative if text.starts_with('/') => {
            findings.invalid(at, text, "must be a relative path");
        }
        NotUpwards if text.split('/').any(|part| part == "..") => {
            findings.invalid(at, text, "must not contain '..'");
        }
        Name => names::subdomain(text, at, findings),
        Key => names::label_key(text, at, findings),
        _ => {}
    }
}

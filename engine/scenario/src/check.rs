//! Holds a document against the table of words.
//!
//! Everything that is wrong is found in one pass, not the first thing alone.

use crate::amount::{Length, Share};
use crate::diagnostic::{Code, Finding, child};
use crate::words::{Need, SCENARIO, Shape, Word, Words};
use aegis_model::{FieldPath, Quantity};
use serde_json::{Map, Value};

/// All that is wrong with the words of a `Scenario` document.
#[must_use]
pub fn words_of(document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    mapping(&SCENARIO, document, &FieldPath::default(), &mut findings);
    findings
}

/// A value as a person reads it, cut short.
pub(crate) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn wrong(value: &Value, path: &FieldPath, wanted: &str, findings: &mut Vec<Finding>) {
    let name = path.to_string();
    let message = format!("`{}` is no value for `{name}`: {wanted}", shown(value));
    findings.push(Finding::new(Code::WrongValue, path, shown(value), message));
}

fn mapping(words: &Words, value: &Value, path: &FieldPath, findings: &mut Vec<Finding>) {
    let Some(fields) = value.as_object() else {
        let names: Vec<_> = words.words.iter().take(6).map(|word| word.name).collect();
        let wanted = format!("a mapping with {} belongs here", names.join(", "));
        return wrong(value, path, &wanted, findings);
    };
    for (name, value) in fields {
        field(words, name, value, path, findings);
    }
    for word in words.words {
        if word.need == Need::Required && !fields.contains_key(word.name) {
            findings.push(missing(word, path));
        }
    }
    exactly_one(words, fields, path, findings);
}

fn field(words: &Words, name: &str, value: &Value, path: &FieldPath, findings: &mut Vec<Finding>) {
    let here = path.key(name);
    match words.words.iter().find(|word| word.name == name) {
        None => findings.push(unknown(words, name, &here)),
        Some(word) if word.need == Need::Later => findings.push(
            Finding::new(
                Code::NotSimulated,
                &here,
                name,
                format!("`{here}` is not simulated yet"),
            )
            .of_key()
            .help("remove it: nothing would act on it"),
        ),
        Some(word) => shape(&word.shape, value, &here, findings),
    }
}

fn unknown(words: &Words, name: &str, here: &FieldPath) -> Finding {
    let known = words.words.iter().map(|word| word.name);
    let list: Vec<_> = known.clone().collect();
    Finding::new(
        Code::UnknownField,
        here,
        name,
        format!("unknown field `{here}`"),
    )
    .of_key()
    .help(format!("known here: {}", list.join(", ")))
    .did_you_mean(known)
}

fn missing(word: &Word, path: &FieldPath) -> Finding {
    let here = path.key(word.name);
    Finding::new(
        Code::MissingField,
        path,
        word.name,
        format!("`{here}` is missing"),
    )
    .help(format!("{}: {}", word.name, word.about))
}

fn exactly_one(
    words: &Words,
    fields: &Map<String, Value>,
    path: &FieldPath,
    findings: &mut Vec<Finding>,
) {
    let present: Vec<_> = words
        .exactly_one
        .iter()
        .filter(|word| fields.contains_key(**word))
        .copied()
        .collect();
    if words.exactly_one.is_empty() || present.len() == 1 {
        return;
    }
    let message = match present.as_slice() {
        [] => "none of them stands here".to_owned(),
        several => format!("`{}` exclude each other", several.join("`, `")),
    };
    findings.push(
        Finding::new(
            Code::ExactlyOne,
            path,
            present.join(", "),
            format!("at `{path}`: {message}"),
        )
        .help(format!("exactly one of {}", words.exactly_one.join(", "))),
    );
}

fn shape(shape_: &Shape, value: &Value, path: &FieldPath, findings: &mut Vec<Finding>) {
    match shape_ {
        Shape::List(item) => list(item, value, path, findings),
        Shape::Words(words) => mapping(words, value, path, findings),
        Shape::Either(shapes) => match shapes.iter().find(|shape| takes(shape, value)) {
            Some(fitting) => shape(fitting, value, path, findings),
            None => wrong(value, path, &either(shapes), findings),
        },
        scalar => {
            if let Err(wanted) = scalar_fits(scalar, value) {
                wrong(value, path, &wanted, findings);
            }
        }
    }
}

fn list(item: &Shape, value: &Value, path: &FieldPath, findings: &mut Vec<Finding>) {
    let Some(items) = value.as_array() else {
        return wrong(value, path, "a list belongs here", findings);
    };
    for (position, value) in items.iter().enumerate() {
        shape(item, value, &child(path, position), findings);
    }
}

/// Whether the shape takes this kind of node at all.
fn takes(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::List(_) => value.is_array(),
        Shape::Words(_) => value.is_object(),
        Shape::Whole(..) | Shape::Number(..) => value.is_number(),
        Shape::Flag => value.is_boolean(),
        Shape::Any => true,
        Shape::Either(shapes) => shapes.iter().any(|shape| takes(shape, value)),
        _ => value.is_string(),
    }
}

fn either(shapes: &[Shape]) -> String {
    let forms: Vec<String> = shapes.iter().map(form).collect();
    format!("{} belongs here", forms.join(" or "))
}

/// A shape in words.
fn form(shape: &Shape) -> String {
    match shape {
        Shape::Text => "a text".into(),
        Shape::OneOf(words) => format!("`{}`", words.join("`, `")),
        Shape::Whole(..) => "a whole number".into(),
        Shape::Number(..) => "a number".into(),
        Shape::Share => "a share".into(),
        Shape::Length => "a length of time".into(),
        Shape::Quantity => "a quantity".into(),
        Shape::Object => "kind/name".into(),
        Shape::Flag => "true or false".into(),
        Shape::Any => "anything".into(),
        Shape::List(_) => "a list".into(),
        Shape::Words(words) => {
            let names: Vec<_> = words.words.iter().take(6).map(|word| word.name).collect();
            format!("a mapping with {}", names.join(", "))
        }
        Shape::Either(shapes) => shapes.iter().map(form).collect::<Vec<_>>().join(" or "),
    }
}

/// What would be right, where a scalar does not fit.
fn scalar_fits(shape: &Shape, value: &Value) -> Result<(), String> {
    match shape {
        Shape::Any => Ok(()),
        Shape::Text => text(value).map(|_| ()),
        Shape::Flag => value
            .as_bool()
            .map(|_| ())
            .ok_or_else(|| "true or false".into()),
        Shape::OneOf(words) => one_of(words, value),
        Shape::Whole(least, most) => whole(*least, *most, value),
        Shape::Number(least, most) => number(*least, *most, value),
        Shape::Share => parsed::<Share>(&loose(value)?),
        Shape::Length => parsed::<Length>(&loose(value)?),
        Shape::Quantity => parsed::<Quantity>(&loose(value)?),
        Shape::Object => object(&text(value)?),
        Shape::List(_) | Shape::Words(_) | Shape::Either(_) => Ok(()),
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err("a text belongs here".into()),
    }
}

/// A text, or a number read as one.
fn loose(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err("a text or a number belongs here".into()),
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<(), String> {
    text.parse::<T>()
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn one_of(words: &[&str], value: &Value) -> Result<(), String> {
    let found = value.as_str().is_some_and(|text| words.contains(&text));
    let near = value
        .as_str()
        .and_then(|text| aegis_kube::spelling::nearest(text, words.iter().copied()));
    match (found, near) {
        (true, _) => Ok(()),
        (false, Some(near)) => Err(format!("did you mean `{near}`?")),
        (false, None) => Err(format!("it is one of `{}`", words.join("`, `"))),
    }
}

fn whole(least: u64, most: u64, value: &Value) -> Result<(), String> {
    match value.as_u64() {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        _ => Err(format!(
            "a whole number from {least} to {most} belongs here"
        )),
    }
}

fn number(least: f64, most: f64, value: &Value) -> Result<(), String> {
    match value.as_f64() {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        _ if least > f64::MIN => Err(format!("a number from {least} to {most} belongs here")),
        _ => Err("a number belongs here".into()),
    }
}

fn object(text: &str) -> Result<(), String> {
    let parts: Vec<_> = text.split('/').collect();
    let filled = parts.iter().all(|part| !part.is_empty());
    if filled && (2..=3).contains(&parts.len()) {
        Ok(())
    } else {
        Err("an object is written kind/name or kind/namespace/name".into())
    }
}

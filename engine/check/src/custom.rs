//! Objects of resources that a CustomResourceDefinition defines: held against its schema, without what that does not
//! know, and with its defaults.
//!
//! Source: apiextensions-apiserver/pkg/apiserver/validation, /schema/pruning, /schema/defaulting. Of schemas are
//! known the types, `required`, `enum`, bounds, lengths, `nullable`, `oneOf`-free nesting; expressions of
//! `x-kubernetes-validations` and `pattern` are not held.

use super::findings::Findings;
use super::item;
use aegis_kube::error::Problem;
use aegis_model::FieldPath;
use serde_json::{Map, Value};

/// Whether a definition is of a kind in the group of an API version, and what it says of that version.
fn described<'a>(definition: &'a Value, version: &str, kind: &str) -> Option<Option<&'a Value>> {
    let spec = &definition["spec"];
    let (group, version) = version.split_once('/')?;
    let is_of = definition["kind"] == "CustomResourceDefinition"
        && spec["group"] == group
        && spec["names"]["kind"] == kind;
    let mut versions = spec["versions"].as_array().into_iter().flatten();
    is_of.then(|| versions.find(|one| one["name"] == version && one["served"] != false))
}

/// What definitions say of an object's version and kind.
enum Defined<'a> {
    /// Nothing: nobody defines it, or without a schema.
    Nothing,
    /// The kind is defined, and not served in that version.
    NotServed,
    By(&'a Value),
}

fn defined<'a>(object: &Value, definitions: impl Iterator<Item = &'a Value>) -> Defined<'a> {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let mut definitions = definitions;
    let Some(served) = definitions.find_map(|one| described(one, version, kind)) else {
        return Defined::Nothing;
    };
    match served.map(|served| &served["schema"]["openAPIV3Schema"]) {
        None => Defined::NotServed,
        Some(schema) if schema.is_object() => Defined::By(schema),
        Some(_) => Defined::Nothing,
    }
}

/// The object as the API server keeps it: fields that its schema does not know are gone, and defaults are filled
/// in. `None` where nobody defines it.
#[must_use]
pub fn kept<'a>(object: &Value, definitions: impl Iterator<Item = &'a Value>) -> Option<Value> {
    let Defined::By(schema) = defined(object, definitions) else {
        return None;
    };
    let mut kept = object.clone();
    let fields = kept.as_object_mut()?;
    fill(fields, schema);
    for (key, value) in fields.iter_mut() {
        // These have schemas of their own.
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            shape(value, &schema["properties"][key]);
        }
    }
    let known = |key: &str| matches!(key, "apiVersion" | "kind" | "metadata") || keeps(schema, key);
    fields.retain(|key, _| known(key));
    Some(kept)
}

/// What is wrong with an object that a definition describes.
#[must_use]
pub fn misfits<'a>(object: &Value, definitions: impl Iterator<Item = &'a Value>) -> Vec<Problem> {
    let mut findings = Findings::default();
    match defined(object, definitions) {
        Defined::Nothing => {}
        Defined::NotServed => findings.push(unserved(object), None),
        Defined::By(schema) => hold(object, schema, &FieldPath::default(), &mut findings),
    }
    findings
        .list
        .into_iter()
        .map(|(problem, _)| problem)
        .collect()
}

fn unserved(object: &Value) -> Problem {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    Problem::UnknownKind {
        kind: text("kind"),
        version: text("apiVersion"),
    }
}

/// Whether a schema of a mapping keeps a field.
fn keeps(schema: &Value, key: &str) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
        || schema["properties"][key].is_object()
        || !matches!(
            &schema["additionalProperties"],
            Value::Null | Value::Bool(false)
        )
}

fn of_field<'a>(schema: &'a Value, key: &str) -> &'a Value {
    match &schema["properties"][key] {
        Value::Null => &schema["additionalProperties"],
        own => own,
    }
}

/// Gives fields that are absent their defaults.
fn fill(fields: &mut Map<String, Value>, schema: &Value) {
    for (key, own) in schema["properties"].as_object().into_iter().flatten() {
        if !own["default"].is_null() && !fields.contains_key(key) {
            fields.insert(key.clone(), own["default"].clone());
        }
    }
}

/// Takes unknown fields out of a value, and fills in defaults.
fn shape(value: &mut Value, schema: &Value) {
    if let Value::Array(items) = value {
        items
            .iter_mut()
            .for_each(|one| shape(one, &schema["items"]));
    }
    let Value::Object(fields) = value else {
        return;
    };
    // `additionalProperties: true` says nothing of what is inside.
    if schema["x-kubernetes-embedded-resource"] == true || !schema.is_object() {
        return;
    }
    fields.retain(|key, _| keeps(schema, key));
    fill(fields, schema);
    for (key, found) in fields.iter_mut() {
        shape(found, of_field(schema, key));
    }
}

fn hold(value: &Value, schema: &Value, at: &FieldPath, findings: &mut Findings) {
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    if let Some(wanted) = schema["type"]
        .as_str()
        .filter(|wanted| !is_a(value, wanted))
    {
        let detail = format!(
            "{at} in body must be of type {wanted}: {:?}",
            type_of(value)
        );
        return findings.invalid(at, type_of(value), &detail);
    }
    if let Some(allowed) = schema["enum"]
        .as_array()
        .filter(|list| !list.contains(value))
    {
        let shown: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        let detail = format!("supported values: {}", shown.join(", "));
        findings.invalid(at, value.clone(), &detail);
    }
    bounds(value, schema, at, findings);
    for key in schema["required"].as_array().into_iter().flatten() {
        let key = key.as_str().unwrap_or_default();
        if value.is_object() && value[key].is_null() {
            findings.required(&at.key(key), "");
        }
    }
    for (key, found) in value.as_object().into_iter().flatten() {
        let own = of_field(schema, key);
        if own.is_object() && !(at.0.is_empty() && key == "metadata") {
            hold(found, own, &at.key(key), findings);
        }
    }
    for (index, found) in value.as_array().into_iter().flatten().enumerate() {
        hold(found, &schema["items"], &item(at, index), findings);
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_a(value: &Value, wanted: &str) -> bool {
    let found = type_of(value);
    found == wanted || (wanted == "number" && found == "integer")
}

/// Bounds of numbers, texts and lists.
fn bounds(value: &Value, schema: &Value, at: &FieldPath, findings: &mut Findings) {
    let bound = |key: &str| schema[key].as_f64();
    let mut said = |broken: bool, detail: String| {
        if broken {
            findings.invalid(at, value.clone(), &format!("{at} in body should {detail}"));
        }
    };
    if let Some(number) = value.as_f64() {
        let (least, most) = (bound("minimum"), bound("maximum"));
        let shut = |key: &str| schema[key] == true;
        let low = least
            .is_some_and(|least| number < least || (shut("exclusiveMinimum") && number <= least));
        let high =
            most.is_some_and(|most| number > most || (shut("exclusiveMaximum") && number >= most));
        said(
            low,
            format!("be greater than or equal to {}", schema["minimum"]),
        );
        said(
            high,
            format!("be less than or equal to {}", schema["maximum"]),
        );
        let step = bound("multipleOf").filter(|step| *step > 0.0);
        let uneven = step.is_some_and(|step| number % step != 0.0);
        said(uneven, format!("be a multiple of {}", schema["multipleOf"]));
    }
    if let Some(text) = value.as_str() {
        let length = text.chars().count() as f64;
        let short = bound("minLength").is_some_and(|least| length < least);
        let long = bound("maxLength").is_some_and(|most| length > most);
        said(
            short,
            format!("be at least {} chars long", schema["minLength"]),
        );
        said(
            long,
            format!("be at most {} chars long", schema["maxLength"]),
        );
    }
    if let Some(list) = value.as_array() {
        let count = list.len() as f64;
        let few = bound("minItems").is_some_and(|least| count < least);
        let many = bound("maxItems").is_some_and(|most| count > most);
        said(few, format!("have at least {} items", schema["minItems"]));
        said(many, format!("have at most {} items", schema["maxItems"]));
    }
}

#[cfg(test)]
mod tests {
    use super::{kept, misfits};
    use serde_json::{Value, json};

    fn definition() -> Value {
        let schema = json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": {"free": {"type": "object", "additionalProperties": true}}},
            "mode": {"type": "string", "default": "plain"},
        }});
        json!({"kind": "CustomResourceDefinition", "spec": {
            "group": "example.com", "names": {"kind": "Widget"},
            "versions": [
                {"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}},
                {"name": "v1beta1", "served": false, "schema": {"openAPIV3Schema": schema}},
            ],
        }})
    }

    fn widget(version: &str) -> Value {
        json!({"apiVersion": format!("example.com/{version}"), "kind": "Widget",
            "spec": {"free": {"a": {"b": 1}}, "unknown": 1}})
    }

    #[test]
    fn defaults_of_the_root_are_filled_and_free_mappings_are_kept() {
        let kept = kept(&widget("v1"), [&definition()].into_iter()).expect("it is defined");
        assert_eq!(kept["mode"], "plain");
        assert_eq!(kept["spec"], json!({"free": {"a": {"b": 1}}}));
    }

    #[test]
    fn versions_that_are_not_served_are_refused() {
        let said = |version: &str| {
            let found = misfits(&widget(version), [&definition()].into_iter());
            found.first().map(ToString::to_string)
        };
        assert_eq!(said("v1"), None);
        for version in ["v1beta1", "v2"] {
            let words =
                format!("no matches for kind \"Widget\" in version \"example.com/{version}\"");
            assert_eq!(said(version), Some(words));
        }
    }
}

//! Reading what can be read: dumps of real clusters, whole or torn, with objects that are partial.
//!
//! Unlike [`super::read`] this never refuses an input for a part of it: what reads is returned, what
//! does not is told. Values of Secrets are not kept: only which keys there are.

use serde_json::Value;

/// What was read, and what was not.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Lenient {
    /// Objects; lists are flattened.
    pub objects: Vec<Value>,
    /// What could not be read, in words.
    pub unread: Vec<String>,
}

/// Nested lists that are followed.
const MAX_NESTING: usize = 8;

/// Reads YAML or JSON: documents, `v1 List`s, plain lists.
#[must_use]
pub fn read_lenient(name: &str, text: &str) -> Lenient {
    let mut found = Lenient::default();
    if text.trim().is_empty() {
        found.unread.push("it is empty".to_owned());
    } else if text.trim_start().starts_with(['{', '[']) {
        json(text, &mut found);
    } else {
        yaml(name, text, &mut found);
    }
    for object in &mut found.objects {
        hide_secret(object);
    }
    found
}

fn json(text: &str, found: &mut Lenient) {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => flatten(value, 0, found),
        Err(error) => {
            found.unread.push(format!("it is no whole JSON: {error}"));
            salvage(text, found);
        }
    }
}

/// The whole items of a list whose end is missing or broken.
fn salvage(text: &str, found: &mut Lenient) {
    let start = text
        .find("\"items\"")
        .and_then(|at| text[at..].find('[').map(|bracket| at + bracket + 1));
    let start = start.or_else(|| {
        text.trim_start()
            .starts_with('[')
            .then(|| text.find('[').map_or(0, |at| at + 1))
    });
    let Some(mut rest) = start.and_then(|start| text.get(start..)) else {
        return;
    };
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
        let mut items = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(item)) = items.next() else {
            return;
        };
        let read = items.byte_offset();
        flatten(item, 0, found);
        match rest.get(read..) {
            Some(more) if read > 0 => rest = more,
            _ => return,
        }
    }
}

fn flatten(value: Value, depth: usize, found: &mut Lenient) {
    match value {
        Value::Array(items) if depth < MAX_NESTING => {
            for item in items {
                flatten(item, depth + 1, found);
            }
        }
        Value::Object(mut fields) => {
            let kind = fields.get("kind").and_then(Value::as_str).unwrap_or("");
            let listed = kind.is_empty() || kind.ends_with("List");
            match fields.remove("items") {
                Some(Value::Array(items)) if listed && depth < MAX_NESTING => {
                    flatten(Value::Array(items), depth + 1, found);
                }
                _ if kind_of(&fields).is_empty() => {
                    found.unread.push("an object without a kind".to_owned());
                }
                Some(items) => {
                    fields.insert("items".to_owned(), items);
                    found.objects.push(Value::Object(fields));
                }
                None => found.objects.push(Value::Object(fields)),
            }
        }
        other => found
            .unread
            .push(format!("{} where an object belongs", what(&other))),
    }
}

fn kind_of(fields: &serde_json::Map<String, Value>) -> &str {
    fields.get("kind").and_then(Value::as_str).unwrap_or("")
}

const fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list that is nested too deeply",
        Value::Object(_) => "an object",
    }
}

/// All documents; where one is wrong, each by itself.
fn yaml(name: &str, text: &str, found: &mut Lenient) {
    match super::read(name, text) {
        Ok(documents) => take(documents, found),
        Err(errors) => {
            let pieces: Vec<&str> = text.split("\n---").collect();
            if pieces.len() < 2 {
                found.unread.extend(errors.iter().map(ToString::to_string));
                return;
            }
            for piece in pieces {
                match super::read(name, piece) {
                    Ok(documents) => take(documents, found),
                    Err(errors) => found.unread.extend(errors.iter().map(ToString::to_string)),
                }
            }
        }
    }
}

fn take(documents: Vec<super::Document>, found: &mut Lenient) {
    let values = documents
        .into_iter()
        .map(|document| (*document.value).clone());
    found.objects.extend(values);
}

/// Keeps the keys of a Secret and none of its values, nor copies of them in annotations.
fn hide_secret(object: &mut Value) {
    if object.get("kind").and_then(Value::as_str) != Some("Secret") {
        return;
    }
    for place in ["data", "stringData"] {
        if let Some(Value::Object(fields)) = object.get_mut(place) {
            for value in fields.values_mut() {
                *value = Value::String(String::new());
            }
        }
    }
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("annotations");
        metadata.remove("managedFields");
    }
}

#[cfg(test)]
mod tests {
    use super::read_lenient;

    #[test]
    fn a_torn_list_gives_its_whole_items() {
        let text = r#"{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod","metadata":{"name":"a"}},{"kind":"Pod","met"#;
        let found = read_lenient("x", text);
        assert_eq!(found.objects.len(), 1);
        assert_eq!(found.unread.len(), 1);
    }

    #[test]
    fn wrong_types_are_told_and_the_rest_is_kept() {
        let text =
            r#"{"kind":"List","items":[1,null,"x",{"a":1},{"kind":"Pod"},[{"kind":"Node"}]]}"#;
        let found = read_lenient("x", text);
        assert_eq!(found.objects.len(), 2);
        assert_eq!(found.unread.len(), 4);
    }

    #[test]
    fn one_wrong_document_of_many_costs_itself_alone() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\nkind: [\n---\napiVersion: v1\nkind: Node\nmetadata: {name: b}\n";
        let found = read_lenient("x.yaml", text);
        assert_eq!(found.objects.len(), 2, "{found:?}");
        assert_eq!(found.unread.len(), 1);
    }

    #[test]
    fn values_of_secrets_are_not_kept() {
        let text = r#"{"kind":"Secret","metadata":{"name":"s","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"hunter2"}},"data":{"password":"aHVudGVyMg=="}}"#;
        let found = read_lenient("x", text);
        let shown = found.objects[0].to_string();
        assert!(
            shown.contains("password") && !shown.contains("aHVu") && !shown.contains("hunter2")
        );
    }
}

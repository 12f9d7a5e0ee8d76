//! The JSON Schema of a `Scenario`, for editors, made from the table of words.
//!
//! Draft 2020-12. It says less than the check: that a text is a length of time
//! is a pattern here, that a Service exists it cannot know.

use crate::words::{Need, SCENARIO, Shape, Words};
use serde_json::{Map, Value, json};

/// Where the format is named.
const ID: &str = "https://aegis.dev/schema/scenario/v1";

/// The schema, with keys in order.
#[must_use]
pub fn schema() -> Value {
    let mut schema = mapping(&SCENARIO);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!(ID);
    schema["title"] = json!("Scenario");
    schema
}

/// The schema as text, with a line break at its end.
#[must_use]
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

fn mapping(words: &Words) -> Value {
    let usable = || words.words.iter().filter(|word| word.need != Need::Later);
    let properties: Map<String, Value> = usable()
        .map(|word| {
            let mut value = of(&word.shape);
            value["description"] = json!(word.about);
            (word.name.to_owned(), value)
        })
        .collect();
    let required: Vec<&str> = usable()
        .filter(|word| word.need == Need::Required)
        .map(|word| word.name)
        .collect();
    let mut schema =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if !words.exactly_one.is_empty() {
        let choices: Vec<Value> = words
            .exactly_one
            .iter()
            .map(|word| json!({"required": [word]}))
            .collect();
        schema["oneOf"] = json!(choices);
    }
    schema
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Shape::Number(least, most) if *least > f64::MIN => {
            json!({"type": "number", "minimum": least, "maximum": most})
        }
        Shape::Number(..) => json!({"type": "number"}),
        Shape::Share => json!({"anyOf": [
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "string", "pattern": "^[0-9.]+ ?%?$"},
        ]}),
        Shape::Length => json!({"anyOf": [
            {"const": 0},
            {"type": "string", "pattern": "^(0|([0-9.]+(ms|us|s|m|h|d))+)$"},
        ]}),
        Shape::Quantity => json!({"anyOf": [
            {"type": "number"},
            {"type": "string", "pattern": "^[+-]?[0-9.]+([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$"},
        ]}),
        Shape::Object => json!({"type": "string", "pattern": "^[^/]+/[^/]+(/[^/]+)?$"}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Any => json!({}),
        Shape::List(item) => json!({"type": "array", "items": of(item)}),
        Shape::Words(words) => mapping(words),
        Shape::Either(shapes) => json!({"anyOf": shapes.iter().map(of).collect::<Vec<_>>()}),
    }
}

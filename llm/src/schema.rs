//! The JSON Schema that binds an answer: of the Rust type, narrowed to what the question lists.

use aegis_model::ask::{Ask, CriticAnswer, DiagnosisAnswer, PlanningAnswer, ReflectionAnswer};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The schema of the answers to a question, in the shape that strict servers take: no references,
/// every property required, nothing beyond them; names are those that the question lists.
#[must_use]
pub fn schema(ask: &Ask) -> Value {
    let mut schema = match ask {
        Ask::Diagnosis(_) => of::<DiagnosisAnswer>(),
        Ask::Planning(_) => of::<PlanningAnswer>(),
        Ask::Critic(_) => of::<CriticAnswer>(),
        Ask::Reflection(_) => of::<ReflectionAnswer>(),
    };
    strict(&mut schema);
    narrow(&mut schema, &names(ask));
    schema
}

fn of<T: schemars::JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Property names with the values that they may have.
fn names(ask: &Ask) -> Vec<(&'static str, Vec<Value>)> {
    let texts = |all: Vec<&str>| all.into_iter().map(Value::from).collect::<Vec<_>>();
    let mut names = Vec::new();
    if let Some(scene) = ask.scene() {
        let objects = scene.objects.iter().map(|row| row.object.as_str());
        names.push(("object", texts(objects.collect())));
        let changes = scene.evidence.iter().filter_map(|row| row.number);
        names.push(("change", changes.map(Value::from).collect()));
    }
    match ask {
        Ask::Diagnosis(context) => {
            let faults = context.faults.iter().map(|row| row.id.as_str());
            names.push(("fault", texts(faults.collect())));
        }
        Ask::Critic(context) => {
            let plans = context.plans.iter().map(|row| row.id.as_str());
            names.push(("plan", texts(plans.collect())));
        }
        Ask::Planning(_) | Ask::Reflection(_) => {}
    }
    names
}

/// Makes a schema one that strict servers take: `anyOf` for `oneOf`, no formats, no titles.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(choices) = fields.remove("oneOf") {
                fields.insert("anyOf".into(), choices);
            }
            for word in ["format", "title", "$schema"] {
                if fields.get(word).is_some_and(Value::is_string) {
                    fields.remove(word);
                }
            }
            if let Some(constant) = fields.remove("const") {
                fields.insert("enum".into(), json!([constant]));
            }
            fields.values_mut().for_each(strict);
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}

/// Narrows properties of these names to these values. A choice that needs a value of an empty list goes.
fn narrow(schema: &mut Value, names: &[(&'static str, Vec<Value>)]) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
                choices.retain(|choice| is_possible(choice, names));
            }
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                for (name, values) in names {
                    let property = properties.get_mut(*name).and_then(Value::as_object_mut);
                    if let Some(property) = property.filter(|_| !values.is_empty()) {
                        property.insert("enum".into(), Value::Array(values.clone()));
                    }
                }
            }
            fields.values_mut().for_each(|value| narrow(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| narrow(item, names)),
        _ => {}
    }
}

fn is_possible(choice: &Value, names: &[(&'static str, Vec<Value>)]) -> bool {
    let needs = |name: &str| choice["properties"].get(name).is_some();
    !names
        .iter()
        .any(|(name, values)| values.is_empty() && needs(name))
}

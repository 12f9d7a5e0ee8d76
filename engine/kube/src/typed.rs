//! Typed values from documents, with the path of what does not fit.
//!
//! serde's errors do not say where in a value they arose; this reader keeps the way
//! that it has gone. Fields that are null count as absent, as they do to the API server.

use crate::error::Problem;
use aegis_model::FieldPath;
use aegis_model::path::Segment;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use std::fmt;

/// Reads a value as a `T`.
///
/// # Errors
/// [`Problem::WrongType`], [`Problem::Invalid`] or [`Problem::Unsupported`] at the path of the
/// first field that does not fit; paths are relative to `value`.
pub fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    let reader = Reader { value, trail: None };
    T::deserialize(reader).map_err(|misfit| misfit.problem(value))
}

/// The way from the root to here.
#[derive(Clone, Copy)]
struct Trail<'a> {
    parent: Option<&'a Trail<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn path_of(trail: Option<&Trail<'_>>) -> FieldPath {
    let mut segments = Vec::new();
    let mut at = trail;
    while let Some(trail) = at {
        segments.push(match trail.step {
            Step::Key(key) => Segment::Key(key.into()),
            Step::Index(index) => Segment::Index(index),
        });
        at = trail.parent;
    }
    segments.reverse();
    FieldPath(segments)
}

#[derive(Clone, Copy)]
struct Reader<'de, 't> {
    value: &'de Value,
    trail: Option<&'t Trail<'t>>,
}

/// What does not fit, and, once it has passed a field, where.
#[derive(Debug)]
struct Misfit {
    path: Option<FieldPath>,
    kind: MisfitKind,
}

#[derive(Debug)]
enum MisfitKind {
    Type(String),
    Value(String),
    Variant(&'static [&'static str]),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Misfit {}

impl From<MisfitKind> for Misfit {
    fn from(kind: MisfitKind) -> Self {
        Self { path: None, kind }
    }
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        MisfitKind::Value(message.to_string()).into()
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        MisfitKind::Type(in_words(&expected.to_string())).into()
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        match found {
            Unexpected::Signed(number) if number < 0 => {
                MisfitKind::Value("must be greater than or equal to 0".into()).into()
            }
            Unexpected::Signed(_) | Unexpected::Unsigned(_) if expected == "u16" => {
                MisfitKind::Value("must be between 1 and 65535, inclusive".into()).into()
            }
            _ => MisfitKind::Type(in_words(&expected)).into(),
        }
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        MisfitKind::Variant(expected).into()
    }
}

/// What serde expects, in a reader's words.
fn in_words(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" => "a whole number".into(),
        "i8" | "i16" | "i32" | "i64" => "an integer".into(),
        "a sequence" => "a list".into(),
        "a string" => "a text".into(),
        text if text.starts_with("struct ") || text == "a map" => "a mapping".into(),
        text if text.contains("untagged enum IntOrString") => "a number or a text".into(),
        other => other.into(),
    }
}

impl Misfit {
    fn at(mut self, trail: &Trail<'_>) -> Self {
        self.path.get_or_insert_with(|| path_of(Some(trail)));
        self
    }

    fn problem(self, root: &Value) -> Problem {
        let path = self.path.unwrap_or_default();
        let value = path.get(root).unwrap_or(root);
        match self.kind {
            MisfitKind::Type(expected) => Problem::WrongType {
                found: described(value),
                path,
                expected,
            },
            MisfitKind::Value(detail) => Problem::Invalid {
                value: shown(value),
                detail: reason(&detail, value),
                path,
            },
            MisfitKind::Variant(supported) => Problem::Unsupported {
                value: shown(value),
                path,
                supported: supported.to_vec(),
            },
        }
    }
}

/// A reason in words, without the value that the message names anyway.
fn reason(detail: &str, value: &Value) -> String {
    if detail.contains("untagged enum IntOrString") {
        return "must be a number or a text".into();
    }
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let prefix = format!("`{text}`: ");
    detail.strip_prefix(&prefix).unwrap_or(detail).into()
}

/// A value for a message: JSON, cut short. What cannot be seen is written out, as Go's `%q` does it.
#[must_use]
pub fn shown(value: &Value) -> String {
    let mut text = value.to_string();
    if text.chars().any(is_unseen) {
        text = text.chars().map(written_out).collect();
    }
    if text.chars().count() <= 80 {
        return text;
    }
    let cut: String = text.chars().take(77).collect();
    format!("{cut}...")
}

/// Whether a letter takes no place, or moves others: controls, marks of direction, joiners, private ones.
const fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

fn written_out(letter: char) -> String {
    match u32::from(letter) {
        number if is_unseen(letter) && number > 0xffff => format!("\\U{number:08x}"),
        number if is_unseen(letter) => format!("\\u{number:04x}"),
        _ => letter.into(),
    }
}

/// A value for a message, with what kind of value it is.
pub(crate) fn described(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "nothing".into(),
        Value::Bool(_) => "the boolean",
        Value::Number(_) => "the number",
        Value::String(_) => "the text",
        Value::Array(_) => "the list",
        Value::Object(_) => "the mapping",
    };
    format!("{kind} {}", shown(value))
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(unsigned), ..) => visitor.visit_u64(unsigned),
                (_, Some(signed), _) => visitor.visit_i64(signed),
                (.., float) => visitor.visit_f64(float.unwrap_or_default()),
            },
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.iter().enumerate(),
                trail: self.trail,
            }),
            Value::Object(fields) => visitor.visit_map(Fields {
                fields: fields.iter(),
                trail: self.trail,
                current: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.value {
            Value::String(text) => {
                let name: StrDeserializer<'_, Misfit> = text.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            _ => Err(MisfitKind::Variant(variants).into()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Reads a part; an error that has no place yet arose there.
fn descend<'de, S: DeserializeSeed<'de>>(
    seed: S,
    value: &'de Value,
    parent: Option<&Trail<'_>>,
    step: Step<'_>,
) -> Result<S::Value, Misfit> {
    let trail = Trail { parent, step };
    let reader = Reader {
        value,
        trail: Some(&trail),
    };
    seed.deserialize(reader).map_err(|misfit| misfit.at(&trail))
}

struct Items<'de, 't> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    trail: Option<&'t Trail<'t>>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        let Some((index, value)) = self.items.next() else {
            return Ok(None);
        };
        descend(seed, value, self.trail, Step::Index(index)).map(Some)
    }
}

struct Fields<'de, 't> {
    fields: serde_json::map::Iter<'de>,
    trail: Option<&'t Trail<'t>>,
    current: Option<(&'de str, &'de Value)>,
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((key, value)) = self.fields.find(|(_, value)| !value.is_null()) else {
            return Ok(None);
        };
        self.current = Some((key, value));
        let key: StrDeserializer<'_, Misfit> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let Some((key, value)) = self.current.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        descend(seed, value, self.trail, Step::Key(key))
    }
}

#[cfg(test)]
mod tests {
    use super::typed;
    use crate::error::Problem;
    use aegis_model::kubernetes::{DeploymentSpec, PodSpec};
    use serde_json::{Value, json};

    fn complaint(value: &Value) -> String {
        typed::<DeploymentSpec>(value).unwrap_err().to_string()
    }

    fn container(value: &Value) -> Value {
        json!({"template": {"spec": {"containers": [{"name": "a"}, value]}}})
    }

    #[test]
    fn misfits_are_named_with_their_path() {
        let cases = [
            (
                json!({"replicas": "3"}),
                r#"replicas: expected a whole number, found the text "3""#,
            ),
            (
                json!({"replicas": -1}),
                "replicas: Invalid value: -1: must be greater than or equal to 0",
            ),
            (
                container(&json!({"ports": [{"containerPort": 70000}]})),
                "template.spec.containers[1].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            ),
            (
                container(&json!({"env": [{"name": "P", "value": 8080}]})),
                "template.spec.containers[1].env[0].value: expected a text, found the number 8080",
            ),
            (
                container(&json!({"resources": {"limits": {"memory": "12MB"}}})),
                "template.spec.containers[1].resources.limits.memory: Invalid value: \"12MB\": unknown suffix `MB`; Kubernetes knows n u m k M G T P E Ki Mi Gi Ti Pi Ei",
            ),
            (
                container(&json!({"livenessProbe": {"httpGet": {"port": {}}}})),
                "template.spec.containers[1].livenessProbe.httpGet.port: Invalid value: {}: must be a number or a text",
            ),
            (
                json!({"template": {"spec": {"restartPolicy": "Sometimes"}}}),
                r#"template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#,
            ),
            (
                json!({"template": {"spec": {"containers": {"name": "a"}}}}),
                r#"template.spec.containers: expected a list, found the mapping {"name":"a"}"#,
            ),
        ];
        for (value, message) in &cases {
            assert_eq!(complaint(value), *message);
        }
    }

    #[test]
    fn null_is_absent() {
        let spec: PodSpec = typed(&json!({"containers": [{"name": "a", "env": null, "livenessProbe": null}], "nodeSelector": null})).unwrap();
        assert_eq!(spec.containers[0].env, []);
    }

    #[test]
    fn what_reads_here_reads_as_serde_json_reads_it() {
        let text = include_str!("../../../scenarios/manifests/online-boutique.yaml");
        for document in crate::read("a", text).unwrap() {
            if document.kind() == "Deployment" {
                let ours: Result<DeploymentSpec, Problem> = typed(&document.value["spec"]);
                let theirs = serde_json::from_value(document.value["spec"].clone()).unwrap();
                assert_eq!(ours, Ok(theirs));
            }
        }
    }
}

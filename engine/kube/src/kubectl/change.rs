//! Changes of objects as commands.

use super::{PatchType, apply, command, cordon, delete, patch, pause, quoted, restart, resume};
use super::{scale, uncordon};
use crate::patch::{self as patches, between, merge_key};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::path::Segment;
use aegis_model::{FieldChange, FieldPath, ObjectChange};
use serde_json::{Map, Value, json};

/// The commands that make a change. `before` is the document that it is made to; it is read for
/// changes of fields alone.
#[must_use]
pub fn change(change: &ObjectChange, before: &Value) -> Vec<String> {
    match change {
        ObjectChange::Create { document } => vec![apply(document)],
        ObjectChange::Delete { object, .. } => vec![delete(object)],
        ObjectChange::Update { fields, .. } if fields.is_empty() => Vec::new(),
        ObjectChange::Update { object, fields } => {
            let verb = verb(object, fields);
            vec![verb.unwrap_or_else(|| as_patch(object, fields, before))]
        }
        ObjectChange::Exec {
            object,
            procedure,
            way,
            ..
        } => super::exec(object, before, *procedure, *way),
    }
}

/// The verb that makes exactly these changes, if there is one.
fn verb(object: &ObjectRef, fields: &[FieldChange]) -> Option<String> {
    single(object, fields)
        .or_else(|| notes(object, fields))
        .or_else(|| in_container(object, fields))
}

fn is_workload(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet
    )
}

fn single(object: &ObjectRef, fields: &[FieldChange]) -> Option<String> {
    let [field] = fields else { return None };
    let path = field.path.to_string();
    let after = field.after.as_ref();
    match (&object.kind, path.as_str()) {
        (Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet, "spec.replicas") => {
            // Without a number the API server fills in 1.
            Some(scale(object, after.map_or(Some(1), Value::as_u64)?))
        }
        (Kind::Deployment, "spec.paused") => Some(match after {
            Some(Value::Bool(true)) => pause(object),
            _ => resume(object),
        }),
        (Kind::Node, "spec.unschedulable") => Some(match after {
            Some(Value::Bool(true)) => cordon(&object.name),
            _ => uncordon(&object.name),
        }),
        (kind, RESTARTED) if is_workload(kind) && after.is_some() => Some(restart(object)),
        _ => None,
    }
}

const RESTARTED: &str = "spec.template.metadata.annotations[\"kubectl.kubernetes.io/restartedAt\"]";

/// `kubectl annotate` or `kubectl label`, where nothing else changes.
fn notes(object: &ObjectRef, fields: &[FieldChange]) -> Option<String> {
    for (verb, list) in [("annotate", "annotations"), ("label", "labels")] {
        let words: Option<Vec<String>> = fields.iter().map(|f| note(f, list)).collect();
        if let Some(words) = words {
            return Some(command(
                verb,
                object,
                &format!("{} --overwrite", words.join(" ")),
            ));
        }
    }
    None
}

/// `key=value`, or `key-` for one that goes.
fn note(field: &FieldChange, list: &str) -> Option<String> {
    let [Segment::Key(meta), Segment::Key(within), Segment::Key(key)] = &field.path.0[..] else {
        return None;
    };
    if meta != "metadata" || within != list {
        return None;
    }
    match &field.after {
        None => Some(quoted(&format!("{key}-"))),
        Some(Value::String(value)) => Some(quoted(&format!("{key}={value}"))),
        Some(_) => None,
    }
}

/// What changes in one container of a workload's template: its name and the paths below it.
type Inside<'a> = (&'a str, Vec<(&'a [Segment], &'a FieldChange)>);

fn inside(fields: &[FieldChange]) -> Option<Inside<'_>> {
    let mut container = None;
    let mut below = Vec::new();
    for field in fields {
        let [
            Segment::Key(a),
            Segment::Key(b),
            Segment::Key(c),
            Segment::Key(list),
            Segment::Item { key, value },
            rest @ ..,
        ] = &field.path.0[..]
        else {
            return None;
        };
        let way = [a.as_str(), b, c, list, key];
        let same = *container.get_or_insert(value.as_str()) == value.as_str();
        if way != ["spec", "template", "spec", "containers", "name"] || !same {
            return None;
        }
        below.push((rest, field));
    }
    container.map(|name| (name, below))
}

fn in_container(object: &ObjectRef, fields: &[FieldChange]) -> Option<String> {
    if !is_workload(&object.kind) {
        return None;
    }
    let (container, below) = inside(fields)?;
    image(object, container, &below)
        .or_else(|| environment(object, container, &below))
        .or_else(|| resources(object, container, &below))
}

fn image(
    object: &ObjectRef,
    container: &str,
    below: &[(&[Segment], &FieldChange)],
) -> Option<String> {
    let [([Segment::Key(key)], field)] = below else {
        return None;
    };
    let image = field.after.as_ref()?.as_str().filter(|_| key == "image")?;
    let word = quoted(&format!("{container}={image}"));
    Some(command("set image", object, &word))
}

fn environment(
    object: &ObjectRef,
    container: &str,
    below: &[(&[Segment], &FieldChange)],
) -> Option<String> {
    let words: Option<Vec<String>> = below.iter().map(|(way, f)| variable(way, f)).collect();
    let words = words?.join(" ");
    Some(command(
        "set env",
        object,
        &format!("-c {} {words}", quoted(container)),
    ))
}

/// `NAME=value`, or `NAME-` for one that goes.
fn variable(way: &[Segment], field: &FieldChange) -> Option<String> {
    let [
        Segment::Key(list),
        Segment::Item { value: name, .. },
        rest @ ..,
    ] = way
    else {
        return None;
    };
    if list != "env" {
        return None;
    }
    let value = match (rest, &field.after) {
        ([], None) => return Some(quoted(&format!("{name}-"))),
        ([], Some(whole)) if whole.as_object()?.len() <= 2 => whole.get("value")?,
        ([Segment::Key(key)], Some(value)) if key == "value" => value,
        _ => return None,
    };
    Some(quoted(&format!("{name}={}", value.as_str()?)))
}

/// `kubectl set resources`: what is set only, not what goes.
fn resources(
    object: &ObjectRef,
    container: &str,
    below: &[(&[Segment], &FieldChange)],
) -> Option<String> {
    let (mut limits, mut requests) = (Vec::new(), Vec::new());
    for (way, field) in below {
        let [
            Segment::Key(resources),
            Segment::Key(list),
            Segment::Key(name),
        ] = way
        else {
            return None;
        };
        let amount = match field.after.as_ref()? {
            Value::String(amount) => amount.clone(),
            other => other.to_string(),
        };
        let word = format!("{name}={amount}");
        match (resources.as_str(), list.as_str()) {
            ("resources", "limits") => limits.push(word),
            ("resources", "requests") => requests.push(word),
            _ => return None,
        }
    }
    let flag = |name: &str, words: &[String]| match words {
        [] => None,
        words => Some(format!(" --{name}={}", words.join(","))),
    };
    let flags = [flag("limits", &limits), flag("requests", &requests)];
    let flags: String = flags.into_iter().flatten().collect();
    Some(command(
        "set resources",
        object,
        &format!("-c {}{flags}", quoted(container)),
    ))
}

/// A strategic patch for built-in kinds, else a merge patch.
fn as_patch(object: &ObjectRef, fields: &[FieldChange], before: &Value) -> String {
    let mut after = before.clone();
    patches::apply(&mut after, fields);
    let sides = Sides {
        before,
        after: &after,
    };
    let mut content = json!({});
    let built_in = !matches!(object.kind, Kind::Other(_));
    let paths = || fields.iter().map(|field| &field.path.0[..]);
    if built_in && paths().all(|path| put(&mut content, path, sides).is_some()) {
        return patch(object, PatchType::Strategic, &content);
    }
    patch(object, PatchType::Merge, &between(before, &after))
}

#[derive(Clone, Copy)]
struct Sides<'a> {
    before: &'a Value,
    after: &'a Value,
}

/// Adds the field at a path to a strategic patch; `None` where such a patch cannot say it.
fn put(content: &mut Value, path: &[Segment], sides: Sides<'_>) -> Option<()> {
    let path = &path[..whole_list(path)];
    let (last, way) = path.split_last()?;
    let mut at = &mut *content;
    for segment in way {
        at = step(at, segment)?;
    }
    let place = FieldPath(path.to_vec());
    let (old, new) = (place.get(sides.before), place.get(sides.after));
    match last {
        Segment::Key(key) => {
            // Finalizers are merged too, and know no directive that replaces them.
            if key == "finalizers" && old.is_some() && new.is_some() {
                return None;
            }
            let lists = match merge_key(list_around(way), key) {
                Some(_) => Lists::Merged,
                None => Lists::Replaced,
            };
            let value = replacing(old, new, lists);
            at.as_object_mut()?.insert(key.to_string(), value);
        }
        Segment::Item { key, value } => {
            let item = step(at, last)?;
            *item = match new {
                Some(new) => replacing(old, Some(new), Lists::Replaced),
                None => json!({"$patch": "delete", key.as_str(): key_value(key, value)}),
            };
        }
        Segment::Index(_) => return None,
    }
    if old.is_none() && matches!(last, Segment::Item { .. }) {
        keep_order(content, way, last, sides.after)?;
    }
    Some(())
}

/// New items come first unless the patch says in which order the list shall be.
fn keep_order(content: &mut Value, list: &[Segment], item: &Segment, after: &Value) -> Option<()> {
    let (Segment::Item { key, .. }, Some((Segment::Key(name), way))) = (item, list.split_last())
    else {
        return None;
    };
    let mut at = content;
    for segment in way {
        at = step(at, segment)?;
    }
    let items = FieldPath(list.to_vec()).get(after)?.as_array()?;
    let key = key.as_str();
    let order: Vec<Value> = items.iter().map(|item| json!({key: item[key]})).collect();
    let directive = format!("$setElementOrder/{name}");
    at.as_object_mut()?.insert(directive, order.into());
    Some(())
}

/// What a strategic patch does with a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Merged,
    Replaced,
}

/// What to write so that the new value stands there, whatever stood there before.
fn replacing(old: Option<&Value>, new: Option<&Value>, lists: Lists) -> Value {
    let mut value = new.cloned().unwrap_or(Value::Null);
    if old.is_none() {
        return value;
    }
    match &mut value {
        Value::Object(fields) => drop(fields.insert("$patch".into(), "replace".into())),
        Value::Array(items) if lists == Lists::Merged => {
            items.insert(0, json!({"$patch": "replace"}));
        }
        _ => {}
    }
    value
}

/// How much of a path leads to the first list that is replaced as a whole.
fn whole_list(path: &[Segment]) -> usize {
    let merged = |at: usize| match (&path[at], at.checked_sub(1).map(|list| &path[list])) {
        (Segment::Key(_), _) => true,
        (Segment::Item { key, .. }, Some(Segment::Key(list))) => {
            merge_key(list_around(&path[..at - 1]), list) == Some(key)
        }
        _ => false,
    };
    (0..path.len())
        .find(|at| !merged(*at))
        .unwrap_or(path.len())
}

/// The name of the field, or of the list of the item, at the end of a way.
fn list_around(way: &[Segment]) -> &str {
    let named = way.iter().rev().find_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        _ => None,
    });
    named.unwrap_or_default()
}

/// One step into a patch, made where it is missing.
fn step<'a>(at: &'a mut Value, segment: &Segment) -> Option<&'a mut Value> {
    match segment {
        Segment::Key(key) => {
            let entry = at.as_object_mut()?.entry(key.as_str());
            Some(entry.or_insert_with(|| json!({})))
        }
        Segment::Item { key, value } => {
            if at.as_object().is_some_and(Map::is_empty) {
                *at = json!([]);
            }
            let list = at.as_array_mut()?;
            let wanted = key_value(key, value);
            let found = list.iter().position(|item| item[key.as_str()] == wanted);
            let position = found.unwrap_or_else(|| {
                list.push(json!({key.as_str(): wanted}));
                list.len() - 1
            });
            list.get_mut(position)
        }
        Segment::Index(_) => None,
    }
}

/// The value of a list's key: ports are numbers.
fn key_value(key: &str, value: &str) -> Value {
    match value.parse::<u64>() {
        Ok(number) if matches!(key, "port" | "containerPort") => number.into(),
        _ => value.into(),
    }
}

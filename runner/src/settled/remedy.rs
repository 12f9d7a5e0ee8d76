//! A fix as commands: what differs between the objects as they are and as they would be with it. What is
//! shown is what is tried, and each command has the one that takes it back.

use aegis_model::inspection::Fix;
use serde_json::{Value, json};

/// The commands that make one set of objects of another, and those that take them back; nothing where they
/// are equal.
pub fn commands(before: &[Value], after: &[Value]) -> Option<Fix> {
    let mut fix = Fix::default();
    for object in before {
        match after.iter().find(|one| is_same(one, object)) {
            None => {
                fix.kubectl
                    .push(format!("kubectl{} delete {}", space(object), named(object)));
                fix.undo.push(applied(object));
            }
            Some(changed) if changed != object => {
                fix.kubectl.push(patched(object, changed)?);
                fix.undo.push(patched(changed, object)?);
            }
            Some(_) => {}
        }
    }
    for object in after
        .iter()
        .filter(|one| !before.iter().any(|old| is_same(old, one)))
    {
        fix.kubectl.push(applied(object));
        fix.undo
            .push(format!("kubectl{} delete {}", space(object), named(object)));
    }
    fix.undo.reverse();
    (!fix.kubectl.is_empty()).then_some(fix)
}

fn is_same(one: &Value, other: &Value) -> bool {
    let of = |object: &Value| {
        let word = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        (
            word("/kind"),
            word("/metadata/namespace"),
            word("/metadata/name"),
        )
    };
    of(one) == of(other)
}

fn space(object: &Value) -> String {
    match object
        .pointer("/metadata/namespace")
        .and_then(Value::as_str)
    {
        Some(namespace) => format!(" -n {namespace}"),
        None => String::new(),
    }
}

fn named(object: &Value) -> String {
    let word = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    format!(
        "{}/{}",
        word("/kind").to_ascii_lowercase(),
        word("/metadata/name")
    )
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn applied(object: &Value) -> String {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    format!("echo {} | kubectl apply -f -", quoted(&object.to_string()))
}

/// Kinds most of whose spec cannot be changed: they are made anew.
fn is_fixed(object: &Value) -> bool {
    matches!(
        object["kind"].as_str(),
        Some("Pod" | "Job" | "PersistentVolumeClaim" | "PersistentVolume")
    )
}

fn patched(from: &Value, to: &Value) -> Option<String> {
    let mut operations = Vec::new();
    differ(from, to, "", &mut operations);
    let only_suspend = operations
        .iter()
        .all(|one| one["path"] == "/spec/suspend" || one["path"] == "/spec/parallelism");
    let patch = quoted(&Value::Array(operations).to_string());
    let command = format!(
        "kubectl{} patch {} --type=json -p {patch}",
        space(from),
        named(from)
    );
    Some(match is_fixed(from) && !only_suspend {
        true => format!("{command} --dry-run=client -o yaml | kubectl replace --force -f -"),
        false => command,
    })
}

/// JSON Patch (RFC 6902) operations from one value to another. Lists of another length are replaced whole.
fn differ(from: &Value, to: &Value, path: &str, operations: &mut Vec<Value>) {
    if from == to {
        return;
    }
    let step = |key: &str| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
    match (from, to) {
        (Value::Object(old), Value::Object(new)) => {
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                operations.push(json!({"op": "remove", "path": step(key)}));
            }
            for (key, value) in new {
                match old.get(key) {
                    Some(before) => differ(before, value, &step(key), operations),
                    None => {
                        operations.push(json!({"op": "add", "path": step(key), "value": value}));
                    }
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (at, (before, after)) in old.iter().zip(new).enumerate() {
                differ(before, after, &step(&at.to_string()), operations);
            }
        }
        _ => operations.push(json!({"op": "replace", "path": path, "value": to})),
    }
}

#[cfg(test)]
mod tests {
    use super::commands;
    use serde_json::json;

    #[test]
    fn what_differs_is_what_is_shown_and_its_reverse_takes_it_back() {
        let before = [
            json!({"kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "wbe"}}}),
        ];
        let mut after = before.clone();
        after[0]["spec"]["selector"]["app"] = json!("web");
        let fix = commands(&before, &after).expect("they differ");
        let patch = |value: &str| {
            format!(
                "kubectl -n shop patch service/web --type=json -p '[{{\"op\":\"replace\",\"path\":\"/spec/selector/app\",\"value\":\"{value}\"}}]'"
            )
        };
        assert_eq!(
            (fix.kubectl, fix.undo),
            (vec![patch("web")], vec![patch("wbe")])
        );
        assert!(commands(&before, &before).is_none());
    }

    #[test]
    fn what_goes_is_made_again_and_pods_are_replaced() {
        let pod = json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "x"}]}});
        let mut other = pod.clone();
        other["spec"]["containers"][0]["image"] = json!("it's");
        let fix = commands(std::slice::from_ref(&pod), &[other]).expect("they differ");
        assert!(
            fix.kubectl[0].ends_with("| kubectl replace --force -f -")
                && fix.kubectl[0].contains("it'\\''s")
        );
        let fix = commands(std::slice::from_ref(&pod), &[]).expect("it goes");
        assert_eq!(fix.kubectl, ["kubectl delete pod/a"]);
        assert!(
            fix.undo[0].starts_with("echo '{") && fix.undo[0].ends_with("| kubectl apply -f -")
        );
    }
}

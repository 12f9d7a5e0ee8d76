//! Small edits of a Deployment that stay valid, and the patches in commands.
#![allow(dead_code, reason = "each test file uses a part")]

use serde_json::{Value, json};

/// A Deployment.
pub fn base() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"a": "1"}, "finalizers": ["x/x"]}, "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "a"}},
        "strategy": {},
        "template": {"metadata": {"labels": {"app": "a"}}, "spec": {
            "containers": [
                {"name": "a", "image": "i", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "ports": [{"containerPort": 80}], "args": ["x"], "resources": {},
                 "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 3}},
                {"name": "b", "image": "j", "resources": {"limits": {"cpu": "1"}}}
            ],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "configMap": {"name": "c"}}],
            "tolerations": [{"key": "k", "operator": "Exists"}]
        }}
    }})
}

/// JSON pointers with the values that may stand there.
fn places() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("/metadata/labels/a", vec![json!("2")]),
        ("/metadata/labels/new~1key", vec![json!("it's")]),
        (
            "/metadata/finalizers",
            vec![json!(["y/y"]), json!(["x/x", "y/y"])],
        ),
        ("/spec/replicas", vec![json!(5)]),
        ("/spec/paused", vec![json!(true)]),
        ("/spec/strategy/type", vec![json!("Recreate")]),
        (
            "/spec/template/metadata/labels",
            vec![json!({"app": "a", "more": "x"}), json!({})],
        ),
        ("/spec/template/spec/containers/0/image", vec![json!("k")]),
        (
            "/spec/template/spec/containers/0/args",
            vec![json!(["y", "z"])],
        ),
        (
            "/spec/template/spec/containers/0/env",
            vec![json!([{"name": "B", "value": "3"}, {"name": "A", "value": "1"}])],
        ),
        (
            "/spec/template/spec/containers/0/env/1/value",
            vec![json!("9")],
        ),
        (
            "/spec/template/spec/containers/0/env/1",
            vec![json!({"name": "C", "value": "4"})],
        ),
        (
            "/spec/template/spec/containers/0/ports/0/name",
            vec![json!("web")],
        ),
        (
            "/spec/template/spec/containers/0/livenessProbe",
            vec![json!({"tcpSocket": {"port": 81}})],
        ),
        (
            "/spec/template/spec/containers/0/livenessProbe/periodSeconds",
            vec![json!(4)],
        ),
        (
            "/spec/template/spec/containers/1",
            vec![json!({"name": "c", "image": "l", "resources": {}})],
        ),
        (
            "/spec/template/spec/containers/1/resources/limits/memory",
            vec![json!("1Gi")],
        ),
        (
            "/spec/template/spec/volumes/0",
            vec![json!({"name": "z", "emptyDir": {}})],
        ),
        (
            "/spec/template/spec/volumes/1/configMap/name",
            vec![json!("d")],
        ),
        (
            "/spec/template/spec/tolerations",
            vec![json!([{"key": "l", "operator": "Exists"}])],
        ),
        (
            "/spec/template/spec/tolerations/0/operator",
            vec![json!("Equal")],
        ),
    ]
}

/// The document after some edits: (which place, which value); a number beyond the values takes the
/// place out.
pub fn edited(base: &Value, steps: &[(usize, usize)]) -> Value {
    let places = places();
    let mut document = base.clone();
    for (place, value) in steps {
        let (path, values) = &places[place % places.len()];
        let op = match values.get(value % (values.len() + 1)) {
            Some(value) if document.pointer(path).is_some() => {
                json!([{"op": "replace", "path": path, "value": value}])
            }
            Some(value) => json!([{"op": "add", "path": path, "value": value}]),
            None => json!([{"op": "remove", "path": path}]),
        };
        if let Ok(after) = aegis_kube::patch::patched(&document, &op) {
            document = after;
        }
    }
    document
}

/// The type and content of the patch in a command.
pub fn patch_in(command: &str) -> Option<(String, Value)> {
    let (head, content) = command.split_once(" -p ")?;
    let (_, kind) = head.split_once("--type=")?;
    let inside = content.strip_prefix('\'')?.strip_suffix('\'')?;
    let content = inside.replace(r"'\''", "'");
    Some((kind.to_owned(), serde_json::from_str(&content).ok()?))
}

//! Actions and changes as the kubectl commands that a person would type.
//!
//! A command is one that kubectl 1.34 takes; what has a verb of its own is written
//! with it, the rest as a patch. Namespaces other than `default` are given by `-n`.

mod action;
mod change;
mod exec;
mod shell;

pub use action::{TRAFFIC, render, undo};
pub use change::change;
pub use exec::exec;
pub use shell::quoted;

use crate::yaml;
use aegis_model::kubernetes::ObjectRef;
use serde_json::Value;

/// `kind/name`, as kubectl takes it: `deployment/web`, `rollout.argoproj.io/web`.
#[must_use]
pub fn target(object: &ObjectRef) -> String {
    let kind = object.kind.as_str().to_ascii_lowercase();
    format!("{kind}/{}", object.name)
}

/// `-n NAMESPACE` with a blank before it; nothing for `default` and for cluster-scoped kinds.
fn namespace(object: &ObjectRef) -> String {
    match object.namespace.as_str() {
        "" | "default" => String::new(),
        other => format!(" -n {}", quoted(other)),
    }
}

/// A verb on an object, with what stands behind it.
fn command(verb: &str, object: &ObjectRef, rest: &str) -> String {
    let blank = if rest.is_empty() { "" } else { " " };
    let name = quoted(&target(object));
    format!("kubectl {verb} {name}{}{blank}{rest}", namespace(object))
}

/// `kubectl scale`.
#[must_use]
pub fn scale(object: &ObjectRef, replicas: u64) -> String {
    command("scale", object, &format!("--replicas={replicas}"))
}

/// `kubectl rollout restart`.
#[must_use]
pub fn restart(object: &ObjectRef) -> String {
    command("rollout restart", object, "")
}

/// `kubectl rollout undo`, to the previous revision where none is given.
#[must_use]
pub fn roll_back(object: &ObjectRef, revision: Option<u32>) -> String {
    let to = revision.map(|revision| format!("--to-revision={revision}"));
    command("rollout undo", object, &to.unwrap_or_default())
}

/// `kubectl rollout pause`.
#[must_use]
pub fn pause(object: &ObjectRef) -> String {
    command("rollout pause", object, "")
}

/// `kubectl rollout resume`.
#[must_use]
pub fn resume(object: &ObjectRef) -> String {
    command("rollout resume", object, "")
}

/// `kubectl rollout status`: waits until the rollout is complete.
#[must_use]
pub fn status(object: &ObjectRef, seconds: u32) -> String {
    command("rollout status", object, &format!("--timeout={seconds}s"))
}

/// `kubectl cordon`.
#[must_use]
pub fn cordon(node: &str) -> String {
    format!("kubectl cordon {}", quoted(node))
}

/// `kubectl uncordon`.
#[must_use]
pub fn uncordon(node: &str) -> String {
    format!("kubectl uncordon {}", quoted(node))
}

/// `kubectl drain`, which also cordons.
#[must_use]
pub fn drain(node: &str) -> String {
    let flags = "--ignore-daemonsets --delete-emptydir-data --force";
    format!("kubectl drain {} {flags}", quoted(node))
}

/// `kubectl delete`.
#[must_use]
pub fn delete(object: &ObjectRef) -> String {
    command("delete", object, "")
}

/// What sort of patch a patch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// Lists are merged by their keys; built-in kinds only.
    Strategic,
    /// RFC 7386: lists are replaced.
    Merge,
    /// RFC 6902.
    Json,
}

/// `kubectl patch` with compact JSON.
#[must_use]
pub fn patch(object: &ObjectRef, kind: PatchType, patch: &Value) -> String {
    let flag = match kind {
        PatchType::Strategic => "--type=strategic",
        PatchType::Merge => "--type=merge",
        PatchType::Json => "--type=json",
    };
    let content = quoted(&patch.to_string());
    command("patch", object, &format!("{flag} -p {content}"))
}

/// `kubectl apply -f -` with the document in it; fields that the server sets are left out.
#[must_use]
pub fn apply(document: &Value) -> String {
    let text = yaml::to_string(&without_server_fields(document));
    let mut mark = String::from("EOF");
    while text.lines().any(|line| line == mark) {
        mark.push('_');
    }
    format!("kubectl apply -f - <<'{mark}'\n{text}{mark}")
}

fn without_server_fields(document: &Value) -> Value {
    const SET: [&str; 6] = [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "managedFields",
        "selfLink",
    ];
    let mut document = document.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("status");
    }
    if let Some(meta) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.retain(|key, _| !SET.contains(&key.as_str()));
    }
    document
}

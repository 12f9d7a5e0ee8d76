//! Repairs as commands: in a container, at a node, on an add-on.

use super::{namespace, quoted, target};
use aegis_model::kubernetes::{Container, ObjectRef};
use aegis_model::procedure::{Procedure, Site, Software, Way};
use serde::Deserialize;
use serde_json::Value;

/// What a node or a pod is looked into with: an image that has the tools.
const AT_NODE: &str = "-i --image=busybox:1.36 --profile=sysadmin -- chroot /host sh -c";
const AT_POD: &str = "-i --image=nicolaka/netshoot:v0.13 --profile=netadmin -- sh -c";

/// The commands of a repair, or those that take it back; none where no command is known for what runs there.
#[must_use]
pub fn exec(object: &ObjectRef, document: &Value, procedure: Procedure, way: Way) -> Vec<String> {
    let known = procedure.command(software(document));
    let command = known.and_then(|known| match way {
        Way::Done => Some(known.done),
        Way::TakenBack => known.back,
    });
    command.map_or_else(Vec::new, |command| {
        vec![line(object, document, procedure, command)]
    })
}

/// What a workload's first container runs.
fn software(document: &Value) -> Option<Software> {
    let of_template = &document["spec"]["template"]["spec"]["containers"][0];
    let first = if of_template.is_object() {
        of_template
    } else {
        &document["spec"]["containers"][0]
    };
    Software::of(&Container::deserialize(first).ok()?)
}

fn line(object: &ObjectRef, document: &Value, procedure: Procedure, command: &str) -> String {
    if command.starts_with("kubectl ") {
        let namespace = match object.namespace.as_str() {
            "" => "default",
            other => other,
        };
        return command
            .replace("$name", &quoted(&object.name))
            .replace("$ns", &quoted(namespace));
    }
    let inside = quoted(command);
    match procedure.facts().site {
        Site::Interface if object.kind != aegis_model::kubernetes::Kind::Node => {
            let pods = selected(object, document);
            format!(
                "kubectl get pods{} {pods} -o name | xargs -I{{}} kubectl debug {{}}{} {AT_POD} {inside}",
                namespace(object),
                namespace(object)
            )
        }
        Site::Node | Site::Interface => {
            format!(
                "kubectl debug {} {AT_NODE} {inside}",
                quoted(&target(object))
            )
        }
        _ => format!(
            "kubectl exec {}{} -- sh -c {inside}",
            quoted(&target(object)),
            namespace(object)
        ),
    }
}

/// The pods of a workload, as its selector has them; a bare pod by its name.
fn selected(object: &ObjectRef, document: &Value) -> String {
    let labels = document["spec"]["selector"]["matchLabels"].as_object();
    let labels = labels.into_iter().flatten().filter_map(|(key, value)| {
        let value = value.as_str()?;
        Some(format!("{key}={value}"))
    });
    let labels: Vec<String> = labels.collect();
    if labels.is_empty() {
        return quoted(&object.name);
    }
    format!("-l {}", quoted(&labels.join(",")))
}

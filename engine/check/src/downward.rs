//! What of a pod and of its containers variables and files may show.
//!
//! Source: pkg/apis/core/validation `validateObjectFieldSelector`, `validateContainerResourceFieldSelector`;
//! pkg/apis/core/pods `ConvertDownwardAPIFieldLabel`.

use super::findings::Findings;
use super::values;
use aegis_model::FieldPath;
use serde_json::Value;

/// Fields that a variable may show.
const OF_VARIABLES: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Fields that a file may show.
const OF_FILES: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];
/// Further fields that have a name here, and that neither may show.
const NAMED: [&str; 3] = ["spec.restartPolicy", "spec.schedulerName", "status.phase"];
/// Fields of which one entry may be shown.
const MAPPINGS: [&str; 2] = ["metadata.annotations", "metadata.labels"];
/// Resources of a container.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const HUGE: [&str; 2] = ["limits.hugepages-", "requests.hugepages-"];

/// Variables of containers and files of volumes, of a pod's spec at `path`.
pub fn of_pod(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    for list in ["initContainers", "containers"] {
        for (container, at) in values::items(spec, path, list) {
            for (variable, at) in values::items(container, &at, "env") {
                let at = at.key("valueFrom");
                shown(&variable["valueFrom"], &at, &OF_VARIABLES, findings);
            }
        }
    }
    for (volume, at) in values::items(spec, path, "volumes") {
        files(&volume["downwardAPI"], &at.key("downwardAPI"), findings);
        let at = at.key("projected");
        for (source, at) in values::items(&volume["projected"], &at, "sources") {
            files(&source["downwardAPI"], &at.key("downwardAPI"), findings);
        }
    }
}

fn files(source: &Value, path: &FieldPath, findings: &mut Findings) {
    for (file, at) in values::items(source, path, "items") {
        let of = &file["resourceFieldRef"];
        if of.is_object() && of["containerName"].as_str().is_none_or(str::is_empty) {
            findings.required(&at.key("resourceFieldRef").key("containerName"), "");
        }
        shown(file, &at, &OF_FILES, findings);
    }
}

fn shown(of: &Value, path: &FieldPath, fields: &[&'static str], findings: &mut Findings) {
    if let Some(name) = of["fieldRef"]["fieldPath"].as_str() {
        field(name, &path.key("fieldRef"), fields, findings);
    }
    let name = of["resourceFieldRef"]["resource"]
        .as_str()
        .unwrap_or_default();
    if !HUGE.iter().any(|huge| name.starts_with(huge)) {
        let at = path.key("resourceFieldRef").key("resource");
        findings.one_of(&at, name, &RESOURCES);
    }
}

fn field(name: &str, path: &FieldPath, fields: &[&'static str], findings: &mut Findings) {
    let at = path.key("fieldPath");
    let entry = name
        .strip_suffix("']")
        .and_then(|name| name.split_once("['"));
    if let Some((mapping, _)) = entry {
        if !MAPPINGS.contains(&mapping) {
            let detail = format!(
                "error converting fieldPath: field label does not support subscript: {name}"
            );
            findings.invalid(&at, name, &detail);
        }
        return;
    }
    let known = [&OF_VARIABLES[..], &OF_FILES, &NAMED];
    if name.is_empty() || known.iter().any(|list| list.contains(&name)) {
        findings.one_of(&at, name, fields);
    } else {
        let detail = format!("error converting fieldPath: field label not supported: {name}");
        findings.invalid(&at, name, &detail);
    }
}

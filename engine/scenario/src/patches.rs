//! Changes of what is included, before the start. They leave no entry in the record.

use crate::diagnostic::{Code, Finding, child};
use crate::format::PatchOf;
use crate::names;
use aegis_kube::Document;
use aegis_model::FieldPath;
use serde_json::Value;
use std::sync::Arc;

/// Applies a patch to the manifest that it names.
///
/// # Errors
/// What is wrong with it, at its place in the scenario.
pub fn apply(manifests: &mut [Document], patch: &PatchOf, path: &FieldPath) -> Result<(), Finding> {
    let wanted = names::object(&patch.object);
    let here = path.key("object");
    let position = manifests
        .iter()
        .position(|document| Some(document.reference()) == wanted);
    let Some(document) = position.and_then(|position| manifests.get_mut(position)) else {
        let known: Vec<_> = manifests.iter().map(Document::reference).collect();
        let meant =
            wanted.and_then(|wanted| names::meant(&wanted, &known.iter().collect::<Vec<_>>()));
        let message = format!("no object `{}` is among the manifests", patch.object);
        let finding = Finding::new(Code::UnknownObject, &here, &patch.object, message);
        return Err(match meant {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => finding,
        });
    };
    let changed = patched(&document.value, patch, path)?;
    document.value = Arc::new(changed);
    Ok(())
}

/// `document` with a patch applied to it.
///
/// # Errors
/// Why the patch does not apply, at its place in the scenario.
pub fn patched(document: &Value, patch: &PatchOf, path: &FieldPath) -> Result<Value, Finding> {
    if let Some(merge) = &patch.merge {
        return Ok(aegis_kube::patch::merged(document, merge));
    }
    let Some(json) = &patch.json else {
        return Ok(document.clone());
    };
    aegis_kube::patch::patched(document, json).map_err(|error| {
        let here = child(&path.key("json"), error.operation);
        Finding::new(Code::Patch, &here, "", error.to_string())
    })
}

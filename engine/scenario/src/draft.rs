//! The manifests as a true cluster that has not begun to run.

use crate::diagnostic::{Code, Finding};
use crate::load::{Loaded, locate, nowhere};
use crate::storage::assumed_class;
use aegis_kube::Diagnostic;
use aegis_model::{Doc, FieldPath};
use aegis_sim::api::ApiError;
use aegis_world::{Founded, Refused};
use std::sync::Arc;

/// The documents of a cluster: nodes that are made first, then the manifests, and the class that
/// they rely on.
fn documents(loaded: &Loaded) -> Vec<Doc> {
    let nodes = loaded.nodes.iter().map(|node| Arc::new(node.clone()));
    nodes
        .chain(
            loaded
                .manifests
                .iter()
                .map(|document| document.value.clone()),
        )
        .chain(assumed_class(&loaded.manifests).map(Arc::new))
        .collect()
}

/// The cluster of a scenario before its first second.
///
/// # Errors
/// Every document that the API server refuses, at its place.
pub fn found(loaded: &Loaded) -> Result<Founded, Vec<Diagnostic>> {
    Founded::new(&documents(loaded)).map_err(|refused| {
        refused
            .iter()
            .map(|refused| shown(loaded, refused))
            .collect()
    })
}

fn shown(loaded: &Loaded, refused: &Refused) -> Diagnostic {
    let path = match &refused.error {
        ApiError::Invalid(invalid) => invalid.path.parse().unwrap_or_default(),
        _ => FieldPath::default(),
    };
    let finding = Finding::new(Code::Refused, &path, "", refused.error.to_string());
    let manifest = refused
        .document
        .checked_sub(loaded.nodes.len())
        .and_then(|at| loaded.manifests.get(at));
    manifest.map_or_else(|| nowhere(&finding), |manifest| locate(manifest, &finding))
}

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

/// Takes the manifests away that the API server would refuse, and keeps why. Without one of them another may
/// be refused, and so on: each round takes at least one.
///
/// # Errors
/// All that is refused, where nothing else is left.
pub fn set_refused_aside(loaded: &mut Loaded) -> Result<(), Vec<Diagnostic>> {
    let first = loaded.nodes.len();
    while let Err(refused) = Founded::new(&documents(loaded)) {
        let told = refused.iter().map(|one| shown(loaded, one));
        let told: Vec<Diagnostic> = told.collect();
        let places: Vec<usize> = refused.iter().map(|one| one.document).collect();
        let mut place = first;
        let before = loaded.manifests.len();
        loaded.manifests.retain(|_| {
            place += 1;
            !places.contains(&(place - 1))
        });
        loaded.refused.extend(told);
        if loaded.manifests.len() == before {
            break;
        }
    }
    match loaded.manifests.is_empty() && !loaded.refused.is_empty() {
        true => Err(std::mem::take(&mut loaded.refused)),
        false => Ok(()),
    }
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

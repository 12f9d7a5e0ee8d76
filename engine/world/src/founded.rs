//! A true cluster before anything happens in it.

use crate::truth::Truth;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{Doc, Objects, Tick};
use aegis_sim::api::{self, Actor, ApiError};
use aegis_sim::workings::header_mut;
use aegis_sim::{Cluster, Workings};

/// A cluster that holds its manifests and has not begun to run. What it shows can be read, so that
/// behaviour can be inferred and names resolved, before it becomes a world.
#[derive(Debug, Clone)]
pub struct Founded {
    pub(crate) cluster: Cluster<Truth>,
}

/// A document that the API server would refuse.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("document {document}: {error}")]
pub struct Refused {
    /// Its position among those that were given.
    pub document: usize,
    /// Why.
    pub error: ApiError,
}

impl Founded {
    /// Creates all documents, unrecorded; owners before what they own, otherwise in their order.
    ///
    /// # Errors
    /// All documents that are refused; the others are created none the less, but no cluster is given.
    pub fn new(documents: &[Doc]) -> Result<Self, Vec<Refused>> {
        let mut cluster = Cluster::new(
            Truth::new(),
            Objects::default(),
            Workings::default(),
            Tick(0),
        );
        let mut order: Vec<usize> = (0..documents.len()).collect();
        order.sort_by_key(|index| rank(&documents[*index]));
        let create = |index: usize| {
            let created = api::create(&mut cluster, documents[index].clone(), Actor::Unrecorded);
            created.err().map(|error| Refused {
                document: index,
                error,
            })
        };
        let refused: Vec<Refused> = order.into_iter().filter_map(create).collect();
        if refused.is_empty() {
            go_on(&mut cluster, documents);
            Ok(Self { cluster })
        } else {
            Err(refused)
        }
    }

    /// What the API server shows.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.cluster.objects
    }
}

/// What a dump shows on its way out goes on going. Pods do so by themselves, each with its grace.
fn go_on(cluster: &mut Cluster<Truth>, documents: &[Doc]) {
    let going = documents
        .iter()
        .filter(|document| document["metadata"]["deletionTimestamp"].is_string());
    for document in going.filter(|document| document["kind"] != "Pod") {
        let Ok((object, _)) = api::identify(document) else {
            continue;
        };
        if object.kind == Kind::Namespace && is_held_by_strangers(documents, document) {
            mark(cluster, &object);
        } else {
            // Created a moment ago: it is there, and whatever holds it holds it again.
            let _ = api::delete(cluster, &object, Actor::Unrecorded);
        }
    }
}

/// Whether something that is not in the dump keeps a Namespace: its conditions say that something does, and nothing
/// lies in it.
fn is_held_by_strangers(documents: &[Doc], namespace: &Doc) -> bool {
    let inside = |other: &Doc| other["metadata"]["namespace"] == namespace["metadata"]["name"];
    let mut conditions = namespace["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    conditions.any(|row| row["status"] == "True") && !documents.iter().any(inside)
}

/// Its deletion was asked for, and nothing here ends it.
fn mark(cluster: &mut Cluster<Truth>, object: &ObjectRef) {
    let now = cluster.clock;
    let slot = api::find(cluster, object);
    if let Some(header) = slot.and_then(|slot| header_mut(&mut cluster.objects, slot)) {
        header.deletion = Some(now);
    }
}

fn rank(document: &Doc) -> u8 {
    api::creation_rank(&Kind::from(document["kind"].as_str().unwrap_or_default()))
}

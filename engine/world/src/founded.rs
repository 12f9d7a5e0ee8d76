//! A true cluster before anything happens in it.

use crate::truth::Truth;
use aegis_model::kubernetes::Kind;
use aegis_model::{Doc, Objects, Tick};
use aegis_sim::api::{self, Actor, ApiError};
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

fn rank(document: &Doc) -> u8 {
    api::creation_rank(&Kind::from(document["kind"].as_str().unwrap_or_default()))
}

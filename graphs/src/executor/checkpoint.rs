//! Digests, and what a run is resumed from.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::domain::Domain;
use super::graph::Graph;
use super::replay::Entry;
use super::run::{FeedError, Run};

/// A BLAKE3 hash; hexadecimal in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(blake3::Hash);

impl Digest {
    /// The hash of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes))
    }
}

impl Digest {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        *self.0.as_bytes()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_hex())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        let hex = String::deserialize(deserializer)?;
        blake3::Hash::from_hex(hex)
            .map(Self)
            .map_err(de::Error::custom)
    }
}

/// A state that cannot be written as JSON, such as a map whose keys are no strings.
#[derive(Debug, thiserror::Error)]
#[error("the state has no digest: {0}")]
pub struct DigestError(#[from] serde_json::Error);

/// The digest of a state: the hash of its JSON. The state must serialise in one order only.
///
/// # Errors
/// If it does not serialise.
pub fn digest<S: Serialize>(state: &S) -> Result<Digest, DigestError> {
    Ok(Digest::of(&serde_json::to_vec(state)?))
}

/// What a run is resumed from, together with its graph and first state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "I: Serialize + de::DeserializeOwned, W: Serialize + de::DeserializeOwned")]
pub struct Checkpoint<I, W> {
    /// [`Graph::name`].
    pub graph: String,
    /// [`Graph::version`].
    pub version: Digest,
    /// [`digest`] of the first state.
    pub initial: Digest,
    /// All that came in.
    pub log: Vec<Entry<I, W>>,
}

/// Why a checkpoint was not resumed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// It was made by another graph, or another version.
    #[error(
        "the checkpoint is of graph `{found}` or another version of it, not of this `{expected}`"
    )]
    OtherGraph {
        /// The graph given.
        expected: String,
        /// The graph of the checkpoint.
        found: String,
    },
    /// It began from another state.
    #[error("the checkpoint began from state {found}, not from {expected}")]
    OtherState {
        /// Digest of the state given.
        expected: Digest,
        /// Digest in the checkpoint.
        found: Digest,
    },
    /// The state has no digest.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The log does not fit.
    #[error(transparent)]
    Log(#[from] FeedError),
}

/// The checkpoint of a domain's runs.
pub(super) type CheckpointOf<D> = Checkpoint<<D as Domain>::Input, <D as Domain>::Write>;

impl<D: Domain> Run<D> {
    /// The checkpoint as of now; `initial` is the digest of the state that the run was started with.
    #[must_use]
    pub fn checkpoint(&self, initial: Digest) -> CheckpointOf<D>
    where
        D::Input: Clone,
        D::Write: Clone,
    {
        let (graph, version) = (self.graph().name().to_owned(), self.graph().version());
        Checkpoint {
            graph,
            version,
            initial,
            log: self.log().to_vec(),
        }
    }

    /// Replays a checkpoint, after a check that it is one of this graph and first state.
    ///
    /// # Errors
    /// [`ResumeError`] names what does not fit.
    pub fn resume(
        graph: Arc<Graph<D>>,
        state: D::State,
        checkpoint: &CheckpointOf<D>,
    ) -> Result<Self, ResumeError>
    where
        D::State: Serialize,
    {
        if graph.name() != checkpoint.graph || graph.version() != checkpoint.version {
            let (expected, found) = (graph.name().to_owned(), checkpoint.graph.clone());
            return Err(ResumeError::OtherGraph { expected, found });
        }
        let (expected, found) = (digest(&state)?, checkpoint.initial);
        if expected != found {
            return Err(ResumeError::OtherState { expected, found });
        }
        Ok(Self::replay(graph, state, &checkpoint.log)?)
    }
}

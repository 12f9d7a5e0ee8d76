//! Vectors behind one port, with two stores: sqlite-vec in the memory's own file, and a Qdrant server.
//!
//! A vector belongs to a space: the embedder's name and version, and how many numbers. Vectors of two spaces
//! are never compared. The file always holds every vector; a server holds a copy that is searched in its
//! place, and that is made good whenever a memory is opened with it.

mod embedded;
#[cfg(feature = "qdrant")]
mod qdrant;
mod register;

pub use embedded::Embedded;
#[cfg(feature = "qdrant")]
pub use qdrant::{Address, Qdrant};
pub use register::register;

use crate::error::MemoryError;
use smol_str::SmolStr;

/// Whose vectors these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Name of the embedder.
    pub embedder: SmolStr,
    /// Its version.
    pub version: u32,
    /// Numbers of a vector.
    pub dimensions: usize,
}

/// What a vector is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An incident's signature.
    Episode,
    /// A part of a text.
    Text,
}

impl Kind {
    /// As a store keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Episode => "episode",
            Self::Text => "text",
        }
    }

    /// Of a name that a store keeps.
    pub(crate) fn named(name: &str) -> Self {
        if name == Self::Episode.name() {
            Self::Episode
        } else {
            Self::Text
        }
    }
}

/// A vector to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is of.
    pub id: SmolStr,
    /// Of what kind that is.
    pub kind: Kind,
    /// The vector, of length 1.
    pub vector: Vec<f32>,
}

/// A vector that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// What it is of.
    pub id: SmolStr,
    /// Cosine to the query, −1..=1.
    pub score: f64,
}

/// Keeps vectors and finds the nearest.
pub trait Vectors {
    /// Keeps vectors; one of the same id takes the place of the old one.
    ///
    /// # Errors
    /// A vector of another length than the space has; what the store reports.
    fn put(&self, space: &Space, items: &[Item]) -> Result<(), MemoryError>;

    /// The nearest of a kind, the nearest first, at most `count`.
    ///
    /// # Errors
    /// A query of another length than the space has; what the store reports.
    fn nearest(
        &self,
        space: &Space,
        kind: Kind,
        query: &[f32],
        count: usize,
    ) -> Result<Vec<Hit>, MemoryError>;

    /// Takes vectors away; what is not there is no error.
    ///
    /// # Errors
    /// What the store reports.
    fn remove(&self, space: &Space, ids: &[SmolStr]) -> Result<(), MemoryError>;

    /// What there are vectors of in a space, in any order.
    ///
    /// # Errors
    /// What the store reports.
    fn ids(&self, space: &Space) -> Result<Vec<SmolStr>, MemoryError>;

    /// How many there are of a space.
    ///
    /// # Errors
    /// What the store reports.
    fn count(&self, space: &Space) -> Result<u64, MemoryError>;
}

/// A score as every store tells it: to four digits, in which they agree whatever they sum in.
pub(crate) fn told(score: f64) -> f64 {
    (score * 1e4).round() / 1e4
}

/// Holds that a vector has as many numbers as its space.
pub(crate) fn fits(space: &Space, vector: &[f32]) -> Result<(), MemoryError> {
    if vector.len() == space.dimensions {
        return Ok(());
    }
    Err(MemoryError::Length {
        found: vector.len(),
        wanted: space.dimensions,
    })
}

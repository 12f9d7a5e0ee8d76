//! Vectors behind one port; the store that there is, is sqlite-vec in the memory's own file.
//!
//! A vector belongs to a space: the embedder's name and version, and how many numbers. Vectors of two spaces
//! are never compared.

mod embedded;
mod register;

pub use embedded::Embedded;
pub use register::register;

use crate::error::MemoryError;
use smol_str::SmolStr;

/// Whose vectors these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Name of the embedder.
    pub embedder: &'static str,
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

    /// How many there are of a space.
    ///
    /// # Errors
    /// What the store reports.
    fn count(&self, space: &Space) -> Result<u64, MemoryError>;
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

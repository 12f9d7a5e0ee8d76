//! A cluster: what the API server shows, and what nobody can read.

use crate::workings::Workings;
use aegis_model::{Objects, Tick};

/// A simulated cluster. `P` marks whose it is: a world's true one, or a twin's
/// estimated one. Nothing converts one into the other, because each marker is
/// private to its crate.
#[derive(Debug, Clone)]
pub struct Cluster<P> {
    /// What the API server shows.
    pub objects: Objects,
    /// Service behaviour, queues, memory, timers: what an operator cannot read.
    pub workings: Workings,
    /// The second that the next tick computes.
    pub clock: Tick,
    marker: P,
}

impl<P: Clone> Cluster<P> {
    /// A cluster at `clock`, marked.
    #[must_use]
    pub const fn new(marker: P, objects: Objects, workings: Workings, clock: Tick) -> Self {
        Self {
            objects,
            workings,
            clock,
            marker,
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn marker(&self) -> &P {
        &self.marker
    }

    /// A copy that shares memory until written.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }
}

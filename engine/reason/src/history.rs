//! The observed past, bounded.

use aegis_model::{Observation, Tick};
use std::sync::Arc;

/// Observations kept: 40 min at a scrape each 15 s.
pub const KEPT: usize = 160;

/// Observations in order of time, the last [`KEPT`] of them.
#[derive(Debug, Default, Clone)]
pub struct History {
    observations: Vec<Arc<Observation>>,
}

impl History {
    /// Adds the newest observation; the oldest goes when there are too many.
    pub fn push(&mut self, observation: Arc<Observation>) {
        debug_assert!(self.latest().is_none_or(|last| last.at < observation.at));
        if self.observations.len() == KEPT {
            self.observations.remove(0);
        }
        self.observations.push(observation);
    }

    /// The newest observation.
    #[must_use]
    pub fn latest(&self) -> Option<&Arc<Observation>> {
        self.observations.last()
    }

    /// All, oldest first.
    #[must_use]
    pub fn all(&self) -> &[Arc<Observation>] {
        &self.observations
    }

    /// Those with `from < at ≤ until`.
    #[must_use]
    pub fn between(&self, from: Tick, until: Tick) -> &[Arc<Observation>] {
        let start = self.observations.partition_point(|seen| seen.at <= from);
        let end = self.observations.partition_point(|seen| seen.at <= until);
        &self.observations[start..end.max(start)]
    }

    /// The newest observation at or before `at`; the oldest where there is none.
    #[must_use]
    pub fn at_or_before(&self, at: Tick) -> Option<&Arc<Observation>> {
        let end = self.observations.partition_point(|seen| seen.at <= at);
        self.observations.get(end.saturating_sub(1))
    }
}

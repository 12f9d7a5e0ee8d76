//! Statuses of Jobs and CronJobs.

use crate::ids::WorkloadId;
use crate::units::Tick;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// What the status of a Job or CronJob has beside counts and conditions.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchStatus {
    /// Another kind.
    #[default]
    None,
    /// A Job.
    Job(JobStatus),
    /// A CronJob.
    CronJob(CronJobStatus),
}

/// `status:` of a Job; `ready` and `conditions` stand with those of other workloads.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// `active`: pods that are pending or running and not terminating.
    pub active: u32,
    /// `terminating`.
    pub terminating: u32,
    /// `succeeded`.
    pub succeeded: u32,
    /// `failed`.
    pub failed: u32,
    /// `startTime`.
    pub started: Option<Tick>,
    /// `completionTime`.
    pub completed: Option<Tick>,
    /// `completedIndexes`.
    pub completed_indexes: Indexes,
    /// `failedIndexes`, where there is a limit per index.
    pub failed_indexes: Option<Indexes>,
}

/// `status:` of a CronJob.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronJobStatus {
    /// `active`: its Jobs that are not over.
    pub active: Vec<WorkloadId>,
    /// `lastScheduleTime`.
    pub last_schedule: Option<Tick>,
    /// `lastSuccessfulTime`.
    pub last_success: Option<Tick>,
}

/// A set of completion indexes, as intervals in order.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexes(Vec<(u32, u32)>);

impl Indexes {
    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Whether one is among them.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        let holds = |(first, last): &(u32, u32)| (*first..=*last).contains(&index);
        self.0.iter().any(holds)
    }

    /// Adds one.
    pub fn insert(&mut self, index: u32) {
        if self.contains(index) {
            return;
        }
        let place = self.0.partition_point(|(first, _)| *first < index);
        self.0.insert(place, (index, index));
        self.0.dedup_by(|next, kept| {
            let joins = kept.1 + 1 == next.0;
            if joins {
                kept.1 = next.1;
            }
            joins
        });
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Reads `0-2,4`; indexes from `completions` on are left out. `None` where it is malformed.
    #[must_use]
    pub fn parse(text: &str, completions: u32) -> Option<Self> {
        let mut indexes = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            let end = last.saturating_add(1).min(completions);
            (first..end).for_each(|index| indexes.insert(index));
        }
        Some(indexes)
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (first, last)) in self.0.iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Indexes;
    use alloc::string::ToString;

    /// Source: indexed_job_utils_test.go `TestCalculateSucceededIndexes`.
    #[test]
    fn indexes_are_told_as_intervals() {
        for (given, told) in [
            ("", ""),
            ("3", "3"),
            ("1,0", "0,1"),
            ("4,2,3,7", "2-4,7"),
            ("0-3,5,6,9-11", "0-3,5,6,9-11"),
        ] {
            let indexes = Indexes::parse(given, 100);
            assert_eq!(indexes.map(|i| i.to_string()).as_deref(), Some(told));
        }
        assert_eq!(Indexes::parse("a", 9), None);
        assert_eq!(Indexes::parse("0-9", 4).map(|i| i.total()), Some(4));
    }
}

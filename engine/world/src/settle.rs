//! The settled start: a cluster runs unrecorded until it is up, then for the observed past.

use crate::world::World;
use aegis_model::WorkloadId;
use aegis_model::objects::PodPhase;

/// Longest wait for all workloads, s.
const LONGEST: u32 = 15 * 60;
/// Seconds under load before time 0: the observed past.
pub const PAST: u32 = 300;

/// How settling ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Seconds that it took.
    pub seconds: u32,
    /// Workloads that did not come up in time.
    pub unavailable: Vec<WorkloadId>,
}

impl World {
    /// Runs until all workloads are available, at most 15 min, and puts time 0 [`PAST`] seconds
    /// ahead: what comes until then is the past that an operator has seen. Nothing that is
    /// scheduled happens before time 0.
    pub fn settle(&mut self) -> Settled {
        let mut seconds = 0;
        while seconds < LONGEST && (seconds == 0 || !self.unavailable().is_empty()) {
            self.second();
            seconds += 1;
        }
        self.origin = self.cluster.clock.after(PAST);
        self.cluster.workings.meters.restart(self.cluster.clock);
        self.cluster.workings.pods.restart_sums();
        Settled {
            seconds,
            unavailable: self.unavailable(),
        }
    }

    /// Workloads that have fewer ready pods than they want.
    #[must_use]
    pub fn unavailable(&self) -> Vec<WorkloadId> {
        let rows = self.cluster.objects.workloads.enumerate();
        rows.filter(|(_, row)| row.header.exists())
            .map(|(index, _)| index.into())
            .filter(|id| !self.is_available(*id))
            .collect()
    }

    fn is_available(&self, id: WorkloadId) -> bool {
        let row = &self.cluster.objects.workloads[id.index()];
        let pods = row
            .pods
            .iter()
            .map(|pod| &self.cluster.objects.pods[pod.index()]);
        let up = pods
            .filter(|pod| pod.exists() && (pod.is_ready() || pod.phase == PodPhase::Succeeded))
            .count() as u32;
        match row.spec.replicas() {
            Some(wanted) => up >= wanted,
            None => row.status.observed_generation > 0 && up >= row.status.desired,
        }
    }
}

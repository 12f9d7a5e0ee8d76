//! A cluster built from what was observed.
//!
//! A twin's only constructor takes observations and a calibration; twins fork
//! from twins. Nothing here can be given a world.

use crate::calibrate::Calibration;
use crate::estimated::Estimated;
use aegis_model::objects::ContainerState;
use aegis_model::{Behaviour, ChangeRecord, Observation, PodId, TemplateId, Tick};
use aegis_sim::Cluster;
use aegis_sim::api::Actor;
use aegis_sim::workings::EntryLoad;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Observations in which a sample is looked for: a scrape misses some.
const NEWEST: usize = 4;

/// A cluster as it is estimated to be.
#[derive(Debug, Clone)]
pub struct Twin {
    pub(crate) cluster: Cluster<Estimated>,
    /// Revisions whose behaviour was learnt, by workload.
    pub(crate) revisions: Arc<Vec<TemplateId>>,
}

impl Twin {
    /// The twin of the newest of these observations; `None` without any.
    #[must_use]
    pub fn from_history(
        observations: &[Arc<Observation>],
        calibration: &Calibration,
    ) -> Option<Self> {
        let latest = observations.last()?;
        let mut workings = aegis_sim::api::adopt(&latest.objects, latest.at);
        workings.load = loads(observations);
        let mut twin = Self {
            cluster: Cluster::new(
                Estimated::mark(),
                latest.objects.clone(),
                workings,
                latest.at,
            ),
            revisions: Arc::clone(&calibration.revisions),
        };
        twin.believe(&calibration.draw(aegis_sim::Draws::new(0), 0));
        twin.assimilate(observations);
        aegis_sim::step::kubelet::prepare(&mut twin.cluster);
        Some(twin)
    }

    /// A copy that shares memory until written.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            cluster: self.cluster.fork(),
            revisions: Arc::clone(&self.revisions),
        }
    }

    /// The second that it plays next.
    #[must_use]
    pub fn clock(&self) -> Tick {
        self.cluster.clock
    }

    /// Takes these parameters for true. Of workloads that came since they were learnt nothing is known.
    pub(crate) fn believe(&mut self, behaviours: &[Option<Arc<Behaviour>>]) {
        let unknown = self
            .cluster
            .objects
            .workloads
            .len()
            .saturating_sub(behaviours.len());
        let unknown = std::iter::repeat_n(None, unknown);
        self.cluster.workings.behaviours = behaviours.iter().cloned().chain(unknown).collect();
        self.cluster.workings.index.topology_dirty = true;
    }

    /// Plays a recorded change as it was made.
    pub(crate) fn replay(&mut self, record: &ChangeRecord) {
        // What cannot be applied to the twin leaves it as it is: the hypothesis then predicts worse.
        let _ = aegis_sim::api::apply(
            &mut self.cluster,
            &record.change,
            Actor::Recorded(&record.actor),
        );
    }

    /// Memory as it was last measured: what a request in flight does not explain has grown.
    fn assimilate(&mut self, observations: &[Arc<Observation>]) {
        let mut held = BTreeSet::new();
        for seen in observations.iter().rev().take(NEWEST) {
            for sample in &seen.samples.pods {
                if held.insert(sample.pod) && self.ran_at(sample.pod, seen.at) {
                    self.hold(sample.pod, sample.memory);
                }
            }
        }
    }

    /// Whether what runs in a pod now ran then already: a container that ended has freed its memory.
    fn ran_at(&self, pod: PodId, at: Tick) -> bool {
        let containers = &self.cluster.objects.pods[pod.index()].containers;
        containers.iter().all(|status| match &status.state {
            ContainerState::Running { since } => *since <= at,
            ContainerState::Waiting { .. } | ContainerState::Terminated(_) => false,
        })
    }

    fn hold(&mut self, pod: PodId, memory: f64) {
        let workload = self.cluster.objects.pods[pod.index()].workload;
        let Some(base) = self
            .cluster
            .workings
            .behaviour(workload)
            .map(|b| b.memory_base.0 as f64)
        else {
            return;
        };
        let (chunk, row) = self.cluster.workings.pods.at_mut(pod);
        chunk.memory[row] = memory as f32;
        chunk.grown[row] = if memory > 1.1 * base {
            memory - base
        } else {
            0.0
        };
    }
}

/// Load at each entry as it was last seen: a scrape may miss some.
fn loads(observations: &[Arc<Observation>]) -> Vec<EntryLoad> {
    let mut loads: Vec<EntryLoad> = Vec::new();
    for seen in observations.iter().rev().take(NEWEST) {
        for entry in &seen.samples.entries {
            if loads.iter().all(|load| load.to != entry.service) {
                loads.push(EntryLoad {
                    to: entry.service,
                    port: 0,
                    rate: entry.requests.total / seen.samples.interval,
                });
            }
        }
    }
    loads.sort_by_key(|load| load.to);
    loads
}

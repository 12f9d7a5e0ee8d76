//! Pods that their kubelet ends: past their deadline, above a limit of storage, or evicted.
//! Sources: pkg/kubelet/active_deadline.go, pkg/kubelet/eviction (eviction_manager.go, helpers.go).

use super::sync::Sync;
use aegis_cluster::api;
use aegis_cluster::workings::{Part, Process, Stage, Verdict};
use aegis_model::objects::{PodPhase, Severity};
use aegis_model::{Quantity, Tick};
use alloc::format;
use alloc::string::String;

/// Seconds that an evicted pod has: `immediateEvictionGracePeriodSeconds`.
const EVICTION_GRACE: u32 = 1;
const TOO_LATE: &str = "Pod was active on the node longer than the specified deadline";

impl<P: Clone> Sync<'_, P> {
    /// When the pod has run for as long as it may.
    pub fn deadline(&self) -> Tick {
        let runs = matches!(
            self.run.stage,
            Stage::Volumes { .. } | Stage::Sandbox { .. } | Stage::Containers
        );
        match (self.recipe.active_deadline, self.row().started) {
            (Some(seconds), Some(started)) if runs => started.after(seconds),
            _ => Tick::NEVER,
        }
    }

    /// Ends a pod whose `activeDeadlineSeconds` are over.
    pub fn heed_deadline(&mut self) {
        if self.deadline() > self.now {
            return;
        }
        self.say(Severity::Normal, "DeadlineExceeded", TOO_LATE);
        let grace = api::pods::grace_of(self.cluster, self.pod);
        self.end_pod("DeadlineExceeded", TOO_LATE, grace);
    }

    /// Evicts a pod that wrote more than it may.
    pub fn heed_storage(&mut self) {
        if self.run.stage != Stage::Containers || self.run.files.is_empty() {
            return;
        }
        if let Some(why) = self.exceeded() {
            return self.evict(&why);
        }
        self.note_writing();
    }

    /// Evicts the pod: it fails with reason `Evicted`.
    pub fn evict(&mut self, message: &str) {
        self.say(Severity::Warning, "Evicted", message);
        let reason = "TerminationByKubelet";
        api::pods::set_disruption_target(self.cluster, self.pod, reason, message);
        self.end_pod("Evicted", message, EVICTION_GRACE);
    }

    /// The limit of storage that the pod exceeds, as the eviction manager looks: volumes, pod, containers.
    fn exceeded(&self) -> Option<String> {
        let over = |limit: Option<Quantity>, used: u64| {
            limit.filter(|limit| i128::from(used) * 1000 > limit.milli)
        };
        let files = &self.run.files;
        for volume in &self.recipe.empty_dirs {
            if let Some(limit) = over(volume.limit, files.in_volume(&volume.name)) {
                let name = &volume.name;
                return Some(format!(
                    "Usage of EmptyDir volume \"{name}\" exceeds the limit \"{limit}\". "
                ));
            }
        }
        let mains = || {
            let all = self.recipe.containers.iter().enumerate();
            all.filter(|(_, container)| container.part != Part::Init)
        };
        let limits = mains().filter_map(|(_, container)| container.storage_limit);
        let milli: i128 = limits.map(|limit| limit.milli).sum();
        let volumes = self.recipe.empty_dirs.iter();
        let used = volumes
            .map(|volume| files.in_volume(&volume.name))
            .sum::<u64>()
            + mains().map(|(index, _)| files.in_layer(index)).sum::<u64>();
        if let Some(limit) = over((milli > 0).then_some(Quantity { milli }), used) {
            return Some(format!(
                "Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "
            ));
        }
        mains().find_map(|(index, container)| {
            let limit = over(container.storage_limit, files.in_layer(index))?;
            let name = &container.name;
            Some(format!(
                "Container {name} exceeded its local ephemeral storage limit \"{limit}\". "
            ))
        })
    }

    /// Stops all containers, with so many seconds at most; the pod then fails.
    pub(super) fn end_pod(&mut self, reason: &'static str, message: &str, grace: u32) {
        let message = message.into();
        self.run.verdict = Some(Verdict { reason, message });
        for index in 0..self.run.containers.len() {
            match self.process(index) {
                Process::Running { .. } => {
                    let text = format!("Stopping container {}", self.name_of(index));
                    self.say_of(index, Severity::Normal, "Killing", &text);
                    self.stop_container(index, grace);
                }
                Process::Stopping { .. } | Process::Ended { .. } | Process::Done(_) => {}
                _ => self.set_process(index, Process::Done(0)),
            }
        }
        self.finish(PodPhase::Failed);
    }
}

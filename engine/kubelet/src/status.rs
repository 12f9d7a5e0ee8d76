//! Phase and conditions of a pod, from its containers.
//! Source: pkg/kubelet/status/generate.go, kubelet_pods.go `getPhase`.

use super::sync::Sync;
use aegis_cluster::api::pods::{PodConditionKind, set_phase};
use aegis_cluster::workings::{ContainerRun, Part, Process, Stage};
use aegis_model::objects::{ConditionStatus, ContainerState, PodPhase};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl<P: Clone> Sync<'_, P> {
    /// Whether the pod is over: an init container failed for good, or all containers ended for good.
    pub fn check_over(&mut self) {
        if self.run.stage != Stage::Containers {
            return;
        }
        let codes = |wanted: Part| {
            let pairs = self.recipe.containers.iter().zip(&self.run.containers);
            pairs
                .filter(move |(recipe, _)| recipe.part == wanted)
                .map(|(_, run)| match run.process {
                    Process::Done(code) => Some(code),
                    _ => None,
                })
                .collect::<Vec<Option<i32>>>()
        };
        let init_failed = codes(Part::Init).iter().flatten().any(|code| *code != 0);
        let mains = codes(Part::Main);
        if !init_failed && !mains.iter().all(Option::is_some) {
            return;
        }
        let well = !init_failed && mains.iter().flatten().all(|code| *code == 0);
        self.finish(if well {
            PodPhase::Succeeded
        } else {
            PodPhase::Failed
        });
    }

    /// The pod will not run again. What is left of it is stopped first: sidecars, the last one first.
    pub fn finish(&mut self, phase: PodPhase) {
        self.run.stage = Stage::Ending(phase);
        self.stop_sidecars();
        self.settle_end();
    }

    /// A pod that ends is over when its containers have stopped; until then its phase stays.
    pub fn settle_end(&mut self) {
        let Stage::Ending(phase) = self.run.stage else {
            return;
        };
        let stopped = |container: &ContainerRun| {
            matches!(container.process, Process::Done(_) | Process::Absent)
        };
        if !self.run.containers.iter().all(stopped) {
            return;
        }
        self.run.stage = Stage::Over;
        if let Some(verdict) = &self.run.verdict {
            let row = &mut self.cluster.objects.pods[self.pod.index()];
            row.reason = Some(verdict.reason.into());
            row.message = Some(verdict.message.clone());
        }
        super::faults::silence(self.cluster, self.pod);
        set_phase(self.cluster, self.pod, phase);
        let scheduler = &mut self.cluster.workings.scheduler;
        scheduler.release(&self.cluster.objects, self.pod);
        self.condition(PodConditionKind::Sandbox, ConditionStatus::False, "", None);
    }

    /// Writes conditions and phase.
    pub fn write_status(&mut self) {
        let phase = match self.run.stage {
            Stage::Over => self.row().phase,
            _ => self.phase(),
        };
        set_phase(self.cluster, self.pod, phase);
        self.write_initialized(phase);
        self.write_ready(phase);
    }

    fn phase(&self) -> PodPhase {
        let pairs = self.recipe.containers.iter().zip(&self.run.containers);
        let waiting_for_first = pairs
            .zip(&self.row().containers)
            .filter(|((recipe, _), _)| recipe.part == Part::Main)
            .any(|((_, run), status)| {
                let before_start = matches!(
                    run.process,
                    Process::Absent
                        | Process::Pulling { .. }
                        | Process::PullFailed { .. }
                        | Process::Unconfigured { .. }
                        | Process::Hooked { .. }
                );
                before_start && status.last.is_none()
            });
        if waiting_for_first && self.row().phase == PodPhase::Pending {
            PodPhase::Pending
        } else {
            PodPhase::Running
        }
    }

    fn names_of(&self, wanted: impl Fn(usize) -> bool) -> String {
        let containers = self.recipe.containers.iter().enumerate();
        let names: Vec<&str> = containers
            .filter(|(index, _)| wanted(*index))
            .map(|(_, container)| container.name.as_str())
            .collect();
        names.join(" ")
    }

    fn write_initialized(&mut self, phase: PodPhase) {
        let kind = PodConditionKind::Initialized;
        let incomplete = self.names_of(|index| match self.recipe.containers[index].part {
            Part::Main => false,
            Part::Sidecar => !self.row().containers[index].started,
            Part::Init => self.run.containers[index].process != Process::Done(0),
        });
        let past = self.run.stage == Stage::Terminating;
        if phase == PodPhase::Succeeded {
            self.condition(kind, ConditionStatus::True, "PodCompleted", None);
        } else if incomplete.is_empty() || self.has_begun() {
            self.condition(kind, ConditionStatus::True, "", None);
        } else if !past {
            let message = format!("containers with incomplete status: [{incomplete}]");
            self.condition(
                kind,
                ConditionStatus::False,
                "ContainersNotInitialized",
                Some(&message),
            );
        }
    }

    /// Whether a regular container has run: then the pod was initialised, whatever its sidecars do now.
    fn has_begun(&self) -> bool {
        let parts = self.recipe.containers.iter().zip(&self.row().containers);
        parts
            .filter(|(recipe, _)| recipe.part == Part::Main)
            .any(|(_, status)| {
                let waits = matches!(status.state, ContainerState::Waiting { .. });
                !waits || status.last.is_some()
            })
    }

    /// What readiness waits for beside the containers: conditions that somebody else sets.
    fn write_gates(&mut self) {
        let others = &self.row().conditions.others;
        let closed = self.recipe.readiness_gates.iter().filter_map(|gate| {
            let known = others.iter().find(|(kind, _)| kind == gate);
            match known.map(|(_, condition)| condition.status) {
                None => Some(format!(
                    "corresponding condition of pod readiness gate \"{gate}\" does not exist."
                )),
                Some(ConditionStatus::True) => None,
                Some(status) => Some(format!(
                    "the status of pod readiness gate \"{gate}\" is not \"True\", but {}",
                    status.as_str()
                )),
            }
        });
        let message = closed.collect::<Vec<String>>().join(", ");
        self.set_both(ConditionStatus::True, "", None);
        if !message.is_empty() {
            let kind = PodConditionKind::Ready;
            let reason = "ReadinessGatesNotReady";
            self.condition(kind, ConditionStatus::False, reason, Some(&message));
        }
    }

    fn write_ready(&mut self, phase: PodPhase) {
        let over = match phase {
            PodPhase::Succeeded => Some("PodCompleted"),
            PodPhase::Failed => Some("PodFailed"),
            _ => None,
        };
        if let Some(reason) = over {
            return self.set_both(ConditionStatus::False, reason, None);
        }
        let unready = self.names_of(|index| {
            self.recipe.containers[index].part != Part::Init && !self.row().containers[index].ready
        });
        if unready.is_empty() && self.recipe.readiness_gates.is_empty() {
            self.set_both(ConditionStatus::True, "", None);
        } else if unready.is_empty() {
            self.write_gates();
        } else {
            let message = format!("containers with unready status: [{unready}]");
            self.set_both(ConditionStatus::False, "ContainersNotReady", Some(&message));
        }
    }

    fn set_both(&mut self, status: ConditionStatus, reason: &str, message: Option<&str>) {
        for kind in [PodConditionKind::ContainersReady, PodConditionKind::Ready] {
            self.condition(kind, status, reason, message);
        }
    }
}

//! Stopping: SIGTERM, a time to drain, SIGKILL; one container, or the whole pod.

use super::container::KILLED;
use super::sync::Sync;
use aegis_cluster::shell::OnTerm;
use aegis_cluster::workings::{Part, Process, Stage};
use aegis_model::Tick;
use aegis_model::objects::Severity;
use alloc::format;

/// Seconds that a server takes to finish what it holds after SIGTERM. A prior:
/// most runtimes close listeners and wait for requests in flight.
const DRAIN: u32 = 2;
/// Exit code of a process that SIGTERM ended.
const TERMINATED: i32 = 143;

impl<P: Clone> Sync<'_, P> {
    /// Seconds from SIGTERM to the end, and the exit code. A process that ignores
    /// the signal, or hangs, is killed when its time is over.
    fn time_to_stop(&self, index: usize) -> (u32, i32) {
        let grace = aegis_cluster::api::pods::grace_of(self.cluster, self.pod);
        let ignores = self.recipe.containers[index].script.on_term == OnTerm::Ignores;
        if ignores || self.hangs(index) {
            return (grace, KILLED);
        }
        if DRAIN <= grace {
            (DRAIN, TERMINATED)
        } else {
            (grace, KILLED)
        }
    }

    /// A server that is up and answers nobody.
    fn hangs(&self, index: usize) -> bool {
        let (chunk, row) = self.cluster.workings.pods.at(self.pod);
        index == self.recipe.serving
            && chunk.serving_from[row] <= self.now
            && chunk.answer[row].is_infinite()
    }

    /// Sends SIGTERM to one container.
    pub fn stop_container(&mut self, index: usize) {
        let (seconds, code) = self.time_to_stop(index);
        let at = self.now.after(seconds);
        self.begin_stop(index, at, code);
    }

    fn begin_stop(&mut self, index: usize, at: Tick, code: i32) {
        if let Process::Running { since, .. } = self.process(index) {
            self.set_process(index, Process::Stopping { since, at, code });
        }
    }

    /// The pod is to go: asked for the first time, or with less time than before.
    pub fn terminate(&mut self) {
        if self.run.stage != Stage::Terminating {
            self.run.stage = Stage::Terminating;
            for index in 0..self.run.containers.len() {
                self.terminate_container(index);
            }
        }
        self.cut_to_deadline();
    }

    fn terminate_container(&mut self, index: usize) {
        match self.process(index) {
            Process::Running { .. } if self.recipe.containers[index].part == Part::Sidecar => {}
            Process::Running { .. } => self.terminate_running(index),
            Process::Stopping { .. } | Process::Ended { .. } | Process::Done(_) => {}
            _ => self.set_process(index, Process::Done(0)),
        }
    }

    fn terminate_running(&mut self, index: usize) {
        let name = self.name_of(index);
        self.say(
            Severity::Normal,
            "Killing",
            &format!("Stopping container {name}"),
        );
        self.stop_container(index);
    }

    fn cut_to_deadline(&mut self) {
        let Some(deletion) = self.row().deletion else {
            return;
        };
        for container in &mut self.run.containers {
            if let Process::Stopping { at, code, .. } = &mut container.process
                && *at > deletion.deadline
            {
                *at = deletion.deadline;
                *code = KILLED;
            }
        }
    }

    /// Sidecars are stopped when all others have ended.
    pub fn stop_sidecars(&mut self) {
        if self.run.stage != Stage::Terminating || !self.others_ended() {
            return;
        }
        for index in 0..self.recipe.inits {
            if matches!(self.process(index), Process::Running { .. }) {
                self.terminate_running(index);
                self.cut_to_deadline();
            }
        }
    }

    fn others_ended(&self) -> bool {
        let parts = self.recipe.containers.iter().zip(&self.run.containers);
        parts
            .filter(|(recipe, _)| recipe.part == Part::Main)
            .all(|(_, run)| matches!(run.process, Process::Done(_) | Process::Absent))
    }
}

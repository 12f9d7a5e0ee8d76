//! Stopping: SIGTERM, a time to drain, SIGKILL; one container, or the whole pod.

use super::container::KILLED;
use super::sync::Sync;
use aegis_cluster::workings::{Part, Process, Stage};
use aegis_model::Tick;
use aegis_model::objects::Severity;
use aegis_shell::{OnTerm, image_family};
use alloc::format;

/// Seconds that a server takes to finish what it holds after SIGTERM. A prior:
/// most runtimes close listeners and wait for requests in flight.
const DRAIN: u32 = 2;
/// Exit code of a process that SIGTERM ended.
const TERMINATED: i32 = 143;

/// Seconds that a container has after its preStop hook at least.
/// Source: pkg/kubelet/kuberuntime, `minimumGracePeriodInSeconds`.
const LEAST: u32 = 2;
/// Images whose programs end with 0 at SIGTERM: they shut down in order. Sources: their own manuals.
const ORDERLY: [&str; 8] = [
    "nginx",
    "httpd",
    "redis",
    "postgres",
    "haproxy",
    "caddy",
    "traefik",
    "memcached",
];

impl<P: Clone> Sync<'_, P> {
    /// Seconds from the first signal to the end, and the exit code. A process that ignores
    /// the signal, or hangs, is killed when its time is over.
    fn time_to_stop(&mut self, index: usize, grace: u32) -> (u32, i32) {
        let hook = self.pre_stop(index, grace);
        let left = match hook {
            0 => grace,
            hook => (grace - hook).max(LEAST),
        };
        let (seconds, code) = match self.on_term(index) {
            OnTerm::Ignores => (left, KILLED),
            OnTerm::EndsWith { after, status } if after <= left => (after, status),
            OnTerm::Ends if DRAIN <= left => (DRAIN, self.code_at_term(index)),
            _ => (left, KILLED),
        };
        (hook + seconds, code)
    }

    fn on_term(&self, index: usize) -> OnTerm {
        if self.hangs(index) {
            return OnTerm::Ignores;
        }
        let left = match self.process(index) {
            Process::Running { until, .. } => until.elapsed(self.now),
            _ => 0,
        };
        let shell = self.run.containers[index].shell.as_ref();
        shell.map_or(OnTerm::Ends, |shell| {
            self.recipe.containers[index].script.on_term(shell, left)
        })
    }

    fn code_at_term(&self, index: usize) -> i32 {
        let family = image_family(&self.recipe.containers[index].image);
        match ORDERLY.contains(&family) {
            true => 0,
            false => TERMINATED,
        }
    }

    /// A server that is up and answers nobody.
    fn hangs(&self, index: usize) -> bool {
        let (chunk, row) = self.cluster.workings.pods.at(self.pod);
        index == self.recipe.serving
            && chunk.serving_from[row] <= self.now
            && chunk.answer[row].is_infinite()
    }

    /// Stops one container, with so many seconds at most.
    pub fn stop_container(&mut self, index: usize, grace: u32) {
        let (seconds, code) = self.time_to_stop(index, grace);
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
            Process::Hooked { since, .. } => {
                self.begin(index, since);
                self.terminate_running(index);
            }
            Process::Stopping { .. } | Process::Ended { .. } | Process::Done(_) => {}
            _ => self.set_process(index, Process::Done(0)),
        }
    }

    fn terminate_running(&mut self, index: usize) {
        let text = format!("Stopping container {}", self.name_of(index));
        self.say_of(index, Severity::Normal, "Killing", &text);
        let grace = self.allowed();
        self.stop_container(index, grace);
    }

    /// Seconds that the pod's containers have: until the deletion's deadline, or those of its spec.
    fn allowed(&self) -> u32 {
        match self.row().deletion {
            Some(deletion) => deletion.deadline.elapsed(self.now),
            None => aegis_cluster::api::pods::grace_of(self.cluster, self.pod),
        }
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

    /// Sidecars are stopped when all others have ended, the last one first.
    pub fn stop_sidecars(&mut self) {
        let ends = matches!(self.run.stage, Stage::Terminating | Stage::Ending(_));
        if !ends || !self.others_ended() {
            return;
        }
        for index in (0..self.recipe.inits).rev() {
            match self.process(index) {
                Process::Running { .. } | Process::Hooked { .. } => {
                    self.terminate_running(index);
                    self.cut_to_deadline();
                    return;
                }
                Process::Stopping { .. } | Process::Ended { .. } => return,
                Process::Done(_) => {}
                _ => self.set_process(index, Process::Done(0)),
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

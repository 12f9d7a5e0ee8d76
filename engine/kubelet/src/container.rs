//! One container: its turn, its start, its script, its end, its back-off.

use super::sync::Sync;
use super::{references, words};
use aegis_cluster::acting::acts_on;
use aegis_cluster::draws::Purpose;
use aegis_cluster::draws::pod_key;

use aegis_cluster::workings::{Ending, Part, Process, Stage, Why};
use aegis_model::kubernetes::RestartPolicy;
use aegis_model::objects::{ContainerState, ContainerStatus, Severity, Termination};
use aegis_model::{Mechanism, Tick};
use alloc::format;
use alloc::string::String;

use smol_str::SmolStr;

/// Changes of state that a container may go through in one look.
const MOST_TURNS: usize = 8;
/// Seconds until a pod that could not be configured is tried again: the kubelet's pod retry back-off.
const RETRY: u32 = 10;
/// Spread of start-up times: σ of the logarithm.
const STARTUP_SPREAD: f64 = 0.15;
/// Exit code of a process that SIGKILL ended.
pub(super) const KILLED: i32 = 137;
/// Exit code that containerd gives a container that it could not start.
const NOT_STARTED: i32 = 128;

impl<P: Clone> Sync<'_, P> {
    pub fn advance_containers(&mut self) {
        for index in 0..self.run.containers.len() {
            self.heed_definition(index);
            for _ in 0..MOST_TURNS {
                let before = self.process(index);
                self.turn(index);
                if self.process(index) == before {
                    break;
                }
            }
            self.run_probes(index);
        }
        self.stop_sidecars();
        self.check_over();
        self.settle_end();
    }

    /// A container with another image is stopped, to be started with that; one that could not be is
    /// tried at once. Source: pkg/kubelet/kuberuntime `computePodActions`.
    fn heed_definition(&mut self, index: usize) {
        if !core::mem::take(&mut self.run.containers[index].redefined) {
            return;
        }
        match self.process(index) {
            Process::Running { .. } if self.run.stage == Stage::Containers => {
                let name = self.name_of(index);
                let text = format!("Container {name} definition changed, will be restarted");
                self.say_of(index, Severity::Normal, "Killing", &text);
                let grace = aegis_cluster::api::pods::grace_of(self.cluster, self.pod);
                self.stop_container(index, grace);
            }
            Process::Pulling { .. } | Process::PullFailed { .. } | Process::Unconfigured { .. } => {
                self.run.containers[index].pull = aegis_cluster::workings::BackOff::NONE;
                self.set_process(index, Process::Absent);
            }
            _ => {}
        }
    }

    pub fn process(&self, index: usize) -> Process {
        self.run.containers[index].process
    }

    pub fn set_process(&mut self, index: usize, process: Process) {
        self.run.containers[index].process = process;
    }

    pub fn status(&mut self, index: usize) -> &mut ContainerStatus {
        &mut self.cluster.objects.pods[self.pod.index()].containers[index]
    }

    pub fn wait_with(&mut self, index: usize, reason: &str, message: Option<&str>) {
        self.status(index).state = ContainerState::Waiting {
            reason: reason.into(),
            message: message.map(Into::into),
        };
    }

    fn turn(&mut self, index: usize) {
        let now = self.now;
        match self.process(index) {
            Process::Absent if self.may_start(index) => self.prepare(index),
            Process::Pulling { until, end } if until <= now => self.pull_ended(index, end),
            Process::PullFailed { retry, .. } if retry <= now => self.prepare(index),
            Process::PullFailed { turns, retry } if turns <= now => {
                self.pull_backs_off(index, retry);
            }
            Process::Unconfigured { retry } if retry <= now => self.prepare(index),
            Process::Hooked { since, until, hook } if until <= now => {
                self.hook_ends(index, since, hook);
            }
            Process::Running { since, step, until } if until <= now => {
                self.go_on(index, since, step, until);
            }
            Process::Stopping { since, at, code } if at <= now => {
                let why = Why::Other;
                self.end(index, since, at, Ending { code, why });
            }
            // Relisting sees an end one second later at the earliest.
            Process::Ended { since, at, ending } if at < now => {
                self.see_end(index, since, at, ending);
            }
            Process::BackingOff { until } if until <= now => self.prepare(index),
            _ => {}
        }
    }

    /// When the container has to be looked at next.
    pub fn next_of(&self, index: usize) -> Tick {
        let by_process = match self.process(index) {
            Process::Pulling { until, .. } | Process::BackingOff { until } => until,
            Process::PullFailed { turns, retry } => turns.min(retry),
            Process::Unconfigured { retry } => retry,
            Process::Hooked { until, .. } => until,
            Process::Running { until, .. } => until,
            Process::Stopping { at, .. } => at,
            Process::Ended { at, .. } => at.after(1),
            Process::Absent | Process::Done(_) => Tick::NEVER,
        };
        by_process.min(self.next_probe(index))
    }

    /// Init containers one after the other, then all others.
    fn may_start(&mut self, index: usize) -> bool {
        if self.run.stage != Stage::Containers {
            return false;
        }
        let before = index.min(self.recipe.inits);
        (0..before).all(|earlier| match self.recipe.containers[earlier].part {
            Part::Sidecar => self.status(earlier).started,
            _ => self.process(earlier) == Process::Done(0),
        })
    }

    /// Why the container may not run as its user.
    fn refused_user(&self, index: usize) -> Option<String> {
        let recipe = &self.recipe.containers[index];
        words::refused_user(recipe.user, &recipe.name, self.row())
    }

    /// The image is there: the container is configured and started.
    pub fn create(&mut self, index: usize) {
        let references = &self.recipe.containers[index].references;
        let namespace = &self.row().namespace;
        let missing = references
            .iter()
            .find_map(|reference| references::missing(self.cluster, namespace, reference));
        let Some(why) = missing.or_else(|| self.refused_user(index)) else {
            return self.start(index);
        };
        self.say_of(index, Severity::Warning, "Failed", &format!("Error: {why}"));
        self.wait_with(index, "CreateContainerConfigError", Some(&why));
        let retry = self.now.after(RETRY);
        self.set_process(index, Process::Unconfigured { retry });
    }

    /// The container is made and started, unless there is nothing that could be.
    fn start(&mut self, index: usize) {
        let name = self.name_of(index);
        let created = format!("Created container: {name}");
        self.say_of(index, Severity::Normal, "Created", &created);
        let status = self.status(index);
        let again = status.last.is_some();
        status.restarts += u32::from(again);
        if again {
            // A Job counts restarts.
            aegis_cluster::api::pods::touch(self.cluster, self.pod);
        }
        self.run.files.forget_layer(index);
        if let Some(program) = self.recipe.containers[index].script.missing.clone() {
            return self.cannot_start(index, &program);
        }
        let started = format!("Started container {name}");
        self.say_of(index, Severity::Normal, "Started", &started);
        self.after_start(index);
    }

    /// The runtime finds no such program: the container ends before it began.
    fn cannot_start(&mut self, index: usize, program: &str) {
        let why = words::start_error(program);
        self.say_of(index, Severity::Warning, "Failed", &format!("Error: {why}"));
        self.wait_with(index, "RunContainerError", Some(&why));
        let ending = Ending {
            code: NOT_STARTED,
            why: Why::Start,
        };
        self.end(index, self.now, self.now, ending);
    }

    /// The process runs, and its postStart hook is over.
    pub fn begin(&mut self, index: usize, since: Tick) {
        self.status(index).state = ContainerState::Running { since };
        self.start_probes(index, since);
        match self.ends_at_start(index) {
            Some(ending) => self.end(index, since, since, ending),
            None => self.begin_script(index, since, since),
        }
        if matches!(self.process(index), Process::Ended { at, .. } if at == since) {
            // Gone before the kubelet lists its containers again: it was never seen as ready.
            self.status(index).ready = false;
        }
    }

    /// An end that a fault, or the status that was given, has in store for each start.
    fn ends_at_start(&self, index: usize) -> Option<Ending> {
        let believed = self.believed_end(index);
        if self.recipe.containers[index].part != Part::Main {
            return believed;
        }
        let fault = self
            .overlay
            .active(self.now)
            .find_map(|laid| match laid.mechanism {
                Mechanism::ExitsAtStart(code) if acts_on(self.cluster, laid, self.pod) => {
                    Some(code)
                }
                _ => None,
            });
        let by_fault = fault.map(|code| Ending {
            code,
            why: Why::Other,
        });
        by_fault.or(believed)
    }

    /// The server comes up: it answers after its start-up time.
    pub fn serve(&mut self, index: usize, begin: Tick) {
        if index != self.recipe.serving {
            return;
        }
        let workload = self.row().workload;
        let behaviour = self.cluster.workings.behaviour(workload);
        let median = behaviour.map_or(0.0, |behaviour| behaviour.startup);
        let key = pod_key(&self.cluster.objects, self.pod);
        let factor = self
            .draws
            .log_normal(STARTUP_SPREAD, Purpose::Startup, key, self.now);
        let seconds = libm::ceil(median * factor).clamp(0.0, 86_400.0) as u32;
        let (chunk, row) = self.cluster.workings.pods.at_mut(self.pod);
        chunk.serving_from[row] = begin.after(seconds);
        chunk.answer[row] = QUICK;
        self.cluster.workings.index.topology_dirty = true;
    }

    /// The process is gone; the kubelet sees it later.
    pub fn end(&mut self, index: usize, since: Tick, at: Tick, ending: Ending) {
        self.set_process(index, Process::Ended { since, at, ending });
        if index == self.recipe.serving {
            super::faults::silence(self.cluster, self.pod);
        }
    }

    /// The kubelet sees that a process ended: it is started again, later, or never.
    fn see_end(&mut self, index: usize, since: Tick, at: Tick, ending: Ending) {
        let termination = self.termination(index, since, at, ending);
        let init_done = self.recipe.containers[index].part == Part::Init && ending.code == 0;
        let status = self.status(index);
        status.ready = init_done;
        status.started = false;
        let restarted = self.is_restarted(index, ending.code);
        let status = self.status(index);
        if !restarted {
            status.state = ContainerState::Terminated(termination);
            self.set_process(index, Process::Done(ending.code));
            return;
        }
        if ending.why != Why::Start {
            status.state = ContainerState::Terminated(termination.clone());
        }
        status.last = Some(termination);
        self.back_off(index, at);
    }

    fn termination(&self, index: usize, since: Tick, at: Tick, ending: Ending) -> Termination {
        let reason: SmolStr = match (ending.why, ending.code) {
            (Why::Memory, _) => "OOMKilled".into(),
            (Why::Start, _) => "StartError".into(),
            (Why::Other, 0) => "Completed".into(),
            (Why::Other, _) => "Error".into(),
        };
        Termination {
            exit_code: ending.code,
            reason,
            started: since,
            finished: at,
            message: self.last_words(index, ending),
        }
    }

    pub fn is_restarted(&self, index: usize, code: i32) -> bool {
        if self.run.stage != Stage::Containers {
            return false;
        }
        let policy = aegis_cluster::api::pods::restart_policy(self.cluster, self.pod);
        match (self.recipe.containers[index].part, policy) {
            (Part::Sidecar, _) => true,
            (Part::Init, RestartPolicy::Never) => false,
            (Part::Init, _) => code != 0,
            (Part::Main, RestartPolicy::Always) => true,
            (Part::Main, RestartPolicy::OnFailure) => code != 0,
            (Part::Main, RestartPolicy::Never) => false,
        }
    }

    /// Starts again, at once or after the back-off that counts from the end.
    fn back_off(&mut self, index: usize, ended: Tick) {
        let delay = self.run.containers[index].crash.after(ended);
        let until = ended.after(delay);
        let start = until.max(self.now);
        self.run.containers[index].crash.raise(ended, start);
        self.set_process(index, Process::BackingOff { until });
        if until <= self.now {
            return;
        }
        let (event, message) = self.back_off_texts(index, delay);
        self.say_of(index, Severity::Warning, "BackOff", &event);
        self.wait_with(index, "CrashLoopBackOff", Some(&message));
    }
}

/// Answer time of a server that nobody uses, s.
const QUICK: f32 = 0.001;

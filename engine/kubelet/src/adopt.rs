//! Pods that come with a status: what it says is believed.
//!
//! A container that is given as running runs on; one that is given as ending
//! again and again, as not to be pulled, or as running and not ready, goes on
//! being so: the document knows of a cause that the manifest does not show. A
//! template of which some pod was given as running is not at fault itself, so
//! that new pods of it are not believed to fail.

use super::references;
use super::sync::Sync;
use aegis_cluster::workings::{BackOff, Beliefs, Ending, Part, ProbeResult, Process, Stage, Why};
use aegis_model::Tick;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{ContainerState, ContainerStatus, PodPhase, Termination};
use aegis_shell::Usually;
use alloc::sync::Arc;

/// Seconds between attempts that were going on for long.
const LONG: u32 = 300;
/// Seconds until an unconfigured container is looked at.
const RETRY: u32 = 10;

impl<P: Clone> Sync<'_, P> {
    /// Takes a pod over as it was given; returns whether it was given at all.
    pub fn adopt(&mut self) -> bool {
        if !self.is_given() {
            return false;
        }
        if self.row().phase.is_terminal() {
            self.run.stage = Stage::Over;
            for container in &mut self.run.containers {
                container.process = Process::Done(0);
            }
            let scheduler = &mut self.cluster.workings.scheduler;
            scheduler.release(&self.cluster.objects, self.pod);
            return true;
        }
        let now = self.now;
        let row = &mut self.cluster.objects.pods[self.pod.index()];
        row.started = row.started.or(Some(now));
        self.run.stage = Stage::Containers;
        if self
            .row()
            .containers
            .iter()
            .any(ContainerStatus::is_running)
        {
            self.assume_references();
        }
        for index in 0..self.run.containers.len() {
            self.adopt_container(index);
        }
        true
    }

    fn is_given(&self) -> bool {
        let row = self.row();
        row.phase != PodPhase::Pending
            || row.containers.iter().any(|status| match &status.state {
                ContainerState::Waiting { reason, .. } => {
                    status.restarts > 0
                        || !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing")
                }
                _ => true,
            })
    }

    /// A pod runs with them, so they are there, though no document shows them.
    fn assume_references(&mut self) {
        let namespace = self.row().namespace.clone();
        let template = self.row().template;
        let recipe = self.recipe.clone();
        let by_containers = recipe.containers.iter().flat_map(|c| &c.references);
        let by_volumes = recipe.volumes.iter().map(|volume| &volume.reference);
        let spec = self.cluster.objects.templates[template.index()]
            .spec
            .clone();
        let account = spec.spec.service_account_name.iter();
        let account = account.map(|name| (Kind::ServiceAccount, name));
        let claims = spec.spec.volumes.iter().filter_map(|volume| {
            let claim = volume.persistent_volume_claim.as_ref()?;
            Some((Kind::PersistentVolumeClaim, &claim.claim_name))
        });
        let kubelets = &mut self.cluster.workings.kubelet;
        let assumed = Arc::make_mut(&mut kubelets.assumed);
        for reference in by_containers.chain(by_volumes) {
            assumed.insert(references::object(&namespace, reference));
        }
        for (kind, name) in account.chain(claims) {
            assumed.insert(ObjectRef::new(kind, &namespace, name));
        }
        Arc::make_mut(&mut kubelets.given_running).insert(template);
    }

    fn adopt_container(&mut self, index: usize) {
        let status = self.row().containers[index].clone();
        let waits = matches!(status.state, ContainerState::Waiting { .. });
        if !waits || status.last.is_some() {
            self.find_image(index);
        }
        match &status.state {
            ContainerState::Running { since } => self.adopt_running(index, *since),
            ContainerState::Terminated(end) => self.adopt_ended(index, end),
            ContainerState::Waiting { reason, .. } => {
                self.adopt_waiting(index, reason, status.last.as_ref(), status.restarts);
            }
        }
    }

    /// A container that has run has its image on the node.
    fn find_image(&mut self, index: usize) {
        let image = self.recipe.containers[index].image.clone();
        let kubelets = &mut self.cluster.workings.kubelet;
        let (number, _) = kubelets.images.learn(&image, super::images::size(&image));
        kubelets.hold(self.node, number);
    }

    fn adopt_running(&mut self, index: usize, since: Tick) {
        let given = self.row().containers[index].clone();
        let begin = self.begun(since);
        self.start_probes(index, begin);
        *self.status(index) = given.clone();
        let probed = self.recipe.containers[index].probes[2].is_some();
        self.run.containers[index].believed_unready =
            self.believes() && probed && given.started && !given.ready;
        if given.started {
            self.adopt_probes(index, begin, given.ready);
        } else {
            self.adopt_startup(index, begin);
        }
        if given.restarts > 0 && since > Tick(0) {
            let delay = waited(given.restarts);
            self.run.containers[index].crash = BackOff {
                delay,
                raised: since,
            };
        }
        self.adopt_script(index, since);
    }

    /// When a running container began, for what counts from there. A document's time lies before time 0,
    /// and what it ran through until then is not known.
    fn begun(&self, since: Tick) -> Tick {
        if self.believes() {
            self.now
        } else {
            since.min(self.now)
        }
    }

    /// The startup probe has passed; the others are as the status says, and go on in their rhythm.
    fn adopt_probes(&mut self, index: usize, begin: Tick, ready: bool) {
        let verdict = if ready {
            ProbeResult::Success
        } else {
            ProbeResult::Failure
        };
        self.run.containers[index].probes[0].next = Tick::NEVER;
        for (kind, verdict) in [(1, ProbeResult::Success), (2, verdict)] {
            let next = self.next_in_rhythm(index, kind, begin);
            let probe = &mut self.run.containers[index].probes[kind];
            probe.next = next;
            probe.streak = 1;
            probe.last = verdict;
            probe.verdict = verdict;
        }
    }

    /// A container that has not started: its startup probe has failed each time so far, and goes on in its rhythm.
    fn adopt_startup(&mut self, index: usize, begin: Tick) {
        let Some(recipe) = &self.recipe.containers[index].probes[0] else {
            return;
        };
        let first = begin.after(recipe.probe.initial_delay_seconds.max(1));
        if self.believes() || self.now < first {
            return;
        }
        let failed = self.now.elapsed(first) / recipe.probe.period_seconds.max(1) + 1;
        let next = self.next_in_rhythm(index, 0, begin);
        let probe = &mut self.run.containers[index].probes[0];
        (probe.next, probe.streak, probe.last) = (next, failed, ProbeResult::Failure);
    }

    /// The first time after now of a probe whose container began then.
    fn next_in_rhythm(&self, index: usize, kind: usize, begin: Tick) -> Tick {
        let Some(recipe) = &self.recipe.containers[index].probes[kind] else {
            return Tick::NEVER;
        };
        if self.believes() {
            return self.now.after(1);
        }
        let first = begin.after(recipe.probe.initial_delay_seconds.max(1));
        let period = recipe.probe.period_seconds.max(1);
        let passed = self.now.after(1).elapsed(first).div_ceil(period);
        first.after(passed * period)
    }

    /// A server that is ready is up; anything else is where it is since it began.
    fn adopt_script(&mut self, index: usize, since: Tick) {
        let now = self.now;
        let ready = self.row().containers[index].ready;
        let script = &self.recipe.containers[index].script;
        let starting = !ready && !self.believes();
        if script.usually != Usually::Serves || starting {
            let begin = self.begun(since);
            return self.begin_script(index, since, begin);
        }
        let process = Process::Running {
            since,
            step: u16::MAX,
            until: Tick::NEVER,
        };
        self.set_process(index, process);
        self.serve(index, now);
        if index == self.recipe.serving {
            let (chunk, row) = self.cluster.workings.pods.at_mut(self.pod);
            // A pod that is ready has been up for a while: it is warm.
            chunk.serving_from[row] = if ready { since.min(now) } else { now };
        }
    }

    fn believes(&self) -> bool {
        self.cluster.workings.kubelet.beliefs == Beliefs::Documents
    }

    fn adopt_ended(&mut self, index: usize, end: &Termination) {
        let ending = ending_of(end);
        if self.recipe.containers[index].part == Part::Init && ending.code == 0 {
            self.set_process(index, Process::Done(0));
        } else if self.is_restarted(index, ending.code) {
            self.believe_end(index, ending);
            let restarts = self.row().containers[index].restarts;
            if restarts > 0 {
                let delay = waited(restarts);
                let raised = end.started;
                self.run.containers[index].crash = BackOff { delay, raised };
            }
            let (since, at) = (end.started, self.now);
            self.set_process(index, Process::Ended { since, at, ending });
        } else {
            self.set_process(index, Process::Done(ending.code));
        }
    }

    fn adopt_waiting(
        &mut self,
        index: usize,
        reason: &str,
        last: Option<&Termination>,
        restarts: u32,
    ) {
        let now = self.now;
        match reason {
            "CrashLoopBackOff" => {
                let unknown = Ending {
                    code: 1,
                    why: Why::Other,
                };
                self.believe_end(index, last.map_or(unknown, ending_of));
                let delay = waited(restarts);
                let ended = last.map_or(now, |last| self.begun(last.finished));
                let until = ended.after(delay).max(now);
                let raised = until;
                let next = (2 * delay).min(LONG);
                self.run.containers[index].crash = BackOff {
                    delay: next,
                    raised,
                };
                self.set_process(index, Process::BackingOff { until });
            }
            "ImagePullBackOff" | "ErrImagePull" => {
                let image = self.recipe.containers[index].image.clone();
                self.cluster.workings.kubelet.images.declare_missing(&image);
                let (delay, turns) = (LONG, Tick::NEVER);
                self.run.containers[index].pull = BackOff { delay, raised: now };
                let retry = now.after(delay);
                self.set_process(index, Process::PullFailed { turns, retry });
            }
            "ContainerCreating" | "PodInitializing" => {}
            _ => {
                let retry = now.after(RETRY);
                self.set_process(index, Process::Unconfigured { retry });
            }
        }
    }

    fn believe_end(&mut self, index: usize, ending: Ending) {
        if !self.believes() {
            return;
        }
        let template = self.row().template;
        let believed = &mut self.cluster.workings.kubelet.believed_ends;
        Arc::make_mut(believed).insert((template, index), ending);
    }

    /// How the container ends at each start, as far as that is believed.
    pub fn believed_end(&self, index: usize) -> Option<Ending> {
        let kubelets = &self.cluster.workings.kubelet;
        let template = self.row().template;
        let ending = kubelets.believed_ends.get(&(template, index)).copied()?;
        let own = self.row().containers[index].restarts > 0;
        (own || !kubelets.given_running.contains(&template)).then_some(ending)
    }
}

/// Seconds of back-off after so many restarts, 10 doubled each time up to [`LONG`].
fn waited(restarts: u32) -> u32 {
    LONG.min(10 << restarts.saturating_sub(1).min(5))
}

fn ending_of(end: &Termination) -> Ending {
    Ending {
        code: end.exit_code,
        why: if end.reason == "OOMKilled" {
            Why::Memory
        } else {
            Why::Other
        },
    }
}

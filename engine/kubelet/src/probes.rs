//! Startup, liveness and readiness probes.
//! Source: pkg/kubelet/prober/worker.go.

use super::sync::Sync;
use super::words::{self, Failure};
use aegis_cluster::acting::acts_on;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Purpose;
use aegis_cluster::workings::{
    Answered, Calm, ContainerRecipe, Part, PodRun, ProbeRecipe, ProbeResult, ProbeRun, Process,
    Recipe,
};
use aegis_model::objects::Severity;
use aegis_model::overlay::ProbeKind;
use aegis_model::{Mechanism, PodId, Tick};
use aegis_shell::Answer;
use alloc::format;
use alloc::sync::Arc;

/// The kinds in the order in which they are kept.
const KINDS: [ProbeKind; 3] = [
    ProbeKind::Startup,
    ProbeKind::Liveness,
    ProbeKind::Readiness,
];
const STARTUP: usize = 0;
const LIVENESS: usize = 1;
const READINESS: usize = 2;

/// Below this share of the time-out an answer is always in time, above the other
/// never; in between it is late with a chance that rises with its time.
const SURELY_IN_TIME: f64 = 0.8;
const SURELY_LATE: f64 = 1.25;

const fn name_of(kind: usize) -> (&'static str, &'static str) {
    match kind {
        STARTUP => ("Startup", "startup"),
        LIVENESS => ("Liveness", "liveness"),
        _ => ("Readiness", "readiness"),
    }
}

const fn fresh(verdict: ProbeResult, next: Tick) -> ProbeRun {
    ProbeRun {
        next,
        streak: 0,
        last: verdict,
        verdict,
    }
}

impl<P: Clone> Sync<'_, P> {
    fn probe_recipe(&self, index: usize, kind: usize) -> Option<&ProbeRecipe> {
        self.recipe.containers[index].probes[kind].as_ref()
    }

    /// First time of a probe of a container that started then.
    fn first_time(&self, index: usize, kind: usize, since: Tick) -> Tick {
        self.probe_recipe(index, kind)
            .map_or(Tick::NEVER, |recipe| {
                since.after(recipe.probe.initial_delay_seconds.max(1))
            })
    }

    /// The container has just started: readiness begins as failed, liveness as passed.
    pub fn start_probes(&mut self, index: usize, since: Tick) {
        let part = self.recipe.containers[index].part;
        let gated = self.probe_recipe(index, STARTUP).is_some();
        let ready = self.probe_recipe(index, READINESS).is_none();
        let first = |kind| self.first_time(index, kind, since);
        let others = |kind| if gated { Tick::NEVER } else { first(kind) };
        self.run.containers[index].probes = [
            fresh(ProbeResult::Failure, first(STARTUP)),
            fresh(ProbeResult::Success, others(LIVENESS)),
            fresh(ProbeResult::Failure, others(READINESS)),
        ];
        let status = self.status(index);
        status.started = !gated;
        // An init container that is no sidecar is ready once it has ended well.
        // Source: pkg/kubelet/prober/prober_manager.go `UpdatePodStatus`.
        status.ready = !gated && ready && part != Part::Init;
    }

    /// Runs the probes of a running container whose time has come.
    pub fn run_probes(&mut self, index: usize) {
        for kind in [STARTUP, LIVENESS, READINESS] {
            let running = matches!(self.process(index), Process::Running { .. });
            let due = self.run.containers[index].probes[kind].next <= self.now;
            if running && due && self.run.calm == Calm::No {
                self.run_probe(index, kind);
            }
        }
    }

    /// When a probe runs next; those of a calm pod do not run.
    pub fn next_probe(&self, index: usize) -> Tick {
        let running = matches!(self.process(index), Process::Running { .. });
        if self.run.calm == Calm::Yes || !running {
            return Tick::NEVER;
        }
        let probes = self.run.containers[index].probes.iter();
        probes.map(|probe| probe.next).min().unwrap_or(Tick::NEVER)
    }

    fn run_probe(&mut self, index: usize, kind: usize) {
        let Some(recipe) = self.probe_recipe(index, kind).cloned() else {
            return;
        };
        let failure = self.ask(index, kind, &recipe);
        let result = match failure {
            None => ProbeResult::Success,
            Some(failure) => {
                self.complain(index, kind, &recipe, failure);
                ProbeResult::Failure
            }
        };
        let now = self.now;
        let probe = &mut self.run.containers[index].probes[kind];
        probe.next = now.after(recipe.probe.period_seconds.max(1));
        probe.streak = if probe.last == result {
            probe.streak + 1
        } else {
            1
        };
        probe.last = result;
        let threshold = match result {
            ProbeResult::Success => recipe.probe.success_threshold,
            ProbeResult::Failure => recipe.probe.failure_threshold,
        };
        if probe.streak >= threshold.max(1) {
            probe.verdict = result;
            self.act_on(index, kind, result);
        }
    }

    fn complain(&mut self, index: usize, kind: usize, recipe: &ProbeRecipe, failure: Failure) {
        let output = words::probe_output(recipe, self.row(), failure);
        let (name, _) = name_of(kind);
        let text = format!("{name} probe failed: {output}");
        self.say_of(index, Severity::Warning, "Unhealthy", &text);
    }

    /// A result has reached its threshold.
    fn act_on(&mut self, index: usize, kind: usize, result: ProbeResult) {
        match (kind, result) {
            (READINESS, result) => self.status(index).ready = result == ProbeResult::Success,
            (STARTUP, ProbeResult::Success) => self.pass_startup(index),
            (LIVENESS, ProbeResult::Success) => {}
            (kind_of, ProbeResult::Failure) => {
                let (name, (_, kind)) = (self.name_of(index), name_of(kind_of));
                let text = format!("Container {name} failed {kind} probe, will be restarted");
                self.say_of(index, Severity::Normal, "Killing", &text);
                let grace = self.grace_of_probe(index, kind_of);
                self.stop_container(index, grace);
            }
            _ => {}
        }
    }

    /// Seconds that a container has when this probe has failed: the probe's own, else the pod's.
    fn grace_of_probe(&self, index: usize, kind: usize) -> u32 {
        let recipe = self.probe_recipe(index, kind);
        let own = recipe.and_then(|recipe| recipe.probe.termination_grace_period_seconds);
        own.unwrap_or_else(|| aegis_cluster::api::pods::grace_of(self.cluster, self.pod))
    }

    /// The startup probe has passed: it is over, and the others begin.
    fn pass_startup(&mut self, index: usize) {
        let Process::Running { since, .. } = self.process(index) else {
            return;
        };
        let soon = self.now.after(1);
        let first = |kind| self.first_time(index, kind, since).max(soon);
        let (liveness, readiness) = (first(LIVENESS), first(READINESS));
        let ready = self.probe_recipe(index, READINESS).is_none();
        let probes = &mut self.run.containers[index].probes;
        probes[STARTUP].next = Tick::NEVER;
        probes[LIVENESS].next = liveness;
        probes[READINESS].next = readiness;
        let status = self.status(index);
        status.started = true;
        status.ready = ready;
    }

    /// Runs a probe in the head; `None` is a success.
    fn ask(&mut self, index: usize, kind: usize, recipe: &ProbeRecipe) -> Option<Failure> {
        let disbelieved = kind == READINESS && self.run.containers[index].believed_unready;
        if disbelieved || self.is_bent(KINDS[kind]) {
            return Some(Failure::Answered(503));
        }
        match recipe.answered {
            Answered::AtOnce => None,
            Answered::ByServer => self.ask_server(index, kind, recipe),
            Answered::ByNobody | Answered::NotFound => Some(words::failure_of(recipe)),
            Answered::FailsAfter(seconds) => match self.process(index) {
                Process::Running { since, .. } if self.now.elapsed(since) > seconds => {
                    Some(Failure::Answered(500))
                }
                _ => self.ask_server(index, kind, recipe),
            },
            Answered::ByCommand => {
                let command = recipe.command.as_ref()?;
                let answer = self.run_command(index, command);
                self.judge(index, kind, recipe, answer)
            }
        }
    }

    /// What the answer of a probe's command means. One of which nothing is known asks the server.
    fn judge(
        &self,
        index: usize,
        kind: usize,
        recipe: &ProbeRecipe,
        answer: Answer,
    ) -> Option<Failure> {
        match answer {
            Answer::Server if index == self.recipe.serving => self.ask_server(index, kind, recipe),
            Answer::Server => None,
            Answer::Hangs => Some(Failure::TooLate),
            Answer::Ended { after, .. } if after > recipe.probe.timeout_seconds.max(1) => {
                Some(Failure::TooLate)
            }
            Answer::Ended { status: 0, .. } => None,
            Answer::Ended { output, .. } => Some(Failure::Said(output)),
        }
    }

    /// Whether a fault makes probes of this kind fail.
    fn is_bent(&self, kind: ProbeKind) -> bool {
        self.overlay.active(self.now).any(|laid| {
            laid.mechanism == Mechanism::ProbeFails(kind) && acts_on(self.cluster, laid, self.pod)
        })
    }

    fn ask_server(&self, index: usize, kind: usize, recipe: &ProbeRecipe) -> Option<Failure> {
        let (chunk, row) = self.cluster.workings.pods.at(self.pod);
        if self.now < chunk.serving_from[row] {
            return Some(Failure::Refused);
        }
        let timeout = f64::from(recipe.probe.timeout_seconds.max(1));
        let share = f64::from(chunk.answer[row]) / timeout;
        if share <= SURELY_IN_TIME {
            return None;
        }
        let chance = (share - SURELY_IN_TIME) / (SURELY_LATE - SURELY_IN_TIME);
        let drawn = self.uniform(Purpose::Probe, index * KINDS.len() + kind);
        (drawn < chance).then_some(Failure::TooLate)
    }

    /// Decides whether the pod is calm now, and what is watched of it.
    pub fn settle_calm(&mut self) {
        let calm = (0..self.run.containers.len()).all(|index| self.is_calm(index));
        if self.run.calm == Calm::Yes && !calm {
            realign(&mut self.run, &self.recipe, self.now);
        }
        self.run.calm = if calm { Calm::Yes } else { Calm::No };
        let serving = &self.recipe.containers[self.recipe.serving];
        let runs = matches!(
            self.process(self.recipe.serving),
            Process::Running { .. } | Process::Stopping { .. }
        );
        let memory = serving.memory_limit.filter(|_| runs);
        let memory = memory.map_or(f32::INFINITY, |limit| limit.0 as f32);
        let answer = if calm && runs {
            answer_limit(serving)
        } else {
            f32::INFINITY
        };
        self.cluster
            .workings
            .kubelet
            .watch(self.pod, memory, answer);
    }

    /// Whether each probe of a container passes and would pass again.
    fn is_calm(&mut self, index: usize) -> bool {
        if !matches!(self.process(index), Process::Running { .. }) {
            return true;
        }
        let recipe = self.recipe.clone();
        let container = &recipe.containers[index];
        if container.probes.iter().all(Option::is_none) {
            return true;
        }
        self.status(index).started
            && [LIVENESS, READINESS]
                .into_iter()
                .all(|kind| self.passes(index, kind, container))
    }

    fn passes(&self, index: usize, kind: usize, container: &ContainerRecipe) -> bool {
        let Some(recipe) = &container.probes[kind] else {
            return true;
        };
        let probe = &self.run.containers[index].probes[kind];
        let passing = probe.verdict == ProbeResult::Success
            && probe.last == ProbeResult::Success
            && probe.streak > 0;
        passing && !self.is_bent(KINDS[kind]) && self.will_pass(index, kind, recipe)
    }

    fn will_pass(&self, index: usize, kind: usize, recipe: &ProbeRecipe) -> bool {
        if let (Answered::ByCommand, Some(command)) = (recipe.answered, &recipe.command) {
            let disbelieved = kind == READINESS && self.run.containers[index].believed_unready;
            return !disbelieved
                && match self.try_command(index, command) {
                    Answer::Server if index == self.recipe.serving => {
                        self.server_will_pass(index, kind, recipe)
                    }
                    answer => self.judge(index, kind, recipe, answer).is_none(),
                };
        }
        self.server_will_pass(index, kind, recipe)
    }

    fn server_will_pass(&self, index: usize, kind: usize, recipe: &ProbeRecipe) -> bool {
        let (chunk, row) = self.cluster.workings.pods.at(self.pod);
        let disbelieved = kind == READINESS && self.run.containers[index].believed_unready;
        match recipe.answered {
            Answered::AtOnce => !disbelieved,
            Answered::ByServer | Answered::ByCommand => {
                let timeout = f64::from(recipe.probe.timeout_seconds.max(1));
                let answers = chunk.serving_from[row] <= self.now;
                !disbelieved && answers && f64::from(chunk.answer[row]) <= SURELY_IN_TIME * timeout
            }
            _ => false,
        }
    }
}

/// Answer time above which a probe of the server may fail.
fn answer_limit(container: &ContainerRecipe) -> f32 {
    let probes = container.probes[LIVENESS..].iter().flatten();
    probes
        .filter(|recipe| matches!(recipe.answered, Answered::ByServer | Answered::ByCommand))
        .map(|recipe| SURELY_IN_TIME as f32 * recipe.probe.timeout_seconds.max(1) as f32)
        .fold(f32::INFINITY, f32::min)
}

/// Moves the times of probes that were left out on to their next turn.
fn realign(run: &mut PodRun, recipe: &Recipe, now: Tick) {
    for (container, recipe) in run.containers.iter_mut().zip(&recipe.containers) {
        for (probe, recipe) in container.probes.iter_mut().zip(&recipe.probes) {
            let Some(recipe) = recipe else { continue };
            if probe.next < now {
                let period = recipe.probe.period_seconds.max(1);
                let left_out = now.elapsed(probe.next).div_ceil(period);
                probe.next = probe.next.after(left_out * period);
            }
        }
    }
}

/// A calm pod's probes may fail from now on: they run again, each at its time.
pub(super) fn end_calm<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let now = cluster.clock;
    let template = cluster.objects.pods[pod.index()].template;
    let kubelets = &mut cluster.workings.kubelet;
    let recipe = kubelets.recipes.get(template.index()).cloned().flatten();
    let run = kubelets.run_mut(pod).as_mut().map(Arc::make_mut);
    let (Some(recipe), Some(run)) = (recipe, run) else {
        return;
    };
    if run.calm == Calm::No {
        return;
    }
    run.calm = Calm::No;
    realign(run, &recipe, now);
    let probes = run
        .containers
        .iter()
        .flat_map(|container| &container.probes);
    let next = probes.map(|probe| probe.next).min().unwrap_or(Tick::NEVER);
    let index = pod.index() / aegis_cluster::workings::POD_CHUNK;
    let memory = kubelets.watched[index].memory[pod.index() % aegis_cluster::workings::POD_CHUNK];
    kubelets.watch(pod, memory, f32::INFINITY);
    let (chunk, row) = cluster.workings.pods.at(pod);
    let due = chunk.due[row].min(next);
    cluster.workings.pods.set_due(pod, due);
}

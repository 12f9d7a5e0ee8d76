//! One play of a twin: a hypothesis, a plan, a draw of what is not known.
//!
//! [`play`] is pure: the same trial gives the same outcome, bit for bit,
//! whoever plays it and on however many threads.

use crate::forecast::LoadPath;
use crate::likelihood::Window;
use crate::series::{Row, slower};
use crate::twin::Twin;
use aegis_model::{
    Behaviour, ChangeRecord, Conduct, Objective, Objects, Outcome, Overlay, Plan, Tick,
};
use aegis_sim::conduct::Conductor;
use aegis_sim::infer::Wiring;
use aegis_sim::solver::tail::Fitted;
use aegis_sim::{Draws, Journal, loss, observe};
use std::sync::Arc;

/// One play.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Where it starts.
    pub twin: Arc<Twin>,
    /// Parameters that are drawn.
    pub behaviours: Arc<Vec<Option<Arc<Behaviour>>>>,
    /// Recorded changes that are replayed, oldest first.
    pub changes: Arc<Vec<ChangeRecord>>,
    /// Mechanisms of the hypothesis and of the future.
    pub overlay: Overlay,
    /// Load over time.
    pub load: Arc<LoadPath>,
    /// What is done from `decide` on; an empty one waits.
    pub plan: Arc<Plan>,
    /// When the plan starts; losses count from here.
    pub decide: Tick,
    /// Last tick, exclusive.
    pub until: Tick,
    /// Window that is compared, with the tick at which its first bin begins.
    pub window: Option<(Arc<Window>, Tick)>,
    /// Bins by which what is predicted may be put off, for the best fit: it is not known when it began.
    pub slack: u32,
    /// Objectives that losses are judged by, with their weights.
    pub objectives: Arc<Vec<(Objective, f64)>>,
    /// Seed of its draws.
    pub stream: u64,
}

/// Seconds per bin.
const BIN: u32 = 15;

/// Plays a trial.
#[must_use]
pub fn play(trial: &Trial) -> Outcome {
    let mut player = Player::start(trial);
    player.run(trial, trial.until);
    player.finish(trial)
}

/// The bins that a trial predicts, for a window to be compared with.
#[must_use]
pub fn rows_of(trial: &Trial) -> Vec<Row> {
    let mut player = Player::start(trial);
    player.run(trial, trial.until);
    player.scrape(trial, trial.until);
    player.rows
}

/// What a trial would cost at most, service-ticks.
#[must_use]
pub fn cost(trial: &Trial) -> u64 {
    let seconds = u64::from(trial.until.elapsed(trial.twin.cluster.clock));
    seconds * trial.behaviours.iter().flatten().count() as u64
}

/// A trial under way. It is handed its trial each time, so that others can go on from where it stands.
#[derive(Clone)]
pub(crate) struct Player {
    twin: Twin,
    draws: Draws,
    journal: Journal,
    wiring: Wiring,
    conductor: Conductor,
    next_change: usize,
    bad: Vec<f64>,
    rows: Vec<Row>,
    before: Option<Objects>,
    requested: Vec<f64>,
    nodes: Vec<f64>,
    pods_before: usize,
}

impl Player {
    /// At the first second.
    pub(crate) fn start(trial: &Trial) -> Self {
        let mut twin = trial.twin.fork();
        twin.believe(&trial.behaviours);
        Self {
            draws: Draws::new(trial.stream),
            journal: Journal::default(),
            wiring: Wiring::of_revisions(&twin.cluster, &twin.revisions),
            conductor: Conductor::new(Arc::clone(&trial.plan)),
            next_change: 0,
            bad: Vec::new(),
            rows: Vec::new(),
            before: None,
            requested: Vec::new(),
            nodes: Vec::new(),
            pods_before: twin.cluster.objects.pods.len(),
            twin,
        }
    }

    /// Plays up to a second, exclusive.
    pub(crate) fn run(&mut self, trial: &Trial, until: Tick) {
        while self.twin.cluster.clock < until {
            self.second(trial);
        }
    }

    /// The second that it plays next.
    pub(crate) fn clock(&self) -> Tick {
        self.twin.cluster.clock
    }

    /// How the plan's steps stand.
    pub(crate) fn conduct(&self) -> Conduct {
        self.conductor.conduct()
    }

    /// The objects as they stand.
    pub(crate) fn objects(&self) -> &Objects {
        &self.twin.cluster.objects
    }

    /// The twin with the plan taken back as far as it was done, and what could not be.
    pub(crate) fn take_back(mut self) -> (Twin, Result<(), String>) {
        let undone = self.conductor.undo(&mut self.twin.cluster);
        (self.twin, undone)
    }

    /// Work so far is counted elsewhere.
    pub(crate) fn forget_work(&mut self) {
        self.journal.service_ticks = 0;
    }

    fn second(&mut self, trial: &Trial) {
        let now = self.twin.cluster.clock;
        self.scrape(trial, now);
        self.replay(trial, now);
        trial.load.write(now, &mut self.twin.cluster.workings.load);
        if now >= trial.decide {
            self.conductor.step(&mut self.twin.cluster);
        }
        self.wiring.follow(&mut self.twin.cluster);
        self.journal.events.clear();
        aegis_sim::tick(
            &mut self.twin.cluster,
            &trial.overlay,
            &self.draws,
            &mut self.journal,
        );
        if now >= trial.decide {
            self.judge(trial);
        }
    }

    /// Reads a bin where one ends.
    fn scrape(&mut self, trial: &Trial, now: Tick) {
        let Some((window, from)) = &trial.window else {
            return;
        };
        if now < *from
            || !now.elapsed(*from).is_multiple_of(BIN)
            || self.rows.len() == window.bins.len()
        {
            return;
        }
        let samples = observe::scrape(&mut self.twin.cluster);
        let objects = self.twin.cluster.objects.clone();
        if let Some(before) = self.before.replace(objects) {
            self.rows.push(
                window
                    .set
                    .read(&samples, &self.twin.cluster.objects, &before),
            );
        }
    }

    fn replay(&mut self, trial: &Trial, now: Tick) {
        while let Some(record) = trial
            .changes
            .get(self.next_change)
            .filter(|record| record.at <= now)
        {
            self.next_change += 1;
            if record.at == now {
                self.twin.replay(record);
            }
        }
    }

    fn judge(&mut self, trial: &Trial) {
        let meters = &self.twin.cluster.workings.meters;
        let of = |(objective, weight): &(Objective, f64)| {
            let Some(entry) = meters
                .entries
                .iter()
                .find(|entry| entry.service == objective.service)
            else {
                return 0.0;
            };
            let time = Fitted {
                mean: entry.last.time,
                cv2: entry.last.cv2,
            };
            let slow = objective
                .latency
                .map_or(0.0, |target| time.exceeds(target.below));
            weight * loss::of_objective(objective, entry.last.failed, slow)
        };
        self.bad
            .push(trial.objectives.iter().map(of).sum::<f64>().min(1.0));
        if self.bad.len() % BIN as usize == 1 {
            let objects = &self.twin.cluster.objects;
            self.requested.push(requested_cores(objects));
            let there = objects.nodes.iter().filter(|node| node.header.exists());
            self.nodes.push(there.count() as f64);
        }
    }

    pub(crate) fn finish(mut self, trial: &Trial) -> Outcome {
        self.scrape(trial, trial.until);
        let fit = trial
            .window
            .as_ref()
            .map(|(window, _)| window.fit(&self.rows, trial.slack));
        let log_likelihood = fit.map(|(log, _)| log);
        Outcome {
            stability: loss::stability(&self.bad),
            loss: loss::bins(&self.bad),
            cost: self.cost(),
            conduct: if trial.plan.is_wait() {
                Conduct::Done
            } else {
                self.conductor.conduct()
            },
            log_likelihood,
            put_off: fit.map_or(0, |(_, bins)| bins),
            digest: digest(&self.bad, log_likelihood),
            service_ticks: self.journal.service_ticks,
        }
    }

    /// Requested CPU added, nodes added, and pods made anew, relative to what the cluster has; a quarter of it is 1.
    fn cost(&self) -> f64 {
        let objects = &self.twin.cluster.objects;
        let capacity: f64 = objects
            .nodes
            .iter()
            .filter(|node| node.header.exists())
            .filter_map(|node| node.capacity.capacity.cpu())
            .map(aegis_model::Millicores::cores)
            .sum();
        let added = added_mean(&self.requested);
        let had = self.nodes.first().copied().unwrap_or(1.0).max(1.0);
        let nodes = added_mean(&self.nodes).max(0.0) / had;
        let made = objects.pods.len().saturating_sub(self.pods_before) as f64;
        let pods = objects
            .workloads
            .iter()
            .map(|workload| workload.pods.len())
            .sum::<usize>()
            .max(1) as f64;
        ((added / capacity.max(1e-9) + nodes + 0.05 * made / pods) / 0.25).clamp(0.0, 1.0)
    }
}

/// How much more there was than at first, in the mean.
fn added_mean(counts: &[f64]) -> f64 {
    let first = counts.first().copied().unwrap_or(0.0);
    counts.iter().map(|now| now - first).sum::<f64>() / counts.len().max(1) as f64
}

/// CPU requested by pods that exist, cores.
fn requested_cores(objects: &Objects) -> f64 {
    let of = |pod: &aegis_model::PodId| {
        let row = &objects.pods[pod.index()];
        let containers = &objects.templates[row.template.index()].spec.spec.containers;
        containers
            .iter()
            .filter_map(|c| c.resources.request("cpu"))
            .map(|q| q.millicores().cores())
            .sum::<f64>()
    };
    objects
        .workloads
        .iter()
        .flat_map(|workload| workload.pods.iter())
        .map(of)
        .sum()
}

/// FNV-1a over the bits of a series.
fn digest(bad: &[f64], log_likelihood: Option<f64>) -> u64 {
    let mix = |hash: u64, value: f64| (hash ^ value.to_bits()).wrapping_mul(0x0000_0100_0000_01B3);
    bad.iter()
        .copied()
        .chain(log_likelihood)
        .fold(0xCBF2_9CE4_8422_2325, mix)
}

/// Observed badness of a bin, from what users got.
#[must_use]
pub fn observed_loss(objectives: &[(Objective, f64)], samples: &aegis_model::Samples) -> f64 {
    let of = |(objective, weight): &(Objective, f64)| {
        let entry = samples
            .entries
            .iter()
            .find(|entry| entry.service == objective.service);
        let Some(requests) = entry
            .map(|entry| &entry.requests)
            .filter(|requests| requests.total > 0.0)
        else {
            return 0.0;
        };
        let slow = objective.latency.map_or(0.0, |target| {
            slower(requests, target.below) / requests.total
        });
        weight * loss::of_objective(objective, requests.error_share(), slow)
    };
    objectives.iter().map(of).sum::<f64>().min(1.0)
}

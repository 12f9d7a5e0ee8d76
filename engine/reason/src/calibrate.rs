//! What a healthy window says of a cluster's parameters.
//!
//! Calibration reads the healthy past alone and is frozen during an incident.
//! What health shows (CPU per request, own time, call ratios, memory at rest)
//! gets a posterior around the inferred prior; what it cannot show (limits,
//! time-outs, retries) stays a prior, drawn anew for every trial.

use crate::history::History;
use crate::series::{Measure, SeriesKey, all_sampled, mean_time, memory_limit};
use crate::topology::Topology;
use aegis_model::{
    Behaviour, Bytes, Call, Objects, Observation, Target, TemplateId, Tick, WorkloadId,
};
use aegis_sim::infer::{Inferred, infer, is_rolled_out};
use aegis_sim::{Draws, Purpose};
use std::sync::Arc;

/// Seconds of healthy past below which priors are used alone.
pub const ENOUGH_HEALTHY: u32 = 120;
/// Relative error of a measured CPU rate.
const CPU_NOISE: f64 = 0.05;
/// Spread of a posterior that rests on many samples: what the model itself gets wrong.
const MEASURED_SIGMA: f64 = 0.05;

/// A cluster's parameters as far as observations tell.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// What objects alone let one guess.
    pub inferred: Arc<Inferred>,
    /// Posterior means, by workload.
    pub behaviours: Vec<Option<Behaviour>>,
    /// Posterior spreads, by workload.
    pub spreads: Vec<Spreads>,
    /// Revisions whose behaviour it is, by workload.
    pub revisions: Arc<Vec<TemplateId>>,
    /// Seconds of healthy past that were used.
    pub healthy: u32,
    /// In words.
    pub notes: Vec<String>,
}

/// Standard deviations of the logarithms of one workload's parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spreads {
    /// CPU per request.
    pub cpu: f64,
    /// Own time that is not CPU.
    pub latency: f64,
    /// Memory at rest.
    pub memory: f64,
    /// Call ratios.
    pub ratio: f64,
}

/// The newest look at the workloads of now at which no revision was wanted that most ready pods were not yet of: what
/// was measured up to then was done by the revisions that it shows.
fn settled(window: &[Arc<Observation>]) -> Option<&Arc<Observation>> {
    let count = window.last()?.objects.workloads.len();
    let is_settled = |objects: &Objects| {
        let rows = objects.workloads.enumerate();
        let mut rows = rows.filter(|(_, row)| row.header.exists() && row.status.ready > 0);
        rows.all(|(index, _)| is_rolled_out(objects, index.into()))
    };
    let newest_first = window.iter().rev();
    newest_first
        .take_while(|seen| seen.objects.workloads.len() == count)
        .find(|seen| is_settled(&seen.objects))
}

impl Spreads {
    /// Nothing left open of what was measured.
    fn known(self) -> Self {
        let left = |spread: f64, prior: f64| if spread < prior { 0.0 } else { spread };
        Self {
            cpu: left(self.cpu, PRIOR.cpu),
            latency: left(self.latency, PRIOR.latency),
            memory: left(self.memory, PRIOR.memory),
            ratio: left(self.ratio, PRIOR.ratio),
        }
    }
}

/// Most that one correction moves a parameter by, in log units.
const MOST: f64 = 0.5;

/// Spreads of what was not measured.
const PRIOR: Spreads = Spreads {
    cpu: 0.35,
    latency: 0.3,
    memory: 0.2,
    ratio: 0.15,
};

impl Calibration {
    /// Calibrates on the observations up to `until`; on priors alone where they are too few.
    #[must_use]
    pub fn learn(history: &History, until: Tick) -> Option<Self> {
        let window = history.between(Tick(0), until);
        let newest = window.last().or_else(|| history.all().first())?;
        let objects = &settled(window).unwrap_or(newest).objects;
        let inferred = Arc::new(infer(objects));
        let mut behaviours = inferred.median();
        let mut spreads = vec![PRIOR; behaviours.len()];
        let healthy: f64 = window.iter().map(|seen| seen.samples.interval).sum();
        let mut notes = Vec::new();
        if (healthy as u32) < ENOUGH_HEALTHY {
            notes.push(format!("only {healthy:.0} s of healthy past: priors alone"));
        } else {
            measure(&mut behaviours, &mut spreads, window);
            notes.push(format!("calibrated on {healthy:.0} s of healthy past"));
        }
        Some(Self {
            inferred,
            behaviours,
            spreads,
            revisions: Arc::new(objects.workloads.iter().map(|row| row.template).collect()),
            healthy: healthy as u32,
            notes,
        })
    }

    /// One draw of all parameters: measured ones around their posterior, the others from their priors.
    /// Draw 0 is the posterior mean with prior medians.
    #[must_use]
    pub fn draw(&self, draws: Draws, index: u64) -> Vec<Option<Arc<Behaviour>>> {
        self.drawn_with(&self.spreads, draws, index)
    }

    /// The same with measured parameters at their posterior means: what they leave open is part of the
    /// spread that series are compared with, and need not blur a likelihood twice.
    #[must_use]
    pub fn draw_unseen(&self, draws: Draws, index: u64) -> Vec<Option<Arc<Behaviour>>> {
        let spreads: Vec<Spreads> = self.spreads.iter().copied().map(Spreads::known).collect();
        self.drawn_with(&spreads, draws, index)
    }

    fn drawn_with(
        &self,
        spreads: &[Spreads],
        draws: Draws,
        index: u64,
    ) -> Vec<Option<Arc<Behaviour>>> {
        if index == 0 {
            return self
                .behaviours
                .iter()
                .map(|b| b.clone().map(Arc::new))
                .collect();
        }
        let draws = draws.derive(index);
        let sampled = self.inferred.sample(draws, Purpose::Prior);
        let drawn = |workload: usize| {
            let mean = self.behaviours[workload].as_ref()?;
            let prior = sampled.get(workload)?.as_ref()?;
            Some(Arc::new(drawn(
                spreads[workload],
                draws,
                workload,
                mean,
                prior,
            )))
        };
        (0..self.behaviours.len()).map(drawn).collect()
    }

    /// Moves parameters towards what was seen. `error` gives observed less predicted of a series of
    /// a twin, in the space of the series.
    pub(crate) fn correct(
        &mut self,
        topology: &Topology,
        objects: &Objects,
        error: impl Fn(SeriesKey) -> Option<f64>,
    ) {
        let of = |measure: Measure, workload: usize| {
            let subject = Target::Workload(WorkloadId::from(workload));
            error(SeriesKey { measure, subject })
                .unwrap_or(0.0)
                .clamp(-MOST, MOST)
        };
        let count = self.behaviours.len();
        let rates: Vec<f64> = (0..count)
            .map(|workload| of(Measure::Rate, workload))
            .collect();
        let times: Vec<f64> = (0..count)
            .map(|workload| of(Measure::Latency, workload))
            .collect();
        let waits: Vec<(f64, f64)> = (0..count)
            .map(|workload| self.waited(topology, workload, &times))
            .collect();
        for workload in 0..count {
            let own = rates[workload];
            let (cpu, memory) = (of(Measure::Cpu, workload), of(Measure::Memory, workload));
            let waited = waits[workload];
            let limit = objects.workloads.get(workload).map_or(0.0, memory_limit);
            let Some(behaviour) = &mut self.behaviours[workload] else {
                continue;
            };
            for call in &mut behaviour.calls {
                let behind = call
                    .to
                    .and_then(|to| topology.behind.get(to.index())?.first());
                if let Some(callee) = behind {
                    call.ratio *= libm::exp(rates[callee.index()] - own);
                }
            }
            behaviour.cpu_per_request *= libm::exp(cpu - own);
            let held = behaviour.memory_base.0 as f64 + memory * limit;
            behaviour.memory_base = Bytes(held.max(1.0) as u64);
            let total = behaviour.latency + behaviour.cpu_per_request + waited.0;
            let wanted = total * libm::expm1(times[workload]) - waited.1;
            behaviour.latency = (behaviour.latency + wanted).max(0.02 * behaviour.latency);
        }
    }

    /// Seconds that a workload waits for its callees, by their own parameters, and by how much that is to change.
    fn waited(&self, topology: &Topology, workload: usize, times: &[f64]) -> (f64, f64) {
        let calls = self.behaviours[workload]
            .as_ref()
            .map_or(&[][..], |behaviour| &behaviour.calls);
        let mut sums = (0.0, 0.0);
        for call in calls {
            let behind = call
                .to
                .and_then(|to| topology.behind.get(to.index())?.first());
            let Some((callee, other)) =
                behind.and_then(|id| Some((id, self.behaviours[id.index()].as_ref()?)))
            else {
                continue;
            };
            let time = other.latency + other.cpu_per_request;
            sums.0 += call.ratio * (time + call.round_trip);
            sums.1 += call.ratio * time * libm::expm1(times[callee.index()]);
        }
        sums
    }
}

fn drawn(
    spread: Spreads,
    draws: Draws,
    workload: usize,
    mean: &Behaviour,
    prior: &Behaviour,
) -> Behaviour {
    let factor = |sigma: f64, parameter: u64| {
        draws.log_normal(
            sigma,
            Purpose::Prior,
            (workload as u64) << 8 | parameter,
            Tick(0),
        )
    };
    let mut drawn = mean.clone();
    drawn.cpu_per_request *= factor(spread.cpu, 1);
    drawn.latency *= factor(spread.latency, 2);
    drawn.memory_base = Bytes((mean.memory_base.0 as f64 * factor(spread.memory, 3)) as u64);
    drawn.service_cv2 = factor(0.5, 4).clamp(0.25, 8.0);
    (drawn.workers, drawn.queue) = (prior.workers, prior.queue);
    drawn.memory_per_request = prior.memory_per_request;
    drawn.startup = prior.startup;
    for (position, call) in drawn.calls.iter_mut().enumerate() {
        call.ratio *= factor(spread.ratio, 16 + position as u64);
        if let Some(guess) = prior.calls.get(position) {
            unseen(call, guess);
        }
    }
    drawn
}

/// Takes over what health does not show of a call.
fn unseen(call: &mut Call, prior: &Call) {
    (call.timeout, call.retries, call.backoff) = (prior.timeout, prior.retries, prior.backoff);
    (call.retry_budget, call.breaker) = (prior.retry_budget, prior.breaker);
}

fn measure(
    behaviours: &mut [Option<Behaviour>],
    spreads: &mut [Spreads],
    window: &[Arc<Observation>],
) {
    for (index, behaviour) in behaviours.iter_mut().enumerate() {
        let workload = WorkloadId::from(index);
        let Some(behaviour) = behaviour else { continue };
        let seen = Seen::of(workload, window);
        if let Some(sigma) = seen.fit_cpu(behaviour) {
            spreads[index].cpu = sigma;
        }
        if seen.fit_ratios(behaviour, workload, window) {
            spreads[index].ratio = MEASURED_SIGMA;
        }
        if seen.fit_latency(behaviour, workload, window) {
            spreads[index].latency = 2.0 * MEASURED_SIGMA;
        }
        if seen.fit_memory(behaviour) {
            spreads[index].memory = MEASURED_SIGMA;
        }
    }
}

/// What was seen of one workload, bin by bin.
struct Seen {
    /// Requests per second, CPU in cores, pods, requests in flight.
    bins: Vec<(f64, f64, f64, f64)>,
    /// Mean working set of a pod, bytes.
    memory: Vec<f64>,
    /// Requests in all.
    requests: f64,
    /// Sum of mean times weighted by requests, s.
    time: f64,
}

impl Seen {
    fn of(workload: WorkloadId, window: &[Arc<Observation>]) -> Self {
        let mut seen = Self {
            bins: Vec::new(),
            memory: Vec::new(),
            requests: 0.0,
            time: 0.0,
        };
        for observation in window {
            let samples = &observation.samples;
            let Some(service) = samples
                .services
                .iter()
                .find(|sample| sample.workload == workload)
            else {
                continue;
            };
            let own = |pod: aegis_model::PodId| {
                observation.objects.pods[pod.index()].workload == workload
            };
            let pods: Vec<_> = samples
                .pods
                .iter()
                .filter(|sample| own(sample.pod))
                .collect();
            if pods.is_empty() || !all_sampled(workload, &observation.samples, &observation.objects)
            {
                continue;
            }
            let cpu = pods.iter().map(|pod| pod.cpu).sum();
            let count = pods.len() as f64;
            seen.bins.push((
                service.requests.total / samples.interval,
                cpu,
                count,
                service.in_flight,
            ));
            seen.memory
                .push(pods.iter().map(|pod| pod.memory).sum::<f64>() / count);
            seen.requests += service.requests.total;
            seen.time += mean_time(&service.requests).unwrap_or(0.0) * service.requests.total;
        }
        seen
    }

    /// Bayesian regression `cpu = rate · cost + pods · idle`, both with their priors: where the rate
    /// hardly varies the posterior stays correlated and only the sum is learnt. Returns the cost's σ.
    fn fit_cpu(&self, behaviour: &mut Behaviour) -> Option<f64> {
        if self.bins.len() < 4 || self.requests < 20.0 {
            return None;
        }
        let mut mean = [behaviour.cpu_per_request, behaviour.cpu_idle];
        let variance = |value: f64| (PRIOR.cpu * value) * (PRIOR.cpu * value);
        let mut covariance = [[variance(mean[0]), 0.0], [0.0, variance(mean[1]).max(1e-8)]];
        for &(rate, cpu, pods, _) in &self.bins {
            let noise = (CPU_NOISE * cpu) * (CPU_NOISE * cpu) + 1e-8;
            update(&mut mean, &mut covariance, [rate, pods], cpu, noise);
        }
        behaviour.cpu_per_request = mean[0].max(0.05 * behaviour.cpu_per_request);
        behaviour.cpu_idle = mean[1].max(0.0);
        Some(
            (libm::sqrt(covariance[0][0]) / behaviour.cpu_per_request)
                .clamp(MEASURED_SIGMA, PRIOR.cpu),
        )
    }

    fn fit_ratios(
        &self,
        behaviour: &mut Behaviour,
        workload: WorkloadId,
        window: &[Arc<Observation>],
    ) -> bool {
        if self.requests < 100.0 {
            return false;
        }
        for call in behaviour.calls.iter_mut().filter(|call| call.ratio > 0.0) {
            let edges = window.iter().flat_map(|seen| &seen.samples.edges);
            let mine = edges.filter(|edge| edge.from == workload && Some(edge.to) == call.to);
            let attempts: f64 = mine.map(|edge| edge.attempts).sum();
            if attempts > 0.0 {
                call.ratio = attempts / self.requests;
            }
        }
        true
    }

    /// Own time is what is left of the mean time after the callees' and the CPU's.
    fn fit_latency(
        &self,
        behaviour: &mut Behaviour,
        workload: WorkloadId,
        window: &[Arc<Observation>],
    ) -> bool {
        if self.requests < 100.0 {
            return false;
        }
        let waited: f64 = behaviour
            .calls
            .iter()
            .map(|call| call.ratio * edge_time(window, workload, call))
            .sum();
        let left = self.time / self.requests - waited - behaviour.cpu_per_request;
        behaviour.latency = left
            .max(0.2 * behaviour.latency)
            .min(20.0 * behaviour.latency);
        true
    }

    fn fit_memory(&self, behaviour: &mut Behaviour) -> bool {
        if self.memory.len() < 4 {
            return false;
        }
        let count = self.memory.len() as f64;
        let in_flight: f64 = self
            .bins
            .iter()
            .map(|bin| bin.3 / bin.2.max(1.0))
            .sum::<f64>()
            / count;
        let mean = self.memory.iter().sum::<f64>() / count;
        let rest = mean - in_flight * behaviour.memory_per_request.0 as f64;
        behaviour.memory_base = Bytes(rest.max(0.1 * mean) as u64);
        true
    }
}

/// Mean time of a call as its caller saw it, s; its round trip where none was seen.
fn edge_time(window: &[Arc<Observation>], from: WorkloadId, call: &Call) -> f64 {
    let edges = window.iter().flat_map(|seen| &seen.samples.edges);
    let mine = edges.filter(|edge| edge.from == from && Some(edge.to) == call.to);
    let (mut time, mut attempts) = (0.0, 0.0);
    for edge in mine {
        if let Some(latency) = edge.latency {
            time += latency * edge.attempts;
            attempts += edge.attempts;
        }
    }
    if attempts > 0.0 {
        time / attempts
    } else {
        call.round_trip
    }
}

/// One step of Bayesian linear regression with two coefficients (the Kalman filter's update).
fn update(mean: &mut [f64; 2], covariance: &mut [[f64; 2]; 2], x: [f64; 2], y: f64, noise: f64) {
    let cx = [
        covariance[0][0] * x[0] + covariance[0][1] * x[1],
        covariance[1][0] * x[0] + covariance[1][1] * x[1],
    ];
    let total = x[0] * cx[0] + x[1] * cx[1] + noise;
    let error = y - (x[0] * mean[0] + x[1] * mean[1]);
    for row in 0..2 {
        mean[row] += cx[row] / total * error;
        for column in 0..2 {
            covariance[row][column] -= cx[row] * cx[column] / total;
        }
    }
}

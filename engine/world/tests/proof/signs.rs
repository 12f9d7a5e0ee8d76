//! Whether a sign of a row shows: what changed on an observation beside the one before the fault.

use aegis_faults::{Direction, Sign};
use aegis_model::objects::ContainerState;
use aegis_model::{Objects, Observation, SymptomKind, WorkloadId};

/// Share of requests that fails at least.
const ERRORS: f64 = 0.02;
/// Factor by which an amount changes at least.
const CHANGED: f64 = 1.15;

/// What is compared.
pub struct Pair<'a> {
    pub before: &'a Observation,
    pub now: &'a Observation,
    pub workload: Option<WorkloadId>,
    /// Whether users waited longer than they are used to.
    pub slow: bool,
}

impl Pair<'_> {
    pub fn shows(&self, sign: &Sign) -> bool {
        let objects = &self.now.objects;
        match sign.kind {
            SymptomKind::Errors | SymptomKind::BurnRate => failing(self.now),
            SymptomKind::Latency => self.slow,
            SymptomKind::Rate => self.moved(sign.direction, rate),
            SymptomKind::Cpu => self.moved(sign.direction, cpu) || throttled(self.now),
            SymptomKind::Memory => self.moved(sign.direction, memory),
            SymptomKind::Restarts => restarts(objects) > restarts(&self.before.objects),
            SymptomKind::OomKilled => ended(objects, "OOMKilled"),
            SymptomKind::NotReady => active(objects).any(|pod| !pod.is_ready()),
            SymptomKind::Unschedulable => {
                active(objects).any(|pod| pod.node.is_none())
                    || objects.events.iter().any(|event| event.reason == "FailedCreate")
            }
            SymptomKind::CannotStart => active(objects).flat_map(|pod| &pod.containers).any(|status| {
                matches!(&status.state, ContainerState::Waiting { reason, .. } if reason != "ContainerCreating" && reason != "PodInitializing")
            }),
            SymptomKind::NoEndpoints => objects.services.iter().any(|service| {
                service.header.exists() && !service.spec.selector.is_empty() && service.endpoints.iter().all(|endpoint| !endpoint.ready)
            }),
            SymptomKind::NodeNotReady => objects.nodes.iter().any(|node| node.condition("Ready") != aegis_model::objects::ConditionStatus::True),
            SymptomKind::TelemetryMissing => self.workload.is_some_and(|id| !self.now.samples.services.iter().any(|row| row.workload == id)),
        }
    }

    /// Whether some workload's amount moved that way.
    fn moved(&self, direction: Direction, of: fn(&Observation, WorkloadId) -> f64) -> bool {
        let rows = 0..self.before.objects.workloads.len();
        rows.map(WorkloadId::from).any(|id| {
            let (before, now) = (of(self.before, id), of(self.now, id));
            match direction {
                Direction::Rises => before > 0.0 && now > before * CHANGED,
                Direction::Falls => before > 0.0 && now < before / CHANGED,
            }
        })
    }
}

fn active(objects: &Objects) -> impl Iterator<Item = &aegis_model::objects::Pod> {
    objects.pods.iter().filter(|pod| pod.is_active())
}

fn failing(seen: &Observation) -> bool {
    let services = seen
        .samples
        .services
        .iter()
        .map(|row| row.requests.error_share());
    let entries = seen
        .samples
        .entries
        .iter()
        .map(|row| row.requests.error_share());
    let edges = seen
        .samples
        .edges
        .iter()
        .map(|row| row.failures / row.attempts.max(1.0));
    services
        .chain(entries)
        .chain(edges)
        .any(|share| share > ERRORS)
}

fn rate(seen: &Observation, id: WorkloadId) -> f64 {
    let rows = seen
        .samples
        .services
        .iter()
        .filter(|row| row.workload == id);
    rows.map(|row| row.requests.total).sum::<f64>() / seen.samples.interval.max(1.0)
}

fn of_pods(
    seen: &Observation,
    id: WorkloadId,
    of: fn(&aegis_model::observation::PodSample) -> f64,
) -> f64 {
    let own = |row: &&aegis_model::observation::PodSample| {
        seen.objects.pods[row.pod.index()].workload == id
    };
    seen.samples.pods.iter().filter(own).map(of).sum()
}

fn cpu(seen: &Observation, id: WorkloadId) -> f64 {
    of_pods(seen, id, |row| row.cpu)
}

fn memory(seen: &Observation, id: WorkloadId) -> f64 {
    of_pods(seen, id, |row| row.memory)
}

fn throttled(seen: &Observation) -> bool {
    seen.samples.pods.iter().any(|row| row.throttled > 0.2)
}

fn restarts(objects: &Objects) -> u32 {
    objects
        .pods
        .iter()
        .flat_map(|pod| &pod.containers)
        .map(|status| status.restarts)
        .sum()
}

fn ended(objects: &Objects, reason: &str) -> bool {
    objects
        .pods
        .iter()
        .flat_map(|pod| &pod.containers)
        .any(|status| status.last.as_ref().is_some_and(|end| end.reason == reason))
}

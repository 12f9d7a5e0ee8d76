//! What is seen while a fault is at work: how users fare, and which of its words appear.

use super::signs::Pair;
use aegis_faults::{Fault, Harms, Show};
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{ClaimPhase, ConditionStatus, ContainerState};
use aegis_model::{Objects, Observation, Target, Tick, WorkloadId};
use aegis_sim::solver::tail::Fitted;
use aegis_world::World;
use std::sync::Arc;

/// Above this share of failed or slow requests a second is bad.
const BUDGET: f64 = 0.02;
/// Events of the last seconds are those of now.
const RECENT: u32 = 300;
/// Above this factor on what an entry took before, a request is slow.
const SLOW: f64 = 3.0;

#[derive(Clone)]
pub struct Watch {
    fault: &'static Fault,
    workload: Option<WorkloadId>,
    wanted: u32,
    /// The p99 of each entry before, s, times [`SLOW`].
    slow: Vec<f64>,
    seen: Vec<bool>,
    /// Whether any of the signs was seen.
    signed: bool,
    /// Which of its words the last look showed.
    latest: Vec<bool>,
    before: Arc<Observation>,
    hurried: bool,
    restarts: u32,
    since: Tick,
}

impl Watch {
    pub fn new(world: &mut World, fault: &'static Fault, target: Target) -> Self {
        let _ = world.observe();
        world.advance(15);
        let before = Arc::new(world.observe());
        let workload = match target {
            Target::Workload(id) => Some(id),
            Target::Service(id) => {
                let objects = world.objects();
                let service = &objects.services[id.index()];
                let rows = objects.workloads.enumerate();
                let mut found = rows.filter(|(_, row)| aegis_faults::words::selects(service, row));
                found.next().map(|(index, _)| index.into())
            }
            _ => world
                .objects()
                .workloads
                .enumerate()
                .find(|(_, row)| row.header.reference.name == "cartservice")
                .map(|(index, _)| index.into()),
        };
        let wanted = workload.map_or(0, |id| {
            world.objects().workloads[id.index()]
                .spec
                .replicas()
                .unwrap_or(1)
        });
        let slow = world.entries().iter().map(|entry| {
            let fit = Fitted {
                mean: entry.last.time,
                cv2: entry.last.cv2,
            };
            (1..2000)
                .map(|step| f64::from(step) * 0.01)
                .find(|below| fit.exceeds(*below) < 0.01)
                .unwrap_or(20.0)
                * SLOW
        });
        let slow = slow.collect();
        let restarts = workload.map_or(0, |id| restarts(world.objects(), id));
        let since = world.now();
        Self {
            fault,
            workload,
            wanted,
            slow,
            seen: vec![false; fault.shows.len()],
            signed: fault.signs.is_empty(),
            latest: vec![false; fault.shows.len()],
            before,
            hurried: false,
            restarts,
            since,
        }
    }

    pub const fn workload(&self) -> Option<WorkloadId> {
        self.workload
    }

    pub const fn wanted(&self) -> u32 {
        self.wanted
    }

    /// Lets seconds pass; gives those in which users fared badly.
    pub fn bad_of(&mut self, world: &mut World, seconds: u32) -> u32 {
        let mut bad = 0;
        for second in 0..seconds {
            world.advance(1);
            let is_bad = self.is_bad(world);
            bad += u32::from(is_bad);
            self.hurried |= is_bad;
            if second % 5 == 0 {
                self.look(world);
            }
        }
        bad
    }

    fn is_bad(&self, world: &World) -> bool {
        world.entries().iter().zip(&self.slow).any(|(entry, slow)| {
            let fit = Fitted {
                mean: entry.last.time,
                cv2: entry.last.cv2,
            };
            let late = if entry.last.failed < 1.0 {
                fit.exceeds(*slow)
            } else {
                0.0
            };
            entry.last.failed > BUDGET || late > BUDGET
        })
    }

    fn look(&mut self, world: &mut World) {
        let seen = world.observe();
        let pair = Pair {
            before: &self.before,
            now: &seen,
            workload: self.workload,
            slow: self.hurried,
        };
        self.signed |= self.fault.signs.iter().any(|sign| pair.shows(sign));
        for (index, show) in self.fault.shows.iter().enumerate() {
            let found = match show {
                Show::Log(words) => seen.logs.iter().any(|line| line.template.contains(words)),
                Show::Dark => self.workload.is_some_and(|id| {
                    !seen
                        .samples
                        .services
                        .iter()
                        .any(|sample| sample.workload == id)
                }),
                other => shows(&seen.objects, other, self.since),
            };
            self.seen[index] |= found;
            self.latest[index] = match show {
                Show::Event(..) => {
                    shows(&seen.objects, show, Tick(seen.at.0.saturating_sub(RECENT)))
                }
                _ => found,
            };
        }
    }

    /// A word that was not seen.
    pub fn untold(&self) -> Option<String> {
        let missing = self
            .fault
            .shows
            .iter()
            .zip(&self.seen)
            .find(|(_, seen)| !**seen);
        let words = missing.map(|(show, _)| format!("{show:?}"));
        let nothing = self.fault.shows.is_empty() && self.fault.signs.is_empty();
        words
            .or_else(|| (!self.signed).then(|| "none of its signs".to_owned()))
            .or_else(|| nothing.then(|| "it has neither sign nor word".to_owned()))
    }

    /// Reasons of the Events since the start.
    pub fn events(&self, world: &World) -> String {
        let events = world
            .objects()
            .events
            .iter()
            .filter(|event| event.last >= self.since);
        let mut told: Vec<String> = events
            .map(|event| {
                format!(
                    "{} {}",
                    event.reason,
                    event.message.chars().take(90).collect::<String>()
                )
            })
            .collect();
        told.dedup();
        told.truncate(12);
        told.join(" | ")
    }

    /// A state that a remedy should have ended, and did not.
    pub fn still(&self, world: &World) -> Option<String> {
        if self.fault.harms == Harms::Nobody {
            let mut now = self.fault.shows.iter().zip(&self.latest);
            return now
                .find(|(_, latest)| **latest)
                .map(|(show, _)| format!("{show:?}"));
        }
        let lasting = |show: &&Show| {
            matches!(
                show,
                Show::Terminating(_) | Show::ActiveJobs(_) | Show::ClaimPending
            )
        };
        let mut shows_now = self.fault.shows.iter().filter(lasting);
        shows_now
            .find(|show| shows(world.objects(), show, self.since))
            .map(|show| format!("{show:?}"))
    }

    /// Ready pods of the target, and how many there were before.
    pub fn ready(&self, world: &World) -> (u32, u32) {
        let Some(id) = self.workload else {
            return (0, 0);
        };
        let objects = world.objects();
        let row = &objects.workloads[id.index()];
        let revision =
            |pod: &aegis_model::objects::Pod| objects.revision(pod.template) == row.template;
        let pods = row.pods.iter().map(|pod| &objects.pods[pod.index()]);
        let ready = pods
            .filter(|pod| pod.is_active() && pod.is_ready() && revision(pod))
            .count();
        (
            ready as u32,
            row.spec.replicas().unwrap_or(1).max(self.wanted),
        )
    }

    /// Restarts of the target's containers since the start.
    pub fn restarts(&self, world: &World) -> u32 {
        self.workload
            .map_or(0, |id| restarts(world.objects(), id))
            .saturating_sub(self.restarts)
    }
}

fn restarts(objects: &Objects, workload: WorkloadId) -> u32 {
    let pods = objects.workloads[workload.index()].pods.iter();
    pods.flat_map(|pod| &objects.pods[pod.index()].containers)
        .map(|container| container.restarts)
        .sum()
}

fn shows(objects: &Objects, show: &Show, since: Tick) -> bool {
    let pods = || objects.pods.iter().filter(|pod| pod.exists());
    match show {
        Show::Event(reason, words) => objects.events.iter().any(|event| {
            event.reason == *reason && event.last >= since && event.message.to_lowercase().contains(&words.to_lowercase())
        }),
        Show::Waiting(wanted) => pods().flat_map(|pod| pod.containers.iter()).any(
            |status| matches!(&status.state, ContainerState::Waiting { reason, .. } if reason == *wanted),
        ),
        Show::Ended(wanted) => objects.pods.iter().flat_map(|pod| &pod.containers).any(|status| {
            let now = matches!(&status.state, ContainerState::Terminated(end) if end.reason == *wanted);
            now || status.last.as_ref().is_some_and(|end| end.reason == *wanted)
        }),
        Show::Condition(kind, status) => conditions(objects).any(|(name, now)| name == *kind && now == *status),
        Show::Again(actor) => objects.changes.iter().filter(|change| change.actor.starts_with(actor)).count() > 1,
        Show::ClaimPending => objects.claims.iter().any(|claim| claim.header.exists() && claim.phase == ClaimPhase::Pending),
        Show::Terminating(kind) => objects.plain.iter().any(|row| {
            row.header.exists() && row.header.deletion.is_some() && row.header.reference.kind == Kind::from(*kind)
        }),
        Show::ActiveJobs(least) => {
            let jobs = objects.workloads.iter().filter(|row| row.header.exists() && row.header.reference.kind == Kind::Job);
            jobs.filter(|row| row.pods.iter().any(|pod| objects.pods[pod.index()].is_active())).count() >= *least as usize
        }
        Show::Phase(phase) => pods().any(|pod| pod.is_active() && format!("{:?}", pod.phase) == *phase),
        Show::Log(_) | Show::Dark => false,
    }
}

/// Conditions of all objects, by type and status.
fn conditions(objects: &Objects) -> impl Iterator<Item = (&str, &'static str)> {
    let workloads = objects
        .workloads
        .iter()
        .filter(|row| row.header.exists())
        .flat_map(|row| &row.status.conditions);
    let scalers = objects
        .autoscalers
        .iter()
        .filter(|row| row.header.exists())
        .flat_map(|row| &row.conditions);
    let nodes = objects.nodes.iter().flat_map(|row| &row.conditions);
    let budgets = objects
        .budgets
        .iter()
        .filter(|row| row.header.exists())
        .flat_map(|row| &row.conditions);
    let all = workloads.chain(scalers).chain(nodes).chain(budgets);
    let pods = objects.pods.iter().filter(|pod| pod.exists());
    let ready = pods.map(|pod| ("Ready", word(pod.conditions.ready.status)));
    all.map(|condition| (condition.kind.as_str(), word(condition.status)))
        .chain(ready)
}

const fn word(status: ConditionStatus) -> &'static str {
    match status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    }
}

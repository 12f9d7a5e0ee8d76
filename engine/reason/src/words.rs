//! What the cluster says since a case began: Events, states, lines of logs that health did not have.
//!
//! Words name mechanisms that metrics cannot tell apart: requests fail alike for a password that was changed and
//! for a table that is locked. Each row of the catalogue says which words betray it ([`Show`]); here they are
//! looked for, and what was there before the case is no news.

use crate::history::History;
use crate::topology::{Direction, Topology};
use aegis_faults::{Fault, Show};
use aegis_model::ailment::Writer;
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{ClaimPhase, Condition, ConditionStatus, ContainerState, Pod};
use aegis_model::{NodeId, Objects, Observation, Target, Tick, WorkloadId};
use smol_str::SmolStr;
use std::sync::Arc;

/// Nats by which a line of a log speaks for a fault, at its place: a component names the cause itself.
const NAMED: f64 = 6.0;
/// The same for an Event or a state: other causes bring it as well.
const HEARD: f64 = 3.0;
/// The same for each further word.
const ALSO_HEARD: f64 = 1.0;
/// Nats that a word costs which is not heard.
const SILENT: f64 = 2.0;
/// Nats that a telling line costs which a fault does not account for.
const UNACCOUNTED: f64 = 6.0;
/// Nats that a line costs which a fault brings, heard of another component than those at which it would bring it.
const ELSEWHERE: f64 = 3.0;
/// Telling lines that count at most, and places of one.
const LINES: usize = 2;
/// Seconds before the end of health from which words are news: what hurts users later may show itself first.
const AHEAD: u32 = 120;
/// Lines that say no more than that something failed: metrics say as much.
const PLAIN: [&str; 2] = ["error calling", "request failed with status"];

/// How much is heard of the words of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It has none, or nobody is there who would say them.
    Nothing,
    /// Not all.
    Missing,
    /// All.
    Whole,
}

/// What is said, and where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    /// Words of the catalogue that are heard, each with the objects that they are about or whose log has them.
    said: Vec<(Show, Vec<Target>)>,
    /// Lines that name a mechanism.
    lines: Vec<SmolStr>,
}

impl Words {
    /// What is new since health ended; nothing before `since` belongs to the case.
    #[must_use]
    pub fn of(history: &History, healthy_until: Tick, since: Tick, now: Tick) -> Self {
        let since = Tick(healthy_until.0.saturating_sub(AHEAD)).max(since);
        let (before, after) = (history.between(Tick(0), since), history.between(since, now));
        let mut shows: Vec<Show> = Vec::new();
        for show in aegis_faults::all().flat_map(|fault| fault.shows) {
            if !shows.contains(show) {
                shows.push(*show);
            }
        }
        let said = shows.into_iter().filter_map(|show| {
            let places = heard(show, before.last(), after, since);
            (!places.is_empty()).then_some((show, places))
        });
        Self {
            said: said.collect(),
            lines: lines(before, after),
        }
    }

    /// How much is heard, wherever, of the words that a fault of an object would bring.
    #[must_use]
    pub fn name(
        &self,
        fault: &Fault,
        target: Target,
        topology: &Topology,
        objects: &Objects,
    ) -> Heard {
        let around = Around::of(target, topology, objects);
        let mut said = fault.shows.iter().filter(|show| around.says(fault, **show));
        match () {
            () if said.clone().next().is_none() => Heard::Nothing,
            () if said.all(|show| self.places(show).is_some()) => Heard::Whole,
            () => Heard::Missing,
        }
    }

    fn places(&self, show: &Show) -> Option<&[Target]> {
        let known = self.said.iter().find(|(own, _)| own == show);
        known.map(|(_, places)| places.as_slice())
    }

    /// Nats by which the words speak for a fault at an object, or against it.
    #[must_use]
    pub fn speak_for(
        &self,
        fault: &Fault,
        target: Target,
        topology: &Topology,
        objects: &Objects,
    ) -> f64 {
        let around = Around::of(target, topology, objects);
        let (mut sum, mut heard) = (0.0, 0);
        for show in fault.shows.iter().filter(|show| !is_played(**show)) {
            let places = self.places(show).unwrap_or_default();
            let here = |place: &&Target| around.tells(fault, *show, **place);
            let elsewhere = places.iter().filter(|place| !here(place)).count();
            if matches!(show, Show::Log(_)) {
                sum -= ELSEWHERE * elsewhere.min(LINES) as f64;
            }
            if elsewhere < places.len() {
                sum += match (heard, show) {
                    (0, Show::Log(_)) => NAMED,
                    (0, _) => HEARD,
                    _ => ALSO_HEARD,
                };
                heard += 1;
            } else if around.says(fault, *show) {
                sum -= SILENT;
            }
        }
        sum - self.unaccounted(|line| accounts(fault, line))
    }

    /// Nats that lines cost which nothing accounts for.
    #[must_use]
    pub fn unexplained(&self) -> f64 {
        self.unaccounted(|_| false)
    }

    fn unaccounted(&self, accounted: impl Fn(&str) -> bool) -> f64 {
        let left = self.lines.iter().filter(|line| !accounted(line)).count();
        UNACCOUNTED * left.min(LINES) as f64
    }
}

/// Whether a twin shows such a state as it is played, in a series that is compared: it speaks there for all that bring
/// it, and not once more for those whose rows name it.
fn is_played(show: Show) -> bool {
    matches!(
        show,
        Show::Ended("OOMKilled") | Show::Phase("Pending") | Show::Condition("Ready", _)
    )
}

/// Whether a fault's words are in a line.
fn accounts(fault: &Fault, line: &str) -> bool {
    let mut shows = fault.shows.iter();
    shows.any(|show| matches!(show, Show::Log(words) if line.contains(words)))
}

/// Lines that name a mechanism and that health did not have.
fn lines(before: &[Arc<Observation>], after: &[Arc<Observation>]) -> Vec<SmolStr> {
    let of = |seen: &[Arc<Observation>]| -> Vec<SmolStr> {
        let all = seen.iter().flat_map(|seen| &seen.logs);
        let mut templates: Vec<SmolStr> = all.map(|line| line.template.clone()).collect();
        templates.sort_unstable();
        templates.dedup();
        templates
    };
    let known = of(before);
    let mut new = of(after);
    new.retain(|line| !known.contains(line) && !PLAIN.iter().any(|plain| line.starts_with(plain)));
    new
}

/// The objects around a target of which words may be that betray it: its own workloads, their callers, its nodes.
struct Around {
    target: Target,
    own: Vec<WorkloadId>,
    callers: Vec<WorkloadId>,
    /// Whether it is of the whole cluster, or an object that others refer to.
    everywhere: bool,
}

impl Around {
    fn of(target: Target, topology: &Topology, objects: &Objects) -> Self {
        let own = topology.concerned(objects, target);
        let callers = own
            .iter()
            .flat_map(|from| topology.around(*from, 1, Direction::Callers))
            .filter(|(_, hops)| *hops > 0)
            .map(|(workload, _)| workload)
            .collect();
        Self {
            target,
            own,
            callers,
            everywhere: matches!(target, Target::Cluster | Target::Plain(_)),
        }
    }

    /// Whether a place is one at which a fault of the target would bring a word: a line, at whoever writes it.
    fn tells(&self, fault: &Fault, show: Show, place: Target) -> bool {
        let writer = writer(fault).filter(|_| matches!(show, Show::Log(_)));
        match (writer, place) {
            _ if self.everywhere => true,
            (Some(Writer::Callers), Target::Workload(id)) => self.callers.contains(&id),
            (Some(_), Target::Workload(id)) => self.own.contains(&id),
            _ => self.holds(place),
        }
    }

    /// Whether anybody is there who would say a word of a fault of the target: lines that callers write, somebody
    /// must call for.
    fn says(&self, fault: &Fault, show: Show) -> bool {
        let by_callers = matches!(show, Show::Log(_)) && writer(fault) == Some(Writer::Callers);
        !by_callers || self.everywhere || !self.callers.is_empty()
    }

    fn holds(&self, place: Target) -> bool {
        match place {
            _ if self.everywhere || place == self.target => true,
            Target::Workload(id) => self.own.contains(&id) || self.callers.contains(&id),
            Target::Cluster => true,
            _ => false,
        }
    }
}

/// Who writes the lines of a fault, where it is the state of a component.
fn writer(fault: &Fault) -> Option<Writer> {
    let (ailment, _) = fault.ailment(&fault.defaults())?;
    Some(ailment.line().0)
}

/// Where words are heard since a time and were not before.
fn heard(
    show: Show,
    before: Option<&Arc<Observation>>,
    after: &[Arc<Observation>],
    since: Tick,
) -> Vec<Target> {
    let known = before.map_or_else(Vec::new, |seen| said(show, seen, Tick(0)));
    let mut places: Vec<Target> = after
        .iter()
        .flat_map(|seen| said(show, seen, since))
        .filter(|place| !known.contains(place))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The objects of which an observation says these words; Events only since a time.
fn said(show: Show, seen: &Observation, since: Tick) -> Vec<Target> {
    let objects = &seen.objects;
    match show {
        Show::Log(words) => {
            let lines = seen
                .logs
                .iter()
                .filter(|line| line.template.contains(words));
            lines.map(|line| Target::Workload(line.workload)).collect()
        }
        Show::Event(reason, words) => events(objects, reason, words, since),
        Show::Waiting(wanted) => pods(objects, |pod| waits(pod, wanted)),
        Show::Ended(wanted) => pods(objects, |pod| ended(pod, wanted, since)),
        Show::Phase(phase) => pods(objects, |pod| {
            pod.is_active() && format!("{:?}", pod.phase) == phase
        }),
        Show::Condition(kind, status) => conditions(objects, kind, status),
        Show::Again(actor) => again(objects, actor, since),
        Show::ClaimPending => cluster_if(
            objects
                .claims
                .iter()
                .any(|claim| claim.header.exists() && claim.phase == ClaimPhase::Pending),
        ),
        Show::Terminating(kind) => cluster_if(objects.plain.iter().any(|row| {
            row.header.exists()
                && row.header.deletion.is_some()
                && row.header.reference.kind == Kind::from(kind)
        })),
        Show::ActiveJobs(least) => cluster_if(active_jobs(objects) >= least as usize),
        Show::Dark => dark(seen),
    }
}

fn cluster_if(holds: bool) -> Vec<Target> {
    holds.then_some(Target::Cluster).into_iter().collect()
}

fn events(objects: &Objects, reason: &str, words: &str, since: Tick) -> Vec<Target> {
    let words = words.to_lowercase();
    let fits = |event: &&aegis_model::objects::EventRow| {
        event.reason == *reason
            && event.last >= since
            && event.message.to_lowercase().contains(&words)
    };
    let rows = objects.events.iter().filter(fits);
    rows.map(|event| owner(objects, &event.object)).collect()
}

/// The workload that an object belongs to: of a pod its own, of a ReplicaSet its Deployment.
fn owner(objects: &Objects, object: &aegis_model::kubernetes::ObjectRef) -> Target {
    match object.kind {
        Kind::Pod => {
            let same = |pod: &&Pod| pod.name == object.name && pod.namespace == object.namespace;
            let rows = objects.pods.iter().filter(same);
            rows.last()
                .map_or(Target::Cluster, |pod| Target::Workload(pod.workload))
        }
        Kind::ReplicaSet => {
            let mut rows = objects.replica_sets.iter();
            rows.find(|set| set.header.reference == *object)
                .map_or(Target::Cluster, |set| Target::Workload(set.owner))
        }
        _ => crate::resolve(objects, object),
    }
}

fn pods(objects: &Objects, wanted: impl Fn(&Pod) -> bool) -> Vec<Target> {
    let rows = objects
        .pods
        .iter()
        .filter(|pod| pod.exists() && wanted(pod));
    rows.map(|pod| Target::Workload(pod.workload)).collect()
}

fn waits(pod: &Pod, wanted: &str) -> bool {
    let waits = |state: &ContainerState| matches!(state, ContainerState::Waiting { reason, .. } if reason == wanted);
    pod.containers.iter().any(|status| waits(&status.state))
}

fn ended(pod: &Pod, wanted: &str, since: Tick) -> bool {
    let so =
        |end: &aegis_model::objects::Termination| end.reason == wanted && end.finished >= since;
    pod.containers.iter().any(|status| {
        matches!(&status.state, ContainerState::Terminated(end) if so(end))
            || status.last.as_ref().is_some_and(so)
    })
}

fn conditions(objects: &Objects, kind: &str, status: &str) -> Vec<Target> {
    let has = |rows: &[Condition]| {
        let mut rows = rows.iter();
        rows.any(|row| row.kind == *kind && word(row.status) == status)
    };
    let workloads = objects
        .workloads
        .enumerate()
        .filter(|(_, row)| row.header.exists() && has(&row.status.conditions));
    let nodes = objects
        .nodes
        .enumerate()
        .filter(|(_, row)| row.header.exists() && has(&row.conditions));
    let scalers = objects
        .autoscalers
        .iter()
        .any(|row| row.header.exists() && has(&row.conditions));
    let budgets = objects
        .budgets
        .iter()
        .any(|row| row.header.exists() && has(&row.conditions));
    workloads
        .map(|(index, _)| Target::Workload(WorkloadId::from(index)))
        .chain(nodes.map(|(index, _)| Target::Node(NodeId::from(index))))
        .chain(cluster_if(scalers || budgets))
        .collect()
}

const fn word(status: ConditionStatus) -> &'static str {
    match status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    }
}

fn again(objects: &Objects, actor: &str, since: Tick) -> Vec<Target> {
    let rows = objects
        .changes
        .iter()
        .filter(|change| change.at >= since && change.actor.starts_with(actor));
    let mut places: Vec<Target> = rows
        .map(|change| crate::resolve(objects, &change.object))
        .collect();
    places.sort_unstable();
    let twice = |place: &Target| places.iter().filter(|other| *other == place).count() > 1;
    places.iter().copied().filter(twice).collect()
}

fn active_jobs(objects: &Objects) -> usize {
    let jobs = objects
        .workloads
        .iter()
        .filter(|row| row.header.exists() && row.header.reference.kind == Kind::Job);
    jobs.filter(|row| {
        row.pods
            .iter()
            .any(|pod| objects.pods[pod.index()].is_active())
    })
    .count()
}

/// Workloads with ready pods and without metrics, where some have them.
fn dark(seen: &Observation) -> Vec<Target> {
    let samples = &seen.samples.services;
    if samples.is_empty() {
        return Vec::new();
    }
    let rows = seen.objects.workloads.enumerate();
    let ids = rows.filter(|(_, row)| row.header.exists() && row.status.ready > 0);
    let silent = |id: &WorkloadId| !samples.iter().any(|sample| sample.workload == *id);
    ids.map(|(index, _)| WorkloadId::from(index))
        .filter(silent)
        .map(Target::Workload)
        .collect()
}

//! The call graph as it was seen, with what flowed over it at one moment.
//!
//! Edges lead from workloads to Services; a Service stands for the workload behind it:
//! by its endpoints, else its selector, else its name. One that has none stands alone.

use crate::objectives::{Course, courses};
use crate::story::{Scrape, Story};
use aegis_model::objects::{Service, Workload};
use aegis_model::{Objects, ServiceId, Target, WorkloadId};
use std::collections::BTreeMap;

/// A call graph at one moment.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Topology {
    /// When; seconds since the run's start.
    pub t: i64,
    /// What serves, in order of first appearance.
    pub vertices: Vec<Vertex>,
    /// Who calls whom: positions in `vertices`.
    pub arcs: Vec<Arc>,
}

/// What serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Vertex {
    /// The workload, or the Service that nothing stands behind.
    pub target: Target,
    /// Name.
    pub name: String,
    /// Requests per second that it served; `None` where it was not measured.
    pub rate: Option<f64>,
    /// Share of them that failed, 0..=1.
    pub errors: f64,
    /// How it fared.
    pub health: Health,
    /// What it is to the incident.
    pub part: Part,
    /// Calls from an entry to here at most; entries are 0.
    pub depth: usize,
}

/// How something fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Nobody measured it.
    Unknown,
    /// Less than 1 % failed.
    Good,
    /// Less than 5 % failed.
    Poor,
    /// 5 % and more failed.
    Bad,
}

/// What something is to the incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The leading hypothesis names it.
    Cause,
    /// It showed a symptom.
    Symptom,
    /// Neither.
    Bystander,
}

/// One edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arc {
    /// Caller.
    pub from: usize,
    /// Callee.
    pub to: usize,
    /// Attempts per second.
    pub rate: f64,
    /// Share of them that failed, 0..=1.
    pub errors: f64,
}

impl Health {
    /// By the share of requests that failed.
    #[must_use]
    pub fn of(errors: f64) -> Self {
        match errors {
            share if share >= 0.05 => Self::Bad,
            share if share >= 0.01 => Self::Poor,
            _ => Self::Good,
        }
    }

    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "not measured",
            Self::Good => "healthy",
            Self::Poor => "degraded",
            Self::Bad => "failing",
        }
    }
}

/// The call graph at the moment at which users fared worst; at the end where they fared well throughout.
#[must_use]
pub fn topology(story: &Story<'_>) -> Topology {
    let Some(scrape) = worst_scrape(story) else {
        return Topology::default();
    };
    let mut graph = Builder::default();
    graph.serve(story, scrape);
    graph.call(story, scrape);
    let mut topology = graph.topology;
    topology.t = scrape.t;
    mark_depths(&mut topology, &entries(story, &graph.places));
    for vertex in &mut topology.vertices {
        vertex.part = part(vertex.target, story);
    }
    topology
}

/// The scrape at which users fared worst, the first of equals; the last where they never fared badly.
fn worst_scrape<'s, 'a>(story: &'s Story<'a>) -> Option<&'s Scrape<'a>> {
    let courses = courses(story);
    let pain = |at: usize| {
        courses
            .iter()
            .map(|course| pain(course, at))
            .fold(0.0, f64::max)
    };
    let pains: Vec<f64> = (0..story.scrapes.len()).map(pain).collect();
    let most = pains.iter().copied().fold(0.0, f64::max);
    match pains.iter().position(|pain| *pain >= most && most > 0.0) {
        Some(at) => story.scrapes.get(at),
        None => story.scrapes.last(),
    }
}

/// How badly an objective fares at a scrape; 0 where it is not missed.
fn pain(course: &Course<'_>, at: usize) -> f64 {
    let point = course.points.get(at).filter(|point| point.is_missed());
    point.map_or(0.0, |point| {
        let failed = 1.0 - point.available.unwrap_or(1.0);
        1.0 + failed + 1.0 - point.fast.unwrap_or(1.0)
    })
}

/// A topology in the making.
#[derive(Debug, Default)]
struct Builder {
    topology: Topology,
    places: BTreeMap<Target, usize>,
}

impl Builder {
    /// The vertex of a target, made where it is new.
    fn vertex(&mut self, target: Target, story: &Story<'_>) -> usize {
        let vertices = &mut self.topology.vertices;
        *self.places.entry(target).or_insert_with(|| {
            vertices.push(Vertex {
                target,
                name: story.names.short(target).to_string(),
                rate: None,
                errors: 0.0,
                health: Health::Unknown,
                part: Part::Bystander,
                depth: 0,
            });
            vertices.len() - 1
        })
    }

    fn serve(&mut self, story: &Story<'_>, scrape: &Scrape<'_>) {
        let interval = scrape.samples.interval.max(1.0);
        for sample in &scrape.samples.services {
            let place = self.vertex(Target::Workload(sample.workload), story);
            let vertex = &mut self.topology.vertices[place];
            vertex.rate = Some(sample.requests.total / interval);
            vertex.errors = sample.requests.error_share();
            vertex.health = Health::of(vertex.errors);
        }
    }

    fn call(&mut self, story: &Story<'_>, scrape: &Scrape<'_>) {
        let interval = scrape.samples.interval.max(1.0);
        for sample in &scrape.samples.edges {
            let from = self.vertex(Target::Workload(sample.from), story);
            let to = self.vertex(behind(&story.objects, sample.to), story);
            let errors = if sample.attempts > 0.0 {
                sample.failures / sample.attempts
            } else {
                0.0
            };
            self.topology.arcs.push(Arc {
                from,
                to,
                rate: sample.attempts / interval,
                errors,
            });
        }
    }
}

/// What stands behind a Service.
fn behind(objects: &Objects, id: ServiceId) -> Target {
    let Some(service) = objects.services.get(id.index()) else {
        return Target::Service(id);
    };
    by_endpoints(objects, service)
        .or_else(|| by_selector(objects, service))
        .or_else(|| by_name(objects, service))
        .map_or(Target::Service(id), Target::Workload)
}

fn by_endpoints(objects: &Objects, service: &Service) -> Option<WorkloadId> {
    let endpoint = service.endpoints.first()?;
    Some(objects.pods.get(endpoint.pod.index())?.workload)
}

fn by_selector(objects: &Objects, service: &Service) -> Option<WorkloadId> {
    let selector = &service.spec.selector;
    let selects = |workload: &Workload| {
        let labels = &workload.spec.template().metadata.labels;
        let near = workload.header.reference.namespace == service.header.reference.namespace;
        near && selector
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
    };
    find(objects, |workload| {
        !selector.is_empty() && selects(workload)
    })
}

fn by_name(objects: &Objects, service: &Service) -> Option<WorkloadId> {
    let wanted = &service.header.reference;
    find(objects, |workload| {
        let own = &workload.header.reference;
        own.name == wanted.name && own.namespace == wanted.namespace
    })
}

fn find(objects: &Objects, is: impl Fn(&Workload) -> bool) -> Option<WorkloadId> {
    let place = objects.workloads.iter().position(is)?;
    Some(WorkloadId::from(place))
}

/// The vertices that users reach.
fn entries(story: &Story<'_>, places: &BTreeMap<Target, usize>) -> Vec<usize> {
    let objectives = story.objectives().iter();
    let targets = objectives.map(|objective| behind(&story.objects, objective.service));
    targets
        .filter_map(|target| places.get(&target).copied())
        .collect()
}

/// Most calls from an entry, calls back in a circle apart; what no entry reaches stands at 1.
fn mark_depths(topology: &mut Topology, entries: &[usize]) {
    let mut order = Order {
        arcs: &topology.arcs,
        state: vec![Visit::New; topology.vertices.len()],
        forward: Vec::new(),
        after: Vec::new(),
    };
    entries.iter().for_each(|entry| order.visit(*entry));
    let mut depths: Vec<Option<usize>> = vec![None; topology.vertices.len()];
    entries.iter().for_each(|entry| depths[*entry] = Some(0));
    for from in order.after.iter().rev() {
        let below = depths[*from].map_or(1, |depth| depth + 1);
        for (_, to) in order.forward.iter().filter(|arc| arc.0 == *from) {
            depths[*to] = depths[*to].max(Some(below));
        }
    }
    for (vertex, depth) in topology.vertices.iter_mut().zip(depths) {
        vertex.depth = depth.unwrap_or(1);
    }
}

/// A walk through the graph, depth first.
struct Order<'a> {
    arcs: &'a [Arc],
    state: Vec<Visit>,
    /// Arcs that lead into no circle.
    forward: Vec<(usize, usize)>,
    /// Vertices, each after all that it calls.
    after: Vec<usize>,
}

/// How far the walk has come with a vertex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    New,
    Open,
    Closed,
}

impl Order<'_> {
    fn visit(&mut self, place: usize) {
        if self.state[place] != Visit::New {
            return;
        }
        self.state[place] = Visit::Open;
        let arcs = self.arcs;
        for arc in arcs.iter().filter(|arc| arc.from == place) {
            self.visit(arc.to);
            if self.state[arc.to] == Visit::Closed {
                self.forward.push((arc.from, arc.to));
            }
        }
        self.state[place] = Visit::Closed;
        self.after.push(place);
    }
}

fn part(target: Target, story: &Story<'_>) -> Part {
    let same = |other: Target| match other {
        Target::Service(id) => behind(&story.objects, id) == target || other == target,
        other => other == target,
    };
    if story.top().is_some_and(|top| same(top.target)) {
        return Part::Cause;
    }
    let mut symptoms = story.symptoms.iter();
    if symptoms.any(|(_, symptom)| same(symptom.subject)) {
        return Part::Symptom;
    }
    Part::Bystander
}

impl Topology {
    /// Vertices that take part in the graph: they call, are called, or are the entry.
    #[must_use]
    pub fn joined(&self, place: usize) -> bool {
        let mut arcs = self.arcs.iter();
        self.vertices[place].depth == 0 || arcs.any(|arc| arc.from == place || arc.to == place)
    }
}

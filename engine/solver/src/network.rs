//! Classes of equal replicas and the calls between them.
//!
//! A network is built once per change of topology and is read-only in a tick;
//! numbers of a class or an edge may be changed between ticks.

use super::CONNECT_TIMEOUT;
use super::order;
use aegis_model::behaviour::{Behaviour, Call, CallMode, Cancels, Need};
use alloc::vec::Vec;
use core::ops::Range;

/// A class of equal replicas: an index in the order in which classes were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassId(pub u32);

/// A call of a class, or an entry: an index. Entries come first, then the calls of
/// class 0, of class 1, …, each in the order in which they were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeId(pub u32);

impl ClassId {
    /// Position in arrays of classes.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeId {
    /// Position in arrays of edges.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Equal replicas, and how each of them serves a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Class {
    /// Pods of this class that take part; none refuses all that arrives.
    pub replicas: u32,
    /// CPU per request, core-seconds, > 0.
    pub cpu_per_request: f64,
    /// Time per request that is neither CPU nor a callee, s.
    pub latency: f64,
    /// CPU used with no request, cores.
    pub cpu_idle: f64,
    /// Squared coefficient of variation of the own time.
    pub cv2: f64,
    /// Share of requests answered with an error of its own, 0..=1.
    pub error_share: f64,
    /// Workers per pod, ≥ 1.
    pub workers: u32,
    /// Requests per pod that may wait for a worker.
    pub queue: u32,
    /// Parallel slots on the CPU per pod, ≥ 1.
    pub slots: u32,
}

impl Class {
    /// `replicas` pods of this behaviour.
    #[must_use]
    pub fn new(behaviour: &Behaviour, replicas: u32) -> Self {
        Self {
            replicas,
            cpu_per_request: behaviour.cpu_per_request,
            latency: behaviour.latency,
            cpu_idle: behaviour.cpu_idle,
            cv2: behaviour.service_cv2,
            error_share: behaviour.error_share,
            workers: behaviour.workers,
            queue: behaviour.queue,
            slots: behaviour.slots,
        }
    }
}

/// Shares of an edge's attempts that reach no replica. With the shares of the
/// routes they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Dead {
    /// The connection is refused, after a round trip.
    pub refused: f64,
    /// The name does not resolve, after a round trip.
    pub unresolved: f64,
    /// Packets are dropped: the connect time-out or the edge's time-out passes.
    pub dropped: f64,
}

/// How one class (or the outside) calls one Service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Calls per request of the caller, ≥ 0. Not used at an entry.
    pub ratio: f64,
    /// In sequence with the edge before it, or in parallel.
    pub mode: CallMode,
    /// Time-out of an attempt, s, > 0.
    pub timeout: f64,
    /// Retries after the first attempt.
    pub retries: u32,
    /// Mean back-off with jitter, s; less than 10 ms counts as 10 ms.
    pub backoff: f64,
    /// Retries allowed as a share of first attempts.
    pub budget: Option<f64>,
    /// Failure share above which the breaker opens.
    pub breaker: Option<f64>,
    /// Whether a time-out stops the work at the callee.
    pub cancels: Cancels,
    /// Whether the caller waits for the answer, and fails without it.
    pub need: Need,
    /// Network round trip, s.
    pub round_trip: f64,
    /// Time-out of a connection that nobody answers, s.
    pub connect_timeout: f64,
    /// Attempts that reach no replica.
    pub dead: Dead,
}

impl Edge {
    /// The edge of this call. Nothing is dead yet: where no route is added, the
    /// caller sets [`Edge::dead`].
    #[must_use]
    pub fn new(call: &Call) -> Self {
        Self {
            ratio: call.ratio,
            mode: call.mode,
            timeout: call.timeout,
            retries: call.retries,
            backoff: call.backoff,
            budget: call.retry_budget,
            breaker: call.breaker,
            cancels: call.cancels,
            need: call.need,
            round_trip: call.round_trip,
            connect_timeout: CONNECT_TIMEOUT,
            dead: Dead::default(),
        }
    }

    /// An entry: users who wait `timeout` seconds and do not try again.
    #[must_use]
    pub const fn entry(timeout: f64) -> Self {
        Self {
            ratio: 1.0,
            mode: CallMode::Sequence,
            timeout,
            retries: 0,
            backoff: 1.0,
            budget: None,
            breaker: None,
            cancels: Cancels::No,
            need: Need::Required,
            round_trip: 0.0,
            connect_timeout: CONNECT_TIMEOUT,
            dead: Dead {
                refused: 0.0,
                unresolved: 0.0,
                dropped: 0.0,
            },
        }
    }
}

/// Attempts of an edge that go to one class of replicas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Route {
    /// Who serves them.
    pub callee: ClassId,
    /// Share of the edge's attempts, 0..=1.
    pub share: f64,
    /// Latency above the edge's round trip (zones, policy), s.
    pub extra_latency: f64,
    /// Share of these attempts whose connection is dropped, 0..=1.
    pub loss: f64,
}

impl Route {
    /// A route within the zone.
    #[must_use]
    pub const fn new(callee: ClassId, share: f64) -> Self {
        Self {
            callee,
            share,
            extra_latency: 0.0,
            loss: 0.0,
        }
    }
}

/// A route as the step reads it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Path {
    pub route: Route,
    /// What a tick's rates have to do with it.
    pub turn: Turn,
    /// Place of the callee among those on a cycle; [`NO_CYCLE`] is none.
    pub cycle: u32,
    /// Share of the edge's attempts that is not lost on the route itself.
    pub served: f64,
}

impl Path {
    fn new(route: Route, turn: Turn, cycle: u32) -> Self {
        Self {
            route,
            turn,
            cycle,
            served: route.share * (1.0 - route.loss),
        }
    }
}

/// When the callee of a route has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// After the caller, in another component: this tick's rates.
    Later,
    /// After the caller, within its component: this tick's rates, one hop more.
    Within,
    /// Before the caller, within its component: last tick's rates, one hop more.
    Back,
}

/// The calls of one class.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Links {
    /// Edges of each caller.
    pub calls: Vec<Range<u32>>,
    /// Routes of each edge.
    pub routes: Vec<Range<u32>>,
    /// All routes.
    pub paths: Vec<Path>,
    /// Routes whose rates are last tick's: caller, edge, route.
    pub back: Vec<(ClassId, EdgeId, u32)>,
}

/// Classes, entries and calls, in an order in which a tick can pass them.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub(crate) classes: Vec<Class>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) links: Links,
    /// Number of entries: they are the first edges.
    pub(crate) entries: u32,
    /// Classes, callers first.
    pub(crate) order: Vec<ClassId>,
    /// Place of a class among those that lie on a cycle; [`NO_CYCLE`] is none.
    pub(crate) cycle: Vec<u32>,
    /// How many classes lie on a cycle.
    pub(crate) cyclic: u32,
}

/// A class that lies on no cycle.
pub(crate) const NO_CYCLE: u32 = u32::MAX;

impl Network {
    /// A builder with nothing in it.
    #[must_use]
    pub fn builder() -> NetworkBuilder {
        NetworkBuilder::default()
    }

    /// Number of classes.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// Number of edges, entries included.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// All classes, callers first.
    #[must_use]
    pub fn order(&self) -> &[ClassId] {
        &self.order
    }

    /// The entries.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = EdgeId> + use<> {
        (0..self.entries).map(EdgeId)
    }

    /// The calls of a class, in the order in which they were added.
    pub fn calls(&self, class: ClassId) -> impl ExactSizeIterator<Item = EdgeId> + use<> {
        self.links.calls[class.index()].clone().map(EdgeId)
    }

    /// The routes of an edge.
    pub fn routes(&self, edge: EdgeId) -> impl Iterator<Item = &Route> {
        self.paths(edge).iter().map(|path| &path.route)
    }

    /// One class.
    #[must_use]
    pub fn class(&self, class: ClassId) -> &Class {
        &self.classes[class.index()]
    }

    /// One class, to change its numbers between ticks. A change of replicas needs
    /// [`super::State::rescale`] with it.
    pub fn class_mut(&mut self, class: ClassId) -> &mut Class {
        &mut self.classes[class.index()]
    }

    /// One edge.
    #[must_use]
    pub fn edge(&self, edge: EdgeId) -> &Edge {
        &self.edges[edge.index()]
    }

    /// One edge, to change its numbers between ticks. How failed attempts are tried again, and what
    /// that leaves of a request, is of the tick before.
    pub fn edge_mut(&mut self, edge: EdgeId) -> &mut Edge {
        &mut self.edges[edge.index()]
    }

    /// The routes of an edge, to change shares, latencies and losses between ticks;
    /// a new callee needs a new network.
    pub fn set_route(
        &mut self,
        edge: EdgeId,
        nth: usize,
        share: f64,
        extra_latency: f64,
        loss: f64,
    ) {
        let start = self.links.routes[edge.index()].start as usize;
        let path = &mut self.links.paths[start + nth];
        let route = Route {
            callee: path.route.callee,
            share,
            extra_latency,
            loss,
        };
        *path = Path::new(route, path.turn, path.cycle);
    }

    pub(crate) fn paths(&self, edge: EdgeId) -> &[Path] {
        self.paths_in(&self.links.routes[edge.index()])
    }

    /// The routes at these places.
    pub(crate) fn paths_in(&self, places: &Range<u32>) -> &[Path] {
        &self.links.paths[places.start as usize..places.end as usize]
    }

    /// Where the calls of a class are among all edges.
    pub(crate) fn own(&self, class: ClassId) -> Range<usize> {
        let range = &self.links.calls[class.index()];
        range.start as usize..range.end as usize
    }

    /// Place among classes on a cycle.
    pub(crate) fn cycle_of(&self, class: ClassId) -> Option<usize> {
        let place = self.cycle[class.index()];
        (place != NO_CYCLE).then_some(place as usize)
    }
}

/// An edge with its routes, before it has its place.
type Planned = (Edge, Vec<Route>);

/// Collects classes and edges in any order and lays them out.
#[derive(Debug, Clone, Default)]
pub struct NetworkBuilder {
    classes: Vec<Class>,
    calls: Vec<Vec<Planned>>,
    entries: Vec<Planned>,
}

impl NetworkBuilder {
    /// Adds a class; ids count up from 0.
    pub fn class(&mut self, class: Class) -> ClassId {
        self.classes.push(class);
        self.calls.push(Vec::new());
        ClassId(self.classes.len() as u32 - 1)
    }

    /// Adds a call of `caller`. Routes may name classes that are added later.
    pub fn call(&mut self, caller: ClassId, edge: Edge, routes: &[Route]) {
        self.calls[caller.index()].push((edge, routes.to_vec()));
    }

    /// Adds an entry, through which requests arrive from outside.
    pub fn entry(&mut self, edge: Edge, routes: &[Route]) -> EdgeId {
        self.entries.push((edge, routes.to_vec()));
        EdgeId(self.entries.len() as u32 - 1)
    }

    /// Orders the classes and lays everything out. Cost is linear in classes and routes.
    #[must_use]
    pub fn build(self) -> Network {
        let callees = self
            .calls
            .iter()
            .map(|calls| callees(calls))
            .collect::<Vec<_>>();
        let ordered = order::callers_first(&callees);
        let entries = self.entries.len() as u32;
        let (cycle, cyclic) = ordered.cycles(&callees);
        let (edges, links) = lay_out(self.entries, self.calls, &ordered, &cycle);
        Network {
            classes: self.classes,
            edges,
            links,
            entries,
            order: ordered.order,
            cycle,
            cyclic,
        }
    }
}

fn callees(calls: &[Planned]) -> Vec<ClassId> {
    calls
        .iter()
        .flat_map(|(_, routes)| routes)
        .map(|route| route.callee)
        .collect()
}

fn lay_out(
    entries: Vec<Planned>,
    calls: Vec<Vec<Planned>>,
    ordered: &order::Ordered,
    cycle: &[u32],
) -> (Vec<Edge>, Links) {
    let planned = || entries.iter().chain(calls.iter().flatten());
    let paths = planned().map(|(_, routes)| routes.len()).sum();
    let mut edges = Vec::with_capacity(planned().count());
    let mut links = Links {
        calls: Vec::with_capacity(calls.len()),
        routes: Vec::with_capacity(edges.capacity()),
        paths: Vec::with_capacity(paths),
        back: Vec::new(),
    };
    for planned in entries {
        add_edge(&mut edges, &mut links, planned, |route| {
            Path::new(route, Turn::Later, cycle[route.callee.index()])
        });
    }
    for (caller, calls) in calls.into_iter().enumerate() {
        let first = edges.len() as u32;
        for planned in calls {
            add_edge(&mut edges, &mut links, planned, |route| {
                let turn = ordered.turn(ClassId(caller as u32), route.callee);
                Path::new(route, turn, cycle[route.callee.index()])
            });
        }
        links.calls.push(first..edges.len() as u32);
    }
    links.back = back_routes(&links);
    (edges, links)
}

fn add_edge(
    edges: &mut Vec<Edge>,
    links: &mut Links,
    (edge, routes): Planned,
    path: impl Fn(Route) -> Path,
) {
    let first = links.paths.len() as u32;
    links.paths.extend(routes.into_iter().map(path));
    links.routes.push(first..links.paths.len() as u32);
    edges.push(edge);
}

fn back_routes(links: &Links) -> Vec<(ClassId, EdgeId, u32)> {
    let mut back = Vec::new();
    for (caller, calls) in links.calls.iter().enumerate() {
        for edge in calls.clone() {
            for route in links.routes[edge as usize].clone() {
                if links.paths[route as usize].turn == Turn::Back {
                    back.push((ClassId(caller as u32), EdgeId(edge), route));
                }
            }
        }
    }
    back
}

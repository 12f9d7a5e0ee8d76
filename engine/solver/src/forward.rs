//! Forward pass, callers first: rates become completions, and those become calls.

use super::flows::{ClassInput, EdgeFlow, EdgeInput, Flows, HopArrivals, Inputs, Scratch};
use super::network::{Class, ClassId, Edge, EdgeId, NO_CYCLE, Network, Path, Turn};
use super::service::{Pace, Service};
use super::state::{ClassState, EdgeState, Hops, State};
use super::{HOP_LIMIT, TICK};
use aegis_model::behaviour::{CallMode, Need};

/// Less work than this in a pod is finished at once, so that a decaying queue ends.
const NOTHING: f64 = 1e-12;

/// A wait that is less probable than this has no queue to speak of.
const RARELY: f64 = 1e-9;

/// Most that a queue varies, in squares of its mean: what a long one leaves as it ends.
const WIDEST: f64 = 10.0;

/// Least mean back-off, s.
const LEAST_BACKOFF: f64 = 0.01;

/// Share of calls that an open breaker lets pass, to see whether the callee is back.
const TRIAL: f64 = 0.05;

pub(crate) fn run(network: &Network, inputs: &Inputs, state: &mut State, flows: &mut Flows) {
    clear(flows);
    deliver_back(network, inputs, state, flows);
    for entry in network.entries() {
        enter(network, entry, inputs, state, flows);
    }
    for &class in &network.order {
        serve(network, class, inputs, state, flows);
        call(network, class, inputs, state, flows);
    }
}

fn clear(flows: &mut Flows) {
    for scratch in &mut flows.scratch {
        (scratch.arrivals, scratch.callers) = (0.0, 0.0);
        (scratch.late, scratch.cancelling) = (0.0, 0.0);
    }
    for hops in &mut flows.hops {
        *hops = [0.0; HOP_LIMIT + 1];
    }
}

/// Against the order of a cycle, last tick's attempts arrive.
fn deliver_back(network: &Network, inputs: &Inputs, state: &State, flows: &mut Flows) {
    for &(caller, edge, route) in &network.links.back {
        let path = &network.links.paths[route as usize];
        let rate = state.edges[edge.index()].attempts * reach(path, &inputs.edges[edge.index()]);
        let from = Caller::class(network, caller).by(network.edge(edge));
        Doors {
            scratch: &mut flows.scratch,
            hops: &mut flows.hops,
            mixes: &state.hops,
        }
        .arrive(from, path, rate);
    }
}

/// Requests from outside.
fn enter(network: &Network, id: EdgeId, inputs: &Inputs, state: &mut State, flows: &mut Flows) {
    let at = id.index();
    send(
        network.edge(id),
        inputs.rates[at],
        &mut state.edges[at],
        &mut flows.edges[at],
    );
    let mut doors = Doors {
        scratch: &mut flows.scratch,
        hops: &mut flows.hops,
        mixes: &state.hops,
    };
    let attempts = state.edges[at].attempts;
    doors.deliver(
        Caller::OUTSIDE,
        network.paths(id),
        attempts,
        &inputs.edges[at],
    );
}

/// The calls of a class, in order: a required call that fails ends the request, so
/// that later calls are not made.
fn call(network: &Network, id: ClassId, inputs: &Inputs, state: &mut State, flows: &mut Flows) {
    let own = network.own(id);
    let replicas = f64::from(network.class(id).replicas);
    let mut going_on = GoingOn::all(flows.scratch[id.index()].through * replicas);
    let caller = Caller::class(network, id);
    let mut doors = Doors {
        scratch: &mut flows.scratch,
        hops: &mut flows.hops,
        mixes: &state.hops,
    };
    let edges = network.edges[own.clone()].iter();
    let routes = network.links.routes[own.clone()].iter();
    let inputs = inputs.edges[own.clone()].iter();
    let states = state.edges[own.clone()].iter_mut();
    let flows = flows.edges[own].iter_mut();
    for ((((edge, routes), input), state), flow) in
        edges.zip(routes).zip(inputs).zip(states).zip(flows)
    {
        let first = going_on.at(edge) * edge.ratio;
        going_on.pass(edge, state.spared);
        send(edge, first, state, flow);
        doors.deliver(
            caller.by(edge),
            network.paths_in(routes),
            state.attempts,
            input,
        );
    }
}

/// What of a rate (or a share) is left as the calls of a request go by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GoingOn {
    now: f64,
    /// Factor that the group of parallel calls at hand leaves behind.
    group: f64,
}

impl GoingOn {
    pub fn all(rate: f64) -> Self {
        Self {
            now: rate,
            group: 1.0,
        }
    }

    /// What is left when `edge` has its turn.
    pub fn at(&mut self, edge: &Edge) -> f64 {
        if edge.mode == CallMode::Sequence {
            self.end_group();
        }
        self.now
    }

    /// A share `spared` of requests is not ended by the calls of `edge`.
    pub fn pass(&mut self, edge: &Edge, spared: f64) {
        match edge.mode {
            CallMode::Sequence => self.now *= spared,
            CallMode::Parallel => self.group *= spared,
        }
    }

    /// What is left after all calls.
    pub fn rest(mut self) -> f64 {
        self.end_group();
        self.now
    }

    fn end_group(&mut self) {
        self.now *= self.group;
        self.group = 1.0;
    }
}

/// Probability that no call of an edge ends a request, where one fails with probability `lost`.
pub(crate) fn spared(edge: &Edge, lost: f64) -> f64 {
    if edge.need != Need::Required || lost == 0.0 {
        return 1.0;
    }
    let whole = edge.ratio as u32;
    (1.0 - (edge.ratio - f64::from(whole)) * lost) * super::erlang::power(1.0 - lost, whole)
}

/// First calls become attempts: through the breaker, with those that come back from back-off.
fn send(edge: &Edge, first: f64, before: &mut EdgeState, flow: &mut EdgeFlow) {
    before.admitted = admitted(edge, before);
    let admitted = first * before.admitted;
    let mut attempts = admitted;
    if before.retried > 0.0 || before.backing_off > 0.0 {
        let leaving = TICK / edge.backoff.max(LEAST_BACKOFF);
        let entering = before.failing * before.retried;
        before.backing_off =
            (before.backing_off + TICK * entering * admitted) / (1.0 + leaving * (1.0 - entering));
        attempts += before.backing_off * leaving / TICK;
    }
    before.attempts = attempts;
    (flow.first, flow.refused, flow.attempts) = (first, first - admitted, attempts);
}

/// An open breaker lets a few calls through, and twice as many each second that they succeed.
fn admitted(edge: &Edge, before: &EdgeState) -> f64 {
    match edge.breaker {
        Some(limit) if before.failing > limit => TRIAL,
        Some(_) => (before.admitted * 2.0).min(1.0),
        None => 1.0,
    }
}

/// How failing attempts are tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Again {
    /// Share of failed attempts that is tried again.
    pub share: f64,
    /// Attempts per call, in the mean.
    pub attempts: f64,
    /// Probability that a call fails in the end.
    pub lost: f64,
}

impl Again {
    /// `failing` is the probability that an attempt fails. With R retries the attempts
    /// per call are 1 + p + … + p^R, of which the last has none after it; a budget caps
    /// the retries as a share of first attempts.
    pub fn of(edge: &Edge, failing: f64) -> Self {
        if edge.retries == 0 || failing == 0.0 {
            return Self {
                share: 0.0,
                attempts: 1.0,
                lost: failing,
            };
        }
        let mut before_last = 1.0;
        for _ in 1..edge.retries {
            before_last = 1.0 + failing * before_last;
        }
        let unbounded = before_last / (1.0 + failing * before_last);
        let share = match edge.budget {
            Some(budget) => unbounded.min(budget / ((1.0 + budget) * failing)),
            None => unbounded,
        };
        let attempts = 1.0 / (1.0 - failing * share);
        Self {
            share,
            attempts,
            lost: failing * (1.0 - share) * attempts,
        }
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy)]
struct Caller {
    /// Most requests that it can wait for: one per worker.
    most: f64,
    /// Place among classes on a cycle; [`NO_CYCLE`] is none.
    cycle: u32,
}

impl Caller {
    const OUTSIDE: Self = Self {
        most: f64::INFINITY,
        cycle: NO_CYCLE,
    };

    fn class(network: &Network, id: ClassId) -> Self {
        let class = network.class(id);
        Self {
            most: f64::from(class.replicas) * f64::from(class.workers),
            cycle: network.cycle[id.index()],
        }
    }

    /// The same over an edge: nobody waits for an asynchronous call.
    fn by(self, edge: &Edge) -> Self {
        if edge.need == Need::Async {
            Self {
                most: f64::INFINITY,
                ..self
            }
        } else {
            self
        }
    }
}

/// Where requests arrive.
struct Doors<'a> {
    scratch: &'a mut [Scratch],
    hops: &'a mut [HopArrivals],
    mixes: &'a [Hops],
}

impl Doors<'_> {
    /// Attempts of an edge reach those callees whose turn is still to come.
    fn deliver(&mut self, caller: Caller, paths: &[Path], attempts: f64, input: &EdgeInput) {
        for path in paths {
            if path.turn != Turn::Back {
                self.arrive(caller, path, attempts * reach(path, input));
            }
        }
    }

    fn arrive(&mut self, caller: Caller, path: &Path, rate: f64) {
        let scratch = &mut self.scratch[path.route.callee.index()];
        scratch.arrivals += rate;
        scratch.callers += if caller.most == f64::INFINITY {
            caller.most
        } else {
            caller.most * path.route.share
        };
        if path.cycle != NO_CYCLE {
            self.hop(caller, path, rate);
        }
    }

    /// Within a cycle, what arrives has one hop more behind it.
    fn hop(&mut self, caller: Caller, path: &Path, rate: f64) {
        let hops = &mut self.hops[path.cycle as usize];
        if caller.cycle == NO_CYCLE || path.turn == Turn::Later {
            hops[0] += rate;
            return;
        }
        let mix = &self.mixes[caller.cycle as usize];
        for (hop, share) in mix.iter().enumerate() {
            hops[hop + 1] += rate * share;
        }
    }
}

/// Share of an edge's attempts that arrive over this route.
pub(crate) fn reach(path: &Path, input: &EdgeInput) -> f64 {
    path.served * (1.0 - input.loss) * (1.0 - input.error)
}

/// One class for one second.
fn serve(network: &Network, id: ClassId, inputs: &Inputs, state: &mut State, flows: &mut Flows) {
    let class = network.class(id);
    let scratch = &mut flows.scratch[id.index()];
    let flow = &mut flows.classes[id.index()];
    let before = &mut state.classes[id.index()];
    let looped = network
        .cycle_of(id)
        .map_or(0.0, |cycle| flows.hops[cycle][HOP_LIMIT]);
    flow.offered = TICK * scratch.arrivals;
    flow.looped = TICK * looped;
    if class.replicas == 0 {
        nobody(flow, scratch, before);
        return;
    }
    let work = take_in(class, &inputs.classes[id.index()], before, flow, scratch);
    if let Some(cycle) = network.cycle_of(id) {
        mix_hops(
            &mut state.hops[cycle],
            &flows.hops[cycle],
            work.stock * work.replicas,
        );
    }
    finish(&work, before, flow, scratch);
}

/// Without a pod every request is refused.
fn nobody(flow: &mut super::ClassFlow, scratch: &mut Scratch, state: &mut ClassState) {
    *flow = super::ClassFlow {
        offered: flow.offered,
        looped: flow.looped,
        shed: flow.offered - flow.looped,
        ..super::ClassFlow::default()
    };
    *state = ClassState {
        turned_away: 1.0,
        ..ClassState::IDLE
    };
    (scratch.through, scratch.workers) = (0.0, 1.0);
    (scratch.per_request, scratch.cpu_time, scratch.held_up) = (0.0, 0.0, false);
}

/// A pod's work in this second.
struct Work {
    replicas: f64,
    service: Service,
    /// What was there before, less what was killed.
    stock: f64,
    /// Stock when the second began, before the killing.
    began: f64,
    /// Stock and arrivals, less what was shed at the door and cancelled.
    work: f64,
}

fn take_in(
    class: &Class,
    input: &ClassInput,
    state: &ClassState,
    flow: &mut super::ClassFlow,
    scratch: &mut Scratch,
) -> Work {
    let replicas = f64::from(class.replicas);
    let arriving = (flow.offered - flow.looped) / (TICK * replicas);
    let callers = scratch.callers / replicas;
    let service = Service::new(class, input, arriving, callers, &mut scratch.known);
    let began = state.in_flight;
    let stock = began * (1.0 - input.killed);
    let door = arriving * service.loss(arriving, stock);
    let present = stock + TICK * (arriving - door);
    let work = if state.cancelling > 0.0 {
        present / (1.0 + TICK * state.cancelling)
    } else {
        present
    };
    flow.lost = (began - stock) * replicas;
    flow.shed = TICK * door * replicas;
    flow.cancelled = (present - work) * replicas;
    Work {
        replicas,
        service,
        stock,
        began,
        work,
    }
}

/// Requests of each hop share the class's work alike.
fn mix_hops(mix: &mut Hops, arrivals: &HopArrivals, stock: f64) {
    let mut sum = 0.0;
    for (share, arriving) in mix.iter_mut().zip(arrivals) {
        *share = *share * stock + TICK * arriving;
        sum += *share;
    }
    if sum > 0.0 {
        mix.iter_mut().for_each(|share| *share /= sum);
    } else {
        *mix = [0.0; HOP_LIMIT];
        mix[0] = 1.0;
    }
}

fn finish(work: &Work, state: &mut ClassState, flow: &mut super::ClassFlow, scratch: &mut Scratch) {
    let (service, replicas) = (&work.service, work.replicas);
    let (rate, held_up) = through(work, state);
    let left = (work.work - TICK * rate).max(0.0);
    let over = (left - service.room).max(0.0);
    state.in_flight = left - over;
    flow.shed += over * replicas;
    flow.delta = (state.in_flight - work.began) * replicas;
    flow.in_flight = state.in_flight;
    flow.own_time = service.own_time;
    flow.called = state.called;
    flow.throttled = service.throttled;
    flow.utilisation = (rate * service.per_request).min(1.0);
    scratch.through = rate;
    scratch.cpu_time = service.cpu_time;
    scratch.per_request = service.per_request;
    scratch.workers = service.workers;
    scratch.held_up = held_up;
}

/// Completions per second, and whether workers bound them.
fn through(work: &Work, state: &mut ClassState) -> (f64, bool) {
    if work.work < NOTHING {
        (state.spread, state.unsettled) = (0.0, 0.0);
        return (work.work / TICK, false);
    }
    let service = &work.service;
    let pace = service.pace(work.work, state);
    state.waiting = pace.waiting;
    widen(work.work - TICK * pace.rate, &pace, state);
    if work.work - TICK * pace.rate <= service.workers {
        return (pace.rate, false);
    }
    let most = service.rate_of_workers(state.called, pace.waiting);
    (pace.rate.min(most), most < pace.rate)
}

/// How widely the queue varies after this second.
///
/// Of two queues with one mean the wider is more often empty. With variance `v` of the
/// number `n` of M/M/1 and `u` its use, `dv/dt = λ + μu − 2μ·n·(1 − u)` exactly. The
/// closure `n·(1 − u) = u·(v − n)/n²` is exact where it has settled, and makes that
/// `d(v − n)/dt = 2μu·(1 − (v − n)/n²)`: one implicit step, no root.
/// Source of the method: Rothkopf and Oren, A closure approximation for the
/// nonstationary M/M/s queue (1979), who close by a negative binomial instead.
fn widen(left: f64, pace: &Pace, state: &mut ClassState) {
    let queue = (left - pace.rate * pace.held).max(0.0);
    let behind = if pace.behind > RARELY {
        queue / pace.behind
    } else {
        0.0
    };
    let (square, inflow) = (behind * behind, 2.0 * TICK * pace.rate);
    let ratio = (state.spread + inflow) / (square + inflow);
    state.spread = square * ratio;
    state.unsettled = 0.5 * (state.unsettled + ratio.min(WIDEST) - 1.0);
}

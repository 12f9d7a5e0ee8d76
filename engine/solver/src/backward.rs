//! Backward pass, callees first: queues become times, and those become failures.

use super::TICK;
use super::flows::{ClassFlow, EdgeFlow, EdgeInput, Flows, Inputs, Scratch};
use super::forward::{Again, GoingOn, reach, spared};
use super::network::{Class, ClassId, Edge, Network, Path};
use super::state::{ClassState, EdgeState, State};
use super::tail::{self, Cut, Fitted};
use aegis_model::behaviour::{CallMode, Cancels, Need};
use libm::sqrt;

/// An attempt is never counted as failing for certain, so that quotients stay finite.
const SURELY: f64 = 1.0 - 1e-9;

/// Least time that a cancelled request was in flight, s.
const LEAST_STAY: f64 = 1e-6;

/// From this utilisation on a queue counts as a backlog, and fully from [`BACKLOG`].
const NEAR_BACKLOG: f64 = 0.97;

/// Utilisation of a backlog: the queue is long and moves evenly.
const BACKLOG: f64 = 0.99;

pub(crate) fn run(network: &Network, inputs: &Inputs, state: &mut State, flows: &mut Flows) {
    for &class in network.order.iter().rev() {
        let waited = calls(network, class, inputs, state, flows);
        times(
            network,
            class,
            &inputs.classes[class.index()],
            &waited,
            state,
            flows,
        );
    }
    for entry in network.entries() {
        let at = entry.index();
        attempt(
            network.edge(entry),
            network.paths(entry),
            &inputs.edges[at],
            &mut Ends {
                classes: &state.classes,
                scratch: &mut flows.scratch,
            },
            &mut state.edges[at],
            &mut flows.edges[at],
        );
    }
}

/// What the calls of a request do to it.
struct Waited {
    mean: f64,
    variance: f64,
    /// Mean, were there no queue anywhere.
    calm: f64,
    /// Share of requests that no required call failed.
    answered: f64,
}

/// All edges of one caller.
fn calls(
    network: &Network,
    class: ClassId,
    inputs: &Inputs,
    state: &mut State,
    flows: &mut Flows,
) -> Waited {
    let mut stages = Stages::default();
    let shortage = shortage(&flows.classes[class.index()], &flows.scratch[class.index()]);
    let mut going_on = GoingOn::all(1.0);
    let mut calm_calls = 0.0;
    let own = network.own(class);
    let mut ends = Ends {
        classes: &state.classes,
        scratch: &mut flows.scratch,
    };
    let edges = network.edges[own.clone()].iter();
    let routes = network.links.routes[own.clone()].iter();
    let inputs = inputs.edges[own.clone()].iter();
    let states = state.edges[own.clone()].iter_mut();
    let flows = flows.edges[own].iter_mut();
    for ((((edge, routes), input), state), flow) in
        edges.zip(routes).zip(inputs).zip(states).zip(flows)
    {
        let before = state.queueing();
        attempt(
            edge,
            network.paths_in(routes),
            input,
            &mut ends,
            state,
            flow,
        );
        if shortage > 0.0 {
            state.held += relax(before, state.queueing(), shortage);
        }
        let share = going_on.at(edge);
        going_on.pass(edge, state.spared);
        stages.add(edge, share, state, flow);
        if edge.need != Need::Async {
            calm_calls += edge.ratio * state.calm;
        }
    }
    stages.end_group();
    Waited {
        mean: stages.mean,
        variance: stages.variance,
        calm: calm_calls,
        answered: going_on.rest(),
    }
}

/// Time waited for callees: a sum over stages, the longest of a parallel group.
#[derive(Default)]
struct Stages {
    mean: f64,
    variance: f64,
    group_mean: f64,
    group_variance: f64,
}

impl Stages {
    /// `share` of the requests make the calls of this edge, `ratio` each.
    fn add(&mut self, edge: &Edge, share: f64, state: &EdgeState, flow: &EdgeFlow) {
        if edge.mode == CallMode::Sequence {
            self.end_group();
        }
        if edge.need == Need::Async {
            return;
        }
        let calls = share * edge.ratio;
        let part = calls - f64::from(calls as u32);
        let mean = calls * state.held;
        let variance = calls * flow.variance + part * (1.0 - part) * state.held * state.held;
        match edge.mode {
            CallMode::Sequence => {
                self.mean += mean;
                self.variance += variance;
            }
            CallMode::Parallel => self.longest(mean, variance),
        }
    }

    /// The longer of the group so far and one more call. Exact for exponential times
    /// of equal means, two or three of them, and where one is far shorter.
    fn longest(&mut self, mean: f64, variance: f64) {
        let (first, first_variance) = (self.group_mean, self.group_variance);
        let apart = first - mean;
        let spread = sqrt(first_variance * variance);
        self.group_mean = 0.5 * (first + mean + sqrt(apart * apart + spread));
        let (long, short) = if apart >= 0.0 {
            ((first, first_variance), (mean, variance))
        } else {
            ((mean, variance), (first, first_variance))
        };
        let ratio = if long.0 > 0.0 { short.0 / long.0 } else { 0.0 };
        self.group_variance = long.1 + 0.25 * ratio * ratio * short.1;
    }

    fn end_group(&mut self) {
        self.mean += self.group_mean;
        self.variance += self.group_variance;
        (self.group_mean, self.group_variance) = (0.0, 0.0);
    }
}

/// One attempt over all routes: how long it takes, and how it fails.
#[derive(Default)]
struct Attempt {
    failing: f64,
    time: f64,
    /// Second moment of the time, s².
    square: f64,
}

impl Attempt {
    fn add(&mut self, share: f64, failing: f64, time: f64, variance: f64) {
        self.failing += share * failing;
        self.time += share * time;
        self.square += share * (variance + time * time);
    }

    /// A share that fails after a fixed time.
    fn fail(&mut self, share: f64, time: f64) {
        self.add(share, 1.0, time, 0.0);
    }
}

/// Callees as attempts meet them.
struct Ends<'a> {
    classes: &'a [ClassState],
    scratch: &'a mut [Scratch],
}

/// Steps 10 to 12 of an edge.
fn attempt(
    edge: &Edge,
    paths: &[Path],
    input: &EdgeInput,
    ends: &mut Ends<'_>,
    state: &mut EdgeState,
    flow: &mut EdgeFlow,
) {
    let mut one = Attempt::default();
    let mut calm = input.delay;
    for path in paths {
        let callee = &ends.classes[path.route.callee.index()];
        let cut = over(edge, path, input, callee, &mut one);
        calm += path.route.share * (callee.calm + edge.round_trip + path.route.extra_latency);
        if cut.late == 0.0 {
            continue;
        }
        let arriving = state.attempts * reach(path, input);
        let scratch = &mut ends.scratch[path.route.callee.index()];
        match edge.cancels {
            Cancels::Yes => scratch.cancelling += arriving * cut.late / cut.mean.max(LEAST_STAY),
            Cancels::No => scratch.late += arriving * cut.late,
        }
    }
    on_the_way(edge, input, &mut one);
    settle(edge, &one, state, flow);
    state.calm = calm.min(edge.timeout);
}

/// One route of an attempt.
fn over(
    edge: &Edge,
    path: &Path,
    input: &EdgeInput,
    callee: &ClassState,
    one: &mut Attempt,
) -> Cut {
    let way = edge.round_trip + path.route.extra_latency + input.delay;
    let mean = callee.sojourn + way;
    let cut = tail::cut(mean, callee.variance, edge.timeout);
    let share = path.route.share * (1.0 - input.error);
    let dropped = 1.0 - (1.0 - path.route.loss) * (1.0 - input.loss);
    let served = share * (1.0 - dropped);
    if dropped > 0.0 {
        one.fail(share * dropped, edge.connect_timeout.min(edge.timeout));
    }
    if callee.turned_away > 0.0 {
        one.fail(served * callee.turned_away, way.min(edge.timeout));
    }
    let failing = 1.0 - (1.0 - cut.late) * (1.0 - callee.faulty);
    // No time between 0 and the time-out varies more than this.
    let variance = callee
        .variance
        .min(cut.mean * (edge.timeout - cut.mean).max(0.0));
    one.add(
        served * (1.0 - callee.turned_away),
        failing,
        cut.mean,
        variance,
    );
    cut
}

/// Attempts that reach nobody.
fn on_the_way(edge: &Edge, input: &EdgeInput, one: &mut Attempt) {
    let dead = &edge.dead;
    let refused = dead.refused + dead.unresolved;
    if input.error > 0.0 {
        let alive = 1.0 - refused - dead.dropped;
        one.fail(
            alive * input.error,
            (edge.round_trip + input.delay).min(edge.timeout),
        );
    }
    if refused > 0.0 {
        one.fail(refused, edge.round_trip.min(edge.timeout));
    }
    if dead.dropped > 0.0 {
        one.fail(dead.dropped, edge.connect_timeout.min(edge.timeout));
    }
}

/// An attempt becomes a call: retries, the breaker, and the time that it holds the caller.
fn settle(edge: &Edge, one: &Attempt, state: &mut EdgeState, flow: &mut EdgeFlow) {
    state.failing = one.failing.clamp(0.0, SURELY);
    let again = Again::of(edge, state.failing);
    let more = again.attempts - 1.0;
    let held = one.time * again.attempts + edge.backoff * more;
    let spread = (one.square - one.time * one.time).max(0.0);
    let round = one.time + edge.backoff;
    let variance = spread * again.attempts + again.attempts * more * round * round;
    let passed = state.admitted;
    flow.held = passed * held;
    flow.variance = passed * (variance + (1.0 - passed) * held * held);
    state.held = flow.held;
    state.lost_calls = 1.0 - passed * (1.0 - again.lost);
    (state.retried, state.spared) = (again.share, spared(edge, state.lost_calls));
    (flow.failing, flow.lost_calls) = (state.failing, state.lost_calls);
}

/// How short of workers a caller is, 0..=1: from half of them busy to all.
fn shortage(flow: &ClassFlow, scratch: &Scratch) -> f64 {
    (2.0 * flow.in_flight / scratch.workers - 1.0).clamp(0.0, 1.0)
}

/// What the time in queues is to change by, so that it takes no full step from `old`
/// to `new` where it is shorter than a tick and the caller is short of workers: the
/// caller's rate would swing with it for ever otherwise.
fn relax(old: f64, new: f64, shortage: f64) -> f64 {
    if shortage == 0.0 {
        return 0.0;
    }
    let longer = 2.0 * old.max(new);
    (old - new) * shortage * TICK / (longer + shortage * TICK)
}

/// Steps 8 and 9 of a class.
fn times(
    network: &Network,
    id: ClassId,
    input: &super::ClassInput,
    waited: &Waited,
    state: &mut State,
    flows: &mut Flows,
) {
    let class = network.class(id);
    let state = &mut state.classes[id.index()];
    let flow = &mut flows.classes[id.index()];
    let scratch = &flows.scratch[id.index()];
    if class.replicas == 0 {
        return;
    }
    let through = scratch.through;
    let alone = flow.called + flow.own_time;
    state.sojourn = if flow.in_flight > 0.0 {
        flow.in_flight / through
    } else {
        alone
    };
    let own = own_variance(class, flow, scratch, state);
    state.variance = own + waited.variance;
    state.called = waited.mean;
    state.calm = flow.own_time + waited.calm;
    let queue = flow.in_flight - scratch.workers;
    flow.worker_wait = if queue > 0.0 { queue / through } else { 0.0 };
    let well = (1.0 - class.error_share) * (1.0 - input.error) * waited.answered;
    state.faulty = 1.0 - well;
    let done = TICK * through * f64::from(class.replicas);
    flow.failed = done * state.faulty;
    flow.completed = done - flow.failed;
    state.turned_away = turned_away(flow, done);
    flow.sojourn = state.sojourn;
    flow.cv2 = Fitted::of(state.sojourn, state.variance).cv2;
}

/// Share of attempts that end at once with no answer.
fn turned_away(flow: &ClassFlow, done: f64) -> f64 {
    let refused = flow.shed + flow.looped;
    let door = if refused > 0.0 {
        refused / flow.offered
    } else {
        0.0
    };
    let reset = if flow.lost > 0.0 {
        flow.lost / (flow.lost + done)
    } else {
        0.0
    };
    1.0 - (1.0 - door.min(1.0)) * (1.0 - reset)
}

/// Variance of the time in the pod that callees have no part in, s².
fn own_variance(class: &Class, flow: &ClassFlow, scratch: &Scratch, state: &ClassState) -> f64 {
    let constant = flow.own_time - scratch.cpu_time;
    let apart = class.cv2 * constant * constant;
    let through = scratch.through;
    let queue = (flow.in_flight - scratch.workers).max(0.0);
    if scratch.held_up {
        let inside = (scratch.workers / through - flow.called - constant).max(0.0);
        let waiting = queue / (through * through);
        // All workers are busy: a request shares the CPU with equally many all the time.
        return apart + waiting + class.cv2 * inside * inside;
    }
    let on_cpu = (state.sojourn - flow.called - constant).max(0.0);
    let steady = shared(class, flow, state) * on_cpu * on_cpu;
    let near = (flow.utilisation - NEAR_BACKLOG) / (BACKLOG - NEAR_BACKLOG);
    if near <= 0.0 {
        return apart + steady;
    }
    let working = flow.in_flight.min(scratch.workers);
    let backlog = class.cv2 * (working * working + queue) / (through * through);
    apart + steady + near.min(1.0) * (backlog.min(on_cpu * on_cpu) - steady)
}

/// Squared coefficient of variation under processor sharing.
///
/// For one server: exact at exponential work, (2 + ρ)/(2 − ρ); at constant work the
/// series of Ott's 1 − 2(1 − ρ)(e^ρ − 1 − ρ)/ρ² within 0.003; linear in cs² through
/// the two. For more servers ρ becomes C²/ρ.
fn shared(class: &Class, flow: &ClassFlow, state: &ClassState) -> f64 {
    if flow.utilisation < 1e-9 {
        return class.cv2;
    }
    let weight = (state.waiting * state.waiting / flow.utilisation).min(1.0);
    let constant = weight * (2.0 / 3.0 + weight * (0.25 + weight / 12.0));
    let exponential = 2.0 * weight / (2.0 - weight);
    class.cv2 + constant + class.cv2 * (exponential - constant)
}

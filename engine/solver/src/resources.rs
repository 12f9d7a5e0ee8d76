//! What a tick took: CPU, what was in vain, and fair shares of a node.

use super::TICK;
use super::flows::{ClassFlow, ClassInput, Flows, Inputs, Scratch};
use super::network::{Class, Network};
use super::state::{ClassState, State};

/// Part of a cancelled request's CPU that was spent by the time it was cancelled.
const SPENT: f64 = 0.5;

pub(crate) fn run(network: &Network, inputs: &Inputs, state: &mut State, flows: &mut Flows) {
    let classes = network.classes.iter().zip(&inputs.classes);
    let flows = flows.classes.iter_mut().zip(&flows.scratch);
    for (((class, input), (flow, scratch)), state) in classes.zip(flows).zip(&mut state.classes) {
        in_vain(scratch, flow, state);
        cpu(class, input, scratch, flow);
    }
}

/// Answers that came too late, and the rate of cancelling for the next tick.
fn in_vain(scratch: &Scratch, flow: &mut ClassFlow, state: &mut ClassState) {
    let share = |of: f64| if of > 0.0 { of / scratch.arrivals } else { 0.0 };
    let (late, cancelling) = (share(scratch.late), share(scratch.cancelling));
    flow.good = flow.completed * (1.0 - late.min(1.0));
    state.cancelling = cancelling;
}

fn cpu(class: &Class, input: &ClassInput, scratch: &Scratch, flow: &mut ClassFlow) {
    let replicas = f64::from(class.replicas.max(1));
    let cost = class.cpu_per_request * input.cost / input.speed;
    let (wasted, cancelled) = if flow.cancelled > 0.0 {
        let wasted = SPENT * flow.cancelled / (TICK * replicas);
        (wasted, flow.cancelled / replicas)
    } else {
        (0.0, 0.0)
    };
    let used = class.cpu_idle + (scratch.through + wasted) * cost;
    flow.cpu_used = used.min(input.cpu.min(input.quota).max(class.cpu_idle));
    let fastest = TICK + flow.called + class.latency + input.delay + cost;
    let wanted = (flow.in_flight + TICK * scratch.through + cancelled) / fastest;
    let most = f64::from(class.slots).min(scratch.workers);
    flow.cpu_demand = class.cpu_idle + (wanted * cost).min(most).max(0.0);
}

/// A claim on a node's CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Claim {
    /// Weight, > 0: `max(2, request · 1024)` of the kernel.
    pub weight: f64,
    /// Most that it takes now, cores: `min(limit, demand)`.
    pub demand: f64,
    /// Most that it could take, cores: its limit, or its slots.
    pub limit: f64,
}

/// Weighted max-min fair shares of `capacity` cores, written to `granted` (one per claim).
///
/// What a claim does not take is handed on by weight. `order` is scratch of the same
/// length; nothing is allocated. Cost is that of a sort.
pub fn water_fill(capacity: f64, claims: &[Claim], order: &mut [u32], granted: &mut [f64]) {
    debug_assert!(claims.len() == granted.len() && claims.len() == order.len());
    for (index, place) in order.iter_mut().enumerate() {
        *place = index as u32;
    }
    let need = |index: &u32| claims[*index as usize].demand / claims[*index as usize].weight;
    order.sort_unstable_by(|a, b| need(a).total_cmp(&need(b)).then(a.cmp(b)));
    let mut left = capacity.max(0.0);
    let mut weights = claims.iter().map(|claim| claim.weight).sum::<f64>();
    for &index in order.iter() {
        let claim = &claims[index as usize];
        let share = if weights > 0.0 {
            left * claim.weight / weights
        } else {
            0.0
        };
        let grant = claim.demand.min(share).max(0.0);
        granted[index as usize] = grant;
        left = (left - grant).max(0.0);
        weights -= claim.weight;
    }
}

/// What each claim could have if it alone wanted all of its limit, and the others what
/// they demand now: the CPU that a pod is as fast as. Never less than [`water_fill`] grants.
///
/// `order` and `reach` are of the claims' length; nothing is allocated. Quadratic in
/// the claims of a node.
pub fn within_reach(capacity: f64, claims: &[Claim], order: &mut [u32], reach: &mut [f64]) {
    water_fill(capacity, claims, order, reach);
    for (index, claim) in claims.iter().enumerate() {
        reach[index] = one_in_reach(capacity, claims, order, index).min(claim.limit);
    }
}

/// The share of the claim at `index` when its demand has no end.
fn one_in_reach(capacity: f64, claims: &[Claim], order: &[u32], index: usize) -> f64 {
    let mut left = capacity.max(0.0);
    let mut weights = claims.iter().map(|claim| claim.weight).sum::<f64>();
    for other in order.iter().filter(|other| **other as usize != index) {
        let claim = &claims[*other as usize];
        if claim.demand * weights > left * claim.weight {
            break;
        }
        left -= claim.demand;
        weights -= claim.weight;
    }
    left * claims[index].weight / weights
}

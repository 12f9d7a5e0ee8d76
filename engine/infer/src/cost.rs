//! Cost per request, from what was requested.
//!
//! Whoever sized a cluster's CPU requests sized them for one load: an entry's
//! request is taken to be 60 % used at the rate at which its runtime's usual
//! cost fills it, and every callee's request to be sized for what that rate
//! sends there. A callee's guess is drawn half-way (geometrically) to its
//! runtime's usual cost where requests would make it dearer, never above the
//! request. Nobody sets a CPU limit under which a pod serves less than a few
//! requests a second: a guess that says so is lowered. The rules are ours and
//! marked as such; calibration replaces their result.

use super::directory::Directory;
use super::workload::CPU_SIGMA;
use super::{CostBasis, Entry, Prior, WorkloadPrior, recognise};
use aegis_model::WorkloadId;
use alloc::vec;
use alloc::vec::Vec;

/// Share of its CPU request that a container is taken to use at the load it was sized for.
const DESIGN_USE: f64 = 0.6;
/// Requests per second and replica that an entry without a CPU request is taken to be made for.
const RATE_WITHOUT_REQUEST: f64 = 50.0;
/// Requests per second that a pod is taken to serve within its CPU limit at the least.
const LEAST_RATE: f64 = 10.0;
/// Calls are followed so far; beyond it a cycle adds nothing that matters.
const DEPTH: usize = 16;
/// No guess leaves this range, s.
const CHEAPEST: f64 = 20e-6;
const DEAREST: f64 = 50e-3;

/// Sets the cost of each workload.
pub fn assign(directory: &Directory<'_>, workloads: &mut [WorkloadPrior], entries: &[Entry]) {
    let rates = rates(directory, workloads, entries);
    for prior in workloads.iter_mut() {
        let is_entry = is_entry(entries, prior);
        let rate = rates[prior.workload.index()];
        let usual = prior.runtime.traits().cpu_ms / 1000.0;
        if let (false, true, Some(cores)) = (is_entry, rate > 0.0, cores(directory, prior.workload))
        {
            prior.cost_basis = CostBasis::Request { cores, rate };
            let sized = DESIGN_USE * cores / rate;
            let cost = sized
                .min(libm::sqrt(sized * usual))
                .clamp(CHEAPEST, DEAREST);
            prior.cpu_per_request = Prior::new(cost, CPU_SIGMA);
        }
        let most = most_within_limit(directory, prior.workload);
        if prior.cpu_per_request.median > most {
            prior.cpu_per_request = Prior::new(most.max(CHEAPEST), CPU_SIGMA);
        }
    }
}

fn is_entry(entries: &[Entry], prior: &WorkloadPrior) -> bool {
    entries
        .iter()
        .any(|entry| entry.workloads.contains(&prior.workload))
}

/// CPU per request at which a pod's limit is used as designed by [`LEAST_RATE`], s.
fn most_within_limit(directory: &Directory<'_>, workload: WorkloadId) -> f64 {
    let row = &directory.objects.workloads[workload.index()];
    let container = recognise::main_container(row.spec.template());
    let limit = container.and_then(|container| container.resources.limits.cpu());
    limit.map_or(f64::INFINITY, |cpu| DESIGN_USE * cpu.cores() / LEAST_RATE)
}

/// CPU that all replicas of a workload request, cores; `None` where its container requests none.
fn cores(directory: &Directory<'_>, workload: WorkloadId) -> Option<f64> {
    let row = &directory.objects.workloads[workload.index()];
    let container = recognise::main_container(row.spec.template())?;
    let request = container.resources.request("cpu")?.millicores().cores();
    (request > 0.0).then(|| request * replicas(directory, workload))
}

/// Wanted replicas, at least one; of a DaemonSet one per node.
fn replicas(directory: &Directory<'_>, workload: WorkloadId) -> f64 {
    let wanted = directory.objects.workloads[workload.index()]
        .spec
        .replicas();
    let count = wanted.unwrap_or(directory.objects.nodes.len() as u32);
    f64::from(count.max(1))
}

/// Rate at which an entry's runtime fills the share of its request that it was sized for.
fn design_rate(directory: &Directory<'_>, prior: &WorkloadPrior) -> f64 {
    let usual = prior.runtime.traits().cpu_ms / 1000.0;
    match cores(directory, prior.workload) {
        Some(cores) => DESIGN_USE * cores / usual,
        None => RATE_WITHOUT_REQUEST * replicas(directory, prior.workload),
    }
}

/// Requests per second at each workload when all entries are at their design rate.
fn rates(directory: &Directory<'_>, workloads: &[WorkloadPrior], entries: &[Entry]) -> Vec<f64> {
    let rows = directory.objects.workloads.len();
    let mut wave = vec![0.0; rows];
    for prior in workloads {
        if is_entry(entries, prior) {
            wave[prior.workload.index()] = design_rate(directory, prior);
        }
    }
    let mut total = wave.clone();
    for _ in 0..DEPTH {
        wave = step(directory, workloads, &wave);
        for (sum, more) in total.iter_mut().zip(&wave) {
            *sum += more;
        }
    }
    total
}

/// The rates that one hop further get: equal shares for the workloads behind one Service.
fn step(directory: &Directory<'_>, workloads: &[WorkloadPrior], wave: &[f64]) -> Vec<f64> {
    let mut next = vec![0.0; wave.len()];
    for prior in workloads {
        for call in &prior.calls {
            let behind = call.to.map_or(&[][..], |to| directory.behind(to));
            for callee in behind {
                let rate = wave[prior.workload.index()] * call.ratio.median / behind.len() as f64;
                next[callee.index()] += rate;
            }
        }
    }
    next
}

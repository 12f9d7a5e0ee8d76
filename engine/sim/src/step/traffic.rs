//! Traffic: requests through the call graph for one second.
//!
//! Replicas of a workload that are alike form a class (at most [`MOST_CLASSES`]);
//! the network of classes is laid out anew only when something that it is made
//! of has changed. Shapes are [`layout`]'s, numbers of a tick are here, and the
//! equation is the solver's.

mod ailments;
mod layout;
mod limits;
mod names;
mod routes;

use aegis_cluster::workings::{EdgeSite, Site, Solved, Warmth};
use aegis_cluster::{Cluster, Draws, Journal, acting};
use aegis_model::{Behaviour, Laid, Mechanism, Overlay, PodId, Subject, Tick};
use aegis_solver::{ClassInput, EdgeInput};
use alloc::sync::Arc;

/// Classes that a workload may fall into.
pub const MOST_CLASSES: usize = 8;

/// One second of traffic.
pub fn step<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    let changed = layout::is_stale(cluster, overlay);
    if changed {
        layout::rebuild(cluster, overlay, draws, journal);
    }
    let Some(mut shared) = cluster.workings.traffic.solved.take() else {
        return;
    };
    let solved = Arc::make_mut(&mut shared);
    rates(cluster, overlay, solved);
    classes(cluster, overlay, solved);
    edges(cluster, overlay, solved);
    aegis_solver::step(
        &solved.network,
        &solved.inputs,
        &mut solved.state,
        &mut solved.flows,
    );
    count(solved, journal);
    cluster.workings.traffic.solved = Some(shared);
}

fn rates<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay, solved: &mut Solved) {
    for (rate, load) in solved.inputs.rates.iter_mut().zip(&cluster.workings.load) {
        *rate = load.rate.max(0.0);
        for laid in overlay.active(cluster.clock) {
            if let (Mechanism::LoadFactor(factor), true) =
                (&laid.mechanism, on_load(laid.subject, load.to))
            {
                *rate *= factor.max(0.0);
            }
        }
    }
}

fn on_load(subject: Subject, to: aegis_model::ServiceId) -> bool {
    matches!(subject, Subject::Cluster) || subject == Subject::Service(to)
}

/// Factor on the CPU of a request in a class: 1 when warm, falling from the cold factor.
fn cold(
    site: &Site,
    behaviour: &Behaviour,
    cluster_now: Tick,
    started: impl Fn(usize) -> Tick,
) -> f64 {
    if site.warmth == Warmth::Warm || behaviour.warmup <= 0.0 {
        return 1.0;
    }
    let age = |index: usize| f64::from(cluster_now.elapsed(started(index)));
    let mean = (0..site.pods.len()).map(age).sum::<f64>() / site.pods.len().max(1) as f64;
    let left = (1.0 - mean / behaviour.warmup).clamp(0.0, 1.0);
    1.0 + (behaviour.cold_factor - 1.0).max(0.0) * left
}

fn classes<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay, solved: &mut Solved) {
    let layout = Arc::clone(&solved.layout);
    for (index, site) in layout.sites.iter().enumerate() {
        let Some(behaviour) = cluster.workings.behaviour(site.workload) else {
            continue;
        };
        let started = |pod: usize| {
            let (chunk, row) = cluster.workings.pods.at(site.pods[pod]);
            chunk.serving_from[row]
        };
        let before = solved.inputs.classes[index];
        let mut input = ClassInput::cores(before.cpu);
        input.quota = site.quota;
        input.cost = cold(site, behaviour, cluster.clock, started);
        for laid in afflicting(cluster, overlay, site) {
            let age = f64::from(cluster.clock.elapsed(laid.from));
            bend(&mut input, &laid.mechanism, age);
        }
        solved.inputs.classes[index] = input;
    }
}

/// What acts on the pods of a class now. The layout must be this second's.
pub fn afflicting<'a, P: Clone>(
    cluster: &'a Cluster<P>,
    overlay: &'a Overlay,
    site: &'a Site,
) -> impl Iterator<Item = &'a Laid> {
    let now = cluster.clock;
    let laid = &cluster.workings.traffic.laid;
    let bit = move |(bit, position): (usize, &u32)| {
        (site.afflicted >> bit.min(63) & 1 == 1)
            .then(|| overlay.0.get(*position as usize))
            .flatten()
    };
    laid.iter()
        .enumerate()
        .filter_map(bit)
        .filter(move |laid| laid.from <= now && now < laid.until)
}

/// What a mechanism that has acted for `age` seconds does to the pods of a class.
fn bend(input: &mut ClassInput, mechanism: &Mechanism, age: f64) {
    match mechanism {
        Mechanism::EdgeError(share) => {
            input.error = 1.0 - (1.0 - input.error) * (1.0 - share.clamp(0.0, 1.0));
        }
        Mechanism::EdgeDelay(seconds) => input.delay += seconds.max(0.0),
        Mechanism::CpuFactor(factor) => input.cost *= factor.max(1e-3),
        Mechanism::CpuBurn(cores) => input.cpu = (input.cpu - cores).max(0.05 * input.cpu),
        Mechanism::CapacityFactor(factor) => input.capacity *= factor.clamp(0.0, 1.0),
        Mechanism::Ailing(ailment, size) => {
            let felt = ailments::felt(*ailment, *size, age);
            input.error = 1.0 - (1.0 - input.error) * (1.0 - felt.error);
            input.delay += felt.delay;
            input.capacity *= felt.capacity;
        }
        _ => {}
    }
}

fn edges<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay, solved: &mut Solved) {
    for (input, site) in solved.inputs.edges.iter_mut().zip(&solved.layout.edges) {
        *input = EdgeInput::default();
        for laid in overlay.active(cluster.clock) {
            if passes(laid.subject, site) {
                let age = f64::from(cluster.clock.elapsed(laid.from));
                bend_edge(input, &laid.mechanism, age);
            }
        }
    }
    lose_packets(cluster, overlay, solved);
}

/// Whether what is laid on an edge, or on a Service, acts on an edge. What is laid on the cluster acts on the calls
/// inside of it.
fn passes(subject: Subject, site: &EdgeSite) -> bool {
    match subject {
        Subject::Edge(from, to) => site.from == Some(from) && site.to == Some(to),
        Subject::Service(to) => site.to == Some(to),
        Subject::Cluster => site.from.is_some(),
        _ => false,
    }
}

fn bend_edge(input: &mut EdgeInput, mechanism: &Mechanism, age: f64) {
    match mechanism {
        Mechanism::Ailing(ailment, size) => {
            let felt = ailments::felt(*ailment, *size, age);
            input.error = 1.0 - (1.0 - input.error) * (1.0 - felt.error);
            input.delay += felt.delay;
        }
        Mechanism::EdgeError(share) => {
            input.error = 1.0 - (1.0 - input.error) * (1.0 - share.clamp(0.0, 1.0));
        }
        Mechanism::EdgeDelay(seconds) => input.delay += seconds.max(0.0),
        Mechanism::PacketLoss(share) => {
            input.loss = 1.0 - (1.0 - input.loss) * (1.0 - share.clamp(0.0, 1.0));
        }
        _ => {}
    }
}

/// Packets lost at a workload are lost on every edge that ends or begins there.
fn lose_packets<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay, solved: &mut Solved) {
    for laid in overlay.active(cluster.clock) {
        let Mechanism::PacketLoss(share) = laid.mechanism else {
            continue;
        };
        for (input, site) in solved.inputs.edges.iter_mut().zip(&solved.layout.edges) {
            let lossy = share * lossy(cluster, laid, site);
            if lossy > 0.0 {
                bend_edge(input, &Mechanism::PacketLoss(lossy), 0.0);
            }
        }
    }
}

/// The share of an edge's connections that end or begin at the subject of a loss.
fn lossy<P: Clone>(cluster: &Cluster<P>, laid: &Laid, site: &EdgeSite) -> f64 {
    match laid.subject {
        Subject::Workload(workload) => {
            let hit = |pod: PodId| acting::acts_on(cluster, laid, pod);
            let own = |pod: &PodId| cluster.objects.pods[pod.index()].workload == workload;
            let caller = site
                .from
                .filter(|from| *from == workload)
                .map_or(0.0, |from| {
                    let pods = cluster.objects.workloads[from.index()].pods.iter();
                    share(pods.copied(), hit)
                });
            let callee = site.to.map_or(0.0, |to| {
                let endpoints = cluster.objects.services[to.index()].endpoints.iter();
                share(endpoints.map(|endpoint| endpoint.pod).filter(own), hit)
            });
            caller.max(callee)
        }
        Subject::Node(node) => {
            let caller = site.from.map_or(0.0, |from| {
                let pods = cluster.objects.workloads[from.index()].pods.iter();
                routes::on_node(cluster, pods.copied(), node)
            });
            let callee = site.to.map_or(0.0, |to| {
                let endpoints = cluster.objects.services[to.index()].endpoints.iter();
                routes::on_node(cluster, endpoints.map(|endpoint| endpoint.pod), node)
            });
            // Packets between two pods of one node do not leave it.
            caller + callee - 2.0 * caller * callee
        }
        _ => 0.0,
    }
}

/// The share of pods that are hit; 0 of none.
fn share(pods: impl Iterator<Item = PodId>, hit: impl Fn(PodId) -> bool) -> f64 {
    let (mut all, mut those) = (0.0, 0.0);
    for pod in pods {
        all += 1.0;
        those += f64::from(u8::from(hit(pod)));
    }
    if all > 0.0 { those / all } else { 0.0 }
}

fn count(solved: &Solved, journal: &mut Journal) {
    let counts = &mut journal.requests;
    for flow in &solved.flows.classes {
        counts.offered += flow.offered;
        counts.done += flow.completed;
        counts.failed += flow.failed;
        counts.shed += flow.shed;
        counts.cancelled += flow.cancelled;
        counts.lost += flow.lost;
        counts.looped += flow.looped;
        counts.in_flight_change += flow.delta;
    }
    journal.service_ticks += solved.layout.sites.len() as u64;
}

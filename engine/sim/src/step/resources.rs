//! Resource use: who gets how much of a node's CPU, and what each pod holds in memory.

use crate::step::traffic::afflicting;
use aegis_cluster::Cluster;
use aegis_cluster::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{ClassUse, Site, Solved};
use aegis_model::objects::PodPhase;
use aegis_model::{Mechanism, NodeId, Overlay, TemplateId, Tick};
use aegis_solver::{Claim, water_fill};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// A demand that moved by less than this share leaves the shares of a node as they are.
const HYSTERESIS: f64 = 0.02;
/// CPU of a request that a probe is: what an empty handler takes, s.
const PROBE_TIME: f64 = 0.002;
/// Crowding is told apart in this many steps.
const STEPS: f64 = 8.0;

/// Writes CPU, memory and answer times of pods, and shares out CPU for the next second.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, overlay: &Overlay, _: &Draws, _: &mut Journal) {
    if let Some(shared) = cluster.workings.traffic.solved.take() {
        cluster.workings.traffic.solved = Some(solved_uses(cluster, overlay, shared));
    }
    pinned(cluster);
}

/// Writes what follows from the flows; gives them back, with CPU shared out.
fn solved_uses<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    mut shared: Arc<Solved>,
) -> Arc<Solved> {
    let uses: Vec<_> = (shared.layout.sites.iter().enumerate())
        .map(|(class, site)| use_of(cluster, overlay, &shared, class, site))
        .collect();
    cluster.workings.pods.write(&uses);
    if demand_moved(cluster, &shared) {
        share_out(cluster, Arc::make_mut(&mut shared));
    }
    shared
}

/// Cores of the node that a class's first pod is on.
pub fn node_cores<P: Clone>(cluster: &Cluster<P>, site: &Site) -> f64 {
    let node = site
        .pods
        .first()
        .and_then(|pod| cluster.objects.pods[pod.index()].node);
    node.map_or(1.0, |node| cores(cluster, node))
}

fn cores<P: Clone>(cluster: &Cluster<P>, node: NodeId) -> f64 {
    let row = cluster.objects.nodes.get(node.index());
    row.and_then(|row| row.capacity.capacity.cpu())
        .map_or(1.0, aegis_model::Millicores::cores)
}

/// What each pod of a class uses and holds; `None` where nothing is known of its workload.
fn use_of<P: Clone>(
    cluster: &Cluster<P>,
    overlay: &Overlay,
    solved: &Solved,
    class: usize,
    site: &Site,
) -> Option<ClassUse> {
    let behaviour = cluster.workings.behaviour(site.workload)?;
    let flow = &solved.flows.classes[class];
    let laid = Additions::of(cluster, overlay, site);
    let stretch = if flow.own_time > 0.0 {
        (flow.sojourn - flow.called).max(flow.own_time) / flow.own_time
    } else {
        1.0
    };
    let refused = flow.shed > 0.5 * flow.offered.max(1e-9);
    Some(ClassUse {
        cpu: (flow.cpu_used + laid.burn.min(site.quota)) as f32,
        held: behaviour.memory_base.0 as f64
            + behaviour.memory_per_request.0 as f64 * flow.in_flight,
        growth: laid.growth,
        step: laid.step,
        answer: if refused {
            f32::INFINITY
        } else {
            (flow.worker_wait + PROBE_TIME * stretch.min(1e4)) as f32
        },
    })
}

/// What mechanisms add to the use of each pod of a class.
#[derive(Default)]
struct Additions {
    /// Cores.
    burn: f64,
    /// Bytes a second, for good.
    growth: f64,
    /// Bytes while it lasts.
    step: f64,
}

impl Additions {
    fn of<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay, site: &Site) -> Self {
        let mut sum = Self::default();
        for laid in afflicting(cluster, overlay, site) {
            match &laid.mechanism {
                Mechanism::CpuBurn(cores) => sum.burn += cores,
                Mechanism::MemoryGrowth(bytes) => sum.growth += bytes,
                Mechanism::MemoryStep(bytes) => sum.step += bytes,
                _ => {}
            }
        }
        sum
    }
}

/// Whether a class wants more or less CPU than when it was last shared out.
fn demand_moved<P: Clone>(cluster: &Cluster<P>, solved: &Solved) -> bool {
    let shared = &cluster.workings.shared_demand;
    shared.len() != solved.flows.classes.len()
        || solved
            .flows
            .classes
            .iter()
            .zip(shared.iter())
            .any(|(flow, old)| (flow.cpu_demand - old).abs() > HYSTERESIS * old.max(0.01))
}

/// Water-filling of each node, by CFS shares (weight `max(2, request·1024)`), capped by limit and demand.
fn share_out<P: Clone>(cluster: &mut Cluster<P>, solved: &mut Solved) {
    let layout = Arc::clone(&solved.layout);
    let demands = solved.flows.classes.iter().map(|flow| flow.cpu_demand);
    cluster.workings.shared_demand = Arc::new(demands.collect());
    let mut claims: Vec<Vec<(usize, Claim)>> = vec![Vec::new(); cluster.objects.nodes.len()];
    for (class, site) in layout.sites.iter().enumerate() {
        let demand = solved.flows.classes[class].cpu_demand;
        let usual = claim(cluster, site, site.template, demand);
        for &pod in &site.pods {
            let row = &cluster.objects.pods[pod.index()];
            let Some(node) = row.node else { continue };
            let own = if row.template == site.template {
                usual
            } else {
                claim(cluster, site, row.template, demand)
            };
            claims[node.index()].push((class, own));
        }
    }
    let mut given: Vec<(f64, u32)> = vec![(0.0, 0); layout.sites.len()];
    for (node, claims) in claims
        .iter()
        .enumerate()
        .filter(|(_, claims)| !claims.is_empty())
    {
        fill_node(cluster, node, claims, &layout.sites, &mut given);
    }
    for (input, (sum, count)) in solved.inputs.classes.iter_mut().zip(&given) {
        if *count > 0 {
            input.cpu = sum / f64::from(*count);
        }
    }
}

/// Shares one node out; a node with room for all leaves each pod its limit.
fn fill_node<P: Clone>(
    cluster: &mut Cluster<P>,
    node: usize,
    claims: &[(usize, Claim)],
    sites: &[Site],
    given: &mut [(f64, u32)],
) {
    let capacity = cores(cluster, NodeId::from(node));
    let wanted: f64 = claims.iter().map(|(_, claim)| claim.demand).sum();
    let roomy = wanted <= capacity;
    let parts: Vec<f64> = if roomy {
        claims
            .iter()
            .map(|(class, _)| sites[*class].quota.min(capacity))
            .collect()
    } else {
        contended(capacity, claims)
    };
    for ((class, _), part) in claims.iter().zip(&parts) {
        given[*class].0 += part;
        given[*class].1 += 1;
    }
    let missing = if roomy { 0.0 } else { 1.0 - capacity / wanted };
    let crowding = libm::ceil(missing * STEPS) as u8;
    let known = &mut cluster.workings.crowding;
    if known.get(node).copied().unwrap_or(0) != crowding {
        let known = Arc::make_mut(known);
        known.resize(known.len().max(node + 1), 0);
        known[node] = crowding;
        cluster.workings.index.topology_dirty = true;
    }
}

fn contended(capacity: f64, claims: &[(usize, Claim)]) -> Vec<f64> {
    let claims: Vec<Claim> = claims.iter().map(|(_, claim)| *claim).collect();
    let (mut order, mut granted) = (vec![0; claims.len()], vec![0.0; claims.len()]);
    water_fill(capacity, &claims, &mut order, &mut granted);
    granted
}

/// What a pod of a class asks of its node. Its weight is that of its template.
fn claim<P: Clone>(cluster: &Cluster<P>, site: &Site, template: TemplateId, demand: f64) -> Claim {
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let request = spec
        .containers
        .first()
        .and_then(|c| c.resources.request("cpu"))
        .map_or(0.0, |q| q.millicores().cores());
    Claim {
        weight: (request * 1024.0).max(2.0),
        demand: demand.min(site.quota),
        limit: site.quota,
    }
}

/// Use that a scenario pins, for pods that run.
fn pinned<P: Clone>(cluster: &mut Cluster<P>) {
    let pins = Arc::clone(&cluster.workings.pins);
    for pin in pins.iter() {
        let pods = match pin.adopted {
            Some(pod) => Arc::new(vec![pod]),
            None => Arc::clone(&cluster.objects.workloads[pin.workload.index()].pods),
        };
        for &pod in pods.iter() {
            let runs = cluster.objects.pods[pod.index()].phase == PodPhase::Running;
            let (chunk, row) = cluster.workings.pods.at_mut(pod);
            if runs || chunk.serving_from[row] != Tick::NEVER {
                chunk.cpu[row] = pin.cpu as f32;
                chunk.cpu_sum[row] += pin.cpu as f32;
                chunk.memory[row] = pin.memory as f32;
            }
        }
    }
}

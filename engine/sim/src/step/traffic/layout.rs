//! Laying the network out: which pods are alike, who calls whom.

use super::{MOST_CLASSES, limits, routes};
use aegis_cluster::acting::{acts_on, holds};
use aegis_cluster::workings::{
    EdgeMeter, EdgeSite, EntryMeter, Layout, ServiceMeter, Site, Solved, Warmth,
};
use aegis_cluster::{Cluster, Draws, Journal, Purpose};
use aegis_model::{Laid, Mechanism, Overlay, PodId, Tick, WorkloadId};
use aegis_solver::{Class, ClassId, Edge, Flows, Inputs, Move, Network, State};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// Users wait so long before they give up, s.
const USERS_WAIT: f64 = 30.0;

/// Whether the network no longer stands for the cluster.
pub fn is_stale<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay) -> bool {
    let traffic = &cluster.workings.traffic;
    traffic.solved.is_none()
        || cluster.workings.index.topology_dirty
        || traffic.rebuild_at <= cluster.clock
        || !same_laid(cluster, overlay)
}

fn same_laid<P>(cluster: &Cluster<P>, overlay: &Overlay) -> bool {
    let laid = cluster.workings.traffic.laid.iter();
    laid.copied().eq(acting_on_pods(cluster, overlay))
}

/// Positions of the mechanisms that act on pods now.
fn acting_on_pods<'a, P>(
    cluster: &'a Cluster<P>,
    overlay: &'a Overlay,
) -> impl Iterator<Item = u32> + 'a {
    let now = cluster.clock;
    let acts = move |laid: &Laid| {
        let kind = matches!(
            laid.mechanism,
            Mechanism::EdgeError(_)
                | Mechanism::EdgeDelay(_)
                | Mechanism::CpuFactor(_)
                | Mechanism::CpuBurn(_)
                | Mechanism::CapacityFactor(_)
                | Mechanism::MemoryGrowth(_)
                | Mechanism::MemoryStep(_)
                | Mechanism::Ailing(..)
        );
        kind && laid.from <= now && now < laid.until && holds(cluster, laid)
    };
    overlay
        .0
        .iter()
        .enumerate()
        .filter(move |(_, laid)| acts(laid))
        .map(|(position, _)| position as u32)
}

/// Lays the network out anew and carries the state over.
pub fn rebuild<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    cluster.workings.traffic.laid = acting_on_pods(cluster, overlay).collect();
    cluster.workings.index.topology_dirty = false;
    let before = cluster.workings.traffic.solved.take();
    let (sites, next) = sites(cluster, overlay);
    cluster.workings.traffic.rebuild_at = next;
    place(cluster, &sites, draws);
    routes::refresh(cluster);
    let (network, edges) = network(cluster, &sites);
    let layout = Layout { sites, edges };
    let (state, lost) = match &before {
        Some(old) => old
            .state
            .carried(&old.network, &network, &moves(cluster, &old.layout)),
        None => (State::idle(&network), 0.0),
    };
    journal.requests.lost += lost;
    let inputs = inputs(&network, &layout, before.as_deref(), cluster);
    let flows = Flows::of(&network);
    cluster.workings.traffic.solved = Some(Arc::new(Solved {
        layout: Arc::new(layout),
        network: Arc::new(network),
        state,
        inputs,
        flows,
    }));
}

/// All classes, and when they next change by themselves.
fn sites<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay) -> (Vec<Site>, Tick) {
    let mut all = Vec::new();
    let mut next = Tick::NEVER;
    for index in 0..cluster.objects.workloads.len() {
        let workload = WorkloadId::from(index);
        if cluster.workings.behaviour(workload).is_some() {
            let mut own = Vec::new();
            for &pod in cluster.objects.workloads[index].pods.iter() {
                next = next.min(join(cluster, overlay, workload, pod, &mut own));
            }
            all.append(&mut own);
        }
    }
    (all, next)
}

/// Puts a pod into its class; returns when it will change class by itself.
fn join<P: Clone>(
    cluster: &Cluster<P>,
    overlay: &Overlay,
    workload: WorkloadId,
    pod: PodId,
    own: &mut Vec<Site>,
) -> Tick {
    let (chunk, row) = cluster.workings.pods.at(pod);
    let from = chunk.serving_from[row];
    if from > cluster.clock {
        return from;
    }
    let warm_at = from.after(
        cluster
            .workings
            .behaviour(workload)
            .map_or(0, |b| libm::ceil(b.warmup) as u32),
    );
    let site = site_of(cluster, overlay, workload, pod, warm_at);
    let same = |other: &&mut Site| {
        (
            other.template,
            other.warmth,
            other.crowding,
            other.afflicted,
        ) == (site.template, site.warmth, site.crowding, site.afflicted)
    };
    let full = own.len() == MOST_CLASSES;
    if let Some(alike) = own.iter_mut().find(same) {
        alike.pods.push(pod);
    } else if full && let Some(last) = own.last_mut() {
        last.pods.push(pod);
    } else {
        own.push(site);
    }
    if warm_at > cluster.clock {
        warm_at
    } else {
        Tick::NEVER
    }
}

fn site_of<P: Clone>(
    cluster: &Cluster<P>,
    overlay: &Overlay,
    workload: WorkloadId,
    pod: PodId,
    warm_at: Tick,
) -> Site {
    let row = &cluster.objects.pods[pod.index()];
    let template = &cluster.objects.templates[row.template.index()];
    let quota = template
        .spec
        .spec
        .containers
        .first()
        .and_then(|c| c.resources.limits.cpu());
    Site {
        workload,
        template: row.template,
        warmth: if warm_at > cluster.clock {
            Warmth::Cold
        } else {
            Warmth::Warm
        },
        crowding: row.node.map_or(0, |node| {
            cluster
                .workings
                .crowding
                .get(node.index())
                .copied()
                .unwrap_or(0)
        }),
        afflicted: afflictions(cluster, overlay, pod),
        pods: vec![pod],
        quota: quota.map_or(f64::INFINITY, aegis_model::Millicores::cores),
    }
}

/// Which of the acting mechanisms act on a pod.
fn afflictions<P: Clone>(cluster: &Cluster<P>, overlay: &Overlay, pod: PodId) -> u64 {
    let mut bits = 0;
    for (bit, position) in cluster.workings.traffic.laid.iter().enumerate().take(64) {
        if overlay
            .0
            .get(*position as usize)
            .is_some_and(|laid| acts_on(cluster, laid, pod))
        {
            bits |= 1 << bit;
        }
    }
    bits
}

/// Writes each pod's class into its column; a pod that serves for the first time gets its own factor.
fn place<P: Clone>(cluster: &mut Cluster<P>, sites: &[Site], draws: &Draws) {
    let spread = cluster.workings.pod_spread;
    for index in 0..cluster.workings.pods.chunks().len() {
        let classes = &cluster.workings.pods.chunks()[index].class;
        if classes.iter().any(|class| *class != u32::MAX)
            && let Some(chunk) = cluster.workings.pods.chunk_mut(index)
        {
            chunk.class = [u32::MAX; aegis_cluster::workings::POD_CHUNK];
        }
    }
    for (class, site) in sites.iter().enumerate() {
        for &pod in &site.pods {
            let key = u64::from(site.workload.0) << 32
                | u64::from(cluster.objects.pods[pod.index()].ordinal);
            let (chunk, row) = cluster.workings.pods.at_mut(pod);
            chunk.class[row] = class as u32;
            if spread > 0.0 && chunk.factor[row].to_bits() == 1.0_f32.to_bits() {
                chunk.factor[row] =
                    draws.log_normal(spread, Purpose::PodMemory, key, Tick(0)) as f32;
            }
        }
    }
}

fn network<P: Clone>(cluster: &mut Cluster<P>, sites: &[Site]) -> (Network, Vec<EdgeSite>) {
    let mut builder = Network::builder();
    let mut edges = Vec::new();
    for site in sites {
        if let Some(behaviour) = cluster.workings.behaviour(site.workload) {
            builder.class(limits::of_class(
                cluster,
                site,
                Class::new(behaviour, site.pods.len() as u32),
            ));
        }
    }
    for (index, load) in cluster.workings.load.clone().into_iter().enumerate() {
        let mut edge = Edge::entry(USERS_WAIT);
        let mut found = routes::from_outside(cluster, load.to, load.port);
        limits::shed(cluster, load.to, &mut found);
        edge.dead = found.dead;
        builder.entry(edge, &found.routes);
        edges.push(EdgeSite {
            from: None,
            to: Some(load.to),
            meter: entry_meter(cluster, index),
        });
    }
    for (index, site) in sites.iter().enumerate() {
        let behaviour = cluster.workings.behaviour_shared(site.workload);
        for call in behaviour.iter().flat_map(|known| &known.calls) {
            let mut edge = limits::of_edge(cluster, site.workload, call.to, Edge::new(call));
            let found = routes::of_call(cluster, site, call);
            edge.dead = found.dead;
            builder.call(ClassId(index as u32), edge, &found.routes);
            edges.push(EdgeSite {
                from: Some(site.workload),
                to: call.to,
                meter: edge_meter(cluster, site.workload, call.to),
            });
        }
    }
    let services = Arc::make_mut(&mut cluster.workings.meters.services);
    services.resize(
        cluster.objects.workloads.len().max(services.len()),
        ServiceMeter::default(),
    );
    (builder.build(), edges)
}

fn entry_meter<P: Clone>(cluster: &mut Cluster<P>, index: usize) -> u32 {
    let service = cluster.workings.load[index].to;
    let entries = &mut cluster.workings.meters.entries;
    if entries.len() <= index {
        Arc::make_mut(entries).push(EntryMeter {
            service,
            requests: Default::default(),
            last: Default::default(),
            spread: Default::default(),
        });
    }
    index as u32
}

fn edge_meter<P: Clone>(
    cluster: &mut Cluster<P>,
    from: WorkloadId,
    to: Option<aegis_model::ServiceId>,
) -> u32 {
    let Some(to) = to else { return u32::MAX };
    let edges = &mut cluster.workings.meters.edges;
    let known = edges
        .iter()
        .position(|edge| (edge.from, edge.to) == (from, to));
    let position = known.unwrap_or_else(|| {
        Arc::make_mut(edges).push(EdgeMeter {
            from,
            to,
            attempts: 0.0,
            failures: 0.0,
            time: 0.0,
        });
        edges.len() - 1
    });
    position as u32
}

/// Which pods went from which class to which.
fn moves<P: Clone>(cluster: &Cluster<P>, old: &Layout) -> Vec<Move> {
    let mut moves: Vec<Move> = Vec::new();
    for (from, site) in old.sites.iter().enumerate() {
        for &pod in &site.pods {
            let (chunk, row) = cluster.workings.pods.at(pod);
            let to = chunk.class[row];
            if to == u32::MAX {
                continue;
            }
            let (from, to) = (ClassId(from as u32), ClassId(to));
            match moves
                .iter_mut()
                .rev()
                .find(|step| (step.from, step.to) == (from, to))
            {
                Some(step) => step.pods += 1,
                None => moves.push(Move { from, to, pods: 1 }),
            }
        }
    }
    moves
}

/// Fresh inputs; a class that was there before keeps the CPU it was given.
fn inputs<P: Clone>(
    network: &Network,
    layout: &Layout,
    before: Option<&Solved>,
    cluster: &Cluster<P>,
) -> Inputs {
    let mut inputs = Inputs::calm(network);
    for (input, site) in inputs.classes.iter_mut().zip(&layout.sites) {
        let same = before.and_then(|old| {
            let index = old.layout.sites.iter().position(|other| {
                other.workload == site.workload
                    && other.template == site.template
                    && other.crowding == site.crowding
            })?;
            Some(old.inputs.classes[index].cpu)
        });
        input.cpu = same.unwrap_or_else(|| {
            site.quota
                .min(super::super::resources::node_cores(cluster, site))
        });
    }
    inputs
}

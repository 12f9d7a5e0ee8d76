//! What can be read off a cluster at a scrape: exact counts, to which a world adds noise.

use aegis_cluster::Cluster;
use aegis_model::observation::{
    EdgeSample, EdgeTiming, EntrySample, NodeSample, PodSample, ServiceSample, Timing,
};
use aegis_model::{NodeId, PodId, Samples, Tick, WorkloadId};
use aegis_solver::tail::Fitted;
use alloc::vec;
use alloc::vec::Vec;

/// Metrics since the last scrape. Starts the next interval.
pub fn scrape<P: Clone>(cluster: &mut Cluster<P>) -> Samples {
    let interval = f64::from(cluster.workings.meters.ticks.max(1));
    let samples = Samples {
        interval,
        entries: entries(cluster),
        services: services(cluster, interval),
        edges: edges(cluster),
        pods: pods(cluster, interval),
        nodes: Vec::new(),
    };
    let nodes = nodes(cluster, &samples.pods);
    cluster.workings.pods.restart_sums();
    cluster.workings.meters.restart(cluster.clock);
    Samples { nodes, ..samples }
}

fn entries<P: Clone>(cluster: &Cluster<P>) -> Vec<EntrySample> {
    let sample = |entry: &aegis_cluster::workings::EntryMeter| EntrySample {
        service: entry.service,
        requests: entry.requests,
    };
    cluster.workings.meters.entries.iter().map(sample).collect()
}

fn services<P: Clone>(cluster: &Cluster<P>, interval: f64) -> Vec<ServiceSample> {
    let serves = |(index, _): &(usize, &aegis_cluster::workings::ServiceMeter)| {
        cluster
            .workings
            .behaviour(WorkloadId::from(*index))
            .is_some()
            && cluster.objects.workloads[*index].header.exists()
    };
    let sample = |(index, meter): (usize, &aegis_cluster::workings::ServiceMeter)| ServiceSample {
        workload: WorkloadId::from(index),
        requests: meter.requests,
        in_flight: meter.in_flight / interval,
    };
    cluster
        .workings
        .meters
        .services
        .iter()
        .enumerate()
        .filter(serves)
        .map(sample)
        .collect()
}

fn edges<P: Clone>(cluster: &Cluster<P>) -> Vec<EdgeSample> {
    let sample = |edge: &aegis_cluster::workings::EdgeMeter| EdgeSample {
        from: edge.from,
        to: edge.to,
        attempts: edge.attempts,
        failures: edge.failures,
        latency: (edge.attempts > 0.0).then(|| edge.time / edge.attempts),
    };
    cluster.workings.meters.edges.iter().map(sample).collect()
}

fn pods<P: Clone>(cluster: &Cluster<P>, interval: f64) -> Vec<PodSample> {
    let mut samples = Vec::new();
    for (_, workload) in cluster.objects.workloads.enumerate() {
        for &pod in workload.pods.iter() {
            let (chunk, row) = cluster.workings.pods.at(pod);
            if chunk.serving_from[row] != Tick::NEVER {
                samples.push(PodSample {
                    pod,
                    cpu: f64::from(chunk.cpu_sum[row]) / interval,
                    memory: f64::from(chunk.memory[row]),
                    throttled: throttled(cluster, chunk.class[row]),
                });
            }
        }
    }
    samples
}

fn throttled<P: Clone>(cluster: &Cluster<P>, class: u32) -> f64 {
    let solved = cluster.workings.traffic.solved.as_ref();
    solved
        .and_then(|solved| solved.flows.classes.get(class as usize))
        .map_or(0.0, |flow| flow.throttled)
}

fn nodes<P: Clone>(cluster: &Cluster<P>, pods: &[PodSample]) -> Vec<NodeSample> {
    let mut sums = vec![(0.0, 0.0); cluster.objects.nodes.len()];
    let node_of = |pod: PodId| cluster.objects.pods[pod.index()].node;
    for sample in pods {
        if let Some(node) = node_of(sample.pod) {
            sums[node.index()].0 += sample.cpu;
            sums[node.index()].1 += sample.memory;
        }
    }
    let alive = |(index, _): &(usize, &(f64, f64))| cluster.objects.nodes[*index].header.exists();
    let sample = |(index, (cpu, memory)): (usize, &(f64, f64))| NodeSample {
        node: NodeId::from(index),
        cpu: *cpu,
        memory: *memory,
    };
    sums.iter().enumerate().filter(alive).map(sample).collect()
}

/// How long the requests of this interval took; to be read before [`scrape`], which starts the next.
pub fn timing<P: Clone>(cluster: &Cluster<P>) -> Timing {
    let meters = &cluster.workings.meters;
    let services = meters.services.iter().enumerate();
    let entries = meters.entries.iter();
    Timing {
        services: services
            .map(|(index, meter)| (WorkloadId::from(index), meter.spread.mean))
            .collect(),
        entries: entries
            .map(|meter| (meter.service, meter.spread.mean))
            .collect(),
        edges: edge_timing(cluster),
    }
}

/// The mean is the interval's; how times vary about it is that of the last second.
fn edge_timing<P: Clone>(cluster: &Cluster<P>) -> Vec<EdgeTiming> {
    let spreads = edge_spreads(cluster);
    let meters = cluster.workings.meters.edges.iter().zip(spreads);
    let passed = meters.filter(|(meter, _)| meter.attempts > 0.0);
    let timed = passed.map(|(meter, cv2)| {
        let mean = meter.time / meter.attempts;
        EdgeTiming {
            from: meter.from,
            to: meter.to,
            mean,
            shares: crate::step::metrics::shares(Fitted { mean, cv2 }),
        }
    });
    timed.collect()
}

/// The squared coefficient of variation of each edge's times, over the classes of its callers.
fn edge_spreads<P: Clone>(cluster: &Cluster<P>) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); cluster.workings.meters.edges.len()];
    let solved = cluster.workings.traffic.solved.as_ref();
    if let Some(solved) = solved {
        let edges = solved.flows.edges.iter().zip(&solved.layout.edges);
        for (flow, site) in edges.filter(|(_, site)| site.from.is_some()) {
            if let Some(sum) = sums.get_mut(site.meter as usize) {
                sum.0 += flow.first;
                sum.1 += flow.first * flow.time().cv2;
            }
        }
    }
    let mean = |(weight, sum): (f64, f64)| if weight > 0.0 { sum / weight } else { 1.0 };
    sums.into_iter().map(mean).collect()
}

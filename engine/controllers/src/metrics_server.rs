//! The resource metrics of pods, as kubelets measure them and the metrics API answers them.
//!
//! Mean CPU over the last whole window of 15 s, and the working set at its end;
//! windows end at a phase of each node, so that an answer is up to 30 s old when
//! it is read. Only pods that an autoscaler reads are measured.
//! Source: metrics-server `--metric-resolution` 15 s.

use crate::spinning;
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::{Draws, Purpose};
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{NodeState, PodMetrics, PodSamples, Slot};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{Autoscaler, ContainerStatus, Pod, PodPhase};
use aegis_model::{NodeId, Overlay, PodId, Tick, WorkloadId};
use alloc::collections::BTreeSet;

/// Seconds in a window.
pub const WINDOW: u32 = 15;

/// Adds this second to the windows, and publishes those that end.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, draws: &Draws, _: &mut Journal) {
    let measured = measured(cluster);
    for workload in measured.iter().copied() {
        let pods = cluster.objects.workloads[workload.index()].pods.clone();
        for pod in pods.iter() {
            measure(cluster, *pod, *draws);
        }
    }
    for pod in strays(cluster, &measured) {
        measure(cluster, pod, *draws);
    }
}

/// Pods of no workload that is measured, and that an autoscaler reads.
fn strays<P>(cluster: &Cluster<P>, measured: &BTreeSet<WorkloadId>) -> BTreeSet<PodId> {
    let controls = cluster.workings.control.autoscalers.iter();
    let strays = controls.flat_map(|control| control.strays.iter().copied());
    strays
        .filter(|pod| {
            let row = &cluster.objects.pods[pod.index()];
            row.exists() && !measured.contains(&row.workload)
        })
        .collect()
}

/// Workloads that an autoscaler reads.
fn measured<P>(cluster: &Cluster<P>) -> BTreeSet<WorkloadId> {
    let autoscalers = cluster.objects.autoscalers.iter();
    let controls = cluster.workings.control.autoscalers.iter();
    autoscalers
        .zip(controls)
        .filter(|(row, _)| row.header.exists())
        .filter_map(|(row, control)| control.target.or_else(|| named(cluster, row)))
        .collect()
}

/// What an autoscaler names that has not looked yet: its pods are measured before it asks.
fn named<P>(cluster: &Cluster<P>, row: &Autoscaler) -> Option<WorkloadId> {
    let target = &row.spec.scale_target_ref;
    let namespace = &row.header.reference.namespace;
    let kind = Kind::from(target.kind.as_str());
    match api::find(cluster, &ObjectRef::new(kind, namespace, &target.name))? {
        Slot::Workload(id) => Some(id),
        _ => None,
    }
}

fn runs(pod: &Pod) -> bool {
    pod.phase == PodPhase::Running && pod.containers.iter().any(ContainerStatus::is_running)
}

fn measure<P>(cluster: &mut Cluster<P>, id: PodId, draws: Draws) {
    let pod = &cluster.objects.pods[id.index()];
    let Some(node) = pod.node else {
        return;
    };
    // Nobody answers for the pods of a node whose kubelet is silent.
    let running = runs(pod) && cluster.workings.kubelet.node_state(node) == NodeState::Up;
    let ends = window_ends(cluster, node, draws);
    let (chunk, row) = cluster.workings.pods.at(id);
    let (served, memory) = (f64::from(chunk.cpu[row]), f64::from(chunk.memory[row]));
    let cpu = served + spinning::of_pod(cluster, id) as f64 / 1000.0;
    let now = cluster.clock;
    let Some(sample) = cluster.workings.control.sample_mut(id) else {
        return;
    };
    if running {
        sample.cpu += cpu;
        sample.seconds += 1;
    }
    if ends {
        *sample = PodSamples {
            published: running.then(|| publish(sample, memory, now)).flatten(),
            ..PodSamples::default()
        };
    }
}

/// What a window that ends gives; a pod that did not run through all of it has no metrics yet.
fn publish(sample: &PodSamples, memory: f64, now: Tick) -> Option<PodMetrics> {
    (sample.seconds >= WINDOW).then(|| PodMetrics {
        at: now,
        cpu: libm::round(sample.cpu / f64::from(WINDOW) * 1000.0) as u64,
        memory: libm::round(memory) as u64,
    })
}

/// Whether a window of the node's pods ends at this second.
fn window_ends<P>(cluster: &Cluster<P>, node: NodeId, draws: Draws) -> bool {
    let number = cluster.objects.nodes[node.index()].header.number;
    let phase = draws.bits(Purpose::MetricsPhase, u64::from(number), Tick(0)) % u64::from(WINDOW);
    (u64::from(cluster.clock.0) + phase).is_multiple_of(u64::from(WINDOW))
}

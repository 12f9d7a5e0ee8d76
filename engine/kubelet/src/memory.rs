//! Memory: limits of containers, and what happens when a node runs out.
//! Sources: pkg/kubelet/eviction, pkg/kubelet/qos/policy.go; kubernetes.md, node-pressure eviction.

use super::faults::{end_processes, silence};
use super::sync::Sync;
use aegis_cluster::api;
use aegis_cluster::api::events::Source;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{AtEase, Demand, Ending, NODE_TURNS, NodeState, Process, Stage, Why};
use aegis_model::kubernetes::Qos;
use aegis_model::objects::{ConditionStatus, Node, Severity};
use aegis_model::{Laid, Mechanism, NodeId, Overlay, PodId, Quantity, Subject, Table, Tick};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// `memory.available` below which pods are evicted, bytes.
const HARD_THRESHOLD: f64 = 100.0 * 1024.0 * 1024.0;
/// Seconds for which `MemoryPressure` stays after the last time.
const PRESSURE_LASTS: u32 = 300;

const OUT_OF_MEMORY: Ending = Ending {
    code: super::container::KILLED,
    why: Why::Memory,
};

/// The serving container is above its limit: the kernel kills it.
pub(super) fn kill_serving<P>(cluster: &mut Cluster<P>, pod: PodId) {
    let now = cluster.clock;
    let template = cluster.objects.pods[pod.index()].template;
    let kubelets = &mut cluster.workings.kubelet;
    let recipe = kubelets.recipes.get(template.index()).cloned().flatten();
    let (Some(recipe), Some(run)) = (recipe, kubelets.run_mut(pod)) else {
        return;
    };
    let process = &mut Arc::make_mut(run).containers[recipe.serving].process;
    if let Process::Running { since, .. } | Process::Stopping { since, .. } = *process {
        *process = Process::Ended {
            since,
            at: now,
            ending: OUT_OF_MEMORY,
        };
    }
    kubelets.watch(pod, f32::INFINITY, f32::INFINITY);
    silence(cluster, pod);
    cluster.workings.pods.set_due(pod, now.after(1));
}

/// Looks at the nodes whose turn it is: the eviction manager of each looks every [`NODE_TURNS`]
/// seconds. Where no memory was written since none of them was short of it, none is.
pub(super) fn check_nodes<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    let turn = cluster.clock.0 as usize % NODE_TURNS;
    let now = AtEase {
        writes: cluster.workings.pods.writes(),
        nodes: cluster.objects.nodes.len(),
    };
    let moved = moved_thresholds(overlay, cluster.clock);
    if cluster.workings.kubelet.at_ease[turn] == now && moved.is_empty() {
        return;
    }
    let memory = &mut cluster.workings.kubelet.node_memory;
    let memory = memory.of(&cluster.objects.nodes, memory_of);
    let mut at_ease = true;
    for index in (turn..now.nodes).step_by(NODE_TURNS) {
        let node = NodeId::from(index);
        let Some(capacity) = memory[index] else {
            continue;
        };
        match check_node(cluster, journal, node, capacity, threshold(&moved, node)) {
            Found::Enough => {}
            Found::Short => at_ease = false,
            Found::Evict(pod, message) => {
                at_ease = false;
                Sync::new(cluster, overlay, draws, journal, pod, node).run_eviction(&message);
            }
        }
    }
    cluster.workings.kubelet.at_ease[turn] = if at_ease { now } else { AtEase::default() };
}

/// Nodes whose kubelet was told another threshold.
fn moved_thresholds(overlay: &Overlay, now: Tick) -> Vec<(Subject, f64)> {
    let moved = |laid: &Laid| match laid.mechanism {
        Mechanism::EvictionThreshold(bytes) => Some((laid.subject, bytes)),
        _ => None,
    };
    overlay.active(now).filter_map(moved).collect()
}

fn threshold(moved: &[(Subject, f64)], node: NodeId) -> f64 {
    let own = |(subject, _): &&(Subject, f64)| *subject == Subject::Node(node);
    moved
        .iter()
        .find(own)
        .map_or(HARD_THRESHOLD, |(_, bytes)| *bytes)
}

/// Memory of each node that exists, bytes.
fn memory_of(nodes: &Table<Node>) -> Vec<Option<u64>> {
    let of = |node: &Node| {
        let memory = node.capacity.capacity.memory();
        memory.filter(|_| node.header.exists()).map(|bytes| bytes.0)
    };
    nodes.iter().map(of).collect()
}

/// What a look at a node's memory comes to.
enum Found {
    /// There is enough, and was of late.
    Enough,
    /// It is to be looked at again, whatever is written.
    Short,
    /// That pod is to go, and why.
    Evict(PodId, String),
}

/// Looks at a node that has so much memory, bytes.
fn check_node<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    capacity: u64,
    threshold: f64,
) -> Found {
    let mut available = capacity as f64 - used(cluster, node);
    while available < 0.0 {
        let Some(victim) = kernel_victim(cluster, node, capacity) else {
            break;
        };
        available += held(cluster, victim);
        kernel_kills(cluster, journal, node, victim);
    }
    let known = cluster.workings.kubelet.nodes.get(node.index());
    let calm = known.is_none_or(|run| run.pressure_until == Tick(0) && run.state == NodeState::Up);
    if calm && available >= threshold {
        return Found::Enough;
    }
    if cluster.workings.kubelet.node_state(node) != NodeState::Up {
        return Found::Short;
    }
    if available >= threshold {
        end_pressure(cluster, journal, node);
        return Found::Short;
    }
    begin_pressure(cluster, journal, node);
    match eviction_victim(cluster, node) {
        Some(pod) => Found::Evict(pod, eviction_text(cluster, pod, available)),
        None => Found::Short,
    }
}

fn held<P>(cluster: &Cluster<P>, pod: PodId) -> f64 {
    let (chunk, row) = cluster.workings.pods.at(pod);
    f64::from(chunk.memory[row])
}

fn used<P>(cluster: &Cluster<P>, node: NodeId) -> f64 {
    let pods = cluster.workings.index.pods_on(node).iter();
    pods.map(|pod| held(cluster, *pod)).sum()
}

fn demand_of<P>(cluster: &mut Cluster<P>, pod: PodId) -> Arc<Demand> {
    let template = cluster.objects.pods[pod.index()].template;
    let scheduler = &mut cluster.workings.scheduler;
    scheduler.demand(&cluster.objects, template)
}

/// The process that the kernel kills: the largest sum of its share of memory and `oom_score_adj`.
fn kernel_victim<P>(cluster: &mut Cluster<P>, node: NodeId, capacity: u64) -> Option<PodId> {
    let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
    let mut worst: Option<(f64, PodId)> = None;
    for pod in pods {
        let memory = held(cluster, pod);
        let badness = 1000.0 * memory / capacity as f64 + adjustment(cluster, pod, capacity);
        if memory > 0.0 && worst.is_none_or(|(known, _)| badness > known) {
            worst = Some((badness, pod));
        }
    }
    worst.map(|(_, pod)| pod)
}

/// `oom_score_adj`: -997 Guaranteed, 1000 BestEffort, else 1000 - 1000·request/capacity in 3..=999.
fn adjustment<P>(cluster: &mut Cluster<P>, pod: PodId, capacity: u64) -> f64 {
    let template = cluster.objects.pods[pod.index()].template;
    let qos = Qos::of(&cluster.objects.templates[template.index()].spec.spec);
    match qos {
        Qos::Guaranteed => -997.0,
        Qos::BestEffort => 1000.0,
        Qos::Burstable => {
            let request = demand_of(cluster, pod).memory;
            (1000.0 - 1000.0 * request as f64 / capacity as f64).clamp(3.0, 999.0)
        }
    }
}

fn kernel_kills<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId, pod: PodId) {
    end_processes(cluster, pod, OUT_OF_MEMORY);
    let name = first_container(cluster, pod);
    let text = format!(
        "System OOM encountered, victim process: {name}, pid: {}",
        1000 + pod.0
    );
    say_of_node(
        cluster,
        journal,
        node,
        Severity::Warning,
        "SystemOOM",
        &text,
    );
}

fn first_container<P>(cluster: &Cluster<P>, pod: PodId) -> smol_str::SmolStr {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let first = spec.containers.first();
    first.map_or_else(Default::default, |container| container.name.clone())
}

pub(super) fn say_of_node<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    severity: Severity,
    reason: &str,
    message: &str,
) {
    let object = cluster.objects.nodes[node.index()].header.reference.clone();
    let source = Source::kubelet(node);
    api::events::record(cluster, journal, severity, reason, message, &object, source);
}

pub(super) fn say_status<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    status: &str,
) {
    let name = &cluster.objects.nodes[node.index()].header.reference.name;
    let text = format!("Node {name} status is now: {status}");
    say_of_node(cluster, journal, node, Severity::Normal, status, &text);
}

fn begin_pressure<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    let until = cluster.clock.after(PRESSURE_LASTS);
    let known = cluster.workings.kubelet.node_mut(node);
    let new = known.pressure_until == Tick(0);
    known.pressure_until = until;
    if new {
        set_pressure(cluster, node, ConditionStatus::True);
        say_status(cluster, journal, node, "NodeHasInsufficientMemory");
    }
    let warning = Severity::Warning;
    let text = "Attempting to reclaim memory";
    say_of_node(
        cluster,
        journal,
        node,
        warning,
        "EvictionThresholdMet",
        text,
    );
}

fn end_pressure<P>(cluster: &mut Cluster<P>, journal: &mut Journal, node: NodeId) {
    let now = cluster.clock;
    let known = cluster.workings.kubelet.nodes.get(node.index());
    let over = known.is_some_and(|run| run.pressure_until != Tick(0) && run.pressure_until <= now);
    if !over {
        return;
    }
    cluster.workings.kubelet.node_mut(node).pressure_until = Tick(0);
    set_pressure(cluster, node, ConditionStatus::False);
    say_status(cluster, journal, node, "NodeHasSufficientMemory");
}

fn set_pressure<P>(cluster: &mut Cluster<P>, node: NodeId, status: ConditionStatus) {
    let (reason, message) = match status {
        ConditionStatus::True => (
            "KubeletHasInsufficientMemory",
            "kubelet has insufficient memory available",
        ),
        _ => (
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
    };
    let kind = "MemoryPressure";
    api::nodes::set_condition(cluster, node, kind, status, reason, message);
}

/// Whether a pod is on its way out already.
pub(super) fn is_ending<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let run = cluster.workings.kubelet.run(pod);
    run.is_none_or(|run| matches!(run.stage, Stage::Ending(_) | Stage::Over))
}

/// Order of eviction: use above the request first, then lower priority, then the larger excess.
fn eviction_victim<P>(cluster: &mut Cluster<P>, node: NodeId) -> Option<PodId> {
    let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
    let mut best: Option<((bool, i64, f64), PodId)> = None;
    for pod in pods {
        let row = &cluster.objects.pods[pod.index()];
        let critical = api::is_critical(&cluster.objects, pod);
        if critical || !row.is_active() || is_ending(cluster, pod) {
            continue;
        }
        let priority = i64::from(row.priority);
        let excess = held(cluster, pod) - demand_of(cluster, pod).memory as f64;
        let rank = (excess > 0.0, -priority, excess);
        if best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, pod));
        }
    }
    best.map(|(_, pod)| pod)
}

/// What an eviction says; a container is named where it uses more than it asked for.
fn eviction_text<P>(cluster: &mut Cluster<P>, pod: PodId, available: f64) -> String {
    let available = in_kibibytes(available.max(0.0) as u64);
    let mut text = format!(
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: {available}. "
    );
    let using = held(cluster, pod) as u64;
    let (container, request) = main_container(cluster, pod);
    if i128::from(using) * 1000 > request.milli {
        let using = in_kibibytes(using);
        text.push_str(&format!(
            "Container {container} was using {using}, request is {request}, has larger consumption of memory. "
        ));
    }
    text
}

/// An amount of memory to the Ki, as a meter gives it.
fn in_kibibytes(bytes: u64) -> Quantity {
    Quantity::whole(bytes / 1024 * 1024)
}

/// Name and memory request of the container that a pod's use is counted for.
fn main_container<P>(cluster: &Cluster<P>, pod: PodId) -> (smol_str::SmolStr, Quantity) {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let recipe = cluster.workings.kubelet.recipe(template);
    let serving = recipe.map_or(0, |recipe| {
        recipe.serving - recipe.inits.min(recipe.serving)
    });
    let container = spec.containers.get(serving);
    container.map_or_else(Default::default, |container| {
        let request = container.resources.request("memory").unwrap_or_default();
        (container.name.clone(), request)
    })
}

//! Disks of nodes: what pods wrote, and who goes when there is little left.
//!
//! Only what scripts of pods write is counted, into their layers and `emptyDir` volumes on the disk; images and
//! logs are not. Root and image filesystem are one, so that the threshold of images is the first to be met.
//! Sources: pkg/kubelet/eviction (defaults_linux.go, helpers.go `rankDiskPressureFunc`, `evictionMessage`).

use super::memory::{is_ending, say_of_node, say_status};
use super::sync::Sync;
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{NodeState, Part, Stage};
use aegis_model::kubernetes::PodSpec;
use aegis_model::objects::{ConditionStatus, Severity};
use aegis_model::{NodeId, Overlay, PodId, Quantity, Tick};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Share of the filesystem of images below which pods are evicted (`imagefs.available`).
const THRESHOLD: f32 = 0.15;
/// Seconds between two looks of the eviction manager.
const PERIOD: u32 = 10;
/// Seconds for which `DiskPressure` stays after the last time.
const PRESSURE_LASTS: u32 = 300;
/// Bytes of one pod that make its node worth a look.
const NOTEWORTHY: u64 = 1 << 24;

impl<P: Clone> Sync<'_, P> {
    /// Has the node's disk looked at where this pod wrote much.
    pub fn note_writing(&mut self) {
        let template = self.row().template;
        let spec = &self.cluster.objects.templates[template.index()].spec.spec;
        let written = self.recipe.containers.iter().enumerate();
        let layers: u64 = written
            .map(|(index, _)| self.run.files.in_layer(index))
            .sum();
        let used = layers + in_volumes(spec, |name| self.run.files.in_volume(name));
        let disks = &mut self.cluster.workings.kubelet.disks;
        if used >= NOTEWORTHY && !disks.contains_key(&self.node) {
            Arc::make_mut(disks).insert(self.node, Tick(0));
        }
    }
}

/// Bytes in the `emptyDir` volumes that lie on the disk.
fn in_volumes(spec: &PodSpec, of: impl Fn(&str) -> u64) -> u64 {
    let dirs = spec.volumes.iter().filter(|volume| {
        let dir = volume.empty_dir.as_ref();
        dir.is_some_and(|dir| dir.medium.as_deref() != Some("Memory"))
    });
    dirs.map(|volume| of(&volume.name)).sum()
}

/// What a pod that is not over has written, bytes: in all, and in the layer of each container.
fn written<P>(cluster: &Cluster<P>, pod: PodId) -> (u64, Vec<u64>) {
    let row = &cluster.objects.pods[pod.index()];
    let run = cluster.workings.kubelet.run(pod);
    let Some(run) = run.filter(|run| run.stage != Stage::Over && !run.files.is_empty()) else {
        return (0, Vec::new());
    };
    let spec = &cluster.objects.templates[row.template.index()].spec.spec;
    let layers = 0..run.containers.len();
    let layers: Vec<u64> = layers.map(|index| run.files.in_layer(index)).collect();
    let all = layers.iter().sum::<u64>() + in_volumes(spec, |name| run.files.in_volume(name));
    (all, layers)
}

/// Looks at the disks on which pods wrote much.
pub(super) fn check_nodes<P: Clone>(
    cluster: &mut Cluster<P>,
    overlay: &Overlay,
    draws: &Draws,
    journal: &mut Journal,
) {
    if cluster.workings.kubelet.disks.is_empty() || !cluster.clock.0.is_multiple_of(PERIOD) {
        return;
    }
    let watched = cluster.workings.kubelet.disks.clone();
    for (node, until) in watched.iter() {
        if cluster.workings.kubelet.node_state(*node) != NodeState::Up {
            continue;
        }
        if let Some((pod, message)) = check_node(cluster, journal, *node, *until) {
            Sync::new(cluster, overlay, draws, journal, pod, *node).run_eviction(&message);
        }
    }
}

/// Looks at one disk; gives the pod that is to go, and why.
fn check_node<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    until: Tick,
) -> Option<(PodId, String)> {
    let capacity = &cluster.objects.nodes[node.index()].capacity.capacity;
    let capacity = capacity.get("ephemeral-storage")?.bytes().0;
    let pods = cluster.workings.index.pods_on(node);
    let used: u64 = pods.iter().map(|pod| written(cluster, *pod).0).sum();
    let available = capacity.saturating_sub(used);
    let threshold = (capacity as f64 * f64::from(THRESHOLD)) as u64;
    if available >= threshold {
        calm_down(cluster, journal, node, until, used);
        return None;
    }
    let now = cluster.clock;
    let disks = Arc::make_mut(&mut cluster.workings.kubelet.disks);
    disks.insert(node, now.after(PRESSURE_LASTS));
    if until == Tick(0) {
        set_pressure(cluster, node, ConditionStatus::True);
        say_status(cluster, journal, node, "NodeHasDiskPressure");
    }
    let text = "Attempting to reclaim ephemeral-storage";
    let warning = Severity::Warning;
    say_of_node(
        cluster,
        journal,
        node,
        warning,
        "EvictionThresholdMet",
        text,
    );
    let pod = victim(cluster, node)?;
    Some((pod, message(cluster, pod, threshold, available)))
}

/// There is enough again: the pressure ends when its time is over, and a disk without much on it is forgotten.
fn calm_down<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    until: Tick,
    used: u64,
) {
    if until > cluster.clock {
        return;
    }
    let disks = Arc::make_mut(&mut cluster.workings.kubelet.disks);
    disks.insert(node, Tick(0));
    if used < NOTEWORTHY {
        disks.remove(&node);
    }
    if until != Tick(0) {
        set_pressure(cluster, node, ConditionStatus::False);
        say_status(cluster, journal, node, "NodeHasNoDiskPressure");
    }
}

fn set_pressure<P>(cluster: &mut Cluster<P>, node: NodeId, status: ConditionStatus) {
    let (reason, message) = match status {
        ConditionStatus::True => ("KubeletHasDiskPressure", "kubelet has disk pressure"),
        _ => ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    };
    api::nodes::set_condition(cluster, node, "DiskPressure", status, reason, message);
}

/// What the containers of a pod ask for, bytes.
fn request<P>(cluster: &Cluster<P>, pod: PodId) -> u64 {
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let asked = spec.containers.iter();
    let asked = asked.filter_map(|one| one.resources.request("ephemeral-storage"));
    asked.map(|amount| amount.bytes().0).sum()
}

/// Order of eviction: use above the request first, then lower priority, then the larger excess.
fn victim<P>(cluster: &Cluster<P>, node: NodeId) -> Option<PodId> {
    let mut best: Option<((bool, i64, i128), PodId)> = None;
    for pod in cluster.workings.index.pods_on(node).iter().copied() {
        let row = &cluster.objects.pods[pod.index()];
        let critical = api::is_critical(&cluster.objects, pod);
        if critical || !row.is_active() || is_ending(cluster, pod) {
            continue;
        }
        let excess = i128::from(written(cluster, pod).0) - i128::from(request(cluster, pod));
        let rank = (excess > 0, -i64::from(row.priority), excess);
        if best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, pod));
        }
    }
    best.map(|(_, pod)| pod)
}

/// What an eviction says; containers are named whose layers are above what they asked for.
fn message<P>(cluster: &Cluster<P>, pod: PodId, threshold: u64, available: u64) -> String {
    let whole = |bytes: u64| Quantity::whole(bytes);
    let mut text = format!(
        "The node was low on resource: ephemeral-storage. Threshold quantity: {}, available: {}. ",
        whole(threshold),
        whole(available / 1024 * 1024)
    );
    let (_, layers) = written(cluster, pod);
    let template = cluster.objects.pods[pod.index()].template;
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let Some(recipe) = cluster.workings.kubelet.recipe(template) else {
        return text;
    };
    let all = spec.init_containers.iter().chain(&spec.containers);
    for ((container, known), used) in all.zip(&recipe.containers).zip(layers) {
        let asked = container.resources.request("ephemeral-storage");
        let asked = asked.unwrap_or_default();
        if known.part != Part::Init && i128::from(used) * 1000 > asked.milli {
            let name = &container.name;
            let used = whole(used / 1024 * 1024);
            text.push_str(&format!(
                "Container {name} was using {used}, request is {asked}, has larger consumption of ephemeral-storage. "
            ));
        }
    }
    text
}

//! The DaemonSet controller (pkg/controller/daemon): one pod on each node that takes it.
//!
//! It decides on the node (see [`aegis_cluster::workings::Control::daemon_node`]), the scheduler binds.

use super::orphans;
use super::owned::{await_availability, count, is_available};
use super::refusals::{self, Next, WAITS};
use super::revisions::track;
use crate::batch_of;
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::pods;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_cluster::rules::{NodeView, matches_node, tolerates};
use aegis_model::kubernetes::{DaemonSetSpec, IntOrString, Kind, PodSpec, Rounding};
use aegis_model::objects::{PodPhase, Severity, WorkloadSpec, WorkloadStatus};
use aegis_model::{NodeId, Overlay, PodId, TemplateId, WorkloadId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

const SOURCE: Source = Source::of("daemonset-controller");
/// Seconds until a failed pod is replaced: doubled with each failure up to the cap.
/// Source: daemon_controller.go `failedPodsBackoff`.
const BACKOFF: (u32, u32) = (1, 900);

/// Syncs the DaemonSets of this round; all of them where a node changed.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
    for id in due(cluster) {
        let Some(desk) = Desk::open(cluster, id) else {
            continue;
        };
        manage(cluster, &desk, journal);
        match &desk.strategy {
            Strategy::OnDelete => {}
            Strategy::Replace(share) => roll(cluster, &desk, share, journal),
            Strategy::Surge(share) => surge(cluster, &desk, share, journal),
        }
        observe(cluster, &desk);
        await_availability(cluster, id, desk.min_ready);
    }
}

fn due<P>(cluster: &mut Cluster<P>) -> Vec<WorkloadId> {
    if !core::mem::take(&mut cluster.workings.control.nodes_changed) {
        return batch_of(cluster, &Kind::DaemonSet);
    }
    let rows = cluster.objects.workloads.enumerate();
    rows.filter(|(_, row)| row.header.exists() && row.header.reference.kind == Kind::DaemonSet)
        .map(|(index, _)| WorkloadId::from(index))
        .collect()
}

/// What a node is to a DaemonSet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// A pod is to run there.
    Runs,
    /// A pod that is there may stay, a new one is not made.
    MayStay,
    /// No pod may be there.
    Not,
}

/// A DaemonSet on the controller's desk.
struct Desk {
    id: WorkloadId,
    update: TemplateId,
    min_ready: u32,
    strategy: Strategy,
    /// Nodes, in order of id.
    nodes: Vec<(NodeId, Fit)>,
    /// Pods by the node that they are for, oldest first.
    pods: BTreeMap<NodeId, Vec<PodId>>,
}

impl Desk {
    fn open<P>(cluster: &mut Cluster<P>, id: WorkloadId) -> Option<Self> {
        let update = track(cluster, id);
        orphans::of_nodes(cluster, id);
        let row = &cluster.objects.workloads[id.index()];
        let WorkloadSpec::DaemonSet(spec) = &*row.spec else {
            return None;
        };
        Some(Self {
            id,
            update,
            min_ready: spec.min_ready_seconds,
            strategy: Strategy::of(spec),
            nodes: fits(cluster, update),
            pods: by_node(cluster, &row.pods),
        })
    }

    fn pods_for(&self, node: NodeId) -> &[PodId] {
        self.pods.get(&node).map_or(&[], Vec::as_slice)
    }

    fn wanted(&self) -> u32 {
        let runs = self.nodes.iter().filter(|(_, fit)| *fit == Fit::Runs);
        runs.count() as u32
    }
}

/// `updateStrategy`.
enum Strategy {
    OnDelete,
    /// Old pods go first; so many may be missing.
    Replace(IntOrString),
    /// New pods come first; so many nodes may have two.
    Surge(IntOrString),
}

impl Strategy {
    /// One may be missing by default.
    fn of(spec: &DaemonSetSpec) -> Self {
        if spec.update_strategy.kind == "OnDelete" {
            return Self::OnDelete;
        }
        let bounds = spec.update_strategy.rolling_update.clone();
        let bounds = bounds.unwrap_or_default();
        let surge = bounds
            .max_surge
            .filter(|surge| surge.of(100, Rounding::Up) > 0);
        match surge {
            Some(surge) => Self::Surge(surge),
            None => Self::Replace(bounds.max_unavailable.unwrap_or(IntOrString::Int(1))),
        }
    }
}

fn by_node<P>(cluster: &Cluster<P>, pods: &[PodId]) -> BTreeMap<NodeId, Vec<PodId>> {
    let mut by_node: BTreeMap<NodeId, Vec<PodId>> = BTreeMap::new();
    for pod in pods {
        let meant = cluster.workings.control.daemon_node(*pod);
        if let Some(node) = meant.or(cluster.objects.pods[pod.index()].node) {
            by_node.entry(node).or_default().push(*pod);
        }
    }
    by_node
}

fn fits<P>(cluster: &Cluster<P>, template: TemplateId) -> Vec<(NodeId, Fit)> {
    let spec = &cluster.objects.templates[template.index()].spec.spec;
    let nodes = cluster.objects.nodes.enumerate();
    nodes
        .filter(|(_, node)| node.header.exists())
        .map(|(index, node)| {
            let view = NodeView {
                name: &node.header.reference.name,
                labels: &node.header.labels,
                spec: &node.spec,
            };
            (NodeId::from(index), fit(spec, view))
        })
        .collect()
}

/// Source: daemon_controller.go `NodeShouldRunDaemonPod`.
fn fit(spec: &PodSpec, node: NodeView<'_>) -> Fit {
    if !matches_node(spec, node) {
        return Fit::Not;
    }
    let untolerated = |effect: &str| {
        let taints = node.spec.taints.iter().filter(|t| t.effect == effect);
        taints
            .filter(|taint| !spec.tolerations.iter().any(|t| tolerates(t, taint)))
            .count()
            > 0
    };
    match (untolerated("NoExecute"), untolerated("NoSchedule")) {
        (true, _) => Fit::Not,
        (false, true) => Fit::MayStay,
        (false, false) => Fit::Runs,
    }
}

/// Makes missing pods and deletes those that are too many, failed, or on the wrong node.
fn manage<P>(cluster: &mut Cluster<P>, desk: &Desk, journal: &mut Journal) {
    for (node, fit) in &desk.nodes {
        let pods = desk.pods_for(*node);
        match fit {
            Fit::Runs if pods.is_empty() => create(cluster, desk, *node, journal),
            Fit::Runs | Fit::MayStay => tidy(cluster, desk, *node, pods, journal),
            Fit::Not => {
                for pod in pods {
                    delete(cluster, desk, *pod, journal);
                }
            }
        }
    }
}

fn create<P>(cluster: &mut Cluster<P>, desk: &Desk, node: NodeId, journal: &mut Journal) {
    let ordinal = cluster.objects.workloads[desk.id.index()].next_ordinal;
    match pods::create(cluster, desk.id, None, desk.update, ordinal) {
        Ok(pod) => {
            refusals::let_in(cluster, desk.id);
            Arc::make_mut(&mut cluster.workings.control.daemon_nodes).insert(pod, node);
            cluster.objects.pods[pod.index()].made_for = Some(node);
            let message = format!("Created pod: {}", cluster.objects.pods[pod.index()].name);
            let reason = "SuccessfulCreate";
            report(cluster, desk, Severity::Normal, reason, &message, journal);
        }
        Err(refusal) => {
            let message = format!("Error creating: {refusal}");
            let reason = "FailedCreate";
            report(cluster, desk, Severity::Warning, reason, &message, journal);
            if refusals::refused(cluster, desk.id, WAITS) == Next::Now {
                create(cluster, desk, node, journal);
            }
        }
    }
}

/// Deletes failed pods, after a while, and of several others all but the oldest; a surge lets a new
/// one stand beside an old one.
fn tidy<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    node: NodeId,
    pods: &[PodId],
    journal: &mut Journal,
) {
    let surges = matches!(desk.strategy, Strategy::Surge(_));
    let mut kept = BTreeSet::new();
    for pod in pods {
        let row = &cluster.objects.pods[pod.index()];
        if row.phase == PodPhase::Failed {
            replace_failed(cluster, desk, node, *pod, journal);
        } else if row.deletion.is_none() {
            let is_new = surges && row.template == desk.update;
            if !kept.insert(is_new) {
                delete(cluster, desk, *pod, journal);
            }
        }
    }
}

fn replace_failed<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    node: NodeId,
    pod: PodId,
    journal: &mut Journal,
) {
    let now = cluster.clock;
    let failures = &mut cluster.workings.control.daemon_failures;
    let known = failures.get(&(desk.id, node)).copied();
    let wait = known.filter(|(since, wait)| now < since.after(*wait));
    if let Some((since, wait)) = wait {
        let at = since.after(wait);
        cluster.workings.control.enqueue_at(at, desk.id);
        return;
    }
    let forgotten = |since: &aegis_model::Tick| now.elapsed(*since) > 2 * BACKOFF.1;
    let next = match known.filter(|(since, _)| !forgotten(since)) {
        Some((_, wait)) => (2 * wait).min(BACKOFF.1),
        None => BACKOFF.0,
    };
    Arc::make_mut(failures).insert((desk.id, node), (now, next));
    let row = &cluster.objects.pods[pod.index()];
    let message = format!(
        "Found failed daemon pod {}/{} on node {}, will try to kill it",
        row.namespace,
        row.name,
        cluster.objects.nodes[node.index()].header.reference.name
    );
    let reason = "FailedDaemonPod";
    report(cluster, desk, Severity::Warning, reason, &message, journal);
    delete(cluster, desk, pod, journal);
}

fn delete<P>(cluster: &mut Cluster<P>, desk: &Desk, pod: PodId, journal: &mut Journal) {
    let row = &cluster.objects.pods[pod.index()];
    if row.deletion.is_some() || !row.exists() {
        return;
    }
    let message = format!("Deleted pod: {}", row.name);
    let grace = pods::grace_of(cluster, pod);
    pods::begin_deletion(cluster, pod, grace);
    let reason = "SuccessfulDelete";
    report(cluster, desk, Severity::Normal, reason, &message, journal);
}

fn report<P>(
    cluster: &mut Cluster<P>,
    desk: &Desk,
    severity: Severity,
    reason: &str,
    message: &str,
    journal: &mut Journal,
) {
    let row = &cluster.objects.workloads[desk.id.index()];
    let object = row.header.reference.clone();
    record(cluster, journal, severity, reason, message, &object, SOURCE);
}

/// Replaces pods of old revisions: those that are unavailable anyway, and as many others as may be missing.
/// Source: update.go `rollingUpdate`.
fn roll<P>(cluster: &mut Cluster<P>, desk: &Desk, share: &IntOrString, journal: &mut Journal) {
    let allowed = share.of(desk.wanted(), Rounding::Up);
    let mut unavailable = 0;
    let (mut broken, mut candidates) = (Vec::new(), Vec::new());
    for (node, _) in desk.nodes.iter().filter(|(_, fit)| *fit == Fit::Runs) {
        let [pod] = desk.pods_for(*node) else {
            unavailable += 1;
            continue;
        };
        let row = &cluster.objects.pods[pod.index()];
        let available = row.is_active() && is_available(row, desk.min_ready, cluster.clock);
        unavailable += u32::from(!available);
        let current = cluster.objects.revision(row.template) == desk.update;
        match (current, available) {
            (true, _) => {}
            (false, false) => broken.push(*pod),
            (false, true) => candidates.push(*pod),
        }
    }
    let room = allowed.saturating_sub(unavailable) as usize;
    for pod in broken.into_iter().chain(candidates.into_iter().take(room)) {
        delete(cluster, desk, pod, journal);
    }
}

/// Makes new pods beside old ones: where the old one is unavailable anyway, and on as many other nodes
/// as may have two; an old one goes once the new one is available. Source: update.go `rollingUpdate`.
fn surge<P>(cluster: &mut Cluster<P>, desk: &Desk, share: &IntOrString, journal: &mut Journal) {
    let mut room = share.of(desk.wanted(), Rounding::Up);
    let (mut urgent, mut candidates, mut replaced) = (Vec::new(), Vec::new(), Vec::new());
    for (node, _) in desk.nodes.iter().filter(|(_, fit)| *fit == Fit::Runs) {
        let pods = desk.pods_for(*node).iter().copied();
        let live = pods.filter(|pod| cluster.objects.pods[pod.index()].is_active());
        let (new, old): (Vec<PodId>, Vec<PodId>) =
            live.partition(|pod| cluster.objects.pods[pod.index()].template == desk.update);
        let available = |pod: &PodId| {
            let row = &cluster.objects.pods[pod.index()];
            is_available(row, desk.min_ready, cluster.clock)
        };
        match (new.first(), old.first()) {
            (_, None) => {}
            (None, Some(old)) if available(old) => candidates.push(*node),
            (None, Some(_)) => urgent.push(*node),
            (Some(new), Some(old)) if available(new) => replaced.push(*old),
            (Some(_), Some(_)) => room = room.saturating_sub(1),
        }
    }
    for pod in replaced {
        delete(cluster, desk, pod, journal);
    }
    for node in urgent
        .into_iter()
        .chain(candidates.into_iter().take(room as usize))
    {
        create(cluster, desk, node, journal);
    }
}

/// Source: daemon_controller.go `updateDaemonSetStatus`: the oldest pod of each node counts.
fn observe<P>(cluster: &mut Cluster<P>, desk: &Desk) {
    let now = cluster.clock;
    let row = &cluster.objects.workloads[desk.id.index()];
    let mut status = WorkloadStatus {
        observed_generation: row.header.generation,
        desired: desk.wanted(),
        ..WorkloadStatus::default()
    };
    let pods = by_node(cluster, &row.pods);
    for (node, fit) in &desk.nodes {
        let Some(oldest) = pods.get(node).and_then(|pods| pods.first()) else {
            continue;
        };
        if *fit != Fit::Runs {
            status.misscheduled += 1;
            continue;
        }
        let pod = &cluster.objects.pods[oldest.index()];
        count(&mut status, pod, desk.min_ready, now);
        status.updated += u32::from(cluster.objects.revision(pod.template) == desk.update);
    }
    status.unavailable = status.desired.saturating_sub(status.available);
    cluster.objects.workloads[desk.id.index()].status = status;
}

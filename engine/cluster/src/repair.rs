//! What repairs end of what is laid: a reading of the record of changes, in which each repair stands.
//!
//! A world and a twin read it alike. Whether a repair had an effect is told to nobody: it shows, or it does not.

use crate::Cluster;
use crate::api::ApiError;
use crate::workings::NodeState;
use aegis_model::objects::{ContainerState, Pod};
use aegis_model::procedure::{Procedure, SideEffect, Site, Way};
use aegis_model::{ChangeRecord, Laid, NodeId, ObjectChange, Overlay, Subject, Target, Tick};
use aegis_model::{PodId, WorkloadId};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

/// One repair of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repaired {
    /// When.
    pub at: Tick,
    /// On what.
    pub on: Target,
    /// Which.
    pub procedure: Procedure,
    /// Done, or taken back.
    pub way: Way,
}

fn of_record(record: &ChangeRecord) -> Option<Repaired> {
    let ObjectChange::Exec {
        on, procedure, way, ..
    } = *record.change
    else {
        return None;
    };
    Some(Repaired {
        at: record.at,
        on,
        procedure,
        way,
    })
}

/// The repairs of the record that were made at a tick or later, newest first.
pub fn since<P>(cluster: &Cluster<P>, from: Tick) -> impl Iterator<Item = Repaired> + '_ {
    let changes = &cluster.objects.changes;
    let newest = (0..changes.len())
        .rev()
        .filter_map(|index| changes.get(index));
    newest
        .take_while(move |record| record.at >= from)
        .filter_map(of_record)
}

/// What is laid, as far as repairs have left it: what one ends is over once it has had its time.
#[must_use]
pub fn standing<'a, P>(cluster: &Cluster<P>, overlay: &'a Overlay) -> Cow<'a, Overlay> {
    let mut left = Cow::Borrowed(overlay);
    let mendable = overlay.0.iter().enumerate();
    for (position, laid) in mendable.filter(|(_, laid)| laid.repair.is_some()) {
        if let Some(until) = ended(cluster, laid).filter(|until| *until < laid.until) {
            left.to_mut().0[position].until = until;
        }
    }
    left
}

/// When a repair ends a mechanism; `None` where none did, or it was taken back.
fn ended<P>(cluster: &Cluster<P>, laid: &Laid) -> Option<Tick> {
    let procedure = laid.repair?;
    let facts = procedure.facts();
    // A node that is replaced takes what acts on it along.
    if facts.hurts == SideEffect::EmptiesNode {
        return None;
    }
    let mut own = since(cluster, laid.from.after(1))
        .filter(|done| done.procedure == procedure && reaches(cluster, done.on, laid.subject));
    let last = own.next()?;
    (last.way == Way::Done).then(|| last.at.after(facts.takes))
}

/// Whether what is done to a target is done to what a mechanism acts on.
fn reaches<P>(cluster: &Cluster<P>, on: Target, subject: Subject) -> bool {
    match (on, subject) {
        (Target::Cluster, _) => true,
        (Target::Workload(on), Subject::Workload(id)) => on == id,
        (Target::Workload(on), Subject::Pod(id)) => {
            let pod = cluster.objects.pods.get(id.index());
            pod.is_some_and(|pod| pod.workload == on)
        }
        (Target::Node(on), Subject::Node(id)) => on == id,
        (Target::Service(on), Subject::Service(id)) => on == id,
        _ => false,
    }
}

/// Why a command cannot be run there.
///
/// # Errors
/// As `kubectl exec` and `kubectl debug` say it: no container runs, or nobody answers for the node.
pub fn reachable<P>(
    cluster: &Cluster<P>,
    on: Target,
    procedure: Procedure,
) -> Result<(), ApiError> {
    let refused = |why: String| Err(ApiError::Exec(why));
    match (procedure.facts().site, on) {
        (Site::Container | Site::Interface, Target::Workload(id)) => in_container(cluster, id),
        (Site::Node | Site::Interface, Target::Node(id)) => at_node(cluster, id),
        (Site::Machine, Target::Node(id)) => exists(cluster, id),
        (Site::Service, Target::Service(_)) | (Site::Cluster, Target::Cluster) => Ok(()),
        (site, on) => refused(format!("nothing is done to {on:?} at {site:?}")),
    }
}

fn exists<P>(cluster: &Cluster<P>, node: NodeId) -> Result<(), ApiError> {
    let row = cluster.objects.nodes.get(node.index());
    let there = row.is_some_and(|row| row.header.exists());
    let gone = || ApiError::Exec("the node is gone".to_string());
    if there { Ok(()) } else { Err(gone()) }
}

/// Whether the node's kubelet answers. Words: staging/src/k8s.io/apiserver/pkg/util/proxy, net.Dial.
fn at_node<P>(cluster: &Cluster<P>, node: NodeId) -> Result<(), ApiError> {
    exists(cluster, node)?;
    let name = &cluster.objects.nodes[node.index()].header.reference.name;
    let why = match cluster.workings.kubelet.node_state(node) {
        NodeState::Up => return Ok(()),
        NodeState::Stopped(_) => "connect: connection refused",
        NodeState::Down(_) => "i/o timeout",
    };
    Err(ApiError::Exec(format!(
        "error dialing backend: dial tcp {name}:10250: {why}"
    )))
}

/// Whether some pod of the workload has its first container running. Words: kubectl/pkg/cmd/exec, pkg/kubelet.
fn in_container<P>(cluster: &Cluster<P>, workload: WorkloadId) -> Result<(), ApiError> {
    let row = cluster.objects.workloads.get(workload.index());
    let pods = row.map_or(&[][..], |row| &row.pods[..]);
    let mut last = "timed out waiting for the condition".to_string();
    for pod in pods {
        match in_pod(cluster, *pod) {
            Ok(()) => return Ok(()),
            Err(why) => last = why.to_string(),
        }
    }
    Err(ApiError::Exec(last))
}

fn in_pod<P>(cluster: &Cluster<P>, id: PodId) -> Result<(), ApiError> {
    let pod: &Pod = &cluster.objects.pods[id.index()];
    let refused = |why: String| Err(ApiError::Exec(why));
    if pod.phase.is_terminal() {
        let phase = pod.phase;
        return refused(format!(
            "cannot exec into a container in a completed pod; current phase is {phase:?}"
        ));
    }
    let Some(node) = pod.node else {
        return refused(format!("pod {} does not have a host assigned", pod.name));
    };
    at_node(cluster, node)?;
    let runs = |status: &aegis_model::objects::ContainerStatus| {
        matches!(status.state, ContainerState::Running { .. })
    };
    match pod.containers.first() {
        Some(status) if pod.exists() && runs(status) => Ok(()),
        _ => refused(format!(
            "unable to upgrade connection: container not found ({:?})",
            pod.name
        )),
    }
}

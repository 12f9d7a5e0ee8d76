//! The status of nodes.

use super::{given, update};
use crate::Cluster;
use crate::workings::NodeState;
use aegis_model::objects::{Condition, ConditionStatus};
use aegis_model::{FieldChange, NodeId, PodId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::json;

/// Takes over conditions that somebody writes into a node's status. Not ready means that its kubelet
/// does not work from now on, ready that it works again: it will say so itself.
pub(super) fn report<P>(cluster: &mut Cluster<P>, node: NodeId, fields: &[FieldChange]) {
    let mut document = json!({});
    for field in fields
        .iter()
        .filter(|field| update::is_below(field, "status"))
    {
        field.path.set(&mut document, field.after.clone());
    }
    if !document["status"]["conditions"].is_array() {
        return;
    }
    for condition in given::node_conditions(&document["status"], cluster.clock) {
        if condition.kind == "Ready" {
            turn_kubelet(cluster, node, condition.status);
        }
        let returns = condition.kind == "Ready" && condition.status == ConditionStatus::True;
        if !returns {
            put_condition(cluster, node, condition);
        }
    }
}

fn turn_kubelet<P>(cluster: &mut Cluster<P>, node: NodeId, ready: ConditionStatus) {
    let now = cluster.clock;
    let was_ready = cluster.objects.nodes[node.index()].condition("Ready") == ConditionStatus::True;
    let run = cluster.workings.kubelet.node_mut(node);
    if ready == ConditionStatus::True {
        run.state = NodeState::Up;
        run.believed_down = false;
        let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
        pods.into_iter()
            .for_each(|pod| cluster.workings.pods.set_due(pod, now));
    } else if was_ready {
        run.state = NodeState::Stopped(now);
        run.believed_down = true;
        Arc::make_mut(&mut cluster.workings.lifecycle.reported_down).insert(node);
    }
}

/// Puts a condition in place of the one of its type.
fn put_condition<P>(cluster: &mut Cluster<P>, node: NodeId, new: Condition) {
    let conditions = &mut cluster.objects.nodes[node.index()].conditions;
    match conditions
        .iter_mut()
        .find(|present| present.kind == new.kind)
    {
        Some(present) if present.status == new.status => {
            let since = present.since;
            *present = Condition { since, ..new };
        }
        Some(present) => *present = new,
        None => conditions.push(new),
    }
    cluster.workings.control.nodes_changed = true;
}

/// Conditions that a healthy kubelet reports: type, status, reason, message.
pub const HEALTHY: [(&str, ConditionStatus, &str, &str); 4] = [
    (
        "MemoryPressure",
        ConditionStatus::False,
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    (
        "DiskPressure",
        ConditionStatus::False,
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
    ),
    (
        "PIDPressure",
        ConditionStatus::False,
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
    ),
    (
        "Ready",
        ConditionStatus::True,
        "KubeletReady",
        "kubelet is posting ready status",
    ),
];

/// Sets one condition of a node; its transition time moves only with its status.
pub fn set_condition<P>(
    cluster: &mut Cluster<P>,
    node: NodeId,
    kind: &str,
    status: ConditionStatus,
    reason: &str,
    message: &str,
) {
    let now = cluster.clock;
    let conditions = &mut cluster.objects.nodes[node.index()].conditions;
    let Some(condition) = conditions.iter_mut().find(|c| c.kind == kind) else {
        return;
    };
    if condition.status != status {
        condition.since = now;
    }
    condition.status = status;
    condition.reason = reason.into();
    condition.message = message.into();
    condition.updated = now;
    cluster.workings.control.nodes_changed = true;
}

//! The status of nodes.

use crate::Cluster;
use aegis_model::NodeId;
use aegis_model::objects::ConditionStatus;

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

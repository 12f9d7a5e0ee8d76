//! The eviction API, and `kubectl drain`, which is its best-known client.

use super::error::ApiError;
use super::{Actor, pods, update};
use crate::cluster::Cluster;
use crate::workings::Drain;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::PodPhase;
use aegis_model::{BudgetId, FieldChange, NodeId, PodId};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Why an eviction was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvictionRefused {
    /// A budget allows no disruption: status 429.
    #[error("Cannot evict pod as it would violate the pod's disruption budget.")]
    Budget {
        /// Name of the budget.
        budget: SmolStr,
        /// Pods that it needs.
        desired: u32,
        /// Pods that it has.
        healthy: u32,
    },
    /// More than one budget selects the pod: status 500.
    #[error(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    )]
    SeveralBudgets,
}

impl EvictionRefused {
    /// The cause in the details of the refusal; empty where the message says it all.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Budget {
                budget,
                desired,
                healthy,
            } => format!(
                "The disruption budget {budget} needs {desired} healthy pods and has {healthy} currently"
            ),
            Self::SeveralBudgets => String::new(),
        }
    }
}

/// Budgets that select a pod.
pub fn budgets_of<P>(cluster: &Cluster<P>, pod: PodId) -> Vec<BudgetId> {
    let row = &cluster.objects.pods[pod.index()];
    let budgets = cluster.objects.budgets.enumerate();
    let selecting = budgets.filter(|(_, budget)| {
        budget.header.exists()
            && budget.header.reference.namespace == row.namespace
            && budget.spec.selects(&row.labels)
    });
    selecting.map(|(index, _)| BudgetId::from(index)).collect()
}

/// Evicts a pod through its budgets. A pod that does not run, or is over, is not protected; one that
/// is not ready is not protected either while its budget has the healthy pods that it needs, or where
/// `unhealthyPodEvictionPolicy` is `AlwaysAllow`. Source: pkg/registry/core/pod/storage/eviction.go.
///
/// # Errors
/// [`EvictionRefused`] where a budget allows no disruption.
pub fn evict<P>(cluster: &mut Cluster<P>, pod: PodId) -> Result<(), EvictionRefused> {
    let row = &cluster.objects.pods[pod.index()];
    if !row.exists() || row.deletion.is_some() {
        return Ok(());
    }
    let protected = row.phase == PodPhase::Running;
    if protected {
        let budgets = budgets_of(cluster, pod);
        if budgets.len() > 1 {
            return Err(EvictionRefused::SeveralBudgets);
        }
        for budget in budgets {
            check(cluster, budget, pod)?;
            spend(cluster, budget, pod);
        }
    }
    let message = "Eviction API: evicting";
    pods::set_disruption_target(cluster, pod, "EvictionByEvictionAPI", message);
    let grace = pods::grace_of(cluster, pod);
    pods::begin_deletion(cluster, pod, grace);
    Ok(())
}

/// Whether the budget does not mind, because the pod is no part of what it needs.
fn is_indifferent<P>(cluster: &Cluster<P>, budget: BudgetId, pod: PodId) -> bool {
    let row = &cluster.objects.budgets[budget.index()];
    let ready = cluster.objects.pods[pod.index()].is_ready();
    let policy = row.spec.unhealthy_pod_eviction_policy.as_deref();
    let always = policy == Some("AlwaysAllow");
    !ready && (always || (row.healthy >= row.desired && row.desired > 0))
}

fn check<P>(cluster: &Cluster<P>, budget: BudgetId, pod: PodId) -> Result<(), EvictionRefused> {
    let row = &cluster.objects.budgets[budget.index()];
    if row.allowed > 0 || is_indifferent(cluster, budget, pod) {
        return Ok(());
    }
    Err(EvictionRefused::Budget {
        budget: row.header.reference.name.clone(),
        desired: row.desired,
        healthy: row.healthy,
    })
}

fn spend<P>(cluster: &mut Cluster<P>, budget: BudgetId, pod: PodId) {
    if is_indifferent(cluster, budget, pod) {
        return;
    }
    let row = &mut cluster.objects.budgets[budget.index()];
    row.allowed -= 1;
    Arc::make_mut(&mut cluster.workings.control.dirty_budgets).insert(budget);
}

/// Starts `kubectl drain --ignore-daemonsets --force`: cordons the node, and evicts its pods from now on.
///
/// # Errors
/// [`ApiError::NotFound`] where the node is gone.
pub fn drain<P>(cluster: &mut Cluster<P>, node: NodeId, actor: Actor<'_>) -> Result<(), ApiError> {
    cordon(cluster, node, Some(true), actor)?;
    let retry = cluster.clock;
    let drains = Arc::make_mut(&mut cluster.workings.control.drains);
    drains.retain(|drain| drain.node != node);
    drains.push(Drain { node, retry });
    Ok(())
}

/// Ends a drain and lets pods onto the node again.
///
/// # Errors
/// [`ApiError::NotFound`] where the node is gone.
pub fn uncordon<P>(
    cluster: &mut Cluster<P>,
    node: NodeId,
    actor: Actor<'_>,
) -> Result<(), ApiError> {
    stop_drain(cluster, node);
    cordon(cluster, node, None, actor)
}

/// Ends a drain; the node stays as it is.
pub fn stop_drain<P>(cluster: &mut Cluster<P>, node: NodeId) {
    Arc::make_mut(&mut cluster.workings.control.drains).retain(|drain| drain.node != node);
}

fn cordon<P>(
    cluster: &mut Cluster<P>,
    node: NodeId,
    unschedulable: Option<bool>,
    actor: Actor<'_>,
) -> Result<(), ApiError> {
    let gone = ApiError::Shape("the node is gone");
    let row = cluster.objects.nodes.get(node.index()).ok_or(gone)?;
    let object: ObjectRef = row.header.reference.clone();
    let path = aegis_model::FieldPath::default();
    let field = FieldChange {
        path: path.key("spec").key("unschedulable"),
        before: None,
        after: unschedulable.map(Into::into),
    };
    update(cluster, &object, &[field], actor)
}

/// Whether no pod is left on the node that a drain would evict.
#[must_use]
pub fn is_drained<P>(cluster: &Cluster<P>, node: NodeId) -> bool {
    evictable(cluster, node).next().is_none()
}

/// Pods on a node that a drain evicts or waits for: all but those of DaemonSets, and the node's own.
pub fn evictable<P>(cluster: &Cluster<P>, node: NodeId) -> impl Iterator<Item = PodId> {
    let pods = cluster.workings.index.pods_on(node).iter().copied();
    pods.filter(|pod| {
        let row = &cluster.objects.pods[pod.index()];
        let owner = &cluster.objects.workloads[row.workload.index()].header;
        owner.reference.kind != Kind::DaemonSet
            && !owner.annotations.contains_key(super::MIRROR)
            && row.exists()
    })
}

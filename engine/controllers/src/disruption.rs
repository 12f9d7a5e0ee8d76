//! The disruption controller (pkg/controller/disruption): how many pods of a budget may be missing.
//!
//! The eviction API spends what this allows (see [`aegis_cluster::api::evict`]); node
//! pressure and `NoExecute` taints do not ask.

use aegis_cluster::api::budgets_of;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::kubernetes::Rounding;
use aegis_model::objects::{DisruptionBudget, Pod, Workload, WorkloadSpec};
use aegis_model::{BudgetId, Overlay, WorkloadId};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;

/// Computes the budgets of pods that changed, and those that changed themselves.
/// It is the last to look at changed pods, and clears their list.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, _: &mut Journal) {
    let mut due = core::mem::take(&mut cluster.workings.control.dirty_budgets);
    if !cluster.workings.control.dirty_pods.is_empty() {
        let pods = core::mem::take(&mut cluster.workings.control.dirty_pods);
        if !cluster.objects.budgets.is_empty() {
            for pod in pods.iter() {
                Arc::make_mut(&mut due).extend(budgets_of(cluster, *pod));
            }
        }
    }
    for budget in due.iter() {
        compute(cluster, *budget);
    }
}

fn compute<P>(cluster: &mut Cluster<P>, id: BudgetId) {
    let row = &cluster.objects.budgets[id.index()];
    if !row.header.exists() {
        return;
    }
    let counts = count(cluster, row);
    let (expected, desired) = expect(row, &counts, cluster);
    let row = &mut cluster.objects.budgets[id.index()];
    row.expected = expected;
    row.desired = desired;
    row.healthy = counts.healthy;
    row.allowed = match expected {
        0 => 0,
        _ => counts.healthy.saturating_sub(desired),
    };
}

/// Pods of a budget.
#[derive(Default)]
struct Counts {
    pods: u32,
    healthy: u32,
    workloads: BTreeSet<WorkloadId>,
    /// Whether a pod has no controller that can be scaled.
    bare: Unmanaged,
}

#[derive(Default, PartialEq, Eq)]
enum Unmanaged {
    #[default]
    None,
    Some,
}

fn count<P>(cluster: &Cluster<P>, budget: &DisruptionBudget) -> Counts {
    let mut counts = Counts::default();
    let namespace = &budget.header.reference.namespace;
    for (index, workload) in cluster.objects.workloads.enumerate() {
        if workload.header.reference.namespace != *namespace {
            continue;
        }
        for pod in workload.pods.iter() {
            let row = &cluster.objects.pods[pod.index()];
            if budget.spec.selector.matches(&row.labels) {
                counts.add(WorkloadId::from(index), workload, row);
            }
        }
    }
    counts
}

impl Counts {
    fn add(&mut self, id: WorkloadId, workload: &Workload, pod: &Pod) {
        self.pods += 1;
        self.healthy += u32::from(pod.is_ready() && pod.deletion.is_none());
        if workload.header.exists() {
            self.workloads.insert(id);
        }
        if workload.spec.replicas().is_none() || matches!(*workload.spec, WorkloadSpec::Pod(_)) {
            self.bare = Unmanaged::Some;
        }
    }
}

/// Expected pods and healthy pods that are needed.
/// Source: disruption.go `getExpectedPodCount`: a number of pods that must be there counts the pods that are;
/// a percentage, or a number that may be missing, counts what the controllers want.
fn expect<P>(budget: &DisruptionBudget, counts: &Counts, cluster: &Cluster<P>) -> (u32, u32) {
    let scale = || -> u32 {
        let rows = counts.workloads.iter();
        rows.filter_map(|id| cluster.objects.workloads[id.index()].spec.replicas())
            .sum()
    };
    let is_percentage = |given: &aegis_model::kubernetes::IntOrString| {
        matches!(given, aegis_model::kubernetes::IntOrString::Text(_))
    };
    if let Some(most) = &budget.spec.max_unavailable {
        if counts.bare == Unmanaged::Some {
            return (0, 0);
        }
        let expected = scale();
        return (
            expected,
            expected.saturating_sub(most.of(expected, Rounding::Up)),
        );
    }
    let Some(least) = &budget.spec.min_available else {
        return (counts.pods, 0);
    };
    if !is_percentage(least) {
        return (counts.pods, least.of(counts.pods, Rounding::Up));
    }
    if counts.bare == Unmanaged::Some {
        return (0, 0);
    }
    let expected = scale();
    (expected, least.of(expected, Rounding::Up))
}

//! The disruption controller (pkg/controller/disruption): how many pods of a budget may be missing.
//!
//! The eviction API spends what this allows (see [`aegis_cluster::api::evict`]); node
//! pressure and `NoExecute` taints do not ask.

use crate::conditions::{self, Saying};
use aegis_cluster::api::events::{Source, record};
use aegis_cluster::api::{budgets_of, resource};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::journal::Journal;
use aegis_model::kubernetes::{IntOrString, LabelSelector, Rounding};
use aegis_model::objects::{
    ConditionStatus, DisruptionBudget, Pod, Severity, Workload, WorkloadSpec,
};
use aegis_model::{BudgetId, Overlay, WorkloadId};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

const SOURCE: Source = Source::of("controllermanager");

/// Computes the budgets of pods that changed, and those that changed themselves.
/// It is the last to look at changed pods, and clears their list.
pub fn step<P: Clone>(cluster: &mut Cluster<P>, _: &Overlay, _: &Draws, journal: &mut Journal) {
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
        compute(cluster, *budget, journal);
    }
}

fn compute<P>(cluster: &mut Cluster<P>, id: BudgetId, journal: &mut Journal) {
    let row = &cluster.objects.budgets[id.index()];
    if !row.header.exists() {
        return;
    }
    let counts = count(cluster, row);
    if counts.pods == 0 {
        let message = "No matching pods found";
        report(cluster, id, Severity::Normal, "NoPods", message, journal);
    }
    let row = &cluster.objects.budgets[id.index()];
    match expect(row, &counts, cluster) {
        Ok(expected) => write(cluster, id, &counts, &expected),
        Err(error) => fail(cluster, id, &error, journal),
    }
    let row = &cluster.objects.budgets[id.index()];
    if counts.bare == Unmanaged::Some && counts_by_scale(row) {
        let message = unmanaged(row);
        let reason = "UnmanagedPods";
        report(cluster, id, Severity::Warning, reason, &message, journal);
    }
}

/// What a budget needs.
struct Expected {
    pods: u32,
    healthy: u32,
}

fn write<P>(cluster: &mut Cluster<P>, id: BudgetId, counts: &Counts, expected: &Expected) {
    let now = cluster.clock;
    let row = &mut cluster.objects.budgets[id.index()];
    row.expected = expected.pods;
    row.desired = expected.healthy;
    row.healthy = counts.healthy;
    row.allowed = match expected.pods {
        0 => 0,
        _ => counts.healthy.saturating_sub(expected.healthy),
    };
    let allowed = row.allowed > 0;
    let saying = Saying {
        kind: "DisruptionAllowed",
        status: allowed.into(),
        reason: if allowed {
            "SufficientPods"
        } else {
            "InsufficientPods"
        },
        message: "",
    };
    conditions::set_in_place(&mut row.conditions, &saying, now);
}

/// Nothing may be disrupted while nobody knows how many pods there should be.
fn fail<P>(cluster: &mut Cluster<P>, id: BudgetId, error: &str, journal: &mut Journal) {
    let now = cluster.clock;
    let row = &mut cluster.objects.budgets[id.index()];
    row.allowed = 0;
    let saying = Saying {
        kind: "DisruptionAllowed",
        status: ConditionStatus::False,
        reason: "SyncFailed",
        message: error,
    };
    conditions::set_in_place(&mut row.conditions, &saying, now);
    let message = format!("Failed to calculate the number of expected pods: {error}");
    let reason = "CalculateExpectedPodCountFailed";
    report(cluster, id, Severity::Warning, reason, &message, journal);
}

fn report<P>(
    cluster: &mut Cluster<P>,
    id: BudgetId,
    severity: Severity,
    reason: &str,
    message: &str,
    journal: &mut Journal,
) {
    let row = &cluster.objects.budgets[id.index()];
    let object = row.header.reference.clone();
    record(cluster, journal, severity, reason, message, &object, SOURCE);
}

/// Whether the budget depends on what controllers want, and not on the pods that there are.
fn counts_by_scale(budget: &DisruptionBudget) -> bool {
    budget.spec.max_unavailable.is_some()
        || matches!(budget.spec.min_available, Some(IntOrString::Text(_)))
}

fn unmanaged(budget: &DisruptionBudget) -> String {
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
        LabelSelectorText(budget.spec.selector.as_ref())
    )
}

/// A selector as Go prints the API's type.
struct LabelSelectorText<'a>(Option<&'a LabelSelector>);

impl fmt::Display for LabelSelectorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(selector) = self.0 else {
            return f.write_str("nil");
        };
        f.write_str("&LabelSelector{MatchLabels:map[string]string{")?;
        for (key, value) in &selector.match_labels {
            write!(f, "{key}: {value},")?;
        }
        f.write_str("},MatchExpressions:[]LabelSelectorRequirement{},}")
    }
}

/// Pods of a budget.
#[derive(Default)]
struct Counts {
    pods: u32,
    healthy: u32,
    workloads: BTreeSet<WorkloadId>,
    /// Whether a pod has no controller.
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
            if budget.spec.selects(&row.labels) {
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
        if matches!(*workload.spec, WorkloadSpec::Pod(_)) {
            self.bare = Unmanaged::Some;
        } else if workload.header.exists() {
            self.workloads.insert(id);
        }
    }
}

/// Expected pods and healthy pods that are needed.
/// Source: disruption.go `getExpectedPodCount`: a number of pods that must be there counts the pods that are;
/// a percentage, or a number that may be missing, counts what the controllers want.
fn expect<P>(
    budget: &DisruptionBudget,
    counts: &Counts,
    cluster: &Cluster<P>,
) -> Result<Expected, String> {
    let expected = match counts_by_scale(budget) {
        true => scale(counts, cluster)?,
        false => counts.pods,
    };
    let healthy = match (&budget.spec.max_unavailable, &budget.spec.min_available) {
        (Some(most), _) => expected.saturating_sub(most.of(expected, Rounding::Up)),
        (None, Some(least)) => least.of(expected, Rounding::Up),
        (None, None) => 0,
    };
    Ok(Expected {
        pods: expected,
        healthy,
    })
}

/// Pods that the controllers want; an error where one has no scale.
fn scale<P>(counts: &Counts, cluster: &Cluster<P>) -> Result<u32, String> {
    let mut sum = 0;
    for id in &counts.workloads {
        let row = &cluster.objects.workloads[id.index()];
        let Some(replicas) = row.spec.replicas() else {
            let resource = resource(&row.header.reference.kind);
            return Err(format!(
                "{resource} does not implement the scale subresource"
            ));
        };
        sum += replicas;
    }
    Ok(sum)
}

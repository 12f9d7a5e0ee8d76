//! Revisions of StatefulSets and DaemonSets: a template that is wanted again gets a new number, and
//! those that nothing runs go when there are more of them than are kept.
//!
//! Source: pkg/controller/history; `truncateHistory` of stateful_set_control.go, `cleanupHistory` of
//! daemon/update.go.

use aegis_cluster::cluster::Cluster;
use aegis_model::kubernetes::Kind;
use aegis_model::{TemplateId, WorkloadId};
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Old revisions that are kept. Source: pkg/apis/apps/v1/defaults.go `revisionHistoryLimit`.
const LIMIT: u64 = 10;

/// Makes the wanted template the newest revision, and forgets the oldest beyond the limit.
/// Returns the wanted template.
pub(super) fn track<P>(cluster: &mut Cluster<P>, id: WorkloadId) -> TemplateId {
    let row = &mut cluster.objects.workloads[id.index()];
    let wanted = row.template;
    let newest = row.history.last().copied();
    match newest {
        Some((template, number)) if template == wanted => row.revision = number,
        _ => {
            row.revision = newest.map_or(1, |(_, number)| number + 1);
            let history = Arc::make_mut(&mut row.history);
            history.retain(|(template, _)| *template != wanted);
            history.push((wanted, row.revision));
        }
    }
    truncate(cluster, id);
    wanted
}

/// Forgets the oldest of the revisions that neither a pod nor the workload wants, beyond the limit.
pub(super) fn truncate<P>(cluster: &mut Cluster<P>, id: WorkloadId) {
    let row = &cluster.objects.workloads[id.index()];
    let stated = row.header.doc["spec"]["revisionHistoryLimit"].as_u64();
    let limit = stated.unwrap_or(LIMIT) as usize;
    if row.history.len() <= limit + 1 {
        return;
    }
    let pods = row.pods.iter().map(|pod| {
        let template = cluster.objects.pods[pod.index()].template;
        cluster.objects.revision(template)
    });
    // A DaemonSet has no revision that it goes back to.
    let ordered = row.header.reference.kind == Kind::StatefulSet;
    let current = cluster.workings.control.workloads[id.index()].current;
    let current = current.filter(|_| ordered);
    let live: BTreeSet<TemplateId> = pods.chain(current).chain([row.template]).collect();
    let idle = row.history.iter().map(|(template, _)| *template);
    let idle: Vec<TemplateId> = idle.filter(|template| !live.contains(template)).collect();
    let surplus = idle.len().saturating_sub(limit);
    if surplus > 0 {
        let history = &mut cluster.objects.workloads[id.index()].history;
        Arc::make_mut(history).retain(|(template, _)| !idle[..surplus].contains(template));
    }
}

//! Revisions of StatefulSets and DaemonSets: a template that is wanted again gets a new number.
//!
//! Source: pkg/controller/history.

use aegis_cluster::cluster::Cluster;
use aegis_model::{TemplateId, WorkloadId};

/// Old revisions that are kept. Source: pkg/apis/apps/v1/defaults.go `revisionHistoryLimit`.
const LIMIT: usize = 10;

/// Makes the wanted template the newest revision, and forgets the oldest beyond the limit.
/// Returns the wanted template.
pub(super) fn track<P>(cluster: &mut Cluster<P>, id: WorkloadId) -> TemplateId {
    let row = &mut cluster.objects.workloads[id.index()];
    let control = &mut cluster.workings.control.workloads[id.index()];
    let newest = control.revisions.last().copied();
    if let Some((_, number)) = newest.filter(|(template, _)| *template == row.template) {
        row.revision = number;
        return row.template;
    }
    row.revision = newest.map_or(1, |(_, number)| number + 1);
    control
        .revisions
        .retain(|(template, _)| *template != row.template);
    control.revisions.push((row.template, row.revision));
    let surplus = control.revisions.len().saturating_sub(LIMIT + 1);
    control.revisions.drain(..surplus);
    row.template
}

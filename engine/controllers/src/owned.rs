//! What controllers ask of the pods that they own.

use aegis_cluster::cluster::Cluster;
use aegis_model::kubernetes::LabelSelector;
use aegis_model::objects::{Pod, WorkloadStatus};
use aegis_model::{PodId, Tick, WorkloadId};
use alloc::sync::Arc;

/// Whether a pod has been ready for `min_ready` seconds.
pub(super) fn is_available(pod: &Pod, min_ready: u32, now: Tick) -> bool {
    pod.is_ready() && pod.conditions.ready.since.after(min_ready) <= now
}

/// Counts a pod into a status.
pub(super) fn count(status: &mut WorkloadStatus, pod: &Pod, min_ready: u32, now: Tick) {
    status.replicas += 1;
    status.ready += u32::from(pod.is_ready());
    status.available += u32::from(is_available(pod, min_ready, now));
}

/// Has the workload looked at again when a ready pod becomes available.
pub(super) fn await_availability<P>(cluster: &mut Cluster<P>, id: WorkloadId, min_ready: u32) {
    if min_ready == 0 {
        return;
    }
    let now = cluster.clock;
    let pods = cluster.objects.workloads[id.index()].pods.clone();
    for pod in pods.iter().map(|pod| &cluster.objects.pods[pod.index()]) {
        let at = pod.conditions.ready.since.after(min_ready);
        if pod.is_active() && pod.is_ready() && at > now {
            cluster.workings.control.enqueue_at(at, id);
        }
    }
}

/// Whether a pod's labels are still those that its controller selects: one whose labels were
/// changed is released.
pub(super) fn is_selected<P>(cluster: &Cluster<P>, pod: PodId, selector: &LabelSelector) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let given = &cluster.workings.control.pod_labels[row.template.index()];
    Arc::ptr_eq(&row.labels, given) || selector.matches(&row.labels)
}

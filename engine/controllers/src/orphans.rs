//! Pods that nothing controls and that a StatefulSet or DaemonSet selects become its own.
//!
//! Source: pkg/controller/controller_ref_manager.go `ClaimPods`; stateful_set.go `getPodsForStatefulSet`, which takes
//! those alone whose name is one of its own.

use aegis_cluster::api::{CONTROLLER_REVISION_HASH, find, pods};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::workings::Slot;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{PodId, TemplateId, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::format_smolstr;

/// Takes in the pods of a StatefulSet that are there already, by the numbers that it wants.
pub(crate) fn numbered<P>(
    cluster: &mut Cluster<P>,
    id: WorkloadId,
    ordinals: core::ops::Range<u32>,
) {
    if cluster.workings.control.orphans.is_empty() {
        return;
    }
    let set = cluster.objects.workloads[id.index()]
        .header
        .reference
        .clone();
    for ordinal in ordinals {
        let name = format_smolstr!("{}-{ordinal}", set.name);
        let Some(pod) = pod_named(cluster, &set.namespace, &name) else {
            continue;
        };
        if claims(cluster, id, pod) {
            take(cluster, id, pod);
            cluster.objects.pods[pod.index()].ordinal = ordinal;
        }
    }
}

fn pod_named<P>(cluster: &Cluster<P>, namespace: &str, name: &str) -> Option<PodId> {
    match find(cluster, &ObjectRef::new(Kind::Pod, namespace, name))? {
        Slot::Pod(pod) => Some(pod),
        Slot::Workload(id) => cluster.objects.workloads[id.index()].pods.first().copied(),
        _ => None,
    }
}

/// Takes in the pods that a DaemonSet selects, each for the node on which it runs.
pub(crate) fn of_nodes<P>(cluster: &mut Cluster<P>, id: WorkloadId) {
    let orphans = cluster.workings.control.orphans.clone();
    let claimed: Vec<PodId> = orphans
        .iter()
        .copied()
        .filter(|pod| claims(cluster, id, *pod))
        .collect();
    for pod in claimed {
        take(cluster, id, pod);
        if let Some(node) = cluster.objects.pods[pod.index()].node {
            Arc::make_mut(&mut cluster.workings.control.daemon_nodes).insert(pod, node);
            cluster.objects.pods[pod.index()].made_for = Some(node);
        }
    }
}

fn claims<P>(cluster: &Cluster<P>, id: WorkloadId, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let owner = &cluster.objects.workloads[id.index()];
    let selector = owner.spec.selector();
    cluster.workings.control.orphans.contains(&pod)
        && row.is_active()
        && row.namespace == owner.header.reference.namespace
        && selector.is_some_and(|selector| selector.matches(&row.labels))
}

/// The pod is of the revision that its label names.
fn take<P>(cluster: &mut Cluster<P>, id: WorkloadId, pod: PodId) {
    pods::adopt(cluster, pod, id, None);
    let label = cluster.objects.pods[pod.index()]
        .labels
        .get(CONTROLLER_REVISION_HASH);
    let control = &cluster.workings.control;
    let has_label = |template: &TemplateId| {
        control.pod_labels[template.index()].get(CONTROLLER_REVISION_HASH) == label
    };
    let mut known = control.workloads[id.index()].templates.iter().copied();
    let of_label = known.rfind(has_label).filter(|_| label.is_some());
    if let Some(template) = of_label {
        cluster.objects.pods[pod.index()].template = template;
    }
}

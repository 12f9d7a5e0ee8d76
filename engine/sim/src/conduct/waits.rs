//! What must hold before a step, and what is waited for after it.

use aegis_cluster::Cluster;
use aegis_cluster::api;
use aegis_model::objects::{ConditionStatus, Header};
use aegis_model::{NodeId, PodId, Precondition, Target, WaitFor, WorkloadId};
use alloc::format;
use alloc::string::{String, ToString};

/// Why a precondition does not hold; `None` where it does.
pub fn unmet<P: Clone>(cluster: &Cluster<P>, needed: Precondition) -> Option<String> {
    match needed {
        Precondition::Exists(target) => {
            (!exists(cluster, target)).then(|| "the object is gone".to_string())
        }
        Precondition::PodExists(pod) => {
            let there = cluster
                .objects
                .pods
                .get(pod.index())
                .is_some_and(aegis_model::objects::Pod::exists);
            (!there).then(|| "the pod is gone".to_string())
        }
        Precondition::HasPreviousRevision(workload) => {
            api::previous_template(cluster, workload, None)
                .is_none()
                .then(|| "there is no earlier revision".to_string())
        }
        Precondition::OtherNodes(node, wanted) => {
            let ready = other_nodes(cluster, node);
            (ready < wanted).then(|| format!("{ready} other nodes take pods, {wanted} are needed"))
        }
    }
}

fn exists<P: Clone>(cluster: &Cluster<P>, target: Target) -> bool {
    let header = cluster.objects.header(target);
    target == Target::Cluster || header.is_some_and(Header::exists)
}

fn other_nodes<P: Clone>(cluster: &Cluster<P>, node: NodeId) -> u32 {
    let takes = |(index, row): &(usize, &aegis_model::objects::Node)| {
        *index != node.index()
            && row.header.exists()
            && !row.spec.unschedulable
            && row.condition("Ready") == ConditionStatus::True
    };
    cluster.objects.nodes.enumerate().filter(takes).count() as u32
}

/// Whether a wait is over.
pub fn is_over<P: Clone>(cluster: &Cluster<P>, wait: WaitFor, elapsed: u32) -> bool {
    match wait {
        WaitFor::Seconds(seconds) => elapsed >= seconds,
        WaitFor::Ready(workload, wanted) => ready(cluster, workload) >= wanted,
        WaitFor::Drained(node) => api::is_drained(cluster, node),
        WaitFor::RolledOut(workload) => rolled_out(cluster, workload),
    }
}

fn ready<P: Clone>(cluster: &Cluster<P>, workload: WorkloadId) -> u32 {
    let pods = &cluster.objects.workloads[workload.index()].pods;
    let ready = |pod: &&PodId| {
        let row = &cluster.objects.pods[pod.index()];
        row.is_active() && row.is_ready()
    };
    pods.iter().filter(ready).count() as u32
}

/// As `kubectl rollout status`: observed, all updated, no old pod left, all available.
fn rolled_out<P: Clone>(cluster: &Cluster<P>, workload: WorkloadId) -> bool {
    let row = &cluster.objects.workloads[workload.index()];
    let wanted = row.spec.replicas().unwrap_or(row.status.desired);
    row.status.observed_generation >= row.header.generation
        && row.status.updated >= wanted
        && row.status.replicas <= row.status.updated
        && row.status.available >= wanted
}

//! Mirror pods: what the API server shows of a pod that a node runs from a file of its own.
//!
//! The kubelet makes the object anew where somebody deletes it, and its containers go on; nobody evicts it.
//! Source: kubernetes.io, Create static Pods; pkg/kubelet/pod/mirror_client.go; pkg/kubelet/types/pod_update.go
//! `IsCriticalPod`; pkg/kubelet/config/common.go `applyDefaults`.

use crate::cluster::Cluster;
use aegis_model::objects::ConditionStatus;
use aegis_model::{Objects, PodId};
use serde_json::{Value, json};

/// The annotation of a mirror pod.
pub const MIRROR: &str = "kubernetes.io/config.mirror";
/// Priority from which pods are critical: pkg/apis/scheduling, `SystemCriticalPriority`.
const CRITICAL: i32 = 2_000_000_000;

/// Whether a pod is shown of a node's own file.
#[must_use]
pub fn is_mirror(objects: &Objects, pod: PodId) -> bool {
    let workload = objects.pods[pod.index()].workload;
    let owner = &objects.workloads[workload.index()].header;
    owner.annotations.contains_key(MIRROR)
}

/// Whether the kubelet keeps a pod where it ends others: by its priority, or as its node runs it of itself.
#[must_use]
pub fn is_critical(objects: &Objects, pod: PodId) -> bool {
    objects.pods[pod.index()].priority >= CRITICAL || is_mirror(objects, pod)
}

/// What becomes of a pod that somebody deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deleted {
    /// Its kubelet has shown it anew.
    Again,
    /// It goes.
    Goes,
}

/// Shows a mirror pod anew that somebody deletes, where its kubelet lives: the object is new, its containers are not.
pub(super) fn show_again<P>(cluster: &mut Cluster<P>, pod: PodId) -> Deleted {
    if !is_mirror(&cluster.objects, pod) {
        return Deleted::Goes;
    }
    let row = &cluster.objects.pods[pod.index()];
    let node = row.node.map(|node| &cluster.objects.nodes[node.index()]);
    let lives = node.is_some_and(|node| {
        node.header.exists() && node.condition("Ready") != ConditionStatus::Unknown
    });
    if !lives {
        return Deleted::Goes;
    }
    let now = cluster.clock;
    let row = &mut cluster.objects.pods[pod.index()];
    row.created = now;
    row.conditions.disruption = None;
    Deleted::Again
}

/// A static pod stays whatever its node is tainted with.
pub(super) fn complete(document: &mut Value) {
    if !document["metadata"]["annotations"][MIRROR].is_string() {
        return;
    }
    let all = |one: &Value| {
        one["operator"] == "Exists" && one["key"].as_str().unwrap_or_default().is_empty()
    };
    let stays = json!({"operator": "Exists", "effect": "NoExecute"});
    match document["spec"]["tolerations"].as_array_mut() {
        Some(list) if list.iter().any(all) => {}
        Some(list) => list.push(stays),
        None => document["spec"]["tolerations"] = json!([stays]),
    }
}

//! Pods that do not tolerate a `NoExecute` taint, and pods whose node is no more.

use aegis_cluster::api;
use aegis_cluster::api::events::Source;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_cluster::rules::tolerates;
use aegis_cluster::workings::Slot;
use aegis_model::kubernetes::{Kind, ObjectRef, PodSpec, Taint};
use aegis_model::objects::Severity;
use aegis_model::{NodeId, PodId, Tick};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Seconds between two rounds of the pod garbage collector.
const COLLECT_EVERY: u32 = 20;
/// Taint that says that a node is out of service: what is terminating there is removed.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// Deletes pods whose time on a tainted node is over.
pub(super) fn step<P>(cluster: &mut Cluster<P>, journal: &mut Journal) {
    let tainted = cluster.workings.lifecycle.no_execute.clone();
    for (node, taints) in tainted.iter() {
        evict_from(cluster, journal, *node, taints);
    }
    if cluster.clock.0.is_multiple_of(COLLECT_EVERY) {
        collect(cluster);
        collect_strays(cluster);
    }
}

fn evict_from<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    taints: &[(Taint, Tick)],
) {
    let now = cluster.clock;
    let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
    for pod in pods {
        let row = &cluster.objects.pods[pod.index()];
        let spec = &cluster.objects.templates[row.template.index()].spec.spec;
        let until = stays_until(spec, taints, row.created);
        // One that is over goes as well: the controller asks for the node alone.
        if row.deletion.is_none() && until <= now {
            evict(cluster, journal, pod);
        }
        let out = taints.iter().any(|(taint, _)| taint.key == OUT_OF_SERVICE);
        if out && cluster.objects.pods[pod.index()].deletion.is_some() {
            api::pods::remove(cluster, pod);
        }
    }
}

/// When a pod's time on a node with these taints is over. Every taint must be tolerated,
/// and of the tolerations of one the shortest counts.
fn stays_until(spec: &PodSpec, taints: &[(Taint, Tick)], created: Tick) -> Tick {
    let of_taint = |(taint, since): &(Taint, Tick)| {
        let mut seconds = spec
            .tolerations
            .iter()
            .filter(|toleration| tolerates(toleration, taint))
            .map(|toleration| toleration.toleration_seconds.unwrap_or(i64::MAX))
            .peekable();
        if seconds.peek().is_none() {
            return Tick(0);
        }
        let shortest = seconds.min().unwrap_or(i64::MAX).max(0);
        match u32::try_from(shortest) {
            Ok(seconds) => (*since).max(created).after(seconds),
            Err(_) => Tick::NEVER,
        }
    };
    taints.iter().map(of_taint).min().unwrap_or(Tick::NEVER)
}

/// Tells of pods that were to go, and stay: the taints are gone before their time was over.
pub(super) fn cancel<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    node: NodeId,
    taints: &[(Taint, Tick)],
) {
    let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
    for pod in pods {
        let row = &cluster.objects.pods[pod.index()];
        let spec = &cluster.objects.templates[row.template.index()].spec.spec;
        let waits = stays_until(spec, taints, row.created) != Tick::NEVER;
        if waits && row.is_active() {
            say(cluster, journal, pod, "Cancelling deletion of");
        }
    }
}

fn say<P>(cluster: &mut Cluster<P>, journal: &mut Journal, pod: PodId, doing: &str) {
    let row = &cluster.objects.pods[pod.index()];
    let object = api::events::pod_ref(row);
    let text = format!("{doing} Pod {}/{}", row.namespace, row.name);
    let source = Source::of("taint-eviction-controller");
    let normal = Severity::Normal;
    api::events::record(
        cluster,
        journal,
        normal,
        "TaintManagerEviction",
        &text,
        &object,
        source,
    );
}

fn evict<P>(cluster: &mut Cluster<P>, journal: &mut Journal, pod: PodId) {
    say(cluster, journal, pod, "Marking for deletion");
    let message = "Taint manager: deleting due to NoExecute taint";
    api::pods::set_disruption_target(cluster, pod, "DeletionByTaintManager", message);
    let grace = api::pods::grace_of(cluster, pod);
    api::pods::begin_deletion(cluster, pod, grace);
}

/// Seconds for which pods of a node that is gone are kept: pkg/controller/podgc, `quarantineTime`.
const QUARANTINE: u32 = 40;

/// Whether a node was found to be gone long enough ago: the collector looks at whole rounds.
fn is_past_quarantine(removed: Option<Tick>, now: Tick) -> bool {
    removed.is_some_and(|at| {
        let found = Tick((at.0 + 1).next_multiple_of(COLLECT_EVERY));
        now >= found.after(QUARANTINE)
    })
}

/// Removes pods that name a node that never came; one that has come meanwhile gets its pods.
fn collect_strays<P>(cluster: &mut Cluster<P>) {
    let now = cluster.clock;
    let strays = core::mem::take(&mut cluster.workings.lifecycle.strays);
    let mut left = Vec::new();
    for (pod, since) in strays.iter().copied() {
        let row = &cluster.objects.pods[pod.index()];
        if !row.exists() {
            continue;
        }
        let spec = &cluster.objects.templates[row.template.index()].spec.spec;
        let name = spec.node_name.clone().unwrap_or_default();
        let reference = ObjectRef::new(Kind::Node, "", &name);
        match api::find(cluster, &reference) {
            Some(Slot::Node(node)) => api::pods::bind(cluster, pod, node),
            _ if is_past_quarantine(Some(since), now) => api::pods::remove(cluster, pod),
            _ => left.push((pod, since)),
        }
    }
    cluster.workings.lifecycle.strays = Arc::new(left);
}

/// Removes pods whose node's object is gone.
fn collect<P>(cluster: &mut Cluster<P>) {
    let now = cluster.clock;
    let gone: Vec<NodeId> = cluster
        .objects
        .nodes
        .enumerate()
        .filter(|(_, node)| is_past_quarantine(node.header.removed, now))
        .map(|(index, _)| NodeId::from(index))
        .collect();
    for node in gone {
        let pods: Vec<PodId> = cluster.workings.index.pods_on(node).to_vec();
        for pod in pods {
            let message = "PodGC: node no longer exists";
            api::pods::set_disruption_target(cluster, pod, "DeletionByPodGC", message);
            api::pods::remove(cluster, pod);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(tolerations: &serde_json::Value) -> PodSpec {
        serde_json::from_value(json!({ "tolerations": tolerations })).unwrap()
    }

    // Rule: kubernetes.md, "NoExecute rule".
    #[test]
    fn the_shortest_toleration_of_any_taint_counts() {
        let taint = |key: &str| Taint {
            key: key.into(),
            effect: "NoExecute".into(),
            ..Taint::default()
        };
        let one = [(taint("a"), Tick(100))];
        let two = [(taint("a"), Tick(100)), (taint("b"), Tick(90))];
        let a = json!({"key": "a", "operator": "Exists", "tolerationSeconds": 60});
        let longer = json!({"key": "a", "operator": "Exists", "tolerationSeconds": 300});
        let b = json!({"key": "b", "operator": "Exists"});
        for (tolerations, taints, until) in [
            (json!([]), &one[..], Tick(0)),
            (json!([a]), &one[..], Tick(160)),
            (json!([a, longer]), &one[..], Tick(160)),
            (json!([a]), &two[..], Tick(0)),
            (json!([a, b]), &two[..], Tick(160)),
            (
                json!([b, {"key": "a", "operator": "Exists"}]),
                &two[..],
                Tick::NEVER,
            ),
        ] {
            assert_eq!(
                stays_until(&spec(&tolerations), taints, Tick(0)),
                until,
                "{tolerations}"
            );
        }
    }
}

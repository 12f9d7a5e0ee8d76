//! Which pods go first, and what happens to those that leave their set.

use super::lab::{Lab, workload};
use aegis_model::PodId;
use aegis_model::objects::PodPhase;
use aegis_sim::api::pods;
use serde_json::json;

fn set_of(replicas: u32) -> Lab {
    let mut lab = Lab::new(4);
    lab.apply(workload("ReplicaSet", "web", json!({"replicas": replicas})));
    lab.run(8);
    lab
}

/// Active pods.
fn active(lab: &Lab) -> Vec<PodId> {
    let pods = lab.pods("ReplicaSet/web").into_iter();
    pods.filter(|pod| lab.pod(*pod).is_active()).collect()
}

#[test]
fn a_bare_set_keeps_its_number() {
    let mut lab = set_of(3);
    assert_eq!(lab.counts("ReplicaSet/web"), "3/3/3/3");
    let gone = active(&lab)[0];
    pods::begin_deletion(&mut lab.cluster, gone, 30);
    lab.run(6);
    assert_eq!(active(&lab).len(), 3);
    assert!(!active(&lab).contains(&gone));
}

#[test]
fn the_least_useful_pod_goes_first() {
    // source: kubernetes.md, "ReplicaSet scale-down order"
    type Prepare = fn(&mut Lab, PodId);
    let cases: [(&str, Prepare); 5] = [
        ("not ready", |lab, pod| lab.set_ready(pod, false)),
        ("pending", |lab, pod| {
            pods::set_phase(&mut lab.cluster, pod, PodPhase::Pending);
        }),
        ("cheaper to delete", |lab, pod| {
            let name = format!("Pod/{}", lab.pod(pod).name);
            let path = "metadata.annotations[\"controller.kubernetes.io/pod-deletion-cost\"]";
            lab.set(&name, path, json!("-5"));
        }),
        ("restarted most", |lab, pod| {
            lab.cluster.objects.pods[pod.index()].containers[0].restarts = 3;
        }),
        ("on the crowded node", |lab, pod| {
            let other = active(lab).into_iter().find(|p| *p != pod).unwrap();
            let node = lab.pod(other).node;
            lab.cluster.objects.pods[pod.index()].node = node;
        }),
    ];
    for (why, prepare) in cases {
        let mut lab = set_of(4);
        let pod = active(&lab)[1];
        prepare(&mut lab, pod);
        lab.set("ReplicaSet/web", "spec.replicas", json!(3));
        lab.start = 1000;
        lab.run(1);
        let left = active(&lab);
        assert_eq!(left.len(), 3, "{why}");
        assert!(
            !left.contains(&pod) || why == "on the crowded node",
            "{why}: {left:?}"
        );
        if why == "on the crowded node" {
            let crowd = lab.pod(active(&lab)[0]).node;
            assert!(
                left.iter().filter(|p| lab.pod(**p).node == crowd).count() <= 1,
                "{why}"
            );
        }
    }
}

#[test]
fn a_pod_that_was_ready_longer_stays() {
    let mut lab = set_of(1);
    lab.run(100);
    let old = active(&lab)[0];
    lab.set("ReplicaSet/web", "spec.replicas", json!(3));
    lab.run(10);
    lab.set("ReplicaSet/web", "spec.replicas", json!(1));
    lab.run(5);
    assert_eq!(active(&lab), [old]);
}

#[test]
fn a_relabelled_pod_is_let_go_and_replaced() {
    let mut lab = set_of(2);
    let quarantined = active(&lab)[0];
    let name = format!("Pod/{}", lab.pod(quarantined).name);
    lab.set(&name, "metadata.labels.app", json!("quarantine"));
    lab.run(6);
    assert_eq!(lab.workload("ReplicaSet/web").status.replicas, 2);
    assert!(lab.pod(quarantined).is_active());
    assert_eq!(active(&lab).len(), 3);
}

#[test]
fn a_failed_pod_is_replaced_and_stays_to_be_read() {
    let mut lab = set_of(2);
    let failed = active(&lab)[0];
    pods::set_phase(&mut lab.cluster, failed, PodPhase::Failed);
    lab.run(6);
    assert_eq!(lab.counts("ReplicaSet/web"), "2/2/2/2");
    assert!(lab.pod(failed).exists());
}

#[test]
fn a_bare_pod_goes_for_good() {
    let mut lab = Lab::new(1);
    lab.apply(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"},
        "spec": {"containers": [{"name": "main", "image": "v1"}]}}),
    );
    lab.run(5);
    assert_eq!(lab.counts("Pod/one"), "1/1/1/1");
    lab.delete("Pod/one");
    lab.run(5);
    assert!(aegis_sim::api::find(&lab.cluster, &super::lab::reference("Pod/one")).is_none());
    lab.apply(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"},
        "spec": {"containers": [{"name": "main", "image": "v2"}]}}),
    );
}

//! Budgets, evictions, drains.

use super::lab::{Lab, reference, workload};
use aegis_model::NodeId;
use aegis_model::objects::DisruptionBudget;
use aegis_sim::api::{self, Actor};
use serde_json::{Value, json};

fn budget(spec: Value) -> Value {
    let mut document = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}}});
    for (key, value) in spec.as_object().expect("fields") {
        document["spec"][key] = value.clone();
    }
    document
}

fn row(lab: &Lab) -> &DisruptionBudget {
    &lab.cluster.objects.budgets[0]
}

/// `expected/healthy/desired/allowed`.
fn figures(lab: &Lab) -> String {
    let row = row(lab);
    format!(
        "{}/{}/{}/{}",
        row.expected, row.healthy, row.desired, row.allowed
    )
}

fn lab(replicas: u32, spec: Value) -> Lab {
    let mut lab = Lab::new(2);
    lab.apply(workload("Deployment", "web", json!({"replicas": replicas})));
    lab.apply(budget(spec));
    lab.run(8);
    lab
}

#[test]
fn the_arithmetic_of_a_budget() {
    // source: kubernetes.md, PDB: percentages round up
    for (replicas, spec, expected) in [
        (7, json!({"minAvailable": "50%"}), "7/7/4/3"),
        (7, json!({"maxUnavailable": "30%"}), "7/7/4/3"),
        (3, json!({"minAvailable": 2}), "3/3/2/1"),
        (3, json!({"minAvailable": 5}), "3/3/5/0"),
        (3, json!({"maxUnavailable": 0}), "3/3/3/0"),
        (0, json!({"minAvailable": 1}), "0/0/1/0"),
    ] {
        let lab = lab(replicas, spec.clone());
        assert_eq!(figures(&lab), expected, "{replicas} {spec}");
    }
}

#[test]
fn bare_pods_cannot_be_counted_by_what_their_controller_wants() {
    let mut lab = Lab::new(1);
    lab.apply(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "v1"}]}}));
    lab.apply(budget(json!({"maxUnavailable": 1})));
    lab.run(5);
    assert_eq!(row(&lab).allowed, 0);
}

#[test]
fn a_budget_follows_scale_and_health() {
    let mut lab = lab(4, json!({"maxUnavailable": 1}));
    assert_eq!(figures(&lab), "4/4/3/1");
    lab.start = 1000;
    let pod = lab.pods("Deployment/web")[0];
    lab.set_ready(pod, false);
    lab.run(1);
    assert_eq!(figures(&lab), "4/3/3/0");
    lab.start = 2;
    lab.set("Deployment/web", "spec.replicas", json!(6));
    lab.run(8);
    assert_eq!(figures(&lab), "6/6/5/1");
}

#[test]
fn an_eviction_is_refused_in_the_words_of_the_api() {
    let mut lab = lab(3, json!({"minAvailable": 2}));
    let pods = lab.pods("Deployment/web");
    api::evict(&mut lab.cluster, pods[0]).expect("one may go");
    assert!(lab.pod(pods[0]).deletion.is_some());
    let target = lab
        .pod(pods[0])
        .conditions
        .disruption
        .as_ref()
        .expect("a condition");
    assert_eq!(target.reason, "EvictionByEvictionAPI");
    // The second in the same second is refused already: what is spent is spent.
    let refused = api::evict(&mut lab.cluster, pods[1]).expect_err("no second one");
    assert_eq!(
        format!("{refused} {}", refused.cause()),
        "Cannot evict pod as it would violate the pod's disruption budget. \
        The disruption budget web needs 2 healthy pods and has 3 currently"
    );
    lab.run(8);
    api::evict(&mut lab.cluster, pods[1]).expect("its replacement is ready");
    // A pod that is not ready is not protected while the others suffice.
    lab.run(8);
    lab.start = 1000;
    lab.set_ready(pods[2], false);
    lab.run(1);
    assert_eq!(figures(&lab), "3/2/2/0");
    api::evict(&mut lab.cluster, pods[2]).expect("unhealthy");
}

#[test]
fn a_drain_evicts_at_the_pace_of_the_budget() {
    let mut lab = lab(4, json!({"maxUnavailable": 1}));
    let node = NodeId(0);
    let left = |lab: &Lab| lab.cluster.workings.index.pods_on(node).len();
    assert_eq!(left(&lab), 2);
    api::drain(&mut lab.cluster, node, Actor::Recorded("user:admin")).expect("a node");
    lab.run(1);
    assert!(lab.cluster.objects.nodes[0].spec.unschedulable);
    assert_eq!(
        lab.pods("Deployment/web")
            .iter()
            .filter(|p| lab.pod(**p).deletion.is_some())
            .count(),
        1
    );
    lab.run(4);
    assert_eq!(
        left(&lab),
        1,
        "refused until the replacement is ready, and tried again after 5 s"
    );
    lab.run(3);
    assert_eq!(left(&lab), 0);
    assert!(api::is_drained(&lab.cluster, node));
    lab.run(6);
    assert_eq!(lab.counts("Deployment/web"), "4/4/4/4");
    assert!(
        lab.pods("Deployment/web")
            .iter()
            .all(|pod| lab.pod(*pod).node == Some(NodeId(1)))
    );
    let record = lab.cluster.objects.changes.iter().last().expect("an entry");
    assert_eq!(
        (record.actor.as_str(), &record.object),
        ("user:admin", &reference("Node/n0"))
    );
    api::uncordon(&mut lab.cluster, node, Actor::Recorded("user:admin")).expect("a node");
    assert!(!lab.cluster.objects.nodes[0].spec.unschedulable);
}

#[test]
fn a_drain_waits_for_ever_on_a_budget_that_allows_nothing() {
    let mut lab = lab(2, json!({"maxUnavailable": 0}));
    api::drain(&mut lab.cluster, NodeId(0), Actor::Unrecorded).expect("a node");
    lab.run(300);
    assert!(!api::is_drained(&lab.cluster, NodeId(0)));
    assert_eq!(lab.counts("Deployment/web"), "2/2/2/2");
}

//! Stories of nodes that fall silent, and of those that come back.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

mod stage;

use aegis_model::objects::{ConditionStatus, PodPhase};
use aegis_model::{FieldChange, FieldPath, Mechanism, Subject};
use aegis_sim::api::{self, Actor};
use serde_json::{Value, json};
use stage::{Stage, deployment, node, pod, simple, with_nodes};

fn ready_pods(stage: &Stage, app: &str) -> usize {
    let pods = stage.pods_of(app).into_iter();
    pods.filter(|id| stage.cluster.objects.pods[id.index()].is_ready())
        .count()
}

fn taints(stage: &Stage, node: usize) -> Vec<String> {
    let taints = stage.cluster.objects.nodes[node].spec.taints.iter();
    taints
        .map(|taint| format!("{}:{}", taint.key, taint.effect))
        .collect()
}

/// Three nodes with three replicas, one each, and one node on which something acts.
fn one_of_three(mechanism: Mechanism) -> Stage {
    let mut stage = with_nodes(3);
    stage.apply(deployment("web", 3, json!({})));
    stage.run(40);
    assert_eq!(ready_pods(&stage, "web"), 3);
    let lost = stage.node_id("n1");
    stage.lay(mechanism, Subject::Node(lost));
    stage
}

#[test]
fn a_silent_node_is_unknown_after_fifty_seconds() {
    let mut stage = one_of_three(Mechanism::KubeletStops);
    stage.run(45);
    assert_eq!(
        stage.cluster.objects.nodes[1].condition("Ready"),
        ConditionStatus::True
    );
    assert_eq!(ready_pods(&stage, "web"), 3);
    stage.run(11);
    let lost = &stage.cluster.objects.nodes[1];
    assert_eq!(lost.condition("Ready"), ConditionStatus::Unknown);
    let ready = lost.conditions.iter().find(|c| c.kind == "Ready").unwrap();
    assert_eq!(ready.reason, "NodeStatusUnknown");
    assert_eq!(&*ready.message, "Kubelet stopped posting node status.");
    assert_eq!(
        ready_pods(&stage, "web"),
        2,
        "its pods do not count as ready, at once"
    );
    let expected = [
        "node.kubernetes.io/unreachable:NoSchedule",
        "node.kubernetes.io/unreachable:NoExecute",
    ];
    assert_eq!(taints(&stage, 1), expected);
    assert!(
        stage
            .events("NodeNotReady")
            .contains(&"Node n1 status is now: NodeNotReady")
    );
}

#[test]
fn its_pods_are_replaced_after_five_minutes_and_hang_until_it_returns() {
    let mut stage = one_of_three(Mechanism::KubeletStops);
    stage.run(300);
    assert_eq!(stage.pods_of("web").len(), 3, "tolerated for five minutes");
    stage.run(70);
    let pods = stage.pods_of("web");
    assert_eq!(pods.len(), 4, "one is on its way out, and replaced");
    assert_eq!(ready_pods(&stage, "web"), 3);
    assert_eq!(stage.events("TaintManagerEviction").len(), 1);
    let going = |stage: &Stage| {
        let pods = stage.pods_of("web").into_iter();
        pods.filter(|id| stage.cluster.objects.pods[id.index()].deletion.is_some())
            .count()
    };
    stage.run(200);
    assert_eq!(going(&stage), 1, "no kubelet says that it is gone");
    stage.lift();
    stage.run(20);
    assert_eq!(going(&stage), 0);
    assert_eq!(
        stage.cluster.objects.nodes[1].condition("Ready"),
        ConditionStatus::True
    );
    assert!(taints(&stage, 1).is_empty());
    assert_eq!(
        stage.events("NodeReady"),
        ["Node n1 status is now: NodeReady"]
    );
}

#[test]
fn a_node_that_comes_back_in_time_keeps_its_pods() {
    let mut stage = one_of_three(Mechanism::KubeletStops);
    stage.run(120);
    stage.lift();
    stage.run(10);
    assert_eq!(ready_pods(&stage, "web"), 3);
    let pods = stage.pods_of("web").into_iter();
    let restarts: u32 = pods
        .map(|id| stage.cluster.objects.pods[id.index()].containers[0].restarts)
        .sum();
    assert_eq!(restarts, 0, "containers ran on unseen");
}

#[test]
fn a_node_that_is_gone_takes_its_processes_along() {
    let mut stage = one_of_three(Mechanism::NodeDown);
    stage.run(1);
    let on_node = stage
        .cluster
        .workings
        .index
        .pods_on(stage.node_id("n1"))
        .to_vec();
    let (chunk, row) = stage.cluster.workings.pods.at(on_node[0]);
    assert_eq!(chunk.serving_from[row], aegis_model::Tick::NEVER);
    assert!(
        stage.cluster.objects.pods[on_node[0].index()].is_ready(),
        "nobody knows yet"
    );
    stage.run(100);
    stage.lift();
    stage.run(10);
    let pod = &stage.cluster.objects.pods[on_node[0].index()];
    assert!(pod.is_ready());
    assert_eq!(pod.containers[0].restarts, 1);
    assert_eq!(pod.containers[0].last.clone().unwrap().exit_code, 255);
}

#[test]
fn daemons_stay_where_they_are() {
    let mut stage = with_nodes(2);
    stage.apply(json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": {"metadata": {"labels": {"app": "agent"}},
            "spec": {"containers": [{"name": "main", "image": "example.com/agent:1"}]}}}}));
    stage.run(40);
    assert_eq!(ready_pods(&stage, "agent"), 2);
    let lost = stage.node_id("n0");
    stage.lay(Mechanism::KubeletStops, Subject::Node(lost));
    stage.run(600);
    let pods = stage.pods_of("agent");
    assert!(
        pods.iter()
            .all(|id| stage.cluster.objects.pods[id.index()].deletion.is_none())
    );
}

#[test]
fn nodes_are_given_up_one_by_one_and_not_at_all_when_all_are_lost() {
    let mut stage = with_nodes(10);
    stage.run(5);
    for name in ["n1", "n2", "n3"] {
        let lost = stage.node_id(name);
        stage.lay(Mechanism::KubeletStops, Subject::Node(lost));
    }
    let executed = |stage: &Stage| {
        (0..10)
            .filter(|node| {
                taints(stage, *node)
                    .iter()
                    .any(|t| t.ends_with(":NoExecute"))
            })
            .count()
    };
    stage.run_until(60, |stage| executed(stage) == 1);
    stage.run(5);
    assert_eq!(executed(&stage), 1, "0.1 nodes a second");
    stage.run(30);
    assert_eq!(executed(&stage), 3);

    let mut stage = with_nodes(3);
    stage.run(5);
    stage.lay(Mechanism::KubeletStops, Subject::Cluster);
    stage.run(200);
    assert_eq!(executed_of(&stage), 0, "the controller doubts itself");
}

fn executed_of(stage: &Stage) -> usize {
    (0..3)
        .filter(|node| {
            taints(stage, *node)
                .iter()
                .any(|t| t.ends_with(":NoExecute"))
        })
        .count()
}

#[test]
fn a_taint_by_hand_evicts_who_does_not_tolerate_it() {
    let mut stage = with_nodes(1);
    let tolerant = |seconds: Value| {
        pod(
            "patient",
            json!({"containers": [{"name": "main", "image": "nginx:1"}],
        "tolerations": [{"key": "repair", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}]}),
        )
    };
    stage.apply(simple("plain", json!({})));
    stage.apply(tolerant(json!(60)));
    stage.run(20);
    let object = "Node/n0".parse().unwrap();
    let field = FieldChange {
        path: FieldPath::default().key("spec").key("taints"),
        before: None,
        after: Some(json!([{"key": "repair", "effect": "NoExecute"}])),
    };
    api::update(
        &mut stage.cluster,
        &object,
        &[field],
        Actor::Recorded("user:operator"),
    )
    .unwrap();
    stage.run(10);
    assert!(!stage.exists("plain"));
    assert!(stage.exists("patient"));
    stage.run(60);
    assert!(!stage.exists("patient"));
}

#[test]
fn a_node_that_is_given_as_lost_stays_lost() {
    let mut stage = with_nodes(1);
    let mut lost = node("old", "4", "8Gi");
    lost["status"]["conditions"] = json!([{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status."}]);
    stage.apply(lost);
    stage.apply(deployment("web", 2, json!({})));
    stage.run(60);
    assert_eq!(ready_pods(&stage, "web"), 2);
    assert_eq!(
        taints(&stage, 1)[0],
        "node.kubernetes.io/unreachable:NoSchedule"
    );
    assert!(
        stage
            .cluster
            .workings
            .index
            .pods_on(stage.node_id("old"))
            .is_empty()
    );
}

#[test]
fn pods_of_a_node_whose_object_is_deleted_are_collected() {
    let mut stage = with_nodes(2);
    stage.apply(deployment("web", 2, json!({})));
    stage.run(40);
    api::delete(
        &mut stage.cluster,
        &"Node/n0".parse().unwrap(),
        Actor::Recorded("user:operator"),
    )
    .unwrap();
    // A round of the collector, and its quarantine of 40 s.
    stage.run(100);
    let pods = stage.pods_of("web");
    assert_eq!(pods.len(), 2);
    assert!(
        pods.iter()
            .all(|id| stage.cluster.objects.pods[id.index()].phase == PodPhase::Running)
    );
    assert!(
        pods.iter()
            .all(|id| stage.cluster.objects.pods[id.index()].node == Some(stage.node_id("n1")))
    );
}

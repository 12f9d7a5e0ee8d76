//! One pod on each node that takes it.

use super::lab::{Lab, workload};
use aegis_model::objects::PodPhase;
use aegis_sim::api::pods;
use serde_json::{Value, json};

const IMAGE: &str = "spec.template.spec.containers[name=main].image";

fn agent(spec: Value) -> Lab {
    let mut lab = Lab::new(3);
    lab.apply(workload("DaemonSet", "agent", spec));
    lab.run(6);
    lab
}

/// Nodes with an active pod, by name.
fn nodes(lab: &Lab) -> String {
    let pods = lab.pods("DaemonSet/agent").into_iter();
    let active = pods.filter(|pod| lab.pod(*pod).is_active());
    let mut nodes: Vec<_> = active.filter_map(|pod| lab.pod(pod).node).collect();
    nodes.sort_unstable();
    let names = nodes.iter().map(|node| {
        let header = &lab.cluster.objects.nodes[node.index()].header;
        header.reference.name.to_string()
    });
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_node_has_one_and_a_new_node_gets_one() {
    let mut lab = agent(json!({}));
    assert_eq!(nodes(&lab), "n0 n1 n2");
    assert_eq!(lab.counts("DaemonSet/agent"), "3/3/3/3");
    assert_eq!(lab.workload("DaemonSet/agent").status.desired, 3);
    lab.apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n3"}}));
    lab.run(5);
    assert_eq!(nodes(&lab), "n0 n1 n2 n3");
}

#[test]
fn selectors_taints_and_cordons() {
    let mut lab = agent(json!({}));
    lab.set("Node/n0", "spec.unschedulable", json!(true));
    lab.set(
        "Node/n1",
        "spec.taints",
        json!([{"key": "db", "effect": "NoSchedule"}]),
    );
    lab.set(
        "Node/n2",
        "spec.taints",
        json!([{"key": "gone", "effect": "NoExecute"}]),
    );
    lab.run(5);
    // A cordon does not concern it, NoSchedule lets it stay, NoExecute takes it away.
    assert_eq!(nodes(&lab), "n0 n1");
    assert_eq!(lab.workload("DaemonSet/agent").status.desired, 1);
    let template = "spec.template.spec";
    lab.set(
        "DaemonSet/agent",
        &format!("{template}.nodeSelector"),
        json!({"disk": "ssd"}),
    );
    lab.run(5);
    assert_eq!(nodes(&lab), "");
    lab.set("Node/n1", "metadata.labels", json!({"disk": "ssd"}));
    lab.set(
        "DaemonSet/agent",
        &format!("{template}.tolerations"),
        json!([{"operator": "Exists"}]),
    );
    lab.run(5);
    assert_eq!(nodes(&lab), "n1");
}

#[test]
fn an_update_goes_node_by_node() {
    let mut lab = agent(json!({}));
    lab.set("DaemonSet/agent", IMAGE, json!("v2"));
    let mut fewest = 3;
    for _ in 0..30 {
        lab.run(1);
        let pods = lab.pods("DaemonSet/agent");
        let ready = pods
            .iter()
            .filter(|pod| lab.pod(**pod).is_active() && lab.pod(**pod).is_ready());
        fewest = fewest.min(ready.count());
    }
    assert_eq!(fewest, 2);
    assert_eq!(lab.counts("DaemonSet/agent"), "3/3/3/3");
    assert_eq!(lab.workload("DaemonSet/agent").revision, 2);
}

#[test]
fn a_broken_update_stops_at_the_first_node() {
    let mut lab = agent(json!({}));
    lab.broken = vec!["bad"];
    lab.set("DaemonSet/agent", IMAGE, json!("bad"));
    lab.run(30);
    assert_eq!(lab.workload("DaemonSet/agent").status.updated, 1);
    assert_eq!(lab.workload("DaemonSet/agent").status.available, 2);
}

#[test]
fn failed_pods_are_replaced_ever_more_slowly() {
    let mut lab = agent(json!({}));
    lab.story();
    let mut replaced = Vec::new();
    for second in 0..40 {
        let pods = lab.pods("DaemonSet/agent");
        let on_first = pods.into_iter().find(|pod| {
            lab.cluster.workings.control.daemon_node(*pod) == Some(aegis_model::NodeId(0))
        });
        if let Some(pod) = on_first.filter(|pod| lab.pod(*pod).node.is_some()) {
            pods::set_phase(&mut lab.cluster, pod, PodPhase::Failed);
        }
        lab.run(1);
        if lab.story().contains("FailedDaemonPod") {
            replaced.push(second);
        }
    }
    let gaps: Vec<u32> = replaced.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() >= 3, "{replaced:?}");
    assert!(
        gaps.windows(2)
            .skip(1)
            .all(|pair| pair[1] >= 2 * pair[0] - 1),
        "{gaps:?}"
    );
}

//! Who stands behind a Service.

use super::lab::{Lab, workload};
use aegis_sim::api::pods;
use serde_json::{Value, json};

fn service(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
}

/// `pod ordinal` of each endpoint: `+` ready, `-` not, `x` terminating.
fn endpoints(lab: &Lab, name: &str) -> String {
    let service = &lab.cluster.objects.services[lab.service_id(name).index()];
    let mark = |e: &aegis_model::objects::Endpoint| match (e.ready, e.terminating) {
        (true, _) => "+",
        (false, true) => "x",
        (false, false) => "-",
    };
    let told = service
        .endpoints
        .iter()
        .map(|e| format!("{}{}", lab.pod(e.pod).ordinal, mark(e)));
    told.collect::<Vec<_>>().join(" ")
}

fn lab() -> Lab {
    let mut lab = Lab::new(2);
    lab.apply(workload("Deployment", "web", json!({"replicas": 3})));
    lab.apply(service(
        "web",
        json!({"selector": {"app": "web"}, "ports": [{"port": 80}]}),
    ));
    lab.apply(service(
        "early",
        json!({"selector": {"app": "web"}, "publishNotReadyAddresses": true}),
    ));
    lab.apply(service("wrong", json!({"selector": {"app": "wbe"}})));
    lab.apply(service("by-hand", json!({"ports": [{"port": 80}]})));
    lab
}

#[test]
fn pods_are_endpoints_while_they_are_ready() {
    let mut lab = lab();
    lab.run(2);
    // A pod has no address before its sandbox, and is no endpoint without one.
    assert_eq!(endpoints(&lab, "web"), "");
    assert_eq!(endpoints(&lab, "early"), "");
    lab.run(3);
    assert_eq!(endpoints(&lab, "web"), "0+ 1+ 2+");
    assert_eq!(endpoints(&lab, "early"), "0+ 1+ 2+");
    assert_eq!(endpoints(&lab, "wrong"), "");
    assert_eq!(endpoints(&lab, "by-hand"), "");
    let pod = lab.pods("Deployment/web")[1];
    lab.start = 1000;
    lab.set_ready(pod, false);
    lab.run(1);
    assert_eq!(endpoints(&lab, "web"), "0+ 1- 2+");
}

#[test]
fn a_terminating_pod_gets_no_traffic_and_then_is_gone() {
    let mut lab = lab();
    lab.run(5);
    lab.stop = 3;
    let pod = lab.pods("Deployment/web")[0];
    pods::begin_deletion(&mut lab.cluster, pod, 30);
    lab.run(1);
    assert_eq!(endpoints(&lab, "web"), "0x 1+ 2+");
    lab.run(8);
    assert_eq!(endpoints(&lab, "web"), "1+ 2+ 3+");
}

#[test]
fn a_selector_that_changes_moves_all_endpoints_and_tells_traffic() {
    let mut lab = lab();
    lab.run(5);
    lab.cluster.workings.index.topology_dirty = false;
    lab.run(5);
    assert!(
        !lab.cluster.workings.index.topology_dirty,
        "nothing happened"
    );
    lab.set("Service/wrong", "spec.selector.app", json!("web"));
    lab.set("Service/web", "spec.selector.tier", json!("front"));
    lab.run(1);
    assert_eq!(endpoints(&lab, "wrong"), "0+ 1+ 2+");
    assert_eq!(endpoints(&lab, "web"), "");
    assert!(lab.cluster.workings.index.topology_dirty);
}

#[test]
fn a_namespace_is_a_wall() {
    let mut lab = lab();
    let mut document = service("web", json!({"selector": {"app": "web"}}));
    document["metadata"]["namespace"] = json!("other");
    lab.apply(document);
    lab.run(5);
    let service = lab.cluster.objects.services.iter().last().expect("one");
    assert!(service.endpoints.is_empty());
}

//! The same with the real kubelet and scheduler: one second after the other as [`aegis_sim::tick`] orders them.

use super::lab::{reference, workload};
use super::stage::{self, Stage};
use aegis_model::objects::Objects;
use aegis_sim::api::{self, Actor};
use aegis_sim::workings::Slot;
use serde_json::{Value, json};

fn shop() -> Stage {
    let mut stage = stage::with_nodes(3);
    for (name, replicas) in [("web", 4), ("cart", 2)] {
        let mut document = workload("Deployment", name, json!({"replicas": replicas}));
        let container = &mut document["spec"]["template"]["spec"]["containers"][0];
        container["image"] = json!("nginx:1");
        stage.apply(document);
        stage.apply(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}),
        );
    }
    let mut agent = workload("DaemonSet", "agent", json!({}));
    agent["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:1");
    stage.apply(agent);
    stage
}

fn status(stage: &Stage, object: &str) -> String {
    match api::find(&stage.cluster, &reference(object)) {
        Some(Slot::Workload(id)) => {
            let status = &stage.cluster.objects.workloads[id.index()].status;
            format!(
                "{}/{}/{}",
                status.replicas, status.updated, status.available
            )
        }
        other => panic!("{object} is {other:?}"),
    }
}

fn patch(stage: &mut Stage, object: &str, path: &str, value: Value) {
    let field = aegis_model::FieldChange {
        path: path.parse().expect("a path"),
        before: None,
        after: Some(value),
    };
    let actor = Actor::Recorded("user:deployer");
    api::update(&mut stage.cluster, &reference(object), &[field], actor).expect("accepted");
}

#[test]
fn workloads_become_available_and_services_find_them() {
    let mut stage = shop();
    stage.run_until(120, |s| {
        status(s, "Deployment/web") == "4/4/4"
            && status(s, "Deployment/cart") == "2/2/2"
            && status(s, "DaemonSet/agent") == "3/3/3"
    });
    stage.run(2);
    let services = stage.cluster.objects.services.iter();
    let ready = services.map(|s| s.endpoints.iter().filter(|e| e.ready).count());
    assert_eq!(ready.collect::<Vec<_>>(), [4, 2]);
    let mut nodes: Vec<_> = (stage.cluster.objects.pods.iter())
        .filter(|pod| pod.name.starts_with("agent"))
        .filter_map(|pod| pod.node)
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), 3, "one on each node");
}

#[test]
fn a_rollout_ends_and_its_undo_too() {
    let mut stage = shop();
    stage.run(60);
    let image = "spec.template.spec.containers[name=main].image";
    for version in ["nginx:2", "nginx:1"] {
        patch(&mut stage, "Deployment/web", image, json!(version));
        stage.run(5);
        stage.run_until(200, |s| status(s, "Deployment/web") == "4/4/4");
    }
    let sets = stage.cluster.objects.replica_sets.iter();
    let revisions: Vec<_> = sets.map(|set| (set.revision, set.replicas)).collect();
    assert_eq!(revisions, [(3, 4), (1, 2), (2, 0)]);
}

#[test]
fn two_runs_are_one_and_a_fork_goes_its_own_way() {
    let run = || -> (Objects, Objects) {
        let mut stage = shop();
        stage.run(40);
        let mut fork = Stage {
            cluster: stage.cluster.fork(),
            overlay: stage.overlay.clone(),
            journal: aegis_sim::Journal::default(),
            draws: stage.draws,
        };
        patch(&mut fork, "Deployment/web", "spec.replicas", json!(1));
        fork.run(60);
        stage.run(60);
        (stage.cluster.objects, fork.cluster.objects)
    };
    let (first, forked) = run();
    assert!((first.clone(), forked.clone()) == run());
    assert_eq!(first.workloads[0].status.replicas, 4);
    assert_eq!(forked.workloads[0].status.replicas, 1);
}

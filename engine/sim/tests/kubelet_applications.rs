//! Whole applications come to life, under load, and one of them leaks.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

mod stage;

use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{Mechanism, Subject};
use aegis_sim::api;
use aegis_sim::infer::infer;
use aegis_sim::workings::{EntryLoad, Slot};
use stage::{Stage, with_nodes};

/// A bundled application on three nodes, with inferred behaviour and load at its front end.
fn application(name: &str, namespace: &str, entry: &str) -> Stage {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/../../scenarios/manifests/{name}.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let mut documents = aegis_kube::read(name, &text).unwrap();
    documents.sort_by_key(|document| api::creation_rank(&document.reference().kind));
    let mut stage = with_nodes(3);
    for document in documents {
        stage.apply((*document.value).clone());
    }
    let behaviours = infer(&stage.cluster.objects).median();
    stage.cluster.workings.behaviours = behaviours
        .into_iter()
        .map(|behaviour| behaviour.map(std::sync::Arc::new))
        .collect();
    let entry = ObjectRef::new(Kind::Service, namespace, entry);
    if let Some(Slot::Service(to)) = api::find(&stage.cluster, &entry) {
        let (port, rate) = (0, 40.0);
        stage
            .cluster
            .workings
            .load
            .push(EntryLoad { to, port, rate });
    }
    stage
}

/// Pods that are not ready, with what their containers do.
fn unready(stage: &Stage) -> Vec<String> {
    let pods = stage.cluster.objects.pods.iter();
    let unready = pods.filter(|pod| pod.exists() && !pod.is_ready());
    unready
        .map(|pod| {
            format!(
                "{} {:?} {:?}",
                pod.name, pod.conditions.scheduled, pod.containers
            )
        })
        .collect()
}

#[test]
fn all_pods_of_both_applications_become_ready_and_stay_so() {
    for (name, namespace, entry) in [
        ("online-boutique", "default", "frontend"),
        ("sock-shop", "sock-shop", "front-end"),
    ] {
        let mut stage = application(name, namespace, entry);
        stage.run(240);
        assert_eq!(unready(&stage), Vec::<String>::new(), "{name}");
        let restarts = |stage: &Stage| {
            let pods = stage.cluster.objects.pods.iter();
            pods.flat_map(|pod| &pod.containers)
                .map(|c| c.restarts)
                .sum::<u32>()
        };
        let before = restarts(&stage);
        stage.run(300);
        assert_eq!(
            restarts(&stage),
            before,
            "{name}: nothing restarts once it runs"
        );
    }
}

#[test]
fn a_leak_ends_in_oom_kills_with_back_off() {
    let mut stage = application("online-boutique", "default", "frontend");
    stage.run(240);
    let cart = ObjectRef::new(Kind::Deployment, "default", "cartservice");
    let Some(Slot::Workload(cart)) = api::find(&stage.cluster, &cart) else {
        panic!("cartservice is there");
    };
    stage.lay(
        Mechanism::MemoryGrowth(4.0 * 1024.0 * 1024.0),
        Subject::Workload(cart),
    );
    let containers = |stage: &Stage| {
        let pods = stage.cluster.objects.workloads[cart.index()].pods.clone();
        let containers = pods
            .iter()
            .flat_map(|id| stage.cluster.objects.pods[id.index()].containers.clone());
        containers.collect::<Vec<_>>()
    };
    stage.run(600);
    let after = containers(&stage);
    assert!(after.iter().all(|c| c.restarts >= 3), "{after:?}");
    let reasons = after
        .iter()
        .filter_map(|c| c.last.as_ref())
        .map(|last| last.reason.as_str());
    assert!(reasons.into_iter().all(|reason| reason == "OOMKilled"));
    assert!(
        stage
            .events("BackOff")
            .iter()
            .any(|text| text.contains("server in pod cartservice"))
    );
}

//! Order, partitions, and the pod that holds all others up.

use super::lab::{Lab, assert_story, workload};
use aegis_model::objects::PodPhase;
use aegis_sim::api::{self, pods};
use serde_json::{Value, json};

const IMAGE: &str = "spec.template.spec.containers[name=main].image";

fn db(spec: Value) -> Lab {
    let mut lab = Lab::new(3);
    lab.quiet.clear();
    lab.apply(workload("StatefulSet", "db", spec));
    lab
}

/// Images of the pods, by ordinal.
fn images(lab: &Lab) -> String {
    let mut pods = lab.pods("StatefulSet/db");
    pods.sort_by_key(|pod| lab.pod(*pod).ordinal);
    let images = pods.iter().map(|pod| {
        let template = lab.pod(*pod).template;
        let template = &lab.cluster.objects.templates[template.index()];
        template.spec.spec.containers[0].image.to_string()
    });
    images.collect::<Vec<_>>().join(" ")
}

#[test]
fn pods_come_one_after_the_other_and_go_from_the_top() {
    let mut lab = db(json!({"replicas": 3}));
    lab.run(15);
    assert_story(
        &lab.story(),
        "
        0  SuccessfulCreate: create Pod db-0 in StatefulSet db successful
        2  SuccessfulCreate: create Pod db-1 in StatefulSet db successful
        4  SuccessfulCreate: create Pod db-2 in StatefulSet db successful
    ",
    );
    assert_eq!(lab.counts("StatefulSet/db"), "3/3/3/3");
    let pod = lab.pod(lab.pods("StatefulSet/db")[1]);
    assert_eq!(pod.labels["statefulset.kubernetes.io/pod-name"], "db-1");
    assert_eq!(pod.labels["apps.kubernetes.io/pod-index"], "1");
    lab.set("StatefulSet/db", "spec.replicas", json!(1));
    lab.run(10);
    assert_story(
        &lab.story(),
        "
       15  SuccessfulDelete: delete Pod db-2 in StatefulSet db successful
       16  SuccessfulDelete: delete Pod db-1 in StatefulSet db successful
    ",
    );
}

#[test]
fn parallel_pods_come_at_once() {
    let mut lab =
        db(json!({"replicas": 3, "podManagementPolicy": "Parallel", "ordinals": {"start": 5}}));
    lab.run(1);
    assert_story(
        &lab.story(),
        "
        0  SuccessfulCreate: create Pod db-5 in StatefulSet db successful
        0  SuccessfulCreate: create Pod db-6 in StatefulSet db successful
        0  SuccessfulCreate: create Pod db-7 in StatefulSet db successful
    ",
    );
}

#[test]
fn an_update_goes_from_the_top_down_to_the_partition() {
    let mut lab = db(json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}}));
    lab.run(15).story();
    lab.set("StatefulSet/db", IMAGE, json!("v2"));
    lab.run(30);
    assert_eq!(images(&lab), "v1 v2 v2");
    assert_eq!(lab.workload("StatefulSet/db").status.updated, 2);
    // A pod below the partition that is lost comes back as it was.
    let first = lab
        .pods("StatefulSet/db")
        .into_iter()
        .find(|pod| lab.pod(*pod).ordinal == 0)
        .unwrap();
    pods::begin_deletion(&mut lab.cluster, first, 30);
    lab.run(10);
    assert_eq!(images(&lab), "v1 v2 v2");
    lab.set(
        "StatefulSet/db",
        "spec.updateStrategy.rollingUpdate.partition",
        json!(0),
    );
    lab.run(10);
    assert_eq!(images(&lab), "v2 v2 v2");
    assert_eq!(lab.workload("StatefulSet/db").revision, 2);
}

#[test]
fn a_broken_update_stands_still_even_when_it_is_taken_back() {
    // source: docs, StatefulSets, "Forced rollback"
    let mut lab = db(json!({"replicas": 3}));
    lab.run(15).story();
    lab.broken = vec!["bad"];
    lab.set("StatefulSet/db", IMAGE, json!("bad"));
    lab.run(30);
    assert_eq!(images(&lab), "v1 v1 bad");
    let id = lab.workload_id("StatefulSet/db");
    let previous = api::previous_template(&lab.cluster, id, None).expect("a revision");
    lab.set("StatefulSet/db", "spec.template", (*previous).clone());
    lab.run(30);
    assert_eq!(images(&lab), "v1 v1 bad");
    let stuck = lab
        .pods("StatefulSet/db")
        .into_iter()
        .find(|pod| lab.pod(*pod).ordinal == 2)
        .unwrap();
    pods::begin_deletion(&mut lab.cluster, stuck, 30);
    lab.run(10);
    assert_eq!(images(&lab), "v1 v1 v1");
    assert_eq!(lab.workload("StatefulSet/db").revision, 3);
}

#[test]
fn on_delete_waits_for_the_operator() {
    let mut lab = db(json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}));
    lab.run(10).story();
    lab.set("StatefulSet/db", IMAGE, json!("v2"));
    lab.run(20);
    assert_eq!(images(&lab), "v1 v1");
    let pod = lab.pods("StatefulSet/db")[0];
    pods::begin_deletion(&mut lab.cluster, pod, 30);
    lab.run(10);
    assert_eq!(images(&lab), "v2 v1");
}

#[test]
fn a_failed_pod_is_made_anew_under_its_name() {
    let mut lab = db(json!({"replicas": 2}));
    lab.run(10).story();
    let pod = lab.pods("StatefulSet/db")[1];
    pods::set_phase(&mut lab.cluster, pod, PodPhase::Failed);
    lab.run(10);
    assert_story(
        &lab.story(),
        "
       10  RecreatingFailedPod: StatefulSet default/db is recreating failed Pod db-1
       11  SuccessfulCreate: create Pod db-1 in StatefulSet db successful
    ",
    );
    assert_eq!(lab.counts("StatefulSet/db"), "2/2/2/2");
}

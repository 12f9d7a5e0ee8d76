//! Rollouts, scaling, pauses, deadlines, undo.

use super::lab::{Lab, assert_story, workload};
use aegis_model::WorkloadId;
use aegis_sim::api;
use serde_json::json;

const IMAGE: &str = "spec.template.spec.containers[name=main].image";

fn web(spec: serde_json::Value) -> Lab {
    let mut lab = Lab::new(3);
    lab.apply(workload("Deployment", "web", spec));
    lab.run(8).story();
    lab
}

/// The story with ReplicaSets called by revision.
fn named(lab: &Lab, story: &str) -> String {
    let sets = lab.cluster.objects.replica_sets.iter();
    sets.fold(story.to_string(), |story, set| {
        story.replace(
            set.header.reference.name.as_str(),
            &format!("r{}", set.header.number),
        )
    })
}

/// Sizes of the existing ReplicaSets as `revision:replicas`.
fn sizes(lab: &Lab) -> String {
    let sets = lab.cluster.objects.replica_sets.iter();
    let sizes = sets
        .filter(|set| set.header.exists())
        .map(|set| format!("{}:{}", set.revision, set.replicas));
    sizes.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_new_deployment_says_what_kubernetes_says() {
    let mut lab = Lab::new(3);
    lab.apply(workload("Deployment", "web", json!({"replicas": 2})));
    lab.run(1);
    assert_eq!(
        lab.conditions("Deployment/web"),
        "Progressing=True NewReplicaSetCreated, Available=False MinimumReplicasUnavailable"
    );
    lab.run(1);
    assert_eq!(lab.counts("Deployment/web"), "2/2/0/0");
    lab.run(5);
    assert_eq!(lab.counts("Deployment/web"), "2/2/2/2");
    assert_eq!(
        lab.conditions("Deployment/web"),
        "Available=True MinimumReplicasAvailable, Progressing=True NewReplicaSetAvailable"
    );
    let row = lab.workload("Deployment/web");
    let set = &lab.cluster.objects.replica_sets[0].header;
    assert_eq!(
        *row.status.conditions[1].message,
        format!(
            "ReplicaSet \"{}\" has successfully progressed.",
            set.reference.name
        )
    );
    assert_eq!(
        row.header.annotations["deployment.kubernetes.io/revision"],
        "1"
    );
    assert_eq!(
        set.annotations["deployment.kubernetes.io/desired-replicas"],
        "2"
    );
    assert_eq!(
        set.annotations["deployment.kubernetes.io/max-replicas"],
        "3"
    );
    let pod = lab.pod(lab.pods("Deployment/web")[0]);
    let hash = &lab.cluster.objects.templates[0].hash;
    assert_eq!(set.reference.name, format!("web-{hash}"));
    assert_eq!(pod.labels["pod-template-hash"], *hash);
    let (base, suffix) = pod.name.rsplit_once('-').unwrap();
    assert_eq!((base, suffix.len()), (set.reference.name.as_str(), 5));
    assert!(
        suffix
            .chars()
            .all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)),
        "{suffix}"
    );
    let story = lab.story();
    assert_story(
        &named(&lab, &story),
        "0  ScalingReplicaSet: Scaled up replica set r4 from 0 to 2",
    );
}

#[test]
fn a_rolling_update_stays_within_its_fences() {
    // 25 % of 4: one above, one missing.
    let mut lab = web(json!({"replicas": 4}));
    lab.set("Deployment/web", IMAGE, json!("v2"));
    lab.run(20);
    let story = lab.story();
    assert_story(
        &named(&lab, &story),
        "
        8  ScalingReplicaSet: Scaled up replica set r9 from 0 to 1
        8  ScalingReplicaSet: Scaled down replica set r4 from 4 to 3
        8  ScalingReplicaSet: Scaled up replica set r9 from 1 to 2
       10  ScalingReplicaSet: Scaled down replica set r4 from 3 to 1
       10  ScalingReplicaSet: Scaled up replica set r9 from 2 to 4
       12  ScalingReplicaSet: Scaled down replica set r4 from 1 to 0
    ",
    );
    assert_eq!(lab.counts("Deployment/web"), "4/4/4/4");
    assert_eq!(sizes(&lab), "1:0 2:4");
}

#[test]
fn availability_never_falls_below_what_is_promised() {
    for (surge, unavailable, replicas) in [
        ("25%", "25%", 10),
        ("0", "1", 3),
        ("100%", "0", 5),
        ("1", "0", 1),
    ] {
        let number = |text: &str| text.parse::<u32>().map_or(json!(text), |n| json!(n));
        let mut lab = web(json!({"replicas": replicas, "strategy": {"rollingUpdate":
            {"maxSurge": number(surge), "maxUnavailable": number(unavailable)}}}));
        let share = |text: &str, up: u32| match text.strip_suffix('%') {
            Some(percent) => (percent.parse::<u32>().unwrap() * replicas + up) / 100,
            None => text.parse().unwrap(),
        };
        lab.set("Deployment/web", IMAGE, json!("v2"));
        for _ in 0..60 {
            lab.run(1);
            let pods = lab.pods("Deployment/web");
            let ready = pods
                .iter()
                .filter(|p| lab.pod(**p).is_active() && lab.pod(**p).is_ready())
                .count() as u32;
            let active = pods.iter().filter(|p| lab.pod(**p).is_active()).count() as u32;
            assert!(
                ready >= replicas - share(unavailable, 0),
                "{surge} {unavailable}: {ready} ready"
            );
            assert!(
                active <= replicas + share(surge, 99),
                "{surge} {unavailable}: {active} active"
            );
        }
        assert_eq!(lab.workload("Deployment/web").status.updated, replicas);
        assert_eq!(lab.workload("Deployment/web").status.replicas, replicas);
    }
}

#[test]
fn a_bad_image_stops_the_rollout_and_misses_its_deadline() {
    let mut lab = web(json!({"replicas": 4, "progressDeadlineSeconds": 60}));
    lab.broken = vec!["bad"];
    lab.set("Deployment/web", IMAGE, json!("bad"));
    lab.run(55);
    // One above and one missing: two new pods, three old ones, for ever.
    assert_eq!(sizes(&lab), "1:3 2:2");
    assert_eq!(
        lab.conditions("Deployment/web"),
        "Available=True MinimumReplicasAvailable, Progressing=True ReplicaSetUpdated"
    );
    lab.run(10);
    assert_eq!(
        lab.conditions("Deployment/web"),
        "Available=True MinimumReplicasAvailable, Progressing=False ProgressDeadlineExceeded"
    );
    let message = &lab.workload("Deployment/web").status.conditions[1].message;
    assert!(message.ends_with("has timed out progressing."), "{message}");
}

#[test]
fn an_undo_finds_the_old_set_and_gives_it_a_new_number() {
    let mut lab = web(json!({"replicas": 2}));
    lab.set("Deployment/web", IMAGE, json!("v2"));
    lab.run(20);
    assert_eq!(sizes(&lab), "1:0 2:2");
    let previous = api::previous_template(&lab.cluster, WorkloadId(0), None).expect("a revision");
    assert_eq!(previous["spec"]["containers"][0]["image"], "v1");
    lab.set("Deployment/web", "spec.template", (*previous).clone());
    lab.run(20);
    assert_eq!(sizes(&lab), "3:2 2:0");
    assert_eq!(lab.workload("Deployment/web").revision, 3);
    let second = api::previous_template(&lab.cluster, WorkloadId(0), Some(2)).expect("a revision");
    assert_eq!(second["spec"]["containers"][0]["image"], "v2");
    assert!(api::previous_template(&lab.cluster, WorkloadId(0), Some(1)).is_none());
}

#[test]
fn a_restart_is_a_rollout_and_a_change_of_labels_is_none() {
    let mut lab = web(json!({"replicas": 2}));
    lab.set("Deployment/web", "metadata.labels.team", json!("a"));
    lab.run(5);
    assert_eq!(sizes(&lab), "1:2");
    assert_eq!(lab.workload("Deployment/web").header.generation, 1);
    let annotation = "spec.template.metadata.annotations[\"kubectl.kubernetes.io/restartedAt\"]";
    lab.set("Deployment/web", annotation, json!("2025-01-01T00:00:00Z"));
    lab.run(20);
    assert_eq!(sizes(&lab), "1:0 2:2");
    assert_eq!(lab.workload("Deployment/web").header.generation, 2);
}

#[test]
fn recreate_lets_the_old_pods_end_first() {
    let mut lab = web(json!({"replicas": 2, "strategy": {"type": "Recreate"}}));
    lab.stop = 4;
    lab.set("Deployment/web", IMAGE, json!("v2"));
    lab.run(12);
    let story = lab.story();
    assert_story(
        &named(&lab, &story),
        "
        8  ScalingReplicaSet: Scaled down replica set r4 from 2 to 0
       12  ScalingReplicaSet: Scaled up replica set r7 from 0 to 2
    ",
    );
}

#[test]
fn a_paused_deployment_scales_but_does_not_roll() {
    let mut lab = web(json!({"replicas": 2}));
    lab.set("Deployment/web", "spec.paused", json!(true));
    lab.set("Deployment/web", IMAGE, json!("v2"));
    lab.set("Deployment/web", "spec.replicas", json!(3));
    lab.run(10);
    assert_eq!(sizes(&lab), "1:3");
    assert!(
        lab.conditions("Deployment/web")
            .contains("Progressing=Unknown DeploymentPaused")
    );
    lab.set("Deployment/web", "spec.paused", json!(null));
    lab.run(20);
    assert_eq!(sizes(&lab), "1:0 2:3");
    assert!(
        lab.conditions("Deployment/web")
            .contains("Progressing=True NewReplicaSetAvailable")
    );
}

#[test]
fn scaling_in_the_middle_of_a_rollout_is_shared_out() {
    // Upstream's example: 10 pods at surge 3 and unavailable 2 stand at 8 + 5; to 15 adds 5: 3 and 2.
    let mut lab = web(
        json!({"replicas": 10, "strategy": {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}}),
    );
    lab.broken = vec!["bad"];
    lab.set("Deployment/web", IMAGE, json!("bad"));
    lab.run(20);
    assert_eq!(sizes(&lab), "1:8 2:5");
    lab.set("Deployment/web", "spec.replicas", json!(15));
    lab.run(10);
    assert_eq!(sizes(&lab), "1:11 2:7");
}

#[test]
fn old_revisions_beyond_the_limit_go() {
    let mut lab = web(json!({"replicas": 1, "revisionHistoryLimit": 2}));
    for version in 2..=5 {
        lab.set("Deployment/web", IMAGE, json!(format!("v{version}")));
        lab.run(15);
    }
    assert_eq!(sizes(&lab), "3:0 4:0 5:1");
}

#[test]
fn a_pod_counts_as_available_after_its_minimum() {
    let mut lab = Lab::new(1);
    lab.apply(workload(
        "Deployment",
        "web",
        json!({"replicas": 1, "minReadySeconds": 10}),
    ));
    lab.run(12);
    assert_eq!(lab.counts("Deployment/web"), "1/1/1/0");
    lab.run(1);
    assert_eq!(lab.counts("Deployment/web"), "1/1/1/1");
}

#[test]
fn a_class_of_priority_that_is_missing_fails_the_set() {
    let mut lab = Lab::new(1);
    let mut document = workload("Deployment", "web", json!({"replicas": 2}));
    document["spec"]["template"]["spec"]["priorityClassName"] = json!("gold");
    lab.apply(document);
    lab.run(3);
    assert!(
        lab.conditions("Deployment/web")
            .contains("ReplicaFailure=True FailedCreate")
    );
    assert!(
        lab.story()
            .contains("FailedCreate: Error creating: pods \"")
    );
    lab.apply(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "gold"}, "value": 1000}));
    lab.run(30);
    assert_eq!(lab.counts("Deployment/web"), "2/2/2/2");
    assert!(!lab.conditions("Deployment/web").contains("ReplicaFailure"));
    assert_eq!(lab.pod(lab.pods("Deployment/web")[0]).priority, 1000);
}

#[test]
fn a_quiet_cluster_has_nothing_in_its_queues() {
    let mut lab = web(json!({"replicas": 3}));
    lab.run(30);
    let before = lab.cluster.objects.clone();
    lab.run(1000);
    assert!(lab.cluster.objects == before);
    assert_eq!(lab.story(), "");
}

#[test]
fn names_decide_nothing() {
    let run = |name: &str| {
        let mut lab = Lab::new(3);
        lab.apply(workload("Deployment", name, json!({"replicas": 5})));
        lab.apply(workload("Deployment", "other", json!({"replicas": 2})));
        lab.run(10);
        lab.set(&format!("Deployment/{name}"), "spec.replicas", json!(2));
        lab.set("Deployment/other", IMAGE, json!("v2"));
        lab.run(20);
        let pods = lab.cluster.objects.pods.iter();
        pods.map(|pod| (pod.number, pod.node, pod.created, pod.removed))
            .collect::<Vec<_>>()
    };
    assert_eq!(run("aaa"), run("zzz-with-a-much-longer-name"));
}

#[test]
fn a_service_account_that_is_missing_fails_the_set() {
    let mut lab = Lab::new(1);
    let mut document = workload("Deployment", "web", json!({"replicas": 2}));
    document["spec"]["template"]["spec"]["serviceAccountName"] = json!("shop");
    lab.apply(document);
    lab.run(3);
    assert!(lab.story().contains(
        "is forbidden: error looking up service account default/shop: serviceaccount \"shop\" not found"
    ));
    assert!(
        lab.conditions("Deployment/web")
            .contains("ReplicaFailure=True FailedCreate")
    );
    lab.apply(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "shop"}}));
    lab.run(30);
    assert_eq!(lab.counts("Deployment/web"), "2/2/2/2");
}

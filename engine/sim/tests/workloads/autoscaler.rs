//! The autoscaler's arithmetic, case by case.

use super::lab::{Lab, assert_story, workload};
use serde_json::{Value, json};

pub fn cpu(percent: u32) -> Value {
    json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}}])
}

pub fn autoscaler(spec: Value) -> Value {
    let mut document = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 1, "maxReplicas": 10, "metrics": cpu(50)}});
    for (key, value) in spec.as_object().expect("fields") {
        document["spec"][key] = value.clone();
    }
    document
}

/// A Deployment of so many pods (request 100m each) that has run for ten minutes at `cores` each.
pub fn lab(replicas: u32, cores: f64, spec: Value) -> Lab {
    let mut lab = Lab::new(3);
    lab.quiet.push("ScalingReplicaSet");
    lab.usage = (cores, 50e6);
    lab.apply(workload("Deployment", "web", json!({"replicas": replicas})));
    lab.run(600);
    lab.apply(autoscaler(spec));
    lab
}

/// `type=status reason` of each condition.
pub fn conditions(lab: &Lab) -> String {
    let row = &lab.cluster.objects.autoscalers[0];
    let said = row
        .conditions
        .iter()
        .map(|c| format!("{}={} {}", c.kind, c.status.as_str(), c.reason));
    said.collect::<Vec<_>>().join(", ")
}

fn size(lab: &Lab) -> u32 {
    lab.workload("Deployment/web")
        .spec
        .replicas()
        .expect("a number")
}

#[test]
fn the_size_follows_use_over_target() {
    // request 100m, target 50 %: use in millicores per pod, pods before and after
    for (before, cores, after) in [
        (2, 0.100, 4),  // 100 % / 50 %
        (2, 0.054, 2),  // 1.08: inside the tolerance
        (2, 0.056, 3),  // 1.12: ceil(2.24)
        (4, 0.500, 8),  // ten times, but at most twice the size in one sync
        (1, 0.500, 4),  // or 4
        (6, 1.000, 10), // at most maxReplicas
    ] {
        let mut lab = lab(before, cores, json!({}));
        lab.run(46);
        // One sync has seen metrics: they are missing in the first.
        let story = lab.story();
        let first = story.split("New size: ").nth(1);
        let size = first.and_then(|rest| rest.split(';').next());
        let reached = size.map_or(before, |size| size.parse().expect("a number"));
        assert_eq!(reached, after, "{before} pods at {cores}: {story}");
    }
}

#[test]
fn a_rise_is_told_as_kubernetes_tells_it() {
    let mut lab = lab(2, 0.1, json!({"maxReplicas": 4}));
    lab.quiet.push("FailedGetResourceMetric");
    lab.quiet.push("FailedComputeMetricsReplicas");
    lab.run(120);
    assert_story(&lab.story(), "
      630  SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target
    ");
    assert_eq!(
        conditions(&lab),
        "AbleToScale=True ReadyForNewScale, ScalingActive=True ValidMetricFound, ScalingLimited=True TooManyReplicas"
    );
    let row = &lab.cluster.objects.autoscalers[0];
    assert_eq!(
        (row.current, row.desired, row.metrics[0].map(|m| m.value)),
        (4, 4, Some(100))
    );
    assert_eq!(lab.cluster.objects.changes.len(), 0);
    assert_eq!(
        lab.workload("Deployment/web").header.doc["spec"]["replicas"],
        4
    );
}

#[test]
fn nothing_shrinks_for_five_minutes() {
    let mut lab = lab(4, 0.01, json!({}));
    lab.run(290);
    assert_eq!(size(&lab), 4);
    assert!(
        conditions(&lab).contains("AbleToScale=True ScaleDownStabilized"),
        "{}",
        conditions(&lab)
    );
    // The window runs from the first look.
    lab.run(45);
    assert_eq!(size(&lab), 1);
    assert!(
        lab.story()
            .contains("New size: 1; reason: All metrics below target")
    );
}

#[test]
fn bounds_hold_without_metrics() {
    for (before, spec, after, why) in [
        (
            3,
            json!({"maxReplicas": 2}),
            2,
            "Current number of replicas above Spec.MaxReplicas",
        ),
        (
            1,
            json!({"minReplicas": 3}),
            3,
            "Current number of replicas below Spec.MinReplicas",
        ),
    ] {
        let mut lab = lab(before, 0.0, spec);
        // The first look comes a sync period after the autoscaler.
        lab.run(16);
        assert_eq!(size(&lab), after);
        assert_story(
            &lab.story(),
            &format!("615  SuccessfulRescale: New size: {after}; reason: {why}"),
        );
    }
    let mut lab = lab(0, 0.0, json!({}));
    lab.run(20);
    assert_eq!(size(&lab), 0);
    assert!(
        conditions(&lab).contains("ScalingActive=False ScalingDisabled"),
        "{}",
        conditions(&lab)
    );
}

#[test]
fn several_metrics_take_the_largest_and_a_broken_one_only_stops_shrinking() {
    let memory = json!({"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "10M"}}});
    let queue = json!({"type": "Pods", "pods": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "1"}}});
    let both = |second: &Value| json!({"metrics": [cpu(50)[0], second]});
    // 50 MB of 10 MB: five times as many, though CPU is on target.
    let mut lab1 = lab(1, 0.05, both(&memory));
    lab1.run(46);
    assert_eq!(size(&lab1), 5);
    assert_eq!(
        lab1.cluster.objects.autoscalers[0]
            .metrics
            .iter()
            .map(|measured| measured.map(|m| m.value))
            .collect::<Vec<_>>(),
        [Some(50), Some(50_000_000)]
    );
    let mut lab2 = lab(2, 0.1, both(&queue));
    lab2.run(46);
    assert_eq!(size(&lab2), 4);
    let story = lab2.story();
    assert!(story.contains("FailedGetPodsMetric: unable to get metric queue: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"), "{story}");
    let mut lab3 = lab(4, 0.01, both(&queue));
    lab3.run(700);
    assert_eq!(size(&lab3), 4);
    assert!(
        conditions(&lab3).contains("ScalingActive=False FailedGetPodsMetric"),
        "{}",
        conditions(&lab3)
    );
    let story = lab3.story();
    assert!(story.contains("FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 2), first error is: failed to get pods metric value: unable to get metric queue"), "{story}");
}

#[test]
fn a_missing_request_is_named() {
    let mut lab = Lab::new(1);
    let mut document = workload("Deployment", "web", json!({"replicas": 1}));
    document["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
    lab.usage = (0.1, 1e6);
    lab.apply(document);
    lab.apply(autoscaler(json!({})));
    lab.run(400);
    let pod = lab.pod(lab.pods("Deployment/web")[0]).name.clone();
    let story = lab.story();
    let words = format!(
        "FailedGetResourceMetric: failed to get cpu utilization: missing request for cpu in container main of Pod {pod}"
    );
    assert!(story.contains(&words), "{story}");
}

#[test]
fn a_target_that_is_gone_is_named() {
    let mut lab = Lab::new(1);
    lab.apply(autoscaler(json!({})));
    lab.run(16);
    assert_story(
        &lab.story(),
        "15  FailedGetScale: deployments/scale.apps \"web\" not found",
    );
    assert_eq!(conditions(&lab), "AbleToScale=False FailedGetScale");
}

#[test]
fn metrics_are_up_to_thirty_seconds_old() {
    let mut lab = lab(2, 0.0, json!({}));
    lab.run(60);
    lab.usage.0 = 0.2;
    let begun = lab.cluster.clock;
    while size(&lab) == 2 {
        lab.run(1);
        assert!(lab.cluster.clock.elapsed(begun) < 60);
    }
    let reaction = lab.cluster.clock.elapsed(begun);
    assert!((2..=31).contains(&reaction), "{reaction} s");
}

#[test]
fn young_pods_count_once_they_are_ready_and_measured() {
    let mut lab = lab(2, 0.1, json!({"maxReplicas": 20}));
    lab.start = 40;
    lab.run(46);
    assert_eq!(size(&lab), 4);
    // Two of four are not ready: they count as 0, so 200 % of two is on target for four.
    lab.run(30);
    assert_eq!(size(&lab), 4, "{}", lab.story());
    lab.run(60);
    assert_eq!(size(&lab), 8);
}

#[test]
fn version_one_of_the_api_is_read() {
    let mut lab = lab(2, 0.1, json!({}));
    lab.delete("HorizontalPodAutoscaler/web");
    lab.apply(json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 10, "targetCPUUtilizationPercentage": 25}}));
    let id = lab.autoscaler_id("web");
    lab.run(40);
    assert_eq!(lab.cluster.objects.autoscalers[id.index()].desired, 4);
}

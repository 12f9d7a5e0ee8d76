//! Stories of pods that look for a node.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

mod stage;

use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::ConditionStatus;
use aegis_model::{FieldChange, FieldPath, NodeId, PodId};
use aegis_sim::api::{self, Actor};
use serde_json::{Value, json};
use stage::{Stage, deployment, empty, node, pod, simple, with, with_nodes};

fn asks(cpu: &str, memory: &str) -> Value {
    json!({"resources": {"requests": {"cpu": cpu, "memory": memory}}})
}

fn labelled(name: &str, labels: Value) -> Value {
    let mut document = node(name, "4", "8Gi");
    document["metadata"]["labels"] = with(document["metadata"]["labels"].clone(), labels);
    document
}

fn tainted(name: &str, key: &str, effect: &str) -> Value {
    let mut document = node(name, "4", "8Gi");
    document["spec"] = json!({"taints": [{"key": key, "effect": effect}]});
    document
}

/// A pod of one container with more fields in its spec.
fn wants(name: &str, spec: Value) -> Value {
    pod(
        name,
        with(
            json!({"containers": [{"name": "main", "image": "nginx:1"}]}),
            spec,
        ),
    )
}

fn set(stage: &mut Stage, object: &str, path: FieldPath, after: Value) {
    let object: ObjectRef = object.parse().unwrap();
    let field = FieldChange {
        path,
        before: None,
        after: Some(after),
    };
    api::update(&mut stage.cluster, &object, &[field], Actor::Unrecorded).unwrap();
}

fn spec_of(key: &str) -> FieldPath {
    FieldPath::default().key("spec").key(key)
}

/// Pods of an app per node, in order of nodes.
fn per_node(stage: &Stage, app: &str) -> Vec<usize> {
    let mut counts = vec![0; stage.cluster.objects.nodes.len()];
    for pod in stage.pods_of(app) {
        if let Some(node) = stage.cluster.objects.pods[pod.index()].node {
            counts[node.index()] += 1;
        }
    }
    counts
}

/// One case of the table: nodes, pods that are there, a pod, what the scheduler says of it.
struct Case {
    nodes: Vec<Value>,
    first: Vec<Value>,
    pod: Value,
    reasons: &'static str,
    /// Nodes on which nobody could make room, and nodes on which it would not help.
    preemption: (usize, usize),
}

impl Case {
    fn new(
        nodes: Vec<Value>,
        pod: Value,
        reasons: &'static str,
        preemption: (usize, usize),
    ) -> Self {
        let first = vec![];
        Self {
            nodes,
            first,
            pod,
            reasons,
            preemption,
        }
    }

    fn beside(mut self, pod: Value) -> Self {
        self.first.push(pod);
        self
    }

    fn says(&self) -> String {
        let nodes = self.nodes.len();
        let parts = [
            (
                self.preemption.0,
                "No preemption victims found for incoming pod",
            ),
            (
                self.preemption.1,
                "Preemption is not helpful for scheduling",
            ),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, text)| format!("{count} {text}"))
            .collect();
        let (reasons, parts) = (self.reasons, parts.join(", "));
        if parts.is_empty() {
            return format!("0/{nodes} nodes are available: {reasons}. not found");
        }
        format!(
            "0/{nodes} nodes are available: {reasons}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {parts}."
        )
    }

    fn check(self) {
        let says = self.says();
        let mut stage = empty();
        for document in self.nodes.into_iter().chain(self.first) {
            stage.apply(document);
        }
        stage.run(1);
        stage.apply(self.pod);
        stage.run(2);
        assert_eq!(stage.events("FailedScheduling"), [says.as_str()]);
        let scheduled = &stage.pod("p").conditions.scheduled;
        assert_eq!(scheduled.status, ConditionStatus::False);
        assert_eq!(scheduled.reason, "Unschedulable");
        assert_eq!(scheduled.message.as_deref(), Some(says.as_str()));
    }
}

fn nodes(count: usize) -> Vec<Value> {
    (0..count)
        .map(|i| node(&format!("n{i}"), "4", "8Gi"))
        .collect()
}

#[test]
fn resources_that_are_short_are_all_named() {
    let mut small = node("n0", "4", "8Gi");
    small["status"]["capacity"]["pods"] = "0".into();
    let gpu = json!({"resources": {"limits": {"nvidia.com/gpu": "1"}}});
    let big = simple("p", asks("8", "9Gi"));
    let other = simple("other", asks("3", "1Gi"));
    let p = |container| simple("p", container);
    let both = "1 Insufficient cpu, 1 Insufficient memory";
    Case::new(nodes(3), p(asks("8", "1Gi")), "3 Insufficient cpu", (0, 3)).check();
    Case::new(nodes(1), big, both, (0, 1)).check();
    Case::new(nodes(1), p(asks("2", "1Gi")), "1 Insufficient cpu", (1, 0))
        .beside(other)
        .check();
    Case::new(nodes(1), p(gpu), "1 Insufficient nvidia.com/gpu", (0, 1)).check();
    Case::new(vec![small], p(json!({})), "1 Too many pods", (1, 0)).check();
    let port = json!({"ports": [{"containerPort": 80, "hostPort": 80}]});
    let taken = "1 node(s) didn't have free ports for the requested pod ports";
    let other = simple("other", port.clone());
    Case::new(nodes(1), p(port), taken, (1, 0))
        .beside(other)
        .check();
}

#[test]
fn nodes_that_are_closed_are_named_by_why() {
    let mut cordoned = node("n1", "4", "8Gi");
    cordoned["spec"] = json!({"unschedulable": true});
    let control_plane = tainted("n0", "node-role.kubernetes.io/control-plane", "NoSchedule");
    let closed = "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 1 node(s) were unschedulable";
    Case::new(
        vec![control_plane, cordoned],
        wants("p", json!({})),
        closed,
        (0, 2),
    )
    .check();
    let ssd = wants("p", json!({"nodeSelector": {"disk": "ssd"}}));
    let selector = "3 node(s) didn't match Pod's node affinity/selector";
    Case::new(nodes(3), ssd, selector, (0, 3)).check();
    let volumes =
        json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
    let claim = "persistentvolumeclaim \"data\" not found";
    Case::new(nodes(1), wants("p", volumes), claim, (0, 0)).check();
}

/// Required terms on pods of an app, on the same node.
fn required(kind: &str, app: &str) -> Value {
    json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"}]}}})
}

#[test]
fn pods_that_are_in_the_way_are_named_by_whose_rule_it_is() {
    let own = wants("p", required("podAntiAffinity", "other"));
    let text = "1 node(s) didn't match pod anti-affinity rules";
    Case::new(nodes(1), own, text, (1, 0))
        .beside(simple("other", json!({})))
        .check();
    let theirs = wants("other", required("podAntiAffinity", "p"));
    let text = "1 node(s) didn't satisfy existing pods anti-affinity rules";
    Case::new(nodes(1), simple("p", json!({})), text, (1, 0))
        .beside(theirs)
        .check();
    let lonely = wants("p", required("podAffinity", "nobody"));
    let text = "1 node(s) didn't match pod affinity rules";
    Case::new(nodes(1), lonely, text, (0, 1)).check();
}

fn spread_by(key: &str, more: Value) -> Value {
    let constraint = with(
        json!({"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "p"}}}),
        more,
    );
    json!({"topologySpreadConstraints": [constraint]})
}

#[test]
fn spread_is_broken_or_cannot_be_judged() {
    let by_rack = wants("p", spread_by("rack", json!({})));
    let text = "3 node(s) didn't match pod topology spread constraints (missing required label)";
    Case::new(nodes(3), by_rack, text, (0, 3)).check();
    let zone = "topology.kubernetes.io/zone";
    let in_zone = |name: &str, value: &str| labelled(name, json!({zone: value}));
    let two_zones = vec![in_zone("n0", "a"), in_zone("n1", "b")];
    let here = json!({"nodeSelector": {"kubernetes.io/hostname": "n0"}});
    let mut first = wants("p1", here.clone());
    first["metadata"]["labels"] = json!({"app": "p"});
    let pod = wants("p", with(spread_by(zone, json!({"minDomains": 2})), here));
    let text = "1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match pod topology spread constraints";
    Case::new(two_zones, pod, text, (1, 1))
        .beside(first)
        .check();
}

#[test]
fn who_may_not_preempt_is_told_so() {
    let mut stage = with_nodes(1);
    stage.apply(simple("other", asks("3", "1Gi")));
    let mut meek = simple("p", asks("2", "1Gi"));
    meek["spec"]["preemptionPolicy"] = "Never".into();
    stage.run(1);
    stage.apply(meek);
    stage.run(2);
    let says = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.";
    assert_eq!(stage.events("FailedScheduling"), [says]);
}

#[test]
fn a_cluster_without_nodes_says_so() {
    let mut stage = empty();
    stage.apply(simple("p", json!({})));
    stage.run(1);
    assert_eq!(
        stage.events("FailedScheduling"),
        ["no nodes available to schedule pods"]
    );
}

#[test]
fn a_gated_pod_is_not_tried() {
    let mut stage = with_nodes(1);
    stage.apply(wants(
        "p",
        json!({"schedulingGates": [{"name": "example.com/wait"}]}),
    ));
    stage.run(30);
    assert!(stage.events("FailedScheduling").is_empty());
    assert_eq!(
        stage.pod("p").conditions.scheduled.reason,
        "SchedulingGated"
    );
}

#[test]
fn pods_go_where_there_is_most_room() {
    let mut stage = empty();
    stage.apply(node("small", "2", "4Gi"));
    stage.apply(node("large", "16", "32Gi"));
    stage.apply(simple("p", asks("500m", "512Mi")));
    stage.run(2);
    assert_eq!(stage.node_of("p"), Some("large"));
}

#[test]
fn wishes_decide_between_equal_nodes() {
    let mut stage = empty();
    stage.apply(node("plain", "4", "8Gi"));
    stage.apply(labelled("fast", json!({"disk": "ssd"})));
    stage.apply(tainted("meh", "maintenance", "PreferNoSchedule"));
    stage.apply(wants("p", json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 50, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}}]}}})));
    for index in 0..6 {
        stage.apply(simple(&format!("q{index}"), asks("10m", "10Mi")));
    }
    stage.run(2);
    assert_eq!(stage.node_of("p"), Some("fast"));
    assert!((0..6).all(|index| stage.node_of(&format!("q{index}")) != Some("meh")));
}

#[test]
fn pods_with_affinity_go_together_and_apart() {
    let mut stage = with_nodes(3);
    stage.apply(simple("cache", json!({})));
    let near = |kind: &str| {
        json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "cache"}}, "topologyKey": "kubernetes.io/hostname"}]}}})
    };
    stage.run(1);
    stage.apply(wants("near", near("podAffinity")));
    stage.apply(wants("far", near("podAntiAffinity")));
    stage.run(2);
    assert_eq!(stage.node_of("near"), stage.node_of("cache"));
    assert_ne!(stage.node_of("far"), stage.node_of("cache"));
}

#[test]
fn the_first_of_its_kind_may_go_anywhere() {
    let mut stage = with_nodes(2);
    let own = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"group": "g"}}, "topologyKey": "kubernetes.io/hostname"}]}}});
    for name in ["a", "b", "c"] {
        let mut document = wants(name, own.clone());
        document["metadata"]["labels"] = json!({"app": name, "group": "g"});
        stage.apply(document);
    }
    stage.run(2);
    assert!(stage.node_of("a").is_some());
    assert_eq!(stage.node_of("b"), stage.node_of("a"));
    assert_eq!(stage.node_of("c"), stage.node_of("a"));
}

#[test]
fn replicas_spread_over_nodes_by_default_and_over_zones_by_rule() {
    let mut stage = with_nodes(3);
    stage.apply(deployment("web", 9, asks("10m", "10Mi")));
    stage.run(3);
    assert_eq!(per_node(&stage, "web"), [3, 3, 3]);

    let mut stage = empty();
    for (name, zone) in [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b")] {
        stage.apply(labelled(name, json!({"topology.kubernetes.io/zone": zone})));
    }
    let mut web = deployment("web", 8, asks("10m", "10Mi"));
    web["spec"]["template"]["spec"]["topologySpreadConstraints"] = json!([{"maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}}}]);
    stage.apply(web);
    stage.run(3);
    assert_eq!(
        per_node(&stage, "web")[3],
        4,
        "{:?}",
        per_node(&stage, "web")
    );
}

#[test]
fn a_pod_that_fits_nowhere_waits_for_news() {
    let mut stage = with_nodes(1);
    stage.apply(simple("big", asks("6", "1Gi")));
    stage.run(60);
    assert_eq!(
        stage.events("FailedScheduling").len(),
        1,
        "nothing happened that could help"
    );
    stage.apply(node("bigger", "8", "16Gi"));
    let seconds = stage.run_until(10, |stage| stage.node_of("big").is_some());
    assert!(seconds <= 3, "{seconds}");
    assert_eq!(stage.node_of("big"), Some("bigger"));
}

#[test]
fn without_news_it_is_tried_again_after_five_minutes() {
    let mut stage = with_nodes(1);
    stage.apply(simple("big", asks("6", "1Gi")));
    stage.run(299);
    assert_eq!(stage.events("FailedScheduling").len(), 1);
    stage.run(20);
    assert_eq!(stage.events("FailedScheduling").len(), 2);
}

#[test]
fn an_uncordoned_node_takes_who_waits() {
    let mut stage = with_nodes(1);
    set(&mut stage, "Node/n0", spec_of("unschedulable"), true.into());
    stage.apply(simple("p", json!({})));
    stage.run(5);
    assert_eq!(stage.node_of("p"), None);
    let taints = &stage.cluster.objects.nodes[0].spec.taints;
    assert_eq!(taints[0].key, "node.kubernetes.io/unschedulable");
    set(&mut stage, "Node/n0", spec_of("unschedulable"), Value::Null);
    stage.run_until(12, |stage| stage.node_of("p").is_some());
    assert!(stage.cluster.objects.nodes[0].spec.taints.is_empty());
}

fn class(name: &str, value: i32) -> Value {
    json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value})
}

fn of_class(name: &str, class: &str, cpu: &str) -> Value {
    wants(
        name,
        json!({"priorityClassName": class, "containers": [{"name": "main", "image": "nginx:1",
        "resources": {"requests": {"cpu": cpu}}}]}),
    )
}

#[test]
fn the_important_are_placed_first() {
    let mut stage = with_nodes(1);
    stage.apply(class("high", 1000));
    stage.apply(simple("low", asks("3", "1Gi")));
    stage.apply(of_class("high", "high", "3"));
    stage.run(1);
    assert_eq!(stage.node_of("high"), Some("n0"));
    assert_eq!(stage.node_of("low"), None);
}

#[test]
fn the_important_take_the_place_of_the_least_important() {
    let mut stage = with_nodes(2);
    stage.apply(class("high", 1000));
    stage.apply(class("middle", 500));
    stage.apply(of_class("middle", "middle", "3"));
    stage.apply(simple("low", asks("3", "1Gi")));
    stage.run(20);
    assert!(stage.node_of("middle").is_some() && stage.node_of("low").is_some());
    let place = stage.node_of("low").unwrap().to_owned();
    stage.apply(of_class("high", "high", "3"));
    stage.run(1);
    assert!(stage.pod("low").deletion.is_some());
    assert_eq!(
        stage
            .pod("low")
            .conditions
            .disruption
            .as_ref()
            .unwrap()
            .reason,
        "PreemptionByScheduler"
    );
    assert!(stage.pod("middle").deletion.is_none());
    let nominated = stage.pod("high").nominated.unwrap();
    assert_eq!(nominated, stage.node_id(&place));
    assert_eq!(
        stage.events("FailedScheduling"),
        ["0/2 nodes are available: 2 Insufficient cpu."]
    );
    stage.apply(simple("thief", asks("3", "1Gi")));
    stage.run_until(40, |stage| stage.node_of("high").is_some());
    assert_eq!(
        stage.node_of("high"),
        Some(place.as_str()),
        "the room was kept"
    );
    assert_eq!(stage.node_of("thief"), None);
}

#[test]
fn preemption_spares_what_a_budget_protects_and_who_fits_beside() {
    let mut stage = with_nodes(2);
    stage.apply(class("high", 1000));
    for name in ["guarded", "free"] {
        stage.apply(deployment(name, 1, asks("3", "1Gi")));
    }
    stage.apply(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}}}));
    stage.run(20);
    stage.apply(of_class("high", "high", "2"));
    stage.run(1);
    let going = |app: &str| {
        let pods = stage.pods_of(app).into_iter();
        pods.filter(|id: &PodId| stage.cluster.objects.pods[id.index()].deletion.is_some())
            .count()
    };
    assert_eq!((going("guarded"), going("free")), (0, 1));
}

#[test]
fn a_batch_goes_to_one_of_the_best_drawn_and_repeats() {
    let run = |root: u64| {
        let mut stage = with_nodes(8);
        stage.draws = aegis_sim::Draws::new(root);
        stage.apply(simple("p", json!({})));
        stage.run(1);
        stage.pod("p").node.unwrap()
    };
    let chosen: Vec<NodeId> = (0..16).map(run).collect();
    assert_eq!(chosen, (0..16).map(run).collect::<Vec<_>>());
    assert!(
        chosen.iter().any(|node| *node != chosen[0]),
        "equal nodes share"
    );
}

#[test]
fn sums_follow_pods_that_come_and_go() {
    let mut stage = with_nodes(3);
    stage.apply(deployment("web", 6, asks("500m", "256Mi")));
    stage.run(30);
    let deployment = ObjectRef::new(Kind::Deployment, "default", "web");
    let replicas = FieldChange {
        path: spec_of("replicas"),
        before: None,
        after: Some(json!(2)),
    };
    api::update(
        &mut stage.cluster,
        &deployment,
        &[replicas],
        Actor::Unrecorded,
    )
    .unwrap();
    stage.run(30);
    let sums: Vec<_> = (0..3)
        .map(|node| stage.cluster.workings.scheduler.sums(NodeId(node)))
        .collect();
    assert_eq!(sums.iter().map(|sums| sums.pods).sum::<u64>(), 2);
    assert_eq!(sums.iter().map(|sums| sums.cpu).sum::<u64>(), 1000);
    assert_eq!(sums.iter().map(|sums| sums.memory).sum::<u64>(), 512 << 20);
}

#[test]
fn a_daemon_that_does_not_fit_is_told_so_of_its_own_node() {
    let mut stage = with_nodes(2);
    let pinned = wants(
        "other",
        json!({"nodeSelector": {"kubernetes.io/hostname": "n1"},
        "containers": [{"name": "main", "image": "nginx:1", "resources": {"requests": {"cpu": "3500m"}}}]}),
    );
    stage.apply(pinned);
    stage.run(2);
    stage.apply(json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": {"metadata": {"labels": {"app": "agent"}},
            "spec": {"containers": [{"name": "main", "image": "example.com/agent:1", "resources": {"requests": {"cpu": "1"}}}]}}}}));
    stage.run(2);
    assert_eq!(per_node(&stage, "agent"), [1, 0]);
    let says = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.";
    assert_eq!(stage.events("FailedScheduling"), [says]);
}

//! What the API server takes, what it refuses, and in which words.

use super::lab::{Lab, reference, workload};
use aegis_model::objects::{ContainerState, PodPhase};
use aegis_model::{FieldChange, ObjectChange};
use aegis_sim::api::{self, Actor};
use aegis_sim::workings::Slot;
use serde_json::{Value, json};

fn refusal(document: Value) -> String {
    let mut lab = Lab::new(1);
    let before = lab.cluster.objects.clone();
    let refusal = lab.try_apply(document).expect_err("refused").to_string();
    assert!(
        lab.cluster.objects == before,
        "a refused write changes nothing"
    );
    refusal
}

/// A document with another value at a pointer.
fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    document.pointer_mut(parent).expect("a parent")[key] = value;
    document
}

#[test]
fn what_is_no_object_is_refused() {
    let nameless = refusal(json!({"kind": "Pod"}));
    assert_eq!(nameless, "an object needs a `metadata.name`");
    let kindless = refusal(json!({"metadata": {"name": "x"}}));
    assert_eq!(kindless, "an object needs a `kind`");
}

/// Where in a Deployment, what stands there, what is said: `Deployment.apps "web" is invalid: ` goes before.
fn wrong_deployments() -> Value {
    json!([
        ["/spec/replicas", -1, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        ["/spec/replicas", "two", "spec.replicas: Invalid value: \"two\": invalid type: string \"two\", expected u32"],
        ["/spec/template/metadata/labels", {"app": "wbe"},
            "spec.template.metadata.labels: Invalid value: {\"app\":\"wbe\"}: `selector` does not match template `labels`"],
        ["/spec/selector", {}, "spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
        ["/spec/template/spec/containers", [], "spec.template.spec.containers: Required value"],
        ["/spec/template/spec/containers/0/image", "", "spec.template.spec.containers[0].image: Required value"],
        ["/spec/template/spec/containers/0/resources", {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
            "spec.template.spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"],
        ["/spec/template/spec/containers/0/resources", {"limits": {"memory": "12Qi"}},
            "spec.template.spec.containers[0].resources.limits.memory: Invalid value: \"12Qi\": `12Qi`: unknown suffix `Qi`; Kubernetes knows n u m k M G T P E Ki Mi Gi Ti Pi Ei"],
        ["/spec/template/spec/containers/0/ports", [{"containerPort": 80}, {"containerPort": 70000}],
            "spec.template.spec.containers[0].ports[1].containerPort: Invalid value: 70000: invalid value: integer `70000`, expected u16"],
        ["/spec/template/spec/restartPolicy", "Never",
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""],
    ])
}

#[test]
fn what_is_wrong_is_refused_with_path_value_and_words() {
    for case in wrong_deployments().as_array().expect("cases") {
        let pointer = case[0].as_str().expect("a pointer");
        let web = workload("Deployment", "web", json!({}));
        let said = refusal(with(web, pointer, case[1].clone()));
        let words = case[2].as_str().expect("words");
        assert_eq!(said, format!("Deployment.apps \"web\" is invalid: {words}"));
    }
}

#[test]
fn an_autoscaler_needs_room_between_its_bounds() {
    let said = refusal(super::autoscaler::autoscaler(
        json!({"minReplicas": 5, "maxReplicas": 3}),
    ));
    let words =
        "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`";
    assert!(said.ends_with(words), "{said}");
}

#[test]
fn a_name_is_taken_once_and_free_again_after_deletion() {
    let mut lab = Lab::new(1);
    lab.apply(workload("Deployment", "web", json!({})));
    let refused = lab
        .try_apply(workload("Deployment", "web", json!({})))
        .expect_err("taken");
    assert_eq!(
        refused.to_string(),
        "deployments.apps \"web\" already exists"
    );
    let mut elsewhere = workload("Deployment", "web", json!({}));
    elsewhere["metadata"]["namespace"] = json!("other");
    lab.apply(elsewhere);
    lab.run(5);
    let first = lab.workload_id("Deployment/web");
    lab.delete("Deployment/web");
    lab.run(5);
    assert!(lab.cluster.objects.workloads[first.index()].pods.is_empty());
    lab.apply(workload("Deployment", "web", json!({})));
    assert_ne!(lab.workload_id("Deployment/web"), first);
    let refused = lab
        .try_set("Deployment/gone", "spec.replicas", json!(1))
        .expect_err("gone");
    assert_eq!(refused.to_string(), "deployments.apps \"gone\" not found");
}

#[test]
fn an_update_is_recorded_as_it_was_and_can_be_taken_back() {
    let mut lab = Lab::new(1);
    lab.apply(workload(
        "Deployment",
        "web",
        json!({"replicas": 2, "template": super::lab::template("web", "v1")}),
    ));
    let image = "spec.template.spec.containers[name=main].image";
    lab.set("Deployment/web", image, json!("v2"));
    lab.set("Deployment/web", image, json!("v2"));
    lab.set("Deployment/web", "status.replicas", json!(99));
    assert_eq!(
        lab.cluster.objects.changes.len(),
        1,
        "what changes nothing leaves no entry"
    );
    let record = lab.cluster.objects.changes[0].clone();
    let ObjectChange::Update { object, fields } = &*record.change else {
        panic!("an update");
    };
    assert_eq!(
        (fields[0].before.clone(), fields[0].after.clone()),
        (Some(json!("v1")), Some(json!("v2")))
    );
    let undo: Vec<FieldChange> = fields.iter().map(FieldChange::inverse).collect();
    let original = lab.workload("Deployment/web").template;
    api::update(&mut lab.cluster, object, &undo, Actor::Recorded("aegis")).expect("accepted");
    assert_ne!(
        lab.workload("Deployment/web").template,
        original,
        "the first revision again"
    );
    assert_eq!(lab.workload("Deployment/web").header.generation, 3);
    let refused = lab
        .try_set(
            "Deployment/web",
            "spec.selector.matchLabels.app",
            json!("x"),
        )
        .expect_err("no");
    assert!(refused.to_string().contains("selector"), "{refused}");
}

#[test]
fn unknown_fields_and_kinds_are_kept() {
    let mut lab = Lab::new(1);
    let mut document = workload(
        "Deployment",
        "web",
        json!({"fromTheFuture": {"a": [1, null]}, "paused": null}),
    );
    document["metadata"]["creationTimestamp"] = Value::Null;
    lab.apply(document);
    let kept = &lab.workload("Deployment/web").header.doc;
    assert_eq!(kept["spec"]["fromTheFuture"], json!({"a": [1]}));
    lab.apply(json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "size": 3}));
    lab.apply(json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "w"}, "spec": {"template": 1}}));
    let kinds: Vec<_> = lab
        .cluster
        .objects
        .plain
        .iter()
        .map(|p| p.header.reference.kind.to_string())
        .collect();
    assert_eq!(kinds, ["Widget", "Service.serving.knative.dev"]);
    assert!(lab.cluster.objects.services.is_empty());
}

#[test]
fn admission_adds_tolerations_and_priority() {
    let mut lab = Lab::new(1);
    lab.apply(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "usual"},
        "value": 7, "globalDefault": true}));
    lab.apply(workload("Deployment", "web", json!({})));
    lab.run(2);
    let pod = lab.pod(lab.pods("Deployment/web")[0]);
    assert_eq!(pod.priority, 7);
    let spec = &lab.cluster.objects.templates[pod.template.index()]
        .spec
        .spec;
    let told: Vec<_> = spec
        .tolerations
        .iter()
        .map(|t| (t.key.as_str(), t.effect.as_str(), t.toleration_seconds))
        .collect();
    assert_eq!(
        told,
        [
            ("node.kubernetes.io/not-ready", "NoExecute", Some(300)),
            ("node.kubernetes.io/unreachable", "NoExecute", Some(300)),
            ("node.kubernetes.io/memory-pressure", "NoSchedule", None),
        ]
    );
    assert!(
        lab.workload("Deployment/web")
            .spec
            .template()
            .spec
            .tolerations
            .is_empty(),
        "the document stays as it was"
    );
}

/// A Deployment with two revisions and two pods, as `kubectl get -o yaml` would dump them.
fn dump() -> Vec<Value> {
    let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let mut web = workload("Deployment", "web", json!({"replicas": 2}));
    web["metadata"]["uid"] = json!("u-1");
    web["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "4"});
    web["status"] = json!({"replicas": 2});
    let set = |name: &str, hash: &str, revision: &str, image: &str, replicas: u32| {
        let mut set = workload("ReplicaSet", "web", json!({"replicas": replicas}));
        set["metadata"] = json!({"name": name, "uid": format!("u-{hash}"), "labels": {"app": "web", "pod-template-hash": hash},
            "annotations": {"deployment.kubernetes.io/revision": revision, "deployment.kubernetes.io/desired-replicas": "2"},
            "ownerReferences": owner("Deployment", "web", "u-1")});
        set["spec"]["selector"]["matchLabels"]["pod-template-hash"] = json!(hash);
        set["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = json!(hash);
        set["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        set
    };
    let pod = |name: &str, state: Value, ready: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web", "pod-template-hash": "h4"},
            "ownerReferences": owner("ReplicaSet", "web-h4", "u-h4")},
            "spec": {"nodeName": "n0", "containers": [{"name": "main", "image": "v1"}]},
            "status": {"phase": "Running", "startTime": "2025-01-01T00:00:00Z",
                "conditions": [{"type": "Ready", "status": ready}, {"type": "PodScheduled", "status": "True"}],
                "containerStatuses": [{"name": "main", "ready": ready == "True", "restartCount": 5, "state": state,
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}})
    };
    vec![
        web,
        set("web-h3", "h3", "3", "v0", 0),
        set("web-h4", "h4", "4", "v1", 2),
        pod(
            "web-h4-aaaaa",
            json!({"running": {"startedAt": "2025-01-01T00:00:00Z"}}),
            "True",
        ),
        pod(
            "web-h4-bbbbb",
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}),
            "False",
        ),
    ]
}

#[test]
fn a_dump_is_believed() {
    let mut lab = Lab::new(1);
    for document in dump() {
        lab.apply(document);
    }
    let pods = lab.pods("Deployment/web");
    assert_eq!(pods.len(), 2);
    assert!(lab.pod(pods[0]).is_ready() && !lab.pod(pods[1]).is_ready());
    assert_eq!(lab.pod(pods[1]).phase, PodPhase::Running);
    let status = &lab.pod(pods[1]).containers[0];
    assert_eq!(status.restarts, 5);
    assert!(
        matches!(&status.state, ContainerState::Waiting { reason, .. } if reason == "CrashLoopBackOff")
    );
    assert_eq!(
        status.last.as_ref().map(|t| t.reason.as_str()),
        Some("OOMKilled")
    );
    lab.start = 1000;
    lab.run(10);
    assert_eq!(
        lab.pods("Deployment/web"),
        pods,
        "no pod is made or removed"
    );
    assert_eq!(
        lab.cluster.objects.replica_sets.len(),
        2,
        "its ReplicaSet is the wanted revision"
    );
    assert_eq!(lab.workload("Deployment/web").revision, 4);
    assert_eq!(lab.counts("Deployment/web"), "2/2/1/1");
    let id = lab.workload_id("Deployment/web");
    let previous = api::previous_template(&lab.cluster, id, None).expect("a revision");
    assert_eq!(previous["spec"]["containers"][0]["image"], "v0");
}

#[test]
fn a_namespace_takes_its_objects_along() {
    let mut lab = Lab::new(1);
    lab.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    for kind in ["Deployment", "StatefulSet"] {
        let mut document = workload(kind, "web", json!({"replicas": 2}));
        document["metadata"]["namespace"] = json!("shop");
        lab.apply(document);
    }
    lab.apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"}}));
    lab.apply(workload("Deployment", "web", json!({})));
    lab.run(10);
    lab.delete("Namespace/shop");
    lab.run(5);
    let left: Vec<_> = lab
        .cluster
        .objects
        .pods
        .iter()
        .filter(|p| p.exists())
        .map(|p| p.namespace.to_string())
        .collect();
    assert_eq!(left, ["default"]);
    assert!(api::find(&lab.cluster, &reference("ConfigMap/shop/c")).is_none());
    assert_eq!(
        lab.cluster.objects.changes.len(),
        1,
        "one deletion was asked for"
    );
}

#[test]
fn equal_events_are_counted() {
    let mut lab = Lab::new(1);
    let object = reference("Deployment/web");
    let mut journal = aegis_sim::Journal::default();
    for _ in 0..3 {
        let source = api::events::Source::of("test");
        let severity = aegis_model::objects::Severity::Normal;
        api::events::record(
            &mut lab.cluster,
            &mut journal,
            severity,
            "Reason",
            "message",
            &object,
            source,
        );
        lab.cluster.clock = lab.cluster.clock.after(10);
    }
    let events = &lab.cluster.objects.events;
    assert_eq!(
        (
            events.len(),
            events[0].count,
            events[0].first.0,
            events[0].last.0
        ),
        (1, 3, 0, 20)
    );
    assert_eq!(journal.events.len(), 3);
}

#[test]
fn ten_thousand_documents_are_taken_in_a_moment() {
    let mut lab = Lab::new(1);
    for number in 0..10_000 {
        let slot = lab.apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{number}")}}));
        assert!(matches!(slot, Slot::Plain(_)));
    }
    let last = api::find(&lab.cluster, &reference("ConfigMap/c9999"));
    assert!(last.is_some());
}

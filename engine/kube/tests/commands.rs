//! Commands say what is done, and a patch in a command does just that.

mod cluster;
mod edits;

use aegis_kube::kubectl::{change, render, undo};
use aegis_kube::patch::{apply, diff, merged, strategically_merged};
use aegis_model::ids::{AutoscalerId, NodeId, PodId, PolicyId, ServiceId, WorkloadId};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Objects;
use aegis_model::overlay::ProbeKind;
use aegis_model::units::{Bytes, Millicores, Tick};
use aegis_model::{Action, ChangeRecord, ObjectChange, Procedure, Target};
use proptest::prelude::*;
use serde_json::{Value, json};
use smol_str::SmolStr;
use std::sync::Arc;

fn workload(objects: &Objects, name: &str) -> WorkloadId {
    let mut rows = objects.workloads.enumerate();
    let found = rows.find(|(_, row)| row.header.reference.name == name);
    WorkloadId::from(found.expect("a workload").0)
}

fn server() -> SmolStr {
    "server".into()
}

fn rollouts(web: WorkloadId) -> Vec<Action> {
    vec![
        Action::Scale {
            workload: web,
            replicas: 3,
        },
        Action::RestartRollout(web),
        Action::RollBack {
            workload: web,
            revision: None,
        },
        Action::RollBack {
            workload: web,
            revision: Some(2),
        },
        Action::PauseRollout(web),
        Action::ResumeRollout(web),
    ]
}

fn settings(web: WorkloadId) -> Vec<Action> {
    let env = |name: &str, value: Option<&str>| Action::SetEnv {
        workload: web,
        container: server(),
        name: name.into(),
        value: value.map(Into::into),
    };
    let probe = |probe: ProbeKind, value: Option<Value>| Action::PatchProbe {
        workload: web,
        container: server(),
        probe,
        value,
    };
    let (large, small) = (Bytes::mebi(256), Bytes::mebi(64));
    vec![
        Action::SetResources {
            workload: web,
            container: server(),
            cpu: Some((Millicores(1500), Millicores(250))),
            memory: Some((large, small)),
        },
        Action::SetResources {
            workload: web,
            container: server(),
            cpu: None,
            memory: Some((large, large)),
        },
        Action::SetImage {
            workload: web,
            container: server(),
            image: "web:2".into(),
        },
        env("GREETING", Some("it's me")),
        env("PORT", Some("80")),
        env("PORT", None),
        probe(ProbeKind::Liveness, None),
        probe(
            ProbeKind::Readiness,
            Some(json!({"tcpSocket": {"port": 8080}})),
        ),
    ]
}

fn others() -> Vec<Action> {
    let spec = serde_json::from_value(json!({"podSelector": {}, "ingress": [{}]}));
    vec![
        Action::PatchAutoscaler {
            autoscaler: AutoscalerId(0),
            min: Some(2),
            max: Some(9),
        },
        Action::Cordon(NodeId(0)),
        Action::Uncordon(NodeId(1)),
        Action::Drain(NodeId(0)),
        Action::DeletePod(PodId(1)),
        Action::PatchPolicy {
            policy: PolicyId(0),
            spec: Arc::new(spec.expect("a spec")),
        },
        Action::DeletePolicy(PolicyId(0)),
        Action::PatchService {
            service: ServiceId(1),
            field: "spec.selector.app".parse().expect("a path"),
            value: Some(json!("web")),
        },
        Action::RevertChange(0),
        Action::Wait(30),
    ]
}

fn limits(web: WorkloadId) -> Vec<Action> {
    vec![
        Action::LimitConcurrency {
            workload: web,
            workers: Some(32),
            queue: Some(64),
        },
        Action::SetRetries {
            workload: web,
            service: ServiceId(3),
            retries: Some(1),
            timeout: Some(0.5),
        },
        Action::ShedTraffic {
            service: ServiceId(1),
            share: 0.25,
        },
    ]
}

/// One repair of each place.
fn repairs(objects: &Objects) -> Vec<Action> {
    let on = |on: Target, procedure: Procedure| Action::Exec { on, procedure };
    let node = Target::Node(NodeId(0));
    let store = Target::Workload(workload(objects, "redis-cart"));
    vec![
        on(store, Procedure::AllowWrites),
        on(store, Procedure::ClearPacketRules),
        on(node, Procedure::ClearPacketRules),
        on(node, Procedure::WidenPorts),
        on(node, Procedure::RenewProxy),
        on(node, Procedure::ReplaceNode),
        on(node, Procedure::AddNode),
        on(Target::Cluster, Procedure::RestoreNames),
        on(Target::Service(ServiceId(0)), Procedure::RenewCertificate),
    ]
}

/// One of each action on the cluster of the tests.
fn actions(objects: &Objects) -> Vec<Action> {
    let web = workload(objects, "frontend");
    [
        rollouts(web),
        settings(web),
        others(),
        limits(web),
        repairs(objects),
    ]
    .concat()
}

fn cluster() -> Objects {
    let mut objects = cluster::cluster();
    let before = json!("us/frontend:1");
    objects.changes.push(ChangeRecord {
        at: Tick(100),
        actor: "user:deployer".into(),
        object: ObjectRef::new(Kind::Deployment, "default", "frontend"),
        change: Arc::new(ObjectChange::Update {
            object: ObjectRef::new(Kind::Deployment, "default", "frontend"),
            fields: vec![aegis_model::FieldChange {
                path: "spec.template.spec.containers[name=server].image"
                    .parse()
                    .expect("a path"),
                before: Some(before),
                after: Some(json!("us/frontend:2")),
            }],
        }),
    });
    objects
}

#[test]
fn each_action_is_a_command_and_most_can_be_taken_back() {
    let objects = cluster();
    let mut story = String::new();
    for action in actions(&objects) {
        for command in render(&objects, &action) {
            story.push_str(&format!("$ {command}\n"));
        }
        for command in undo(&objects, &action) {
            story.push_str(&format!("  undo: {command}\n"));
        }
    }
    insta::assert_snapshot!(story);
}

#[test]
fn changes_of_other_namespaces_and_kinds() {
    let rollout = ObjectRef::new("Rollout.argoproj.io".into(), "shop", "web");
    let document = json!({"spec": {"steps": [{"name": "a"}, {"name": "b"}]}});
    let after = json!({"spec": {"steps": [{"name": "a"}]}});
    let fields = diff(&document, &after);
    let update = ObjectChange::Update {
        object: rollout.clone(),
        fields,
    };
    assert_eq!(
        change(&update, &document),
        [
            r#"kubectl patch rollout.argoproj.io/web -n shop --type=merge -p '{"spec":{"steps":[{"name":"a"}]}}'"#
        ]
    );
    let delete = ObjectChange::Delete {
        object: rollout,
        document: Arc::default(),
    };
    assert_eq!(
        change(&delete, &Value::Null),
        ["kubectl delete rollout.argoproj.io/web -n shop"]
    );
    let document = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "x"}, "data": {"a": "EOF\n"}});
    let create = ObjectChange::Create {
        document: Arc::new(document),
    };
    assert_eq!(
        change(&create, &Value::Null),
        [
            "kubectl apply -f - <<'EOF'\napiVersion: v1\ndata:\n  a: |\n    EOF\nkind: ConfigMap\nmetadata:\n  name: a\nEOF"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_patch_in_a_command_makes_the_change(steps in prop::collection::vec((0..100_usize, 0..10_usize), 1..5)) {
        let before = edits::base();
        let after = edits::edited(&before, &steps);
        let object = ObjectRef::new(Kind::Deployment, "default", "web");
        let fields = diff(&before, &after);
        let mut applied = before.clone();
        apply(&mut applied, &fields);
        prop_assert_eq!(&applied, &after);
        for command in change(&ObjectChange::Update { object, fields }, &before) {
            let Some((kind, patch)) = edits::patch_in(&command) else { continue };
            let made = match kind.as_str() {
                "strategic" => strategically_merged(&before, &patch),
                _ => merged(&before, &patch),
            };
            prop_assert_eq!(made, after.clone(), "{}", command);
        }
    }
}

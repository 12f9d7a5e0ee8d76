//! Mechanisms that act on objects.

use super::lab::{Lab, reference, workload};
use aegis_model::overlay::Ends;
use aegis_model::{FieldChange, Laid, Mechanism, NodeId, ObjectChange, Subject, Tick, WorkloadId};
use serde_json::json;
use std::sync::Arc;

fn laid(mechanism: Mechanism, subject: Subject, from: u32, until: Tick) -> Laid {
    Laid {
        mechanism,
        subject,
        from: Tick(from),
        until,
        ends: Ends::WithTime,
        repair: None,
    }
}

fn scale_to(replicas: u32) -> Arc<ObjectChange> {
    Arc::new(ObjectChange::Update {
        object: reference("Deployment/web"),
        fields: vec![FieldChange {
            path: "spec.replicas".parse().expect("a path"),
            before: Some(json!(3)),
            after: Some(json!(replicas)),
        }],
    })
}

fn lab() -> Lab {
    let mut lab = Lab::new(2);
    lab.apply(workload("Deployment", "web", json!({"replicas": 3})));
    lab.run(8);
    lab
}

#[test]
fn a_hidden_change_leaves_no_entry_and_ends_with_its_time() {
    let mut lab = lab();
    let change = Mechanism::Change(scale_to(1));
    lab.overlay
        .0
        .push(laid(change, Subject::Cluster, 10, Tick(30)));
    lab.run(12);
    assert_eq!(lab.counts("Deployment/web"), "1/1/1/1");
    assert!(lab.cluster.objects.changes.is_empty());
    lab.run(20);
    assert_eq!(lab.counts("Deployment/web"), "3/3/3/3");
    assert!(lab.cluster.objects.changes.is_empty());
}

#[test]
fn an_actor_insists_and_is_recorded_each_time_it_changes_something() {
    let mut lab = lab();
    let actor = Mechanism::Actor {
        actor: "cronjob:nightly".into(),
        every: 20,
        change: scale_to(1),
    };
    lab.overlay
        .0
        .push(laid(actor, Subject::Cluster, 10, Tick::NEVER));
    lab.run(10);
    lab.set("Deployment/web", "spec.replicas", json!(3));
    lab.run(40);
    let told = lab.cluster.objects.changes.iter();
    let told: Vec<_> = told.map(|c| (c.at.0, c.actor.to_string())).collect();
    assert_eq!(
        told,
        [
            (10, "cronjob:nightly".to_string()),
            (18, "user:deployer".to_string()),
            (30, "cronjob:nightly".to_string()),
        ]
    );
    let Some(ObjectChange::Update { fields, .. }) =
        lab.cluster.objects.changes.get(2).map(|c| &*c.change)
    else {
        panic!("an update");
    };
    assert_eq!(
        fields[0].before,
        Some(json!(3)),
        "as it was, not as the actor believed"
    );
}

#[test]
fn killed_pods_are_gone_at_once_and_come_back() {
    let mut lab = lab();
    let before = lab.pods("Deployment/web");
    lab.overlay.0.push(laid(
        Mechanism::PodKill,
        Subject::Workload(WorkloadId(0)),
        8,
        Tick::NEVER,
    ));
    lab.run(1);
    assert!(before.iter().all(|pod| !lab.pod(*pod).exists()));
    lab.run(8);
    assert_eq!(lab.counts("Deployment/web"), "3/3/3/3");
}

#[test]
fn a_drain_that_is_laid_ends_with_its_time() {
    let mut lab = lab();
    lab.overlay.0.push(laid(
        Mechanism::Drain,
        Subject::Node(NodeId(0)),
        8,
        Tick(60),
    ));
    lab.run(30);
    assert!(lab.cluster.workings.index.pods_on(NodeId(0)).is_empty());
    assert!(lab.cluster.objects.nodes[0].spec.unschedulable);
    lab.run(25);
    assert!(!lab.cluster.objects.nodes[0].spec.unschedulable);
}

#[test]
fn what_began_before_is_not_laid_again() {
    let mut lab = lab();
    let change = Mechanism::Change(scale_to(1));
    lab.overlay
        .0
        .push(laid(change, Subject::Cluster, 2, Tick::NEVER));
    lab.run(10);
    assert_eq!(lab.counts("Deployment/web"), "3/3/3/3");
}

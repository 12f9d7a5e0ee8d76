//! Repairs by a command: they end what a row says that they end, where they are done, and nothing else; and they
//! need somebody to answer.

mod stage;

use aegis_model::overlay::Ends;
use aegis_model::procedure::{NEW_NODE, Procedure};
use aegis_model::{
    Action, Conduct, Laid, Mechanism, NodeId, Plan, PlanSource, PlanStep, Subject, Target, Tick,
    WorkloadId,
};
use aegis_sim::conduct::Conductor;
use aegis_sim::repair::standing;
use serde_json::json;
use stage::{Stage, deployment, with_nodes};
use std::sync::Arc;

fn plan(on: Target, procedure: Procedure) -> Conductor {
    Conductor::new(Arc::new(Plan {
        id: "repair".into(),
        steps: vec![PlanStep {
            action: Action::Exec { on, procedure },
            preconditions: vec![],
            wait: None,
            deadline: 60,
        }],
        answers: None,
        source: PlanSource::Undo,
        summary: String::new(),
    }))
}

/// Does it now; what came of it.
fn exec(stage: &mut Stage, on: Target, procedure: Procedure) -> Conduct {
    let mut conductor = plan(on, procedure);
    conductor.step(&mut stage.cluster);
    conductor.conduct()
}

fn lay(stage: &mut Stage, mechanism: Mechanism, subject: Subject, repair: Procedure) {
    stage.overlay.0.push(Laid {
        mechanism,
        subject,
        from: stage.cluster.clock,
        until: Tick::NEVER,
        ends: Ends::WithTime,
        repair: Some(repair),
    });
}

fn acts(stage: &Stage) -> usize {
    let left = standing(&stage.cluster, &stage.overlay);
    left.active(stage.cluster.clock).count()
}

fn refused(conduct: &Conduct) -> &str {
    match conduct {
        Conduct::Refused { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

const WEB: WorkloadId = WorkloadId(0);
const FIRST: NodeId = NodeId(0);

/// Two nodes and a Deployment that runs.
fn running() -> Stage {
    let mut stage = with_nodes(2);
    stage.apply(deployment("web", 2, json!({})));
    stage.run(60);
    stage
}

#[test]
fn a_repair_ends_what_it_is_for_where_it_is_done_after_its_time() {
    let mut stage = running();
    let loss = Mechanism::PacketLoss(0.5);
    let procedure = Procedure::ClearPacketRules;
    lay(&mut stage, loss, Subject::Node(FIRST), procedure);
    stage.run(5);
    exec(&mut stage, Target::Node(NodeId(1)), procedure);
    exec(&mut stage, Target::Node(FIRST), Procedure::StepClock);
    stage.run(60);
    assert_eq!(acts(&stage), 1, "another node, and another repair");
    exec(&mut stage, Target::Node(FIRST), procedure);
    stage.run(procedure.facts().takes - 1);
    assert_eq!(acts(&stage), 1, "it takes its time");
    stage.run(2);
    assert_eq!(acts(&stage), 0);
    let loss = Mechanism::PacketLoss(0.5);
    lay(&mut stage, loss, Subject::Node(FIRST), procedure);
    stage.run(30);
    assert_eq!(acts(&stage), 1, "what comes later is another incident");
}

#[test]
fn what_a_command_takes_back_is_back() {
    let mut stage = running();
    let subject = Subject::Workload(WEB);
    let slow = Mechanism::EdgeDelay(1.0);
    lay(&mut stage, slow, subject, Procedure::AllowWrites);
    stage.run(5);
    let mut conductor = plan(Target::Workload(WEB), Procedure::AllowWrites);
    conductor.step(&mut stage.cluster);
    stage.run(10);
    assert_eq!(acts(&stage), 0);
    conductor
        .undo(&mut stage.cluster)
        .expect("it can be undone");
    stage.run(1);
    assert_eq!(acts(&stage), 1);
}

#[test]
fn nothing_is_run_where_nothing_runs() {
    let mut stage = with_nodes(1);
    stage.apply(deployment(
        "web",
        1,
        json!({"image": "busybox:1", "command": ["false"]}),
    ));
    stage.run(60);
    let said = exec(&mut stage, Target::Workload(WEB), Procedure::AllowWrites);
    assert!(refused(&said).contains("container not found"), "{said:?}");
    assert!(stage.cluster.objects.changes.is_empty(), "it left no trace");
}

#[test]
fn nobody_answers_for_a_node_whose_kubelet_is_dead() {
    let mut stage = running();
    stage.lay(Mechanism::KubeletStops, Subject::Node(FIRST));
    stage.run(60);
    let said = exec(&mut stage, Target::Node(FIRST), Procedure::StepClock);
    assert!(refused(&said).contains("error dialing backend"), "{said:?}");
    let said = exec(&mut stage, Target::Node(NodeId(1)), Procedure::StepClock);
    assert_eq!(said, Conduct::Done);
}

#[test]
fn a_node_that_is_replaced_goes_with_its_pods_and_another_comes() {
    let mut stage = running();
    let had = Arc::clone(&stage.cluster.objects.nodes[0].capacity);
    // A document as a user wrote it says nothing of what the machine has.
    let header = &mut stage.cluster.objects.nodes[0].header;
    let mut document = (*header.doc).clone();
    document
        .as_object_mut()
        .map(|fields| fields.remove("status"));
    header.doc = Arc::new(document);
    stage.lay(Mechanism::KubeletStops, Subject::Node(FIRST));
    stage.run(60);
    let said = exec(&mut stage, Target::Node(FIRST), Procedure::ReplaceNode);
    assert_eq!(said, Conduct::Done);
    stage.run(2);
    assert!(!stage.cluster.objects.nodes[0].header.exists());
    stage.run(NEW_NODE + 60);
    let nodes = stage.cluster.objects.nodes.iter();
    let there: Vec<&str> = nodes
        .filter(|row| row.header.exists())
        .map(|row| row.header.reference.name.as_str())
        .collect();
    assert_eq!(there, ["n1", "n0"]);
    let has = &stage.cluster.objects.nodes[2].capacity;
    assert_eq!(
        (&has.capacity, &has.allocatable),
        (&had.capacity, &had.allocatable)
    );
    let pods = stage.cluster.objects.workloads[0].pods.iter();
    let ready = pods.filter(|pod| stage.cluster.objects.pods[pod.index()].is_ready());
    assert_eq!(ready.count(), 2);
    assert!(
        stage.cluster.objects.nodes[2].condition("Ready")
            == aegis_model::objects::ConditionStatus::True,
        "{}",
        stage.story()
    );
}

/// The nodes that are there.
fn nodes(stage: &Stage) -> Vec<&str> {
    let nodes = stage.cluster.objects.nodes.iter();
    nodes
        .filter(|row| row.header.exists())
        .map(|row| row.header.reference.name.as_str())
        .collect()
}

#[test]
fn one_node_more_comes_after_its_time_with_what_its_kind_has() {
    let mut stage = running();
    let had = Arc::clone(&stage.cluster.objects.nodes[0].capacity);
    stage.apply(deployment(
        "wide",
        3,
        json!({"resources": {"requests": {"cpu": "3"}}}),
    ));
    stage.run(30);
    let waits = |stage: &Stage| {
        let pods = stage.cluster.objects.pods.iter();
        pods.filter(|pod| pod.is_active() && pod.node.is_none())
            .count()
    };
    assert_eq!(waits(&stage), 1, "two nodes have no room for three");
    let said = exec(&mut stage, Target::Node(FIRST), Procedure::AddNode);
    assert_eq!(said, Conduct::Done);
    stage.run(NEW_NODE - 1);
    assert_eq!(nodes(&stage), ["n0", "n1"], "a machine takes its time");
    stage.run(60);
    assert_eq!(nodes(&stage), ["n0", "n1", "n0-2"]);
    let new = &stage.cluster.objects.nodes[2];
    assert_eq!(new.capacity.allocatable, had.allocatable);
    let hostname = new.header.labels.get("kubernetes.io/hostname");
    assert_eq!(hostname.map(AsRef::as_ref), Some("n0-2"));
    assert_eq!(waits(&stage), 0, "{}", stage.story());
}

#[test]
fn a_node_more_that_is_taken_back_goes_or_never_comes() {
    let mut stage = running();
    let mut kept = plan(Target::Node(FIRST), Procedure::AddNode);
    kept.step(&mut stage.cluster);
    let mut early = plan(Target::Node(FIRST), Procedure::AddNode);
    early.step(&mut stage.cluster);
    stage.run(30);
    early
        .undo(&mut stage.cluster)
        .expect("what has not come yet is called off");
    stage.run(NEW_NODE + 60);
    assert_eq!(nodes(&stage), ["n0", "n1", "n0-2"], "one of two");
    kept.undo(&mut stage.cluster).expect("it is taken away");
    assert_eq!(nodes(&stage), ["n0", "n1"]);
    stage.run(120);
    assert_eq!(nodes(&stage), ["n0", "n1"]);
}

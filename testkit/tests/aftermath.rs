//! What has to be done besides taking the cause back: what was written together with it goes as well, what was moved off a
//! node comes back to it, a node that is replaced has what the one before had, and what does not fit gets nodes. And what a
//! repair should have ended, and did not, is not blamed for ever.

use aegis_model::event::{RunEvent, Stamped};
use aegis_model::{Action, Ending, Mode};
use aegis_report::{Story, measure};
use aegis_testkit::judge::facts_of;
use aegis_testkit::play::{Recording, play, read};

/// A cluster as `aegis import` sizes it: requests fill its nodes to 60 %.
fn shop(fault: &str, target: &str) -> String {
    format!(
        "
apiVersion: aegis.dev/v1
kind: Scenario
metadata: {{name: aftermath}}
spec:
  seed: 1
  duration: 26m
  include: [../manifests/sock-shop.yaml]
  cluster: {{nodes: [{{count: 2, cpu: 670m, memory: 1712Mi, zones: [a, b, c]}}]}}
  traffic: [{{to: front-end, rps: {{constant: 120}}}}]
  objectives:
    - {{service: front-end, availability: 99%, latency: {{p99: 1s}}, window: 10m}}
  chaos:
    - {{at: 5m, fault: {fault}, target: {target}}}
"
    )
}

/// The same of Online Boutique, under more load than its nodes have room for.
const BURST: &str = "
apiVersion: aegis.dev/v1
kind: Scenario
metadata: {name: aftermath}
spec:
  seed: 1
  duration: 20m
  include: [../manifests/online-boutique.yaml]
  cluster: {nodes: [{count: 3, cpu: 880m, memory: 768Mi, zones: [a, b, c]}]}
  traffic: [{to: frontend-external, rps: {constant: 150}}]
  objectives:
    - {service: frontend-external, availability: 99%, latency: {p99: 1s}, window: 10m}
  chaos:
    - {at: 5m, fault: load_burst, target: service/frontend-external}
";

/// What was done, once the incident was diagnosed rightly and mended.
fn mended(fault: &str, target: &str) -> Vec<Action> {
    mended_in(&shop(fault, target), fault, 1)
}

fn mended_in(text: &str, fault: &str, seed: u64) -> Vec<Action> {
    let scenario = read("scenarios/smoke/aftermath.yaml", text);
    let run = play(&scenario, seed, Mode::Sentinel);
    let facts = facts_of(&scenario, seed, &run);
    let story = Story::tell(&run.events);
    let truth = facts.truth.expect("a truth");
    let (_, hypotheses) = story.diagnoses().next().expect("a diagnosis");
    let top = hypotheses.first().expect("a leader");
    assert!(measure::is_right(top, &story, &truth), "{fault}: {top:?}");
    let ended = story.ended.map(|(ending, _)| ending);
    assert_eq!(ended, Some(Ending::Mended), "{fault}");
    applied(&run)
}

fn applied(run: &Recording) -> Vec<Action> {
    let action = |stamped: &Stamped| match &stamped.event {
        RunEvent::StepApplied { action, .. } => Some(action.clone()),
        _ => None,
    };
    run.events.iter().filter_map(action).collect()
}

fn restarts(actions: &[Action]) -> usize {
    let is_restart = |action: &&Action| matches!(action, Action::RestartRollout(_));
    actions.iter().filter(is_restart).count()
}

#[test]
fn pods_that_a_drain_crowded_together_are_spread_again() {
    let done = mended("node_drain", "node/node-2");
    assert!(matches!(done[0], Action::Uncordon(_)), "{done:?}");
    assert!(restarts(&done) > 2, "{done:?}");
}

#[test]
fn a_node_whose_kubelet_is_dead_is_replaced_and_taken_into_use() {
    let done = mended("kubelet_down", "node/node-2");
    assert!(matches!(done[0], Action::Exec { .. }), "{done:?}");
    assert!(restarts(&done) > 2, "{done:?}");
}

#[test]
fn what_was_applied_together_is_taken_back_together() {
    let done = mended("priority_preemption", "deployment/sock-shop/orders");
    let is_back = |action: &&Action| matches!(action, Action::RevertChange(_));
    // The class alone would leave the pods that have its priority.
    assert_eq!(done.iter().filter(is_back).count(), 2, "{done:?}");
}

#[test]
fn a_burst_that_the_nodes_have_no_room_for_gets_nodes_behind_a_gate() {
    let done = mended_in(BURST, "load_burst", 5);
    let gate = |action: &Action| match action {
        Action::ShedTraffic { share, .. } => Some(*share),
        _ => None,
    };
    let gates: Vec<f64> = done.iter().filter_map(gate).collect();
    assert!(gates[0] > 0.0, "it is shut: {done:?}");
    assert_eq!(gates.last(), Some(&0.0), "and opened: {done:?}");
    assert!(done.iter().any(Action::adds_node), "{done:?}");
    let scales = |action: &&Action| matches!(action, Action::Scale { .. });
    assert!(done.iter().filter(scales).count() > 2, "{done:?}");
}

/// A rack that is cut off looks like packets that a node's rules lose; those can be cleared, in vain.
#[test]
fn what_a_repair_did_not_end_is_planned_for_no_more() {
    let scenario = read(
        "scenarios/smoke/aftermath.yaml",
        &shop("rack_isolated", "node/node-2"),
    );
    let run = play(&scenario, 1, Mode::Sentinel);
    let (mut tried, mut later) = (Vec::new(), 0);
    for stamped in &run.events {
        match &stamped.event {
            RunEvent::StepApplied {
                action: Action::Exec { on, procedure },
                ..
            } => tried.push((
                *on,
                *procedure,
                stamped.t + i64::from(procedure.facts().takes) + 45,
            )),
            RunEvent::Planned { plans } => {
                let past = tried.iter().filter(|(.., from)| stamped.t > *from);
                for (on, procedure, _) in past {
                    later += 1;
                    for (fault, target) in plans.iter().filter_map(|plan| plan.answers.as_ref()) {
                        let repair =
                            aegis_faults::by_id(fault).and_then(aegis_faults::Fault::repair);
                        let same = target == on && repair == Some(*procedure);
                        assert!(!same, "{fault} is planned for at {}", stamped.t);
                    }
                }
            }
            _ => {}
        }
    }
    assert!(later > 0, "something is tried and does not end it");
}

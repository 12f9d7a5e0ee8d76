//! What has to be done besides taking the cause back: what was written together with it goes as well, what was moved off a
//! node comes back to it, and a node that is replaced has what the one before had.

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

/// What was done, once the incident was diagnosed rightly and mended.
fn mended(fault: &str, target: &str) -> Vec<Action> {
    let scenario = read("scenarios/smoke/aftermath.yaml", &shop(fault, target));
    let run = play(&scenario, 1, Mode::Sentinel);
    let facts = facts_of(&scenario, 1, &run);
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

//! The figures of a run, and that any cut of it has figures.

mod common;

use aegis_model::Ending;
use aegis_report::{Story, Summary, summary};
use common::{facts, healthy, mended};
use proptest::prelude::*;

fn of(events: &[aegis_model::Stamped]) -> Summary {
    summary(&Story::tell(events), &facts())
}

#[test]
fn a_mended_run_is_told_in_figures() {
    let summary = of(&mended());
    assert_eq!(summary.outcome, Ending::Mended);
    assert_eq!(summary.objectives_met, Some(true));
    assert_eq!(summary.ttd_s, Some(45));
    assert_eq!(summary.ttl_s, Some(60));
    // The last bad scrape is at 315; 60 s later it has left the sliding window.
    assert_eq!(summary.ttm_s, Some(360 - 180));
    assert_eq!(summary.decisions, 1);
    assert_eq!(summary.undone, 0);
    assert_eq!(summary.twin_error, Some(0.06));
    assert!(summary.users_affected);
}

#[test]
fn lost_minutes_count_the_seconds_of_a_missed_sliding_minute() {
    let story_events = mended();
    let story = Story::tell(&story_events);
    let courses = aegis_report::objectives::courses(&story);
    let missed = courses[0].points.iter().filter(|p| p.is_missed()).count();
    assert_eq!(
        summary(&story, &facts()).slo_minutes_lost,
        missed as f64 * 15.0 / 60.0
    );
    // From the first bad scrape (210) to when the last one has left the window (360).
    assert_eq!(missed, 11);
}

#[test]
fn the_diagnosis_has_names_and_its_rivals_their_reasons() {
    let summary = of(&mended());
    let diagnosis = summary.diagnosis.expect("it was diagnosed");
    assert_eq!(
        diagnosis.object.to_string(),
        "Deployment/default/cartservice"
    );
    assert_eq!(diagnosis.fault, "memory_leak");
    assert!(diagnosis.mechanism.is_some());
    assert_eq!(summary.considered.len(), 3);
    assert_eq!(
        summary.considered[0].refuted_by.as_deref(),
        Some("predicts no restarts; 3 were seen")
    );
    let truth = summary.truth.expect("a practice run");
    assert_eq!(truth.diagnosis_right, Some(true));
}

/// A run in which one more look, after the plan was done, finds nothing wrong any more; how its incident and it ended.
fn looked_at_again(closed: Ending, ending: Ending) -> Vec<aegis_model::Stamped> {
    let mut events = mended();
    let diagnosed = |stamped: &&aegis_model::Stamped| {
        matches!(stamped.event, aegis_model::RunEvent::Diagnosed { .. })
    };
    let mut again = events.iter().find(diagnosed).expect("a diagnosis").clone();
    if let aegis_model::RunEvent::Diagnosed { hypotheses, .. } = &mut again.event {
        hypotheses[0].fault = "no_fault".into();
    }
    let end = events.len() - 1;
    again.t = events[end].t;
    events.insert(end, again);
    for stamped in &mut events {
        match &mut stamped.event {
            aegis_model::RunEvent::IncidentClosed { ending: told } => *told = closed,
            aegis_model::RunEvent::Ended { ending: told, .. } => *told = ending,
            _ => {}
        }
    }
    events
}

#[test]
fn what_a_standing_plan_was_drafted_on_is_the_diagnosis_and_not_what_is_said_of_a_mended_world() {
    let named = |closed, ending| {
        let summary = of(&looked_at_again(closed, ending));
        let located = summary.ttl_s;
        (summary.diagnosis.expect("it was diagnosed").fault, located)
    };
    let leak = ("memory_leak".into(), Some(60));
    assert_eq!(named(Ending::Mended, Ending::Mended), leak);
    // Its incident was over; what was lost in it still counts over the run's last window.
    assert_eq!(named(Ending::Mended, Ending::Unresolved), leak);
    let unresolved = named(Ending::Unresolved, Ending::Unresolved);
    assert_eq!(unresolved, ("no_fault".into(), None));
}

#[test]
fn what_was_done_and_what_it_cost() {
    let summary = of(&mended());
    let plan = summary.plan.expect("one was chosen");
    assert_eq!((plan.id.as_str(), plan.steps), ("9f3a61c2", 1));
    assert_eq!(plan.kubectl, summary.commands);
    assert!(summary.commands[0].starts_with("kubectl rollout undo"));
    // The new pod stood beside the old one for 20 s.
    assert_eq!(summary.cost.pod_s, 20.0);
    assert_eq!(summary.cost.node_s, 0.0);
}

#[test]
fn a_healthy_run_says_nothing_happened() {
    let summary = of(&healthy());
    assert_eq!(summary.outcome, Ending::Healthy);
    assert_eq!(summary.slo_minutes_lost, 0.0);
    assert_eq!(
        (summary.ttd_s, summary.ttl_s, summary.ttm_s),
        (None, None, None)
    );
    assert_eq!((summary.diagnosis, summary.plan), (None, None));
    assert!(!summary.users_affected);
    assert!(summary.commands.is_empty());
}

#[test]
fn a_wrong_leader_at_the_end_was_never_located() {
    let mut wrong = facts();
    wrong.truth.as_mut().expect("a practice run").causes[0].fault = "disk_full".into();
    let events = mended();
    let summary = summary(&Story::tell(&events), &wrong);
    assert_eq!(summary.ttl_s, None);
    assert_eq!(
        summary.truth.expect("a practice run").diagnosis_right,
        Some(false)
    );
}

#[test]
fn the_json_has_the_documented_keys() {
    let json = serde_json::to_value(of(&mended())).expect("a summary is JSON");
    let keys = [
        "schema",
        "scenario",
        "mode",
        "seed",
        "outcome",
        "objectives_met",
        "harm",
        "onset_s",
        "ttd_s",
        "ttl_s",
        "ttm_s",
        "slo_minutes_lost",
        "cost",
        "undone",
        "decisions",
        "diagnosis",
        "users_affected",
        "commands",
        "considered",
        "plan",
        "truth",
        "twin_error",
        "clock",
        "model",
        "memory",
        "events_blake3",
        "run",
        "versions",
    ];
    let found = json.as_object().expect("an object");
    assert_eq!(found.len(), keys.len());
    for key in keys {
        assert!(found.contains_key(key), "{key}");
    }
    assert_eq!(json["schema"], "aegis.dev/summary/v1");
    assert_eq!(json["outcome"], "mended");
    assert_eq!(json["model"], serde_json::Value::Null);
    assert_eq!(
        json["truth"]["causes"][0]["object"],
        "Deployment/default/cartservice"
    );
    assert_eq!(json["run"]["stopped_early"], false);
    let back: Summary = serde_json::from_value(json).expect("and back");
    assert_eq!(back, of(&mended()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_prefix_has_a_summary(cut in 0usize..200) {
        let events = mended();
        let cut = cut.min(events.len());
        let summary = of(&events[..cut]);
        prop_assert!(summary.slo_minutes_lost >= 0.0);
        if cut < events.len() {
            prop_assert_eq!(summary.outcome, Ending::Cancelled);
            prop_assert!(summary.run.stopped_early);
        }
    }
}

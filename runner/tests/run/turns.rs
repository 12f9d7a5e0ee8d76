//! Odd turns: stopped by hand, the disk full, nobody to approve. Each ends in a named outcome, with artifacts for
//! what has happened.

use crate::kit::{TO_ITS_END, brief, order, place, scenario};
use aegis_model::{Approval, Ending, RunEvent, Stamped};
use aegis_runner::artifacts::audit::unshown;
use aegis_runner::artifacts::repeat::{Logs, again};
use aegis_runner::run::{Order, RunError};
use aegis_runner::store::Artifact;
use std::os::unix::fs::symlink;

#[test]
fn a_run_that_is_stopped_leaves_what_has_happened_and_comes_out_again() {
    let loaded = scenario("online-boutique-oom");
    let order = order(&loaded);
    let reached = |wanted: fn(&RunEvent) -> bool| {
        move |told: &[Stamped]| told.last().is_some_and(|last| wanted(&last.event))
    };
    let started = reached(|event| matches!(event, RunEvent::Started { .. }));
    let diagnosed = reached(|event| matches!(event, RunEvent::Diagnosed { .. }));
    let applied = reached(|event| matches!(event, RunEvent::StepApplied { .. }));
    for stop in [
        &started as &dyn Fn(&[Stamped]) -> bool,
        &diagnosed,
        &applied,
    ] {
        let place = place();
        let kept = place.play(&order, stop);
        let summary = kept.summary();
        assert_eq!(
            (summary.outcome, summary.run.stopped_early),
            (Ending::Cancelled, true)
        );
        place.is_whole();
        let logs = Logs::read(&place.run).expect("intact");
        assert!(logs.ended());
        assert_eq!(again(&order, &logs).expect("played"), None);
    }
}

#[test]
fn a_full_disk_ends_a_run_that_says_so() {
    let (place, loaded) = (place(), scenario("online-boutique-oom"));
    symlink("/dev/full", place.run.path(Artifact::Events)).expect("linked");
    let kept = place.play(&order(&loaded), TO_ITS_END);
    let Some(RunError::Listener(why)) = &kept.failure else {
        panic!("{:?}", kept.failure);
    };
    assert!(why.contains("No space left"), "{why}");
    assert_eq!(kept.summary().outcome, Ending::Cancelled);
    let summary = place.run.summary().expect("readable").expect("a summary");
    assert_eq!(summary["outcome"], "cancelled");
}

#[test]
fn what_is_asked_and_not_granted_is_not_done() {
    let (place, loaded) = (place(), brief("online-boutique-oom", 5.0));
    let order = Order {
        approval: Approval::Ask,
        ..order(&loaded)
    };
    let kept = place.play(&order, TO_ITS_END);
    assert_eq!(kept.summary().outcome, Ending::Refused);
    assert!(kept.story().commands().is_empty());
    place.is_whole();
    let logs = Logs::read(&place.run).expect("intact");
    assert_eq!(again(&order, &logs).expect("played"), None);
}

#[test]
fn what_was_done_unshown_is_found() {
    let (place, loaded) = (place(), scenario("online-boutique-oom"));
    let kept = place.play(&order(&loaded), TO_ITS_END);
    assert_eq!(unshown(&kept.events), Vec::<String>::new());
    let without = |gone: fn(&RunEvent) -> bool| {
        let left = kept.events.iter().filter(|stamped| !gone(&stamped.event));
        unshown(&left.cloned().collect::<Vec<_>>())
    };
    let found = without(|event| matches!(event, RunEvent::Planned { .. }));
    assert!(found[0].contains("was never drafted"), "{found:?}");
    let found = without(|event| matches!(event, RunEvent::Selected(_)));
    assert!(found[0].contains("was not chosen"), "{found:?}");
    let mut asked = kept.events.clone();
    if let RunEvent::Started { context, .. } = &mut asked[0].event {
        context.approval = Approval::Ask;
    }
    assert!(unshown(&asked)[0].contains("was not approved"));
}

#[test]
fn with_nobody_acting_nothing_is_harmed_and_the_truth_is_told() {
    let (place, loaded) = (place(), scenario("online-boutique-oom"));
    let order = Order {
        mode: aegis_model::Mode::Noop,
        ..order(&loaded)
    };
    let summary = place.play(&order, TO_ITS_END).summary();
    assert_eq!(
        (summary.outcome, summary.harm),
        (Ending::Unresolved, Some(false))
    );
    assert_eq!(summary.onset_s, Some(180));
    let truth = summary.truth.expect("a truth").truth;
    assert_eq!(truth.causes[0].fault, "memory_leak");
    assert_eq!(
        truth.causes[0].object.to_string(),
        "Deployment/default/cartservice"
    );
}

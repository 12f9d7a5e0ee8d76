//! Legion's runs: the same again from their tape alone, nothing done unshown, and a debate in which what is said
//! rests on something, what is amended is heard, and what is withdrawn is not chosen.

use aegis_model::debate::Evidence;
use aegis_model::{HearingResult, Mode, Plan, RunEvent};
use aegis_reason::debate::{ROUNDS, TRIALS};
use aegis_runner::artifacts::audit::unshown;
use aegis_scenario::bundled::Bundled;
use aegis_testkit::play::{Recording, bytes, of, play, replay, smoke, with_threads};
use aegis_testkit::soak;
use std::collections::BTreeSet;

/// A few scenarios at every commit, all in the soak.
fn some() -> Vec<&'static Bundled> {
    let all: Vec<_> = smoke().collect();
    let step = if soak::is_soak() { 1 } else { 5 };
    all.into_iter().step_by(step).collect()
}

fn played(bundled: &Bundled, threads: usize) -> Recording {
    let loaded = of(bundled);
    with_threads(threads, || play(&loaded, 1, Mode::Legion))
}

/// Whether there is something that an objection rests on.
fn rests(evidence: &Evidence) -> bool {
    match evidence {
        Evidence::Simulated { trials, text, .. } => *trials > 0 && !text.is_empty(),
        Evidence::Observed { text } => !text.is_empty(),
        Evidence::Word => false,
    }
}

/// One line per rule of a debate that a run breaks.
fn breaches(name: &str, run: &Recording) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut breach = |what: String| breaches.push(format!("{name}: {what}"));
    let (mut drafted, mut said, mut heard) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut withdrawn = BTreeSet::new();
    for event in run.events.iter().map(|stamped| &stamped.event) {
        match event {
            RunEvent::Planned { plans } => {
                drafted = plans.iter().map(|plan| plan.id.clone()).collect();
                if plans.len() > 10 || drafted.len() != plans.len() {
                    breach(format!(
                        "{} plans, {} of them different",
                        plans.len(),
                        drafted.len()
                    ));
                }
                said.clear();
                heard.clear();
                withdrawn.clear();
            }
            RunEvent::Objected(one) => {
                if !rests(&one.evidence) || one.weight() <= 0.0 || !drafted.contains(&one.plan) {
                    breach(format!("an objection that rests on nothing: {one:?}"));
                }
                said.insert((one.critic, one.plan.clone()));
            }
            RunEvent::Amended(one) => {
                if !said.contains(&(one.answers, one.from.clone())) {
                    breach(format!(
                        "an amendment that answers nothing: {}",
                        one.to.summary
                    ));
                }
                if !drafted.insert(one.to.id.clone()) {
                    breach(format!("an amendment that was there: {}", one.to.summary));
                }
                heard.insert(one.to.id.clone());
            }
            RunEvent::Heard(one) => {
                if !heard.remove(&one.plan) {
                    breach(format!("{} was heard twice, or was not amended", one.plan));
                }
                if one.result == HearingResult::Withdrawn {
                    withdrawn.insert(one.plan.clone());
                }
            }
            RunEvent::Debated(one) => {
                let votes = one.votes.iter().all(|vote| drafted.contains(&vote.plan));
                // The last questions come on top: each plan that is left under what was found.
                let bounded = one.rounds <= ROUNDS && one.trials <= TRIALS + 4 * 20;
                if !votes || one.votes.len() != 5 || !bounded || !heard.is_empty() {
                    breach(format!("a debate that is not in order: {one:?}"));
                }
            }
            RunEvent::Selected(verdict)
                if verdict
                    .choice
                    .as_ref()
                    .is_some_and(|plan| withdrawn.contains(plan)) =>
            {
                breach("a withdrawn plan was chosen".to_owned());
            }
            _ => {}
        }
    }
    breaches
}

#[test]
fn legion_is_the_same_again_shows_what_it_does_and_debates_in_order() {
    let mut wrong = Vec::new();
    let (mut debates, mut objections, mut many) = (0, 0, 0);
    for bundled in some() {
        let run = played(bundled, 1);
        let log = run.bytes();
        if played(bundled, 2).bytes() != log {
            wrong.push(format!("{}: two threads give other bytes", bundled.name()));
        }
        match replay(&run) {
            Ok(events) if bytes(&events) == log => {}
            Ok(_) => wrong.push(format!("{}: its tape gives other bytes", bundled.name())),
            Err(why) => wrong.push(format!("{}: {why}", bundled.name())),
        }
        wrong.extend(unshown(&run.events));
        wrong.extend(breaches(bundled.name(), &run));
        let events = run.events.iter().map(|stamped| &stamped.event);
        for event in events {
            debates += usize::from(matches!(event, RunEvent::Debated(_)));
            objections += usize::from(matches!(event, RunEvent::Objected(_)));
            let drafts = |plans: &[Plan]| plans.len() > 4;
            many += usize::from(matches!(event, RunEvent::Planned { plans } if drafts(plans)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        debates > 0 && objections > 0 && many > 0,
        "{debates} {objections} {many}"
    );
}

#[test]
fn sentinel_holds_no_debates() {
    let run = play(&of(some()[0]), 1, Mode::Sentinel);
    let argued = run
        .events
        .iter()
        .any(|stamped| matches!(stamped.event, RunEvent::Objected(_) | RunEvent::Debated(_)));
    assert!(!argued);
}

//! Killed at any step, and gone on with from its logs: the same end, byte for byte. Waiting for a person, who answers
//! another day. Another choice at a step, in a run of its own.

use crate::kit::{Place, TO_ITS_END, brief, order, place, scenario};
use aegis_model::{Approval, Ending, Mode, Plan, Ruling, RunEvent, Stamped};
use aegis_runner::artifacts::repeat::{Expected, Logs, RepeatError, again, tape};
use aegis_runner::artifacts::{Audience, Begun, Kept, Paused, branch};
use aegis_runner::run::travel::{steps, then};
use aegis_runner::run::way::{Rest, Turn};
use aegis_runner::run::{Company, Order, no_model, replay, run};
use aegis_runner::store::{Artifact, Durability, Meta, Run, Status};
use std::cell::{Cell, RefCell};
use std::fs;
use std::time::UNIX_EPOCH;

/// The two logs of a run, and every other file that a resumed run must leave alike.
const LEFT: [Artifact; 4] = [
    Artifact::Events,
    Artifact::Inputs,
    Artifact::Objects,
    Artifact::Chronicle,
];

fn left(run: &Run) -> [Vec<u8>; 4] {
    LEFT.map(|artifact| fs::read(run.path(artifact)).unwrap_or_default())
}

/// `summary.json` but for what says that it was resumed.
fn summary(run: &Run) -> serde_json::Value {
    let mut summary = run.summary().expect("readable").expect("a summary");
    summary["run"]["resumed_from"] = serde_json::Value::Null;
    summary
}

/// In which order a run writes: true is an event, false an input.
fn written(order: &Order<'_>) -> Vec<bool> {
    let lines = RefCell::new(Vec::new());
    let company = &mut Company {
        tell: &mut |_| {
            lines.borrow_mut().push(true);
            Ok(())
        },
        note: &mut |_| {
            lines.borrow_mut().push(false);
            Ok(())
        },
        ask: &mut |_, _| None,
        advise: &mut no_model,
        stop: &|| false,
        memory: None,
    };
    run(order, company).expect("played");
    lines.into_inner()
}

/// The first lines of a text, and the first half of the next.
fn torn(text: &[u8], lines: usize, half: bool) -> Vec<u8> {
    let mut parts = text.split_inclusive(|byte| *byte == b'\n');
    let mut kept: Vec<u8> = parts.by_ref().take(lines).flatten().copied().collect();
    if let Some(next) = parts.next().filter(|_| half) {
        kept.extend(&next[..next.len() / 2]);
    }
    kept
}

/// A run as a process leaves it that is killed when it has written so many lines, and the half of one more.
fn killed(whole: &Run, order: &[bool], lines: usize) -> Place {
    let place = place();
    let count = |wanted: bool| {
        order[..lines]
            .iter()
            .filter(|line| **line == wanted)
            .count()
    };
    let in_event = order.get(lines) == Some(&true);
    for (artifact, is_event) in [(Artifact::Events, true), (Artifact::Inputs, false)] {
        let text = fs::read(whole.path(artifact)).expect("a log");
        let text = torn(&text, count(is_event), in_event == is_event);
        place.run.write(artifact, &text).expect("written");
    }
    let meta = whole.meta().expect("readable").expect("a meta");
    place
        .run
        .write_json(Artifact::Meta, &meta)
        .expect("written");
    place
}

/// Goes on with a run at rest; who is asked gives one answer, then none.
fn go_on(run: &Run, order: &Order<'_>, answer: Option<Ruling>) -> Result<Kept, RepeatError> {
    let meta = run.meta().expect("readable").expect("a meta");
    let answer = Cell::new(answer);
    Paused::hold(run.clone(), meta)?.go_on(
        order,
        ("0".to_owned(), Durability::Step),
        Audience {
            see: &mut |_| {},
            ask: &mut |_, _, _| answer.take(),
            advise: &mut no_model,
            stop: &|| false,
            memory: None,
        },
    )
}

#[track_caller]
fn ends_the_same(order: &Order<'_>, whole: &Run, lines: &[bool], cuts: &[usize]) {
    for cut in cuts {
        let place = killed(whole, lines, *cut);
        let kept = go_on(&place.run, order, None).expect("resumed");
        assert_eq!(kept.rest, Some(Rest::Over), "after {cut} lines");
        assert!(kept.unwritten.is_empty(), "{:?}", kept.unwritten);
        for (artifact, (came, before)) in LEFT.iter().zip(left(&place.run).iter().zip(left(whole)))
        {
            let same = came.iter().zip(&before).take_while(|(a, b)| a == b).count();
            let whole = *came == before;
            assert!(
                whole,
                "after {cut} lines {artifact:?} differs from byte {same} on"
            );
        }
        assert_eq!(summary(&place.run), summary(whole), "after {cut} lines");
        assert!(kept.facts.resumed_from.is_some());
    }
}

#[test]
fn a_short_run_is_killed_at_every_step_and_ends_the_same() {
    let loaded = brief("sock-shop-netpol", 1.0);
    let order = Order {
        mode: Mode::Noop,
        ..order(&loaded)
    };
    let place = place();
    place.play(&order, TO_ITS_END);
    let lines = written(&order);
    let cuts: Vec<usize> = (0..=lines.len()).collect();
    ends_the_same(&order, &place.run, &lines, &cuts);
}

/// Lines after which something begins that a run must come through twice alike.
fn turns(kept: &Kept, lines: &[bool]) -> Vec<usize> {
    let of = |n: u64| {
        let mut events = lines.iter().enumerate().filter(|(_, line)| **line);
        events.nth(n as usize).map_or(0, |(at, _)| at + 1)
    };
    let is_turn = |stamped: &&Stamped| {
        matches!(
            stamped.event,
            RunEvent::IncidentOpened { .. }
                | RunEvent::Planned { .. }
                | RunEvent::Selected(_)
                | RunEvent::ApplyStarted { .. }
                | RunEvent::StepApplied { .. }
        )
    };
    let turns = kept.events.iter().filter(is_turn);
    turns.map(|stamped| of(stamped.n)).collect()
}

#[test]
fn a_run_that_is_killed_where_it_thinks_or_acts_ends_the_same() {
    let (place, loaded) = (place(), brief("online-boutique-oom", 6.0));
    let order = order(&loaded);
    let kept = place.play(&order, TO_ITS_END);
    let lines = written(&order);
    let cuts = turns(&kept, &lines);
    assert!(cuts.len() >= 4, "{cuts:?}");
    ends_the_same(&order, &place.run, &lines, &cuts);
}

#[test]
#[ignore = "takes minutes; for a soak"]
fn a_whole_incident_is_killed_at_every_step_and_ends_the_same() {
    let (place, loaded) = (place(), scenario("online-boutique-oom"));
    let order = order(&loaded);
    place.play(&order, TO_ITS_END);
    let lines = written(&order);
    let cuts: Vec<usize> = (std::env::var("CUT").map_or(0, |c| c.parse().unwrap())
        ..=std::env::var("END").map_or(lines.len(), |c| c.parse().unwrap()))
        .collect();
    ends_the_same(&order, &place.run, &lines, &cuts);
}

#[test]
fn a_record_of_another_run_is_not_gone_on_with_and_stays_as_it_is() {
    let (place, loaded) = (place(), brief("online-boutique-oom", 3.0));
    let order = order(&loaded);
    place.play(&order, TO_ITS_END);
    let cut = killed(&place.run, &written(&order), 60);
    let before = fs::read(cut.run.path(Artifact::Events)).expect("a log");
    let whole = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let other = Order {
        seed: order.seed + 1,
        ..order
    };
    let why = go_on(&cut.run, &other, None).expect_err("another run");
    assert!(
        matches!(why, RepeatError::Elsewhere { event } if event <= 1),
        "{why}"
    );
    let after = fs::read(cut.run.path(Artifact::Events)).expect("a log");
    assert_eq!(after, before[..whole]);
    assert_eq!(cut.run.status().expect("read"), Status::Unfinished);
}

/// Plays with somebody who answers so.
fn asked(place: &Place, order: &Order<'_>, answer: &dyn Fn(&Plan) -> Option<Ruling>) -> Kept {
    let meta = Meta::begin("run", "a scenario", UNIX_EPOCH, Vec::new());
    let begun = Begun {
        run: place.run.clone(),
        meta,
        version: "0".to_owned(),
        source: None,
        durability: Durability::Step,
    };
    let audience = Audience {
        see: &mut |_| {},
        ask: &mut |_, plan, _| answer(plan),
        advise: &mut no_model,
        stop: &|| false,
        memory: None,
    };
    aegis_runner::artifacts::record(order, begun, audience).expect("it begins")
}

#[test]
fn an_approval_may_come_another_day_and_the_run_is_as_if_it_had_come_at_once() {
    let loaded = brief("online-boutique-oom", 6.0);
    let order = Order {
        approval: Approval::Ask,
        ..order(&loaded)
    };
    let (waits, at_once) = (place(), place());
    let kept = asked(&waits, &order, &|_| None);
    let (plan, event) = kept.waits_for().expect("it waits");
    assert!(
        kept.facts.truth.is_none(),
        "the truth stays hidden while it waits"
    );
    let waiting = Status::Waiting {
        plan: plan.to_owned(),
        event,
    };
    assert_eq!(waits.run.status().expect("read"), waiting);
    assert!(waits.run.summary().expect("readable").is_none());
    // Asked again, nobody answers: it waits on as it did.
    let again = go_on(&waits.run, &order, None).expect("resumed");
    assert_eq!(again.waits_for(), Some((plan, event)));
    assert_eq!(waits.run.status().expect("read"), waiting);
    go_on(&waits.run, &order, Some(Ruling::plain(true))).expect("resumed");
    let once = Cell::new(true);
    asked(&at_once, &order, &|_| {
        once.take().then(|| Ruling::plain(true))
    });
    assert!(left(&waits.run) == left(&at_once.run));
}

#[test]
fn a_refusal_with_its_reason_is_on_record() {
    let loaded = brief("online-boutique-oom", 5.0);
    let order = Order {
        approval: Approval::Ask,
        ..order(&loaded)
    };
    let place = place();
    asked(&place, &order, &|_| None);
    let ruling = Ruling {
        granted: false,
        reason: Some("not on a Friday".to_owned()),
    };
    let kept = go_on(&place.run, &order, Some(ruling)).expect("resumed");
    let reasons = kept
        .events
        .iter()
        .filter_map(|stamped| match &stamped.event {
            RunEvent::ApprovalGiven { reason, .. } => reason.clone(),
            _ => None,
        });
    assert_eq!(reasons.collect::<Vec<_>>(), ["not on a Friday"]);
    if kept.rest == Some(Rest::Over) {
        assert_eq!(kept.summary().outcome, Ending::Refused);
    }
    let logs = Logs::read(&place.run).expect("intact");
    assert_eq!(again(&order, &logs).expect("played"), None);
}

#[test]
fn a_run_that_is_played_is_not_gone_on_with_by_another() {
    let (place, loaded) = (place(), brief("online-boutique-oom", 3.0));
    let order = order(&loaded);
    place.play(&order, TO_ITS_END);
    let cut = killed(&place.run, &written(&order), 40);
    let held = cut.run.hold().expect("held");
    assert_eq!(cut.run.status().expect("read"), Status::Running);
    let why = go_on(&cut.run, &order, None).expect_err("held").to_string();
    assert!(why.contains("another process"), "{why}");
    drop(held);
    go_on(&cut.run, &order, None).expect("resumed");
}

#[test]
fn another_choice_at_a_step_is_a_run_of_its_own_that_repeats() {
    let (parent, own, loaded) = (place(), place(), brief("online-boutique-oom", 6.0));
    let order = order(&loaded);
    let kept = parent.play(&order, TO_ITS_END);
    let logs = Logs::read(&parent.run).expect("intact");
    let taken = steps(&logs.events, &logs.inputs).expect("steps");
    let select = taken
        .iter()
        .find(|step| step.nodes == ["select"])
        .expect("a selection");
    let known = then(&logs.events, &logs.inputs, select.step)
        .expect("read")
        .expect("a step");
    let incident = known.state.incident.expect("an incident");
    let choice = incident.verdict.expect("a verdict").choice.expect("a plan");
    let other = incident
        .plans
        .iter()
        .find(|plan| plan.id != choice && !plan.is_wait());
    let other = other.expect("another plan").id.clone();

    let begun = Begun {
        run: own.run.clone(),
        meta: Meta::begin("own", "a scenario", UNIX_EPOCH, Vec::new()),
        version: "0".to_owned(),
        source: None,
        durability: Durability::Step,
    };
    let turn = Turn {
        step: select.step,
        pick: aegis_graphs::sentinel::Pick::Plan(other.clone()),
    };
    let audience = Audience {
        see: &mut |_| {},
        ask: &mut |_, _, _| Some(Ruling::plain(true)),
        advise: &mut no_model,
        stop: &|| false,
        memory: None,
    };
    let branched = branch(&order, begun, (&logs, turn), audience).expect("played");
    let differs = kept
        .events
        .iter()
        .zip(&branched.events)
        .position(|(a, b)| a != b);
    let RunEvent::Selected(verdict) = &branched.events[differs.expect("it differs")].event else {
        panic!("{:?}", branched.events[differs.expect("it differs")]);
    };
    assert_eq!(verdict.choice, Some(other));
    assert!(verdict.why.contains("bidden"), "{}", verdict.why);

    // It is a run like any other: it comes out again, with its world and without.
    let logs = Logs::read(&own.run).expect("intact");
    assert_eq!(again(&order, &logs).expect("played"), None);
    let mut expected = Expected::new(&logs);
    let tell = &mut |event: &_| {
        expected.take(&serde_json::to_vec(event).expect("JSON"));
        Ok(())
    };
    replay(&tape(&logs.events), &logs.inputs, tell).expect("replayed");
    assert_eq!(expected.finish(), None);
}

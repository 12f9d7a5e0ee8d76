//! What holds for any graph, any answers, any order of answers. Graphs are drawn at random: layers of nodes, each of
//! which writes what it saw, asks for a few dishes, and goes on to some of the next layer, once or in copies.

use std::sync::Arc;

use aegis_graphs::executor::{
    Blueprint, BranchId, Budget, End, Event, Limits, NodeSpec, Run, ServiceTicks, Trials, node,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::kitchen::*;

const NAMES: [&str; 13] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
];
const WIDTH: usize = 3;

/// What a station does. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
struct Station {
    asks: Vec<u64>,
    goes_to: Vec<usize>,
    copies: u32,
    waits: bool,
    attempts: u32,
}

fn station() -> impl Strategy<Value = Station> {
    let asks = prop::collection::vec(1_u64..30, 0..3);
    let goes_to = prop::collection::vec(0..WIDTH, 1..3);
    (asks, goes_to, 0_u32..3, any::<bool>(), 1_u32..4).prop_map(
        |(asks, goes_to, copies, waits, attempts)| Station {
            asks,
            goes_to,
            copies,
            waits,
            attempts,
        },
    )
}

fn stations() -> impl Strategy<Value = Vec<Station>> {
    prop::collection::vec(station(), 5..=NAMES.len())
}

/// Station 0 is the entry; then layers of `WIDTH`; all that cannot go on leave. Those that nothing goes to are left out.
fn kitchen(stations: &[Station], limits: Limits) -> Kitchens {
    let targets = targets(stations);
    let reached = reached(&targets);
    let nodes = (0..stations.len()).filter(|i| reached[*i]).map(|i| {
        let feeds = (0..i).find(|p| reached[*p] && targets[*p].contains(&i));
        spec(i, &stations[i], &targets[i], feeds)
    });
    let blueprint = nodes
        .fold(blueprint(NAMES[0]), Blueprint::with)
        .limits(limits);
    blueprint.build().expect("layers are sound")
}

fn targets(stations: &[Station]) -> Vec<Vec<usize>> {
    let layer = |i: usize| i.div_ceil(WIDTH) * WIDTH + 1;
    let of = |(i, s): (usize, &Station)| {
        let all = s
            .goes_to
            .iter()
            .map(|t| layer(i) + t)
            .filter(|t| *t < stations.len());
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    stations.iter().enumerate().map(of).collect()
}

fn reached(targets: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; targets.len()];
    reached[0] = true;
    for (i, to) in targets.iter().enumerate() {
        to.iter()
            .filter(|_| reached[i])
            .collect::<Vec<_>>()
            .iter()
            .for_each(|t| reached[**t] = true);
    }
    reached
}

fn spec(i: usize, station: &Station, targets: &[usize], feeds: Option<usize>) -> NodeSpec<Kitchen> {
    let (asks, copies, to) = (station.asks.clone(), station.copies, targets.to_vec());
    let run = move |state: &Vec<String>, call: &Call<'_>| {
        let seen = format!("{}{:?} {} {}", NAMES[i], call.item, state.len(), came(call));
        let dish = |(n, ticks): (usize, &u64)| Order {
            name: format!("{seen}.{n}"),
            ticks: *ticks,
        };
        let mut step = asks
            .iter()
            .enumerate()
            .map(dish)
            .fold(Step::new(), Step::ask);
        for (n, t) in to.iter().enumerate() {
            let fan = n == 0 && copies > 0;
            step = if fan {
                step.each(At(NAMES[*t]), 0..copies)
            } else {
                step.then(At(NAMES[*t]))
            };
        }
        step.write(seen)
    };
    let names = || targets.iter().map(|t| At(NAMES[*t]));
    let spec = node(At(NAMES[i]), run)
        .to(names())
        .each(names())
        .policy(attempts(station.attempts));
    let spec = if targets.is_empty() {
        spec.exits()
    } else {
        spec
    };
    match feeds {
        Some(p) if station.waits => spec.gather([At(NAMES[p])]),
        _ => spec,
    }
}

/// The answer to a request depends on the request and on how often it was tried, and on nothing else.
fn fickle(request: &aegis_graphs::executor::Request<Kitchen>) -> Reply {
    let sum: u32 = request.effect.name.bytes().map(u32::from).sum();
    match (sum + request.attempt) % 4 {
        0 => Reply::Burnt,
        1 if request.attempt == 1 => Reply::Late,
        _ => done(request),
    }
}

struct Seen {
    run: Run<Kitchen>,
    events: Vec<Event<Kitchen>>,
}

/// Runs to the end; of the open requests the one that `pick` names is answered next, with a poll after each answer
/// that `pick` makes odd. Cancels before the answer of index `cancel`.
fn drive(graph: &Kitchens, pick: &[usize], cancel: Option<usize>) -> Seen {
    let mut run = Run::start(Arc::clone(graph), Vec::new());
    let (mut open, mut events, mut fed) = (Vec::new(), Vec::new(), 0_usize);
    while run.end().is_none() {
        let pick = pick[fed % pick.len()];
        if open.is_empty() || pick % 2 == 1 {
            let polled = run.poll();
            open.extend(polled.requests);
            events.extend(polled.events);
        }
        if open.is_empty() {
            continue;
        }
        if cancel == Some(fed) {
            run.cancel("enough").expect("running");
            break;
        }
        let request = open.swap_remove(pick % open.len());
        run.feed(request.id, fickle(&request)).expect("open");
        fed += 1;
    }
    events.extend(run.poll().events);
    Seen { run, events }
}

fn same(a: &Seen, b: &Seen) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.run.state(), b.run.state());
    prop_assert_eq!(a.run.log(), b.run.log());
    prop_assert_eq!(a.run.end(), b.run.end());
    prop_assert_eq!(a.run.spent(), b.run.spent());
    prop_assert_eq!(&a.events, &b.events);
    Ok(())
}

fn picks() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..16, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_answers_changes_nothing(stations in stations(), one in picks(), other in picks()) {
        let graph = kitchen(&stations, Limits::default());
        same(&drive(&graph, &one, None), &drive(&graph, &other, None))?;
    }

    #[test]
    fn budgets_hold_in_any_order(
        stations in stations(),
        one in picks(),
        other in picks(),
        ticks in 0_u64..400,
        trials in 0_u64..40,
        steps in 0_u32..8,
    ) {
        let (service_ticks, trials) = (Some(ServiceTicks(ticks)), Some(Trials(trials)));
        let limits = Limits { steps: Some(steps), service_ticks, trials };
        let graph = kitchen(&stations, limits);
        let seen = drive(&graph, &one, None);
        prop_assert_eq!(limits.broken_by(&seen.run.spent()), None);
        same(&seen, &drive(&graph, &other, None))?;
        let asked = |e: &Event<Kitchen>| match e {
            Event::Asked { cost, .. } => cost.service_ticks.0,
            _ => 0,
        };
        let sum: u64 = seen.events.iter().map(asked).sum();
        prop_assert_eq!(sum, seen.run.spent().cost.service_ticks.0, "the events account for all that was spent");
        if seen.run.end() == Some(&End::Exhausted(Budget::Steps)) {
            prop_assert_eq!(seen.run.spent().steps, steps);
        }
    }

    #[test]
    fn every_prefix_of_a_log_resumes_to_the_same_end(stations in stations(), pick in picks(), cut in 0_usize..64) {
        let graph = kitchen(&stations, Limits::default());
        let whole = drive(&graph, &pick, None);
        let cut = cut % (whole.run.log().len() + 1);
        let mut run = Run::replay(Arc::clone(&graph), Vec::new(), &whole.run.log()[..cut]).expect("its own log");
        let mut events = Vec::new();
        while run.end().is_none() {
            let polled = run.poll();
            events.extend(polled.events);
            feed_all(&mut run, polled.requests.iter().map(|r| (r.id, fickle(r))));
        }
        same(&Seen { run, events }, &whole)?;
    }

    #[test]
    fn cancelled_anywhere_a_run_ends_by_name_and_replays(stations in stations(), pick in picks(), at in 0_usize..20) {
        let graph = kitchen(&stations, Limits::default());
        let seen = drive(&graph, &pick, Some(at));
        let cancelled = seen.run.end() == Some(&End::Cancelled("enough".into()));
        prop_assert!(cancelled || seen.run.log().len() <= at, "{:?}", seen.run.end());
        let mut run = Run::replay(Arc::clone(&graph), Vec::new(), seen.run.log()).expect("its own log");
        let events = run.poll().events;
        same(&Seen { run, events }, &seen)?;
    }

    #[test]
    fn a_run_always_ends_and_each_node_that_starts_finishes(stations in stations(), pick in picks()) {
        let seen = drive(&kitchen(&stations, Limits::default()), &pick, None);
        let named = matches!(seen.run.end(), Some(End::Finished | End::Starved { .. }));
        prop_assert!(named, "{:?}", seen.run.end());
        let count = |f: fn(&Event<Kitchen>) -> bool| seen.events.iter().filter(|e| f(e)).count();
        let started = count(|e| matches!(e, Event::NodeStarted { .. }));
        prop_assert_eq!(started, count(|e| matches!(e, Event::NodeFinished { .. })));
        prop_assert_eq!(count(|e| matches!(e, Event::Ended { .. })), 1);
        let answered = count(|e| matches!(e, Event::Received { .. }));
        prop_assert_eq!(answered, count(|e| matches!(e, Event::Asked { .. })));
    }
}

/// Without this the properties above could hold for want of anything to go wrong.
#[test]
fn the_kitchens_drawn_are_busy() {
    let mut runner = TestRunner::deterministic();
    let (mut parallel, mut copies, mut retried, mut gave_up, mut gathered) = (0, 0, 0, 0, 0);
    for _ in 0..200 {
        let stations = stations().new_tree(&mut runner).expect("a draw").current();
        let seen = drive(&kitchen(&stations, Limits::default()), &[0], None);
        let any = |f: fn(&Event<Kitchen>) -> bool| usize::from(seen.events.iter().any(f));
        let has_pair = |w: &[Event<Kitchen>]| w.iter().all(|e| matches!(e, Event::Asked { .. }));
        parallel += usize::from(seen.events.windows(2).any(has_pair));
        copies +=
            any(|e| matches!(e, Event::NodeStarted { branch, .. } if *branch != BranchId::ROOT));
        retried += any(|e| matches!(e, Event::Retried { .. }));
        gave_up += any(|e| matches!(e, Event::GaveUp { .. }));
        gathered += usize::from(stations.iter().any(|s| s.waits && s.copies > 0));
    }
    let all = [parallel, copies, retried, gave_up, gathered];
    assert!(all.iter().all(|n| *n >= 80), "{all:?} of 200");
}

//! What must hold in any network: no requests from nowhere, no swinging, the law of metastability.

use crate::rig::{Rig, calls, insists, off, pod};
use aegis_model::behaviour::{CallMode, Cancels, Need};
use aegis_solver::{Class, ClassId, Dead, Edge, Inputs, Network, Route, State};
use proptest::prelude::*;

/// Requests per second that the callee of these tests can serve.
const MU: f64 = 200.0;

fn many_workers(service: f64) -> Class {
    Class {
        workers: 100_000,
        queue: 0,
        ..pod(1, service)
    }
}

#[test]
fn ten_workers_over_a_slow_callee_do_not_swing() {
    let caller = Class {
        workers: 10,
        queue: 1_000,
        ..pod(4, 0.001)
    };
    let mut rig = Rig::pair(caller, calls(30.0), many_workers(1.0 / MU), calls(30.0));
    rig.run(200, 400.0);
    let rates: Vec<f64> = (0..60)
        .map(|_| rig.run(1, 400.0).class(0).completed)
        .collect();
    let (least, most) = rates
        .iter()
        .fold((f64::MAX, 0.0_f64), |(a, b), &x| (a.min(x), b.max(x)));
    println!("ten workers: {least:.2} to {most:.2} requests/s");
    assert!(most - least < 0.01 * most, "{least} to {most}");
    assert!(off(most, MU) < 0.05, "{most}");
}

/// Share of requests that users get answered, long after a spike that overloaded the callee.
fn after_a_spike(base: f64, edge: Edge, room: u32) -> f64 {
    let callee = Class {
        workers: 16,
        queue: room - 16,
        ..pod(1, 1.0 / MU)
    };
    let mut rig = Rig::single(callee, edge);
    rig.run(60, base).run(60, 3.0 * MU).run(600, base);
    1.0 - rig.flows.edges[0].failing
}

#[test]
fn failure_stays_or_goes_by_the_law() {
    let retries = 3;
    let limit = MU / f64::from(retries + 1);
    for timeout in [0.5, 1.0] {
        let answered = |share: f64| after_a_spike(share * limit, insists(timeout, retries), 1_000);
        assert!(
            answered(0.9) > 0.99,
            "below the limit it recovers: {}",
            answered(0.9)
        );
        assert!(
            answered(1.1) < 0.05,
            "above the limit it stays: {}",
            answered(1.1)
        );
    }
    for base in [40.0, 51.0, 100.0, 150.0] {
        let answered = after_a_spike(base, insists(1.0, retries), 1_000);
        assert_eq!(answered > 0.5, base < limit, "{base}: {answered}");
    }
}

#[test]
fn a_budget_or_a_short_queue_always_recovers() {
    for base in [40.0, 100.0, 150.0] {
        let budget = Edge {
            budget: Some(0.1),
            ..insists(1.0, 3)
        };
        let answered = after_a_spike(base, budget, 1_000);
        assert!(answered > 0.99, "retry budget at {base}: {answered}");
        let answered = after_a_spike(base, insists(1.0, 3), 100);
        assert!(answered > 0.95, "K/μ below τ at {base}: {answered}");
    }
}

#[test]
fn cancelling_recovers() {
    let edge = Edge {
        cancels: Cancels::Yes,
        ..insists(1.0, 3)
    };
    assert!(after_a_spike(100.0, edge, 1_000) > 0.95);
}

#[test]
fn a_caller_waits_for_its_callees() {
    let mut rig = Rig::pair(
        many_workers(0.01),
        calls(30.0),
        many_workers(0.02),
        calls(30.0),
    );
    rig.run(100, 25.0);
    assert!(
        off(rig.class(1).sojourn, 0.04) < 0.01,
        "{}",
        rig.class(1).sojourn
    );
    let expected = 0.04 + 0.01 / 0.75;
    assert!(
        off(rig.class(0).sojourn, expected) < 0.02,
        "{}",
        rig.class(0).sojourn
    );
    assert!(off(rig.class(0).in_flight, 25.0 * expected) < 0.02);
}

#[test]
fn parallel_calls_wait_for_the_longest() {
    let mut builder = Network::builder();
    let caller = builder.class(many_workers(0.0001));
    builder.entry(calls(30.0), &[Route::new(caller, 1.0)]);
    for nth in 1..=3 {
        let asleep = Class {
            latency: 0.1,
            ..many_workers(1e-9)
        };
        let callee = builder.class(asleep);
        let edge = Edge {
            mode: CallMode::Parallel,
            ..calls(30.0)
        };
        builder.call(caller, edge, &[Route::new(callee, 1.0)]);
        assert_eq!(callee, ClassId(nth));
    }
    let mut rig = Rig::new(builder.build());
    rig.run(60, 10.0);
    let longest = 0.1 * (1.0 + 1.0 / 2.0 + 1.0 / 3.0);
    assert!(
        off(rig.class(0).called, longest) < 0.01,
        "{}",
        rig.class(0).called
    );
}

#[test]
fn dead_routes_fail_in_their_own_time() {
    let dead = |dead: Dead| {
        let mut builder = Network::builder();
        let class = builder.class(many_workers(0.001));
        builder.entry(calls(30.0), &[Route::new(class, 1.0)]);
        builder.call(
            class,
            Edge {
                dead,
                round_trip: 0.001,
                ..calls(3.0)
            },
            &[],
        );
        let mut rig = Rig::new(builder.build());
        rig.run(100, 10.0);
        (rig.class(0).failed, rig.class(0).called)
    };
    let (failed, waited) = dead(Dead {
        refused: 1.0,
        ..Dead::default()
    });
    assert!(off(failed, 10.0) < 1e-6 && off(waited, 0.001) < 1e-6);
    let (failed, waited) = dead(Dead {
        dropped: 0.5,
        refused: 0.5,
        ..Dead::default()
    });
    assert!(
        off(failed, 10.0) < 1e-6 && off(waited, 1.5005) < 1e-3,
        "{waited}"
    );
}

#[test]
fn a_loop_fails_at_its_thirty_second_hop() {
    let mut builder = Network::builder();
    let class = builder.class(many_workers(0.0001));
    builder.entry(calls(30.0), &[Route::new(class, 1.0)]);
    builder.call(
        class,
        Edge {
            need: Need::Async,
            ..calls(30.0)
        },
        &[Route::new(class, 1.0)],
    );
    let mut rig = Rig::new(builder.build());
    rig.run(300, 10.0);
    assert!(
        off(rig.class(0).looped, 10.0) < 1e-6,
        "{}",
        rig.class(0).looped
    );
    assert!(
        off(rig.class(0).completed, 320.0) < 1e-6,
        "{}",
        rig.class(0).completed
    );
}

#[test]
fn a_loop_that_waits_for_itself_blocks() {
    let mut builder = Network::builder();
    let class = builder.class(Class {
        workers: 20,
        queue: 100,
        ..pod(1, 0.0001)
    });
    builder.entry(calls(30.0), &[Route::new(class, 1.0)]);
    builder.call(class, calls(2.0), &[Route::new(class, 1.0)]);
    let mut rig = Rig::new(builder.build());
    rig.run(300, 50.0);
    assert!(
        rig.flows.edges[0].failing > 0.9,
        "{}",
        rig.flows.edges[0].failing
    );
}

#[test]
fn pods_that_leave_take_their_requests() {
    let class = Class {
        replicas: 4,
        ..many_workers(0.1)
    };
    let mut rig = Rig::single(class, calls(30.0));
    rig.run(60, 32.0);
    let before = rig.state.stock(&rig.network);
    let lost = rig.state.rescale(ClassId(0), 4, 3);
    rig.network.class_mut(ClassId(0)).replicas = 3;
    assert!(off(lost, before / 4.0) < 1e-9);
    assert!(off(rig.state.stock(&rig.network), 0.75 * before) < 1e-9);
}

#[test]
fn a_breaker_takes_the_load_off() {
    let run = |breaker| {
        let edge = Edge {
            breaker,
            ..insists(0.5, 3)
        };
        let callee = Class {
            workers: 16,
            queue: 984,
            ..pod(1, 1.0 / MU)
        };
        let mut rig = Rig::pair(many_workers(0.0001), edge, callee, calls(30.0));
        rig.run(60, 100.0).run(30, 600.0).run(300, 100.0);
        1.0 - rig.flows.edges[1].failing
    };
    assert!(run(None) < 0.1);
    assert!(run(Some(0.5)) > 0.9, "{}", run(Some(0.5)));
}

/// A call of a random network: caller, callees, retries, time-out, ratio, kind.
type Drawn = (usize, Vec<usize>, u32, f64, f64, u8);

fn drawn_edge((_, _, retries, timeout, ratio, kind): &Drawn) -> Edge {
    Edge {
        ratio: *ratio,
        retries: *retries,
        timeout: *timeout,
        backoff: 0.1,
        round_trip: 0.001,
        mode: if kind & 1 == 0 {
            CallMode::Sequence
        } else {
            CallMode::Parallel
        },
        cancels: if kind & 2 == 0 {
            Cancels::Yes
        } else {
            Cancels::No
        },
        need: [Need::Required, Need::Optional, Need::Async][usize::from(kind >> 2) % 3],
        budget: (kind & 16 != 0).then_some(0.1),
        breaker: (kind & 32 != 0).then_some(0.5),
        ..Edge::entry(1.0)
    }
}

fn drawn_routes(classes: usize, (_, callees, ..): &Drawn) -> Vec<Route> {
    let share = 1.0 / callees.len() as f64;
    let route = |callee: &usize| Route {
        extra_latency: 0.002,
        loss: 0.01,
        ..Route::new(ClassId((callee % classes) as u32), share)
    };
    callees.iter().map(route).collect()
}

fn drawn_network(classes: &[(u32, f64, u32, u32, f64)], edges: &[Drawn]) -> Network {
    let mut builder = Network::builder();
    for &(replicas, cost, workers, queue, latency) in classes {
        builder.class(Class {
            replicas,
            workers,
            queue,
            latency,
            slots: 2,
            ..pod(1, cost)
        });
    }
    builder.entry(insists(5.0, 1), &[Route::new(ClassId(0), 1.0)]);
    for drawn in edges {
        let caller = ClassId((drawn.0 % classes.len()) as u32);
        builder.call(
            caller,
            drawn_edge(drawn),
            &drawn_routes(classes.len(), drawn),
        );
    }
    builder.build()
}

fn drawn_call() -> impl Strategy<Value = Drawn> {
    let callees = proptest::collection::vec(0..100_usize, 1..4);
    (
        0..100_usize,
        callees,
        0..4_u32,
        0.05..5.0_f64,
        0.0..2.5_f64,
        0..64_u8,
    )
}

fn drawn_class() -> impl Strategy<Value = (u32, f64, u32, u32, f64)> {
    (
        0..4_u32,
        0.0001..0.5_f64,
        1..64_u32,
        0..200_u32,
        0.0..2.0_f64,
    )
}

/// Everything that a tick hands on is a number, and not below zero.
fn sane(rig: &Rig) -> bool {
    let class = rig.flows.classes.iter().all(|flow| {
        let values = [
            flow.offered,
            flow.completed,
            flow.good,
            flow.failed,
            flow.shed,
            flow.cancelled,
            flow.lost,
            flow.looped,
            flow.cpu_used,
            flow.cpu_demand,
            flow.in_flight,
            flow.sojourn,
            flow.cv2,
        ];
        values
            .iter()
            .all(|value| value.is_finite() && *value > -1e-9)
    });
    let edge = rig.flows.edges.iter().all(|flow| {
        let shares = [flow.failing, flow.lost_calls];
        shares.iter().all(|share| (0.0..=1.0).contains(share))
            && [flow.attempts, flow.held, flow.variance]
                .iter()
                .all(|v| v.is_finite() && *v >= 0.0)
    });
    class && edge
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_comes_from_nowhere(
        classes in proptest::collection::vec(drawn_class(), 1..8),
        edges in proptest::collection::vec(drawn_call(), 0..12),
        rates in proptest::collection::vec(0.0..2000.0_f64, 1..6),
        killed in 0.0..1.0_f64,
        quota in 0.05..2.0_f64,
    ) {
        let mut rig = Rig::new(drawn_network(&classes, &edges));
        rig.inputs.classes[0].quota = quota;
        for rate in rates {
            for second in 0..10 {
                rig.inputs.classes[0].killed = if second == 5 { killed } else { 0.0 };
                rig.run(1, rate);
                prop_assert!(sane(&rig), "{:?}", rig.flows);
            }
        }
    }
}

#[test]
fn a_run_repeats_to_the_bit() {
    let classes = [
        (2, 0.01, 8, 50, 0.1),
        (1, 0.02, 4, 20, 0.0),
        (3, 0.005, 16, 100, 0.01),
    ];
    let edges = [
        (0, vec![1, 2], 2, 0.5, 1.5, 0),
        (1, vec![0], 1, 0.3, 0.4, 4),
        (2, vec![1], 3, 1.0, 0.7, 3),
    ];
    let run = || {
        let mut rig = Rig::new(drawn_network(&classes, &edges));
        rig.run(50, 30.0).run(50, 300.0).run(50, 10.0);
        (rig.state, rig.flows)
    };
    assert_eq!(run(), run());
}

#[test]
fn callers_come_first() {
    let edges = [
        (3, vec![2], 0, 1.0, 1.0, 0),
        (2, vec![1, 0], 0, 1.0, 1.0, 0),
        (1, vec![0], 0, 1.0, 1.0, 0),
    ];
    let network = drawn_network(&[(1, 0.01, 1, 1, 0.0); 4], &edges);
    assert_eq!(network.order(), [3, 2, 1, 0].map(ClassId));
}

#[test]
fn a_state_is_carried_to_another_network() {
    let classes = [(4, 0.1, 100, 100, 0.0), (2, 0.05, 100, 100, 0.0)];
    let edges = [(0, vec![1], 2, 0.5, 1.0, 0)];
    let mut rig = Rig::new(drawn_network(&classes, &edges));
    rig.run(100, 20.0);
    let split = [
        (3, 0.1, 100, 100, 0.0),
        (2, 0.05, 100, 100, 0.0),
        (1, 0.1, 100, 100, 0.0),
    ];
    let new = drawn_network(&split, &[edges[0].clone(), (2, vec![1], 2, 0.5, 1.0, 0)]);
    let step = |from, to, pods| aegis_solver::Move {
        from: ClassId(from),
        to: ClassId(to),
        pods,
    };
    let (next, lost) = rig.state.carried(
        &rig.network,
        &new,
        &[step(0, 0, 3), step(1, 1, 2), step(0, 2, 1)],
    );
    let stock = rig.state.stock(&rig.network);
    assert!(lost < 1e-9 && off(next.stock(&new), stock) < 1e-12);
    let (fewer, lost) = rig
        .state
        .carried(&rig.network, &new, &[step(0, 0, 3), step(1, 1, 2)]);
    assert!(off(fewer.stock(&new) + lost, stock) < 1e-12);
    assert_eq!(State::idle(&new).stock(&new), 0.0);
    assert_eq!(Inputs::calm(&new).rates.len(), 1);
}

//! Budgets: of a run, and of a part of its graph each time that it is entered.

use aegis_graphs::executor::{
    Budget, Cost, End, GraphError, Limits, ServiceTicks, Spent, Trials, node,
};

use crate::kitchen::*;

/// Goes round until a budget is gone; each round costs 10 ticks and a trial. Notes what it has left.
fn roundabout(limits: Limits) -> Kitchens {
    blueprint("round")
        .with(
            node(At("round"), |_, call: &Call<'_>| {
                say(format!("{:?}", call.left.trials.map(|t| t.0)))
                    .ask(order("lap"))
                    .then(At("round"))
            })
            .to([At("round")])
            .exits(),
        )
        .limits(limits)
        .build()
        .expect("a sound graph")
}

#[test]
fn a_budget_ends_a_run_by_name_and_is_never_overdrawn() {
    let cases = [
        (steps(3), Budget::Steps, 3, 30),
        (
            Limits {
                service_ticks: Some(ServiceTicks(25)),
                ..steps(9)
            },
            Budget::ServiceTicks,
            3,
            20,
        ),
        (
            Limits {
                trials: Some(Trials(4)),
                ..steps(9)
            },
            Budget::Trials,
            5,
            40,
        ),
        (
            Limits {
                trials: Some(Trials(0)),
                ..steps(9)
            },
            Budget::Trials,
            1,
            0,
        ),
        (steps(0), Budget::Steps, 0, 0),
    ];
    for (limits, budget, steps, ticks) in cases {
        let (run, _) = serve(&roundabout(limits), done);
        assert_eq!(run.end(), Some(&End::Exhausted(budget)), "{limits:?}");
        let cost = Cost {
            service_ticks: ServiceTicks(ticks),
            trials: Trials(ticks / 10),
        };
        assert_eq!(run.spent(), Spent { steps, cost }, "{limits:?}");
    }
}

#[test]
fn a_node_sees_what_is_left() {
    let (run, _) = serve(
        &roundabout(Limits {
            trials: Some(Trials(2)),
            ..steps(9)
        }),
        done,
    );
    assert_eq!(run.state(), &["Some(2)", "Some(1)", "Some(0)"]);
}

/// Two laps at most each time round, three times round; each lap costs 10 ticks and a trial.
fn rounds_with_an_allowance(limits: Limits, greed: usize) -> Kitchens {
    let lap = |name, next| {
        node(At(name), move |_, call: &Call<'_>| {
            let left = call.left.trials.map_or(9, |left| left.0 as usize);
            let laps = vec![order("lap"); greed.min(left)];
            let step = say(format!("{name} {left}")).then(At(next));
            laps.into_iter().fold(step, Step::ask)
        })
    };
    blueprint("enter")
        .with(lap("enter", "go").to([At("go")]))
        .with(lap("go", "rest").to([At("rest")]))
        .with(
            node(At("rest"), |state: &Vec<String>, call: &Call<'_>| {
                let left = call.left.trials;
                let step = say(format!("rest {:?}", left.map(|left| left.0)));
                if state.len() < 8 {
                    step.then(At("enter"))
                } else {
                    step
                }
            })
            .to([At("enter")])
            .exits(),
        )
        .allowance(At("enter"), [At("go")], limits)
        .limits(steps(99))
        .build()
        .expect("a sound graph")
}

#[test]
fn an_allowance_is_filled_again_each_time_its_part_is_entered() {
    let three = Limits {
        trials: Some(Trials(3)),
        ..Limits::default()
    };
    let (run, _) = serve(&rounds_with_an_allowance(three, 2), done);
    assert_eq!(run.end(), Some(&End::Finished));
    assert_eq!(
        run.state(),
        &["enter 3", "go 1", "rest None"].repeat(3),
        "what lies outside of it is not bounded"
    );
    assert_eq!(run.spent().cost.trials, Trials(9));
}

#[test]
fn an_allowance_that_is_overdrawn_ends_the_run_by_name() {
    let ticks = Limits {
        service_ticks: Some(ServiceTicks(15)),
        ..Limits::default()
    };
    let (run, _) = serve(&rounds_with_an_allowance(ticks, 1), done);
    assert_eq!(run.end(), Some(&End::Exhausted(Budget::ServiceTicks)));
    assert_eq!(run.spent().cost.service_ticks, ServiceTicks(10));
}

#[test]
fn an_allowance_names_nodes_of_its_graph() {
    let graph = blueprint("a")
        .with(node(At("a"), |_, _| Step::new()).exits())
        .allowance(At("a"), [At("b")], Limits::default());
    assert_eq!(
        graph.build().err(),
        Some(GraphError::UnknownTarget {
            graph: "kitchen".into(),
            from: "a".into(),
            to: "b".into()
        })
    );
}

#[test]
fn attempts_again_are_paid_for() {
    let limits = Limits {
        trials: Some(Trials(2)),
        ..Limits::default()
    };
    let graph = blueprint("a")
        .with(
            node(At("a"), |_, _| Step::new().ask(order("x")))
                .exits()
                .policy(attempts(5)),
        )
        .limits(limits)
        .build()
        .expect("a sound graph");
    let (run, _) = serve(&graph, |_| Reply::Burnt);
    assert_eq!(run.end(), Some(&End::Exhausted(Budget::Trials)));
    assert_eq!(run.spent().cost.trials, Trials(2));
}

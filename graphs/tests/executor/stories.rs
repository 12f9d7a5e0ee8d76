//! What a run does, told as transcripts.

use std::sync::Arc;
use std::time::Duration;

use aegis_graphs::executor::{
    End, Event, FeedError, NodeSpec, Performer, Policy, Run, Status, mermaid, node,
};

use crate::kitchen::*;

fn reply(name: &str) -> Reply {
    Reply::Done(name.to_owned())
}

/// One order, cooked and served; two attempts.
fn one_order() -> Kitchens {
    let take = |_: &Vec<String>, _: &Call<'_>| say("taken").ask(order("soup")).then(At("serve"));
    let serve = |_: &Vec<String>, call: &Call<'_>| say(format!("served {}", came(call)));
    blueprint("take")
        .with(node(At("take"), take).to([At("serve")]).policy(attempts(2)))
        .with(node(At("serve"), serve).exits())
        .build()
        .expect("a sound graph")
}

#[test]
fn an_effect_is_asked_and_its_answer_goes_to_the_next_node() {
    let graph = one_order();
    let (run, events) = serve(&graph, done);
    check(
        &transcript(&graph, &events),
        r#"
        step 1
          take starts
          take writes taken
          take asks #0, attempt 1, 10 ticks
          #0 brings Done("soup") (Answer)
          take finishes
        step 2
          serve starts
          serve writes served soup
          serve finishes
        end: Finished
        "#,
    );
    assert_eq!(run.state(), &["taken", "served soup"]);
    assert_eq!(run.end(), Some(&End::Finished));
}

#[test]
fn what_fails_is_tried_again_and_then_given_up_and_the_next_node_decides() {
    let graph = one_order();
    let (run, events) = serve(&graph, |r| {
        if r.attempt == 1 {
            Reply::Burnt
        } else {
            Reply::Late
        }
    });
    check(
        &transcript(&graph, &events),
        r#"
        step 1
          take starts
          take writes taken
          take asks #0, attempt 1, 10 ticks
          #0 brings Burnt (Failed)
          #0 again, attempt 2
          take asks #1, attempt 2, 10 ticks
          #1 brings Late (TimedOut)
          #1 given up after 2
          take finishes
        step 2
          serve starts
          serve writes served late
          serve finishes
        end: Finished
        "#,
    );
    assert_eq!(run.state(), &["taken", "served late"]);
}

/// A starter and a main course at once, then the bill when both are there. The main course takes a step more.
fn dinner() -> Kitchens {
    blueprint("seat")
        .with(
            node(At("seat"), |_, _| {
                Step::new().then(At("starter")).then(At("grill"))
            })
            .to([At("starter"), At("grill")]),
        )
        .with(
            node(At("starter"), |_, _| {
                say("starter").ask(order("salad")).then(At("bill"))
            })
            .to([At("bill")]),
        )
        .with(
            node(At("grill"), |_, _| {
                say("grill").ask(order("steak")).then(At("rest"))
            })
            .to([At("rest")]),
        )
        .with(
            node(At("rest"), |state: &Vec<String>, call: &Call<'_>| {
                say(format!("rest {} after {}", came(call), state.len()))
                    .ask(order("rested steak"))
                    .then(At("bill"))
            })
            .to([At("bill")]),
        )
        .with(
            node(At("bill"), |_, call: &Call<'_>| {
                say(format!("bill for {}", came(call)))
            })
            .join([At("starter"), At("rest")])
            .exits(),
        )
        .build()
        .expect("a sound graph")
}

#[test]
fn branches_run_at_once_and_a_join_waits_for_the_longer_one() {
    let graph = dinner();
    let (run, events) = serve(&graph, done);
    check(
        &transcript(&graph, &events),
        r#"
        step 1
          seat starts
          seat finishes
        step 2
          starter starts
          grill starts
          starter writes starter
          grill writes grill
          starter asks #0, attempt 1, 10 ticks
          grill asks #1, attempt 1, 10 ticks
          #0 brings Done("salad") (Answer)
          #1 brings Done("steak") (Answer)
          starter finishes
          grill finishes
        step 3
          rest starts
          rest writes rest steak after 2
          rest asks #2, attempt 1, 10 ticks
          #2 brings Done("rested steak") (Answer)
          rest finishes
        step 4
          bill starts
          bill writes bill for salad+rested steak
          bill finishes
        end: Finished
        "#,
    );
    assert_eq!(
        run.state().last().map(String::as_str),
        Some("bill for salad+rested steak")
    );
}

#[test]
fn answers_may_come_in_any_order() {
    let graph = dinner();
    let serve_reversed = || {
        let mut run = Run::start(Arc::clone(&graph), Vec::new());
        let mut seen = Vec::new();
        loop {
            let polled = run.poll();
            seen.extend(polled.events);
            if run.end().is_some() {
                return (run, seen);
            }
            feed_all(
                &mut run,
                polled.requests.iter().rev().map(|r| (r.id, done(r))),
            );
        }
    };
    let (forward, forward_events) = serve(&graph, done);
    let (backward, backward_events) = serve_reversed();
    assert_eq!(forward.state(), backward.state());
    assert_eq!(forward.log(), backward.log());
    assert_eq!(forward_events, backward_events);
}

/// Each guest gets a plate of their own, and plates of odd number are washed twice; one count at the end.
fn plates(guests: u32) -> Kitchens {
    blueprint("seat")
        .with(
            node(At("seat"), move |_, _| {
                Step::new().each(At("plate"), 1..=guests)
            })
            .each([At("plate")]),
        )
        .with(
            node(At("plate"), |_, call: &Call<'_>| {
                let n = call.item.copied().unwrap_or(0);
                let next = if n % 2 == 1 { At("wash") } else { At("count") };
                say(format!("plate {n}"))
                    .ask(order(format!("dish {n}")))
                    .then(next)
            })
            .to([At("wash"), At("count")]),
        )
        .with(
            node(At("wash"), |_, call: &Call<'_>| {
                let n = call.item.copied().unwrap_or(0);
                say(format!("wash {n}"))
                    .ask(order(format!("clean dish {n}")))
                    .then(At("count"))
            })
            .to([At("count")]),
        )
        .with(
            node(At("count"), |_, call: &Call<'_>| {
                let items: Vec<_> = call
                    .arrivals
                    .iter()
                    .filter_map(|a| a.item.as_deref())
                    .collect();
                say(format!(
                    "count {items:?}: {}; copy {:?}",
                    came(call),
                    call.item
                ))
            })
            .gather([At("plate"), At("wash")])
            .exits(),
        )
        .build()
        .expect("a sound graph")
}

#[test]
fn a_gather_waits_for_all_copies_and_goes_on_outside_of_them() {
    let (run, _) = serve(&plates(3), done);
    let expected = [
        "plate 1",
        "plate 2",
        "plate 3",
        "wash 1",
        "wash 3",
        "count [2, 1, 3]: dish 2+clean dish 1+clean dish 3; copy None",
    ];
    assert_eq!(run.state(), &expected);
}

#[test]
fn a_gather_waits_for_the_slowest_copy() {
    let stir = |state: &Vec<String>, call: &Call<'_>| {
        let n = call.item.copied().unwrap_or(0);
        let stirred = state.iter().filter(|s| **s == format!("stir {n}")).count() as u32 + 1;
        let next = if stirred < n { At("stir") } else { At("serve") };
        say(format!("stir {n}")).then(next)
    };
    let graph = blueprint("pots")
        .with(node(At("pots"), |_, _| Step::new().each(At("stir"), [3, 1, 2])).each([At("stir")]))
        .with(node(At("stir"), stir).to([At("stir"), At("serve")]))
        .with(
            node(At("serve"), |_, call: &Call<'_>| {
                say(format!("serve {}", call.arrivals.len()))
            })
            .gather([At("stir")])
            .exits(),
        )
        .limits(steps(9))
        .build()
        .expect("a sound graph");
    let (run, _) = serve(&graph, done);
    let expected = [
        "stir 3", "stir 1", "stir 2", "stir 3", "stir 2", "stir 3", "serve 3",
    ];
    assert_eq!(
        run.state(),
        &expected,
        "once, after three rounds of stirring"
    );
}

#[test]
fn writes_are_merged_in_node_order_whoever_was_called_for_first() {
    let both = |_: &Vec<String>, _: &Call<'_>| Step::new().then(At("late")).then(At("early"));
    let tell = |name: &'static str| {
        node(At(name), move |state: &Vec<String>, _: &Call<'_>| {
            say(format!("{name} saw {}", state.len()))
        })
    };
    let graph = blueprint("both")
        .with(node(At("both"), both).to([At("late"), At("early")]))
        .with(tell("early").exits())
        .with(tell("late").exits())
        .build()
        .expect("a sound graph");
    let (run, _) = serve(&graph, done);
    assert_eq!(
        run.state(),
        &["early saw 0", "late saw 0"],
        "and neither sees the other's write"
    );
}

#[test]
fn copies_within_copies_gather_level_by_level() {
    let item = |call: &Call<'_>| call.item.copied().unwrap_or(0);
    let graph = blueprint("menu")
        .with(
            node(At("menu"), |_, _| Step::new().each(At("course"), [10, 20])).each([At("course")]),
        )
        .with(
            node(At("course"), move |_, call: &Call<'_>| {
                let n = item(call);
                Step::new().each(At("dish"), [n + 1, n + 2])
            })
            .each([At("dish")]),
        )
        .with(
            node(At("dish"), move |_, call: &Call<'_>| {
                Step::new()
                    .ask(order(item(call).to_string()))
                    .then(At("serve"))
            })
            .to([At("serve")]),
        )
        .with(
            node(At("serve"), move |_, call: &Call<'_>| {
                let (course, dishes) = (item(call), came(call));
                say(format!("course {course}: {dishes}"))
                    .ask(order(dishes))
                    .then(At("bill"))
            })
            .gather([At("dish")])
            .to([At("bill")]),
        )
        .with(
            node(At("bill"), move |_, call: &Call<'_>| {
                say(format!("bill {}: {}", item(call), came(call)))
            })
            .gather([At("serve")])
            .exits(),
        )
        .build()
        .expect("a sound graph");
    let (run, _) = serve(&graph, done);
    assert_eq!(
        run.state(),
        &[
            "course 10: 11+12",
            "course 20: 21+22",
            "bill 0: 11+12+21+22"
        ]
    );
}

#[test]
fn two_branches_that_meet_at_a_plain_node_call_it_once() {
    let graph = blueprint("a")
        .with(node(At("a"), |_, _| Step::new().then(At("b")).then(At("c"))).to([At("b"), At("c")]))
        .with(node(At("b"), |_, _| Step::new().ask(order("b")).then(At("d"))).to([At("d")]))
        .with(node(At("c"), |_, _| Step::new().ask(order("c")).then(At("d"))).to([At("d")]))
        .with(node(At("d"), |_, call: &Call<'_>| say(came(call))).exits())
        .build()
        .expect("a sound graph");
    let (run, _) = serve(&graph, done);
    assert_eq!(run.state(), &["b+c"]);
}

/// The same sub-graph twice, the second within another.
fn courses() -> Kitchens {
    let cook = || {
        blueprint("chop")
            .with(
                node(At("chop"), |_, call: &Call<'_>| {
                    Step::new()
                        .ask(order(format!("{}*", came(call))))
                        .then(At("fry"))
                })
                .to([At("fry")]),
            )
            .with(
                node(At("fry"), |_, call: &Call<'_>| {
                    say(came(call)).ask(order(came(call)))
                })
                .exits(),
            )
    };
    let outer = blueprint("inner").with(NodeSpec::sub_graph(At("inner"), cook()));
    blueprint("first")
        .with(NodeSpec::sub_graph(At("first"), cook()).to([At("second")]))
        .with(NodeSpec::sub_graph(At("second"), outer).to([At("end")]))
        .with(
            node(At("end"), |_, call: &Call<'_>| {
                let from = call.arrivals.iter().filter_map(|a| a.from).map(|n| n.0);
                say(format!(
                    "{} from {:?}",
                    came(call),
                    from.collect::<Vec<_>>()
                ))
            })
            .join([At("second")])
            .exits(),
        )
        .build()
        .expect("a sound graph")
}

#[test]
fn a_sub_graph_is_a_node_with_nodes_of_its_own() {
    let graph = courses();
    let paths: Vec<_> = graph.nodes().map(|n| graph.path(n)).collect();
    assert_eq!(
        paths,
        [
            "first/chop",
            "first/fry",
            "second/inner/chop",
            "second/inner/fry",
            "end"
        ]
    );
    let (run, _) = serve(&graph, done);
    assert_eq!(run.state(), &["*", "**", r#"** from ["second"]"#]);
}

#[test]
fn a_graph_is_drawn() {
    check(
        &mermaid(&courses()),
        r#"
        flowchart TD
          start([start])
          subgraph s0_0 ["first"]
            n0["chop"]
            n1["fry"]
          end
          subgraph s2_0 ["second"]
            subgraph s2_1 ["inner"]
              n2["chop"]
              n3["fry"]
            end
          end
          n4{{"end"}}
          exit([exit])
          start --> n0
          n0 --> n1
          n1 --> n2
          n2 --> n3
          n3 --> n4
          n4 --> exit
        "#,
    );
    check(
        &mermaid(&plates(2)),
        r#"
        flowchart TD
          start([start])
          n0["seat"]
          n1["plate"]
          n2["wash"]
          n3{{"count"}}
          exit([exit])
          start --> n0
          n0 ==> n1
          n1 -.-> n2
          n1 -.-> n3
          n2 --> n3
          n3 --> exit
        "#,
    );
}

/// Asks the owner before it serves.
fn with_approval() -> Kitchens {
    blueprint("ask")
        .with(
            node(At("ask"), |_, _| {
                Step::new().ask(order("approval")).then(At("act"))
            })
            .to([At("act")])
            .interrupt(),
        )
        .with(node(At("act"), |_, call: &Call<'_>| say(came(call))).exits())
        .build()
        .expect("a sound graph")
}

#[test]
fn an_interrupt_waits_for_a_person() {
    let mut run = Run::start(with_approval(), Vec::new());
    assert_eq!(run.status(), Status::Runnable);
    let asked = run.poll().requests;
    assert_eq!(asked[0].performer, Performer::Person);
    assert_eq!(run.status(), Status::Interrupted);
    assert!(
        run.poll().requests.is_empty(),
        "a request is given out once"
    );
    run.feed(asked[0].id, reply("yes")).expect("open");
    assert_eq!(run.status(), Status::Runnable);
    run.poll();
    assert_eq!(
        (run.status(), run.into_state()),
        (Status::Ended, vec!["yes".to_owned()])
    );
}

#[test]
fn a_request_carries_its_time_out() {
    let timeout = Some(Duration::from_millis(250));
    let graph = blueprint("a")
        .with(
            node(At("a"), |_, _| Step::new().ask(order("x")))
                .exits()
                .policy(Policy {
                    timeout,
                    ..attempts(2)
                }),
        )
        .build()
        .expect("a sound graph");
    let mut run = Run::start(graph, Vec::new());
    let first = run.poll().requests;
    assert_eq!((first[0].timeout, first[0].attempt), (timeout, 1));
    run.feed(first[0].id, Reply::Late).expect("open");
    let second = run.poll().requests;
    assert_eq!((second[0].timeout, second[0].attempt), (timeout, 2));
    let late = run.feed(first[0].id, reply("x"));
    assert_eq!(
        late,
        Err(FeedError::NotOpen(first[0].id)),
        "the first attempt is over"
    );
}

#[test]
fn cancelling_keeps_what_was_written_and_withdraws_what_was_asked() {
    let graph = dinner();
    let mut run = Run::start(Arc::clone(&graph), Vec::new());
    let requests = run.poll().requests;
    run.feed(requests[1].id, reply("steak")).expect("open");
    run.cancel("closing time").expect("running");
    check(
        &transcript(&graph, &run.poll().events),
        r#"
          #0 withdrawn
          #1 brings Done("steak") (Answer)
        end: Cancelled("closing time")
        "#,
    );
    assert_eq!(run.state(), &["starter", "grill"]);
    assert_eq!(
        run.feed(requests[0].id, reply("salad")),
        Err(FeedError::Ended)
    );
    assert_eq!(run.cancel("again"), Err(FeedError::Ended));
    assert_eq!(run.amend("late".into()), Err(FeedError::Ended));
}

#[test]
fn a_run_may_be_cancelled_before_it_begins() {
    let mut run = Run::start(dinner(), Vec::new());
    run.cancel("no guests").expect("not ended");
    assert_eq!(
        run.poll().events,
        [Event::Ended {
            end: End::Cancelled("no guests".into())
        }]
    );
    assert!(run.state().is_empty());
}

#[test]
fn answers_are_taken_once_and_only_when_asked_for() {
    let mut run = Run::start(dinner(), Vec::new());
    let requests = run.poll().requests;
    let (first, second) = (requests[0].id, requests[1].id);
    run.feed(first, reply("salad")).expect("open");
    assert_eq!(
        run.feed(first, reply("salad")),
        Err(FeedError::NotOpen(first))
    );
    assert!(
        run.poll().events.is_empty(),
        "nothing happens until the round is complete"
    );
    run.feed(second, reply("steak")).expect("open");
    assert_eq!(run.log().len(), 2);
}

/// Goes to one of two nodes, and then waits for both.
fn one_arm() -> Kitchens {
    blueprint("fork")
        .with(node(At("fork"), |_, _| Step::new().then(At("left"))).to([At("left"), At("right")]))
        .with(node(At("left"), |_, _| Step::new().then(At("both"))).to([At("both")]))
        .with(node(At("right"), |_, _| Step::new().then(At("both"))).to([At("both")]))
        .with(
            node(At("both"), |_, _| Step::new())
                .join([At("left"), At("right")])
                .exits(),
        )
        .build()
        .expect("a sound graph")
}

/// A graph whose only working node makes this step.
fn faulty(step: fn() -> Step) -> Kitchens {
    blueprint("a")
        .with(
            node(At("a"), move |_, _| step())
                .to([At("b")])
                .each([At("b")]),
        )
        .with(node(At("b"), |_, _| Step::new()).exits())
        .build()
        .expect("a sound graph")
}

#[test]
fn a_defect_of_a_graph_ends_its_run_by_name_and_changes_nothing() {
    let nodes: Vec<_> = one_arm().nodes().collect();
    let from = nodes[0];
    let undeclared = |to| End::Undeclared { from, to };
    let cases = [
        (
            "a join in want",
            one_arm(),
            End::Starved {
                join: nodes[3],
                missing: At("right"),
            },
        ),
        (
            "no such edge",
            faulty(|| say("x").then(At("a"))),
            undeclared(Some(At("a"))),
        ),
        (
            "no such fan",
            faulty(|| say("x").each(At("a"), [1])),
            undeclared(Some(At("a"))),
        ),
        (
            "no way out",
            faulty(|| say("x").ask(order("y"))),
            undeclared(None),
        ),
        (
            "no copies",
            faulty(|| say("x").each(At("b"), [])),
            End::EmptyFan { from, to: At("b") },
        ),
    ];
    for (name, graph, end) in cases {
        let (run, _) = serve(&graph, done);
        assert_eq!(run.end(), Some(&end), "{name}");
        assert!(run.state().is_empty() && run.log().is_empty(), "{name}");
    }
}

#[test]
fn what_is_written_from_outside_is_seen_by_the_next_step() {
    let mut run = Run::start(dinner(), Vec::new());
    let requests = run.poll().requests;
    run.amend("guest leaves".into()).expect("running");
    feed_all(&mut run, requests.iter().map(|r| (r.id, done(r))));
    run.poll();
    assert_eq!(
        run.state().last().map(String::as_str),
        Some("rest steak after 3")
    );
}

#[test]
fn runs_may_be_moved_between_threads() {
    fn movable<T: Send>(_: &T) {}
    movable(&Run::start(dinner(), Vec::new()));
}

//! Answers that are known, and steps that are seen as they are taken.

use crate::kitchen::{
    At, Kitchen, Kitchens, Reply, Step, blueprint, came, check, done, order, say, serve, steps,
    transcript,
};
use aegis_graphs::executor::{Caching, Event, Policy, Run, node};
use std::sync::Arc;

/// A cook who asks for soup, bread and soup again, and a guest who tells what came.
fn twice(caching: Caching) -> Kitchens {
    let policy = Policy {
        caching,
        ..Policy::default()
    };
    let ask = |next: &'static str| {
        move |_: &Vec<String>, _: &crate::kitchen::Call<'_>| {
            Step::new()
                .ask(order("soup"))
                .ask(order("bread"))
                .then(At(next))
        }
    };
    blueprint("first")
        .with(
            node(At("first"), ask("second"))
                .to([At("second")])
                .policy(policy),
        )
        .with(
            node(At("second"), ask("tell"))
                .to([At("tell")])
                .policy(policy),
        )
        .with(node(At("tell"), |_, call| say(came(call))).exits())
        .build()
        .expect("a sound graph")
}

#[test]
fn an_effect_with_a_known_key_is_answered_at_once_and_costs_nothing() {
    let graph = twice(Caching::ByKey);
    let (run, events) = serve(&graph, done);
    check(
        &transcript(&graph, &events),
        r#"
        step 1
          first starts
          first asks #0, attempt 1, 10 ticks
          first asks #1, attempt 1, 10 ticks
          #0 brings Done("soup") (Answer)
          #1 brings Done("bread") (Answer)
          first finishes
        step 2
          second starts
          second has #2 already
          second has #3 already
          #2 brings Done("soup") (Answer)
          #3 brings Done("bread") (Answer)
          second finishes
        step 3
          tell starts
          tell writes soup+bread
          tell finishes
        end: Finished
        "#,
    );
    assert_eq!(run.spent().cost.trials.0, 2);
    assert_eq!(run.log().len(), 2, "what is known is not logged");
}

#[test]
fn without_caching_all_is_asked_for_each_time() {
    let (run, _) = serve(&twice(Caching::Off), done);
    assert_eq!((run.spent().cost.trials.0, run.log().len()), (4, 4));
}

#[test]
fn a_failure_is_not_kept() {
    let graph = twice(Caching::ByKey);
    let (run, _) = serve(&graph, |request| match request.effect.name.as_str() {
        "soup" => Reply::Burnt,
        _ => done(request),
    });
    assert_eq!(run.state(), &["burnt+bread"]);
    assert_eq!(run.spent().cost.trials.0, 3, "soup is asked for again");
}

#[test]
fn a_replay_finds_the_same_answers_known() {
    let graph = twice(Caching::ByKey);
    let (run, events) = serve(&graph, done);
    let mut again: Run<Kitchen> =
        Run::replay(Arc::clone(&graph), Vec::new(), run.log()).expect("its own log");
    let polled = again.poll();
    assert!(polled.requests.is_empty());
    assert_eq!(polled.events, events);
    assert_eq!(again.state(), run.state());
}

#[test]
fn a_request_of_a_node_that_keeps_answers_carries_its_key() {
    for (caching, keyed) in [(Caching::Off, false), (Caching::ByKey, true)] {
        let mut run = Run::start(twice(caching), Vec::new());
        let asked = run.poll().requests;
        assert!(asked.iter().all(|request| request.key.is_some() == keyed));
    }
}

/// A line of cooks who each add a word, the third after asking for something.
fn line() -> Kitchens {
    let word = |word: &'static str, next: &'static str| {
        move |_: &Vec<String>, _: &crate::kitchen::Call<'_>| say(word).then(At(next))
    };
    blueprint("a")
        .with(node(At("a"), word("one", "b")).to([At("b")]))
        .with(node(At("b"), word("two", "c")).to([At("c")]))
        .with(node(At("c"), |_, _| say("three").ask(order("x")).then(At("d"))).to([At("d")]))
        .with(node(At("d"), |_, call| say(came(call))).exits())
        .limits(steps(9))
        .build()
        .expect("a sound graph")
}

#[test]
fn steps_are_seen_while_the_run_goes_on() {
    let mut run = Run::start(line(), Vec::new());
    let mut seen = Vec::new();
    // A transition at a time: the state and what is new, before anything is answered.
    while run.advance() {
        let polled = run.poll_events();
        let wrote = polled.iter().filter_map(|event| match event {
            Event::Wrote { write, .. } => Some(write.clone()),
            _ => None,
        });
        seen.push((
            run.position().steps,
            wrote.collect::<Vec<_>>(),
            run.state().len(),
        ));
    }
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        seen,
        [
            (1, words(&["one"]), 1),
            (2, words(&["two"]), 2),
            (3, words(&["three"]), 3),
        ]
    );
    assert!(
        run.end().is_none(),
        "it waits for an answer, and was seen before"
    );
}

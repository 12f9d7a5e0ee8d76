//! Resume, replay and time travel are one thing: following the log.

use std::sync::Arc;

use aegis_graphs::executor::{
    At as Place, Checkpoint, Entry, FeedError, Override, ResumeError, Run, digest, node,
};

use crate::kitchen::*;

/// Three courses, one after the other; each is named by its place and by what came before it.
fn courses() -> Kitchens {
    let next = |_: &Vec<String>, call: &Call<'_>| match came(call) {
        before if before.len() >= 3 => Step::new().write(before),
        before => Step::new()
            .write(before.clone())
            .ask(order(format!("{before}x")))
            .then(At("next")),
    };
    blueprint("next")
        .with(
            node(At("next"), next)
                .to([At("next")])
                .exits()
                .policy(attempts(2)),
        )
        .limits(steps(20))
        .build()
        .expect("a sound graph")
}

/// Goes on until the run has ended.
fn finish(mut run: Run<Kitchen>) -> Run<Kitchen> {
    while run.end().is_none() {
        for request in run.poll().requests {
            run.feed(request.id, done(&request)).expect("open");
        }
    }
    run
}

#[test]
fn a_run_is_resumed_from_any_entry_and_ends_the_same() {
    let graph = courses();
    let (whole, events) = serve(&graph, |r| {
        if r.attempt == 1 {
            Reply::Burnt
        } else {
            done(r)
        }
    });
    for cut in 0..=whole.log().len() {
        let mut run =
            Run::replay(Arc::clone(&graph), Vec::new(), &whole.log()[..cut]).expect("its own log");
        let mut seen = Vec::new();
        while run.end().is_none() {
            let polled = run.poll();
            seen.extend(polled.events);
            for r in polled.requests {
                let reply = if r.attempt == 1 {
                    Reply::Burnt
                } else {
                    done(&r)
                };
                run.feed(r.id, reply).expect("open");
            }
        }
        seen.extend(run.poll().events);
        assert_eq!(
            (run.state(), run.log()),
            (whole.state(), whole.log()),
            "cut at {cut}"
        );
        assert_eq!(seen, events, "cut at {cut}");
    }
}

#[test]
fn a_fork_gives_another_answer_from_an_entry_on() {
    let graph = courses();
    let (whole, _) = serve(&graph, done);
    assert_eq!(whole.state(), &["", "x", "xx", "xxx"]);
    let with = Some(Override::Answer(Reply::Done("yy".into())));
    let fork = Run::fork(
        Arc::clone(&graph),
        Vec::new(),
        whole.log(),
        Place::Entry(1),
        with,
    )
    .expect("a log entry");
    let fork = finish(fork);
    assert_eq!(fork.state(), &["", "x", "yy", "yyx"]);
    let again = Run::replay(graph, Vec::new(), fork.log()).expect("its own log");
    assert_eq!(
        finish(again).state(),
        fork.state(),
        "a fork is a run like any other"
    );
}

#[test]
fn a_fork_writes_at_a_step() {
    let graph = courses();
    let (whole, _) = serve(&graph, done);
    let with = Some(Override::Write("note".into()));
    let fork = Run::fork(
        Arc::clone(&graph),
        Vec::new(),
        whole.log(),
        Place::Step(2),
        with,
    )
    .expect("a step");
    let fork = finish(fork);
    assert_eq!(fork.state(), &["", "x", "note", "xx", "xxx"]);
    let again = Run::replay(graph, Vec::new(), fork.log()).expect("its own log");
    assert_eq!(
        finish(again).state(),
        fork.state(),
        "the write is in the log"
    );
}

#[test]
fn travelling_without_an_override_shows_the_run_as_it_was() {
    let graph = courses();
    let (whole, _) = serve(&graph, done);
    let states: Vec<_> = (0..=5)
        .map(|step| {
            let run = Run::fork(
                Arc::clone(&graph),
                Vec::new(),
                whole.log(),
                Place::Step(step),
                None,
            );
            run.expect("its own log").into_state().len()
        })
        .collect();
    assert_eq!(
        states,
        [0, 1, 2, 3, 4, 4],
        "each step writes once, and there are four"
    );
}

#[test]
fn a_cancelled_run_replays_to_its_cancellation() {
    let graph = courses();
    let mut run = Run::start(Arc::clone(&graph), Vec::new());
    let request = run.poll().requests.remove(0);
    run.feed(request.id, done(&request)).expect("open");
    run.poll();
    run.amend("fire drill".into()).expect("running");
    run.cancel("evacuated").expect("running");
    let again = Run::replay(graph, Vec::new(), run.log()).expect("its own log");
    assert_eq!((again.state(), again.end()), (run.state(), run.end()));
}

#[test]
fn a_checkpoint_survives_json_and_is_for_its_graph_and_state_only() {
    let graph = courses();
    let initial = vec!["menu".to_owned()];
    let first = digest(&initial).expect("strings serialise");
    let mut run = Run::start(Arc::clone(&graph), initial.clone());
    let request = run.poll().requests.remove(0);
    run.feed(request.id, done(&request)).expect("open");
    run.amend("note".into()).expect("running");

    let json = serde_json::to_string(&run.checkpoint(first)).expect("serialises");
    let back: Checkpoint<Reply, String> = serde_json::from_str(&json).expect("parses");
    assert_eq!(back, run.checkpoint(first));
    let resumed =
        Run::resume(Arc::clone(&graph), initial.clone(), &back).expect("its own checkpoint");
    let digest_of = |r: &Run<Kitchen>| digest(r.state()).expect("serialises").to_string();
    assert_eq!(digest_of(&finish(resumed)), digest_of(&finish(run)));

    let other_state = Run::resume(Arc::clone(&graph), Vec::new(), &back);
    assert!(matches!(
        other_state.err(),
        Some(ResumeError::OtherState { .. })
    ));
    let renamed = Checkpoint {
        graph: "canteen".into(),
        ..back
    };
    let other_graph = Run::resume(graph, initial, &renamed);
    assert!(matches!(
        other_graph.err(),
        Some(ResumeError::OtherGraph { .. })
    ));
}

#[test]
fn a_log_of_another_run_is_refused() {
    let graph = courses();
    let (whole, _) = serve(&graph, done);
    let mut twice = whole.log().to_vec();
    twice.push(twice[0].clone());
    let refused = Run::replay(Arc::clone(&graph), Vec::new(), &twice).err();
    assert!(
        matches!(refused, Some(FeedError::NotOpen(_))),
        "{refused:?}"
    );

    let doubled = [whole.log()[0].clone(), whole.log()[0].clone()];
    let refused = Run::replay(Arc::clone(&graph), Vec::new(), &doubled).err();
    assert!(
        matches!(refused, Some(FeedError::NotOpen(_))),
        "{refused:?}"
    );

    let mut run = Run::start(Arc::clone(&graph), Vec::new());
    run.poll();
    run.amend("early".into()).expect("running");
    let mut late = whole.log()[..1].to_vec();
    late.extend_from_slice(run.log());
    let answer_first = Run::replay(Arc::clone(&graph), Vec::new(), &late);
    assert!(answer_first.is_ok(), "in one round the order is free");
    late.insert(1, whole.log()[1].clone());
    assert!(matches!(late[2], Entry::Amend { .. }));
    let refused = Run::replay(graph, Vec::new(), &late).err();
    assert!(
        matches!(refused, Some(FeedError::Diverged { .. })),
        "{refused:?}"
    );
}

//! What the graph executor adds to the nodes that it calls.

use aegis_graphs::executor::{Blueprint, Cost, Domain, Graph, Limits, Reading, Run, Step, node};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::fmt;
use std::sync::Arc;

fn main() {
    divan::main();
}

/// Nodes that a bench calls.
const NODES: u32 = 900;

/// A domain in which nodes count.
#[derive(Clone, Debug, PartialEq)]
struct Counting;

/// A node by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At(u32);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

impl Domain for Counting {
    type Node = At;
    type State = u64;
    type Write = u64;
    type Effect = u64;
    type Input = u64;
    type Item = u32;

    fn apply(state: &mut u64, write: &u64) {
        *state = state.wrapping_add(*write);
    }

    fn cost(_: &u64) -> Cost {
        Cost::FREE
    }

    fn read(_: &u64) -> Reading {
        Reading::Answer
    }
}

fn built(blueprint: Blueprint<Counting>) -> Arc<Graph<Counting>> {
    match blueprint.build() {
        Ok(graph) => graph,
        Err(why) => panic!("the graph is broken: {why}"),
    }
}

/// Two nodes that go to each other until the count is full.
fn line() -> Arc<Graph<Counting>> {
    let turn = |other: u32| {
        move |state: &u64, _: &aegis_graphs::executor::Call<'_, Counting>| {
            let step = Step::new().write(1);
            if *state < u64::from(NODES) - 1 {
                step.then(At(other))
            } else {
                step
            }
        }
    };
    let limits = Limits {
        steps: Some(2 * NODES),
        ..Limits::default()
    };
    built(
        Blueprint::new("line", "1", At(0))
            .with(node(At(0), turn(1)).to([At(1)]).exits())
            .with(node(At(1), turn(0)).to([At(0)]).exits())
            .limits(limits),
    )
}

/// A node that fans out to nine, which meet again, until the count is full.
fn fan() -> Arc<Graph<Counting>> {
    let fork = |_: &u64, _: &aegis_graphs::executor::Call<'_, Counting>| {
        (1..10).fold(Step::new(), |step, branch| step.then(At(branch)))
    };
    let join = |state: &u64, _: &aegis_graphs::executor::Call<'_, Counting>| {
        let step = Step::new().write(2);
        if *state < u64::from(NODES) - 11 {
            step.then(At(0))
        } else {
            step
        }
    };
    let limits = Limits {
        steps: Some(2 * NODES),
        ..Limits::default()
    };
    let mut blueprint = Blueprint::new("fan", "1", At(0))
        .with(node(At(0), fork).to((1..10).map(At)))
        .limits(limits);
    for branch in 1..10 {
        let work = |_: &u64, _: &aegis_graphs::executor::Call<'_, Counting>| {
            Step::new().write(1).then(At(10))
        };
        blueprint = blueprint.with(node(At(branch), work).to([At(10)]));
    }
    let gathered = node(At(10), join).to([At(0)]).exits();
    built(blueprint.with(gathered.join((1..10).map(At))))
}

fn run(graph: &Arc<Graph<Counting>>) -> u64 {
    let mut run = Run::start(Arc::clone(graph), 0);
    run.poll();
    *run.state()
}

/// The same writes by plain calls of boxed functions.
#[divan::bench]
fn executor_line_reference(bencher: Bencher<'_, '_>) {
    let nodes: [Box<dyn Fn(u64) -> u64>; 2] =
        [Box::new(|state| state + 1), Box::new(|state| state + 1)];
    bencher.counter(ItemsCount::new(NODES)).bench_local(|| {
        let mut state = 0;
        while state < u64::from(NODES) {
            state = black_box(&nodes[state as usize % 2])(state);
        }
        state
    });
}

#[divan::bench]
fn executor_line(bencher: Bencher<'_, '_>) {
    let graph = line();
    assert_eq!(run(&graph), u64::from(NODES));
    bencher
        .counter(ItemsCount::new(NODES))
        .bench_local(|| run(&graph));
}

#[divan::bench]
fn executor_fan(bencher: Bencher<'_, '_>) {
    let graph = fan();
    let calls = NODES;
    assert!(run(&graph) >= u64::from(calls) - 11);
    bencher
        .counter(ItemsCount::new(calls))
        .bench_local(|| run(&graph));
}

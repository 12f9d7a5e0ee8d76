//! What the executor adds to the nodes that it calls, with and without a log in a file: nanoseconds per node, the
//! fastest of some runs. `scripts/bench-graph.sh` runs it beside LangGraph.

use aegis_graphs::executor::{
    Blueprint, Cost, Domain, Graph, Limits, Polled, Reading, Run, Step, node,
};
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

/// Nodes that a run calls, one after the other.
const NODES: u64 = 900;
/// Runs of which the fastest counts; few where each step is forced to the disk.
const RUNS: usize = 30;

/// A domain in which nodes count.
enum Counting {}

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
        *state += *write;
    }

    fn cost(_: &u64) -> Cost {
        Cost::FREE
    }

    fn read(_: &u64) -> Reading {
        Reading::Answer
    }
}

/// Whether each node asks for something, whose answer is what a log keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    OneThing,
}

/// Two nodes that go to each other until the count is full.
fn line(asks: Asks) -> Arc<Graph<Counting>> {
    let turn = |other: u32| {
        move |state: &u64, _: &aegis_graphs::executor::Call<'_, Counting>| {
            let step = Step::new().write(1);
            let step = match asks {
                Asks::OneThing => step.ask(*state),
                Asks::Nothing => step,
            };
            if *state < NODES - 1 {
                step.then(At(other))
            } else {
                step
            }
        }
    };
    let limits = Limits {
        steps: Some(2 * NODES as u32),
        ..Limits::default()
    };
    Blueprint::new("line", "1", At(0))
        .with(node(At(0), turn(1)).to([At(1)]).exits())
        .with(node(At(1), turn(0)).to([At(0)]).exits())
        .limits(limits)
        .build()
        .unwrap_or_else(|why| panic!("the graph is broken: {why}"))
}

/// Runs to the end; each round of answers is a step that `keep` gets as a line.
fn run(graph: &Arc<Graph<Counting>>, keep: &mut dyn FnMut(&[u8])) {
    let mut run = Run::start(Arc::clone(graph), 0);
    let mut lines = Vec::new();
    loop {
        let Polled { requests, .. } = run.poll();
        if requests.is_empty() {
            break;
        }
        lines.clear();
        for request in requests {
            let answer = *request.effect + 1;
            // A number has JSON, and an open request takes its answer.
            let line = serde_json::to_vec(&(request.id, answer));
            lines.extend(line.unwrap_or_default());
            lines.push(b'\n');
            let _ = run.feed(request.id, answer);
        }
        keep(&lines);
    }
    assert_eq!(*run.state(), NODES);
}

fn fastest(runs: usize, mut once: impl FnMut()) -> f64 {
    let times = (0..runs).map(|_| {
        let begin = Instant::now();
        once();
        begin.elapsed().as_secs_f64() * 1e9 / NODES as f64
    });
    times.fold(f64::INFINITY, f64::min)
}

fn file() -> File {
    let path = std::env::temp_dir().join(format!("aegis-overhead-{}", std::process::id()));
    let file = File::create(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    // It lives as long as it is open.
    let _ = std::fs::remove_file(path);
    file
}

fn main() {
    let (silent, asking) = (line(Asks::Nothing), line(Asks::OneThing));
    let written = |lines: &[u8], file: &mut File| {
        file.write_all(lines)
            .unwrap_or_else(|why| panic!("the log cannot be written: {why}"));
    };
    let rows = [
        (
            "no effects, no store",
            fastest(RUNS, || run(&silent, &mut |_| {})),
        ),
        (
            "an effect a node, no store",
            fastest(RUNS, || run(&asking, &mut |_| {})),
        ),
        (
            "an effect a node, logged at each step",
            fastest(RUNS, || {
                let mut log = file();
                run(&asking, &mut |lines| written(lines, &mut log));
            }),
        ),
        (
            "the same, forced to the disk at each step",
            fastest(3, || {
                let mut log = file();
                run(&asking, &mut |lines| {
                    written(lines, &mut log);
                    let _ = log.sync_data();
                });
            }),
        ),
        (
            "the same, kept until the run rests",
            fastest(RUNS, || {
                let (mut log, mut held) = (file(), Vec::new());
                run(&asking, &mut |lines| held.extend_from_slice(lines));
                written(&held, &mut log);
            }),
        ),
    ];
    for (what, nanoseconds) in rows {
        println!("aegis      {what:44} {nanoseconds:>12.0} ns a node");
    }
}

//! A domain small enough to read, and what turns its runs into transcripts.

use std::fmt;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;

use aegis_graphs::executor::{
    Blueprint, Cost, Digest, Domain, Event, Graph, Limits, Policy, Polled, Reading, Request,
    RequestId, Run, ServiceTicks, Trials,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq)]
pub struct Kitchen;

/// A station of the kitchen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub &'static str);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    Done(String),
    Burnt,
    Late,
}

/// `name` is asked for, and costs so many ticks and one trial for each ten of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub name: String,
    pub ticks: u64,
}

pub fn order(name: impl Into<String>) -> Order {
    Order {
        name: name.into(),
        ticks: 10,
    }
}

impl Domain for Kitchen {
    type Node = At;
    type State = Vec<String>;
    type Write = String;
    type Effect = Order;
    type Input = Reply;
    type Item = u32;

    fn apply(state: &mut Vec<String>, write: &String) {
        state.push(write.clone());
    }

    fn cost(effect: &Order) -> Cost {
        Cost {
            service_ticks: ServiceTicks(effect.ticks),
            trials: Trials(effect.ticks / 10),
        }
    }

    fn key(effect: &Order) -> Option<Digest> {
        Some(Digest::of(effect.name.as_bytes()))
    }

    fn read(input: &Reply) -> Reading {
        match input {
            Reply::Done(_) => Reading::Answer,
            Reply::Burnt => Reading::Failed,
            Reply::Late => Reading::TimedOut,
        }
    }
}

pub type Step = aegis_graphs::executor::Step<Kitchen>;
pub type Call<'a> = aegis_graphs::executor::Call<'a, Kitchen>;
pub type Kitchens = Arc<Graph<Kitchen>>;

pub fn blueprint(entry: &'static str) -> Blueprint<Kitchen> {
    Blueprint::new("kitchen", "1", At(entry))
}

pub fn steps(steps: u32) -> Limits {
    Limits {
        steps: Some(steps),
        ..Limits::default()
    }
}

pub fn attempts(attempts: u32) -> Policy {
    let attempts = NonZeroU32::new(attempts).expect("at least one attempt");
    Policy {
        attempts,
        ..Policy::default()
    }
}

/// What came, in words.
pub fn came(call: &Call<'_>) -> String {
    let words = |reply: &Reply| match reply {
        Reply::Done(what) => what.clone(),
        Reply::Burnt => "burnt".to_owned(),
        Reply::Late => "late".to_owned(),
    };
    call.answers().map(words).collect::<Vec<_>>().join("+")
}

pub fn done(request: &Request<Kitchen>) -> Reply {
    Reply::Done(request.effect.name.clone())
}

/// Runs to the end, each request answered in turn; returns the run and its events.
pub fn serve(
    graph: &Kitchens,
    answer: impl Fn(&Request<Kitchen>) -> Reply,
) -> (Run<Kitchen>, Vec<Event<Kitchen>>) {
    let mut run = Run::start(Arc::clone(graph), Vec::new());
    let mut seen = Vec::new();
    loop {
        let Polled { requests, events } = run.poll();
        seen.extend(events);
        if run.end().is_some() {
            return (run, seen);
        }
        for request in &requests {
            run.feed(request.id, answer(request))
                .expect("an open request");
        }
    }
}

/// Feeds answers by id, so that a story can pick their order.
pub fn feed_all(run: &mut Run<Kitchen>, answers: impl IntoIterator<Item = (RequestId, Reply)>) {
    for (id, reply) in answers {
        run.feed(id, reply).expect("an open request");
    }
}

/// Events as lines that a cook can read.
pub fn transcript(graph: &Graph<Kitchen>, events: &[Event<Kitchen>]) -> String {
    let mut out = String::new();
    for event in events {
        let text = line(graph, event);
        let _ = writeln!(out, "{text}");
    }
    out
}

fn line(graph: &Graph<Kitchen>, event: &Event<Kitchen>) -> String {
    match event {
        Event::StepStarted { step } => format!("step {step}"),
        Event::NodeStarted { node, .. } => format!("  {} starts", graph.path(*node)),
        Event::Wrote { node, write } => format!("  {} writes {write}", graph.path(*node)),
        Event::Asked {
            request,
            node,
            attempt,
            cost,
        } => {
            let ticks = cost.service_ticks.0;
            format!(
                "  {} asks {request}, attempt {attempt}, {ticks} ticks",
                graph.path(*node)
            )
        }
        Event::Received {
            request,
            input,
            reading,
            ..
        } => {
            format!("  {request} brings {input:?} ({reading:?})")
        }
        Event::Cached { request, node } => {
            format!("  {} has {request} already", graph.path(*node))
        }
        Event::Retried { request, attempt } => format!("  {request} again, attempt {attempt}"),
        Event::GaveUp { request, attempts } => format!("  {request} given up after {attempts}"),
        Event::NodeFinished { node, .. } => format!("  {} finishes", graph.path(*node)),
        Event::Amended { write } => format!("  from outside: {write}"),
        Event::Withdrawn { request } => format!("  {request} withdrawn"),
        Event::Ended { end } => format!("end: {end:?}"),
    }
}

/// Compares a transcript with the story told, indentation of the story aside.
#[track_caller]
pub fn check(actual: &str, story: &str) {
    let lines: Vec<_> = story.lines().skip(1).collect();
    let indent = |l: &&str| l.len() - l.trim_start().len();
    let margin = lines
        .iter()
        .filter(|l| !l.trim().is_empty())
        .map(indent)
        .min()
        .unwrap_or(0);
    let told: Vec<_> = lines
        .iter()
        .map(|l| l.get(margin..).unwrap_or("").trim_end())
        .collect();
    let told = told.join("\n");
    assert_eq!(
        actual.trim_end(),
        told.trim_end(),
        "\n--- actual ---\n{actual}"
    );
}

pub fn say(what: impl Into<String>) -> Step {
    Step::new().write(what.into())
}

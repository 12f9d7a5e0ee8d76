//! `aegis reach`: whether policies let one pod open a connection to another.

use super::sim::{self, open};
use crate::args::{Reach, TextOrJson};
use crate::exit::{Exit, Failure};
use crate::input::{Reader, Refusal};
use crate::interrupt;
use crate::output::{Terminal, to_stderr};
use aegis_kube::Diagnostic;
use aegis_model::kubernetes::{IntOrString, ObjectRef};
use aegis_scenario::build::{build, start};
use aegis_scenario::format::Start;
use aegis_scenario::reach::{Answer, Direction, Question, Transport, answer, queries};
use serde_json::{Value, json};

/// Asks the cluster as it is after the time that was asked for.
pub fn run(args: &Reach, terminal: &mut Terminal) -> Result<Exit, Failure> {
    interrupt::watch();
    let question = question(args);
    let reader = Reader::default();
    let mut loaded =
        open(&reader, &args.scenario).map_err(|refusal| reader.refuse(refusal, terminal.err))?;
    reader.show(&loaded.warnings, terminal.err);
    let length = sim::length(args.length, &loaded)?;
    loaded.scenario.spec.start.get_or_insert(Start::Applied);
    let refuse = |problems: Vec<Diagnostic>| reader.refuse(Refusal::Wrong(problems), terminal.err);
    let mut world = build(&loaded, loaded.scenario.spec.seed).map_err(refuse)?;
    start(&loaded, &mut world, |_| {});
    world.advance(length);
    let found = answer(world.objects(), &question)
        .map_err(|error| Failure::usage(format!("after {length} s: {error}")).help(error.help))?;
    match args.format.output {
        TextOrJson::Text => terminal.print(&format!("{found}\n"))?,
        TextOrJson::Json => {
            let mut out = shown(&question, &found, length);
            out["queries"] = queries(world.objects(), &question).into();
            terminal.print_json(&out)?;
        }
    }
    terminal.finish()?;
    if let (
        TextOrJson::Text,
        Answer::Denied {
            policy,
            direction,
            pod,
        },
    ) = (args.format.output, &found)
    {
        to_stderr(&because(policy, *direction, pod));
    }
    Ok(Exit::Done)
}

fn question(args: &Reach) -> Question {
    let number = args.port.parse::<i64>();
    Question {
        from: args.from.clone(),
        to: args.to.clone(),
        port: number.map_or_else(
            |_| IntOrString::Text(args.port.as_str().into()),
            IntOrString::Int,
        ),
        protocol: args.protocol.into(),
    }
}

/// Why, in a line.
fn because(policy: &ObjectRef, direction: Direction, pod: &ObjectRef) -> String {
    let (way, side) = match direction {
        Direction::Ingress => ("ingress", "into"),
        Direction::Egress => ("egress", "out of"),
    };
    format!("  {policy} isolates {pod} for {way}, and no policy lets this connection {side} it\n")
}

/// The answer as one versioned object.
fn shown(question: &Question, found: &Answer, seconds: u32) -> Value {
    let port = match &question.port {
        IntOrString::Int(number) => json!(number),
        IntOrString::Text(name) => json!(name.as_str()),
    };
    let mut out = json!({
        "schema": "aegis.dev/reach/v1",
        "after_s": seconds,
        "from": question.from,
        "to": question.to,
        "port": port,
        "protocol": question.protocol.as_str(),
        "allowed": *found == Answer::Allowed,
        "answer": found.to_string(),
        "policy": null,
        "direction": null,
        "pod": null,
    });
    if let Answer::Denied {
        policy,
        direction,
        pod,
    } = found
    {
        out["policy"] = format!("{}/{}", policy.namespace, policy.name).into();
        out["direction"] = direction.to_string().into();
        out["pod"] = format!("{}/{}", pod.namespace, pod.name).into();
    }
    out
}

impl From<crate::args::Protocol> for Transport {
    fn from(protocol: crate::args::Protocol) -> Self {
        match protocol {
            crate::args::Protocol::Tcp => Self::Tcp,
            crate::args::Protocol::Udp => Self::Udp,
            crate::args::Protocol::Sctp => Self::Sctp,
        }
    }
}

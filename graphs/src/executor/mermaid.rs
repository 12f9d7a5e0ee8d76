//! A graph as a mermaid flowchart.

use std::fmt::Write as _;

use petgraph::visit::EdgeRef;

use super::blueprint::Kind;
use super::domain::Domain;
use super::event::NodeId;
use super::graph::{Edge, Graph};

/// Draws a graph: solid edges are the only way on, dotted ones may be taken, thick ones fan out in copies; joins are
/// hexagons, interrupts are trapezoids, sub-graphs are boxes.
#[must_use]
pub fn mermaid<D: Domain>(graph: &Graph<D>) -> String {
    let mut out = String::from("flowchart TD\n");
    nodes(graph, &mut out);
    edges(graph, &mut out);
    out
}

fn nodes<D: Domain>(graph: &Graph<D>, out: &mut String) {
    let mut open: &[String] = &[];
    line(out, 1, "start([start])");
    for (id, flat) in graph.nodes().zip(graph.flats()) {
        let common = open
            .iter()
            .zip(&flat.scope)
            .take_while(|(a, b)| a == b)
            .count();
        (common..open.len())
            .rev()
            .for_each(|depth| line(out, depth + 1, "end"));
        for (depth, name) in flat.scope.iter().enumerate().skip(common) {
            let place = format!("subgraph s{}_{depth} [\"{}\"]", id.index(), escape(name));
            line(out, depth + 1, &place);
        }
        open = &flat.scope;
        line(
            out,
            open.len() + 1,
            &shape(id, &flat.name.to_string(), &flat.kind),
        );
    }
    (0..open.len())
        .rev()
        .for_each(|depth| line(out, depth + 1, "end"));
    line(out, 1, "exit([exit])");
}

fn shape<N>(id: NodeId, name: &str, kind: &Kind<N>) -> String {
    let (left, right) = match kind {
        Kind::Plain => ("[", "]"),
        Kind::Interrupt => ("[/", "\\]"),
        Kind::Join(_) | Kind::Gather(_) => ("{{", "}}"),
    };
    format!("n{}{left}\"{}\"{right}", id.index(), escape(name))
}

fn edges<D: Domain>(graph: &Graph<D>, out: &mut String) {
    line(out, 1, &format!("start --> n{}", graph.entry().index()));
    let mut edges: Vec<_> = graph.wires().edge_references().collect();
    edges.sort_by_key(EdgeRef::id);
    for edge in edges {
        let ways = graph.wires().edges(edge.source()).count();
        let arrow = match (edge.weight(), ways) {
            (Edge::Each, _) => "==>",
            (_, 1) => "-->",
            _ => "-.->",
        };
        let to = match edge.target().index() {
            exit if exit == graph.flats().len() => "exit".to_owned(),
            node => format!("n{node}"),
        };
        line(out, 1, &format!("n{} {arrow} {to}", edge.source().index()));
    }
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:width$}{text}", "", width = depth * 2);
}

fn escape(name: &str) -> String {
    name.replace('"', "#quot;")
}

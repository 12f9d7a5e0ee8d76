//! A checked graph, laid out flat: sub-graphs are spliced in where they are declared.

use std::fmt::Write as _;
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

use super::blueprint::{Allowance, Blueprint, Body, Exit, Kind, NodeFn, NodeSpec, Policy};
use super::checkpoint::Digest;
use super::domain::{Domain, Limits};
use super::event::{NodeId, Performer};
use super::step::{Go, Step};
use super::validate::{self, GraphError};

/// Where a branch goes that leaves its graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leave<N> {
    /// Nowhere: it is over.
    Run,
    /// On from the sub-graph of this name in the outer graph.
    Outer(N, Vec<NodeId>),
}

/// How an edge is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    To,
    Each,
    Leave,
}

/// A node, its edges resolved.
pub(super) struct Flat<D: Domain> {
    pub(super) name: D::Node,
    /// Names of the sub-graphs that it lies in, outermost first.
    pub(super) scope: Vec<String>,
    pub(super) run: NodeFn<D>,
    pub(super) kind: Kind<D::Node>,
    pub(super) to: Vec<(D::Node, NodeId)>,
    pub(super) each: Vec<(D::Node, NodeId)>,
    pub(super) leave: Option<Leave<D::Node>>,
    pub(super) policy: Policy,
}

impl<D: Domain> Flat<D> {
    /// Whether this node is declared to go all these ways; else the end that its run comes to.
    pub(super) fn allows(&self, step: &Step<D>) -> Result<(), Refusal<D::Node>> {
        if step.next.is_empty() && self.leave.is_none() {
            return Err(Refusal::Undeclared(None));
        }
        step.next.iter().try_for_each(|go| self.allows_way(go))
    }

    fn allows_way(&self, go: &Go<D::Node, D::Item>) -> Result<(), Refusal<D::Node>> {
        match go {
            Go::To(name) if find(&self.to, *name).is_none() => {
                Err(Refusal::Undeclared(Some(*name)))
            }
            Go::Each(name, _) if find(&self.each, *name).is_none() => {
                Err(Refusal::Undeclared(Some(*name)))
            }
            Go::Each(name, items) if items.is_empty() => Err(Refusal::EmptyFan(*name)),
            _ => Ok(()),
        }
    }

    pub(super) fn performer(&self) -> Performer {
        match self.kind {
            Kind::Interrupt => Performer::Person,
            _ => Performer::Interpreter,
        }
    }
}

/// Why a step is not allowed.
pub(super) enum Refusal<N> {
    Undeclared(Option<N>),
    EmptyFan(N),
}

/// The place that a name leads to, among edges.
pub(super) fn find<N: Copy + Eq>(edges: &[(N, NodeId)], name: N) -> Option<NodeId> {
    edges.iter().find(|(n, _)| *n == name).map(|(_, id)| *id)
}

/// A checked graph. Made by [`Blueprint::build`]; shared by all its runs.
pub struct Graph<D: Domain> {
    name: String,
    version: String,
    limits: Limits,
    entry: NodeId,
    nodes: Vec<Flat<D>>,
    wires: DiGraph<(), Edge>,
    /// By node: for a join or gather, which nodes can still reach it.
    upstream: Vec<Vec<bool>>,
    allowances: Vec<Allowance<NodeId>>,
}

impl<D: Domain> Graph<D> {
    pub(super) fn new(blueprint: Blueprint<D>) -> Result<Self, GraphError> {
        validate::names(&blueprint)?;
        let mut nodes = Vec::new();
        lay(&mut nodes, &blueprint, &[], &Leave::Run);
        let entry = entry_of(&blueprint, 0);
        let allowances = allowances(&blueprint);
        let wires = wire(&nodes);
        let upstream = nodes
            .iter()
            .enumerate()
            .map(|(i, n)| upstream(&wires, i, n))
            .collect();
        let Blueprint {
            name,
            version,
            limits,
            ..
        } = blueprint;
        let graph = Self {
            name,
            version,
            limits,
            entry,
            nodes,
            wires,
            upstream,
            allowances,
        };
        validate::shape(&graph)?;
        Ok(graph)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its budgets.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The node where a run begins.
    #[must_use]
    pub fn entry(&self) -> NodeId {
        self.entry
    }

    /// All nodes, in node order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<D> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The name of a node in its own graph.
    #[must_use]
    pub fn node(&self, id: NodeId) -> D::Node {
        self.flat(id).name
    }

    /// The names that lead to a node from the outermost graph, with `/` between.
    #[must_use]
    pub fn path(&self, id: NodeId) -> String {
        let flat = self.flat(id);
        let mut path = flat.scope.join("/");
        if !path.is_empty() {
            path.push('/');
        }
        // Writing to a string cannot fail.
        let _ = write!(path, "{}", flat.name);
        path
    }

    /// A hash of name, version, nodes, edges, policies and limits: what a checkpoint is good for.
    #[must_use]
    pub fn version(&self) -> Digest {
        let mut text = format!(
            "{}\n{}\n{:?}\n{:?}\n{:?}\n",
            self.name, self.version, self.entry, self.limits, self.allowances
        );
        for (id, n) in self.nodes().zip(&self.nodes) {
            let _ = writeln!(
                text,
                "{} {:?} {:?} {:?} {:?} {:?}",
                self.path(id),
                n.kind,
                n.to,
                n.each,
                n.leave,
                n.policy
            );
        }
        Digest::of(text.as_bytes())
    }

    pub(super) fn flat(&self, id: NodeId) -> &Flat<D> {
        &self.nodes[id.index()]
    }

    pub(super) fn flats(&self) -> &[Flat<D>] {
        &self.nodes
    }

    pub(super) fn wires(&self) -> &DiGraph<(), Edge> {
        &self.wires
    }

    pub(super) fn allowances(&self) -> &[Allowance<NodeId>] {
        &self.allowances
    }

    /// Whether a token at `from` could still come to the join `to`.
    pub(super) fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        self.upstream[to.index()]
            .get(from.index())
            .is_some_and(|r| *r)
    }
}

/// How many places a node takes.
fn size<D: Domain>(spec: &NodeSpec<D>) -> u32 {
    match &spec.body {
        Body::Function(_) => 1,
        Body::SubGraph(graph) => graph.nodes.iter().map(size).sum(),
    }
}

/// The place where a graph that is laid out from `base` is entered.
fn entry_of<D: Domain>(graph: &Blueprint<D>, base: u32) -> NodeId {
    find(&places(graph, base), graph.entry).unwrap_or(NodeId(base))
}

/// The allowances by place; names were checked.
fn allowances<D: Domain>(graph: &Blueprint<D>) -> Vec<Allowance<NodeId>> {
    let places = places(graph, 0);
    let resolve = |one: &Allowance<D::Node>| {
        Some(Allowance {
            opens: find(&places, one.opens)?,
            within: one
                .within
                .iter()
                .filter_map(|name| find(&places, *name))
                .collect(),
            limits: one.limits,
        })
    };
    graph.allowances.iter().filter_map(resolve).collect()
}

/// The place where each node of a graph is entered, if the graph is laid out from `base`.
fn places<D: Domain>(graph: &Blueprint<D>, base: u32) -> Vec<(D::Node, NodeId)> {
    let mut next = base;
    let place = |spec: &NodeSpec<D>| {
        let here = next;
        next += size(spec);
        match &spec.body {
            Body::Function(_) => (spec.id, NodeId(here)),
            Body::SubGraph(inner) => (spec.id, entry_of(inner, here)),
        }
    };
    graph.nodes.iter().map(place).collect()
}

/// Lays a graph out behind what is there, sub-graphs in place.
fn lay<D: Domain>(
    nodes: &mut Vec<Flat<D>>,
    graph: &Blueprint<D>,
    scope: &[String],
    leave: &Leave<D::Node>,
) {
    let places = places(graph, nodes.len() as u32);
    let resolve = |names: &[D::Node]| -> Vec<(D::Node, NodeId)> {
        names
            .iter()
            .filter_map(|n| Some((*n, find(&places, *n)?)))
            .collect()
    };
    for spec in &graph.nodes {
        let to = resolve(&spec.to);
        match &spec.body {
            Body::Function(run) => nodes.push(Flat {
                name: spec.id,
                scope: scope.to_vec(),
                run: Arc::clone(run),
                kind: spec.kind.clone(),
                to,
                each: resolve(&spec.each),
                leave: (spec.exit == Exit::Open).then(|| leave.clone()),
                policy: spec.policy,
            }),
            Body::SubGraph(inner) => {
                let scope = [scope, &[spec.id.to_string()]].concat();
                lay(nodes, inner, &scope, &leave_of(spec.id, &to, leave));
            }
        }
    }
}

/// Where a branch goes that leaves a sub-graph.
fn leave_of<N: Copy>(sub: N, to: &[(N, NodeId)], outer: &Leave<N>) -> Leave<N> {
    match (to, outer) {
        ([], Leave::Run) => Leave::Run,
        ([], Leave::Outer(name, to)) => Leave::Outer(*name, to.clone()),
        _ => Leave::Outer(sub, to.iter().map(|(_, id)| *id).collect()),
    }
}

/// The edges as petgraph holds them; the last node stands for the exit.
fn wire<D: Domain>(nodes: &[Flat<D>]) -> DiGraph<(), Edge> {
    let mut wires = DiGraph::new();
    let exit = NodeId(nodes.len() as u32);
    (0..=nodes.len()).for_each(|_| {
        wires.add_node(());
    });
    for (i, n) in nodes.iter().enumerate() {
        let mut add = |to: NodeId, edge| {
            wires.add_edge(NodeIndex::new(i), NodeIndex::new(to.index()), edge);
        };
        n.to.iter().for_each(|(_, to)| add(*to, Edge::To));
        n.each.iter().for_each(|(_, to)| add(*to, Edge::Each));
        match &n.leave {
            Some(Leave::Run) => add(exit, Edge::Leave),
            Some(Leave::Outer(_, to)) => to.iter().for_each(|to| add(*to, Edge::Leave)),
            None => {}
        }
    }
    wires
}

/// For a join or gather: which nodes can reach it. Empty for others.
fn upstream<D: Domain>(wires: &DiGraph<(), Edge>, at: usize, node: &Flat<D>) -> Vec<bool> {
    if !matches!(node.kind, Kind::Join(_) | Kind::Gather(_)) {
        return Vec::new();
    }
    let mut reach = vec![false; wires.node_count()];
    let back = Reversed(wires);
    for before in wires.neighbors_directed(NodeIndex::new(at), petgraph::Direction::Incoming) {
        let mut walk = Dfs::new(back, before);
        while let Some(n) = walk.next(back) {
            reach[n.index()] = true;
        }
    }
    reach
}

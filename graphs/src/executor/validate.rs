//! What is wrong with a graph, found before it runs.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graph::NodeIndex;
use petgraph::visit::{Dfs, Reversed};

use super::blueprint::{Blueprint, Body, Exit, Kind, NodeSpec, Policy};
use super::domain::Domain;
use super::event::NodeId;
use super::graph::{Flat, Graph, Leave};

/// Why a graph cannot run. Nodes are named by their path, sub-graphs with `/` between.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Two nodes of one graph have one name.
    #[error("graph `{graph}` declares node `{node}` twice")]
    DuplicateNode {
        /// The graph.
        graph: String,
        /// The node.
        node: String,
    },
    /// The entry is no node of the graph.
    #[error("graph `{graph}` is to be entered at `{node}`, which it does not declare")]
    UnknownEntry {
        /// The graph.
        graph: String,
        /// The entry.
        node: String,
    },
    /// An edge leads to, or a join waits for, a node that is not declared.
    #[error("node `{from}` names `{to}`, which graph `{graph}` does not declare")]
    UnknownTarget {
        /// The graph.
        graph: String,
        /// The node that names it.
        from: String,
        /// What it names.
        to: String,
    },
    /// A sub-graph was given what only a function can have.
    #[error(
        "node `{node}` is a sub-graph: it takes edges by `to` only, no join, copies, exit beside edges, or policy"
    )]
    SubGraphTakesEdgesOnly {
        /// The node.
        node: String,
    },
    /// No path leads from the entry to a node.
    #[error("node `{node}` cannot be reached from the entry")]
    Unreachable {
        /// The node.
        node: String,
    },
    /// No node may leave the graph.
    #[error("graph `{graph}` has no exit: mark at least one node with `exits`")]
    MissingExit {
        /// The graph.
        graph: String,
    },
    /// From a node no path leads to an exit.
    #[error("no path leads from node `{node}` to an exit")]
    NoWayOut {
        /// The node.
        node: String,
    },
    /// A join waits for a node that has no edge to it, or for none at all.
    #[error("join `{join}` waits for `{missing}`, which never goes there")]
    JoinNotFed {
        /// The join or gather.
        join: String,
        /// What it waits for.
        missing: String,
    },
    /// A join waits for something that comes only after itself.
    #[error(
        "join `{join}` can never be complete: it waits for `{missing}`, which comes only after it"
    )]
    JoinNeverComplete {
        /// The join or gather.
        join: String,
        /// What it waits for.
        missing: String,
    },
    /// The graph can go round and nothing bounds it.
    #[error("node `{node}` lies on a cycle, and the graph has no limit of steps")]
    CycleWithoutLimit {
        /// The first node of the cycle in node order.
        node: String,
    },
}

/// Checks names before the layout, inner graphs first.
pub(super) fn names<D: Domain>(graph: &Blueprint<D>) -> Result<(), GraphError> {
    let mut known = BTreeSet::new();
    for spec in &graph.nodes {
        if !known.insert(spec.id) {
            let (graph, node) = (graph.name.clone(), spec.id.to_string());
            return Err(GraphError::DuplicateNode { graph, node });
        }
        sub_graph(spec)?;
    }
    if !known.contains(&graph.entry) {
        let (graph, node) = (graph.name.clone(), graph.entry.to_string());
        return Err(GraphError::UnknownEntry { graph, node });
    }
    if !graph.nodes.iter().any(is_exit) {
        return Err(GraphError::MissingExit {
            graph: graph.name.clone(),
        });
    }
    allowances(graph, &known)?;
    graph
        .nodes
        .iter()
        .try_for_each(|spec| targets(graph, spec, &known))
}

fn allowances<D: Domain>(
    graph: &Blueprint<D>,
    known: &BTreeSet<D::Node>,
) -> Result<(), GraphError> {
    let named = graph.allowances.iter().flat_map(|one| {
        let all = std::iter::once(&one.opens).chain(&one.within);
        all.map(move |to| (one.opens, to))
    });
    let unknown = |(_, to): &(D::Node, &D::Node)| !known.contains(to);
    named
        .into_iter()
        .find(unknown)
        .map_or(Ok(()), |(from, to)| {
            Err(GraphError::UnknownTarget {
                graph: graph.name.clone(),
                from: from.to_string(),
                to: to.to_string(),
            })
        })
}

fn sub_graph<D: Domain>(spec: &NodeSpec<D>) -> Result<(), GraphError> {
    let Body::SubGraph(inner) = &spec.body else {
        return Ok(());
    };
    let plain =
        spec.kind == Kind::Plain && spec.each.is_empty() && spec.policy == Policy::default();
    let one_way_out = spec.to.is_empty() || spec.exit == Exit::Closed;
    if !plain || !one_way_out {
        return Err(GraphError::SubGraphTakesEdgesOnly {
            node: spec.id.to_string(),
        });
    }
    names(inner)
}

/// A sub-graph without edges leaves the graph that it is in.
fn is_exit<D: Domain>(spec: &NodeSpec<D>) -> bool {
    spec.exit == Exit::Open || (matches!(spec.body, Body::SubGraph(_)) && spec.to.is_empty())
}

fn waits_for<N>(kind: &Kind<N>) -> Option<&[N]> {
    match kind {
        Kind::Join(needs) | Kind::Gather(needs) => Some(needs),
        Kind::Plain | Kind::Interrupt => None,
    }
}

fn targets<D: Domain>(
    graph: &Blueprint<D>,
    spec: &NodeSpec<D>,
    known: &BTreeSet<D::Node>,
) -> Result<(), GraphError> {
    let needs = waits_for(&spec.kind).unwrap_or(&[]);
    let mut named = spec.to.iter().chain(&spec.each).chain(needs);
    named.find(|to| !known.contains(to)).map_or(Ok(()), |to| {
        let (graph, from) = (graph.name.clone(), spec.id.to_string());
        Err(GraphError::UnknownTarget {
            graph,
            from,
            to: to.to_string(),
        })
    })
}

/// Checks the shape after the layout.
pub(super) fn shape<D: Domain>(graph: &Graph<D>) -> Result<(), GraphError> {
    reachable(graph)?;
    graph.nodes().try_for_each(|id| fed(graph, id))?;
    completable(graph)?;
    way_out(graph)?;
    bounded(graph)
}

fn reachable<D: Domain>(graph: &Graph<D>) -> Result<(), GraphError> {
    let mut walk = Dfs::new(graph.wires(), NodeIndex::new(graph.entry().index()));
    while walk.next(graph.wires()).is_some() {}
    let lost = graph
        .nodes()
        .find(|id| !walk.discovered.contains(id.index()));
    lost.map_or(Ok(()), |id| {
        Err(GraphError::Unreachable {
            node: graph.path(id),
        })
    })
}

fn way_out<D: Domain>(graph: &Graph<D>) -> Result<(), GraphError> {
    let back = Reversed(graph.wires());
    let mut walk = Dfs::new(back, NodeIndex::new(graph.flats().len()));
    while walk.next(back).is_some() {}
    let stuck = graph
        .nodes()
        .find(|id| !walk.discovered.contains(id.index()));
    stuck.map_or(Ok(()), |id| {
        Err(GraphError::NoWayOut {
            node: graph.path(id),
        })
    })
}

fn bounded<D: Domain>(graph: &Graph<D>) -> Result<(), GraphError> {
    if graph.limits().steps.is_some() {
        return Ok(());
    }
    let wires = graph.wires();
    let loops =
        |scc: &Vec<NodeIndex>| scc.len() > 1 || scc.iter().any(|n| wires.contains_edge(*n, *n));
    let first = tarjan_scc(wires).into_iter().filter(loops).flatten().min();
    first.map_or(Ok(()), |n| {
        let node = graph.path(NodeId(n.index() as u32));
        Err(GraphError::CycleWithoutLimit { node })
    })
}

/// Whether `from` can arrive at `join` under the name `need`.
fn feeds<D: Domain>(from: &Flat<D>, join: NodeId, need: D::Node) -> bool {
    let goes = from.to.iter().chain(&from.each).any(|(_, to)| *to == join);
    let leaves =
        matches!(&from.leave, Some(Leave::Outer(sub, to)) if *sub == need && to.contains(&join));
    (from.name == need && goes) || leaves
}

fn fed<D: Domain>(graph: &Graph<D>, join: NodeId) -> Result<(), GraphError> {
    let Some(needs) = waits_for(&graph.flat(join).kind) else {
        return Ok(());
    };
    let starving = |need: &&D::Node| !graph.flats().iter().any(|f| feeds(f, join, **need));
    let missing = match needs {
        [] => Some("nothing".to_owned()),
        _ => needs.iter().find(starving).map(ToString::to_string),
    };
    missing.map_or(Ok(()), |missing| {
        Err(GraphError::JoinNotFed {
            join: graph.path(join),
            missing,
        })
    })
}

/// A plain node can have its turn if any predecessor can, a join if for each name that it waits for one can. A join
/// outside of the least fixed point waits for something that comes only after it.
fn completable<D: Domain>(graph: &Graph<D>) -> Result<(), GraphError> {
    let mut can = vec![false; graph.flats().len()];
    can[graph.entry().index()] = waits_for(&graph.flat(graph.entry()).kind).is_none();
    loop {
        let more: Vec<_> = graph
            .nodes()
            .filter(|n| !can[n.index()] && due(graph, &can, *n))
            .collect();
        if more.is_empty() {
            break;
        }
        more.iter().for_each(|n| can[n.index()] = true);
    }
    let never = graph
        .nodes()
        .find_map(|n| Some((n, missing(graph, &can, n)?)));
    never.map_or(Ok(()), |(join, missing)| {
        Err(GraphError::JoinNeverComplete {
            join: graph.path(join),
            missing: missing.to_string(),
        })
    })
}

fn due<D: Domain>(graph: &Graph<D>, can: &[bool], node: NodeId) -> bool {
    let at = NodeIndex::new(node.index());
    let mut before = graph
        .wires()
        .neighbors_directed(at, petgraph::Direction::Incoming);
    before.any(|p| can[p.index()]) && missing(graph, can, node).is_none()
}

/// The first name that a join waits for in vain, as far as `can` says.
fn missing<D: Domain>(graph: &Graph<D>, can: &[bool], join: NodeId) -> Option<D::Node> {
    let needs = waits_for(&graph.flat(join).kind)?;
    let comes = |need: D::Node| {
        graph
            .flats()
            .iter()
            .zip(can)
            .any(|(f, can)| *can && feeds(f, join, need))
    };
    needs.iter().copied().find(|need| !comes(*need))
}

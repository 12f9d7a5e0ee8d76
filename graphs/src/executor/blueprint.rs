//! A graph as it is written down, before it is checked.

use core::time::Duration;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::domain::{Domain, Limits};
use super::event::NodeId;
use super::graph::Graph;
use super::step::{Call, Step};
use super::validate::GraphError;

/// The function of a node.
pub(super) type NodeFn<D> =
    Arc<dyn Fn(&<D as Domain>::State, &Call<'_, D>) -> Step<D> + Send + Sync>;

/// How often and how long an effect of a node is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts at each effect, the first included.
    pub attempts: NonZeroU32,
    /// Wall time for one attempt, kept by the interpreter.
    pub timeout: Option<Duration>,
    /// Whether an effect with the key of an earlier one gets its answer.
    pub caching: Caching,
}

/// Whether an effect with the key of an earlier one gets its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caching {
    /// It is asked for each time.
    #[default]
    Off,
    /// Within a run it is answered at once, and costs nothing. Its request carries the key, so that an interpreter
    /// with a store of its own can answer across runs. Failures are not kept.
    ByKey,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: NonZeroU32::MIN,
            timeout: None,
            caching: Caching::Off,
        }
    }
}

/// When a node has its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<N> {
    /// When anything arrives.
    Plain,
    /// When anything arrives; what it asks is asked of a person.
    Interrupt,
    /// When all listed predecessors have arrived in one copy.
    Join(Vec<N>),
    /// When all listed predecessors and all copies of the innermost fan-out have arrived.
    Gather(Vec<N>),
}

/// What a node does: a function, or a graph of its own.
pub(super) enum Body<D: Domain> {
    Function(NodeFn<D>),
    SubGraph(Box<Blueprint<D>>),
}

/// Whether a branch may leave the graph at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Closed,
    Open,
}

/// A node as it is written down. Made by [`node`], [`NodeSpec::sub_graph`].
pub struct NodeSpec<D: Domain> {
    pub(super) id: D::Node,
    pub(super) body: Body<D>,
    pub(super) kind: Kind<D::Node>,
    pub(super) to: Vec<D::Node>,
    pub(super) each: Vec<D::Node>,
    pub(super) exit: Exit,
    pub(super) policy: Policy,
}

/// A node with a function. It has no edges yet.
pub fn node<D, F>(id: D::Node, run: F) -> NodeSpec<D>
where
    D: Domain,
    F: Fn(&D::State, &Call<'_, D>) -> Step<D> + Send + Sync + 'static,
{
    NodeSpec::with_body(id, Body::Function(Arc::new(run)))
}

impl<D: Domain> NodeSpec<D> {
    fn with_body(id: D::Node, body: Body<D>) -> Self {
        Self {
            id,
            body,
            kind: Kind::Plain,
            to: Vec::new(),
            each: Vec::new(),
            exit: Exit::Closed,
            policy: Policy::default(),
        }
    }

    /// A node that is a graph over the same state. It is entered at that graph's entry; a branch that leaves it goes
    /// on to *all* nodes named by [`NodeSpec::to`], or leaves the outer graph if none is. Its own limits are not
    /// used: those of the outermost graph hold.
    #[must_use]
    pub fn sub_graph(id: D::Node, graph: Blueprint<D>) -> Self {
        Self::with_body(id, Body::SubGraph(Box::new(graph)))
    }

    /// Adds nodes that a step may go to.
    #[must_use]
    pub fn to(mut self, nodes: impl IntoIterator<Item = D::Node>) -> Self {
        self.to.extend(nodes);
        self
    }

    /// Adds nodes that a step may go to in copies.
    #[must_use]
    pub fn each(mut self, nodes: impl IntoIterator<Item = D::Node>) -> Self {
        self.each.extend(nodes);
        self
    }

    /// A branch may leave the graph here.
    #[must_use]
    pub fn exits(mut self) -> Self {
        self.exit = Exit::Open;
        self
    }

    /// Waits for all of these predecessors, within one copy.
    #[must_use]
    pub fn join(mut self, predecessors: impl IntoIterator<Item = D::Node>) -> Self {
        self.kind = Kind::Join(predecessors.into_iter().collect());
        self
    }

    /// Waits for all of these predecessors and for all copies of the innermost fan-out, and goes on outside of it.
    #[must_use]
    pub fn gather(mut self, predecessors: impl IntoIterator<Item = D::Node>) -> Self {
        self.kind = Kind::Gather(predecessors.into_iter().collect());
        self
    }

    /// What this node asks is asked of a person: the run is interrupted until it is answered.
    #[must_use]
    pub fn interrupt(mut self) -> Self {
        self.kind = Kind::Interrupt;
        self
    }

    /// How often and how long its effects are tried.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }
}

impl<D: Domain> Clone for NodeSpec<D> {
    fn clone(&self) -> Self {
        let body = match &self.body {
            Body::Function(run) => Body::Function(Arc::clone(run)),
            Body::SubGraph(graph) => Body::SubGraph(graph.clone()),
        };
        Self {
            body,
            kind: self.kind.clone(),
            to: self.to.clone(),
            each: self.each.clone(),
            ..*self
        }
    }
}

/// What the effects of some nodes may cost together, each time that the first of them has its turn.
#[derive(Clone, Debug)]
pub(super) struct Allowance<N> {
    pub(super) opens: N,
    pub(super) within: Vec<N>,
    pub(super) limits: Limits,
}

impl Allowance<NodeId> {
    /// Whether this node's effects count.
    pub(super) fn holds(&self, node: NodeId) -> bool {
        self.opens == node || self.within.contains(&node)
    }
}

/// A graph as it is written down: named nodes with their edges, an entry, limits.
pub struct Blueprint<D: Domain> {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) entry: D::Node,
    pub(super) nodes: Vec<NodeSpec<D>>,
    pub(super) limits: Limits,
    pub(super) allowances: Vec<Allowance<D::Node>>,
}

impl<D: Domain> Blueprint<D> {
    /// An empty graph. The version is to change whenever a node's function does, since functions cannot be hashed.
    #[must_use]
    pub fn new(name: &str, version: &str, entry: D::Node) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            entry,
            nodes: Vec::new(),
            limits: Limits::default(),
            allowances: Vec::new(),
        }
    }

    /// Adds a node. The order of adding is the node order.
    #[must_use]
    pub fn with(mut self, node: NodeSpec<D>) -> Self {
        self.nodes.push(node);
        self
    }

    /// Sets the budgets of a run.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Bounds what the effects of `opens` and `within`, function nodes of this graph, cost together from one turn of
    /// `opens` to its next. They see in [`Call::left`] what is left; whoever asks for more ends the run by name, as
    /// with the budgets of the run. Service-ticks and trials count, steps do not. Those of a sub-graph are not used.
    #[must_use]
    pub fn allowance(
        mut self,
        opens: D::Node,
        within: impl IntoIterator<Item = D::Node>,
        limits: Limits,
    ) -> Self {
        let within = within.into_iter().collect();
        self.allowances.push(Allowance {
            opens,
            within,
            limits,
        });
        self
    }

    /// Checks the graph and makes it ready to run.
    ///
    /// # Errors
    /// The first fault that [`GraphError`] names.
    pub fn build(self) -> Result<Arc<Graph<D>>, GraphError> {
        Graph::new(self).map(Arc::new)
    }
}

impl<D: Domain> Clone for Blueprint<D> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            version: self.version.clone(),
            entry: self.entry,
            nodes: self.nodes.clone(),
            limits: self.limits,
            allowances: self.allowances.clone(),
        }
    }
}

//! What a node is given, and what it decides.

use std::sync::Arc;

use super::domain::{Domain, Limits};

/// What a node decides: changes of the state, effects to be asked for, and where to go once these are answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<D: Domain> {
    /// Applied after all nodes of the super-step were called, in node order.
    pub writes: Vec<D::Write>,
    /// Asked for in this order; the answers go to the next nodes in this order.
    pub effects: Vec<D::Effect>,
    /// Where to go; several at once are parallel branches, none leaves the graph by its exit.
    pub next: Vec<Go<D::Node, D::Item>>,
}

/// One way on from a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Go<N, T> {
    /// To a node, in the same copy.
    To(N),
    /// To one new copy of a node for each item. An empty list is a defect and ends the run by name.
    Each(N, Vec<T>),
}

impl<D: Domain> Default for Step<D> {
    fn default() -> Self {
        Self {
            writes: Vec::new(),
            effects: Vec::new(),
            next: Vec::new(),
        }
    }
}

impl<D: Domain> Step<D> {
    /// A step that changes nothing, asks for nothing and leaves by the exit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write.
    #[must_use]
    pub fn write(mut self, write: D::Write) -> Self {
        self.writes.push(write);
        self
    }

    /// Adds an effect.
    #[must_use]
    pub fn ask(mut self, effect: D::Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Adds a node to go to.
    #[must_use]
    pub fn then(mut self, node: D::Node) -> Self {
        self.next.push(Go::To(node));
        self
    }

    /// Adds a node to go to in one copy for each item.
    #[must_use]
    pub fn each(mut self, node: D::Node, items: impl IntoIterator<Item = D::Item>) -> Self {
        self.next.push(Go::Each(node, items.into_iter().collect()));
        self
    }
}

/// What brought a node its turn: a predecessor that went to it, with the answers to what that one asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival<D: Domain> {
    /// The predecessor; `None` at the entry. A sub-graph that was left arrives under the sub-graph's name.
    pub from: Option<D::Node>,
    /// The item of the copy that it came from.
    pub item: Option<Arc<D::Item>>,
    /// Answers to the predecessor's effects, in the order of asking.
    pub answers: Vec<Arc<D::Input>>,
}

/// What a node is called with, beside the state.
pub struct Call<'a, D: Domain> {
    /// The item of this copy of the node.
    pub item: Option<&'a D::Item>,
    /// One arrival for a plain way in; several at a join, in node order.
    pub arrivals: &'a [Arrival<D>],
    /// What is left of the budgets when this super-step begins, the step itself already counted.
    pub left: Limits,
}

impl<'a, D: Domain> Call<'a, D> {
    /// All answers that arrived, in order.
    pub fn answers(&self) -> impl Iterator<Item = &'a D::Input> + use<'a, D> {
        self.arrivals
            .iter()
            .flat_map(|a| a.answers.iter().map(|i| &**i))
    }

    /// The first answer, for nodes whose predecessor asks one thing.
    #[must_use]
    pub fn answer(&self) -> Option<&'a D::Input> {
        self.answers().next()
    }
}

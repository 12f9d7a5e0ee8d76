//! Tokens, copies and joins: what is due in the next super-step.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::blueprint::Kind;
use super::domain::Domain;
use super::event::{BranchId, End, NodeId};
use super::graph::Graph;
use super::step::Arrival;

/// A node that is due, in one copy.
pub(super) struct Token<D: Domain> {
    pub(super) node: NodeId,
    pub(super) branch: BranchId,
    pub(super) arrivals: Vec<Arrival<D>>,
}

struct Branch<T> {
    parent: BranchId,
    item: Option<Arc<T>>,
}

/// What is due, what waits at joins, and the copies there have been.
pub(super) struct Agenda<D: Domain> {
    ready: Vec<Token<D>>,
    waiting: BTreeMap<(NodeId, BranchId), Vec<Arrival<D>>>,
    branches: Vec<Branch<D::Item>>,
}

impl<D: Domain> Agenda<D> {
    pub(super) fn new(entry: NodeId) -> Self {
        let arrivals = vec![Arrival {
            from: None,
            item: None,
            answers: Vec::new(),
        }];
        Self {
            ready: vec![Token {
                node: entry,
                branch: BranchId::ROOT,
                arrivals,
            }],
            waiting: BTreeMap::new(),
            branches: vec![Branch {
                parent: BranchId::ROOT,
                item: None,
            }],
        }
    }

    /// Opens a copy within `parent`.
    pub(super) fn open(&mut self, parent: BranchId, item: D::Item) -> BranchId {
        let id = BranchId(self.branches.len() as u32);
        self.branches.push(Branch {
            parent,
            item: Some(Arc::new(item)),
        });
        id
    }

    pub(super) fn item(&self, branch: BranchId) -> Option<&Arc<D::Item>> {
        self.branches[branch.0 as usize].item.as_ref()
    }

    /// Something arrives at a node: it is due, or waits there for others.
    pub(super) fn arrive(
        &mut self,
        graph: &Graph<D>,
        node: NodeId,
        branch: BranchId,
        arrival: Arrival<D>,
    ) {
        let key = match &graph.flat(node).kind {
            Kind::Join(_) => (node, branch),
            Kind::Gather(_) => (node, self.parent(branch)),
            Kind::Plain | Kind::Interrupt => {
                self.ready.push(Token {
                    node,
                    branch,
                    arrivals: vec![arrival],
                });
                return;
            }
        };
        self.waiting.entry(key).or_default().push(arrival);
    }

    /// Takes all that is due, in node order, then in order of copies. Empty once the run is finished.
    ///
    /// # Errors
    /// The run's end, if nothing is due and a join is still incomplete.
    pub(super) fn due(&mut self, graph: &Graph<D>) -> Result<Vec<Token<D>>, End<D::Node>> {
        if !self.waiting.is_empty() {
            self.release(graph)?;
        }
        let mut due = std::mem::take(&mut self.ready);
        due.sort_by_key(|t| (t.node, t.branch));
        // Two branches of one copy that meet at a plain node in one super-step call it once.
        due.dedup_by(|later, first| {
            let same = (later.node, later.branch) == (first.node, first.branch);
            if same {
                first.arrivals.append(&mut later.arrivals);
            }
            same
        });
        Ok(due)
    }

    fn release(&mut self, graph: &Graph<D>) -> Result<(), End<D::Node>> {
        let keys: Vec<_> = self.waiting.keys().copied().collect();
        for key in &keys {
            if self.missing(graph, *key).is_none() && !self.awaited(graph, *key) {
                self.fire(*key);
            }
        }
        if !self.ready.is_empty() {
            return Ok(());
        }
        // Joins that wait for each other: the first complete one goes.
        let complete = keys.iter().find(|k| self.missing(graph, **k).is_none());
        if let Some(key) = complete {
            self.fire(*key);
            return Ok(());
        }
        let starved = keys
            .iter()
            .find_map(|k| Some((k.0, self.missing(graph, *k)?)));
        starved.map_or(Ok(()), |(join, missing)| {
            Err(End::Starved { join, missing })
        })
    }

    fn fire(&mut self, key: (NodeId, BranchId)) {
        let Some(arrivals) = self.waiting.remove(&key) else {
            return;
        };
        self.ready.push(Token {
            node: key.0,
            branch: key.1,
            arrivals,
        });
    }

    /// The first predecessor that a join lists and that has not arrived.
    fn missing(&self, graph: &Graph<D>, key: (NodeId, BranchId)) -> Option<D::Node> {
        let (Kind::Join(needs) | Kind::Gather(needs)) = &graph.flat(key.0).kind else {
            return None;
        };
        let arrivals = self.waiting.get(&key)?;
        needs
            .iter()
            .copied()
            .find(|n| !arrivals.iter().any(|a| a.from == Some(*n)))
    }

    /// Whether anything alive within the copy could still arrive at the join.
    fn awaited(&self, graph: &Graph<D>, key: (NodeId, BranchId)) -> bool {
        let could = |node, branch| graph.reaches(node, key.0) && self.within(branch, key.1);
        let due = self.ready.iter().any(|t| could(t.node, t.branch));
        due || self.waiting.keys().any(|k| *k != key && could(k.0, k.1))
    }

    fn within(&self, mut branch: BranchId, outer: BranchId) -> bool {
        while branch != outer && branch != BranchId::ROOT {
            branch = self.parent(branch);
        }
        branch == outer
    }

    fn parent(&self, branch: BranchId) -> BranchId {
        self.branches[branch.0 as usize].parent
    }
}

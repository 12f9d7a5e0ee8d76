//! What a run shows of itself: ids, requests, events, ends.

use core::time::Duration;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::checkpoint::Digest;
use super::domain::{Budget, Cost, Domain, Reading};

/// The place of a node in a graph, in node order; sub-graphs are laid out where they are declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// Position in node order, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A copy of nodes made by a fan-out, counted over the run; [`BranchId::ROOT`] is no copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BranchId(pub(super) u32);

impl BranchId {
    /// Outside of all fan-outs.
    pub const ROOT: Self = Self(0);
}

/// One attempt at one effect, counted over the run from 0 in the order of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId(pub(super) u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Who is to answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Performer {
    /// The interpreter performs the effect.
    Interpreter,
    /// The run is interrupted until somebody outside answers, perhaps days later.
    Person,
}

/// An effect that the run waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<D: Domain> {
    /// To be given back with the answer.
    pub id: RequestId,
    /// The node that asks.
    pub node: NodeId,
    /// The copy of it.
    pub branch: BranchId,
    /// From 1; the policy of the node bounds it.
    pub attempt: u32,
    /// What is to be done.
    pub effect: Arc<D::Effect>,
    /// Wall time after which the interpreter feeds an input that reads as timed out.
    pub timeout: Option<Duration>,
    /// Who answers.
    pub performer: Performer,
    /// The effect's key, where the node's policy keeps answers.
    pub key: Option<Digest>,
}

/// How a run ended. There is no other way to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End<N> {
    /// All branches left by the exit.
    Finished,
    /// Stopped from outside, with the reason given.
    Cancelled(String),
    /// The next step, or the next round of effects, would have gone over this budget; it was not begun.
    Exhausted(Budget),
    /// A join waited for a predecessor that nothing alive could reach any more.
    Starved {
        /// The join or gather.
        join: NodeId,
        /// The first listed predecessor that never came.
        missing: N,
    },
    /// A node went where its declaration has no edge (`None`: by the exit); its super-step changed nothing.
    Undeclared {
        /// The node.
        from: NodeId,
        /// Where it went.
        to: Option<N>,
    },
    /// A node fanned out over no items; its super-step changed nothing.
    EmptyFan {
        /// The node.
        from: NodeId,
        /// Where it would have gone.
        to: N,
    },
}

/// What a run can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The next poll will go on.
    Runnable,
    /// At least one request waits for the interpreter.
    Waiting,
    /// All open requests wait for a person.
    Interrupted,
    /// The run has an [`End`].
    Ended,
}

/// What happened, in an order that does not depend on the order of the answers within a round.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<D: Domain> {
    /// A super-step began; counted from 1.
    StepStarted {
        /// The count.
        step: u32,
    },
    /// A node was called.
    NodeStarted {
        /// The node.
        node: NodeId,
        /// The copy of it.
        branch: BranchId,
    },
    /// A write was applied.
    Wrote {
        /// The node that wrote it.
        node: NodeId,
        /// The write.
        write: D::Write,
    },
    /// An effect was asked for.
    Asked {
        /// The request.
        request: RequestId,
        /// The node that asks.
        node: NodeId,
        /// From 1.
        attempt: u32,
        /// Counted against the budgets.
        cost: Cost,
    },
    /// An effect has the key of an earlier one of the run, and gets its answer.
    Cached {
        /// The request, which nobody sees.
        request: RequestId,
        /// The node that asks.
        node: NodeId,
    },
    /// An input came in; shown when its round is complete.
    Received {
        /// The request that it answers.
        request: RequestId,
        /// The node that asked.
        node: NodeId,
        /// How the domain read it.
        reading: Reading,
        /// The input.
        input: Arc<D::Input>,
    },
    /// A failed request is asked again, under a new id.
    Retried {
        /// The request that failed.
        request: RequestId,
        /// The attempt that follows, from 2.
        attempt: u32,
    },
    /// A failed request was its last attempt: the failure goes to the next node as the answer.
    GaveUp {
        /// The request.
        request: RequestId,
        /// Attempts made.
        attempts: u32,
    },
    /// All effects of a node are answered.
    NodeFinished {
        /// The node.
        node: NodeId,
        /// The copy of it.
        branch: BranchId,
    },
    /// A write came from outside.
    Amended {
        /// The write.
        write: Arc<D::Write>,
    },
    /// A request is no longer wanted, since the run is over.
    Withdrawn {
        /// The request.
        request: RequestId,
    },
    /// The run is over.
    Ended {
        /// How.
        end: End<D::Node>,
    },
}

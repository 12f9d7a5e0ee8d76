//! A deterministic executor of graphs of pure node functions, generic over a [`Domain`].
//!
//! # Semantics
//! - **Super-step.** All nodes that are due are called on one and the same state, in node order (the order of
//!   declaration, copies of a node in the order of their items). Their writes are then applied in that order, their
//!   effects are asked for, and when all of these are answered every node goes on to where its step said.
//! - **Answers** go to the *next* node: `Step::new().ask(simulate).then(Weigh)` calls `Weigh` with the outcomes.
//! - **Rounds.** Effects that failed are asked for again, as far as their node's policy allows, once all requests of
//!   the round are answered. Hence ids, budgets, events and the log do not depend on the order of the answers.
//! - **Caching.** Where a node's policy says so, an effect with the key of an earlier one of the run gets that one's
//!   answer: nobody is asked, nothing is spent or logged, and a replay finds the same.
//! - **Joins** wait for all predecessors that they list, within one copy; **gathers** wait for all copies of the
//!   innermost fan-out, and go on outside of it. Both also wait as long as anything alive could still reach them.
//! - **The log** of answers, amendments and the cancellation is the checkpoint: resume, replay, time travel and
//!   step-debugging are all "start, then follow the log".
//! - **Every run ends in a named [`End`]**: a cyclic graph needs a limit of steps, a starved join is named.
//! - An interpreter that logs only the hash of what it can compute again resumes by polling and feeding as it did the
//!   first time: ids are the same, so is everything else.
//!
//! # Limits
//! The executor never awaits, performs nothing, reads no clock. A time-out is a number on a request that the
//! interpreter keeps, and an input that the domain reads as [`Reading::TimedOut`]. A panic in a node is not caught.

mod blueprint;
mod checkpoint;
mod domain;
mod event;
mod graph;
mod joins;
mod mermaid;
mod replay;
mod run;
mod step;
mod validate;

pub use blueprint::{Blueprint, Caching, NodeSpec, Policy, node};
pub use checkpoint::{Checkpoint, Digest, DigestError, ResumeError, digest};
pub use domain::{Budget, Cost, Domain, Limits, Reading, ServiceTicks, Spent, Trials};
pub use event::{BranchId, End, Event, NodeId, Performer, Request, RequestId, Status};
pub use graph::Graph;
pub use mermaid::mermaid;
pub use replay::{At, Entry, Override, Position};
pub use run::{FeedError, Polled, Run};
pub use step::{Arrival, Call, Go, Step};
pub use validate::GraphError;

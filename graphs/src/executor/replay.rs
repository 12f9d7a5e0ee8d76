//! The log, and all that is made of it: resume, replay, time travel.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::domain::Domain;
use super::event::RequestId;
use super::graph::Graph;
use super::run::{FeedError, Run};

/// How far a run is; every transition moves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Super-steps begun.
    pub steps: u32,
    /// Requests asked.
    pub asked: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}, request #{}", self.steps, self.asked)
    }
}

/// One thing that came into a run from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry<I, W> {
    /// An answer to a request, a failure and a time-out included.
    Answer {
        /// The request.
        request: RequestId,
        /// The answer.
        input: Arc<I>,
    },
    /// A write from outside.
    Amend {
        /// When.
        at: Position,
        /// The write.
        write: Arc<W>,
    },
    /// The run was stopped.
    Cancel {
        /// When.
        at: Position,
        /// Why.
        reason: String,
    },
}

impl<I, W> Entry<I, W> {
    /// The order within a round, whatever order the entries came in.
    pub(super) fn rank(&self) -> (u8, u64) {
        match self {
            Self::Answer { request, .. } => (0, request.0),
            Self::Amend { .. } => (1, 0),
            Self::Cancel { .. } => (2, 0),
        }
    }

    /// Whether a run at this position has come to where the entry is to be taken.
    fn is_due(&self, now: Position) -> bool {
        match self {
            Self::Answer { request, .. } => now.asked > request.0,
            Self::Amend { at, .. } | Self::Cancel { at, .. } => now >= *at,
        }
    }
}

/// A place in a log to travel to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Before the entry of this index, from 0. The length of the log is its end.
    Entry(usize),
    /// As soon as so many super-steps have begun.
    Step(u32),
}

/// What is to be otherwise from there on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override<I, W> {
    /// Another answer to the request that the log answers there.
    Answer(I),
    /// A write.
    Write(W),
}

impl<D: Domain> Run<D> {
    /// Starts a run and follows a log to its end. The next poll gives the requests that are still open, and the
    /// events of the whole run.
    ///
    /// # Errors
    /// [`FeedError`] if the log is not one of this graph and first state.
    pub fn replay(
        graph: Arc<Graph<D>>,
        state: D::State,
        log: &[Entry<D::Input, D::Write>],
    ) -> Result<Self, FeedError> {
        let mut run = Self::start(graph, state);
        log.iter().try_for_each(|entry| run.follow(entry))?;
        Ok(run)
    }

    /// Follows one entry of a log: goes on to where it belongs, and takes it.
    ///
    /// # Errors
    /// [`FeedError`] if the run does not come there, or does not take it.
    pub fn follow(&mut self, entry: &Entry<D::Input, D::Write>) -> Result<(), FeedError> {
        self.seek(entry);
        if let Entry::Amend { at, .. } | Entry::Cancel { at, .. } = entry {
            self.expect_at(*at)?;
        }
        match entry {
            Entry::Answer { request, input } => self.receive(*request, Arc::clone(input)),
            Entry::Amend { write, .. } => self.accept_amendment(Arc::clone(write)),
            Entry::Cancel { reason, .. } => self.cancel(reason),
        }
    }

    /// Replays a log up to a place, and goes on otherwise from there: the rest of the log is not used. Without an
    /// override it is the run as it was there.
    ///
    /// # Errors
    /// [`FeedError`] as for [`Run::replay`]; [`FeedError::NotOpen`] if an answer is to be replaced where the log has
    /// none.
    pub fn fork(
        graph: Arc<Graph<D>>,
        state: D::State,
        log: &[Entry<D::Input, D::Write>],
        at: At,
        with: Option<Override<D::Input, D::Write>>,
    ) -> Result<Self, FeedError> {
        let mut run = Self::start(graph, state);
        let next = run.travel(log, at)?;
        match (with, log.get(next)) {
            (None, _) => Ok(()),
            (Some(Override::Write(write)), _) => run.amend(write),
            (Some(Override::Answer(input)), Some(Entry::Answer { request, .. })) => {
                run.seek_request(*request);
                run.feed(*request, input)
            }
            (Some(Override::Answer(_)), _) => {
                Err(FeedError::NotOpen(RequestId(run.position().asked)))
            }
        }?;
        Ok(run)
    }

    /// Follows a log as far as `at`; gives the index of the entry that would be next.
    fn travel(&mut self, log: &[Entry<D::Input, D::Write>], at: At) -> Result<usize, FeedError> {
        for (i, entry) in log.iter().enumerate() {
            if at == At::Entry(i) || self.go_towards(entry, at) {
                return Ok(i);
            }
            self.follow(entry)?;
        }
        while !self.is_at(at) && self.advance() {}
        Ok(log.len())
    }

    /// Goes on until `entry` is due or `at` is reached; whether it is reached.
    fn go_towards(&mut self, entry: &Entry<D::Input, D::Write>, at: At) -> bool {
        while !self.is_at(at) && !entry.is_due(self.position()) && self.advance() {}
        self.is_at(at)
    }

    fn is_at(&self, at: At) -> bool {
        matches!(at, At::Step(step) if self.position().steps >= step)
    }

    fn seek(&mut self, entry: &Entry<D::Input, D::Write>) {
        while !entry.is_due(self.position()) && self.advance() {}
    }

    fn seek_request(&mut self, request: RequestId) {
        while self.position().asked <= request.0 && self.advance() {}
    }

    fn expect_at(&self, logged: Position) -> Result<(), FeedError> {
        let actual = self.position();
        if actual == logged {
            Ok(())
        } else {
            Err(FeedError::Diverged { logged, actual })
        }
    }
}

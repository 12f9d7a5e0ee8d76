//! One run of a graph, driven by inputs alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::blueprint::Caching;
use super::checkpoint::Digest;
use super::domain::{Budget, Cost, Domain, Limits, Reading, Spent};
use super::event::{BranchId, End, Event, NodeId, Performer, Request, RequestId, Status};
use super::graph::{Graph, Leave, Refusal, find};
use super::joins::{Agenda, Token};
use super::replay::{Entry, Position};
use super::step::{Arrival, Call, Go, Step};

/// Why an input was not taken. The run is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The request was never asked, or is already answered, or was asked in an earlier round.
    #[error("request {0} is not open")]
    NotOpen(RequestId),
    /// The run is over; nothing is taken any more.
    #[error("the run has ended")]
    Ended,
    /// A logged amendment or cancellation is for a position that the run does not pass.
    #[error(
        "the log does not belong to this run: it goes on from {logged}, the run is at {actual}"
    )]
    Diverged {
        /// Where the log has it.
        logged: Position,
        /// Where the run is.
        actual: Position,
    },
}

/// What a poll brings.
pub struct Polled<D: Domain> {
    /// Effects that are newly to be performed, in the order of asking.
    pub requests: Vec<Request<D>>,
    /// What happened since the last poll.
    pub events: Vec<Event<D>>,
}

/// A node that was called, until its effects are answered.
struct Flight<D: Domain> {
    node: NodeId,
    branch: BranchId,
    next: Vec<Go<D::Node, D::Item>>,
    answers: Vec<Option<Arc<D::Input>>>,
}

/// An attempt at an effect.
struct Slot<D: Domain> {
    flight: usize,
    /// Which of the flight's effects.
    place: usize,
    attempt: u32,
    effect: Arc<D::Effect>,
    /// Where its node keeps answers.
    key: Option<Digest>,
    input: Option<Arc<D::Input>>,
}

/// A run. It holds the state, and the log that leads to it from the first one.
pub struct Run<D: Domain> {
    graph: Arc<Graph<D>>,
    state: D::State,
    log: Vec<Entry<D::Input, D::Write>>,
    /// Where the open round's entries begin in the log.
    round_log: usize,
    spent: Spent,
    /// What was spent of each allowance since it was opened.
    drawn: Vec<Cost>,
    /// Answers by the keys of their effects.
    known: BTreeMap<[u8; 32], Arc<D::Input>>,
    agenda: Agenda<D>,
    flights: Vec<Flight<D>>,
    /// The open round, and the id of its first request.
    round: Vec<Slot<D>>,
    first: u64,
    unanswered: usize,
    /// How many requests of the open round were given out by polls.
    given: usize,
    events: Vec<Event<D>>,
    end: Option<End<D::Node>>,
}

impl<D: Domain> Run<D> {
    /// A run at its beginning; nothing is called before the first poll.
    #[must_use]
    pub fn start(graph: Arc<Graph<D>>, state: D::State) -> Self {
        let agenda = Agenda::new(graph.entry());
        let drawn = vec![Cost::FREE; graph.allowances().len()];
        Self {
            graph,
            state,
            log: Vec::new(),
            round_log: 0,
            spent: Spent::default(),
            drawn,
            known: BTreeMap::new(),
            agenda,
            flights: Vec::new(),
            round: Vec::new(),
            first: 0,
            unanswered: 0,
            given: 0,
            events: Vec::new(),
            end: None,
        }
    }

    /// Goes on as far as the inputs allow, and gives what is new. Without new inputs it gives nothing.
    pub fn poll(&mut self) -> Polled<D> {
        while self.advance() {}
        let given = std::mem::replace(&mut self.given, self.round.len());
        let open = self.end.is_none();
        let fresh = (given..self.round.len()).filter(|i| open && self.round[*i].input.is_none());
        let requests = fresh.map(|i| self.request(i)).collect();
        Polled {
            requests,
            events: std::mem::take(&mut self.events),
        }
    }

    /// What happened since the last poll, without going on: with [`Run::advance`] a run is seen step by step.
    pub fn poll_events(&mut self) -> Vec<Event<D>> {
        std::mem::take(&mut self.events)
    }

    /// Takes the answer to an open request. Effects happen at the next poll.
    ///
    /// # Errors
    /// [`FeedError::NotOpen`] for late or double answers, which may be dropped; [`FeedError::Ended`].
    pub fn feed(&mut self, id: RequestId, input: D::Input) -> Result<(), FeedError> {
        self.receive(id, Arc::new(input))
    }

    /// Applies a write from outside, now, and records it. The next super-step sees it.
    ///
    /// # Errors
    /// [`FeedError::Ended`].
    pub fn amend(&mut self, write: D::Write) -> Result<(), FeedError> {
        self.accept_amendment(Arc::new(write))
    }

    /// Ends the run from outside, and records it. Writes that were applied stay; open requests are withdrawn.
    ///
    /// # Errors
    /// [`FeedError::Ended`].
    pub fn cancel(&mut self, reason: &str) -> Result<(), FeedError> {
        self.refuse_if_ended()?;
        self.log.push(Entry::Cancel {
            at: self.position(),
            reason: reason.to_owned(),
        });
        self.close_log();
        self.show_round(|run, i| match run.round[i].input {
            Some(_) => run.show_received(i),
            None => run.events.push(Event::Withdrawn { request: run.id(i) }),
        });
        self.finish(End::Cancelled(reason.to_owned()));
        Ok(())
    }

    /// Makes one transition: one round of attempts again, or one super-step. False if it has to wait, or is over.
    pub fn advance(&mut self) -> bool {
        if self.end.is_some() || self.unanswered > 0 {
            return false;
        }
        let again = self.settle();
        if again.is_empty() {
            self.next_step();
        } else {
            self.ask(again);
        }
        true
    }

    /// The state as of now.
    #[must_use]
    pub fn state(&self) -> &D::State {
        &self.state
    }

    /// Gives up the run for its state.
    #[must_use]
    pub fn into_state(self) -> D::State {
        self.state
    }

    /// All that came in so far; with graph and first state, the whole run. Entries of a complete round are in the
    /// order of asking, whatever order they came in.
    #[must_use]
    pub fn log(&self) -> &[Entry<D::Input, D::Write>] {
        &self.log
    }

    /// The graph.
    #[must_use]
    pub fn graph(&self) -> &Arc<Graph<D>> {
        &self.graph
    }

    /// What the run has used up.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// How the run ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<&End<D::Node>> {
        self.end.as_ref()
    }

    /// The nodes of the super-step that was begun last, until all that they asked is answered.
    pub fn under_way(&self) -> impl Iterator<Item = NodeId> {
        self.flights.iter().map(|flight| flight.node)
    }

    /// How far the run is.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            steps: self.spent.steps,
            asked: self.first + self.round.len() as u64,
        }
    }

    /// What the run can do next.
    #[must_use]
    pub fn status(&self) -> Status {
        let person = |s: &Slot<D>| self.flat_of(s).performer() == Performer::Person;
        match (&self.end, self.unanswered) {
            (Some(_), _) => Status::Ended,
            (None, 0) => Status::Runnable,
            _ if self.open().all(person) => Status::Interrupted,
            _ => Status::Waiting,
        }
    }

    pub(super) fn receive(&mut self, id: RequestId, input: Arc<D::Input>) -> Result<(), FeedError> {
        self.refuse_if_ended()?;
        let slot =
            id.0.checked_sub(self.first)
                .and_then(|i| self.round.get_mut(i as usize));
        let Some(slot) = slot.filter(|s| s.input.is_none()) else {
            return Err(FeedError::NotOpen(id));
        };
        slot.input = Some(Arc::clone(&input));
        self.unanswered -= 1;
        self.log.push(Entry::Answer { request: id, input });
        Ok(())
    }

    pub(super) fn accept_amendment(&mut self, write: Arc<D::Write>) -> Result<(), FeedError> {
        self.refuse_if_ended()?;
        D::apply(&mut self.state, &write);
        self.log.push(Entry::Amend {
            at: self.position(),
            write: Arc::clone(&write),
        });
        self.events.push(Event::Amended { write });
        Ok(())
    }

    fn refuse_if_ended(&self) -> Result<(), FeedError> {
        self.end.as_ref().map_or(Ok(()), |_| Err(FeedError::Ended))
    }

    fn open(&self) -> impl Iterator<Item = &Slot<D>> {
        self.round.iter().filter(|s| s.input.is_none())
    }

    fn flat_of(&self, slot: &Slot<D>) -> &super::graph::Flat<D> {
        self.graph.flat(self.flights[slot.flight].node)
    }

    fn id(&self, slot: usize) -> RequestId {
        RequestId(self.first + slot as u64)
    }

    fn request(&self, i: usize) -> Request<D> {
        let slot = &self.round[i];
        let (flight, flat) = (&self.flights[slot.flight], self.flat_of(slot));
        Request {
            id: self.id(i),
            node: flight.node,
            branch: flight.branch,
            attempt: slot.attempt,
            effect: Arc::clone(&slot.effect),
            timeout: flat.policy.timeout,
            performer: flat.performer(),
            key: slot.key,
        }
    }

    fn finish(&mut self, end: End<D::Node>) {
        self.events.push(Event::Ended { end: end.clone() });
        self.end = Some(end);
    }

    // ---- a round ----

    /// Puts the round's entries in the order of asking: amendments after answers, the cancellation last.
    fn close_log(&mut self) {
        self.log[self.round_log..].sort_by_key(Entry::rank);
        self.round_log = self.log.len();
    }

    fn show_round(&mut self, show: impl Fn(&mut Self, usize)) {
        (0..self.round.len()).for_each(|i| show(self, i));
    }

    fn show_received(&mut self, i: usize) {
        let slot = &self.round[i];
        let Some(input) = slot.input.clone() else {
            return;
        };
        let (node, reading) = (self.flights[slot.flight].node, D::read(&input));
        self.events.push(Event::Received {
            request: self.id(i),
            node,
            reading,
            input,
        });
    }

    /// Closes the answered round: answers go to their flights; what failed and may be tried again is returned.
    fn settle(&mut self) -> Vec<Slot<D>> {
        self.close_log();
        self.show_round(Self::show_received);
        let first = self.first;
        self.first += self.round.len() as u64;
        self.given = 0;
        let round = std::mem::take(&mut self.round);
        let ids = (first..).map(RequestId);
        ids.zip(round)
            .filter_map(|(id, slot)| self.settle_slot(id, slot))
            .collect()
    }

    fn settle_slot(&mut self, request: RequestId, slot: Slot<D>) -> Option<Slot<D>> {
        let failed = slot
            .input
            .as_ref()
            .is_some_and(|i| D::read(i) != Reading::Answer);
        let attempts = slot.attempt;
        if failed && attempts < self.flat_of(&slot).policy.attempts.get() {
            let attempt = attempts + 1;
            self.events.push(Event::Retried { request, attempt });
            return Some(Slot {
                attempt,
                input: None,
                ..slot
            });
        }
        if failed {
            self.events.push(Event::GaveUp { request, attempts });
        } else if let (Some(key), Some(input)) = (&slot.key, &slot.input) {
            self.known.insert(key.bytes(), Arc::clone(input));
        }
        self.flights[slot.flight].answers[slot.place] = slot.input;
        None
    }

    /// Opens a round, unless it would go over a budget: then none of it is asked.
    fn ask(&mut self, mut round: Vec<Slot<D>>) {
        let mut spent = self.spent;
        let mut drawn = self.drawn.clone();
        let mut asked = Vec::with_capacity(round.len());
        for (i, slot) in round.iter_mut().enumerate() {
            let (request, node) = (self.id(i), self.flights[slot.flight].node);
            slot.input = slot
                .key
                .and_then(|key| self.known.get(&key.bytes()).cloned());
            if slot.input.is_some() {
                asked.push(Event::Cached { request, node });
                continue;
            }
            let cost = D::cost(&slot.effect);
            spent.cost = spent.cost.plus(cost);
            for (one, drawn) in self.graph.allowances().iter().zip(&mut drawn) {
                if one.holds(node) {
                    *drawn = drawn.plus(cost);
                }
            }
            asked.push(Event::Asked {
                request,
                node,
                attempt: slot.attempt,
                cost,
            });
        }
        if let Some(budget) = self.broken(&spent, &drawn) {
            return self.finish(End::Exhausted(budget));
        }
        (self.spent, self.drawn) = (spent, drawn);
        self.events.append(&mut asked);
        self.unanswered = round.iter().filter(|slot| slot.input.is_none()).count();
        self.round = round;
    }

    fn broken(&self, spent: &Spent, drawn: &[Cost]) -> Option<Budget> {
        let allowances = self.graph.allowances().iter().zip(drawn);
        let mut broken = allowances.filter_map(|(one, drawn)| one.limits.broken_by(&only(*drawn)));
        self.graph
            .limits()
            .broken_by(spent)
            .or_else(|| broken.next())
    }

    /// What a node has left: of the run's budgets, and of the allowances that it draws on.
    fn left(&self, graph: &Graph<D>, node: NodeId, spent: &Spent) -> Limits {
        let allowances = graph.allowances().iter().zip(&self.drawn);
        let own = allowances.filter(|(one, _)| one.holds(node));
        own.fold(graph.limits().left(spent), |left, (one, drawn)| {
            left.and(&one.limits.left(&only(*drawn)))
        })
    }

    // ---- a super-step ----

    /// Ends the super-step whose effects are answered, and begins the next.
    fn next_step(&mut self) {
        let graph = Arc::clone(&self.graph);
        for flight in std::mem::take(&mut self.flights) {
            self.events.push(Event::NodeFinished {
                node: flight.node,
                branch: flight.branch,
            });
            self.leave(&graph, flight);
        }
        match self.agenda.due(&graph) {
            Err(end) => self.finish(end),
            Ok(due) if due.is_empty() => self.finish(End::Finished),
            Ok(due) => self.begin(&graph, &due),
        }
    }

    fn leave(&mut self, graph: &Graph<D>, flight: Flight<D>) {
        let flat = graph.flat(flight.node);
        let arrival = Arrival {
            from: Some(flat.name),
            item: self.agenda.item(flight.branch).cloned(),
            answers: flight.answers.into_iter().flatten().collect(),
        };
        if let ([], Some(Leave::Outer(sub, to))) = (&*flight.next, &flat.leave) {
            for node in to {
                let arrival = Arrival {
                    from: Some(*sub),
                    ..copy(&arrival)
                };
                self.agenda.arrive(graph, *node, flight.branch, arrival);
            }
        }
        for go in flight.next {
            self.go(graph, flight.node, flight.branch, &arrival, go);
        }
    }

    fn go(
        &mut self,
        graph: &Graph<D>,
        from: NodeId,
        branch: BranchId,
        arrival: &Arrival<D>,
        go: Go<D::Node, D::Item>,
    ) {
        let flat = graph.flat(from);
        match go {
            Go::To(name) => {
                let Some(node) = find(&flat.to, name) else {
                    return;
                };
                self.agenda.arrive(graph, node, branch, copy(arrival));
            }
            Go::Each(name, items) => {
                let Some(node) = find(&flat.each, name) else {
                    return;
                };
                for item in items {
                    let branch = self.agenda.open(branch, item);
                    self.agenda.arrive(graph, node, branch, copy(arrival));
                }
            }
        }
    }

    /// Calls all that is due on the state as it is, then applies their writes, then asks for their effects.
    fn begin(&mut self, graph: &Graph<D>, due: &[Token<D>]) {
        let spent = Spent {
            steps: self.spent.steps + 1,
            ..self.spent
        };
        if graph.limits().broken_by(&spent).is_some() {
            return self.finish(End::Exhausted(Budget::Steps));
        }
        self.spent = spent;
        self.events.push(Event::StepStarted { step: spent.steps });
        let mut steps = Vec::with_capacity(due.len());
        for token in due {
            self.events.push(Event::NodeStarted {
                node: token.node,
                branch: token.branch,
            });
            for (one, drawn) in graph.allowances().iter().zip(&mut self.drawn) {
                if one.opens == token.node {
                    *drawn = Cost::FREE;
                }
            }
            let step = self.call(graph, token, self.left(graph, token.node, &spent));
            if let Err(refusal) = graph.flat(token.node).allows(&step) {
                return self.finish(end_of(token.node, refusal));
            }
            steps.push(step);
        }
        self.take_up(due, steps);
    }

    fn call(&self, graph: &Graph<D>, token: &Token<D>, left: Limits) -> Step<D> {
        let item = self.agenda.item(token.branch).map(|item| &**item);
        let call = Call {
            item,
            arrivals: &token.arrivals,
            left,
        };
        (graph.flat(token.node).run)(&self.state, &call)
    }

    fn take_up(&mut self, due: &[Token<D>], steps: Vec<Step<D>>) {
        let mut round = Vec::new();
        for (flight, (token, step)) in due.iter().zip(steps).enumerate() {
            for write in step.writes {
                D::apply(&mut self.state, &write);
                self.events.push(Event::Wrote {
                    node: token.node,
                    write,
                });
            }
            let answers = step.effects.iter().map(|_| None).collect();
            let keeps = self.graph.flat(token.node).policy.caching == Caching::ByKey;
            let slot = |(place, effect)| Slot {
                flight,
                place,
                attempt: 1,
                key: keeps.then(|| D::key(&effect)).flatten(),
                effect: Arc::new(effect),
                input: None,
            };
            round.extend(step.effects.into_iter().enumerate().map(slot));
            let (node, branch, next) = (token.node, token.branch, step.next);
            self.flights.push(Flight {
                node,
                branch,
                next,
                answers,
            });
        }
        self.ask(round);
    }
}

/// Costs alone: an allowance counts no steps.
fn only(cost: Cost) -> Spent {
    Spent { steps: 0, cost }
}

fn end_of<N>(from: NodeId, refusal: Refusal<N>) -> End<N> {
    match refusal {
        Refusal::Undeclared(to) => End::Undeclared { from, to },
        Refusal::EmptyFan(to) => End::EmptyFan { from, to },
    }
}

/// A clone that asks nothing of the domain's types.
fn copy<D: Domain>(arrival: &Arrival<D>) -> Arrival<D> {
    Arrival {
        from: arrival.from,
        item: arrival.item.clone(),
        answers: arrival.answers.clone(),
    }
}

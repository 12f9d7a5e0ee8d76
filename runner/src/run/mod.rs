//! The one interpreter: runs a graph against a world, or against the tape of an earlier run.
//!
//! The graph decides and this performs: time passes in the world, trials are
//! played on threads, a person is asked. Trials come back in the order in which
//! they were asked for, so that the number of threads changes nothing.

pub mod delta;
pub mod inputs;
pub mod outside;
pub mod travel;
pub mod way;

use crate::practice::hindsight::Decision;
use aegis_graphs::executor::{End, Event, FeedError, Graph, GraphError, Polled, Run};
use aegis_graphs::legion;
use aegis_graphs::sentinel::{self, Effect, Input, Sentinel, State};
use aegis_kube::Diagnostic;
use aegis_model::ask::{Ask, Reply, Silence, SilenceKind};
use aegis_model::event::{EVENT_SCHEMA, RunEvent};
use aegis_model::{
    Advisor, Approval, Cue, Irreversible, Mode, Objects, Observation, Outcome, Plan, Recalled,
    Remembers, Ruling, RunContext, Stamped, Tick,
};
use aegis_reason::Trial;
use aegis_reason::course::{self, Course, Stem};
use aegis_scenario::load::Loaded;
use aegis_scenario::trial::Past;
use aegis_scenario::{build, goals};
use aegis_world::World;
use delta::FoldError;
use inputs::Logged;
use outside::{Advise, Live, Outside, SCRAPE, Tape};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use way::{Rest, Turns, Way};

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenario's documents are refused.
    #[error("{} of the scenario's documents are refused", .0.len())]
    Refused(Vec<Diagnostic>),
    /// The graph is not one.
    #[error("the graph is broken: {0}")]
    Graph(#[from] GraphError),
    /// The graph came to an end that it must not come to.
    #[error("the graph broke off: {0}")]
    Broken(String),
    /// The graph did not ask for what it was given.
    #[error("the graph was given what it did not ask for: {0}")]
    Feed(#[from] FeedError),
    /// An observation cannot be written down.
    #[error("an observation cannot be recorded: {0}")]
    Record(#[from] serde_json::Error),
    /// An observation cannot be read back.
    #[error("an observation cannot be read back: {0}")]
    Fold(FoldError),
    /// The log ends before the run does.
    #[error("the log ends before the run does")]
    TapeEnds,
    /// The run asks for something else than the logged one did.
    #[error("the run asks for something else than the logged one did")]
    Diverged,
    /// Whoever listens has had enough: the disk is full, the pipe is closed.
    #[error("{0}")]
    Listener(String),
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The scenario.
    pub loaded: &'a Loaded,
    /// The world's seed.
    pub seed: u64,
    /// Which graph thinks.
    pub mode: Mode,
    /// Whether a person is asked.
    pub approval: Approval,
    /// Whether a plan that cannot be taken back is asked about even so.
    pub irreversible: Irreversible,
    /// The engine's parameters, by name; those that are missing are at their defaults.
    pub genome: Vec<(smol_str::SmolStr, f64)>,
    /// Whether a language model is asked for ideas.
    pub advisor: Advisor,
}

impl<'a> Order<'a> {
    /// A scenario with its own seed, all else at its default.
    #[must_use]
    pub fn of(loaded: &'a Loaded) -> Self {
        Self {
            loaded,
            seed: loaded.scenario.spec.seed,
            mode: Mode::default(),
            approval: Approval::default(),
            irreversible: Irreversible::default(),
            genome: Vec::new(),
            advisor: Advisor::default(),
        }
    }
}

impl<'a> Order<'a> {
    /// What an engine was told, with the world that it was told of.
    #[must_use]
    pub fn told(loaded: &'a Loaded, seed: u64, context: &RunContext) -> Self {
        let RunContext {
            objectives: _,
            mode,
            genome,
            approval,
            advisor,
            // A run is told of memory by its company.
            memory: _,
            irreversible,
        } = context;
        Self {
            loaded,
            seed,
            mode: *mode,
            approval: *approval,
            irreversible: *irreversible,
            genome: genome.clone(),
            advisor: *advisor,
        }
    }
}

/// The replies where there is no model.
#[must_use]
pub fn no_model(asks: &[Ask]) -> Vec<Reply> {
    let silent = |_: &Ask| {
        Reply::Silent(Silence {
            kind: SilenceKind::NoModel,
            why: "no language model was given".into(),
        })
    };
    asks.iter().map(silent).collect()
}

/// Who listens and answers while a run goes on.
pub struct Company<'a> {
    /// Gets every event.
    pub tell: &'a mut dyn FnMut(&Stamped) -> Result<(), String>,
    /// Gets every input.
    pub note: &'a mut dyn FnMut(&Logged) -> Result<(), String>,
    /// Is asked to approve a plan; `None` where the answer comes another day, and the run waits.
    pub ask: &'a mut dyn FnMut(&Plan, &Objects) -> Option<Ruling>,
    /// Is asked as the language model, what is asked at once together: a reply for each, in order. [`no_model`] where
    /// there is none.
    pub advise: &'a mut Advise<'a>,
    /// Whether the run is to stop now.
    pub stop: &'a dyn Fn() -> bool,
    /// The memory, where the run has one.
    pub memory: Option<Remembering<'a>>,
}

/// A memory that a run looks into.
#[derive(Clone, Copy)]
pub struct Remembering<'a> {
    /// Whether its incidents are to become episodes.
    pub mode: Remembers,
    /// Its hash before the run.
    pub digest: &'a str,
    /// Looks.
    pub recall: &'a dyn Fn(&Cue) -> Result<Recalled, String>,
}

/// A run that is over.
pub struct Played {
    /// The world, for the truth and for hindsight.
    pub world: World,
    /// What the engine was told.
    pub context: RunContext,
    /// How it came to rest.
    pub rest: Rest,
    /// The world as it stood at each decision, where the run's incidents are to be remembered.
    pub decisions: Vec<Decision>,
}

/// Makes the world of an order, with its observed past.
fn settled(order: &Order<'_>) -> Result<(World, Vec<Arc<Observation>>, Past), RunError> {
    let mut world = build::build(order.loaded, order.seed).map_err(RunError::Refused)?;
    let (mut past, mut seen) = (Past::default(), Vec::new());
    build::start(order.loaded, &mut world, |world| {
        past.see(world);
        if world.time().rem_euclid(i64::from(SCRAPE)) == 0 {
            seen.push(Arc::new(world.observe()));
        }
    });
    Ok((world, seen, past))
}

/// Runs a scenario to its end.
///
/// # Errors
/// Documents that are refused, and what whoever listens reports.
pub fn run(order: &Order<'_>, company: &mut Company<'_>) -> Result<Played, RunError> {
    run_on(
        order,
        company,
        Way::free(&mut |_| ControlFlow::Continue(())),
    )
}

/// Runs a scenario from its beginning along a record of what came in, and goes on from its end. The record is
/// noted and told again: whoever listens compares.
///
/// # Errors
/// As [`run`]; [`RunError::Diverged`] where something else comes in than is on record.
pub fn run_on(
    order: &Order<'_>,
    company: &mut Company<'_>,
    mut way: Way<'_>,
) -> Result<Played, RunError> {
    let (world, seen, past) = settled(order)?;
    let spec = &order.loaded.scenario.spec;
    let objectives = goals::objectives(spec, world.objects(), &|entry| past.p99(entry));
    let context = RunContext {
        objectives,
        mode: order.mode,
        genome: order.genome.clone(),
        approval: order.approval,
        advisor: order.advisor,
        memory: company
            .memory
            .as_ref()
            .map_or(Remembers::Nothing, |memory| memory.mode),
        irreversible: order.irreversible,
    };
    let origin = world.origin();
    let length = spec.duration.whole();
    let mut live = Live::new(world, seen, length, company.ask, company.stop)
        .advised_by(company.advise)
        .remembering(company.memory);
    let mut teller = Teller::new(company.tell, company.note, way.record, origin);
    let rest = perform(
        context.clone(),
        &mut live,
        &mut teller,
        &mut way,
        &mut |_| {},
    )?;
    Ok(Played {
        decisions: live.take_decisions(),
        world: live.into_world(),
        context,
        rest,
    })
}

/// Who listens to an engine that is driven against an outside of one's own.
pub struct Listener<'a> {
    /// Gets every event.
    pub tell: &'a mut dyn FnMut(&Stamped) -> Result<(), String>,
    /// Looks at all that the engine knows, each time it asks for something.
    pub look: &'a mut dyn FnMut(&State),
}

/// Drives the engine against an outside of one's own. Gives whether the outside stopped it.
///
/// # Errors
/// What the outside or the listener reports.
pub fn drive(
    context: RunContext,
    origin: Tick,
    outside: &mut dyn Outside,
    listener: &mut Listener<'_>,
) -> Result<bool, RunError> {
    let mut note = |_: &Logged| Ok(());
    let mut teller = Teller::new(listener.tell, &mut note, &[], origin);
    let mut on = |_: &Run<Sentinel>| ControlFlow::Continue(());
    let mut way = Way::free(&mut on);
    let rest = perform(context, outside, &mut teller, &mut way, listener.look)?;
    Ok(rest == Rest::Stopped)
}

/// Runs the engine again over the tape of a run: no scenario, no world. The events come out
/// as they did, or the engine knew something that it was not shown.
///
/// # Errors
/// A tape that does not fit.
pub fn replay(
    events: &[Stamped],
    inputs: &[Logged],
    tell: &mut dyn FnMut(&Stamped) -> Result<(), String>,
) -> Result<(), RunError> {
    replay_to(events, inputs, tell, &mut |_| ControlFlow::Continue(())).map(|_| ())
}

/// The same, halted where `look` breaks: the state of the engine is looked at there.
///
/// # Errors
/// A tape that does not fit.
pub fn replay_to(
    events: &[Stamped],
    inputs: &[Logged],
    tell: &mut dyn FnMut(&Stamped) -> Result<(), String>,
    look: &mut dyn FnMut(&Run<Sentinel>) -> ControlFlow<()>,
) -> Result<Rest, RunError> {
    let Some(RunEvent::Started {
        context, origin, ..
    }) = events.first().map(|stamped| &stamped.event)
    else {
        return Err(RunError::TapeEnds);
    };
    let mut logged = inputs.iter();
    let mut note = |input: &Logged| match logged.next() {
        Some(before) if before == input => Ok(()),
        _ => Err(format!("another input than the logged one: {input:?}")),
    };
    let mut tape = Tape::new(events, inputs.to_vec());
    let mut teller = Teller::new(tell, &mut note, inputs, *origin);
    let mut way = Way {
        record: inputs,
        leaves: None,
        look,
    };
    perform(
        context.clone(),
        &mut tape,
        &mut teller,
        &mut way,
        &mut |_| {},
    )
}

/// Numbers and stamps events.
struct Teller<'a> {
    tell: &'a mut dyn FnMut(&Stamped) -> Result<(), String>,
    note: &'a mut dyn FnMut(&Logged) -> Result<(), String>,
    /// What came in so far, as it is on record, and how much of it came in again.
    record: &'a [Logged],
    noted: usize,
    n: u64,
    origin: Tick,
    at: Option<Tick>,
}

impl<'a> Teller<'a> {
    fn new(
        tell: &'a mut dyn FnMut(&Stamped) -> Result<(), String>,
        note: &'a mut dyn FnMut(&Logged) -> Result<(), String>,
        record: &'a [Logged],
        origin: Tick,
    ) -> Self {
        Self {
            tell,
            note,
            record,
            noted: 0,
            n: 0,
            origin,
            at: None,
        }
    }

    /// What comes in next, where it is on record.
    fn recorded(&self) -> Option<&'a Logged> {
        self.record.get(self.noted)
    }

    /// What is on record beyond here does not hold any more.
    fn leave_record(&mut self) {
        self.record = &self.record[..self.noted.min(self.record.len())];
    }

    /// Notes an input, which must be the one on record.
    fn note(&mut self, input: &Logged) -> Result<(), RunError> {
        if self.recorded().is_some_and(|recorded| recorded != input) {
            return Err(RunError::Diverged);
        }
        self.noted += 1;
        (self.note)(input).map_err(RunError::Listener)
    }

    fn tell(&mut self, event: RunEvent) -> Result<(), RunError> {
        if let RunEvent::Observed(delta) = &event {
            self.at = Some(delta.at);
        }
        let stamped = Stamped {
            n: self.n,
            t: self.at.unwrap_or(self.origin).since(self.origin),
            event,
        };
        self.n += 1;
        (self.tell)(&stamped).map_err(RunError::Listener)
    }
}

/// Drives the graph until it comes to rest.
fn perform(
    context: RunContext,
    outside: &mut dyn Outside,
    teller: &mut Teller<'_>,
    way: &mut Way<'_>,
    look: &mut dyn FnMut(&State),
) -> Result<Rest, RunError> {
    teller.tell(RunEvent::Started {
        schema: EVENT_SCHEMA.into(),
        context: context.clone(),
        origin: teller.origin,
    })?;
    let state = State::new(context);
    let mut run = Run::start(graph(&state)?, state);
    let mut back: Vec<String> = Vec::new();
    let mut turns = Turns::new(way);
    loop {
        let flow = go_on(&mut run, &mut turns, way, teller)?;
        let Polled { requests, events } = run.poll();
        for event in events {
            told(event, teller, &mut back)?;
        }
        if flow.is_break() {
            return Ok(Rest::Halted);
        }
        if requests.is_empty() {
            over(&run, teller)?;
            return Ok(Rest::Over);
        }
        look(run.state());
        let effects: Vec<&Effect> = requests
            .iter()
            .map(|request| request.effect.as_ref())
            .collect();
        let mut replies = Replies::default();
        for (n, request) in requests.iter().enumerate() {
            if is_stopped(outside, teller) {
                teller.note(&Logged::Stopped)?;
                stopped(&mut run, teller)?;
                return Ok(Rest::Stopped);
            }
            let next = (&effects[n..], &mut replies);
            let Some(input) = answer(next, outside, teller, &mut back)? else {
                return Ok(Rest::Waiting);
            };
            teller.note(&Logged::of(&input, &back))?;
            run.feed(request.id, input)?;
        }
    }
}

/// The graph of a mode. The no-op is Sentinel's, in which nothing is ever decided.
fn graph(state: &State) -> Result<Arc<Graph<Sentinel>>, GraphError> {
    match state.context.mode {
        Mode::Legion => legion::graph(&state.genome),
        Mode::Sentinel | Mode::Noop => sentinel::graph(&state.genome),
    }
}

/// Goes on as far as the inputs allow, a transition at a time.
fn go_on(
    run: &mut Run<Sentinel>,
    turns: &mut Turns,
    way: &mut Way<'_>,
    teller: &mut Teller<'_>,
) -> Result<ControlFlow<()>, RunError> {
    loop {
        turns.take(run, teller)?;
        if !run.advance() {
            return Ok(ControlFlow::Continue(()));
        }
        if (way.look)(run).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}

/// Whether the run stops here: as it did, or now that nothing more is on record.
fn is_stopped(outside: &dyn Outside, teller: &Teller<'_>) -> bool {
    match teller.recorded() {
        Some(recorded) => *recorded == Logged::Stopped,
        None => outside.stopped(),
    }
}

/// Tells what a node wrote; the commands of taking a plan back are known here alone.
fn told(
    event: Event<Sentinel>,
    teller: &mut Teller<'_>,
    back: &mut Vec<String>,
) -> Result<(), RunError> {
    let Event::Wrote { write, .. } = event else {
        return Ok(());
    };
    for mut event in write.events.iter().cloned() {
        if let RunEvent::Undone { kubectl, .. } = &mut event {
            *kubectl = std::mem::take(back);
        }
        teller.tell(event)?;
    }
    Ok(())
}

/// A run that a budget or a defect of the graph has ended has a name for its end too.
fn over(run: &Run<Sentinel>, teller: &mut Teller<'_>) -> Result<(), RunError> {
    let end = match run.end() {
        None | Some(End::Finished) => return Ok(()),
        Some(End::Exhausted(budget)) => budget,
        Some(other) => return Err(RunError::Broken(format!("{other:?}"))),
    };
    teller.tell(RunEvent::Noted {
        note: format!("the engine stopped: its budget of {end} is used up"),
    })?;
    let (ending, met) = sentinel::ending(run.state());
    teller.tell(RunEvent::Ended { ending, met })
}

fn stopped(run: &mut Run<Sentinel>, teller: &mut Teller<'_>) -> Result<(), RunError> {
    run.cancel("stopped by hand")?;
    let (_, met) = sentinel::ending(run.state());
    teller.tell(RunEvent::Ended {
        ending: aegis_model::Ending::Cancelled,
        met,
    })
}

/// Plays trials on threads: what some of them share first, then each from where it parts. Outcomes
/// come in the order of the trials.
#[must_use]
pub fn simulate(trials: &[Trial]) -> Vec<Outcome> {
    let courses = course::courses(trials);
    let stems: Vec<Stem<'_>> = courses.par_iter().flat_map_iter(Course::stems).collect();
    course::in_order(stems.into_par_iter().map(Stem::play).collect())
}

/// Replies of a language model that came together, as far as they were not given out.
#[derive(Default)]
struct Replies(VecDeque<Reply>);

impl Replies {
    /// The next; where there is none left, all questions that are to come are asked at once.
    fn next(&mut self, effects: &[&Effect], outside: &mut dyn Outside) -> Result<Reply, RunError> {
        if self.0.is_empty() {
            let asks = effects.iter().filter_map(|effect| match effect {
                Effect::Ask(ask) => Some(ask.as_ref().clone()),
                _ => None,
            });
            self.0.extend(outside.ask(&asks.collect::<Vec<Ask>>())?);
        }
        self.0.pop_front().ok_or(RunError::TapeEnds)
    }
}

/// Performs the first of the effects that are left; `None` where a person answers another day.
fn answer(
    (effects, replies): (&[&Effect], &mut Replies),
    outside: &mut dyn Outside,
    teller: &mut Teller<'_>,
    back: &mut Vec<String>,
) -> Result<Option<Input>, RunError> {
    let Some(effect) = effects.first() else {
        return Ok(None);
    };
    Ok(Some(match effect {
        Effect::Advance => {
            let advanced = outside.advance()?;
            for event in advanced.told {
                teller.tell(event)?;
            }
            if let Input::Observed { observation, .. } = &advanced.input {
                teller.at = Some(observation.at);
            }
            advanced.input
        }
        Effect::Simulate(trials) => Input::Outcomes(simulate(trials)),
        Effect::Approve(plan) => {
            teller.tell(RunEvent::ApprovalAsked {
                plan: plan.id.clone(),
            })?;
            let ruling = match teller.recorded() {
                Some(Logged::Approval(ruling)) => Some(ruling.clone()),
                Some(_) => return Err(RunError::Diverged),
                None => outside.approve(plan)?,
            };
            let Some(ruling) = ruling else {
                return Ok(None);
            };
            Input::Approval(ruling)
        }
        Effect::Apply(plan) => {
            outside.apply(Arc::clone(plan));
            Input::Accepted
        }
        Effect::Undo(_) => {
            let (commands, failed) = outside.undo()?;
            *back = commands;
            Input::TakenBack {
                changes: back.len() as u32,
                failed,
            }
        }
        Effect::Ask(_) => Input::Answer(match teller.recorded() {
            Some(Logged::Answer(reply)) => reply.clone(),
            Some(_) => return Err(RunError::Diverged),
            None => replies.next(effects, outside)?,
        }),
        Effect::Recall(cue) => Input::Recalled(match teller.recorded() {
            Some(Logged::Recalled(recalled)) => Arc::clone(recalled),
            Some(_) => return Err(RunError::Diverged),
            None => outside.recall(cue)?,
        }),
    }))
}
